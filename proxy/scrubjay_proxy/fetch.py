"""Ask the origin for something that may be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from scrubjay_proxy.answers import Answer, Ask, Asked, OriginError
from scrubjay_proxy.flight import Failed, Filled, Flights, Landing, Private, Refreshed, Stale
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.ranges import content_range, range_field
from scrubjay_proxy.http.reuse import Complete, Forward, Revalidate
from scrubjay_proxy.http.stale import when_unreachable
from scrubjay_proxy.http.storable import why_not_store
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
from scrubjay_proxy.intake import Intake
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.outgoing import to_origin
from scrubjay_proxy.recording import Job, Recorder
from scrubjay_proxy.store.base import Reason, Store

# Answers that say what the resource is now, so that what was stored is over even where they
# may not be stored themselves.
_REPLACES = frozenset({200, 203, 204, 301, 302, 303, 307, 308, 404, 410})


@dataclass(slots=True)
class Lead:
    """A question to an origin, the flight that waits for what it brings, and how far it is."""

    job: Job
    key: str | None = None
    flight: asyncio.Future[Landing] | None = None
    begun: Asked | None = None


class Fetcher:
    """Leads flights: asks, and decides on the answer."""

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
        self._clock, self._hop = clock, hop
        self.intake = Intake(store, recorder, meter)

    async def lead(self, job: Job, key: str | None) -> Landing:
        """Ask the origin; with `key`, for all who join that flight."""
        return await self.follow(self._lead(job, key, None))

    async def follow(self, lead: Lead) -> Landing:
        """Ask, or wait for what was asked."""
        landing: Landing = _given_up()
        try:
            landing = await self._ask(lead.job, lead.begun)
        finally:
            self._land(lead, landing)
        return landing

    def begin(self, job: Job, key: str | None) -> Lead | None:
        """The same without waiting; None where no kept connection is there to ask on."""
        begun = job.route.origin.begin(self._question(job))
        return None if begun is None else self._lead(job, key, begun)

    def end(self, lead: Lead) -> Filled | Private:
        """What came of it, where a whole answer has come and nothing was known before."""
        assert lead.begun is not None
        job = lead.job
        landing: Filled | Private | None = None
        answer = job.route.origin.answer(lead.begun)
        try:
            why = why_not_store(job.asked, answer.head, job.route.rules)
            landing = self.intake.keep(job, answer) if why is None else Private(answer, why)
        finally:
            self._land(lead, _given_up() if landing is None else landing)
            if landing is None:
                answer.discard()
        return landing

    def _lead(self, job: Job, key: str | None, begun: Asked | None) -> Lead:
        return Lead(job, key, None if key is None else self.flights.start(key), begun)

    def _land(self, lead: Lead, landing: Landing) -> None:
        if lead.key is None or lead.flight is None:
            return
        self.flights.land(lead.key, lead.flight, landing)
        if isinstance(landing, Filled):
            landing.fill.when_over(partial(self.flights.over, lead.key, lead.flight))

    async def _ask(self, job: Job, begun: Asked | None = None) -> Landing:
        asked, rules = job.asked, job.route.rules
        try:
            ask = self._question(job) if begun is None else begun.ask
            answer = await job.route.origin.fetch(ask, begun)
        except OriginError as error:
            known = job.known
            why = when_unreachable(asked, known, self._clock(), rules) if known else None
            return Stale(known, why) if known and why else Failed(error)
        if isinstance(job.plan, Complete) and self._completes(job.plan, answer):
            return self.intake.keep(job, answer, job.plan.stored)
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
                return self.intake.keep(job, answer)
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
        kept = asked.host if job.route.keeps_host else ""
        host = kept or job.route.origin.address.authority
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


def _given_up() -> Failed:
    return Failed(OriginError("reset", "the fetch was given up"))


async def _drain(answer: Answer) -> None:
    """A 304 has no content; what the origin sends all the same is thrown away."""
    try:
        await answer.read()
    except OriginError:
        answer.discard()
