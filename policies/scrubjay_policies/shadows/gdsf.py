"""GreedyDual-Size with Frequency (Cherkasova 1998), in a heap whose keys are mended on top.

A priority only rises while an object stays, so a key that is out of date is too low: whoever stands
on top with the priority that its key says is really the least.
"""

from __future__ import annotations

import math
from typing import Any

from scrubjay_policies.shadows.holders import enter, leave
from scrubjay_policies.shadows.state import (
    BY_SIZE,
    CREDIT,
    GAIN,
    GDSF,
    HELD,
    INFLATION,
    KEY,
    NOBODY,
    REQUESTED,
    WAITING,
    WAITS,
)


def hit(s: Any, slot: Any) -> None:
    """One more hit, on top of the inflation now."""
    s.marks[slot + REQUESTED] += 1
    s.floats[slot + CREDIT] = s.real[INFLATION]


def insert(s: Any, slot: Any) -> None:
    """Take in what there is room for."""
    s.marks[slot + REQUESTED] = 1
    s.floats[slot + CREDIT] = s.real[INFLATION]
    enter(s, slot, GDSF)
    # One that went and came back may have its old entry still, which is lower.
    if not s.marks[slot + WAITS]:
        s.marks[slot + WAITS] = 1
        s.floats[slot + KEY] = s.floats[slot + CREDIT] + s.floats[slot + GAIN]
        last = s.whole[WAITING]
        s.whole[WAITING] = last + 1
        _rise(s.heap, s.floats, last, slot)


def asks(s: Any, slot: Any) -> Any:
    """The priority of a newcomer, infinite where it may not be refused: for hits of bytes, as there
    a large one is worth its room."""
    return s.real[INFLATION] + s.floats[slot + GAIN] if s.real[BY_SIZE] else math.inf


def drop(s: Any, slot: Any) -> None:
    """It goes; its entry in the heap is found to be void when it comes up."""
    leave(s, slot, GDSF)


def evict(s: Any, mine: Any) -> Any:
    """The slot of what went; NOBODY where the newcomer, of priority `mine`, would be the next."""
    heap, floats = s.heap, s.floats
    while True:
        slot = heap[0]
        priority = s.floats[slot + CREDIT] + s.marks[slot + REQUESTED] * s.floats[slot + GAIN]
        gone = not s.marks[slot + HELD] & 1 << GDSF
        if not gone and priority > floats[slot + KEY]:
            floats[slot + KEY] = priority
            _sink(heap, floats, s.whole[WAITING], slot)
            continue
        if not gone and mine < priority:
            s.real[INFLATION] = max(s.real[INFLATION], mine)
            return NOBODY
        last = s.whole[WAITING] - 1
        s.whole[WAITING] = last
        s.marks[slot + WAITS] = 0
        if last:
            _sink(heap, floats, last, heap[last])
        if not gone:
            s.real[INFLATION] = priority
            drop(s, slot)
            return slot


def _rise(heap: Any, floats: Any, place: Any, slot: Any) -> None:
    """Put a slot into the hole at `place`, and up as long as it is less than what stands above."""
    mine = floats[slot + KEY]
    while place > 0:
        above = (place - 1) >> 1
        if floats[heap[above] + KEY] <= mine:
            break
        heap[place] = heap[above]
        place = above
    heap[place] = slot


def _sink(heap: Any, floats: Any, length: Any, slot: Any) -> None:
    """Put a slot into the hole on top, and down as long as something below is less."""
    mine, place = floats[slot + KEY], 0
    while True:
        below = 2 * place + 1
        if below >= length:
            break
        if below + 1 < length and floats[heap[below + 1] + KEY] < floats[heap[below] + KEY]:
            below += 1
        if floats[heap[below] + KEY] >= mine:
            break
        heap[place] = heap[below]
        place = below
    heap[place] = slot
