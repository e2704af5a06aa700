"""The store that proxies share: all that is held lies in Redis, and the policies judge it there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from scrubjay_policies.judge import Judge
from scrubjay_policies.policy import Policy
from scrubjay_policies.shadows.report import Report
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.ranges import Span, merge
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.store.base import (
    Asked,
    Part,
    Reason,
    Removed,
    Selector,
    StoreFailed,
    Take,
    Usage,
    Vanished,
    joins,
    object_id,
)
from scrubjay_proxy.store.hot import Hot
from scrubjay_proxy.store.packing import pack
from scrubjay_proxy.store.redis_beats import Beats
from scrubjay_proxy.store.redis_changes import Changes
from scrubjay_proxy.store.redis_fit import begin
from scrubjay_proxy.store.redis_room import Newcomer, Room
from scrubjay_proxy.store.redis_shards import Shards
from scrubjay_proxy.store.redis_told import follow
from scrubjay_proxy.store.redis_writer import BLOCK, INLINE, Blocks, RedisWriter

LEASE = 10.0  # seconds that what a dead proxy has begun to write stays in Redis
_FILLING = 16 * 2**20  # bytes that may be on their way in however small the cache is


class RedisStore:
    """Bounded by bytes of bodies and by number of objects, both checked in Redis.

    What was read lately is kept in the process as well, `hot` bytes of it. Where Redis fails
    nothing else is found and nothing is taken in, so that the origin is asked. Bodies on their way
    in are bounded apart, by `max_filling` for each proxy.
    """

    def __init__(
        self,
        shards: Shards,
        judge: Judge,
        *,
        max_object: int,
        max_variants: int,
        flush: float,
        hot: int = 0,
        lease: float = LEASE,
        clock: Callable[[], float],
        removed: Removed = lambda *_: None,
    ) -> None:
        self.asked: Asked | None = None
        self.take: Take | None = None
        self.max_object = max_object
        self.filling = 0
        self.max_filling = max(judge.capacity, _FILLING)
        self._shards, self._judge = shards, judge
        shards.remembers = judge.policy.remembers
        self._lease = lease
        self._clock, self._removed = clock, removed
        self._hot = Hot(hot)
        follow(shards.link, shards.channel, self._hot)
        self._changes = Changes(shards, self._hot, lease=lease, clock=clock, removed=removed)
        self._lookups = self._changes.reader.lookups
        self._room = Room(
            shards, judge, max_variants=max_variants, clock=clock, removed=removed,
            drop=self._changes.drop,
        )  # fmt: skip
        self.beats = Beats(shards, judge, self._hot.drop, flush)

    # Starting and ending.

    async def start(self) -> None:
        """Connect, and look whether this Redis will do."""
        await begin(self._shards, self._judge.capacity)
        self.max_object = min(self.max_object, self._shards.capacity)
        self._changes.spawn(self._keep_telling())

    async def stop(self) -> None:
        """Write what is still to be written, and let go."""
        tasks = [*self._changes.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.beats.beat()
        await self._shards.link.stop()

    async def _keep_telling(self) -> None:
        while True:
            if self._shards.link.up:
                await self.beats.beat()
                await self._changes.settle()
            await self.beats.wait()

    # What the flow asks for.

    async def find(self, key: str) -> Sequence[Stored]:
        """All variants stored under a key; none where Redis can't be asked."""
        if (known := self.peek(key)) is not None:
            return known
        try:
            found = [packed.stored for packed in await self._changes.reader.find(key)]
            return [one for one in found if not self._changes.doubts(one)]
        except StoreFailed:
            return ()

    def peek(self, key: str) -> Sequence[Stored] | None:
        """The variants, where this process knows them."""
        if self._changes.owed:
            return None
        if self._lookups.now and (found := self._lookups.now.get(key)) is not None:
            return found
        return self._hot.find(key) if self._hot.on else None

    def prepare(self, key: str, done: Callable[[], bool]) -> bool:
        """Look it up for whoever can't wait; not where something is to be settled before."""
        return not self._changes.owed and self._lookups.prepare(key, done)

    def body(self, stored: Stored) -> bytes | None:
        """The whole body, where this process has it."""
        if self._hot.on and (body := self._hot.body(stored)) is not None:
            return body
        handed = self._lookups.handed.get(stored.id)
        if handed is None or handed.stored.generation != stored.generation:
            return None
        return handed.body if stored.complete else None

    def seen(self) -> None:
        """Count a request that looked into the cache."""
        self.beats.seen()

    def used(self, stored: Stored) -> None:
        """Note that a stored response answered a request."""
        self.beats.used(stored)
        if self.asked is not None:
            self.asked(stored, sum(beyond - first for first, beyond in stored.parts))

    def read(self, stored: Stored, span: Span) -> AsyncGenerator[bytes, None]:
        """The bytes of a span, in one piece or by blocks."""
        return self._changes.reader.read(stored, span)

    @asynccontextmanager
    async def write(
        self, stored: Stored, length: int | None, first: int = 0
    ) -> AsyncIterator[RedisWriter]:
        """Begin to take a response in."""
        shard = self._shards.of(stored.key)
        blocks = Blocks(self._shards, shard, secrets.randbits(64), self._lease)
        writer = RedisWriter(self, blocks, first, streams=stored.complete)
        if length is not None and length > self.max_object:
            writer.why = Why.TOO_LARGE
        try:
            yield writer
        finally:
            writer.drop()
            if blocks.left:
                await asyncio.shield(blocks.drop())

    async def refresh(self, stored: Stored) -> None:
        """Replace what is known of a stored response."""
        try:
            await self._changes.renew("refresh", stored)
        except StoreFailed:
            return

    async def remove(self, stored: Stored, reason: Reason) -> int:
        """Remove this generation of a response."""
        try:
            (freed,) = await self._changes.free("remove", [stored], reason)
            return max(0, freed)
        except StoreFailed:
            return 0

    async def purge(self, selector: Selector, *, soft: bool, reason: Reason) -> int:
        """Remove, or mark stale, all that match."""
        return await self._changes.purge(selector, soft=soft, reason=reason)

    @property
    def policy(self) -> Policy:
        """What it evicts by."""
        return self._judge.policy

    def use(self, policy: Policy) -> None:
        """Evict by another policy from now on."""
        self._judge.use(policy)
        self._shards.remembers = policy.remembers

    def report(self) -> Report | None:
        """None: shadow caches would have to see the requests of all proxies."""
        return None

    def usage(self) -> Usage:
        """What it held when a script last said so."""
        shards = self._shards
        return Usage(
            sum(shards.used), sum(shards.objects), self._judge.capacity, self.filling,
            up=shards.link.up,
        )  # fmt: skip

    # What its parts ask for.

    async def take_in(self, stored: Stored, first: int, body: bytes, blocks: Blocks) -> Why | None:
        """Take in a response whose blocks have left and whose last bytes are `body`."""
        try:
            why = await self._take_in(stored, first, body, blocks)
        except StoreFailed:
            return Why.STORE
        self._changes.reader.forget(stored)
        if why is None:
            blocks.keep()
        return why

    async def _take_in(self, stored: Stored, first: int, body: bytes, blocks: Blocks) -> Why | None:
        if stored.complete:
            spans: tuple[Span, ...] = ((0, blocks.size + len(body)),)
        else:
            parts = await self._joined(stored, (first, body))
            spans = tuple((begin, begin + len(data)) for begin, data in parts)
            body = b"".join(data for _, data in parts)
        if blocks.sent or len(body) > INLINE:
            for at in range(0, len(body), BLOCK):
                await blocks.send(body[at : at + BLOCK])
            body = b""
        size = sum(beyond - begin for begin, beyond in spans)
        if self.asked is not None:
            self.asked(stored, size)
        kept = replace(stored, parts=spans, generation=blocks.generation)
        new = Newcomer(
            shard=blocks.shard,
            id=stored.id,
            base=object_id(stored.key, ()),
            generation=blocks.generation,
            blocks=len(blocks.sent),
            size=size,
            expires=stored.expires,
            cost=max(0.0, stored.times.received - stored.times.requested),
        )
        return await self._room.take_in(new, blocks.arrive(pack(kept, body, blocks.sent)))

    async def _joined(self, stored: Stored, part: Part) -> list[Part]:
        """The new part, with the stored ones of the very same representation (RFC 9111, 3.4)."""
        found = await self._changes.reader.find(stored.key)
        before = next((one.stored for one in found if one.stored.id == stored.id), None)
        if before is None or not joins(before, stored):
            return [part]
        held: list[Part] = []
        try:
            for span in before.parts:
                pieces = [piece async for piece in self._changes.reader.read(before, span)]
                held.append((span[0], b"".join(pieces)))
        except Vanished:
            return [part]
        return merge([*held, part])
