"""Rows of objects that are not held any more: one that returns brings its history along."""

from __future__ import annotations

from scrubjay_policies.rows import Row

PER_HELD = 4  # ghosts for each object held; more gain nothing
FEWEST = 64


class Ghosts:
    """Rows by id, the oldest forgotten first. Bounded: 64 bytes and a dictionary entry each."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def keep(self, id: int, row: Row, held: int) -> None:
        """Remember a row, and no more than four for each of the `held` objects."""
        self._rows.pop(id, None)
        self._rows[id] = row
        most = max(FEWEST, PER_HELD * held)
        while len(self._rows) > most:
            del self._rows[next(iter(self._rows))]

    def take(self, id: int) -> Row | None:
        """Give up a row, or None where it is not remembered."""
        return self._rows.pop(id, None)
