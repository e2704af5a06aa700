"""Take an answer in: for the store, and for whoever reads along."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from scrubjay_proxy.answers import Answer, OriginError
from scrubjay_proxy.fill import Fill
from scrubjay_proxy.flight import Filled, Private
from scrubjay_proxy.holding import needs_digest, tag_of
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.reuse import Complete
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.recording import Job, Recorder
from scrubjay_proxy.store.base import Reason, Store, Vanished, Writer
from scrubjay_proxy.wire.framing import Framing


class Intake:
    """Fills the store with what origins answer."""

    def __init__(self, store: Store, recorder: Recorder, meter: Meter) -> None:
        self._store, self._recorder, self._meter = store, recorder, meter
        self.pumps: set[asyncio.Task[None]] = set()

    def keep(self, job: Job, answer: Answer, rest: Stored | None = None) -> Filled | Private:
        """Take an answer in as it comes; `rest` is what it completes."""
        if answer.body.length is Framing.UNTIL_CLOSE:
            return Private(answer, Why.CLOSE_DELIMITED)
        if answer.head.status == 206 and rest is None:
            return Private(answer, Why.PARTIAL)
        stored = self._recorder.whole(job, answer, rest)
        length = _expected(answer, stored)
        if length is not None and length > self._store.max_object:
            return Private(answer, Why.TOO_LARGE)
        fill = Fill(stored, length, digested=needs_digest(stored.head, job.route.rules))
        body = answer.whole() if rest is None else None
        if body:
            fill.add(body)
        if body is not None and self._put(fill, job, answer, body):
            return Filled(fill)
        self._hold(fill, last=body is not None)
        pump = asyncio.get_running_loop().create_task(self._pump(fill, job, answer, rest, body))
        self.pumps.add(pump)
        pump.add_done_callback(self.pumps.discard)
        return Filled(fill)

    def _put(self, fill: Fill, job: Job, answer: Answer, body: bytes) -> bool:
        """Store a whole body at once, and end the fill; False: nothing was done."""
        take, known = self._store.take, job.known
        replaces = known is not None and known.id != fill.stored.id
        if take is None or fill.length is None or replaces:
            return False
        whole = self._whole(fill, job)
        try:
            self._count(take(whole, body))
        finally:
            fill.finish(answer.body.trailers)
        return True

    async def _pump(
        self, fill: Fill, job: Job, answer: Answer, rest: Stored | None, body: bytes | None
    ) -> None:
        """Read the origin to the end, for the store and for whoever reads along; `body` is there
        where all of it came with the head."""
        try:
            async with self._store.write(fill.stored, fill.length) as writer:
                if body is None:
                    await self._gather(fill, writer, job, answer, rest)
                elif body:
                    await self._take(fill, writer, body)
                await self._commit(fill, job, writer)
            fill.finish(answer.body.trailers)
        except OriginError as error:
            self._meter.refused_admission(Why.INCOMPLETE.value)
            fill.fail(error)
        except Vanished:
            fill.fail(OriginError("reset", "the part that was stored is gone"))
        finally:
            # Whatever happens, nobody may wait for bytes that will not come.
            if not fill.done and fill.failure is None:
                fill.fail(OriginError("reset", "the fetch was given up"))
            answer.discard()

    async def _gather(
        self, fill: Fill, writer: Writer, job: Job, answer: Answer, rest: Stored | None
    ) -> None:
        """Every byte in order: what is stored of it before, the origin's, what is behind."""
        span = job.plan.span if isinstance(job.plan, Complete) else None
        if rest is not None and span is not None:
            await self._copy(fill, writer, rest, (0, span[0]))
        await self._drain_into(fill, writer, answer)
        if rest is not None and span is not None:
            await self._copy(fill, writer, rest, (span[1], rest.length))
        if fill.length is not None and fill.size != fill.length:
            raise OriginError("protocol", "the parts do not add up")

    async def _copy(self, fill: Fill, writer: Writer, rest: Stored, span: tuple[int, int]) -> None:
        if span[0] < span[1]:
            async for data in self._store.read(rest, span):
                fill.add(data)
                await writer.add(data)

    async def _drain_into(self, fill: Fill, writer: Writer, answer: Answer) -> None:
        while data := await answer.read():
            self._hold(fill, last=fill.size + len(data) == fill.length)
            fill.add(data)
            await self._take(fill, writer, data)
            await fill.room()
            if not fill.wanted:
                raise OriginError("reset", "nobody waits for the rest")

    def _hold(self, fill: Fill, *, last: bool) -> None:
        """Whoever has a whole answer finds it stored, whichever proxy is asked next. A store that
        takes bodies at once needs nobody to wait for that."""
        fill.held = last and self._store.take is None

    async def _take(self, fill: Fill, writer: Writer, data: bytes) -> None:
        """Offer the store what readers have; they alone hold it where it is refused."""
        await writer.add(data)
        if writer.why is not None and fill.keeping:
            fill.let_go()

    async def _commit(self, fill: Fill, job: Job, writer: Writer) -> None:
        whole, known = self._whole(fill, job), job.known
        kept = await writer.commit(whole)
        self._count(None if kept else writer.why or Why.NO_ROOM)
        if kept and known is not None and known.id != whole.id:
            await self._store.remove(known, Reason.REPLACED)

    def _whole(self, fill: Fill, job: Job) -> Stored:
        """What is stored, now that all of it is there."""
        whole, length = fill.stored, fill.size
        tag = tag_of(whole.head, fill.digest)
        if (whole.length, whole.tag) != (length, tag):
            whole = replace(whole, length=length, parts=((0, length),), tag=tag)
        return self._recorder.held(whole, job.route)

    def _count(self, why: Why | None) -> None:
        if why is None:
            self._meter.stored()
        else:
            self._meter.refused_admission(why.value)


def _expected(answer: Answer, stored: Stored) -> int | None:
    """The complete length, where the head tells it."""
    if answer.head.status == 206:
        return stored.length
    return answer.body.length if isinstance(answer.body.length, int) else None
