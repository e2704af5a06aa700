"""What is known of each object: one row of numbers, in one array, in slots without gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Columns of a row. Logical time counts the requests that the cache has seen.
SIZE = 0  # bytes charged against the capacity
BORN = 1  # logical time of its first request since it came in
SEEN = 2  # logical time of its last request
HITS = 3  # requests, the first included
EXPIRES = 4  # Unix seconds
COST = 5  # seconds the origin took
CREDIT = 6  # inflation of the cache at its last request (GreedyDual)
GAP = 7  # requests between its last two, 0 where there was one
WIDTH = 8

Row = NDArray[np.float64]
_FIRST_SLOTS = 1024


class Table:
    """Rows by id; adding and dropping take constant time, slots 0 to len-1 are in use."""

    def __init__(self) -> None:
        self.rows: NDArray[np.float64] = np.zeros((_FIRST_SLOTS, WIDTH))
        self.ids: NDArray[np.uint64] = np.zeros(_FIRST_SLOTS, dtype=np.uint64)
        self.slots: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.slots)

    def add(self, id: int, row: Row) -> int:
        """Put a row under a new id; its slot."""
        slot = len(self.slots)
        if slot == len(self.ids):
            self._grow()
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

    def _grow(self) -> None:
        self.rows = np.concatenate((self.rows, np.zeros_like(self.rows)))
        self.ids = np.concatenate((self.ids, np.zeros_like(self.ids)))
