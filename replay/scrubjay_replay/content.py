"""What the trace origin serves: bytes, versions and lifetimes, all from the trace and a seed.

A body of version v of key k is a run of bytes from one random block, read round and round from
a place that k and v choose. So any body costs no more than a slice, and a wrong one shows.
"""

from __future__ import annotations

import math
import random
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.trace import Trace

BLOCK = 1 << 20  # bytes
YEAR = 365 * 86400.0  # seconds
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Catalog:
    """One entry a key: what a trace says of it, with gaps filled."""

    sizes: list[int]  # bytes
    ttls: list[float]  # seconds; nan: none is stated
    waits: list[float]  # seconds before the origin answers

    def __len__(self) -> int:
        return len(self.sizes)


def catalog(trace: Trace, *, ttl: float = YEAR, latency: float = 0.0) -> Catalog:
    """The largest size and the first known lifetime and cost of each key; with `ttl` nan a
    lifetime that the trace has not is not stated."""
    count = int(trace.key.max()) + 1 if len(trace.key) else 0
    sizes = np.zeros(count, np.int64)
    np.maximum.at(sizes, trace.key, trace.size)
    return Catalog(
        sizes.tolist(),
        _first_known(trace.key, trace.ttl, count, ttl),
        _first_known(trace.key, trace.cost, count, latency),
    )


def _first_known(
    key: NDArray[np.int64], column: NDArray[np.float32], count: int, otherwise: float
) -> list[float]:
    known = np.flatnonzero(~np.isnan(column))[::-1]  # backwards: the first one is written last
    values = np.full(count, otherwise, np.float64)
    values[key[known]] = column[known]
    return list(values.tolist())


def mix(*numbers: int) -> int:
    """64 well-mixed bits of some numbers (the finaliser of splitmix64)."""
    state = 0
    for number in numbers:
        state = (state + number + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


class Content:
    """The truth about every key: bytes, checksum, and which version is current when."""

    def __init__(self, catalog: Catalog, *, seed: int = 0, change_rate: float = 0.0) -> None:
        self.catalog = catalog
        self.change_rate = change_rate  # changes of each object, per second
        self._seed = seed
        noise = random.Random(seed).randbytes(BLOCK)  # noqa: S311 (filler, not a secret)
        self._block = memoryview(noise * 2)
        self._sums: dict[tuple[int, int], int] = {}

    def version(self, key: int, elapsed: float) -> int:
        """The version current `elapsed` seconds after the start: even steps, own phase."""
        return math.floor(elapsed * self.change_rate + self._phase(key))

    def changed(self, key: int, version: int) -> float:
        """Seconds after the start at which this version came; version 0 was there before."""
        if version == 0 or not self.change_rate:
            return 0.0
        return (version - self._phase(key)) / self.change_rate

    def body(self, key: int, version: int) -> Iterator[memoryview]:
        """The bytes, in pieces of at most one block."""
        left = self.catalog.sizes[key]
        start = mix(self._seed, key, version) % BLOCK
        while left > 0:
            yield self._block[start : start + min(left, BLOCK)]
            left -= BLOCK

    def checksum(self, key: int, version: int) -> int:
        """CRC-32 of the body."""
        known = self._sums.get((key, version))
        if known is None:
            known = 0
            for piece in self.body(key, version):
                known = zlib.crc32(piece, known)
            self._sums[key, version] = known
        return known

    def _phase(self, key: int) -> float:
        return mix(self._seed, key) / 2**64


class Written(Content):
    """The same with versions that come when the trace's writes say so. Seconds count from its
    time 0; an object is made when it is asked for first."""

    def __init__(self, catalog: Catalog, trace: Trace, *, seed: int = 0) -> None:
        super().__init__(catalog, seed=seed)
        self._made: list[list[float]] = [[] for _ in range(len(catalog))]
        for at, key, write in zip(trace.at, trace.key, trace.write, strict=True):
            if write or not self._made[key]:
                self._made[key].append(float(at))

    def version(self, key: int, elapsed: float) -> int:
        """The version current `elapsed` seconds after the start."""
        return max(0, bisect_right(self._made[key], elapsed) - 1)

    def changed(self, key: int, version: int) -> float:
        """Seconds after the start at which this version came."""
        return self._made[key][version]


def etag(key: int, version: int) -> str:
    """The entity tag of one version of one key."""
    return f'"{key}-{version}"'


def read_etag(tag: str) -> tuple[int, int] | None:
    """Key and version of an entity tag that the trace origin made."""
    key, dash, version = tag.removeprefix("W/").strip('"').partition("-")
    if not (dash and key.isdecimal() and version.isdecimal()):
        return None
    return int(key), int(version)
