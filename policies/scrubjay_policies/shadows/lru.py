"""Least recently used."""

from __future__ import annotations

from typing import Any

from scrubjay_policies.shadows.holders import enter, leave
from scrubjay_policies.shadows.queues import pull, push, renew
from scrubjay_policies.shadows.state import (
    LRU,
    LRU_END,
    NEWER,
    OLDER,
)


def hit(s: Any, slot: Any) -> None:
    """It becomes the newest."""
    renew(s.links, NEWER, OLDER, LRU_END, slot)


def insert(s: Any, slot: Any) -> None:
    """Take in what there is room for."""
    push(s.links, NEWER, OLDER, LRU_END, slot)
    enter(s, slot, LRU)


def drop(s: Any, slot: Any) -> None:
    """It goes."""
    pull(s.links, NEWER, OLDER, slot)
    leave(s, slot, LRU)


def evict(s: Any) -> None:
    """The oldest goes."""
    drop(s, s.links[LRU_END + NEWER])
