"""Ask the origin for something that may be kept, and take it in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from scrubjay_proxy.answers import Answer, Ask, OriginError
from scrubjay_proxy.fill import Fill
from scrubjay_proxy.flight import Failed, Filled, Flights, Landing, Private, Refreshed, Stale
from scrubjay_proxy.holding import needs_digest, tag_of
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.ranges import content_range, range_field
from scrubjay_proxy.http.reuse import Complete, Forward, Revalidate
from scrubjay_proxy.http.stale import when_unreachable
from scrubjay_proxy.http.validate import (
    CONDITIONAL,
    Freshen,
    Keep,
    PassOn,
    ServeStale,
    after_response,
    conditional,
    freshened,
    head_agrees,
    strong_etag,
)
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.outgoing import to_origin
from scrubjay_proxy.recording import Job, Recorder
from scrubjay_proxy.store.base import Reason, Store, Vanished, Writer
from scrubjay_proxy.wire.framing import Framing

# Answers that say what the resource is now, so that what was stored is over even where they
# may not be stored themselves.
_REPLACES = frozenset({200, 203, 204, 301, 302, 303, 307, 308, 404, 410})


class Fetcher:
    """Leads flights: asks, decides on the answer, fills the store."""

    def __init__(
        self,
        store: Store,
        flights: Flights,
        recorder: Recorder,
        clock: Callable[[], float],
        meter: Meter,
        *,
        hop: str,
    ) -> None:
        self.store, self.flights, self.recorder = store, flights, recorder
        self._clock, self._meter, self._hop = clock, meter, hop
        self.pumps: set[asyncio.Task[None]] = set()

    async def lead(self, job: Job, key: str | None) -> Landing:
        """Ask the origin; with `key`, for all who join that flight."""
        if key is None:
            return await self._ask(job)
        flight = self.flights.start(key)
        landing: Landing = Failed(OriginError("reset", "the fetch was given up"))
        try:
            landing = await self._ask(job)
        finally:
            self.flights.land(key, flight, landing)
            if isinstance(landing, Filled):
                landing.fill.when_over(partial(self.flights.over, key, flight))
        return landing

    async def _ask(self, job: Job) -> Landing:
        asked, rules = job.asked, job.route.rules
        try:
            answer = await job.route.origin.fetch(self._question(job))
        except OriginError as error:
            known = job.known
            why = when_unreachable(asked, known, self._clock(), rules) if known else None
            return Stale(known, why) if known and why else Failed(error)
        if isinstance(job.plan, Complete) and self._completes(job.plan, answer):
            return await self.keep(job, answer, job.plan.stored)
        if isinstance(job.plan, Complete) and answer.head.status in (206, 416):
            # Not the part that was missing: what is held is of no use, ask for all of it.
            answer.discard()
            await self.store.remove(job.plan.stored, Reason.REPLACED)
            return await self._ask(replace(job, plan=Forward(Why.PARTIAL)))
        decided = after_response(asked, job.known, answer.head, answer.times, rules)
        match decided:
            case Freshen(stored):
                await _drain(answer)
                return await self._refreshed(job, stored)
            case ServeStale(stored, why):
                answer.discard()
                return Stale(stored, why)
            case Keep():
                return await self.keep(job, answer)
            case PassOn(why):
                await self._passed(job, answer)
                return Private(answer, why)

    def _question(self, job: Job) -> Ask:
        asked = job.asked
        match job.plan:
            case Revalidate(stored, _):
                asked = asked.with_headers(conditional(asked, stored))
            case Complete(stored, span):
                etag = strong_etag(stored.head.headers) or ""
                asks = ("Range", range_field(span, stored.length)), ("If-Range", etag)
                asked = asked.with_headers(asked.headers.without(CONDITIONAL).plus(*asks))
            case Forward():
                pass
        origin = job.route.origin.address.authority
        host = asked.host if job.route.keeps_host and asked.host else origin
        targets = job.route.rules.targets
        lines = to_origin(asked, host, job.peer, 0, hop=self._hop, targets=targets)
        return Ask(asked.method, asked.target, lines, None, job.interim)

    async def _refreshed(self, job: Job, stored: Stored) -> Refreshed:
        fresh = self.recorder.again(stored, job.route)
        await self.store.refresh(fresh)
        return Refreshed(fresh)

    async def _passed(self, job: Job, answer: Answer) -> None:
        """What an answer that is not kept says of what is: RFC 9111, 4.3.5, and a
        response that may no longer be stored replaces nothing but ends the old one."""
        known = job.known
        if known is None:
            return
        if job.asked.method == "HEAD" and answer.head.status < 400:
            if head_agrees(known, answer.head):
                await self._refreshed(job, freshened(known, answer.head, answer.times))
            else:
                await self.store.refresh(replace(known, invalid=True, expires=self._clock()))
        elif answer.head.status in _REPLACES and job.asked.method == "GET":
            await self.store.remove(known, Reason.REPLACED)

    def _completes(self, plan: Complete, answer: Answer) -> bool:
        told = content_range(answer.head.headers) if answer.head.status == 206 else None
        return (
            told is not None
            and told.span == plan.span
            and told.length == plan.stored.length
            and strong_etag(answer.head.headers) == strong_etag(plan.stored.head.headers)
        )

    # Taking a body in.

    async def keep(self, job: Job, answer: Answer, rest: Stored | None = None) -> Filled | Private:
        """Take an answer in as it comes; `rest` is what it completes."""
        if answer.body.length is Framing.UNTIL_CLOSE:
            return Private(answer, Why.CLOSE_DELIMITED)
        if answer.head.status == 206 and rest is None:
            return Private(answer, Why.PARTIAL)
        stored = self.recorder.whole(job, answer, rest)
        length = _expected(answer, stored)
        if length is not None and length > self.store.max_object:
            return Private(answer, Why.TOO_LARGE)
        fill = Fill(stored, length, digested=needs_digest(stored.head, job.route.rules))
        body = answer.whole() if rest is None else None
        if body:
            fill.add(body)
        pump = asyncio.get_running_loop().create_task(self._pump(fill, job, answer, rest, body))
        self.pumps.add(pump)
        pump.add_done_callback(self.pumps.discard)
        return Filled(fill)

    async def _pump(
        self, fill: Fill, job: Job, answer: Answer, rest: Stored | None, body: bytes | None
    ) -> None:
        """Read the origin to the end, for the store and for whoever reads along; `body` is there
        where all of it came with the head."""
        try:
            async with self.store.write(fill.stored, fill.length) as writer:
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
            async for data in self.store.read(rest, span):
                fill.add(data)
                await writer.add(data)

    async def _drain_into(self, fill: Fill, writer: Writer, answer: Answer) -> None:
        while data := await answer.read():
            fill.add(data)
            await self._take(fill, writer, data)
            await fill.room()
            if not fill.wanted:
                raise OriginError("reset", "nobody waits for the rest")

    async def _take(self, fill: Fill, writer: Writer, data: bytes) -> None:
        """Offer the store what readers have; they alone hold it where it is refused."""
        await writer.add(data)
        if writer.why is not None and fill.keeping:
            fill.let_go()

    async def _commit(self, fill: Fill, job: Job, writer: Writer) -> None:
        length = fill.size
        tag = tag_of(fill.stored.head, fill.digest)
        whole = fill.stored
        if (whole.length, whole.tag) != (length, tag):
            whole = replace(whole, length=length, parts=((0, length),), tag=tag)
        kept = await writer.commit(self.recorder.held(whole, job.route))
        if kept:
            self._meter.stored()
        else:
            self._meter.refused_admission((writer.why or Why.NO_ROOM).value)
        known = job.known
        if kept and known is not None and known.id != whole.id:
            await self.store.remove(known, Reason.REPLACED)


def _expected(answer: Answer, stored: Stored) -> int | None:
    """The complete length, where the head tells it."""
    if answer.head.status == 206:
        return stored.length
    return answer.body.length if isinstance(answer.body.length, int) else None


async def _drain(answer: Answer) -> None:
    """A 304 has no content; what the origin sends all the same is thrown away."""
    try:
        await answer.read()
    except OriginError:
        answer.discard()
