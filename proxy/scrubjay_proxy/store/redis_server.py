"""One Redis server: its connections, its breaker, and what is asked of it in one turn of the loop.

All lookups of a turn leave as one MGET, and with them all that is sent in it, in one write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.exceptions import ResponseError

from scrubjay_proxy.store.breaker import Breaker
from scrubjay_proxy.store.redis_address import Address
from scrubjay_proxy.store.redis_wire import Ask, StoreDown, Wire, open_wire, pack, settle

MOST_KEYS = 128  # in one MGET: the answer is read in one piece
OPENING = 1.0  # seconds for a connection, greeting and TLS included
BULK_RATE = 4 * 2**20  # bytes a second that a large transfer must make


@dataclass(slots=True)
class Counts:
    """What went wrong with the servers of one link."""

    errors: int = 0
    timeouts: int = 0
    opened: int = 0

    def add(self, error: StoreDown) -> None:
        """A connection that ended so."""
        if error.late:
            self.timeouts += 1
        else:
            self.errors += 1


Answer = list[bytes | None] | Exception


class Gets(Ask):
    """Lookups of several callers, asked in one; once it is packed nobody joins any more."""

    __slots__ = ("keys", "parts")

    def __init__(self, due: float, shard: int) -> None:
        super().__init__(b"", due, shard)
        self.keys: list[bytes] = []
        self.parts: list[tuple[Callable[[Answer], None], int]] = []

    def answered(self, answer: Any) -> None:
        """Each caller gets what it asked for, once."""
        at = 0
        parts, self.parts = self.parts, []
        for told, count in parts:
            told(answer if isinstance(answer, Exception) else answer[at : at + count])
            at += count


class Server:
    """What is asked while it is down fails at once; a probe beside finds out when it is back.

    `redirected` takes an answer that sends an ask elsewhere, and says whether it did;
    `writable`: a replica will not do. `timeout` is in seconds.
    """

    def __init__(
        self,
        address: Address,
        timeout: float,
        counts: Counts,
        *,
        redirected: Callable[[Ask, Any], bool] | None = None,
        writable: bool = True,
    ) -> None:
        self.address = address
        self.breaker = Breaker()
        self._timeout, self._counts = timeout, counts
        self._redirected, self._writable = redirected, writable
        self._loop = asyncio.get_running_loop()
        self._wire: Wire | None = None
        self._bulk: Wire | None = None
        self._bulk_opening = asyncio.Lock()
        self._bulk_bytes = 0  # on their way
        self._tick: list[Ask] = []
        self._gets: dict[int, Gets] = {}
        self._probing: asyncio.Task[None] | None = None
        self._why = "not connected"

    @property
    def up(self) -> bool:
        """Whether it may be asked."""
        return self._wire is not None

    def _down(self) -> StoreDown:
        return StoreDown(f"the Redis at {self.address} is down: {self._why}")

    def due(self) -> float:
        """When what is asked now must be answered."""
        return self._loop.time() + self._timeout

    async def open(self) -> None:
        """Connect for the first time. Raises StoreDown."""
        await self._connect()

    def begin(self) -> None:
        """Connect when that works; until then it is down."""
        self.breaker.failed(self._loop.time())
        self.breaker.probe_at = 0.0
        self._probing = self._loop.create_task(self._probe())

    async def close(self) -> None:
        """Let go of it; what still waits hears that it is down."""
        wires, self._wire, self._bulk = (self._wire, self._bulk), None, None
        for wire in wires:
            if wire is not None:
                wire.fail(self._down())
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)

    # Asking.

    def get(
        self, group: int, keys: Sequence[bytes], shard: int
    ) -> asyncio.Future[list[bytes | None]]:
        """Values, in a future."""
        future: asyncio.Future[list[bytes | None]] = self._loop.create_future()
        if self.look(group, keys, shard, partial(settle, future)) is None:
            settle(future, self._down())
        return future

    def look(
        self, group: int, keys: Sequence[bytes], shard: int, told: Callable[[Answer], None]
    ) -> Gets | None:
        """Values, to be told later; those of one group are asked in one command. None: it is
        down, and nothing will be told."""
        if self._wire is None:
            return None
        gets = self._gets.get(group)
        if gets is None or len(gets.keys) >= MOST_KEYS:
            gets = self._gets[group] = Gets(self.due(), shard)
            self.send(gets)
        gets.keys += keys
        gets.parts.append((told, len(keys)))
        return gets

    def send(self, ask: Ask) -> None:
        """At the end of this turn of the loop."""
        if self._wire is None:
            ask.answered(self._down())
            return
        if not self._tick:
            self._loop.call_soon(self._flush)
        self._tick.append(ask)

    def _flush(self) -> None:
        asks, self._tick = self._tick, []
        self._gets = {}
        for ask in asks:
            if isinstance(ask, Gets) and not ask.packed:
                ask.packed = pack(("MGET", *ask.keys))
        if self._wire is not None:
            self._wire.send(asks)
        else:
            for ask in asks:
                ask.answered(self._down())

    async def send_bulk(self, asks: Sequence[Ask], size: int) -> None:
        """Over a connection of their own, so that no lookup waits behind `size` bytes."""
        self._bulk_bytes += size
        try:
            wire = await self._bulk_wire()
            due = self.due() + self._bulk_bytes / BULK_RATE
            for ask in asks:
                ask.due = due
            wire.send(list(asks))
            await asyncio.wait([ask.future for ask in asks])
        except StoreDown as error:
            for ask in asks:
                ask.answered(error)
        finally:
            self._bulk_bytes -= size

    async def _bulk_wire(self) -> Wire:
        async with self._bulk_opening:
            if self._wire is None:
                raise self._down()
            if self._bulk is None or self._bulk.ended.done():
                self._bulk = await open_wire(
                    self.address,
                    self._timeout,
                    lambda: Wire(answered=self._redirected, lost=self._bulk_lost),
                )
            return self._bulk

    # Failing and coming back.

    async def _connect(self) -> None:
        wire = await open_wire(
            self.address, OPENING, lambda: Wire(answered=self._redirected, lost=self._lost)
        )
        try:
            if self._writable:
                await _must_be_writable(wire, self._loop.time() + OPENING)
        except BaseException:
            wire.fail(StoreDown("not needed any more"))
            raise
        if wire.ended.done():  # since its last answer
            raise wire.ended.result()
        self._wire = wire

    def _lost(self, error: StoreDown) -> None:
        if self._wire is None or not self._wire.ended.done():
            return  # one that never was in use
        self._wire, self._why = None, str(error)
        self._counts.add(error)
        self._counts.opened += self.breaker.failed(self._loop.time())
        if self._bulk is not None:
            self._bulk.fail(error)
        self._probing = self._loop.create_task(self._probe())

    def _bulk_lost(self, error: StoreDown) -> None:
        if self._wire is not None:  # else it was counted already
            self._counts.add(error)

    async def _probe(self) -> None:
        while not self.breaker.closed:
            await asyncio.sleep(self.breaker.probe_at - self._loop.time())
            try:
                await self._connect()
            except StoreDown as error:
                self._why = str(error)
                self.breaker.failed(self._loop.time())
            else:
                self.breaker.succeeded(self._loop.time())


async def _must_be_writable(wire: Wire, due: float) -> None:
    """Raises StoreDown for a replica; whoever may not ask for the role is believed."""
    try:
        role = await wire.ask(due, "ROLE")
    except ResponseError:
        return
    if role[0] == b"slave":
        raise StoreDown("it is a replica, which takes no writes")
