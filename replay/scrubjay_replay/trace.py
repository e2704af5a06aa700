"""Traces as blocks of columns, and what happens to lines that are none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import TraceError

BLOCK_ROWS = 1 << 20


class Trace(NamedTuple):
    """A block of requests in order, as columns of one length."""

    at: NDArray[np.float64]  # seconds since the first request of the trace
    key: NDArray[np.int64]  # dense ids in order of first appearance
    size: NDArray[np.int64]  # bytes
    ttl: NDArray[np.float32]  # seconds, nan: unknown
    cost: NDArray[np.float32]  # seconds at the origin, nan: unknown


class TraceReader(Protocol):
    """A source of requests that says which columns it really knows."""

    @property
    def columns(self) -> frozenset[str]:
        """The names of Trace's columns that come from the source itself."""
        ...

    @property
    def left_out(self) -> dict[str, int]:
        """Well-formed lines that are no request for an object, by reason."""
        ...

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Trace]:
        """Read from the start, in blocks of at most `rows` requests."""
        ...


def _say_nothing(_line: str) -> None:
    return None


@dataclass(slots=True)
class BadLines:
    """Malformed lines are told and skipped; one more than `limit` ends the reading."""

    limit: int = 100
    tell: Callable[[str], None] = _say_nothing
    count: int = 0

    def skip(self, file: str, line: int, why: str) -> None:
        """Account for one malformed line; raise TraceError beyond the limit."""
        self.count += 1
        where = f"{file}:{line}: {why}"
        if self.count > self.limit:
            raise TraceError(
                f"{where} (malformed line number {self.count}, {self.limit} are tolerated)",
                hint="Repair the file, or allow more with --max-bad-lines.",
            )
        self.tell(where)


def requests(
    at: Iterable[float],
    key: Iterable[int],
    size: Iterable[int],
    ttl: Iterable[float] | None = None,
    cost: Iterable[float] | None = None,
) -> Trace:
    """A trace from plain sequences; a missing ttl or cost is unknown everywhere."""
    keys = np.asarray(list(key), np.int64)
    unknown = np.full(len(keys), np.nan, np.float32)
    return Trace(
        np.asarray(list(at), np.float64),
        keys,
        np.asarray(list(size), np.int64),
        unknown if ttl is None else np.asarray(list(ttl), np.float32),
        unknown if cost is None else np.asarray(list(cost), np.float32),
    )


def cut(trace: Trace, start: int, stop: int | None = None) -> Trace:
    """The requests from `start` up to, not including, `stop`."""
    at, key, size, ttl, cost = trace
    part = slice(start, stop)
    return Trace(at[part], key[part], size[part], ttl[part], cost[part])


def load(reader: TraceReader, *, limit: int | None = None) -> Trace:
    """All requests of a reader, or the first `limit`, as one block."""
    parts: list[Trace] = []
    left = limit if limit is not None else sys.maxsize
    for block in reader.blocks(max(1, min(left, BLOCK_ROWS))):
        parts.append(cut(block, 0, left))
        left -= len(block.key)
        if left <= 0:
            break
    return _joined(parts) if parts else requests([], [], [])


def _joined(parts: list[Trace]) -> Trace:
    at, key, size, ttl, cost = zip(*parts, strict=True)
    join = np.concatenate
    return Trace(join(at), join(key), join(size), join(ttl), join(cost))
