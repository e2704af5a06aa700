"""The origin side: one connection, one exchange at a time (RFC 9112, 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from scrubjay_proxy.http.messages import Head
from scrubjay_proxy.wire.body import Body, BodyCut
from scrubjay_proxy.wire.deadline import Deadline
from scrubjay_proxy.wire.framing import keeps_alive, response_length
from scrubjay_proxy.wire.gate import Gate
from scrubjay_proxy.wire.heads import BadMessage, ResponseHead, head_end, parse_response

_MAX_INTERIM = 64


class Silent(Exception):
    """The origin sent nothing for too long."""


class Garbled(Exception):
    """The origin's answer is not the HTTP/1.1 it should be."""


class OriginConnection(asyncio.Protocol):
    """Sends a request, reads interim heads, the final head, and the body.

    `reusable` says whether another exchange may follow: only where the last one ended
    exactly where it should.
    """

    def __init__(self, silence: float) -> None:
        self.exchanges = 0
        self.idle_since = 0.0
        self.answered = False  # any byte of the current answer arrived
        self._silence = silence
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._method = ""
        self._head: asyncio.Future[Head] | None = None
        self._body: Body | None = None
        self._interim: Callable[[Head], None] = lambda _: None
        self._interims = 0
        self._keep = False
        self._held = False
        self._gate = Gate()
        self._heard = 0.0
        self._deadline = Deadline(self._look)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            if self._body is not None and not self._body.ended:
                self._heard = asyncio.get_running_loop().time()
                self._take(data)
            elif self._head is not None and not self._head.done():
                self.answered = True
                # A large body may begin behind the head: it is not copied without need.
                self._buffer = self._buffer + data if self._buffer else data
                self._parse()
            else:
                self.abort()  # nobody asked: what comes next cannot be told apart from it
        except BadMessage as bad:
            self._fail(Garbled(bad.detail))

    def eof_received(self) -> bool:
        self._ended(BodyCut("the origin closed the connection before answering"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        # A reset is never the end of a body, not even of a close-delimited one.
        if exc is not None:
            self._fail(exc)
        self._ended(BodyCut("the origin closed the connection before answering"))
        self._deadline.end()
        self._gate.open()

    def pause_writing(self) -> None:
        self._gate.shut()

    def resume_writing(self) -> None:
        self._gate.open()

    # What the pool and an exchange do.

    @property
    def open(self) -> bool:
        """Whether it can carry bytes."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def reusable(self) -> bool:
        """Whether the last exchange left it clean."""
        ended = self._body is None or self._body.ended
        return self.open and self._keep and ended and not self._buffer

    def ask(
        self, method: str, request: bytes, interim: Callable[[Head], None]
    ) -> asyncio.Future[Head]:
        """Send a request head; the future brings the final head or the failure."""
        loop = asyncio.get_running_loop()
        self._head, self._body = loop.create_future(), None
        self._method, self._interim, self._interims = method, interim, 0
        self._keep = self.answered = False
        self.exchanges += 1
        self.write(request)
        return self._head

    def hurry(self) -> None:
        """From now on the head must not take longer than silence may."""
        if self._head is not None and not self._head.done():
            self._deadline.set(self._silence)

    @property
    def body(self) -> Body:
        """The body of the answer whose head has come."""
        assert self._body is not None
        return self._body

    def write(self, data: bytes) -> None:
        """Queue request bytes; a closed connection is noticed by the reader."""
        if self._transport is not None:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the origin took most of what was written."""
        await self._gate.passed()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # Its own part.

    def _parse(self) -> None:
        while self._head is not None and not self._head.done():
            end = head_end(self._buffer)
            if end < 0:
                return
            found = parse_response(self._buffer[:end])
            self._buffer = self._buffer[end:]
            if found.head.status >= 200:
                self._begin(found)
            else:
                self._pass_interim(found.head)

    def _pass_interim(self, head: Head) -> None:
        self._interims += 1
        if head.status == 101 or self._interims > _MAX_INTERIM:
            raise BadMessage(502, "an interim answer that was not asked for")
        if head.status != 100:
            self._interim(head)

    def _begin(self, found: ResponseHead) -> None:
        assert self._head is not None
        length = response_length(found, self._method)
        self._keep = keeps_alive(found.minor, found.head.headers)
        self._body = Body(length, self._pause, self._resume)
        rest, self._buffer = self._buffer, b""
        if self._body.ended:
            self._deadline.clear()
            self._keep = self._keep and not rest
        else:
            self._heard = asyncio.get_running_loop().time()
            self._deadline.set(self._silence)
            self._take(rest)
        self._head.set_result(found.head)

    def _take(self, data: bytes) -> None:
        assert self._body is not None
        rest = self._body.feed(data)
        if self._body.ended:
            self._deadline.clear()
            self._keep = self._keep and not rest

    def _ended(self, cut: BodyCut) -> None:
        self._keep = False
        if self._head is not None and not self._head.done():
            self._head.set_exception(cut)
        elif self._body is not None:
            self._body.eof()

    def _fail(self, failure: Exception) -> None:
        self._keep = False
        if self._head is not None and not self._head.done():
            self._head.set_exception(failure)
        elif self._body is not None:
            self._body.fail(failure)
        self.abort()

    def _pause(self) -> None:
        if self._transport is not None and not self._held:
            self._held = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._transport is not None and self._held:
            self._held = False
            self._heard = asyncio.get_running_loop().time()
            self._transport.resume_reading()

    def _look(self) -> None:
        """One timer for the whole body: it looks when the last silence would be too long."""
        if self._head is not None and not self._head.done():
            self._fail(Silent("the origin did not answer in time"))
            return
        quiet = 0.0 if self._held else asyncio.get_running_loop().time() - self._heard
        if quiet >= self._silence:
            self._fail(Silent("the origin fell silent within the body"))
        else:
            self._deadline.set(self._silence - quiet)
