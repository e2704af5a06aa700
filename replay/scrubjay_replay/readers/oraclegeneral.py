"""libCacheSim's oracleGeneral: binary records of 24 bytes, with the next request of each key.

The last field counts requests from 1, -1 where there is none; here it only shows whether the
file is what it says, for the future is worked out anew (`future.next_use`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers.blocks import Blocks
from scrubjay_replay.readers.numbering import Numbering
from scrubjay_replay.readers.source import BROKEN, Source
from scrubjay_replay.trace import BLOCK_ROWS, BadLines, Trace, requests

RECORD = np.dtype([("at", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next", "<i8")])
PIECE = RECORD.itemsize << 16  # bytes
NEVER = (1 << 63) - 1  # the other way to write -1
FARTHEST = 1 << 48  # no trace is longer
WHOLE = "Was the file copied whole, and is it oracleGeneral (24-byte records)?"


class OracleGeneralReader:
    """Requests from oracleGeneral; a record that cannot be is never skipped: nothing is after."""

    format = "oracleGeneral"
    columns = frozenset({"at", "key", "size"})
    comments: tuple[str, ...] = ()

    def __init__(self, path: Path, bad: BadLines | None = None) -> None:
        self.path = path
        self.source = Source(path)
        self.left_out: dict[str, int] = {}
        if not self.source.packed:
            self._check_end(self.source.length)

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Trace]:
        """Read from the start, in blocks of at most `rows` requests."""
        blocks, numbering = Blocks(rows), Numbering()
        done, start, last = 0, 0, 0
        for records in self._records():
            check(records, self.source.name, done, last)
            start = start if done else int(records["at"][0])
            done, last = done + len(records), int(records["at"][-1])
            at = records["at"].astype(np.float64) - start
            key = numbering.of(records["key"].astype(np.int64))
            yield from blocks.add(requests(at, key, records["size"].astype(np.int64)))
        yield from blocks.rest()

    def _records(self) -> Iterator[NDArray[np.void]]:
        done, rest = 0, b""
        try:
            for piece in self.source.pieces(PIECE):
                whole = len(rest + piece) // RECORD.itemsize
                records = np.frombuffer(rest + piece, RECORD, whole)
                rest = (rest + piece)[whole * RECORD.itemsize :]
                done += whole
                if whole:
                    yield records
        except BROKEN as error:
            raise self.source.broken(error, f": record {done + 1}") from error
        self._check_end(done * RECORD.itemsize + len(rest))

    def _check_end(self, length: int) -> None:
        if over := length % RECORD.itemsize:
            record = length // RECORD.itemsize + 1
            raise TraceError(
                f"{self.source.name}: record {record}: cut short, {over} of 24 bytes", hint=WHOLE
            )


def check(records: NDArray[np.void], name: str, done: int, last: int) -> None:
    """Refuse the first record that no trace could have, after `done` of them and time `last`."""
    before = np.concatenate(([last], records["at"][:-1]))
    after = records["next"]
    impossible = (after < -1) | ((after > FARTHEST) & (after != NEVER))
    wrong = np.flatnonzero(impossible | (records["at"] < before))
    if not len(wrong):
        return
    first = int(wrong[0])
    why = (
        f"no request number {after[first]} can be the next"
        if impossible[first]
        else f"time runs backwards: {records['at'][first]} after {before[first]}"
    )
    raise TraceError(f"{name}: record {done + first + 1}: {why}", hint=WHOLE)


def looks_so(head: bytes) -> bool:
    """Whether bytes could be the first records, as chance hardly makes them."""
    records = np.frombuffer(head, RECORD, len(head) // RECORD.itemsize)
    try:
        check(records, "", 0, 0)
    except TraceError:
        return False
    return len(records) > 0 and bool((records["size"] > 0).any())
