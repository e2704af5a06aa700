"""A request and the means to answer it, as the proxy's flow sees them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.body import HIGH_WATER, Body
from scrubjay_proxy.wire.chunked import encode_chunk, last_chunk
from scrubjay_proxy.wire.framing import keeps_alive
from scrubjay_proxy.wire.gate import Gate
from scrubjay_proxy.wire.heads import RequestHead

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_DISCARD = 1_048_576  # of a body nobody wants; more than that and the connection is closed


class ClientGone(ConnectionError):
    """The client closed its connection; nobody is left to answer."""


Handler = Callable[["Call"], Awaitable[None]]


class Connection(Protocol):
    """What a call needs of the connection it came by."""

    peer: str
    encrypted: bool
    gate: Gate  # shut while more is written than the client takes

    def write(self, data: bytes) -> None:
        """Queue bytes for the client. Raises ClientGone."""

    async def drained(self) -> None:
        """Wait until the client took most of what was written. Raises ClientGone."""

    def abort(self) -> None:
        """Close at once, whatever is unsent."""

    def take_over(self, receive: Callable[[bytes], None]) -> asyncio.Transport:
        """Hand over the connection; bytes go to `receive`, b"" at its end."""

    def run(self, call: Call, handler: Handler) -> None:
        """Have a task answer the call."""

    def finish(self, call: Call) -> None:
        """The call is answered."""


class Call:
    """A request and the means to answer it."""

    def __init__(self, connection: Connection, head: RequestHead, body: Body) -> None:
        self.head = head
        self.body = body
        self.peer = connection.peer
        self.encrypted = connection.encrypted
        self.keep_alive = keeps_alive(head.minor, head.headers)
        self.started = False  # the final answer's first byte was sent
        self.chunked = False
        self.sent = 0
        self._connection = connection

    def continue_if_expected(self) -> None:
        """Tell a client that waits for it to send the body (RFC 9110, 10.1.1)."""
        expects = (self.head.headers.get("expect") or "").lower()
        if expects == "100-continue" and self.head.minor and not self.body.received:
            self._connection.write(CONTINUE)

    def interim(self, data: bytes) -> None:
        """Send a 1xx head, unless the answer has begun or the client is of HTTP/1.0."""
        if not self.started and self.head.minor:
            # The origin's side calls this; that the client has left is noticed at the answer.
            with contextlib.suppress(ClientGone):
                self._connection.write(data)

    async def begin(self, head: bytes, *, chunked: bool) -> None:
        """Send the answer's head; with `chunked` the body that follows is coded so."""
        self.started, self.chunked = True, chunked
        await self._send(head)

    async def send(self, data: bytes) -> None:
        """Send body bytes; waits while the client is slow. Raises ClientGone."""
        self.queue(data)
        await self._connection.drained()

    async def end(self, trailers: Headers) -> None:
        """Finish the body."""
        if self.chunked:
            await self._send(last_chunk(trailers))

    async def begin_with(self, head: bytes, data: bytes) -> None:
        """Send head and whole body in one write."""
        if len(data) < HIGH_WATER:
            self.put(head, data)
            await self._connection.drained()
        else:
            await self.begin(head, chunked=False)
            await self.send(data)

    # Without a task.

    def queue(self, data: bytes) -> None:
        """Queue body bytes. Raises ClientGone."""
        self.sent += len(data)
        self._connection.write(encode_chunk(data) if self.chunked else data)

    def put(self, head: bytes, data: bytes) -> None:
        """Queue head and whole body. Raises ClientGone."""
        self.started = True
        self.sent += len(data)
        self._connection.write(head + data)

    @property
    def is_full(self) -> bool:
        """Whether more is written than the client takes: somebody has to wait for it."""
        return self._connection.gate.is_shut

    async def drained(self) -> None:
        """Wait until the client took most of what was written. Raises ClientGone."""
        await self._connection.drained()

    def go_on(self, handler: Handler) -> None:
        """Leave the rest to a task."""
        self._connection.run(self, handler)

    def finish(self) -> None:
        """It is answered: the next request may come."""
        self._connection.finish(self)

    async def discard_rest(self) -> None:
        """Read what is left of an unwanted body, within reason, so that the next request
        is found where it begins."""
        body = self.body
        expects = "expect" in self.head.headers
        if expects or (isinstance(body.length, int) and body.length > _DISCARD):
            self.keep_alive = False
            return
        while await body.read():
            if body.received > _DISCARD:
                self.keep_alive = False
                return

    def abort(self) -> None:
        """Cut the connection: the client must see that the answer is not whole."""
        self._connection.abort()

    def take_over(self, receive: Callable[[bytes], None]) -> asyncio.Transport:
        """From now on bytes go to `receive`, HTTP has ended here (CONNECT)."""
        return self._connection.take_over(receive)

    async def _send(self, data: bytes) -> None:
        self._connection.write(data)
        await self._connection.drained()
