"""CSV with a header: `time,key,size` and, when there, `ttl`, `cost`, `was_write`."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from itertools import islice, takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers import numbers
from scrubjay_replay.readers.grid import Grid, grid
from scrubjay_replay.readers.lines import numbered_lines
from scrubjay_replay.readers.source import Source
from scrubjay_replay.readers.table import Row, Rows, TableReader
from scrubjay_replay.trace import BadLines

ALIASES: Mapping[str, tuple[str, ...]] = {
    "at": ("time", "ts", "timestamp"),
    "key": ("key", "object_id", "url", "path"),
    "size": ("size", "bytes", "object_size_bytes"),
    "ttl": ("ttl", "ttl_seconds"),
    "cost": ("cost",),  # seconds
    "cost_ms": ("origin_latency_ms",),
    "write": ("was_write",),
}
FALSE = frozenset({b"", b"0", b"0.0", b"false", b"no", b"f", b"n"})
MOST_COMMENTS = 1000  # lines before the header


class CsvReader(TableReader):
    """Requests from CSV; a line marked `was_write` is a change of the object."""

    format = "csv"

    def __init__(self, path: Path, bad: BadLines | None = None) -> None:
        super().__init__(path, bad)
        self.comments, header = opening(self.source)
        self.head_lines = len(self.comments) + 1
        self._at = self._places(header)
        self._width = 1 + max(self._at.values())
        self._cells = len(fields(header))
        self.columns = frozenset("cost" if name == "cost_ms" else name for name in self._at)

    def _places(self, header: bytes) -> dict[str, int]:
        try:
            found = places(header)
        except ValueError:
            found = {}
        if "key" not in found:
            raise TraceError(
                f"{self.source.name}:{self.head_lines}: no column for the key in the header "
                + numbers.shown(header),
                hint=f"One column must be called {' or '.join(ALIASES['key'])}.",
            )
        return found

    def _plain(self, text: bytes) -> Rows | None:
        table = grid(text, b",", self._cells)
        if table is None or (keys := table.keys(self._at["key"])) is None:
            return None
        at, ttl, cost = (self._decimals(table, name) for name in ("at", "ttl", "cost"))
        if "cost" not in self._at:
            cost = self._decimals(table, "cost_ms")
            cost = cost if cost is None else cost / 1000
        write = self._writes(table)
        size = self._sizes(table, write)
        wanted = {"at": at, "ttl": ttl, "cost": cost, "size": size}
        odd = any(name in self.columns and values is None for name, values in wanted.items())
        if odd or (at is not None and np.isnan(at).any()):
            return None
        return Rows(at, keys, size, ttl, cost, write)

    def _decimals(self, table: Grid, name: str) -> NDArray[np.float64] | None:
        return table.decimals(self._at[name]) if name in self._at else None

    def _writes(self, table: Grid) -> NDArray[np.bool_] | None:
        if "write" not in self._at:
            return None
        return np.array([is_true(cell) for cell in table.cells(self._at["write"])])

    def _sizes(self, table: Grid, write: NDArray[np.bool_] | None) -> NDArray[np.int64] | None:
        """None if there is no such column, or if a size is wanted and not plainly there."""
        found = table.integers(self._at["size"]) if "size" in self._at else None
        if found is None:
            return None
        size, missing = found
        return None if (missing if write is None else missing & ~write).any() else size

    def _row(self, line: bytes) -> Row:
        cells = fields(line)
        if len(cells) < self._width:
            raise ValueError(f"{len(cells)} fields where {self._width} are needed")
        at = self._at
        write = "write" in at and is_true(cells[at["write"]])
        if not (key := cells[at["key"]]):
            raise ValueError("the key is empty")
        size = cells[at["size"]].strip() if "size" in at else b"1"
        return Row(
            numbers.moment(cells[at["at"]]) if "at" in at else math.nan,
            key,
            numbers.size(size or (b"0" if write else b"")),
            numbers.seconds(cells[at["ttl"]], "ttl") if "ttl" in at else math.nan,
            self._cost(cells),
            write,
        )

    def _cost(self, cells: list[bytes]) -> float:
        if "cost" in self._at:
            return numbers.seconds(cells[self._at["cost"]], "cost")
        if "cost_ms" in self._at:
            return numbers.seconds(cells[self._at["cost_ms"]], "origin_latency_ms") / 1000
        return math.nan


def opening(source: Source) -> tuple[tuple[str, ...], bytes]:
    """The comments at the head, and the header below them."""
    lines = [line for _, line in islice(numbered_lines(source), MOST_COMMENTS)]
    comments = [*takewhile(is_comment, lines)]
    told = tuple(line[1:].decode("utf-8", "replace").strip() for line in comments)
    return told, lines[len(comments)] if len(comments) < len(lines) else b""


def is_comment(line: bytes) -> bool:
    return line.removeprefix(b"\xef\xbb\xbf").startswith(b"#")


def is_true(cell: bytes) -> bool:
    """Whether a cell of `was_write` says yes."""
    return cell.strip().lower() not in FALSE


def places(header: bytes) -> dict[str, int]:
    """Where each column that we know stands; the first alias that is there wins."""
    names = [name.strip().lower().decode("utf-8", "replace") for name in fields(header)]
    names = [name.removeprefix("\ufeff") for name in names]
    found = {
        column: next((names.index(alias) for alias in aliases if alias in names), -1)
        for column, aliases in ALIASES.items()
    }
    return {column: place for column, place in found.items() if place >= 0}


def fields(line: bytes) -> list[bytes]:
    """The cells of one line; quoting is honoured, a quoted line break is not."""
    if b'"' not in line:
        return line.split(b",")
    text = line.decode("utf-8", "surrogateescape")
    try:
        cells = next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise ValueError(f"broken quoting: {error}") from error
    return [cell.encode("utf-8", "surrogateescape") for cell in cells]
