"""A request and the means to answer it, as the proxy's flow sees them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.body import HIGH_WATER, Body
from scrubjay_proxy.wire.chunked import encode_chunk, last_chunk
from scrubjay_proxy.wire.framing import keeps_alive
from scrubjay_proxy.wire.heads import RequestHead

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_DISCARD = 1_048_576  # of a body nobody wants; more than that and the connection is closed


class ClientGone(ConnectionError):
    """The client closed its connection; nobody is left to answer."""


class Connection(Protocol):
    """What a call needs of the connection it came by."""

    peer: str
    encrypted: bool

    def write(self, data: bytes) -> None:
        """Queue bytes for the client. Raises ClientGone."""

    async def drained(self) -> None:
        """Wait until the client took most of what was written. Raises ClientGone."""

    def abort(self) -> None:
        """Close at once, whatever is unsent."""

    def take_over(self, receive: Callable[[bytes], None]) -> asyncio.Transport:
        """Hand over the connection; bytes go to `receive`, b"" at its end."""


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
        self.sent += len(data)
        await self._send(encode_chunk(data) if self.chunked else data)

    async def end(self, trailers: Headers) -> None:
        """Finish the body."""
        if self.chunked:
            await self._send(last_chunk(trailers))

    async def begin_with(self, head: bytes, data: bytes) -> None:
        """Send head and whole body in one write."""
        self.started = True
        self.sent += len(data)
        await self._send(head + data if len(data) < HIGH_WATER else head)
        if len(data) >= HIGH_WATER:
            await self._send(data)

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
