"""Access logs in Common or Combined Log Format.

Which lines count: GET whose answer a cache could hold. The size of an object is the largest
that the log shows for it, because a 304 or 206 shows less than the whole; objects that never
showed a body are left out. So one pass over the whole log precedes the first block.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.readers.lines import numbered_lines
from scrubjay_replay.readers.numbers import shown
from scrubjay_replay.trace import BLOCK_ROWS, BadLines, Trace, cut, requests

LINE = re.compile(
    rb'\S+ \S+ [^\[]*\[([^\]]{1,40})\] "(.*?)" (\d{3}) (\d{1,18}|-)(?:\s|$)',
)
DATE = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COUNTED = frozenset({200, 203, 206, 300, 301, 304, 308, 404, 410})  # RFC 9110 15.1, heuristic


class Entry(NamedTuple):
    """One line of the log; a size of -1 is unknown."""

    at: float  # unix seconds
    method: bytes
    path: bytes
    status: int
    size: int


class AccessLogReader:
    """Requests from an access log, plain or gzip."""

    columns = frozenset({"at", "key", "size"})

    def __init__(self, path: Path, bad: BadLines | None = None) -> None:
        self.path = path
        self.left_out: dict[str, int] = {}
        self._bad = bad or BadLines()

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Trace]:
        """Read the whole log once, then give it in blocks of at most `rows` requests."""
        trace = self._read()
        while len(trace.key):
            yield cut(trace, 0, rows)
            trace = cut(trace, rows)

    def _read(self) -> Trace:
        self.left_out = {}
        times, paths, largest = array("d"), array("q"), array("q")
        ids: dict[bytes, int] = {}
        for entry in self._entries():
            number = ids.setdefault(entry.path, len(ids))
            if number == len(largest):
                largest.append(0)
            largest[number] = max(largest[number], entry.size)
            times.append(entry.at)
            paths.append(number)
        at = np.frombuffer(times, np.float64) if times else np.empty(0)
        number_of = np.frombuffer(paths, np.int64) if paths else np.empty(0, np.int64)
        sizes = np.frombuffer(largest, np.int64)[number_of] if paths else number_of
        if bodiless := int(np.count_nonzero(sizes == 0)):
            self.left_out["never a body"] = bodiless
        return _dense(at[sizes > 0], number_of[sizes > 0], sizes[sizes > 0])

    def _entries(self) -> Iterator[Entry]:
        for number, line in numbered_lines(self.path):
            if not line:
                continue
            try:
                entry = parse(line)
            except ValueError as error:
                self._bad.skip(self.path.name, number, str(error))
                continue
            if why := why_not(entry):
                self.left_out[why] = self.left_out.get(why, 0) + 1
            else:
                yield entry


def parse(line: bytes) -> Entry:
    """One line of the log; ValueError says what is wrong with it."""
    if not (match := LINE.match(line)):
        raise ValueError(f"not in Common or Combined Log Format: {shown(line)}")
    date, asked, status, size = match.groups()
    words = asked.split(b" ")
    method, path = words[0], words[1] if len(words) > 1 else b""
    if method == b"GET" and not path:
        raise ValueError(f"a request without a path: {shown(asked)}")
    return Entry(moment(date), method, path, int(status), -1 if size == b"-" else int(size))


def why_not(entry: Entry) -> str:
    """Why a line is no request for an object; empty if it is one."""
    if entry.method != b"GET":
        return "method"
    return "" if entry.status in COUNTED else "status"


@lru_cache(maxsize=1024)
def moment(date: bytes) -> float:
    """Unix seconds of a log's `01/Jul/1995:00:00:01 -0400`; months are English everywhere."""
    match = DATE.fullmatch(date.decode("ascii", "replace"))
    if not match or match[2] not in MONTHS:
        raise ValueError(f"not a date of an access log: {shown(date)}")
    day, month, year, hour, minute, second, sign, ahead, minutes = match.groups()
    offset = timedelta(hours=int(ahead), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    zone = timezone(offset)  # beyond a day: ValueError, as for the 31st of February below
    parts = (int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
    return datetime(*parts, tzinfo=zone).timestamp()


def _dense(at: NDArray[np.float64], number: NDArray[np.int64], size: NDArray[np.int64]) -> Trace:
    """Renumber after the empty objects are gone, in order of first appearance."""
    ids: dict[int, int] = {}
    key = [ids.setdefault(old, len(ids)) for old in number.tolist()]
    return requests(at - at[:1], key, size)
