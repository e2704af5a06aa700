"""Twitter's cache traces: key-value requests as Memcached saw them, without a header.

The columns are timestamp, anonymized key, key size, value size, client id, operation and TTL
(Yang et al., A large scale analysis of hundreds of in-memory cache clusters, OSDI 2020). A TTL
stands with writes only, so that of a request is the one its key was last set with.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.readers import numbers
from scrubjay_replay.readers.grid import grid
from scrubjay_replay.readers.table import Progress, Row, Rows, TableReader

READS = frozenset({b"get", b"gets"})
SETS = frozenset({b"set", b"add", b"replace", b"cas"})  # they say a lifetime
CHANGES = frozenset({b"append", b"prepend", b"incr", b"decr", b"delete"})
OPERATIONS = READS | SETS | CHANGES
LINE = re.compile(rb"\d+,.+,\d+,\d+,\d+,(?:" + b"|".join(sorted(OPERATIONS)) + rb"),\d+\s*$")

Floats = NDArray[np.float64]


class TwitterReader(TableReader):
    """Requests (get, gets) and writes (all other operations); a size is key and value."""

    format = "twitter"
    columns = frozenset({"at", "key", "size", "ttl", "write"})

    def _plain(self, text: bytes) -> Rows | None:
        table = grid(text, b",", 7)
        if table is None or (keys := table.keys(1)) is None:
            return None
        at, ttl = table.decimals(0), table.decimals(6)
        key_size, value_size = table.integers(2), table.integers(3)
        if at is None or ttl is None or key_size is None or value_size is None:
            return None
        if np.isnan(at).any() or np.isnan(ttl).any() or (key_size[1] | value_size[1]).any():
            return None
        operations = table.cells(5)
        if not OPERATIONS.issuperset(operations):
            return None
        sets = np.array([operation in SETS for operation in operations])
        write = np.array([operation not in READS for operation in operations])
        ttl[~sets] = np.nan
        return Rows(at, keys, key_size[0] + value_size[0], ttl, write=write)

    def _row(self, line: bytes) -> Row:
        cells = line.rsplit(b",", 5)
        at, comma, key = cells[0].partition(b",")  # a key may hold commas
        if len(cells) < 6 or not comma:
            raise ValueError(f"{line.count(b',') + 1} fields where 7 are needed")
        if not key:
            raise ValueError("the key is empty")
        operation = cells[4]
        if operation not in OPERATIONS:
            raise ValueError(f"operation is {numbers.shown(operation)}, none of Memcached's")
        if math.isnan(ttl := numbers.seconds(cells[5], "ttl")):
            raise ValueError("the ttl is empty")
        return Row(
            numbers.moment(at),
            key,
            numbers.size(cells[1].strip()) + numbers.size(cells[2].strip()),
            ttl if operation in SETS else math.nan,
            write=operation not in READS,
        )

    def _lifetimes(
        self, ttl: Floats | None, key: NDArray[np.int64], so_far: Progress
    ) -> Floats | None:
        if ttl is None:
            return None
        new = len(so_far.numbering) - len(so_far.lifetimes)
        so_far.lifetimes = np.concatenate((so_far.lifetimes, np.full(new, np.nan)))
        filled = latest(ttl, key, so_far.lifetimes)
        so_far.lifetimes[key] = filled  # of several the last stays
        filled[filled == 0] = np.nan  # Memcached's "never expires"
        return filled


def latest(values: Floats, key: NDArray[np.int64], before: Floats) -> Floats:
    """At each row the latest value that is not nan of its key, `before[key]` if there is none."""
    order = np.argsort(key, kind="stable")
    position = np.arange(len(key))
    same = key[order]
    first = np.flatnonzero(np.diff(same, prepend=-1))
    began = np.repeat(first, np.diff(first, append=len(key)))
    told = np.maximum.accumulate(np.where(np.isnan(values[order]), -1, position))
    found = np.where(told >= began, values[order][told], before[same])
    out = np.empty_like(found)
    out[order] = found
    return out
