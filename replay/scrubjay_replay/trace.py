"""Traces as blocks of columns, and what happens to lines that are none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

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
    write: NDArray[np.bool_]  # the object changed at the origin; not a request to the cache


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
    *,
    write: Iterable[bool] | None = None,
) -> Trace:
    """A trace from plain sequences; a missing ttl or cost is unknown, a missing write none."""
    keys = _column(key, np.int64)
    unknown = np.full(len(keys), np.nan, np.float32)
    return Trace(
        _column(at, np.float64),
        keys,
        _column(size, np.int64),
        unknown if ttl is None else _column(ttl, np.float32),
        unknown if cost is None else _column(cost, np.float32),
        np.zeros(len(keys), np.bool_) if write is None else _column(write, np.bool_),
    )


def _column(values: Iterable[Any], kind: type[np.generic]) -> NDArray[Any]:
    return np.asarray(values if isinstance(values, np.ndarray) else list(values), kind)


def cut(trace: Trace, start: int, stop: int | None = None) -> Trace:
    """The requests from `start` up to, not including, `stop`."""
    return _of(column[start:stop] for column in _columns(trace))


def chosen(trace: Trace, which: NDArray[Any]) -> Trace:
    """The requests of a mask or of positions, in that order; keys keep their numbers."""
    return _of(column[which] for column in _columns(trace))


def _columns(trace: Trace) -> tuple[NDArray[Any], ...]:
    return tuple(trace)


def _of(columns: Iterable[NDArray[Any]]) -> Trace:
    at, key, size, ttl, cost, write = columns
    return Trace(at, key, size, ttl, cost, write)


def load(reader: TraceReader, *, limit: int | None = None) -> Trace:
    """All requests of a reader, or the first `limit`, as one block."""
    columns: list[list[NDArray[Any]]] = [[] for _ in Trace._fields]
    left = limit if limit is not None else sys.maxsize
    for block in reader.blocks(max(1, min(left, BLOCK_ROWS))):
        for parts, column in zip(columns, _columns(cut(block, 0, left)), strict=True):
            parts.append(column)
        left -= len(block.key)
        if left <= 0:
            break
    return _of(map(_joined, columns)) if columns[0] else requests([], [], [])


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """One column; its parts are let go, so that no two whole traces stand in memory."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole
