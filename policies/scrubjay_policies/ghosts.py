"""Rows of objects that are not held any more: one that returns brings its history along."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from scrubjay_policies.rows import Row

PER_HELD = 4  # ghosts for each object held; more gain nothing
FEWEST = 64


class Ghosts:
    """Rows by id, the oldest forgotten first. Bounded: a row and its place are 250 bytes."""

    def __init__(self) -> None:
        # A plain dictionary would look for its first row behind all those that left before it.
        self._rows: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rows)

    def keep(self, id: int, row: Row, held: int) -> None:
        """Remember a row, and no more than four for each of the `held` objects."""
        self._rows.pop(id, None)
        self._rows[id] = row.tobytes()  # the row itself would keep the sample that it is part of
        most = max(FEWEST, PER_HELD * held)
        while len(self._rows) > most:
            self._rows.popitem(last=False)

    def take(self, id: int) -> Row | None:
        """Give up a row, or None where it is not remembered."""
        row = self._rows.pop(id, None)
        return None if row is None else np.frombuffer(bytearray(row))
