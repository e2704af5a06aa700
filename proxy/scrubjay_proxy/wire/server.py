"""The client side: one connection, one request at a time, in order (RFC 9112, 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from scrubjay_proxy.wire.body import HIGH_WATER, NOTHING, Body
from scrubjay_proxy.wire.call import Call, ClientGone, Handler
from scrubjay_proxy.wire.cut import cut
from scrubjay_proxy.wire.deadline import Deadline
from scrubjay_proxy.wire.framing import Length, request_length
from scrubjay_proxy.wire.gate import Gate, Tap
from scrubjay_proxy.wire.handlers import Direct, Quick, Refusal
from scrubjay_proxy.wire.heads import BadMessage, RequestHead, parse_request
from scrubjay_proxy.wire.incoming import Incoming
from scrubjay_proxy.wire.pace import Limits, Pace

_JOINED = 65_536  # bytes of a body that are copied behind their head


class ClientConnection(asyncio.Protocol):
    """Parses requests, calls the handler for one after the other, closes when told."""

    def __init__(  # noqa: PLR0917  the ways to answer, in the order in which they are tried
        self,
        handler: Handler,
        refusal: Refusal,
        limits: Limits,
        known: set[ClientConnection],
        quick: Quick | None = None,
        direct: Direct | None = None,
    ) -> None:
        self._handler, self._refusal, self._limits, self._known = handler, refusal, limits, known
        self._quick, self._direct = quick, direct
        self._buffer = Incoming()
        self._pace = Pace(limits)
        self._body: Body | None = None
        self._call: Call | None = None
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline, self.gate, self._tap = Deadline(self._expired), Gate(), Tap()
        self._receive: Callable[[bytes], None] | None = None
        self._closing = self._waiting = self._last = False
        self._asked: tuple[bytes, RequestHead | None] | None = None
        self.peer, self.encrypted, self.since = "", False, 0.0
        self.gone = asyncio.Event()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = self._tap.transport = cast(asyncio.Transport, transport)
        self._known.add(self)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else "unix"
        self.encrypted = transport.get_extra_info("sslcontext") is not None
        self._deadline.set(self._limits.head)

    def data_received(self, data: bytes) -> None:
        if self._receive is not None:
            self._receive(data)
        elif self._closing:
            return
        elif self._body is not None and not self._body.ended:
            self._feed_body(data)
        elif self._buffer or not self._answered(data):
            self._buffer += data
            self._next()

    def eof_received(self) -> bool:
        if self._receive is not None:
            self._receive(b"")
            return True
        if self._body is not None:
            self._body.fail(ClientGone("the client stopped before the end of its request"))
        # A client may shut its sending side and still read the answer.
        return self._ends_after_answer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._known.discard(self)
        self._deadline.end()
        if self._receive is not None:
            self._receive(b"")
        if self._body is not None:
            self._body.fail(ClientGone("the client closed the connection"))
        self._transport = self._tap.transport = None
        self.gate.open()
        self.gone.set()

    def pause_writing(self) -> None:
        self.gate.shut()

    def resume_writing(self) -> None:
        self.gate.open()

    # What a call or a quick answer does.

    def answer(self, head: bytes, body: bytes) -> None:
        """Queue a whole answer, and wait for the next request."""
        assert self._transport is not None
        if len(body) <= _JOINED:
            self._transport.write(head + body)
        else:
            self._transport.writelines((head, body))
        self._deadline.set(self._limits.idle)

    def wait(self, since: float) -> None:
        """Begin nothing more until the store was asked and `proceed` is called."""
        self._waiting, self.since = True, since
        self._deadline.clear()

    def proceed(self) -> bool:
        """Answer the request that waited, at once or by a task; whether by that."""
        self._waiting = False
        if self._transport is None or self._closing or self._asked is None:
            return False
        data, head = self._asked
        try:
            if head is not None or not self._answered(data):
                self._read(data, head)
        except BadMessage as bad:
            self._refuse(bad)
        self.since = 0.0
        if self._buffer:
            self._tap.open()
            self._next()
        return self._task is not None

    def write(self, data: bytes) -> None:
        """Queue bytes for the client."""
        if self._transport is None or self._transport.is_closing():
            raise ClientGone("the client closed the connection")
        self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the client took most of what was written."""
        await self.gate.passed()
        if self._transport is None:
            raise ClientGone("the client closed the connection")

    def take_over(self, receive: Callable[[bytes], None]) -> asyncio.Transport:
        """Hand over the connection."""
        assert self._transport is not None
        self._deadline.clear()
        self._receive = receive
        self._closing = True
        if rest := self._buffer.take_all():
            receive(rest)
        self._tap.open()
        return self._transport

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        self._closing = True
        if self._transport is not None:
            cut(self._transport)

    def close_when_idle(self) -> None:
        """Close now, or after the request and answer under way."""
        if self._ends_after_answer():
            return
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    @property
    def busy(self) -> bool:
        """Whether an answer is under way, or not all of it sent."""
        unsent = self._transport is not None and self._transport.get_write_buffer_size() > 0
        return self._call is not None or self._waiting or unsent

    def run(self, call: Call, handler: Handler) -> None:
        """Have a task answer the call."""
        self._task = asyncio.get_running_loop().create_task(self._run(call, handler))

    def finish(self, call: Call) -> None:
        """Go on behind a call that is answered."""
        self._task = self._call = self._body = None
        if self._transport is None or self._receive is not None:
            return
        if self._closing or not call.keep_alive or self._transport.is_closing():
            self._closing = True
            self._transport.close()
            return
        self._tap.open()
        self._deadline.set(self._limits.idle)
        self._next()

    def _ends_after_answer(self) -> bool:
        """Close after the answer under way; whether there is one."""
        if self._call is not None:
            self._call.keep_alive = False
        self._last = self._waiting
        return self._call is not None or self._waiting

    def _next(self) -> None:
        """Answer or begin the next requests, where they are complete up to their bodies."""
        if self._call is not None or self._waiting:
            if len(self._buffer) > HIGH_WATER:
                self._tap.shut()
            return
        try:
            while not (self._closing or self._waiting) and (data := self._whole_head()):
                if not (self._answered(data) or self._read(data)):
                    return
        except BadMessage as bad:
            self._refuse(bad)

    def _whole_head(self) -> bytes:
        """Takes the next head, nothing while it is incomplete. Raises BadMessage."""
        searched, data = self._buffer.searched, self._buffer.take_head()
        if self._buffer.searched > searched == 0:
            self._deadline.set(self._limits.head)
        return data

    def _read(self, data: bytes, head: RequestHead | None = None) -> bool:
        """Whether it is answered already; else the answer is begun. Raises BadMessage."""
        head = head or parse_request(data)
        length = request_length(head)
        if length == 0 and self._answered(data, head):
            return True
        self._begin(head, length)
        return False

    def _answered(self, data: bytes, head: RequestHead | None = None) -> bool:
        """Whether a request could be answered at once, the client being quick enough itself."""
        busy = self._call is not None or self._waiting or self._last
        if self._quick is None or busy or self.gate.is_shut:
            return False
        answered = self._quick(data, head, self)
        self._asked = (data, head) if self._waiting else None
        return answered

    def _begin(self, head: RequestHead, length: Length) -> None:
        self._body = Body(length, self._tap.shut, self._tap.open) if length else NOTHING
        self._deadline.clear()
        if not self._body.ended:
            self._pace = Pace(self._limits)
            self._deadline.set(self._limits.body)
            self._feed_body(self._buffer.take_all())
        if not self._closing:
            self._call = call = Call(self, head, self._body)
            call.keep_alive &= not self._last
            if self._direct is None or length != 0 or self.gate.is_shut or not self._direct(call):
                self.run(call, self._handler)

    def _feed_body(self, data: bytes) -> None:
        assert self._body is not None
        try:
            rest = self._body.feed(data)
        except BadMessage as bad:
            self._body.fail(bad)
            if self._task is None:
                self._refuse(bad)
            else:
                self._closing = True
            return
        if self._body.ended:
            self._deadline.clear()
            self._buffer += rest

    async def _run(self, call: Call, handler: Handler) -> None:
        try:
            await handler(call)
            if not call.body.ended and not self._closing:
                await call.discard_rest()
        except ClientGone:
            self.abort()
        except BadMessage as bad:
            # The body proved malformed while it was read.
            if call.started:
                self.abort()
            else:
                self._refuse(bad)
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            self.finish(call)

    def _refuse(self, bad: BadMessage) -> None:
        """Answer what cannot be parsed, and read nothing behind it."""
        self._closing = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._refusal(bad))
            self._transport.close()

    def _expired(self) -> None:
        if self._body is not None and not self._body.ended:
            # While it is held back, the origin is slow.
            if self._pace.is_kept(self._body) or self._tap.is_shut:
                self._deadline.set(self._limits.body)
            else:
                self._body.fail(BadMessage(408, "the request body did not come in time"))
        elif self._buffer:
            self._refuse(BadMessage(408, "the request head did not come in time"))
        elif self._transport is not None:
            self._transport.close()
