"""CSV with a header: `time,key,size` and, when there, `ttl`, `cost`, `was_write`."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers import numbers
from scrubjay_replay.readers.lines import numbered_lines
from scrubjay_replay.trace import BLOCK_ROWS, BadLines, Trace, requests

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


class Row(NamedTuple):
    """One request as the file has it; a time of nan is to be its index."""

    at: float
    key: bytes
    size: int
    ttl: float
    cost: float


class CsvReader:
    """Requests from CSV; a line marked `was_write` is no request and is left out."""

    def __init__(self, path: Path, bad: BadLines | None = None) -> None:
        self.path = path
        self.left_out: dict[str, int] = {}
        self._bad = bad or BadLines()
        header = next((line for _, line in numbered_lines(path)), b"")
        self._at = places(header)
        if "key" not in self._at:
            raise TraceError(
                f"{path.name}:1: no column for the key in the header {numbers.shown(header)}",
                hint=f"One column must be called {' or '.join(ALIASES['key'])}.",
            )
        self._width = 1 + max(self._at.values())
        known = {"cost" if name == "cost_ms" else name for name in self._at} - {"write"}
        self.columns = frozenset(known)

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Trace]:
        """Read from the start, in blocks of at most `rows` requests."""
        self.left_out = {}
        ids: dict[bytes, int] = {}
        start: float | None = None
        batch: list[tuple[float, int, int, float, float]] = []
        for index, row in enumerate(self._rows()):
            at = float(index) if math.isnan(row.at) else row.at
            start = at if start is None else start
            batch.append((at - start, ids.setdefault(row.key, len(ids)), *row[2:]))
            if len(batch) == rows:
                yield _block(batch)
                batch = []
        if batch:
            yield _block(batch)

    def _rows(self) -> Iterator[Row]:
        for number, line in numbered_lines(self.path):
            if number == 1 or not line:
                continue
            try:
                row = self._row(fields(line))
            except ValueError as error:
                self._bad.skip(self.path.name, number, str(error))
                continue
            if row is None:
                self.left_out["write"] = self.left_out.get("write", 0) + 1
            else:
                yield row

    def _row(self, cells: list[bytes]) -> Row | None:
        if len(cells) < self._width:
            raise ValueError(f"{len(cells)} fields where {self._width} are needed")
        at = self._at
        if "write" in at and cells[at["write"]].strip().lower() not in FALSE:
            return None
        if not (key := cells[at["key"]]):
            raise ValueError("the key is empty")
        return Row(
            numbers.moment(cells[at["at"]]) if "at" in at else math.nan,
            key,
            numbers.size(cells[at["size"]].strip()) if "size" in at else 1,
            numbers.seconds(cells[at["ttl"]], "ttl") if "ttl" in at else math.nan,
            self._cost(cells),
        )

    def _cost(self, cells: list[bytes]) -> float:
        if "cost" in self._at:
            return numbers.seconds(cells[self._at["cost"]], "cost")
        if "cost_ms" in self._at:
            return numbers.seconds(cells[self._at["cost_ms"]], "origin_latency_ms") / 1000
        return math.nan


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


def _block(batch: Iterable[tuple[float, int, int, float, float]]) -> Trace:
    at, key, size, ttl, cost = zip(*batch, strict=True)
    return requests(at, key, size, ttl, cost)
