"""What is known of each object: one row of 64 bytes, in one array, in slots without gaps.

A row is read in two ways: as float64, of which it uses the first four, and as float32, of which
it uses the last eight. So it is one cache line, and a sample of rows is one gather.
"""

from __future__ import annotations

from struct import Struct
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# Columns of a row as float64. Logical time counts the requests that the cache has seen.
EXPIRES = 0  # Unix seconds
CREDIT = 1  # inflation of the cache at its last request (GreedyDual)
SIZE = 2  # bytes charged against the capacity
SEEN = 3  # logical time of its last request
NUMBERS = 4  # so many columns, from the first on
WIDTH = 8

# Columns of the same row as float32. Times are spans of requests up to its last one.
RESIDENCE = 8  # since it came in
LIFE = 9  # since its first request that is remembered
GAP = 10  # between its last two, 0 where there was one
GAP2 = 11  # between the two before
HITS = 12  # requests since it came in, the first included
COUNT = 13  # requests that are remembered, also from before it came in
COST = 14  # seconds the origin took
ORDER = 15  # its number in the order of arrival, a whole number of 32 bits
PAST_WIDTH = 16
SIZE_HIGH = 2 * SIZE + 1  # the upper half of the size's bits, with its exponent

Row = NDArray[np.float64]
Past = NDArray[np.float32]
Bits = NDArray[np.uint32]
# As bytes, as float64 and as whole numbers; memory views take no type while running.
Views: TypeAlias = "tuple[memoryview[int], memoryview[float], memoryview[int]]"
# A whole row as bytes, and parts of it with the byte where they begin. A hit reads the upper half
# of the size, when it was seen, all spans and the order, and writes all but the first and the last;
# of what left, the upper half of the size counts, its hits, and the count as a whole number.
ROW = Struct("=4d7fI")
READ, READING = 4 * SIZE_HIGH, Struct("=Id6f4xI")
WRITTEN, WRITING = 8 * SEEN, Struct("=d6f")
LEAVING = Struct("=I24xfI")  # from READ on
BYTES = 8 * WIDTH  # of a row
_FIRST_SLOTS = 1024


def past(rows: Row) -> Past:
    """The same memory as float32: twice as many columns."""
    return rows.view(np.float32)


def bits(rows: Row) -> Bits:
    """And as whole numbers of 32 bits."""
    return rows.view(np.uint32)


def views(rows: Row) -> Views:
    """The same memory, in which single numbers are read and written in half of numpy's time."""
    whole = rows.data.cast("B")
    return whole, whole.cast("d"), whole.cast("I")


class Table:
    """Rows by id; adding and dropping take constant time, slots 0 to len-1 are in use."""

    def __init__(self) -> None:
        self.slots: dict[int, int] = {}
        self._hold(np.zeros((_FIRST_SLOTS, WIDTH)), np.zeros(_FIRST_SLOTS, dtype=np.uint64))

    def __len__(self) -> int:
        return len(self.slots)

    def add(self, id: int, row: Row) -> int:
        """Put a row under a new id; its slot."""
        slot = len(self.slots)
        if slot == len(self.ids):
            self._hold(
                np.concatenate((self.rows, np.zeros_like(self.rows))),
                np.concatenate((self.ids, np.zeros_like(self.ids))),
            )
        self.rows[slot] = row
        self.ids[slot] = id
        self.slots[id] = slot
        return slot

    def drop(self, id: int) -> None:
        """Remove an id; the last row moves into its slot."""
        slot = self.slots.pop(id)
        last = len(self.slots)
        if slot != last:
            self.rows[slot] = self.rows[last]
            moved = self.ids[last]
            self.ids[slot] = moved
            self.slots[int(moved)] = slot

    def _hold(self, rows: Row, ids: NDArray[np.uint64]) -> None:
        self.rows, self.ids = rows, ids
        self.views = views(rows)
