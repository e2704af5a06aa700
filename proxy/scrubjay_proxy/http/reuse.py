"""What to do with a request: serve what is stored, check it, or forward (RFC 9111, 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scrubjay_proxy.http.directives import Directives, request_directives, response_directives
from scrubjay_proxy.http.freshness import current_age, date_of, freshness
from scrubjay_proxy.http.keys import selecting, vary_names
from scrubjay_proxy.http.messages import Request, Stored
from scrubjay_proxy.http.ranges import Span, asked_spans, holds, missing
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.stale import may_serve_stale, while_revalidating
from scrubjay_proxy.http.storable import forbids_storing
from scrubjay_proxy.http.validate import has_validator, strong_etag
from scrubjay_proxy.http.why import Why

# A request that means "only if it is still so" is for the origin to judge.
_ORIGIN_JUDGES = frozenset({"if-match", "if-unmodified-since"})


@dataclass(frozen=True, slots=True)
class Serve:
    """Answer from the store; `refresh`: and check it with the origin afterwards."""

    stored: Stored
    left: float
    why: Why | None = None
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Revalidate:
    """Ask the origin whether the stored response still holds."""

    stored: Stored
    why: Why


@dataclass(frozen=True, slots=True)
class Complete:
    """Ask the origin for the one span that is missing (RFC 9111, 3.4)."""

    stored: Stored
    span: Span
    why: Why = Why.PARTIAL


@dataclass(frozen=True, slots=True)
class Forward:
    """Ask the origin; `stale` is what may stand in if that fails."""

    why: Why
    stale: Stored | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nothing usable is stored and the client wants nothing else: 504 (5.2.1.7)."""

    why: Why = Why.ONLY_IF_CACHED


Before = Serve | Revalidate | Complete | Forward | Unavailable


def before_request(asked: Request, stored: Sequence[Stored], now: float, rules: Rules) -> Before:
    """Decide on a GET or HEAD, given all stored variants under its key."""
    wishes = request_directives(asked.headers)
    plan = _plan(asked, stored, wishes, now, rules)
    if "only-if-cached" in wishes and not isinstance(plan, Serve):
        return Unavailable()
    return plan


def _plan(
    asked: Request, stored: Sequence[Stored], wishes: Directives, now: float, rules: Rules
) -> Before:
    if asked.headers.any(_ORIGIN_JUDGES):
        return Forward(Why.METHOD)
    if not stored:
        return Forward(Why.URI_MISS)
    chosen = select(asked, stored)
    if chosen is None:
        return Forward(Why.VARY_MISS)
    if not usable(asked, chosen):
        return _completion(asked, chosen, now, rules)
    left = freshness(chosen, now, rules)
    why = _why_not_now(chosen, wishes, left, now, rules)
    if why is None:
        return Serve(chosen, left)
    if (why is Why.STALE or why is Why.INVALIDATED) and not _wants_better(chosen, wishes, now):
        if _accepts_stale(chosen, wishes, left, rules):
            return Serve(chosen, left, Why.MAX_STALE)
        if while_revalidating(chosen, now, rules):
            return Serve(chosen, left, Why.STALE_WHILE_REVALIDATE, refresh=True)
    return Revalidate(chosen, why) if has_validator(chosen) else Forward(why, chosen)


def select(asked: Request, stored: Sequence[Stored]) -> Stored | None:
    """The latest of the responses whose selecting fields match (RFC 9111, 4.1)."""
    matching = [one for one in stored if matches(asked, one)]
    return max(matching, key=lambda one: date_of(one.head.headers, one.times), default=None)


def matches(asked: Request, stored: Stored) -> bool:
    """Whether the request has the header values that the response was chosen by."""
    names = vary_names(stored.head.headers)
    if not names:
        return True
    return "*" not in names and selecting(names, asked.headers) == stored.selecting


def usable(asked: Request, stored: Stored) -> bool:
    """Whether the bytes asked for are all here."""
    if stored.complete or asked.method == "HEAD":
        return True
    spans = asked_spans(asked.headers, stored.length)
    if spans is None or "if-range" in asked.headers:
        return False
    return len(spans) == 1 and holds(stored.parts, spans[0])


def _completion(asked: Request, stored: Stored, now: float, rules: Rules) -> Before:
    span = missing(stored)
    whole_wanted = "range" not in asked.headers
    fresh = freshness(stored, now, rules) > 0
    if span and whole_wanted and fresh and strong_etag(stored.head.headers):
        return Complete(stored, span)
    return Forward(Why.PARTIAL)


def _why_not_now(
    stored: Stored, wishes: Directives, left: float, now: float, rules: Rules
) -> Why | None:
    told = response_directives(stored.head.headers, rules.targets)
    # A 304 may have made private what was stored when it was not.
    if "no-cache" in told or forbids_storing(told):
        return Why.MUST_CHECK
    if "no-cache" in wishes:
        return Why.NO_CACHE
    if left <= 0:
        return Why.INVALIDATED if stored.invalid or stored.outdated else Why.STALE
    # The client's wish does not count against an immutable response (RFC 8246, 2).
    if "immutable" not in told and _too_old(stored, wishes, now):
        return Why.TOO_OLD
    if wishes.min_fresh is not None and left < wishes.min_fresh:
        return Why.NOT_FRESH_LONG_ENOUGH
    return None


def _too_old(stored: Stored, wishes: Directives, now: float) -> bool:
    return wishes.max_age is not None and current_age(stored, now) > wishes.max_age


def _wants_better(stored: Stored, wishes: Directives, now: float) -> bool:
    """Whether the client itself asked for more than something stale (5.2.1.1, 5.2.1.3)."""
    return wishes.min_fresh is not None or _too_old(stored, wishes, now)


def _accepts_stale(stored: Stored, wishes: Directives, left: float, rules: Rules) -> bool:
    accepts = wishes.max_stale is not None and -left <= wishes.max_stale
    return accepts and not stored.outdated and may_serve_stale(stored, rules)
