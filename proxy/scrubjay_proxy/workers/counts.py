"""What one worker counted, as plain numbers that can be sent and added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

Labels = tuple[str, ...]


class Spread(msgspec.Struct, frozen=True):
    """A histogram: requests by bucket, and the sum of seconds."""

    buckets: list[int]
    sum: float


class Counts(msgspec.Struct, frozen=True):
    """Counts since the start of a process, and the gauges that add up."""

    tallies: dict[str, list[tuple[Labels, int]]] = {}
    spreads: dict[str, Spread] = {}  # by outcome; "" is the origin's
    connections: int = 0
    filling: int = 0
    up: bool = True  # the store can be asked
    process: dict[str, float] = {}  # process_* by name


def total(parts: Iterable[Counts]) -> Counts:
    """All of them together; what is of one process alone (`process`) is left out."""
    tallies: dict[str, Counter[Labels]] = {}
    spreads: dict[str, Spread] = {}
    connections, filling, up = 0, 0, True
    for part in parts:
        for name, pairs in part.tallies.items():
            sums = tallies.setdefault(name, Counter())
            for labels, count in pairs:
                sums[labels] += count
        for name, spread in part.spreads.items():
            spreads[name] = added(spreads[name], spread) if name in spreads else spread
        connections += part.connections
        filling += part.filling
        up = up and part.up
    flat = {name: list(sums.items()) for name, sums in tallies.items()}
    return Counts(flat, spreads, connections, filling, up)


def added(one: Spread, other: Spread) -> Spread:
    pairs = zip(one.buckets, other.buckets, strict=True)
    return Spread([a + b for a, b in pairs], one.sum + other.sum)


def counters(counts: Counts) -> Counts:
    """What stays of a worker that ended: all that only ever grows."""
    return Counts(counts.tallies, counts.spreads)
