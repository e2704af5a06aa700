"""Seeded random draws that come out the same in numpy and in compiled scalar code.

Counter-based splitmix64 (Steele, Lea, Flood 2014): draw number p of a seed depends on
nothing but the seed and p, so there is no state to keep in step.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_MASK = 2**64 - 1
_WORD = np.array(32, np.uint64)
_BLOCK = 64  # counters


def draws(seed: int, counter: int, k: int, n: int) -> NDArray[np.intp]:
    """Draws `counter * k` to `counter * k + k - 1` of a seed, as indices into n things.

    With replacement; n is at most 2**32.
    """
    block, place = divmod(counter, _BLOCK)
    z = _words(seed, block, k)[place] * n
    z >>= _WORD
    found: NDArray[np.intp] = z.view(np.intp)
    return found


@lru_cache(maxsize=16)
def _words(seed: int, block: int, k: int) -> NDArray[np.uint64]:
    """Numbers of 32 bits for a block of counters: numpy takes as long for ten times as many."""
    z = np.arange(1, _BLOCK * k + 1, dtype=np.uint64)
    z += np.uint64(block * _BLOCK * k & _MASK)
    z *= np.uint64(_GOLDEN)
    z += np.uint64(seed & _MASK)
    z ^= z >> np.uint64(30)
    z *= np.uint64(_FIRST)
    z ^= z >> np.uint64(27)
    z *= np.uint64(_SECOND)
    z ^= z >> np.uint64(31)
    z >>= _WORD
    return z.reshape(_BLOCK, k)


def draw(seed: int, position: int, n: int) -> int:
    """One draw: the scalar twin of `draws`."""
    z = (seed + (position + 1) * _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    z ^= z >> 31
    return ((z >> 32) * n) >> 32
