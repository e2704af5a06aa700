"""Random numbers by purpose: each has a stream of its own, so that none moves another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Draws:
    """A seed and a place below it; the same place always gives the same numbers."""

    seed: int
    place: tuple[int, ...] = ()

    def of(self, *place: int) -> Draws:
        """The stream for one purpose below this one."""
        return Draws(self.seed, (*self.place, *place))

    def generator(self) -> np.random.Generator:
        """For draws in a loop; take `random()` of it alone, which numpy keeps as it is."""
        return np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=self.place))
        )

    def random(self, count: int) -> NDArray[np.float64]:
        """Evenly in [0, 1)."""
        return self.generator().random(count)

    def below(self, limit: int, count: int) -> NDArray[np.int64]:
        """Whole numbers from 0 up to, not including, `limit`."""
        return (self.random(count) * limit).astype(np.int64)

    def happens(self, chance: float, count: int) -> NDArray[np.bool_]:
        """True with that probability."""
        return self.random(count) < chance


def ranks(draws: Draws, count: int, objects: int, alpha: float) -> NDArray[np.int64]:
    """Zipf: rank r (from 0) has a probability proportional to 1 / (r + 1) ** alpha."""
    cumulated = np.cumsum(np.arange(1, objects + 1, dtype=np.float64) ** -alpha)
    found: NDArray[np.int64] = np.searchsorted(cumulated, draws.random(count) * cumulated[-1])
    return found
