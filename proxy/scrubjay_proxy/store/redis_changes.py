"""Changes to what is stored: removed, renewed, purged; by this proxy, seen by all."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.store.base import Reason, Removed, Selector, StoreFailed
from scrubjay_proxy.store.hot import Hot
from scrubjay_proxy.store.packing import expires_in, pack
from scrubjay_proxy.store.redis_keys import number
from scrubjay_proxy.store.redis_purge import matching
from scrubjay_proxy.store.redis_reader import Reader
from scrubjay_proxy.store.redis_record import ROW
from scrubjay_proxy.store.redis_scripts import REMOVE, RENEW
from scrubjay_proxy.store.redis_shards import Shards

_OWED = 4096  # invalidations that are remembered while Redis can't be asked


class Changes:
    """`removed` is told of what this proxy removed, and of nothing that others did; `lease` is in
    seconds. While something is `owed`, what is stored may be invalid by now."""

    def __init__(
        self,
        shards: Shards,
        hot: Hot,
        *,
        lease: float,
        clock: Callable[[], float],
        removed: Removed,
    ) -> None:
        self.reader = Reader(shards, hot, self.drop)
        self.tasks: set[asyncio.Task[Any]] = set()
        self._shards, self._lease = shards, lease
        self._clock, self._removed = clock, removed
        self.owed: deque[Selector] = deque(maxlen=_OWED)

    async def renew(self, operation: str, stored: Stored) -> bool:
        """Replace what is known of this generation; whether it is still there. Raises
        StoreFailed."""
        packed = await self.reader.again(stored)
        if packed is None:
            return False
        shard = self._shards.of(stored.key)
        coming = self._shards.keys[shard].coming(secrets.randbits(64))
        data = pack(stored, packed.body or b"", packed.blocks)
        await self._shards.lease(shard, coming, data, self._lease)
        at, expires = expires_in(stored.expires)
        answer = await self._shards.run(
            operation, shard, RENEW, number(stored.id), number(stored.generation), ROW + at,
            expires, coming,
        )  # fmt: skip
        self.reader.forget(stored)
        return bool(answer[0] == b"done")

    async def free(self, operation: str, gone: Sequence[Stored], reason: Reason) -> list[int]:
        """Remove these generations, of one shard; bytes freed of each, -1 where somebody else
        was first. Raises StoreFailed."""
        pairs = [part for one in gone for part in (number(one.id), number(one.generation))]
        shard = self._shards.of(gone[0].key)
        _, freed = await self._shards.run(operation, shard, REMOVE, *pairs)
        for stored in gone:
            self.reader.forget(stored)
        for size in freed:
            if size >= 0:
                self._removed(reason, 1, size)
        return list(freed)

    async def purge(self, selector: Selector, *, soft: bool, reason: Reason) -> int:
        """Remove, or mark stale, all that match. What an unsafe request made invalid while Redis
        can't be asked is so once it can. Raises StoreFailed where it was people's order."""
        try:
            return await self._purge(selector, soft=soft, reason=reason)
        except StoreFailed:
            self.reader.distrust()
            if reason is not Reason.INVALIDATED:
                raise
            self.owed.append(selector)
            return 0

    async def settle(self) -> None:
        """Invalidate what could not be while Redis was away."""
        while self.owed:
            oldest = self.owed[0]
            try:
                await self._purge(oldest, soft=True, reason=Reason.INVALIDATED)
            except StoreFailed:
                return
            if self.owed[0] is oldest:  # else so many came that it was forgotten
                self.owed.popleft()

    def doubts(self, stored: Stored) -> bool:
        """Whether this may be such a response."""
        return any(
            stored.key in one.keys or one.names(stored.key) or one.labels(stored)
            for one in self.owed
        )

    async def _purge(self, selector: Selector, *, soft: bool, reason: Reason) -> int:
        done: set[int] = set()
        for key in dict.fromkeys(selector.keys):
            found = [packed.stored for packed in await self.reader.find(key)]
            await self._purge_all(found, done, soft=soft, reason=reason)
        for shard in range(len(self._shards.keys) if selector.searches else 0):
            async for found in matching(self._shards, shard, selector):
                await self._purge_all(found, done, soft=soft, reason=reason)
        return len(done)

    async def _purge_all(
        self, found: Sequence[Stored], done: set[int], *, soft: bool, reason: Reason
    ) -> None:
        found = [stored for stored in found if stored.id not in done]
        if not found:
            return
        if not soft:
            freed = await self.free("purge", found, reason)
            done.update(one.id for one, size in zip(found, freed, strict=True) if size >= 0)
            return
        unsafe, now = reason is Reason.INVALIDATED, self._clock()
        for stored in found:
            stale = replace(stored, invalid=unsafe, outdated=not unsafe, expires=now)
            if await self.renew("purge", stale):
                done.add(stored.id)

    def drop(self, shard: int, id: int, generation: bytes) -> None:
        """Remove what can't be right, so that it is fetched again."""
        self.spawn(self._dropped(shard, number(id), generation))

    async def _dropped(self, shard: int, id: bytes, generation: bytes) -> None:
        with suppress(StoreFailed):
            await self._shards.run("remove", shard, REMOVE, id, generation)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something beside what is going on."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task
