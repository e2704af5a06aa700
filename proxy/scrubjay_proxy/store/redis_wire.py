"""One connection to a Redis: commands leave in order, and so do the answers come.

The time limit is of the connection: if what was asked first is not answered by its time, nothing
behind it will be either. So one timer for each connection will do, and whoever waits hears of it
at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from hiredis import ProtocolError, Reader, pack_command
from redis.exceptions import ResponseError

from scrubjay_proxy.store.redis_address import Address

Argument = bytes | str | int | float

_STALL = 0.01  # so late comes a timer only in a loop that was held up itself, seconds
_MORE = object()
# These say that the server cannot serve, not that the command was wrong.
_UNFIT = ("LOADING ", "MASTERDOWN ", "READONLY ", "NOAUTH ")


class StoreDown(Exception):
    """The server did not answer, or not in time; `late` where it was too slow."""

    def __init__(self, message: str, *, late: bool = False) -> None:
        super().__init__(message)
        self.late = late


class Ask:
    """One command on its way; `due` is when it must have been answered, by the loop's clock."""

    __slots__ = ("due", "future", "hops", "packed", "shard")

    def __init__(self, packed: bytes, due: float, shard: int = 0) -> None:
        self.packed, self.due, self.shard = packed, due, shard
        self.hops = 0
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def answered(self, answer: Any) -> None:
        """Hand on what came, an error too."""
        settle(self.future, answer)


def pack(command: tuple[Argument, ...]) -> bytes:
    """A command as it is sent."""
    packed: bytes = pack_command(cast("Any", command))
    return packed


def settle(future: asyncio.Future[Any], answer: Any) -> None:
    """Give a future its answer, unless nobody waits any more."""
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
        future.exception()  # whoever went away meanwhile is no news
    else:
        future.set_result(answer)


class Wire(asyncio.Protocol):
    """A connection; `told` hears what is published, `lost` why it ended, once.

    `answered` may take an answer before its ask does, and say so.
    """

    def __init__(
        self,
        *,
        told: Callable[[bytes], None] | None = None,
        answered: Callable[[Ask, Any], bool] | None = None,
        lost: Callable[[StoreDown], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[StoreDown] = self._loop.create_future()
        self._told, self._answered, self._lost = told, answered, lost
        self._reader = Reader(replyError=ResponseError, notEnoughData=_MORE)
        self._asked: deque[Ask] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._patience = _STALL
        self._transport: asyncio.Transport | None = None

    def send(self, asks: list[Ask]) -> None:
        """Ask, all in one piece."""
        if self._transport is None or self.ended.done():
            for ask in asks:
                ask.answered(self.ended.result() if self.ended.done() else StoreDown("closed"))
            return
        if not self._asked:
            self._last = 0.0
        for ask in asks:
            self._last = ask.due = max(self._last, ask.due)
        self._asked += asks
        self._transport.write(b"".join([ask.packed for ask in asks]))
        self._watch()

    async def ask(self, due: float, *command: Argument) -> Any:
        """One command alone. Raises StoreDown, and ResponseError for the server's no."""
        ask = Ask(pack(command), due)
        self.send([ask])
        return await ask.future

    def fail(self, error: StoreDown) -> None:
        """End it: whoever waits hears why."""
        if self.ended.done():
            return
        self.ended.set_result(error)
        if self._transport is not None:
            self._transport.abort()
        if self._timer is not None:
            self._timer.cancel()
        if self._lost is not None:
            self._lost(error)
        while self._asked:
            self._asked.popleft().answered(error)

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(StoreDown(str(exc) if exc else "the connection was closed"))

    def data_received(self, data: bytes) -> None:
        self._patience = _STALL
        try:
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not _MORE:
                self._take(answer)
        except ProtocolError as error:
            self.fail(StoreDown(f"it does not speak the Redis protocol: {error}"))

    def _take(self, answer: Any) -> None:
        if self._told is not None and isinstance(answer, list) and answer[0] == b"message":
            self._told(answer[2])
        elif isinstance(answer, ResponseError) and str(answer).startswith(_UNFIT):
            self.fail(StoreDown(str(answer)))
        elif self._asked:
            ask = self._asked.popleft()
            if self._answered is None or not self._answered(ask, answer):
                ask.answered(answer)

    # The time limit.

    def _watch(self) -> None:
        if not self._asked:
            return
        due = self._asked[0].due
        if self._timer is not None and self._timer.when() > due:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        late = self._loop.time() - self._asked[0].due if self._asked else -1.0
        if late < 0:
            self._watch()
        elif late > _STALL and self._patience:
            # The loop itself was held up: what came meanwhile is read first.
            self._timer = self._loop.call_later(self._patience, self._look)
            self._patience = 0.0
        else:
            self.fail(StoreDown("it did not answer in time", late=True))


async def open_wire(address: Address, limit: float, wire: Callable[[], Wire] = Wire) -> Wire:
    """Connect and be let in within so many seconds. Raises StoreDown."""
    loop = asyncio.get_running_loop()
    due = loop.time() + limit
    opened: Wire | None = None
    try:
        async with asyncio.timeout_at(due):
            if address.path:
                _, opened = await loop.create_unix_connection(wire, address.path)
            else:
                _, opened = await loop.create_connection(
                    wire, address.host, address.port, ssl=address.tls
                )
        for command in (*address.greeting(), (b"PING",)):
            await opened.ask(due, *command)
    except TimeoutError:
        raise StoreDown("it did not answer in time", late=True) from None
    except (OSError, ResponseError) as error:
        reason = StoreDown(str(error) or type(error).__name__)
        if opened is not None:
            opened.fail(reason)
        raise reason from error
    except asyncio.CancelledError:
        if opened is not None:
            opened.fail(StoreDown("cancelled"))
        raise
    return opened


async def ask_alone(address: Address, limit: float, *command: Argument) -> Any:
    """One command over a connection of its own. Raises StoreDown and ResponseError."""
    wire = await open_wire(address, limit)
    try:
        return await wire.ask(asyncio.get_running_loop().time() + limit, *command)
    finally:
        wire.fail(StoreDown("not needed any more"))
