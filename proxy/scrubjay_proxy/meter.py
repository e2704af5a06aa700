"""Counting: plain integers on the hot path, read by the exposition and the API."""

from __future__ import annotations

import itertools
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scrubjay_policies.shadows.report import Report
from scrubjay_proxy import metrics
from scrubjay_proxy.metrics import LATENCIES, METRICS, OTHER, Metric
from scrubjay_proxy.store.base import Usage

Counts = Mapping[str, Mapping[tuple[str, ...], int]]


def nothing() -> int:
    return 0


def empty() -> Usage:
    return Usage(0, 0, 0, 0)


def none_yet() -> float:
    return 0.0


def nobody() -> str:
    return ""


def nobody_guards() -> Report | None:
    return None


@dataclass(frozen=True, slots=True)
class Gauges:
    """Where to read what is not counted but is."""

    usage: Callable[[], Usage] = empty
    connections: Callable[[], int] = nothing
    policy: Callable[[], str] = nobody
    model: Callable[[], str] = nobody
    staleness: Callable[[], float] = none_yet
    lifetime: Callable[[], float] = none_yet
    guard: Callable[[], Report | None] = nobody_guards
    trials: Callable[[], Mapping[str, tuple[int, float]]] = dict  # requests, lead as a ratio


class Tally:
    """One counter family: a number for each combination of its labels."""

    __slots__ = ("counts",)

    def __init__(self, values: Sequence[Sequence[str]]) -> None:
        self.counts: dict[tuple[str, ...], int] = dict.fromkeys(itertools.product(*values), 0)

    def know(self, *values: Sequence[str]) -> None:
        for labels in itertools.product(*values):
            self.counts.setdefault(labels, 0)

    def add(self, amount: int, *labels: str) -> None:
        try:
            self.counts[labels] += amount
        except KeyError:
            unknown = (OTHER,) * len(labels)
            self.counts[unknown] = self.counts.get(unknown, 0) + amount


class Spread:
    """One histogram of seconds."""

    __slots__ = ("buckets", "sum")

    def __init__(self) -> None:
        self.buckets = [0] * (len(LATENCIES) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(LATENCIES, seconds)] += 1
        self.sum += seconds


@dataclass(slots=True)
class Answers:
    """Those of one outcome, route and status since the families were read last; bytes of bodies."""

    spread: Spread | None
    requests: int = 0
    sent: int = 0
    read: int = 0


