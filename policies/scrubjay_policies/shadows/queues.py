"""Queues in two columns of neighbours: a ring through an `end`, between newest and oldest."""

from __future__ import annotations

from typing import Any


def push(links: Any, newer: Any, older: Any, end: Any, slot: Any) -> None:
    """Put in as the newest; `newer` and `older` are the columns."""
    newest = links[end + older]
    links[newest + newer] = slot
    links[slot + older] = newest
    links[slot + newer] = end
    links[end + older] = slot


def renew(links: Any, newer: Any, older: Any, end: Any, slot: Any) -> None:
    """Move to the newest's place."""
    after, before, newest = links[slot + newer], links[slot + older], links[end + older]
    if newest != slot:
        links[before + newer] = after
        links[after + older] = before
        links[newest + newer] = links[end + older] = slot
        links[slot + older] = newest
        links[slot + newer] = end


def pull(links: Any, newer: Any, older: Any, slot: Any) -> None:
    """Take out, wherever it stands."""
    after, before = links[slot + newer], links[slot + older]
    links[before + newer] = after
    links[after + older] = before
