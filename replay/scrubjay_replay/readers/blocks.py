"""Pieces of a trace joined into blocks of a wanted length."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scrubjay_replay.trace import Trace, cut


class Blocks:
    """Takes pieces of any length, gives blocks of `rows` requests each."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.room = rows  # missing in the block that is being filled
        self._parts: list[Trace] = []

    def add(self, piece: Trace) -> Iterator[Trace]:
        """The blocks that are full now."""
        while len(piece.key) >= self.room:
            self._parts.append(cut(piece, 0, self.room))
            piece = cut(piece, self.room)
            yield from self.rest()
        if len(piece.key):
            self._parts.append(piece)
            self.room -= len(piece.key)

    def rest(self) -> Iterator[Trace]:
        """The block that is not full, if anything is in it."""
        if self._parts:
            at, key, size, ttl, cost, write = map(np.concatenate, zip(*self._parts, strict=True))
            self._parts, self.room = [], self.rows
            yield Trace(at, key, size, ttl, cost, write)
