"""What comes after: the next request of each key, for policies that know the future."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def next_use(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position of the next request of the same key; -1 where there is none."""
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    found = np.full(len(key), -1, np.int64)
    found[order[again]] = order[again + 1]
    return found
