"""What a trace is like: its figures, counted in one pass without holding its requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.trace import Trace
from scrubjay_replay.units import bytes_in_words, seconds_in_words

SCHEMA = "scrubjay-trace/1"
PERCENTS = (5, 50, 95, 99)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing to know of a trace."""

    unit: str  # count, ratio, seconds, bytes, 1/s
    meaning: str


FIGURES: Mapping[str, Figure] = {
    "requests": Figure("count", "writes are none"),
    "objects": Figure("count", "different keys requested"),
    "footprint": Figure("bytes", "all objects, each with the largest size it shows"),
    "bytes_requested": Figure("bytes", "sizes of all requests"),
    "object_mean": Figure("bytes", "mean size of an object"),
    "object_median": Figure("bytes", "median size of an object"),
    "object_largest": Figure("bytes", "size of the largest object"),
    "asked_once": Figure("ratio", "objects requested once, of all"),
    "best_hit_ratio": Figure("ratio", "of an infinite cache: all but first requests hit"),
    "best_byte_hit_ratio": Figure("ratio", "the same in bytes"),
    "writes": Figure("count", "changes of objects at the origin"),
    "seconds": Figure("seconds", "from the first to the last"),
    "requests_per_second": Figure("1/s", "mean over that time"),
    **{f"ttl_p{p}": Figure("seconds", f"lifetime, {p} % are no longer") for p in PERCENTS},
    **{f"cost_p{p}": Figure("seconds", f"time at the origin, {p} % no longer") for p in PERCENTS},
}
SHOWN: Mapping[str, Callable[[float], str]] = {
    "count": lambda value: f"{value:,.0f}",
    "ratio": lambda value: f"{value:.4f}",
    "bytes": bytes_in_words,
    "seconds": seconds_in_words,
    "1/s": lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.3g}",
}


@dataclass(slots=True)
class Tally:
    """What has been counted so far; by key where the name says so."""

    requests: int = 0
    writes: int = 0
    bytes_requested: int = 0
    first_bytes: int = 0  # of the first request of each key
    seconds: float = 0.0
    times_of: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    largest_of: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ttls: list[NDArray[np.float32]] = field(default_factory=list)
    costs: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, block: Trace) -> None:
        """Count one block more."""
        self.seconds = max(self.seconds, float(block.at.max(initial=0)))
        self.writes += int(np.count_nonzero(block.write))
        asked = ~block.write
        key, size = block.key[asked], block.size[asked]
        self._grow(int(block.key.max(initial=-1)) + 1)
        keys, first = np.unique(key, return_index=True)
        self.first_bytes += int(size[first[self.times_of[keys] == 0]].sum())
        self.requests += len(key)
        self.bytes_requested += int(size.sum())
        self.times_of += np.bincount(key, minlength=len(self.times_of))
        np.maximum.at(self.largest_of, key, size)
        self.ttls.append(block.ttl[asked & ~np.isnan(block.ttl)])
        self.costs.append(block.cost[asked & ~np.isnan(block.cost)])

    def _grow(self, keys: int) -> None:
        more = max(0, keys - len(self.times_of))
        self.times_of = np.pad(self.times_of, (0, more))
        self.largest_of = np.pad(self.largest_of, (0, more))


def tally(blocks: Iterable[Trace]) -> Tally:
    """Count a whole trace."""
    counted = Tally()
    for block in blocks:
        counted.add(block)
    return counted


def figures(counted: Tally, columns: Iterable[str]) -> dict[str, float]:
    """The value of each figure; nan where the trace has no such columns."""
    sizes = counted.largest_of[counted.times_of > 0]
    timed = "at" in columns
    objects = len(sizes)
    footprint = int(sizes.sum())
    return {
        "requests": counted.requests,
        "objects": objects,
        "footprint": footprint,
        "bytes_requested": counted.bytes_requested,
        "object_mean": _of(footprint, objects),
        "object_median": float(np.median(sizes)) if objects else math.nan,
        "object_largest": int(sizes.max(initial=0)),
        "asked_once": _of(int(np.count_nonzero(counted.times_of == 1)), objects),
        "best_hit_ratio": _of(counted.requests - objects, counted.requests),
        "best_byte_hit_ratio": _of(
            counted.bytes_requested - counted.first_bytes, counted.bytes_requested
        ),
        "writes": counted.writes,
        "seconds": counted.seconds if timed else math.nan,
        "requests_per_second": _of(counted.requests, counted.seconds) if timed else math.nan,
        **_percentiles("ttl", counted.ttls),
        **_percentiles("cost", counted.costs),
    }


def shown(name: str, value: float) -> str:
    """A figure as people read it."""
    return "-" if math.isnan(value) else SHOWN[FIGURES[name].unit](value)


def _of(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _percentiles(name: str, parts: list[NDArray[np.float32]]) -> dict[str, float]:
    known = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    values = np.percentile(known, PERCENTS) if len(known) else [math.nan] * len(PERCENTS)
    return {f"{name}_p{p}": float(v) for p, v in zip(PERCENTS, values, strict=True)}
