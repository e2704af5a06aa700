"""A stored response made ready for who asks plainly: all of its head but what the time changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scrubjay_proxy.http import cachestatus
from scrubjay_proxy.http.freshness import age_at, initial_age, lasting
from scrubjay_proxy.http.keys import vary_names
from scrubjay_proxy.http.messages import Request, Stored
from scrubjay_proxy.http.respond import answer_from
from scrubjay_proxy.http.reuse import Serve, before_request
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.validate import CONDITIONAL
from scrubjay_proxy.outgoing import length_field, to_client
from scrubjay_proxy.wire.framing import keeps_alive
from scrubjay_proxy.wire.heads import RequestHead, render_response

_LATER = "\0"  # no field value has one
# What a request may say on how it is to be answered, or through which proxies it came.
_SAYS_HOW = CONDITIONAL | {"cache-control", "pragma", "expect", "upgrade", "cdn-loop"}


@dataclass(frozen=True, slots=True)
class Ready:
    """A fresh answer under a route's rules; `sole`: it does not depend on who asks."""

    stored: Stored
    rules: Rules
    sole: bool
    status: int
    lasts: float  # seconds: the lifetime, and the age on arrival
    aged: float
    pieces: tuple[bytes, bytes, bytes]  # around Age and ttl

    def head(self, now: float) -> bytes | None:
        """The head now; None once the response is stale."""
        age = age_at(now, self.aged, self.stored.times.received)
        left = self.lasts - age
        if left <= 0:
            return None
        before, between, behind = self.pieces
        return b"%b%d%b%d%b" % (before, int(age), between, int(left), behind)


def is_plain(head: RequestHead) -> bool:
    """Whether this asks for a resource as a whole and leaves all else to the cache."""
    return (
        head.method == "GET"
        and head.minor == 1
        and head.target.startswith("/")
        and not head.headers.has_any(_SAYS_HOW)
        and keeps_alive(head.minor, head.headers)
    )


def plan_for(asked: Request, variants: Sequence[Stored], now: float, rules: Rules) -> Stored | None:
    """The variant that answers a plain request, if a fresh one does."""
    plan = before_request(asked, variants, now, rules)
    fresh = isinstance(plan, Serve) and plan.why is None
    return plan.stored if isinstance(plan, Serve) and fresh else None


def ready_for(asked: Request, stored: Stored, now: float, rules: Rules) -> Ready | None:
    """The answer to a plain request that a stored response is fresh for; None where more of
    it than Age and ttl changes, or it has no body."""
    answer = answer_from(asked, stored, now)
    headers = answer.head.headers
    if answer.span != (0, stored.length) or "date" not in headers:
        return None
    head = answer.head.with_headers(headers.having("Age", _LATER))
    told = to_client(head, now, cachestatus.fresh(_LATER), length_field(stored.length))
    pieces = render_response(told).split(_LATER.encode())
    if len(pieces) != 3:
        return None
    return Ready(
        stored=stored,
        rules=rules,
        sole=not vary_names(stored.head.headers),
        status=answer.head.status,
        lasts=lasting(stored, rules),
        aged=initial_age(stored.head.headers, stored.times),
        pieces=(pieces[0], pieces[1], pieces[2]),
    )
