"""Origins: a bounded pool of connections each, and one exchange with an answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scrubjay_proxy.answers import Answer, Ask, Asked, OriginError, as_origin_error
from scrubjay_proxy.http.messages import Exchange, Head
from scrubjay_proxy.places import Places
from scrubjay_proxy.wire.body import Body, BodyCut
from scrubjay_proxy.wire.call import ClientGone
from scrubjay_proxy.wire.chunked import encode_chunk, last_chunk
from scrubjay_proxy.wire.client import Garbled, OriginConnection, Silent
from scrubjay_proxy.wire.framing import Framing
from scrubjay_proxy.wire.heads import render_request

# Methods whose repetition does no harm (RFC 9110, 9.2.2) and that carry no body here.
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class OriginLimits:
    """Seconds to connect, of silence, an unused connection is kept; how many at once."""

    timeout: float = 30.0
    connect: float = 3.0
    idle: float = 3.0
    connections: int = 256
    waiting: int = 1024


@dataclass(frozen=True, slots=True)
class Address:
    """Where an origin listens."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as a Host field has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == default else f"{host}:{self.port}"


def _retrieve(done: asyncio.Future[Any]) -> None:
    """Look at a failure nobody waits for any more, so that it is not reported as lost."""
    if not done.cancelled():
        done.exception()


def _abandon(coming: asyncio.Future[Head], upload: asyncio.Task[None] | None) -> None:
    coming.cancel()
    _retrieve(coming)
    if upload is not None:
        upload.cancel()


