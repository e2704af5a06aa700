"""What access logs of every server share: which lines count, and what an object's size is.

Which lines count: GET whose answer a cache could hold. The size of an object is the largest
that the log shows for it, because a 304 or 206 shows less than the whole; objects that never
showed a body are left out. Servers write a line when a request ends, but often with the time
when it began, so lines are sorted by time. So the whole log is read before the first block.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scrubjay_replay.readers.lines import LONGEST_LINE, numbered_lines
from scrubjay_replay.readers.numbering import in_order_of_appearance
from scrubjay_replay.readers.source import Source
from scrubjay_replay.trace import BLOCK_ROWS, BadLines, Trace, chosen, cut, requests

COUNTED = frozenset({200, 203, 206, 300, 301, 304, 308, 404, 410})  # RFC 9110 15.1, heuristic
UNKNOWN = -1  # size


class Entry(NamedTuple):
    """One line of the log."""

    at: float  # unix seconds
    method: bytes
    key: bytes  # what the client asked for
    status: int
    size: int  # bytes the client got, or UNKNOWN
    cost: float = math.nan  # seconds the origin took, where the log shows it


class AccessLogReader(ABC):
    """Requests from an access log; how a line is written, its kinds say."""

    format: str
    comments: tuple[str, ...] = ()

    def __init__(self, path: Path, bad: BadLines | None = None) -> None:
        self.path = path
        self.source = Source(path)
        self.left_out: dict[str, int] = {}
        self.columns = self._columns(self._first())  # known for certain once it was read
        self._bad = bad or BadLines()

    @abstractmethod
    def parse(self, line: bytes) -> Entry | str:
        """One line, or why it is none of a request; ValueError says what is wrong with it."""

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Trace]:
        """Read the whole log once, then give it in blocks of at most `rows` requests."""
        trace = self._read()
        self.columns = self._columns(trace.cost.tolist())
        while len(trace.key):
            yield cut(trace, 0, rows)
            trace = cut(trace, rows)

    def _read(self) -> Trace:
        self.left_out = {}
        at, number, cost, largest = array("d"), array("q"), array("f"), array("q")
        ids: dict[bytes, int] = {}
        for entry in self._entries():
            known = ids.setdefault(entry.key, len(ids))
            if known == len(largest):
                largest.append(UNKNOWN)
            if entry.status != 304:  # what it shows, if anything, are its headers
                largest[known] = max(largest[known], entry.size)
            at.append(entry.at)
            number.append(known)
            cost.append(entry.cost)
        if not at:
            return requests([], [], [])
        key = np.frombuffer(number, np.int64)
        size = np.frombuffer(largest, np.int64)[key]
        costs = np.frombuffer(cost, np.float32)
        return self._in_order(Trace(*requests(np.frombuffer(at), key, size, cost=costs)))

    def _in_order(self, trace: Trace) -> Trace:
        """Sorted, without the empty objects, numbered and timed from the first that is left."""
        if bodiless := int(np.count_nonzero(trace.size <= 0)):
            self.left_out["never a body"] = bodiless
        order = np.argsort(trace.at, kind="stable")
        left = chosen(trace, order[trace.size[order] > 0])
        return left._replace(at=left.at - left.at[:1], key=in_order_of_appearance(left.key))

    def _entries(self) -> Iterator[Entry]:
        for number, line in numbered_lines(self.source):
            if not line:
                continue
            try:
                entry = self.parse(line)
            except ValueError as error:
                self._bad.skip(self.source.name, number, str(error))
                continue
            why = entry if isinstance(entry, str) else why_not(entry)
            if isinstance(entry, str) or why:
                self.left_out[why] = self.left_out.get(why, 0) + 1
            else:
                yield entry

    def _first(self) -> Iterator[float]:
        """What the first lines say of the cost."""
        for line in self.source.head(LONGEST_LINE).splitlines():
            with suppress(ValueError):
                entry = self.parse(line)
                if isinstance(entry, Entry):
                    yield entry.cost

    @staticmethod
    def _columns(costs: Iterable[float]) -> frozenset[str]:
        shown = not all(math.isnan(cost) for cost in costs)
        return frozenset({"at", "key", "size", "cost"} if shown else {"at", "key", "size"})


def why_not(entry: Entry) -> str:
    """Why a line is no request for an object; empty if it is one."""
    if entry.method != b"GET":
        return "method"
    return "" if entry.status in COUNTED else "status"
