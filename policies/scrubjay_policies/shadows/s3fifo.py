"""S3-FIFO (Yang et al. 2023): a small queue that most leave for good, a main one, a ghost queue.

With the published parameters: a tenth of the bytes for the small queue, two hits to leave it for
the main one, up to three hits counted there, ghosts for nine tenths of the capacity. What is as
large as the small queue is not taken in.
"""

from __future__ import annotations

from typing import Any

from scrubjay_policies.shadows.holders import enter, leave
from scrubjay_policies.shadows.queues import pull, push
from scrubjay_policies.shadows.state import (
    AFTER,
    BEFORE,
    CAPACITY,
    FREQ,
    FULL,
    GHOST_END,
    GHOST_USED,
    MAIN_END,
    PLACE,
    S3FIFO,
    SIZE,
    SMALL_END,
    SMALL_USED,
    USED,
)

NOWHERE, SMALL, MAIN, GHOST = range(4)
PROMOTED, COUNTED = 2, 3


def hit(s: Any, slot: Any) -> None:
    """Counted, as far as counts go."""
    if s.marks[slot + FREQ] < COUNTED:
        s.marks[slot + FREQ] += 1


def takes(s: Any, slot: Any) -> Any:
    """Whether it would be taken in."""
    return s.floats[slot + SIZE] < s.real[CAPACITY] // 10


def insert(s: Any, slot: Any) -> None:
    """Take in what there is room for."""
    size = s.floats[slot + SIZE]
    back = s.marks[slot + PLACE] == GHOST
    if back:
        forget(s, slot)
    full = not s.whole[FULL] and s.real[SMALL_USED] >= s.real[CAPACITY] // 10
    if back or full:
        push(s.links, AFTER, BEFORE, MAIN_END, slot)
        s.marks[slot + PLACE] = MAIN
    else:
        push(s.links, AFTER, BEFORE, SMALL_END, slot)
        s.marks[slot + PLACE] = SMALL
        s.real[SMALL_USED] += size
    s.marks[slot + FREQ] = 0
    enter(s, slot, S3FIFO)


def forget(s: Any, slot: Any) -> None:
    """It is no ghost any more."""
    pull(s.links, AFTER, BEFORE, slot)
    s.marks[slot + PLACE] = NOWHERE
    s.real[GHOST_USED] -= s.floats[slot + SIZE]


def drop(s: Any, slot: Any) -> None:
    """It goes, and is no ghost."""
    pull(s.links, AFTER, BEFORE, slot)
    if s.marks[slot + PLACE] == SMALL:
        s.real[SMALL_USED] -= s.floats[slot + SIZE]
    s.marks[slot + PLACE] = NOWHERE
    leave(s, slot, S3FIFO)


def evict(s: Any) -> None:
    """One goes, from the queue whose turn it is."""
    s.whole[FULL] = 1
    capacity, small = s.real[CAPACITY], s.real[SMALL_USED]
    main = small == 0 or s.real[USED + S3FIFO] - small > capacity - capacity // 10
    if main or not _evict_small(s):
        _evict_main(s)


def _evict_small(s: Any) -> Any:
    """The oldest that nobody came back for, if any; the others before it move to the main queue."""
    while s.links[SMALL_END + AFTER] != SMALL_END:
        slot = s.links[SMALL_END + AFTER]
        if s.marks[slot + FREQ] < PROMOTED:
            drop(s, slot)
            _haunt(s, slot)
            return True
        pull(s.links, AFTER, BEFORE, slot)
        push(s.links, AFTER, BEFORE, MAIN_END, slot)
        s.marks[slot + PLACE], s.marks[slot + FREQ] = MAIN, 0
        s.real[SMALL_USED] -= s.floats[slot + SIZE]
    return False


def _haunt(s: Any, slot: Any) -> None:
    """It becomes the newest ghost, and the oldest make room."""
    capacity = s.real[CAPACITY]
    most = capacity - capacity // 10
    while (
        s.real[GHOST_USED] + s.floats[slot + SIZE] > most
        and s.links[GHOST_END + AFTER] != GHOST_END
    ):
        forget(s, s.links[GHOST_END + AFTER])
    push(s.links, AFTER, BEFORE, GHOST_END, slot)
    s.marks[slot + PLACE] = GHOST
    s.real[GHOST_USED] += s.floats[slot + SIZE]


def _evict_main(s: Any) -> None:
    """The oldest without a hit; each hit spares it one round."""
    slot = s.links[MAIN_END + AFTER]
    while s.marks[slot + FREQ] > 0:
        s.marks[slot + FREQ] -= 1
        pull(s.links, AFTER, BEFORE, slot)
        push(s.links, AFTER, BEFORE, MAIN_END, slot)
        slot = s.links[MAIN_END + AFTER]
    drop(s, slot)
