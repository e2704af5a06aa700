"""Answers on their way to the client: from the store, from a fill, from the origin."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

from scrubjay_proxy.answers import Answer, OriginError
from scrubjay_proxy.fill import Fill
from scrubjay_proxy.http import cachestatus
from scrubjay_proxy.http.hops import end_to_end
from scrubjay_proxy.http.messages import Head, Pair, Request, Stored
from scrubjay_proxy.http.ranges import Span
from scrubjay_proxy.http.respond import answer_from
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.outgoing import length_field, plain, rendered
from scrubjay_proxy.recording import Job, Recorder
from scrubjay_proxy.store.base import Store, Vanished, Writer
from scrubjay_proxy.wire.call import Call
from scrubjay_proxy.wire.framing import Framing
from scrubjay_proxy.wire.heads import render_response

_CHUNKED = ("Transfer-Encoding", "chunked")
_NO_BODY = frozenset({204, 304})


class Delivery:
    """Sends answers; whoever calls decides which."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock

    async def from_store(self, call: Call, asked: Request, stored: Stored, status: str) -> int:
        """A stored response, or the part or the 304 that is asked for; the status sent.

        Raises Vanished before anything is sent where the body is gone; where it goes later, the
        client gets no end.
        """
        answer = answer_from(asked, stored, self._clock())
        framing = None if answer.length is None else length_field(answer.length)
        head = self._head(call, answer.head, status, framing)
        if answer.span is None:
            await call.begin_with(head, b"")
        else:
            try:
                await self._begin_with_first(call, head, self._store.read(stored, answer.span))
            except Vanished:
                if not call.started:
                    raise
                self._cut(call)
        return answer.head.status

    async def _begin_with_first(
        self, call: Call, head: bytes, pieces: AsyncGenerator[bytes, None]
    ) -> None:
        async with aclosing(pieces):
            first = await anext(pieces, b"")
            await call.begin_with(head, first)
            async for piece in pieces:
                await call.send(piece)

    async def from_fill(self, call: Call, asked: Request, fill: Fill, status: str) -> int:
        """A response whose body is still arriving."""
        if fill.length is None:
            return await self._of_unknown_length(call, asked, fill, status)
        head, span, code = self.filled(call, asked, fill, fill.length, status)
        data = b"" if span is None else fill.ready(span)
        if span is None or data is not None:
            await call.begin_with(head, data or b"")
            return code
        try:
            await self._begin_with_first(call, head, fill.read(span))
        except OriginError:
            if not call.started:
                raise
            self._cut(call)
        return code

    def filled(
        self, call: Call, asked: Request, fill: Fill, length: int, status: str
    ) -> tuple[bytes, Span | None, int]:
        """The head of a response of that length, what of its body follows, the status."""
        whole = fill.stored
        if whole.length != length:
            whole = replace(whole, length=length, parts=((0, length),))
        answer = answer_from(asked, whole, self._clock())
        framing = None if answer.length is None else length_field(answer.length)
        span = answer.span if answer.span and answer.span[0] < answer.span[1] else None
        return self._head(call, answer.head, status, framing), span, answer.head.status

    async def _of_unknown_length(self, call: Call, asked: Request, fill: Fill, status: str) -> int:
        answer = answer_from(
            asked.with_headers(asked.headers.without(("range",))), fill.stored, self._clock()
        )
        if answer.head.status == 304 or asked.method == "HEAD":
            await call.begin_with(self._head(call, answer.head, status, None), b"")
            return answer.head.status
        await self._begin_open_ended(call, answer.head, status)
        try:
            async with aclosing(fill.read(None)) as pieces:
                async for data in pieces:
                    await call.send(data)
            await call.end(fill.trailers)
        except OriginError:
            self._cut(call)
        return answer.head.status

    async def _begin_open_ended(self, call: Call, head: Head, status: str) -> None:
        """A body of unknown length: chunked, or for HTTP/1.0 until the connection closes."""
        chunked = call.head.minor == 1
        call.keep_alive = call.keep_alive and chunked
        begins = self._head(call, head, status, _CHUNKED if chunked else None)
        await call.begin(begins, chunked=chunked)

    async def from_origin(
        self, call: Call, answer: Answer, status: str, writer: Writer | None = None
    ) -> bool:
        """The origin's answer as it comes, into `writer` too; whether it came whole."""
        try:
            known = writer is None and isinstance(answer.body.length, int)
            if known and (body := answer.whole()) is not None:
                await call.begin_with(self.relayed(call, answer, status), body)
                return True
            await self._begin_relay(call, answer, status)
            while data := await answer.read():
                call.queue(data)
                if call.is_full:
                    await call.drained()
                if writer is not None:
                    await writer.add(data)
            await call.end(answer.body.trailers)
        except OriginError:
            self._cut(call)
            return False
        except BaseException:
            answer.discard()
            raise
        return True

    async def _begin_relay(self, call: Call, answer: Answer, status: str) -> None:
        length = answer.body.length
        bodiless = call.head.method == "HEAD" or answer.head.status in _NO_BODY
        if not bodiless and isinstance(length, Framing):
            await self._begin_open_ended(call, answer.head, status)
            return
        await call.begin(self.relayed(call, answer, status), chunked=False)

    def relayed(self, call: Call, answer: Answer, status: str) -> bytes:
        """The head of an answer whose length is known."""
        bodiless = call.head.method == "HEAD" or answer.head.status in _NO_BODY
        told = answer.head.headers.get("content-length")
        framing = length_field(int(told)) if told is not None else None
        if not bodiless and framing is None:
            framing = length_field(0)
        return self._head(call, answer.head, status, framing)

    async def part(
        self, call: Call, answer: Answer, status: str, recorder: Recorder, job: Job
    ) -> None:
        """A 206, kept along the way where that is possible."""
        found = recorder.part(job, answer)
        async with AsyncExitStack() as stack:
            writer = None
            if found is not None:
                stored, first = found
                span = stored.parts[0]
                writer = await stack.enter_async_context(
                    self._store.write(stored, span[1] - span[0], first)
                )
            whole = await self.from_origin(call, answer, status, writer)
            if whole and writer is not None and found is not None:
                span = found[0].parts[0]
                if answer.body.received == span[1] - span[0]:
                    await writer.commit(found[0])

    async def error(
        self, call: Call, status: int, reason: str, detail: str, why: Why | None
    ) -> None:
        """An answer of the proxy's own."""
        told = cachestatus.refused(why) if why else cachestatus.NAME
        head, body = plain(status, reason, detail, self._clock(), told)
        if call.head.method == "HEAD":
            body = b""
        head = head.with_headers(head.headers.plus(*_connection(call)))
        await call.begin_with(render_response(head), body)

    def interim(self, call: Call) -> Callable[[Head], None]:
        """Passes 1xx heads on as they come."""

        def send(head: Head) -> None:
            call.interim(render_response(head.with_headers(end_to_end(head.headers))))

        return send

    def _head(self, call: Call, head: Head, status: str, framing: tuple[str, str] | None) -> bytes:
        return rendered(head, self._clock(), status, framing, *_connection(call))

    def _cut(self, call: Call) -> None:
        """The rest will not come: the client must not take what it has for all of it."""
        call.keep_alive = False
        call.abort()


def _connection(call: Call) -> tuple[Pair, ...]:
    """The Connection field, where the client needs one to know what becomes of it."""
    if not call.keep_alive:
        return (("Connection", "close"),)
    return (("Connection", "keep-alive"),) if call.head.minor == 0 else ()