class Origin:
    """One origin server: connections kept, lent, and bounded."""

    def __init__(
        self,
        address: Address,
        limits: OriginLimits,
        clock: Callable[[], float],
        *,
        connect_to: str | None = None,
        tls: ssl.SSLContext | None = None,
        observe: Callable[[float, int, str], None] = lambda *_: None,
    ) -> None:
        self.address, self.limits = address, limits
        self._clock, self._observe = clock, observe
        self._connect_to = connect_to or address.host
        self._tls = tls if address.scheme == "https" else None
        self._idle: list[OriginConnection] = []
        self._lent: dict[OriginConnection, Places] = {}
        # Slow uploads must not keep others from being fetched: they have places of their own.
        self._fetches = Places(limits.connections)
        self._uploads = Places(limits.connections)
        self._waiting = 0
        self._sweep: asyncio.TimerHandle | None = None

    def begin(self, ask: Ask) -> Asked | None:
        """Ask at once, without a request body; None where no connection is there to do it."""
        if not self._fetches.take():
            return None
        connection = self._pop_idle()
        if connection is None:
            self._fetches.release()
            return None
        self._lent[connection] = self._fetches
        asked = self._send(connection, ask)
        connection.hurry()
        return asked

    def answer(self, asked: Asked) -> Answer:
        """The answer whose head has come."""
        times = Exchange(asked.requested, self._clock())
        return Answer(asked.coming.result(), times, asked.connection, self)

    async def fetch(self, ask: Ask, asked: Asked | None = None) -> Answer:
        """Ask the origin, or go on where that has begun, and count it. Raises OriginError."""
        try:
            return await self._fetch(ask, asked)
        except OriginError as error:
            self._observe(0.0, 0, error.kind)
            raise

    async def _fetch(self, ask: Ask, asked: Asked | None) -> Answer:
        """A request that does no harm twice is repeated once, on a new connection, where a
        kept one proved dead."""
        repeatable = ask.method in _REPEATABLE and ask.body is None
        places = self._fetches if ask.body is None else self._uploads
        if asked is None:
            asked = self._send(await self._borrow(places, kept=repeatable), ask)
        connection = asked.connection
        try:
            return await self._exchange(asked)
        except OriginError as error:
            dead = connection.exchanges > 1 and not connection.answered
            if not (repeatable and dead and error.kind == "reset"):
                raise
        return await self._exchange(self._send(await self._borrow(places, kept=False), ask))

    def _send(self, connection: OriginConnection, ask: Ask) -> Asked:
        requested = self._clock()
        request = render_request(ask.method, ask.target, ask.headers)
        coming = connection.ask(ask.method, request, ask.interim)
        return Asked(ask, connection, requested, coming)

    async def _exchange(self, asked: Asked) -> Answer:
        ask, connection, coming = asked.ask, asked.connection, asked.coming
        upload: asyncio.Task[None] | None = None
        if ask.body is not None:
            upload = asyncio.ensure_future(self._upload(connection, ask.body))
            upload.add_done_callback(_retrieve)
        try:
            await self._head(connection, coming, upload)
        except BaseException as error:
            _abandon(coming, upload)
            self.give_back(connection, reuse=False)
            if isinstance(error, ClientGone):
                raise
            if isinstance(error, BodyCut | Garbled | Silent | OSError | TimeoutError):
                raise as_origin_error(error) from error
            raise
        answer = self.answer(asked)
        answer.uploading(upload)
        return answer

    async def _head(
        self,
        connection: OriginConnection,
        coming: asyncio.Future[Head],
        upload: asyncio.Task[None] | None,
    ) -> None:
        """Wait for the final head; while the request body is sent the origin may take its time."""
        if upload is not None:
            either: set[asyncio.Future[Any]] = {coming, upload}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if upload.done() and (not coming.done() or coming.exception() is not None):
                upload.result()
        connection.hurry()
        await coming

    async def _upload(self, connection: OriginConnection, body: Body) -> None:
        chunked = body.length is Framing.CHUNKED
        try:
            async for data in body:
                connection.write(encode_chunk(data) if chunked else data)
                async with asyncio.timeout(self.limits.timeout):
                    await connection.drained()
        except Exception:
            # Never let a failed upload look finished to the origin.
            connection.abort()
            raise
        if chunked:
            connection.write(last_chunk(body.trailers))

    async def _borrow(self, places: Places, *, kept: bool) -> OriginConnection:
        await self._wait_for(places)
        try:
            connection = self._pop_idle() if kept else None
            if connection is None:
                self._close_one_too_many()
                connection = await self._connect()
        except BaseException:
            places.release()
            raise
        self._lent[connection] = places
        return connection

    def _pop_idle(self) -> OriginConnection | None:
        too_old = asyncio.get_running_loop().time() - self.limits.idle
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and connection.idle_since > too_old:
                return connection
            connection.abort()
        return None

    def _close_one_too_many(self) -> None:
        """Make place among the unused ones for a connection about to be opened."""
        if self._idle and len(self._lent) + len(self._idle) >= self.limits.connections:
            self._idle.pop(0).abort()

    async def _connect(self) -> OriginConnection:
        name = self.address.authority
        try:
            async with asyncio.timeout(self.limits.connect):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: OriginConnection(self.limits.timeout),
                    self._connect_to,
                    self.address.port,
                    ssl=self._tls,
                    server_hostname=self.address.host if self._tls else None,
                )
        except TimeoutError as error:
            raise OriginError("timeout", f"{name} took too long to connect to") from error
        except (OSError, ssl.SSLError) as error:
            raise OriginError("connect", f"{name} cannot be reached: {error}") from error
        return connection

    async def _wait_for(self, places: Places) -> None:
        """Take one of the places, in turn. Raises OriginError where that takes too long."""
        if places.take():
            return
        name = self.address.authority
        if self._waiting >= self.limits.waiting:
            raise OriginError("busy", f"too many requests wait for {name}")
        self._waiting += 1
        try:
            async with asyncio.timeout(self.limits.timeout):
                await places.acquire()
        except TimeoutError as error:
            raise OriginError("busy", f"no connection to {name}") from error
        finally:
            self._waiting -= 1

    def observed(self, times: Exchange, received: int) -> None:
        """Count an answer that ended, whole or not."""
        self._observe(max(0.0, times.received - times.requested), received, "")

    def give_back(self, connection: OriginConnection, *, reuse: bool) -> None:
        """Take a connection back into the pool, or close it."""
        places = self._lent.pop(connection, None)
        if reuse:
            loop = asyncio.get_running_loop()
            connection.idle_since = loop.time()
            self._idle.append(connection)
            if self._sweep is None:
                self._sweep = loop.call_later(self.limits.idle, self._close_old)
        else:
            connection.abort()
        if places is not None:
            places.release()

    def _close_old(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        too_old = loop.time() - self.limits.idle
        for connection in [c for c in self._idle if c.idle_since <= too_old or not c.open]:
            connection.abort()
            self._idle.remove(connection)
        if self._idle:
            self._sweep = loop.call_later(self.limits.idle, self._close_old)

    def close(self) -> None:
        """Close every connection."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in [*self._idle, *self._lent]:
            connection.abort()
        self._idle.clear()
