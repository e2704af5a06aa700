"""What contacts with their origins showed of how objects change, and lifetimes from it; bounded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scrubjay_policies import hold
from scrubjay_policies.hold import Books, Row, Seen, Terms

CLASSES = 256  # the last one is for all that are more
NEW, UNCHANGED, CHANGED = FOUND = ("new", "unchanged", "changed")
TAGS = 1 << 53  # whole numbers that a float64 tells apart
_FIRST_ROWS = 1024


class Held(NamedTuple):
    """A lifetime in seconds, and what the contact found that led to it."""

    seconds: float
    found: str


class Changes:
    """A row of 80 bytes an object, for `most` objects: the one whose last contact is longest ago
    gives its row to the next."""

    def __init__(self, *, most: int) -> None:
        self.most = most
        self.account = np.zeros(hold.ACCOUNT)
        self._rows = np.zeros((min(most, _FIRST_ROWS), hold.WIDTH))
        self._kinds = np.zeros(len(self._rows), np.int32)
        self._slots: dict[int, int] = {}  # in order of the last contact
        self._classes: dict[str, int] = {}
        self._sums = np.zeros((CLASSES, hold.SUMS))
        self._began: float | None = None

    def __len__(self) -> int:
        return len(self._slots)

    def hit(self, id: int) -> None:
        """The object answered a request within its lifetime."""
        slot = self._slots.get(id)
        if slot is not None:
            self._rows[slot, hold.HITS] += 1.0

    def contact(
        self, id: int, kind: str, *, tag: int, now: float, age: float | None, terms: Terms
    ) -> Held:
        """The origin has the version `tag` of an object of the class `kind`, made `age` seconds
        ago where that is known; `now` is in seconds of any one clock."""
        if self._began is None:
            self._began = now
        slot = self._slots.pop(id, None)
        if slot is None:
            slot = self._newcomer(kind)
        self._slots[id] = slot
        row, sums = self._rows[slot], self._sums[self._kinds[slot]]
        # Seconds since the start: sums of times of day would lose their fractions.
        made = hold.UNKNOWN if age is None else age
        seen = Seen(float(tag % TAGS), now - self._began, made)
        found = _found(row, seen)
        return Held(hold.contact(Books(row, sums, self.account), seen, terms), found)

    @property
    def staleness(self) -> float:
        """Share of stale answers so far, estimated from what contacts found."""
        answers = self.account[hold.ANSWERS]
        return float(self.account[hold.STALE] / answers) if answers else 0.0

    @property
    def mean_lifetime(self) -> float:
        """Seconds, of all lifetimes given so far."""
        given = self.account[hold.GIVEN]
        return float(self.account[hold.SECONDS] / given) if given else 0.0

    def _newcomer(self, kind: str) -> int:
        """An empty row of that class."""
        slot = len(self._slots)
        if slot == self.most:
            slot = self._slots.pop(next(iter(self._slots)))
            hold.forget(self._rows[slot], self._sums[self._kinds[slot]])
        elif slot == len(self._rows):
            self._rows = np.concatenate((self._rows, np.zeros_like(self._rows)))
            self._kinds = np.concatenate((self._kinds, np.zeros_like(self._kinds)))
        self._rows[slot] = 0.0
        self._kinds[slot] = self._classes.setdefault(kind, min(len(self._classes), CLASSES - 1))
        if len(self._classes) > CLASSES:
            del self._classes[kind]
        return slot


def _found(row: Row, seen: Seen) -> str:
    if row[hold.REQUESTS] == 0.0:
        return NEW
    return UNCHANGED if row[hold.TAG] == seen.tag else CHANGED
