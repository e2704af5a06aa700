"""GET and HEAD: answered from the store, from a flight, or by asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from scrubjay_proxy.answers import OriginError
from scrubjay_proxy.deliver import Delivery
from scrubjay_proxy.fetch import Fetcher, Lead
from scrubjay_proxy.fill import Fill
from scrubjay_proxy.flight import Failed, Filled, Landing, Private, Refreshed, Stale
from scrubjay_proxy.http import cachestatus
from scrubjay_proxy.http.directives import request_directives
from scrubjay_proxy.http.freshness import freshness
from scrubjay_proxy.http.messages import Request, Stored
from scrubjay_proxy.http.reuse import (
    Complete,
    Forward,
    Revalidate,
    Serve,
    Unavailable,
    before_request,
    matches,
    usable,
)
from scrubjay_proxy.http.validate import CONDITIONAL
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.recording import Interim, Job, Plan
from scrubjay_proxy.routes import Route
from scrubjay_proxy.store.base import Store, Vanished
from scrubjay_proxy.told import Told
from scrubjay_proxy.wire.call import Call

_ROUNDS = 4  # looks into the store before a request goes its own way


@dataclass(slots=True)
class _Visit:
    """A request on its way through the cache."""

    call: Call
    asked: Request
    route: Route
    collapsed: bool = False
    failures: int = 0
    rounds: int = 0


class Caching:
    """Answers what the cache may answer."""

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        delivery: Delivery,
        meter: Meter,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._fetcher, self._delivery = store, fetcher, delivery
        self._meter, self._clock = meter, clock
        self._refreshes: set[asyncio.Task[Landing]] = set()

    async def answer(self, call: Call, asked: Request, route: Route) -> Told:
        """Answer a GET or HEAD without a body. Raises OriginError, ClientGone."""
        self._store.seen()
        return await self._look(_Visit(call, asked, route))

    async def resume(self, call: Call, lead: Lead) -> Told:
        """Answer a call whose question was sent already. Raises OriginError, ClientGone."""
        job = lead.job
        visit = _Visit(call, job.asked, job.route, rounds=1)
        landing = await self._fetcher.follow(lead)
        return await self._landed(visit, job, landing) or await self._look(visit)

    async def _look(self, visit: _Visit) -> Told:
        while True:
            visit.rounds += 1
            key = self._fetcher.recorder.searches.key(visit.asked)
            variants = await self._store.find(key)
            plan = before_request(visit.asked, variants, self._clock(), visit.route.rules)
            match plan:
                case Serve():
                    if told := await self._serve(visit, plan):
                        return told
                case Unavailable(why):
                    status, reason = 504, "Gateway Timeout"
                    await self._delivery.error(visit.call, status, reason, "not cached", why)
                    return Told("refused", why.value, status)
                case Revalidate() | Complete() | Forward():
                    if told := await self._ask(visit, plan, key):
                        return told

    async def _serve(self, visit: _Visit, plan: Serve) -> Told | None:
        stored = plan.stored
        status = cachestatus.hit(plan.left, plan.why, collapsed=visit.collapsed)
        try:
            code = await self._delivery.from_store(visit.call, visit.asked, stored, status)
        except Vanished:
            return None
        self._store.used(stored)
        if plan.left > 0 and self._fetcher.recorder.holding is not None:
            self._fetcher.recorder.holding.hit(stored)
        if plan.refresh:
            self._refresh(visit, stored)
        outcome = "stale" if plan.left <= 0 else "hit"
        return Told(outcome, plan.why.value if plan.why else "", code, from_store=True)

    def _refresh(self, visit: _Visit, stored: Stored) -> None:
        """Check behind the client's back (RFC 5861, 3), once for all who are served stale."""
        asked = visit.asked
        if asked.method == "HEAD":
            asked = replace(asked, method="GET")
        asked = asked.with_headers(asked.headers.without(CONDITIONAL))
        key = flight_key(stored.key, variants=True)
        if self._fetcher.flights.joinable(key) is not None:
            return
        job = Job(asked, visit.route, Revalidate(stored, Why.STALE), visit.call.peer)
        task = asyncio.get_running_loop().create_task(self._fetcher.lead(job, key))
        self._refreshes.add(task)
        task.add_done_callback(self._refreshed)

    def _refreshed(self, task: asyncio.Task[Landing]) -> None:
        self._refreshes.discard(task)
        if not task.cancelled() and task.exception() is None:
            landing = task.result()
            if isinstance(landing, Private):
                landing.answer.discard()

    async def _ask(self, visit: _Visit, plan: Plan, key: str) -> Told | None:
        """Join the flight for this key, or lead it; None: look into the store again."""
        asked = visit.asked
        flights = self._fetcher.flights
        shared = _shareable(asked, plan) and visit.rounds <= _ROUNDS
        flying = flight_key(key, variants=not isinstance(plan, Forward) or plan.stale is not None)
        if shared and (flight := flights.joinable(flying)) is not None:
            landing = await asyncio.shield(flight)
            self._meter.coalesced()
            visit.collapsed = True
            return await self._joined(visit, plan, landing)
        if shared and flights.is_private(flying):
            shared = False
        interim: Interim = self._delivery.interim(visit.call)
        job = Job(asked, visit.route, plan, visit.call.peer, interim)
        landing = await self._fetcher.lead(job, flying if shared else None)
        return await self._landed(visit, job, landing)

    async def _joined(self, visit: _Visit, plan: Plan, landing: Landing) -> Told | None:
        match landing:
            case Filled(fill) if fill.joinable and matches(visit.asked, fill.stored):
                return await self._from_fill(visit, plan, landing)
            case Refreshed(stored) if matches(visit.asked, stored) and usable(visit.asked, stored):
                return await self._checked(visit, plan.why, stored)
            case Stale(stored, why) if matches(visit.asked, stored):
                return await self._stale(visit, stored, why)
            case Failed(error):
                visit.failures += 1
                if visit.failures > 1:
                    raise error
            case Private():
                visit.rounds = _ROUNDS  # the next look goes its own way
            case _:
                pass
        return None

    async def _landed(self, visit: _Visit, job: Job, landing: Landing) -> Told | None:
        """What the leader does with what it got."""
        match landing:
            case Filled():
                return await self._from_fill(visit, job.plan, landing)
            case Refreshed(stored):
                return await self._checked(visit, job.plan.why, stored)
            case Stale(stored, why):
                return await self._stale(visit, stored, why)
            case Failed(error):
                raise error
            case Private(answer, why):
                code, status = answer.head.status, private_status(job.plan, landing)
                if why is Why.PARTIAL:
                    await self._delivery.part(
                        visit.call, answer, status, self._fetcher.recorder, job
                    )
                else:
                    await self._delivery.from_origin(visit.call, answer, status)
                return Told("fetched", why.value, code)

    async def _from_fill(self, visit: _Visit, plan: Plan, landing: Filled) -> Told:
        fill = landing.fill
        status = filled_status(plan, fill, collapsed=visit.collapsed)
        code = await self._delivery.from_fill(visit.call, visit.asked, fill, status)
        return Told("fetched", plan.why.value, code)

    async def _checked(self, visit: _Visit, why: Why, stored: Stored) -> Told | None:
        left = freshness(stored, self._clock(), visit.route.rules)
        status = cachestatus.forwarded(why, 304, stored=True, collapsed=visit.collapsed)
        status = f"{status}; ttl={int(left)}"
        try:
            code = await self._delivery.from_store(visit.call, visit.asked, stored, status)
        except Vanished:
            return None
        self._store.used(stored)
        return Told("checked", why.value, code, from_store=True)

    async def _stale(self, visit: _Visit, stored: Stored, why: Why) -> Told:
        left = freshness(stored, self._clock(), visit.route.rules)
        status = cachestatus.hit(left, why, collapsed=visit.collapsed)
        try:
            code = await self._delivery.from_store(visit.call, visit.asked, stored, status)
        except Vanished:
            raise OriginError("reset", "the origin failed") from None
        self._store.used(stored)
        return Told("stale", why.value, code, from_store=True)

    async def settle(self) -> None:
        """Wait for fetches that nobody waits for."""
        tasks = [*self._refreshes, *self._fetcher.intake.pumps]
        if tasks:
            await asyncio.wait(tasks)


def private_status(plan: Plan, landing: Private) -> str:
    """Cache-Status of an answer that nobody else gets."""
    said = landing.answer.head.status
    return cachestatus.forwarded(plan.why, said, stored=False, detail=landing.why)


def filled_status(plan: Plan, fill: Fill, *, collapsed: bool = False) -> str:
    """Cache-Status of an answer that is being taken in."""
    said = fill.stored.head.status
    return cachestatus.forwarded(plan.why, said, stored=fill.keeping, collapsed=collapsed)


def flight_key(key: str, *, variants: bool) -> str:
    """What a flight is joined by: plain fetches and checks of what is stored fly apart."""
    return f"check {key}" if variants else key


def _shareable(asked: Request, plan: Plan) -> bool:
    """Whether others may use what this request brings: a whole GET, nothing personal."""
    if asked.method != "GET" or "no-store" in request_directives(asked.headers):
        return False
    if isinstance(plan, Revalidate | Complete):
        return True
    return not asked.headers.any(CONDITIONAL)
