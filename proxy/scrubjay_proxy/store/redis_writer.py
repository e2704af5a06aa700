"""A body on its way into Redis: a large one leaves in blocks while it arrives."""

from __future__ import annotations

import asyncio
from typing import Protocol

import xxhash

from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.store.base import StoreFailed
from scrubjay_proxy.store.redis_shards import Shards

INLINE = 32 * 2**10  # the largest body that is kept together with what is known of it, bytes
BLOCK = 256 * 2**10
_COLLAPSED = 2**20  # bytes that readers may still join in at when the store has failed

Block = tuple[int, int]  # length and checksum


class Home(Protocol):
    """The store, as far as its writers need it."""

    max_object: int
    max_filling: int
    filling: int

    async def take_in(self, stored: Stored, first: int, body: bytes, blocks: Blocks) -> Why | None:
        """Make a response visible; the reason where it is refused."""


class Blocks:
    """Blocks of one body under one generation, leased until they are published.

    Whoever dies while it writes leaves nothing behind once the lease, in seconds, is over.
    """

    def __init__(self, shards: Shards, shard: int, generation: int, lease: float) -> None:
        self.shard, self.generation = shard, generation
        self.sent: list[Block] = []
        self._lease = lease
        self._shards = shards
        self._renewal: asyncio.Task[None] | None = None
        self._arriving: asyncio.Task[None] | None = None

    async def send(self, data: bytes) -> None:
        """The next block. Raises StoreFailed."""
        key = self._shards.keys[self.shard].block(self.generation, len(self.sent))
        self.sent.append((len(data), xxhash.xxh3_64_intdigest(data)))
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._renew())
        await self._shards.lease(self.shard, key, data, self._lease)

    def arrive(self, data: bytes) -> asyncio.Task[None]:
        """The object string, which goes last; the task ends with StoreFailed where it failed."""
        key = self._shards.keys[self.shard].coming(self.generation)
        sending = self._shards.lease(self.shard, key, data, self._lease)
        self._arriving = asyncio.get_running_loop().create_task(sending)
        self._arriving.add_done_callback(_noted)
        return self._arriving

    async def _renew(self) -> None:
        """An origin may take longer than the lease."""
        while True:
            await asyncio.sleep(self._lease / 3)
            lease = int(self._lease * 1000)
            commands = [("PEXPIRE", key, lease) for key in self._names()]
            try:
                await self._shards.send("write", self.shard, *commands)
            except StoreFailed:
                continue  # what is lost shows when it is published

    @property
    def left(self) -> bool:
        """Whether anything lies in Redis that is not published."""
        return bool(self.sent or self._arriving)

    @property
    def size(self) -> int:
        """Bytes that have left."""
        return sum(length for length, _ in self.sent)

    def keep(self) -> None:
        """They are published."""
        self._settle()
        self.sent, self._arriving = [], None

    def _settle(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None

    async def drop(self) -> None:
        """Remove what has left, at once. The lease sees to what can't be removed."""
        self._settle()
        names, self.sent, self._arriving = self._names(), [], None
        try:
            await self._shards.send("write", self.shard, *(("UNLINK", key) for key in names))
        except StoreFailed:
            return

    def _names(self) -> list[bytes]:
        keys = self._shards.keys[self.shard]
        coming = [keys.coming(self.generation)] if self._arriving else []
        return [keys.block(self.generation, n) for n in range(len(self.sent))] + coming


class RedisWriter:
    """What comes in, held here until a block is full, or to the end where it is but a part.

    Where Redis fails, a small body is gathered all the same, so that whoever asks for it meanwhile
    can join; it is refused at the end.
    """

    def __init__(self, home: Home, blocks: Blocks, first: int, *, streams: bool) -> None:
        self.why: Why | None = None
        self._home, self._blocks, self._first = home, blocks, first
        self._streams = streams
        self._pieces: list[bytes] = []
        self._gathered = self._size = 0
        self._failed = False

    async def add(self, data: bytes) -> None:
        """Append bytes, until they are too many."""
        if self.why is not None:
            return
        home = self._home
        self._size += len(data)
        home.filling += len(data)
        if self._size > home.max_object:
            self.why = Why.TOO_LARGE
        elif home.filling > home.max_filling:
            self.why = Why.NO_ROOM
        elif self._failed and self._size > _COLLAPSED:
            self.why = Why.STORE
        if self.why is not None:
            self.drop()
            if self._blocks.left:
                await self._blocks.drop()
        elif not self._failed:
            self._pieces.append(data)
            self._gathered += len(data)
            if self._streams and self._gathered >= BLOCK:
                await self._send_full()

    async def commit(self, stored: Stored) -> bool:
        """Make it visible."""
        if self.why is None and not self._failed:
            body = b"".join(self._pieces)
            self.why = await self._home.take_in(stored, self._first, body, self._blocks)
        elif self._failed:
            self.why = self.why or Why.STORE
        return self.why is None

    def drop(self) -> None:
        """Forget what was gathered; after a commit it is the store's."""
        self._home.filling -= self._size
        self._size = 0
        self._pieces = []

    async def _send_full(self) -> None:
        body = memoryview(b"".join(self._pieces))
        whole = len(body) - len(body) % BLOCK
        self._pieces, self._gathered = [bytes(body[whole:])], len(body) - whole
        try:
            for at in range(0, whole, BLOCK):
                await self._blocks.send(bytes(body[at : at + BLOCK]))
        except StoreFailed:
            self._failed = True
            self._pieces = []


def _noted(task: asyncio.Task[None]) -> None:
    """That it failed is counted already, whether or not anybody waits for it."""
    if not task.cancelled():
        task.exception()