class Meter:
    """Counts what happens; knows nothing of how it is shown."""

    def __init__(
        self,
        *,
        routes: Sequence[str] = ("default",),
        whys: Sequence[str] = (),
        policies: Sequence[str] = (),
        gauges: Gauges | None = None,
    ) -> None:
        self.gauges = gauges or Gauges()
        self.policies = tuple(policies)
        self.started = time.time()
        given = {"route": tuple(routes), "policy": self.policies, "reason": tuple(whys)}
        self._tallies = {
            metric.name: Tally([label.values or given[label.name] for label in metric.labels])
            for metric in METRICS
            if metric.kind == "counter" and not metric.kept
        }
        self._answers: dict[tuple[str, str, int], Answers] = {}
        self.durations = {outcome: Spread() for outcome in metrics.OUTCOMES}
        self.origin_duration = Spread()

    def request(  # noqa: PLR0917  called once a request, where keywords cost
        self,
        route: str,
        outcome: str,
        why: str,
        status: int,
        seconds: float,
        sent: int,
        from_store: int,
    ) -> None:
        """One request answered: body bytes `sent`, `from_store` of them read from the store."""
        try:
            same = self._answers[outcome, route, status]
        except KeyError:
            same = self._answers[outcome, route, status] = Answers(self.durations.get(outcome))
        same.requests += 1
        same.sent += sent
        same.read += from_store
        if why:
            self._tallies[metrics.REASONS.name].add(1, why)
        if same.spread is not None:
            same.spread.add(seconds)

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """Every counter family by the name of its metric, as it stands now."""
        tallies = self._tallies
        for (outcome, route, status), same in self._answers.items():
            tallies[metrics.REQUESTS.name].add(same.requests, outcome, route)
            tallies[metrics.RESPONSES.name].add(same.requests, f"{status // 100}xx")
            tallies[metrics.SENT.name].add(same.sent, outcome)
            tallies[metrics.FROM_STORE.name].add(same.read)
            same.requests = same.sent = same.read = 0
        return tallies

    def origin(self, seconds: float, received: int, failed: str = "") -> None:
        """One exchange with an origin ended, well or by the named failure."""
        self._tallies["scrubjay_origin_requests_total"].add(1)
        self._tallies["scrubjay_origin_response_bytes_total"].add(received)
        if failed:
            self._tallies["scrubjay_origin_failures_total"].add(1, failed)
        else:
            self.origin_duration.add(seconds)

    def evicted(self, policy: str, reason: str, objects: int = 1, freed: int = 0) -> None:
        """Objects left the store while `policy` was in force."""
        self.know_policy(policy)
        self._tallies["scrubjay_evictions_total"].add(objects, policy, reason)
        self._tallies["scrubjay_evicted_bytes_total"].add(freed, policy, reason)

    def know_policy(self, policy: str) -> None:
        """A plug-in gets its own label: only the operator can name one."""
        if policy in self.policies:
            return
        self.policies = (*self.policies, policy)
        for name in ("scrubjay_evictions_total", "scrubjay_evicted_bytes_total"):
            self._tallies[name].know((policy,), metrics.REMOVALS)

    def add(self, metric: Metric, *labels: str, amount: int = 1) -> None:
        """Count something that happens seldom."""
        self._tallies[metric.name].add(amount, *labels)

    def stored(self) -> None:
        """A response was taken in."""
        self._tallies["scrubjay_admissions_total"].add(1, "stored")

    def refused_admission(self, reason: str) -> None:
        """HTTP allowed to store it, the cache did not take it."""
        self._tallies["scrubjay_admissions_total"].add(1, reason)

    def held(self, found: str) -> None:
        """A lifetime was learned from a contact that found the object so."""
        self._tallies["scrubjay_learned_lifetimes_total"].add(1, found)

    def coalesced(self, n: int = 1) -> None:
        """Requests joined a fetch that was under way."""
        self._tallies["scrubjay_coalesced_requests_total"].add(n)

    def snapshot(self) -> dict[str, Any]:
        """The raw counts, and the ratios that follow from them."""
        return summary({name: tally.counts for name, tally in self.tallies.items()})


def summary(counts: Counts) -> dict[str, Any]:
    """Counts by outcome, reason and failure; a hit is only what was served from the store.

    Object hit ratio: hits and stale answers among all requests but those the proxy refused.
    Byte hit ratio: bytes read from the store among all bytes sent.
    """
    outcomes = dict.fromkeys(metrics.OUTCOMES, 0)
    routes: dict[str, int] = {}
    for (outcome, route), count in counts[metrics.REQUESTS.name].items():
        outcomes[outcome] = outcomes.get(outcome, 0) + count
        routes[route] = routes.get(route, 0) + count
    asked = sum(outcomes.values()) - outcomes["refused"]
    sent = sum(counts[metrics.SENT.name].values())
    read = total(counts, metrics.FROM_STORE)
    return {
        "requests": sum(outcomes.values()),
        "outcomes": outcomes,
        "routes": routes,
        "reasons": by_first(counts, metrics.REASONS),
        "statuses": by_first(counts, metrics.RESPONSES),
        "bytes_sent": sent,
        "bytes_from_store": read,
        "object_hit_ratio": ratio(outcomes["hit"] + outcomes["stale"], asked),
        "byte_hit_ratio": ratio(read, sent),
        "coalesced": total(counts, metrics.COALESCED),
        "origin_requests": total(counts, metrics.ORIGIN_REQUESTS),
        "origin_bytes": total(counts, metrics.ORIGIN_RECEIVED),
        "origin_failures": by_first(counts, metrics.ORIGIN_FAILURES),
        "admissions": by_first(counts, metrics.ADMISSIONS),
        "removals": by_last(counts, metrics.EVICTIONS),
    }


def total(counts: Counts, metric: Metric) -> int:
    return sum(counts[metric.name].values())


def by_first(counts: Counts, metric: Metric) -> dict[str, int]:
    return {labels[0]: count for labels, count in counts[metric.name].items() if count}


def by_last(counts: Counts, metric: Metric) -> dict[str, int]:
    sums: dict[str, int] = {}
    for labels, count in counts[metric.name].items():
        sums[labels[-1]] = sums.get(labels[-1], 0) + count
    return {reason: count for reason, count in sums.items() if count}


def ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
