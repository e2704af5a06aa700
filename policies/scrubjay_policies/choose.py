"""Whom to evict, out of a sample: arithmetic, nothing else."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies.policy import Numbers

Sizes = NDArray[np.float64]


class Choice(NamedTuple):
    """Positions in the sample, least worthy first; or the newcomer is worth least."""

    victims: tuple[int, ...]
    refused: bool = False


def choose_victims(
    worth: Numbers,
    slots: NDArray[np.intp],
    sizes: Sizes,
    *,
    need: float,
    batch: int,
    least: int = 1,
) -> Choice:
    """The fewest of the least worthy that free `need` bytes, at least `least`, at most `batch`
    or as many as that.

    `worth`, float32 of shape (k,), one for each of `slots`; a slot drawn twice counts once.
    One more value than slots is the newcomer's: it is refused where it comes before enough
    is free. Ties fall to what was drawn first.
    """
    if (
        least == 1
        and len(worth)
        and (first := _first(worth)) < len(slots)
        and (batch == 1 or sizes[first] >= need)
    ):
        return Choice((first,))
    chosen: list[int] = []
    taken: set[int] = set()
    freed = 0.0
    for position in np.argsort(worth, kind="stable").tolist():
        if position == len(slots):
            # Enough is free, and more was only to be taken ahead.
            return Choice(tuple(chosen)) if chosen and freed >= need else Choice((), refused=True)
        slot = int(slots[position])
        if slot in taken:
            continue
        taken.add(slot)
        chosen.append(position)
        freed += sizes[position]
        if len(chosen) >= least and (freed >= need or len(chosen) >= batch):
            break
    return Choice(tuple(chosen))


def _first(worth: Numbers) -> int:
    """Where the least worth stands, found without sorting; beyond all where something is no number,
    as that comes last when sorted, and here first."""
    position = int(worth.argmin())
    return len(worth) if np.isnan(worth[position]) else position
