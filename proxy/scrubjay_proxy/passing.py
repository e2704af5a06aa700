"""Requests that the cache does not answer: passed on, and what they change in it."""

from __future__ import annotations

from dataclasses import replace

from scrubjay_proxy.answers import Ask
from scrubjay_proxy.deliver import Delivery
from scrubjay_proxy.fetch import Fetcher
from scrubjay_proxy.flight import Filled
from scrubjay_proxy.http import cachestatus
from scrubjay_proxy.http.invalidate import invalidated_groups, invalidated_urls, origin_of
from scrubjay_proxy.http.keys import normal_target
from scrubjay_proxy.http.messages import Head, Request
from scrubjay_proxy.http.reuse import Forward
from scrubjay_proxy.http.storable import why_not_store
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.outgoing import to_origin
from scrubjay_proxy.recording import Job
from scrubjay_proxy.routes import Route
from scrubjay_proxy.store.base import Reason, Selector, Store
from scrubjay_proxy.told import Told
from scrubjay_proxy.wire.call import Call


class Passing:
    """Passes a request and its body on and the answer back, both as they come."""

    def __init__(
        self, store: Store, fetcher: Fetcher, delivery: Delivery, *, hop: str, max_body: int | None
    ) -> None:
        self._store, self._fetcher, self._delivery = store, fetcher, delivery
        self._hop, self._max_body = hop, max_body

    async def on(self, call: Call, asked: Request, route: Route) -> Told:
        """Pass a call on. Raises OriginError where the origin gives no answer."""
        why = Why.BODY if asked.method in ("GET", "HEAD") else Why.METHOD
        call.body.bound(self._max_body)
        call.continue_if_expected()
        origin = route.origin
        host = asked.host if route.keeps_host else origin.address.authority
        targets = route.rules.targets
        length = call.body.length
        lines = to_origin(asked, host, call.peer, length, hop=self._hop, targets=targets)
        body = call.body if call.body.length != 0 else None
        interim = self._delivery.interim(call)
        answer = await origin.fetch(Ask(asked.method, asked.target, lines, body, interim))
        # The cache knows the URI by its normal form, which is what a GET of it is asked under.
        known = replace(asked, target=normal_target(asked.target, route.rules.key))
        await self._invalidate(known, answer.head)
        job = Job(known, route, Forward(why), call.peer)
        code = answer.head.status
        if asked.method == "POST" and why_not_store(asked, answer.head, route.rules) is None:
            landing = self._fetcher.intake.keep(job, answer)
            if isinstance(landing, Filled):
                status = cachestatus.forwarded(why, code, stored=True)
                code = await self._delivery.from_fill(call, asked, landing.fill, status)
                return Told("bypass", why.value, code)
        status = cachestatus.forwarded(why, code, stored=False)
        await self._delivery.from_origin(call, answer, status)
        return Told("bypass", why.value, code)

    async def _invalidate(self, asked: Request, got: Head) -> None:
        """Mark stale what this request made so (RFC 9111, 4.4; RFC 9875)."""
        origin = origin_of(asked.url)
        groups = frozenset((origin, group) for group in invalidated_groups(asked, got))
        keys = tuple(
            key
            for url in invalidated_urls(asked, got)
            for key in self._fetcher.recorder.searches.keys(url)
        )
        if keys or groups:
            selector = Selector(keys=keys, groups=groups)
            await self._store.purge(selector, soft=True, reason=Reason.INVALIDATED)
