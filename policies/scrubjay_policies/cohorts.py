"""What is known of objects together: of those that came one after another, and of those alike.

A page and its parts are first seen one after another and asked for together afterwards; so is a
scan, which nobody repeats. Eight objects that came in a row are a **cohort**, and what becomes of
some of it tells of the others. **Kin** are objects whose size and number of requests are of the
same order. The functions take arrays or memory views, one number at a time: the proxy runs them,
and the simulator compiles them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

EACH = 3  # 2**3 objects are a cohort
MOST = 1 << 20  # newcomers: who came so many before another shares its place
_FIRST = 1 << 10

AGAIN_RATE = 0.1  # weight of a request in its cohort's share of those for what was known
KIN_RATE = 0.01  # weight of a hit or of an eviction among those of the same kin
EVEN = 0.5  # where nothing is known of them
_BIAS = 1023 - 127  # of a float64's exponent, and not of a float32's
KIN = 256 << 5  # exponents of a float in 32 bits, and of counts a range of 32


class Cohorts(NamedTuple):
    """Rings, in which newcomers and their cohorts take their turn, and the kin."""

    seen: NDArray[np.float64]  # logical time of the last request for each newcomer
    last: NDArray[np.float64]  # and for each cohort
    requests: NDArray[np.float64]  # for each cohort until then, the older ones counting less
    again: NDArray[np.float64]  # share of them that were for what was known
    kin: NDArray[np.float64]  # share of hits


def nobody(newcomers: int) -> Cohorts:
    """Nothing is known yet; room for so many, a power of two."""
    cohorts = max(1, newcomers >> EACH)
    last, requests, again = (np.zeros(cohorts) for _ in range(3))
    return Cohorts(np.zeros(newcomers), last, requests, again, np.full(KIN, EVEN))


NOBODY = nobody(1)


def came(together: Any, order: Any, clock: Any) -> None:
    """A newcomer, the first one of its cohort or another."""
    seen, last, requests, again, _ = together
    place = order & (len(seen) - 1)
    cohort = place >> EACH
    if place % (1 << EACH) == 0:
        requests[cohort] = again[cohort] = 0.0
    seen[place] = last[cohort] = clock
    requests[cohort] += 1.0
    again[cohort] *= 1.0 - AGAIN_RATE


def asked(together: Any, order: Any, clock: Any, turnover: Any) -> None:
    """One more request for what was known. Those before count half after a turnover."""
    seen, last, requests, again, _ = together
    place = order & (len(seen) - 1)
    cohort = place >> EACH
    x = (clock - last[cohort]) / turnover
    requests[cohort] = requests[cohort] / (1.0 + x * (0.65 + x * 0.35)) + 1.0
    share = again[cohort]
    again[cohort] = share + AGAIN_RATE * (1.0 - share)
    seen[place] = last[cohort] = clock


def kin_of(size: Any, count: Any) -> Any:
    """Which kin, by the exponents of a size and of a count in 32 bits: their orders."""
    return (size << 5) + count


def fared(together: Any, size: Any, count: Any, hit: Any) -> None:
    """An object was hit, 1, or evicted, 0: of this size, the upper half of its bits as float64,
    and of this count, its bits as float32."""
    _, _, _, _, kin = together
    which = ((size >> 20) - _BIAS << 5) + (count >> 23)  # `kin_of`, without a call for each hit
    share = kin[which]
    kin[which] = share + KIN_RATE * (hit - share)


class Arrivals:
    """The cohorts of a cache, which grow with it up to MOST newcomers."""

    def __init__(self) -> None:
        self._count = 0  # of newcomers
        self._hold(nobody(_FIRST))

    def came(self, clock: int) -> int:
        """Number a newcomer in the order of arrival, in 32 bits."""
        order, room = self._count, len(self.known.seen)
        if order == room < MOST:
            pairs = zip(self.known, nobody(room), strict=True)
            grown = Cohorts._make(map(np.concatenate, pairs))
            self._hold(grown._replace(kin=self.known.kin))
        self._count = (order + 1) & 0xFFFFFFFF
        came(self._numbers, order, clock)
        return order

    def asked(self, order: int, clock: int, turnover: float) -> None:
        """What is known was asked for again."""
        asked(self._numbers, order, clock, turnover)

    def hit(self, order: int, size: int, count: int, clock: int, turnover: float) -> None:
        """An object was hit; size and count as `fared` takes them."""
        asked(self._numbers, order, clock, turnover)
        fared(self._numbers, size, count, 1.0)

    def left(self, size: int, count: int) -> None:
        """An object was evicted."""
        fared(self._numbers, size, count, 0.0)

    def _hold(self, known: Cohorts) -> None:
        self.known = known
        # Single numbers are read and written through these in half of numpy's time.
        self._numbers = tuple(part.data for part in known)
