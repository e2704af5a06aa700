"""Requests that stored responses answered, gathered by object until a shared store is told.

So many requests of one object come down to how many they were, when the last one was, and the last
gaps: with that a row becomes what it would have become request by request.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.store.packing import expires_in

SOON = 1024  # objects that are worth a write of their own
MOST = 8 * SOON  # objects that are kept while the store can't be asked

_PACKED = struct.Struct("<8s8s8sdddd")


class Used:
    """Requests of one object. `gap` is between its last two and `before` between the two before, 0
    where there were none; times are logical."""

    __slots__ = ("before", "count", "expires", "gap", "generation", "last", "shard")

    def __init__(self, stored: Stored, shard: int, clock: int) -> None:
        self.generation, self.expires, self.shard = stored.generation, stored.expires, shard
        self.count, self.last, self.gap, self.before = 1, clock, 0, 0

    def again(self, clock: int) -> None:
        """One more request."""
        self.before, self.gap, self.last = self.gap, clock - self.last, clock
        self.count += 1

    def then(self, later: Used) -> None:
        """More requests, all of them later."""
        between = later.last - later.gap - later.before - self.last
        gaps = {1: (self.gap, between), 2: (between, later.gap)}
        self.before, self.gap = gaps.get(later.count, (later.before, later.gap))
        self.count += later.count
        self.last, self.expires = later.last, later.expires

    def packed(self, id: int) -> bytes:
        """As the script that adds them to a row reads them."""
        expires = expires_in(self.expires)[1]
        names = id.to_bytes(8, "big"), self.generation.to_bytes(8, "big")
        return _PACKED.pack(*names, expires, self.count, self.last, self.gap, self.before)


class Accesses:
    """Bounded by objects; requests that there is no room for are counted as `dropped`. `shard_of`
    says where a key is."""

    def __init__(self, shard_of: Callable[[str], int], most: int = MOST) -> None:
        self.dropped = 0
        self._shard_of, self._most = shard_of, most
        self._used: dict[int, Used] = {}

    def __len__(self) -> int:
        return len(self._used)

    def used(self, stored: Stored, clock: int) -> bool:
        """Note a request that it answered; True: there are enough to be told at once."""
        used = self._used.get(stored.id)
        if used is not None and used.generation == stored.generation:
            used.again(clock)
            used.expires = stored.expires
            return False
        if used is None and len(self._used) >= self._most:
            self.dropped += 1
            return False
        self._used[stored.id] = Used(stored, self._shard_of(stored.key), clock)
        return len(self._used) >= SOON

    def take(self) -> dict[int, dict[int, Used]]:
        """All there are, by shard and id."""
        taken: dict[int, dict[int, Used]] = {}
        for id, used in self._used.items():
            taken.setdefault(used.shard, {})[id] = used
        self._used = {}
        return taken

    def keep(self, untold: dict[int, Used]) -> None:
        """These could not be told: once more, with what came meanwhile."""
        for id, used in untold.items():
            later = self._used.get(id)
            if later is None and len(self._used) >= self._most:
                self.dropped += used.count
            elif later is None or later.generation == used.generation:
                if later is not None:
                    used.then(later)
                self._used[id] = used
