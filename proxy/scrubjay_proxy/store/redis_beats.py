"""What this proxy's requests change in the books of all, told every now and then and not each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from scrubjay_policies.judge import Judge
from scrubjay_policies.rows import views
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.store.accesses import Accesses, Used
from scrubjay_proxy.store.base import StoreFailed
from scrubjay_proxy.store.packing import unpack_rows
from scrubjay_proxy.store.redis_scripts import BEAT, TOUCH
from scrubjay_proxy.store.redis_shards import Shards

_AT_ONCE = 128  # objects that one script touches: lookups of others wait for it


class Beats:
    """Every `flush` seconds, or as soon as it is worth it: the clock, and who was asked for.

    `gone` hears the ids of what was used and is not there any more, or not as it was.
    """

    def __init__(
        self, shards: Shards, judge: Judge, gone: Callable[[Iterable[int]], None], flush: float
    ) -> None:
        self.accesses = Accesses(shards.of)
        self._shards, self._judge, self._gone, self._flush = shards, judge, gone, flush
        self._seen = 0  # requests since the last beat
        self._told = judge.inflation  # at the last beat
        self._dropped = 0  # accesses, of which that was counted as a failure
        self._enough = asyncio.Event()

    def seen(self) -> None:
        """Count a request that looked into the cache."""
        self._judge.clock += 1
        self._seen += 1

    def used(self, stored: Stored) -> None:
        """Note that a stored response answered a request."""
        if self.accesses.used(stored, self._judge.clock):
            self._enough.set()

    async def wait(self) -> None:
        """Until it is time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._enough.wait(), self._flush)
        self._enough.clear()

    async def beat(self) -> None:
        """Tell every shard what there was, and hear what it holds. What a shard can't be told
        now it is told the next time."""
        seen, self._seen = self._seen, 0
        grown, self._told = self._judge.inflation - self._told, self._judge.inflation
        taken = self.accesses.take()
        count = len(self._shards.keys)
        heard, _ = await asyncio.gather(
            asyncio.gather(*(self._clock(shard, seen, grown) for shard in range(count))),
            asyncio.gather(*(self._touch(shard, used) for shard, used in taken.items())),
        )
        self._inflate([inflation for inflation in heard if inflation is not None])
        if self.accesses.dropped > self._dropped:
            self._dropped = self.accesses.dropped
            self._shards.failed("accesses")

    async def _clock(self, shard: int, seen: int, grown: float) -> float | None:
        """Set the clock by a shard's, and give the inflation that it knows of."""
        judge = self._judge
        try:
            told = await self._shards.run(
                "accesses", shard, BEAT, seen, judge.clock, grown, self._told
            )
        except StoreFailed:
            return None
        judge.clock = max(judge.clock, int(told[1]) + self._seen)
        return float(told[2])

    def _inflate(self, heard: Sequence[float]) -> None:
        """What all proxies made of it, and what this one has made of it since it asked. A shard
        that was away knows of less."""
        if heard:
            since = self._judge.inflation - self._told
            self._told = max(heard)
            self._judge.inflation = self._told + since

    async def _touch(self, shard: int, used: dict[int, Used]) -> None:
        pairs = [*used.items()]
        for first in range(0, len(pairs), _AT_ONCE):
            batch = pairs[first : first + _AT_ONCE]
            packed = [one.packed(id) for id, one in batch]
            try:
                told = await self._shards.run(
                    "accesses", shard, TOUCH, self._judge.inflation, *packed
                )
            except StoreFailed:
                self.accesses.keep(dict(pairs[first:]))
                return
            _, strange, before = told
            self._gone(_ids(strange))
            self._judged(before, [one.count for _, one in batch])

    def _judged(self, before: Sequence[bytes], counts: Sequence[int]) -> None:
        """The judge sees the rows of what was hit; only the books in Redis are changed."""
        there = [(row, count) for row, count in zip(before, counts, strict=True) if row]
        if not there:
            return
        numbers = views(unpack_rows([row for row, _ in there]))
        for slot, (_, count) in enumerate(there):
            self._judge.hit(numbers, slot)
            if count > 1:
                self._judge.climate.hits(count - 1)


def _ids(packed: bytes) -> list[int]:
    return [int.from_bytes(packed[at : at + 8], "big") for at in range(0, len(packed), 8)]
