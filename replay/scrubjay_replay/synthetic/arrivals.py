"""When requests come: a Poisson process, its rate constant or following the hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.synthetic.draws import Draws

PEAK = 20 / 24  # of the day; a trace begins at midnight
STEPS = 24 * 60 * 4  # of the day, where its curve is inverted


@dataclass(frozen=True, slots=True)
class Times:
    """The moments of some requests, in seconds, and how long a day is."""

    at: NDArray[np.float64]
    day: float

    def __len__(self) -> int:
        return len(self.at)

    @property
    def hour(self) -> NDArray[np.int64]:
        """0 to 23."""
        return (self.at / self.day % 1.0 * 24).astype(np.int64)


def arrivals(draws: Draws, count: int, *, rate: float, swing: float, day: float) -> Times:
    """Moments in whole microseconds, the first at 0."""
    gaps = draws.random(count)
    np.negative(gaps, out=gaps)
    np.log1p(gaps, out=gaps)
    gaps *= -1e9 / rate  # nanoseconds: sums of whole numbers are the same on every machine
    gaps[:1] = 0
    at = np.cumsum(np.rint(gaps, out=gaps).astype(np.int64)) / 1e9
    return Times(np.round(with_hours(at, swing, day) if swing else at, 6), day)


def with_hours(even: NDArray[np.float64], swing: float, day: float) -> NDArray[np.float64]:
    """Moments at a constant rate moved so that the rate is 1 + swing * cos(t - peak) of it."""
    clock = np.linspace(0.0, 1.0, STEPS + 1)
    turn = 2 * np.pi
    wave = np.sin(turn * (clock - PEAK)) + np.sin(turn * PEAK)
    passed = clock + swing / turn * wave  # share of the day's requests up to that time
    days = np.floor(even / day)
    return np.interp(even / day - days, passed, clock) * day + days * day
