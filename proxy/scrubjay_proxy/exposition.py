"""The Prometheus text format, made from the metrics table and the meter's plain numbers."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from scrubjay_policies.shadows.report import Report
from scrubjay_proxy import metrics
from scrubjay_proxy.meter import Meter, Spread
from scrubjay_proxy.metrics import LATENCIES, METRICS, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Values = Mapping[tuple[str, ...], float]


@cache
def installed_version() -> str:
    """Of the distribution; "0" when it runs from a bare checkout."""
    try:
        return version("scrubjay")
    except PackageNotFoundError:
        return "0"


class Exposition(Collector):
    """Reads the meter when it is scraped; keeps nothing.

    Of several processes, the process_* metrics have a label `worker`: a start cannot be summed.
    """

    def __init__(
        self, meter: Meter, processes: Mapping[int, Mapping[str, float]] | None = None
    ) -> None:
        self.meter = meter
        self.processes = processes or {}
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        PlatformCollector(registry=self.registry)

    def render(self) -> bytes:
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            match metric.kind:
                case "counter" if metric.kept:
                    yield counter_family(metric, READINGS[metric](self.meter))
                case "counter":
                    yield counter_family(metric, self.meter.tallies[metric.name].counts)
                case "histogram":
                    yield histogram_family(metric, self.spreads(metric))
                case "gauge" | "info":
                    yield gauge_family(metric, READINGS[metric](self.meter))
        for family in process():
            yield labelled(family, self.processes) if self.processes else family

    def spreads(self, metric: Metric) -> Mapping[tuple[str, ...], Spread]:
        if metric is metrics.ORIGIN_DURATION:
            return {(): self.meter.origin_duration}
        return {(outcome,): spread for outcome, spread in self.meter.durations.items()}


# What is not counted by the meter but read when scraped.
READINGS: dict[Metric, Callable[[Meter], Values]] = {
    metrics.CACHE_BYTES: lambda meter: {(): meter.gauges.usage().bytes},
    metrics.CACHE_OBJECTS: lambda meter: {(): meter.gauges.usage().objects},
    metrics.CACHE_CAPACITY: lambda meter: {(): meter.gauges.usage().capacity},
    metrics.FILLING: lambda meter: {(): meter.gauges.usage().filling},
    metrics.STORE_UP: lambda meter: {(): int(meter.gauges.usage().up)},
    metrics.CONNECTIONS: lambda meter: {(): meter.gauges.connections()},
    metrics.WORKERS: lambda meter: {(): meter.gauges.workers()},
    metrics.WORKER_RESTARTS: lambda meter: {(): meter.gauges.restarts()},
    metrics.LIFETIME: lambda meter: {(): meter.gauges.lifetime()},
    metrics.STALENESS: lambda meter: {(): meter.gauges.staleness()},
    metrics.POLICY_INFO: lambda meter: in_force(meter.gauges.policy(), meter.policies),
    metrics.MODEL_INFO: lambda meter: {(found,): 1} if (found := meter.gauges.model()) else {},
    metrics.SHADOW_REQUESTS: lambda meter: {
        (who,): requests for who, (requests, _) in meter.gauges.trials().items()
    },
    metrics.SHADOW_LEAD: lambda meter: {
        (who,): lead for who, (_, lead) in meter.gauges.trials().items()
    },
    metrics.GUARD_REQUESTS: lambda meter: guard(meter, lambda told: {(): told.requests}),
    metrics.GUARD_SWITCHES: lambda meter: guard(meter, lambda told: {(): told.switches}),
    metrics.GUARD_HITS: lambda meter: guard(
        meter, lambda told: {(one.name,): one.hits for one in (told.live, *told.shadows)}
    ),
    metrics.GUARD_FOLLOWS: lambda meter: guard(
        meter, lambda told: in_force(told.follows, [one.name for one in told.shadows])
    ),
    metrics.GUARD_LEAD: lambda meter: guard(
        meter, lambda told: {(one.name,): one.lead for one in told.shadows}
    ),
    metrics.GUARD_PRICE: lambda meter: guard(
        meter, lambda told: {(one.name,): one.price for one in told.shadows}
    ),
    metrics.BUILD_INFO: lambda _: {(installed_version(), platform.python_version()): 1},
}


def guard(meter: Meter, read: Callable[[Report], Values]) -> Values:
    """What the guard says; nothing under a policy without one."""
    told = meter.gauges.guard()
    return read(told) if told else {}


def in_force(current: str, known: Iterable[str]) -> Values:
    values: dict[tuple[str, ...], float] = {}
    for name in sorted({*known, current}):
        values[(name,)] = int(name == current)
    return values


def cumulative(spread: Spread) -> list[tuple[str, float]]:
    bounds = [*(repr(bound) for bound in LATENCIES), "+Inf"]
    return [*zip(bounds, map(float, itertools.accumulate(spread.buckets)), strict=True)]


def process() -> Iterable[Family]:
    """The usual process_* metrics of this process."""
    return ProcessCollector(registry=CollectorRegistry()).collect()


def labelled(family: Family, processes: Mapping[int, Mapping[str, float]]) -> Family:
    """A family of this process, with the values of each worker instead."""
    told = Family(family.name, family.documentation, family.type)
    for worker, values in processes.items():
        for sample in family.samples:
            told.add_sample(sample.name, {"worker": str(worker)}, values.get(sample.name, 0.0))
    return told


def label_names(metric: Metric) -> list[str]:
    return [label.name for label in metric.labels]


def counter_family(metric: Metric, counts: Values) -> Family:
    family = CounterMetricFamily(metric.name, metric.help, labels=label_names(metric))
    for labels, count in counts.items():
        family.add_metric(labels, count)
    return family


def gauge_family(metric: Metric, values: Values) -> Family:
    family = GaugeMetricFamily(metric.name, metric.help, labels=label_names(metric))
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def histogram_family(metric: Metric, spreads: Mapping[tuple[str, ...], Spread]) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=label_names(metric))
    for labels, spread in spreads.items():
        family.add_metric(labels, cumulative(spread), sum_value=spread.sum)
    return family
