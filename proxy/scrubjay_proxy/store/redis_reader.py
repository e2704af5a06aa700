"""From keys to responses and their bytes, all of them checked before they are used."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import xxhash

from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.ranges import Span
from scrubjay_proxy.store.base import StoreFailed, Vanished, object_id
from scrubjay_proxy.store.hot import Hot
from scrubjay_proxy.store.packing import Packed
from scrubjay_proxy.store.redis_keys import number
from scrubjay_proxy.store.redis_lookups import Drop, Lookups
from scrubjay_proxy.store.redis_shards import Shards
from scrubjay_proxy.store.redis_wire import settle

_GATHERED = 8  # bodies that are gathered at a time: each takes an eighth of the tier at most
_AHEAD = 4  # blocks that are asked for before the reader wants them


class Reader:
    """Looks things up; `drop` is told of what is garbled."""

    def __init__(self, shards: Shards, hot: Hot, drop: Drop) -> None:
        self.lookups = Lookups(shards, hot, drop)
        self._shards, self._hot, self._drop = shards, hot, drop
        self._gathered: set[int] = set()  # generations

    async def find(self, key: str) -> list[Packed]:
        """All variants stored under a key; they are hot from now on. Raises StoreFailed."""
        future: asyncio.Future[list[Packed]] = asyncio.get_running_loop().create_future()
        if not self.lookups.look(key, partial(settle, future)):
            place = self.lookups.place(key)
            await self._shards.get("find", place.shard, place.wanted)  # raises why
        return await future

    async def again(self, stored: Stored) -> Packed | None:
        """What is stored of this very generation, None where it is gone. Raises StoreFailed."""
        handed = self.lookups.handed.get(stored.id)
        if handed is not None and handed.stored.generation == stored.generation:
            return handed
        shard = self._shards.of(stored.key)
        wanted = (self._shards.keys[shard].object(stored.id),)
        (data,) = await self._shards.get("read", shard, wanted)
        if data is None:
            return None
        packed = self.lookups.unpacked(shard, stored.id, data)
        same = packed is not None and packed.stored.generation == stored.generation
        return packed if same else None

    def forget(self, stored: Stored) -> None:
        """It is gone, or not what it was."""
        self.lookups.forget(stored)
        self._hot.drop((stored.id, object_id(stored.key, ())))

    def distrust(self) -> None:
        """Something may be gone, and it can't be found out what."""
        self.lookups.clear()
        self._hot.clear()

    async def read(self, stored: Stored, span: Span) -> AsyncGenerator[bytes, None]:
        """The bytes of a span. Raises Vanished, before the first byte or later."""
        if (body := self._hot.body(stored)) is not None:
            yield body if span == (0, len(body)) else body[slice(*span)]
            return
        try:
            packed = await self.again(stored)
        except StoreFailed:
            raise Vanished(stored.key) from None
        if packed is None or (begin := place(packed.stored, span)) is None:
            raise Vanished(stored.key)
        end = begin + span[1] - span[0]
        if packed.body is None:
            with self._gathering(stored, span) as pieces:
                async for piece in self._from_blocks(packed, begin, end):
                    if pieces is not None:
                        pieces.append(piece)
                    yield piece
                if pieces is not None:
                    self._hot.keep(stored, b"".join(pieces))
        else:
            whole = (begin, end) == (0, len(packed.body))
            yield packed.body if whole else packed.body[begin:end]

    @contextmanager
    def _gathering(self, stored: Stored, span: Span) -> Iterator[list[bytes] | None]:
        """Where pieces that become hot are gathered: by one reader of a body, and of few bodies at
        a time, as slow readers would have all of it in memory. None: not by this one."""
        whole = stored.complete and span == (0, stored.length)
        free = stored.generation not in self._gathered and len(self._gathered) < _GATHERED
        if not (whole and free and self._hot.bears(stored.length)):
            yield None
            return
        self._gathered.add(stored.generation)
        try:
            yield []
        finally:
            self._gathered.discard(stored.generation)

    async def _from_blocks(
        self, packed: Packed, begin: int, end: int
    ) -> AsyncGenerator[bytes, None]:
        stored, shard = packed.stored, self._shards.of(packed.stored.key)
        keys = self._shards.keys[shard]
        coming: deque[tuple[int, asyncio.Task[list[Any]]]] = deque()
        wanted = [*touched([length for length, _ in packed.blocks], begin, end)]
        try:
            for place, (n, first, beyond) in enumerate(wanted):
                for ahead, _, _ in wanted[place + len(coming) : place + _AHEAD]:
                    get = "GET", keys.block(stored.generation, ahead)
                    got = self._shards.send("read", shard, get, bulk=packed.blocks[ahead][0])
                    coming.append((ahead, asyncio.ensure_future(got)))
                data = await self._checked(packed, n, coming.popleft()[1])
                yield data if beyond - first == len(data) else data[first:beyond]
        finally:
            for _, task in coming:
                task.cancel()

    async def _checked(self, packed: Packed, n: int, coming: asyncio.Task[list[Any]]) -> bytes:
        stored = packed.stored
        try:
            (data,) = await coming
        except StoreFailed:
            raise Vanished(stored.key) from None
        if isinstance(data, bytes):
            if (len(data), xxhash.xxh3_64_intdigest(data)) == packed.blocks[n]:
                return data
            self._shards.failed("read")
        # Garbled, or removed under the reader; in either case nothing is left of it afterwards.
        self._drop(self._shards.of(stored.key), stored.id, number(stored.generation))
        raise Vanished(stored.key)


def place(stored: Stored, span: Span) -> int | None:
    """Where a span begins among the bytes held, None where they are not all held."""
    before = 0
    for first, beyond in stored.parts:
        if first <= span[0] and span[1] <= beyond:
            return before + span[0] - first
        before += beyond - first
    return None


def touched(lengths: list[int], begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Blocks with bytes from `begin` to `end`: number, and the part of it as (first, beyond)."""
    before = 0
    for n, length in enumerate(lengths):
        first, beyond = max(begin - before, 0), min(end - before, length)
        if first < beyond:
            yield n, first, beyond
        before += length
