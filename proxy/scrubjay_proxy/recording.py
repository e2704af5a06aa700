"""A response as it would be stored."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from scrubjay_proxy.answers import Answer
from scrubjay_proxy.holding import Holding, tag_of
from scrubjay_proxy.http.dates import format_date
from scrubjay_proxy.http.freshness import ends_at, expires_at
from scrubjay_proxy.http.hops import storable_fields
from scrubjay_proxy.http.keys import primary_key, selecting, vary_names
from scrubjay_proxy.http.messages import Head, Headers, Request, Stored
from scrubjay_proxy.http.ranges import content_range
from scrubjay_proxy.http.reuse import Complete, Forward, Revalidate
from scrubjay_proxy.http.validate import freshened
from scrubjay_proxy.routes import Route
from scrubjay_proxy.searches import Searches
from scrubjay_proxy.store.base import object_id
from scrubjay_proxy.wire.framing import Framing

Plan = Revalidate | Complete | Forward
Interim = Callable[[Head], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One question to an origin: who asks, what for, and what is known already."""

    asked: Request
    route: Route
    plan: Plan
    peer: str
    interim: Interim = lambda _: None

    @property
    def known(self) -> Stored | None:
        """What a 304 would confirm, or what may stand in for an error."""
        return self.plan.stale if isinstance(self.plan, Forward) else self.plan.stored


class Recorder:
    """Makes the records of responses; `jitter` shortens lifetimes by up to that share, so
    that what came together does not expire together; `holding` learns those that none states."""

    def __init__(
        self,
        searches: Searches,
        *,
        jitter: float = 0.0,
        seed: int = 0,
        holding: Holding | None = None,
    ) -> None:
        self.searches, self.holding = searches, holding
        self._jitter, self._random = jitter, random.Random(seed)  # noqa: S311  no secret

    def whole(self, job: Job, answer: Answer, partial: Stored | None = None) -> Stored:
        """The response as it would be stored."""
        asked, rules = job.asked, job.route.rules
        told = answer.head.headers
        head = Head(answer.head.status, answer.head.reason, _dated(storable_fields(told), answer))
        if partial is not None:
            head = freshened(partial, answer.head, answer.times).head
            head = head.with_headers(head.headers.without(("content-range",)))
        search = self.searches.learn(asked, told)
        key = primary_key(asked, search)
        chosen = selecting(vary_names(told), asked.headers)
        length = partial.length if partial else _told_length(answer)
        jitter = self._jittered()
        return Stored(
            id=object_id(key, chosen),
            key=key,
            head=head,
            times=answer.times,
            selecting=chosen,
            length=length,
            parts=((0, length),),
            jitter=jitter,
            expires=ends_at(head, answer.times, jitter, rules),
            tag=tag_of(head, 0),
        )

    def part(self, job: Job, answer: Answer) -> tuple[Stored, int] | None:
        """What a 206 would be stored as, and its first byte; None where its complete
        length is not told or its body is not as long as it says."""
        told = content_range(answer.head.headers)
        if told is None or told.length is None:
            return None
        if answer.body.length not in (told.span[1] - told.span[0], Framing.CHUNKED):
            return None
        stored = self.whole(job, answer)
        headers = stored.head.headers.without(("content-range",))
        head = Head(200, "OK", headers)
        return replace(stored, head=head, length=told.length, parts=(told.span,)), told.span[0]

    def again(self, stored: Stored, route: Route) -> Stored:
        """A confirmed response, with a lifetime that begins now."""
        fresh = replace(stored, jitter=self._jittered())
        return self.held(replace(fresh, expires=expires_at(fresh, route.rules)), route)

    def held(self, stored: Stored, route: Route) -> Stored:
        """A response that is whole or confirmed, with its lifetime learned where none is stated."""
        if self.holding is None:
            return stored
        learned = self.holding.held(stored, route)
        return replace(learned, expires=expires_at(learned, route.rules))

    def _jittered(self) -> float:
        return 1.0 - self._jitter * self._random.random() if self._jitter else 1.0


def _told_length(answer: Answer) -> int:
    """Of a body that is whole and whose length the head tells, else 0: it is known at its end."""
    length = answer.body.length
    return length if isinstance(length, int) and answer.head.status != 206 else 0


def _dated(fields: Headers, answer: Answer) -> Headers:
    """With the time of arrival for a Date, where there is none (RFC 9110, 6.6.1)."""
    return (
        fields
        if "date" in fields
        else fields.having("Date", format_date(int(answer.times.received)))
    )
