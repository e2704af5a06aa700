"""What evicting an object costs, seen afterwards: the labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Waits = NDArray[np.float32]  # turnovers until the next use, inf where none comes


def waits(
    distance: NDArray[np.float64],
    turnover: NDArray[np.float64],
    seconds: NDArray[np.float64],
    lifetime: NDArray[np.float64],
) -> Waits:
    """Turnovers until the next use: `distance` is in requests, `seconds` is the same on the clock.

    What is asked for only after it has expired was not worth keeping: inf.
    """
    found = np.where(seconds < lifetime, distance / turnover, np.inf)
    return found.astype(np.float32)


def chance(wait: Waits, horizon: float, unseen: float) -> NDArray[np.float32]:
    """What the network estimates, 1 for a use at once: exp(-wait / horizon), 0 from `unseen` on.

    This is also what evicting the object loses: the reward of that action is minus this.
    """
    return np.where(wait < unseen, np.exp(-wait / np.float32(horizon)), 0.0).astype(np.float32)


def log_wait(wait: Waits, unseen: float) -> NDArray[np.float32]:
    """Natural logarithm of the wait, between a thousandth of a turnover and `unseen`."""
    found: NDArray[np.float32] = np.log(np.clip(wait, 1e-3, unseen)).astype(np.float32)
    return found
