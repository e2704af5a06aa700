"""The Prometheus text format, made from the metrics table and the meter's plain numbers."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

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
    """Reads the meter when it is scraped; keeps nothing."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def render(self) -> bytes:
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            match metric.kind:
                case "counter":
                    yield counter_family(metric, self.meter.tallies[metric.name].counts)
                case "histogram":
                    yield histogram_family(metric, self.spreads(metric))
                case "gauge" | "info":
                    yield gauge_family(metric, self.readings(metric))

    def spreads(self, metric: Metric) -> Mapping[tuple[str, ...], Spread]:
        if metric is metrics.ORIGIN_DURATION:
            return {(): self.meter.origin_duration}
        return {(outcome,): spread for outcome, spread in self.meter.durations.items()}

    def readings(self, metric: Metric) -> Values:
        read = self.meter.gauges
        match metric:
            case metrics.CACHE_BYTES:
                return {(): read.bytes()}
            case metrics.CACHE_OBJECTS:
                return {(): read.objects()}
            case metrics.CACHE_CAPACITY:
                return {(): read.capacity()}
            case metrics.FILLING:
                return {(): read.filling()}
            case metrics.CONNECTIONS:
                return {(): read.connections()}
            case metrics.POLICY_INFO:
                return in_force(read.policy(), self.meter.policies)
            case metrics.MODEL_INFO:
                return {(digest,): 1} if (digest := read.model()) else {}
            case metrics.SHADOW_REQUESTS:
                return {(who,): requests for who, (requests, _) in read.trials().items()}
            case metrics.SHADOW_LEAD:
                return {(who,): lead for who, (_, lead) in read.trials().items()}
            case _:
                return {(installed_version(), platform.python_version()): 1}


def in_force(current: str, known: Iterable[str]) -> Values:
    values: dict[tuple[str, ...], float] = {}
    for name in sorted({*known, current}):
        values[(name,)] = int(name == current)
    return values


def cumulative(spread: Spread) -> list[tuple[str, float]]:
    bounds = [*(repr(bound) for bound in LATENCIES), "+Inf"]
    return [*zip(bounds, map(float, itertools.accumulate(spread.buckets)), strict=True)]


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
