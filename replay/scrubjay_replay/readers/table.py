"""What traces of one request a line and one value a column share, whatever the separator.

A chunk of lines is parsed at once where everything in it is plain (`grid`). Where anything is
not, it is read again line by line, so that what is wrong is told with its line and in words.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.readers.blocks import Blocks
from scrubjay_replay.readers.lines import CHUNK, Chunk, chunks
from scrubjay_replay.readers.numbering import Numbering
from scrubjay_replay.readers.source import Source
from scrubjay_replay.trace import BLOCK_ROWS, BadLines, Trace


class Row(NamedTuple):
    """One line as the file has it; what is not known is nan."""

    at: float
    key: bytes
    size: int
    ttl: float = np.nan
    cost: float = np.nan
    write: bool = False


class Rows(NamedTuple):
    """The same as columns; None is a column of nan, of 1 (`size`) or of False."""

    at: NDArray[np.float64] | None
    key: NDArray[np.int64] | list[bytes]
    size: NDArray[np.int64] | None
    ttl: NDArray[np.float64] | None = None
    cost: NDArray[np.float64] | None = None
    write: NDArray[np.bool_] | None = None


@dataclass(slots=True)
class Progress:
    """How far one reading of the file has come."""

    numbering: Numbering = field(default_factory=Numbering)
    rows: int = 0
    start: float = np.nan
    last: float = -np.inf
    lifetimes: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))  # latest, by key


class TableReader(ABC):
    """Requests from lines of columns; what the format is, its kinds say."""

    format: str
    columns: frozenset[str]
    comments: tuple[str, ...] = ()
    head_lines = 0  # before the first request
    chunk = CHUNK  # bytes parsed at once

    def __init__(self, path: Path, bad: BadLines | None = None) -> None:
        self.path = path
        self.source = Source(path)
        self.left_out: dict[str, int] = {}
        self._bad = bad or BadLines()

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Trace]:
        """Read from the start, in blocks of at most `rows` requests."""
        blocks, so_far = Blocks(rows), Progress()
        for chunk in chunks(self.source, skip=self.head_lines, size=self.chunk):
            plain = self._plain(chunk.text)
            if plain is not None and in_order(plain.at, so_far.last):
                yield from blocks.add(self._trace(plain, so_far))
                continue
            careful = self._rows(chunk, so_far)
            while batch := list(islice(careful, blocks.room)):  # no line is read too early
                yield from blocks.add(self._trace(columns_of(batch), so_far))
        yield from blocks.rest()

    @abstractmethod
    def _plain(self, text: bytes) -> Rows | None:
        """All lines at once; None if any of them has to be looked at."""

    @abstractmethod
    def _row(self, line: bytes) -> Row:
        """One line; ValueError says what is wrong with it."""

    def _rows(self, chunk: Chunk, so_far: Progress) -> Iterator[Row]:
        last = so_far.last
        for number, line in chunk.lines():
            if not line:
                continue
            try:
                row = self._row(line)
                check_time(row.at, last)
            except ValueError as error:
                self._bad.skip(self.source.name, number, str(error))
                continue
            last = row.at
            yield row

    def _trace(self, rows: Rows, so_far: Progress) -> Trace:
        count = len(rows.key)
        at = rows.at
        if at is None:
            at = np.arange(so_far.rows, so_far.rows + count, dtype=np.float64)
        if not so_far.rows:
            so_far.start = float(at[0])
        so_far.rows += count
        so_far.last = float(at[-1])
        key = so_far.numbering.of(rows.key)
        return Trace(
            at - so_far.start,
            key,
            np.ones(count, np.int64) if rows.size is None else rows.size,
            _narrow(self._lifetimes(rows.ttl, key, so_far), count),
            _narrow(rows.cost, count),
            np.zeros(count, np.bool_) if rows.write is None else rows.write,
        )

    def _lifetimes(
        self, ttl: NDArray[np.float64] | None, key: NDArray[np.int64], so_far: Progress
    ) -> NDArray[np.float64] | None:
        """The lifetime of each request, from what its line says."""
        return ttl


def in_order(at: NDArray[np.float64] | None, last: float) -> bool:
    """Whether no time is before the one above it."""
    return at is None or bool(at[0] >= last and (at[1:] >= at[:-1]).all())


def check_time(at: float, last: float) -> None:
    """The same for one row; ValueError if not. No time (nan) is never before another."""
    if at < last:
        raise ValueError(f"time runs backwards: {at:.15g} after {last:.15g}")


def columns_of(rows: list[Row]) -> Rows:
    """Rows as columns; all have a time or none has."""
    at, key, size, ttl, cost, write = zip(*rows, strict=True)
    return Rows(
        None if math.isnan(at[0]) else np.array(at),
        list(key),
        np.array(size, np.int64),
        np.array(ttl),
        np.array(cost),
        np.array(write),
    )


def _narrow(values: NDArray[np.float64] | None, count: int) -> NDArray[np.float32]:
    return np.full(count, np.nan, np.float32) if values is None else values.astype(np.float32)
