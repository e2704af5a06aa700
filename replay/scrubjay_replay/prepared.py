"""A trace made ready to be simulated: no gaps, one size an object, and what is known of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.trace import Trace, chosen


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is taken to hold where the trace says nothing; part of a result's provenance."""

    ttl: float = math.inf  # seconds an object stays fresh
    origin_latency: float = math.nan  # seconds; nan: latency is not reported
    hit_latency: float = 0.0  # seconds
    lifetimes: bool = True  # False: nothing ever expires, whatever the trace says
    writes: str = "behind"  # "through" the cache, which forgets; "ignored"

    @property
    def ttl_in_words(self) -> str:
        """As the column `ttl` of a result has it."""
        if not self.lifetimes:
            return "ignored"
        return "none" if math.isinf(self.ttl) else f"{self.ttl:g}s"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A trace without gaps, and the facts about it that simulations need."""

    name: str
    sha256: str
    trace: Trace
    known: frozenset[str]  # columns that are more than a default
    footprint: int  # bytes of all objects

    @property
    def objects(self) -> int:
        """How many different objects there are."""
        return int(self.trace.key.max()) + 1 if len(self.trace.key) else 0

    @property
    def expires(self) -> bool:
        """Whether anything ever does."""
        return bool(np.isfinite(self.trace.ttl).any())

    @property
    def changes(self) -> bool:
        """Whether anything is written."""
        return bool(self.trace.write.any())


def prepare(
    trace: Trace, columns: frozenset[str], assumed: Assumptions, *, name: str, sha256: str
) -> Prepared:
    """Fill the gaps as assumed; an object has the largest size that the trace shows for it.

    Objects that are written but never asked for stay: they cost nothing.
    """
    if assumed.writes == "ignored":
        trace = chosen(trace, ~trace.write)
    objects = int(trace.key.max()) + 1 if len(trace.key) else 0
    sizes = np.zeros(objects, np.int64)
    np.maximum.at(sizes, trace.key, trace.size)
    asked = np.zeros(objects, np.bool_)
    asked[trace.key[~trace.write]] = True
    ttl = filled(trace.ttl, assumed.ttl if assumed.lifetimes else math.inf)
    if not assumed.lifetimes:
        ttl[:] = math.inf
    known = set(columns)
    if not assumed.lifetimes:
        known.discard("ttl")
    elif math.isfinite(assumed.ttl):
        known.add("ttl")
    if not math.isnan(assumed.origin_latency):
        known.add("cost")
    cost = filled(trace.cost, 0.0 if math.isnan(assumed.origin_latency) else assumed.origin_latency)
    ready = Trace(trace.at, trace.key, sizes[trace.key], ttl, cost, trace.write)
    footprint = int(np.maximum(sizes, 1)[asked].sum())
    return Prepared(name, sha256, writable(ready), frozenset(known), footprint)


def filled(column: NDArray[np.float32], value: float) -> NDArray[np.float32]:
    """A copy with what is unknown (nan) replaced."""
    return np.where(np.isnan(column), np.float32(value), column)


def writable(trace: Trace) -> Trace:
    """The same with arrays that the compiled loop takes: one piece, and not read-only."""

    def taken(column: NDArray[Any]) -> NDArray[Any]:
        return np.require(column, requirements=("C", "A", "W"))

    return Trace(
        taken(trace.at),
        taken(trace.key),
        taken(trace.size),
        taken(trace.ttl),
        taken(trace.cost),
        taken(trace.write),
    )
