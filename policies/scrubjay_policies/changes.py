"""What contacts with their origins showed of how objects change, and lifetimes from it; bounded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scrubjay_policies import hold
from scrubjay_policies.hold import Books, Row, Seen, Terms

CLASSES = 256  # more are one
NEW, UNCHANGED, CHANGED = FOUND = ("new", "unchanged", "changed")
TAGS = 1 << 53  # whole numbers that a float64 tells apart


class Held(NamedTuple):
    """A lifetime in seconds, and what the contact found that led to it."""

    seconds: float
    found: str


class Changes:
    """One row of 80 bytes an object, for at most `most` objects: the one whose last contact is
    longest ago is forgotten first."""

    def __init__(self, terms: Terms, *, most: int) -> None:
        self.terms, self.most = terms, most
        self.account = np.zeros(hold.ACCOUNT)
        self._rows: dict[int, Row] = {}  # in order of the last contact
        self._class_of: dict[int, str] = {}
        self._sums: dict[str, Row] = {}
        self._began: float | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def hit(self, id: int) -> None:
        """The object answered a request within its lifetime."""
        row = self._rows.get(id)
        if row is not None:
            row[hold.HITS] += 1.0

    def contact(self, id: int, kind: str, *, tag: int, now: float, age: float | None) -> Held:
        """The origin has the version `tag` of an object of the class `kind`, made `age` seconds
        ago where that is known; `now` never goes back by much."""
        if self._began is None:
            self._began = now
        row = self._rows.pop(id, None)
        if row is None:
            row = np.zeros(hold.WIDTH)
            self._class_of[id] = kind if kind in self._sums or len(self._sums) < CLASSES else ""
        self._rows[id] = row
        sums = self._sums.setdefault(self._class_of[id], np.zeros(hold.SUMS))
        version = float(tag % TAGS)
        found = NEW if not row[hold.REQUESTS] else _compared(row, version)
        # Seconds since the start: sums of times of day would lose their fractions.
        seen = Seen(version, now - self._began, hold.UNKNOWN if age is None else age)
        seconds = hold.contact(Books(row, sums, self.account), seen, self.terms)
        self._bound()
        return Held(seconds, found)

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

    def _bound(self) -> None:
        while len(self._rows) > self.most:
            oldest = next(iter(self._rows))
            hold.forget(self._rows.pop(oldest), self._sums[self._class_of.pop(oldest)])


def _compared(row: Row, version: float) -> str:
    return UNCHANGED if row[hold.TAG] == version else CHANGED
