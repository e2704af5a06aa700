"""SIEVE (Zhang et al. 2024): a hand walks from old to new and spares, once, what was visited."""

from __future__ import annotations

from typing import Any

from scrubjay_policies.shadows.holders import enter, leave
from scrubjay_policies.shadows.queues import pull, push
from scrubjay_policies.shadows.state import (
    EARLIER,
    HAND,
    LATER,
    SIEVE,
    SIEVE_END,
    VISITED,
)


def hit(s: Any, slot: Any) -> None:
    """It was visited."""
    s.marks[slot + VISITED] = 1


def insert(s: Any, slot: Any) -> None:
    """Take in what there is room for."""
    push(s.links, LATER, EARLIER, SIEVE_END, slot)
    s.marks[slot + VISITED] = 0
    enter(s, slot, SIEVE)


def drop(s: Any, slot: Any) -> None:
    """It goes; the hand moves on where it stood there."""
    if s.whole[HAND] == slot:
        s.whole[HAND] = s.links[slot + LATER]
    pull(s.links, LATER, EARLIER, slot)
    leave(s, slot, SIEVE)


def evict(s: Any) -> None:
    """The first that the hand finds not visited goes."""
    slot = s.whole[HAND]
    while slot == SIEVE_END or s.marks[slot + VISITED]:
        if slot != SIEVE_END:
            s.marks[slot + VISITED] = 0
        slot = s.links[slot + LATER]
    s.whole[HAND] = slot
    drop(s, slot)
