"""What the live cache and its shadows keep, as arrays: columns by slot, and single numbers.

A slot is known by the place of its first column, so all of them are multiples of `STRIDE`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

# The shadow caches, each with a bit in `HELD`; the last one is under the policy's own ranking.
NAMES = ("lru", "sieve", "s3fifo", "gdsf", "own")
LRU, SIEVE, S3FIFO, GDSF, OWN = range(5)
CACHES = 5
LIVE = 5  # the live cache has a bit, objects, bytes and hits as well
ALL = (1 << CACHES + 1) - 1  # bits

NOBODY = -1  # no slot, no cache
NEVER = -math.inf
STRIDE = 8

# The first slots are no objects but the ends of queues.
LRU_END, SIEVE_END, SMALL_END, MAIN_END, GHOST_END = range(0, 5 * STRIDE, STRIDE)
FIRST = 5 * STRIDE

# Columns of `links`: neighbours in the queues of LRU, of SIEVE and of S3-FIFO; where in `lives`.
NEWER, OLDER, LATER, EARLIER, AFTER, BEFORE, AT = range(7)

# Columns of `marks`: bits of those that hold it; visited in SIEVE; the queue of S3-FIFO that it is
# in, and its hits there; requests since GDSF took it in, and whether it stands in the heap; whether
# the live copy was renewed since its last request; hits that the own ranking was not told of yet.
HELD, VISITED, PLACE, FREQ, REQUESTED, WAITS, RENEWED, UNTOLD = range(8)

# Columns of `floats`: bytes, Unix seconds, seconds the origin took; for GDSF the worth of a hit
# over the size, the inflation at the last request, and a number that the priority is not below; the
# request at which it was last looked at in full.
SIZE, EXPIRES, LATENCY, GAIN, CREDIT, KEY, LOOKED = range(7)

# Places in `whole`.
MOST, RUNNING, LEADER, REQUESTS, SWITCHES, SINCE, DICE, STRAYS = range(8)
HAND, FULL, WAITING = range(8, 11)  # of SIEVE, S3-FIFO and GDSF
OBJECTS = 11  # in each cache, and in the live one
HITS = 17  # of each, and of the live one, besides those that all had
SHARED = 23  # hits that all had
EVERYBODY = 24  # the bits of all that run, and of the live cache
WAITING_HITS = 25  # of all objects, that the own ranking was not told of yet
WHOLES = 26

# Places in `real`.
CAPACITY, BY_SIZE, BY_COST, COST, INFLATION, SMALL_USED, GHOST_USED = range(7)
USED = 7  # bytes in each cache, and in the live one
SAVED = 13  # worth of the hits of each, and of the live one, besides those that all had
LEAD = 19  # worth of the hits that each had more than the followed one, lately
LACK = 24  # objects (or bytes) that each holds and the live one does not
WORTH, SQUARES = 29, 30  # running means of a hit's worth and of its square
SHARED_SAVED = 31  # worth of the hits that all had
PATIENCE = 32  # requests for which an object that all hold is not looked at again in full
REALS = 33


class State(NamedTuple):
    """Arrays: `array.array` in the proxy, numpy's in the compiled loop."""

    links: Any  # int32, by slot
    marks: Any  # int32, by slot
    floats: Any  # float64, by slot
    heap: Any  # int32: slots in GDSF's heap
    lives: Any  # int32: slots that the live cache holds, strays first
    whole: Any  # int64
    real: Any  # float64


# Type codes, as `array.array` and numpy have them, of what grows with the slots.
CODES = "iidii"
WIDTHS = (STRIDE, STRIDE, STRIDE, 1, 1)


def begin(s: State, capacity: int, most: int, shadows: tuple[str, ...], worth: Any) -> None:
    """Make arrays of zeros empty caches of so many bytes and objects; the first of `shadows`
    is followed; `worth` has the exponents of size and of cost."""
    s.real[CAPACITY], s.whole[MOST] = float(capacity), most
    s.real[BY_SIZE], s.real[BY_COST] = float(worth[0]), float(worth[1])
    s.whole[LEADER] = NAMES.index(shadows[0])
    s.whole[RUNNING] = sum(1 << NAMES.index(name) for name in shadows)
    s.whole[EVERYBODY] = s.whole[RUNNING] | 1 << LIVE
    s.whole[HAND] = SIEVE_END
    s.real[WORTH] = s.real[SQUARES] = 1.0
    ends = (
        (LRU_END, NEWER, OLDER),
        (SIEVE_END, LATER, EARLIER),
        (SMALL_END, AFTER, BEFORE),
        (MAIN_END, AFTER, BEFORE),
        (GHOST_END, AFTER, BEFORE),
    )
    for end, newer, older in ends:
        s.links[end + newer] = s.links[end + older] = end
