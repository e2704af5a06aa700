"""Serve, check, complete or forward (RFC 9111, 4)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import NOW, ask, date, kept
from scrubjay_proxy.http.reuse import (
    Complete,
    Forward,
    Revalidate,
    Serve,
    Unavailable,
    before_request,
    matches,
    select,
)
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.why import Why

ETAG = 'ETag: "1"'


def plan(stored, *lines, method="GET", now=NOW):
    some = stored if isinstance(stored, list) else [stored]
    return before_request(ask(*lines, method=method), some, now, Rules())


def outcome(stored, *lines, **more):
    """The kind of plan and its reason."""
    found = plan(stored, *lines, **more)
    return type(found), found.why


def fresh(*more, control="max-age=60", **kwargs):
    return kept(f"Cache-Control: {control}", ETAG, *more, **kwargs)


def stale(control="", **kwargs):
    return fresh(control=f"max-age=60{control}", age=100.0, **kwargs)


def test_what_is_fresh_is_served():
    stored = fresh(age=20)
    assert plan(stored) == Serve(stored, 40.0)
    assert plan(stored, method="HEAD") == Serve(stored, 40.0)


def test_nothing_stored_is_a_miss_of_the_uri():
    assert plan([]) == Forward(Why.URI_MISS)


def test_what_is_stale_is_checked_where_it_has_a_validator():
    assert plan(stale()) == Revalidate(stale(), Why.STALE)
    changed = kept("Cache-Control: max-age=1", f"Last-Modified: {date(-99)}", age=9)
    assert plan(changed) == Revalidate(changed, Why.STALE)
    neither = kept("Cache-Control: max-age=60", age=100)
    assert plan(neither) == Forward(Why.STALE, neither)


def test_the_moment_a_lifetime_ends_is_stale():
    assert outcome(fresh(), now=NOW + 59.9) == (Serve, None)
    assert outcome(fresh(), now=NOW + 60) == (Revalidate, Why.STALE)


@pytest.mark.parametrize(
    ("stored", "lines", "why"),
    [
        (fresh(control="no-cache"), [], Why.MUST_CHECK),
        (fresh(control='no-cache="set-cookie", max-age=60'), [], Why.MUST_CHECK),
        (fresh(control="no-cache"), ["Cache-Control: max-stale"], Why.MUST_CHECK),
        (fresh(control="private, max-age=60"), [], Why.MUST_CHECK),  # made so by a 304
        (fresh(control="no-store, max-age=60"), [], Why.MUST_CHECK),
        (fresh(), ["Cache-Control: no-cache"], Why.NO_CACHE),
        (fresh(control="max-age=60, immutable"), ["Cache-Control: no-cache"], Why.NO_CACHE),
        (fresh(), ["Pragma: no-cache"], Why.NO_CACHE),
        (stale(), ["Cache-Control: no-cache, max-stale"], Why.NO_CACHE),
        (fresh(age=20), ["Cache-Control: max-age=10"], Why.TOO_OLD),
        (fresh(age=1), ["Cache-Control: max-age=0"], Why.TOO_OLD),
        (fresh(age=1), ["Cache-Control: max-age=junk"], Why.TOO_OLD),
        (fresh(age=20), ["Cache-Control: max-age=10, max-stale=99"], Why.TOO_OLD),
        (fresh("Age: 30"), ["Cache-Control: max-age=10"], Why.TOO_OLD),
        (fresh(age=20), ["Cache-Control: min-fresh=41"], Why.NOT_FRESH_LONG_ENOUGH),
        (fresh(invalid=True), [], Why.INVALIDATED),
        (fresh(outdated=True), [], Why.INVALIDATED),
        (fresh(invalid=True), ["Cache-Control: max-stale"], Why.INVALIDATED),
        (fresh(outdated=True), ["Cache-Control: max-stale"], Why.INVALIDATED),
        (stale(), ["Cache-Control: max-stale=39"], Why.STALE),
        (stale(", must-revalidate"), ["Cache-Control: max-stale"], Why.STALE),
        (stale(", proxy-revalidate"), ["Cache-Control: max-stale"], Why.STALE),
        (stale(", s-maxage=60"), ["Cache-Control: max-stale"], Why.STALE),
        (stale(), ["Cache-Control: max-stale, max-age=50"], Why.STALE),
        (stale(), ["Cache-Control: max-stale, min-fresh=5"], Why.STALE),
    ],
)
def test_what_must_be_checked_first(stored, lines, why):
    assert outcome(stored, *lines) == (Revalidate, why)


@pytest.mark.parametrize(
    ("stored", "lines"),
    [
        (fresh(age=20), ["Cache-Control: max-age=20"]),
        (fresh(age=20), ["Cache-Control: min-fresh=40"]),
        (fresh(age=20), ["Cache-Control: max-stale=5"]),
        (fresh(age=20), ["Cache-Control: no-store"]),
        (fresh(age=20), ["Cache-Control: no-transform, unknown=1"]),
        (fresh(age=20), ["Cache-Control: only-if-cached"]),
        (fresh(age=20), ["Cache-Control: min-fresh=junk"]),
        (fresh(age=20), ["Pragma: no-cache", "Cache-Control: max-age=99"]),
        (fresh(age=20, control="max-age=60, immutable"), ["Cache-Control: max-age=0"]),
        (fresh(age=20, control="max-age=60, must-revalidate"), []),
        (fresh(age=20, control="max-age=60, no-store, must-understand"), []),
        (fresh(age=20), ['If-None-Match: "1"']),
        (fresh(age=20), ["Range: bytes=0-9"]),
    ],
)  # fmt: skip
def test_what_is_served_as_it_is(stored, lines):
    assert plan(stored, *lines) == Serve(stored, 40.0)


@pytest.mark.parametrize("wish", ["max-stale", "max-stale=40", "max-stale=40, max-age=100"])
def test_a_client_may_accept_what_is_stale(wish):
    assert plan(stale(), f"Cache-Control: {wish}") == Serve(stale(), -40.0, Why.MAX_STALE)


def test_immutable_ends_with_the_lifetime():
    assert outcome(stale(", immutable")) == (Revalidate, Why.STALE)


@pytest.mark.parametrize(
    ("control", "lines", "served"),
    [
        (", stale-while-revalidate=40", [], True),
        (", stale-while-revalidate=39", [], False),
        (", stale-while-revalidate", [], False),
        (", stale-while-revalidate=99, must-revalidate", [], False),
        (", stale-while-revalidate=99, s-maxage=60", [], False),
        (", stale-while-revalidate=99", ["Cache-Control: no-cache"], False),
        (", stale-while-revalidate=99", ["Cache-Control: max-age=0"], False),
        (", stale-while-revalidate=99", ["Cache-Control: min-fresh=0"], False),
        (", stale-while-revalidate=99", ["Cache-Control: max-age=100"], True),
    ],
)
def test_stale_while_revalidate_serves_now_and_checks_afterwards(control, lines, served):
    stored = stale(control)
    found = plan(stored, *lines)
    if served:
        assert found == Serve(stored, -40.0, Why.STALE_WHILE_REVALIDATE, refresh=True)
    else:
        assert isinstance(found, Revalidate)


def test_a_soft_purge_leaves_stale_while_revalidate_in_force_and_an_unsafe_request_does_not():
    window = "max-age=60, stale-while-revalidate=9"
    assert isinstance(plan(fresh(control=window, outdated=True)), Serve)
    assert outcome(fresh(control=window, invalid=True)) == (Revalidate, Why.INVALIDATED)


@pytest.mark.parametrize(
    "stored",
    [[], stale(), fresh(control="no-cache"), fresh(length=100, parts=((0, 10),))],
)
def test_a_client_that_wants_only_what_is_cached_gets_nothing_else(stored):
    assert plan(stored, "Cache-Control: only-if-cached") == Unavailable()


def test_a_client_that_wants_only_what_is_cached_may_take_it_stale():
    served = plan(stale(), "Cache-Control: only-if-cached, max-stale")
    assert served == Serve(stale(), -40.0, Why.MAX_STALE)


@pytest.mark.parametrize("line", ['If-Match: "1"', f"If-Unmodified-Since: {date()}"])
def test_what_only_the_origin_can_judge_is_forwarded(line):
    assert plan(fresh(), line) == Forward(Why.METHOD)


# Parts.

PART = fresh(length=100, parts=((0, 50),))


@pytest.mark.parametrize(
    ("stored", "lines", "found"),
    [
        (PART, ["Range: bytes=0-9"], Serve(PART, 60.0)),
        (PART, ["Range: bytes=40-60"], Forward(Why.PARTIAL)),
        (PART, ["Range: bytes=0-1,5-6"], Forward(Why.PARTIAL)),
        (PART, ["Range: bytes=100-"], Forward(Why.PARTIAL)),
        (PART, ["Range: bytes=0-9", 'If-Range: "1"'], Forward(Why.PARTIAL)),
        (PART, [], Complete(PART, (50, 100))),
        (PART, ['If-None-Match: "1"'], Complete(PART, (50, 100))),
        (PART, ["Range: bytes=5-4"], Forward(Why.PARTIAL)),
    ],
)
def test_a_part_serves_its_bytes_and_is_completed_with_one_more(stored, lines, found):
    assert plan(stored, *lines) == found


def test_a_part_answers_head():
    assert plan(PART, method="HEAD") == Serve(PART, 60.0)


@pytest.mark.parametrize(
    "stored",
    [
        kept("Cache-Control: max-age=60", 'ETag: W/"1"', length=100, parts=((0, 50),)),
        kept("Cache-Control: max-age=60", length=100, parts=((0, 50),)),
        fresh(length=100, parts=((10, 20),)),
        stale(length=100, parts=((0, 50),)),
    ],
)
def test_a_part_that_cannot_be_completed_is_fetched_anew(stored):
    assert plan(stored) == Forward(Why.PARTIAL)


# Variants.


def variant(value, **more):
    asked = ask(f"Accept-Language: {value}") if value is not None else ask()
    return fresh("Vary: Accept-Language", asked=asked, **more)


@pytest.mark.parametrize(
    ("stored", "lines", "same"),
    [
        (variant("de"), ["Accept-Language: de"], True),
        (variant("de"), ["Accept-Language: DE"], True),
        (variant("de"), ["Accept-Language: fr"], False),
        (variant("de"), [], False),
        (variant(None), [], True),
        (variant(None), ["Accept-Language: de"], False),
        (variant(None), ["Accept-Language:"], False),
        (variant("de"), ["Accept-Language: de", "Connection: accept-language"], False),
        (fresh(), ["Accept-Language: de"], True),
        (fresh("Vary: *"), [], False),
    ],
)
def test_a_variant_is_for_requests_like_the_first(stored, lines, same):
    assert matches(ask(*lines), stored) is same
    found = plan(stored, *lines)
    assert found == (Serve(stored, 60.0) if same else Forward(Why.VARY_MISS))


def test_of_several_that_match_the_latest_is_taken():
    old, new, other = fresh(age=9), variant("de", age=5), variant("fr")
    asked = ask("Accept-Language: de")
    assert select(asked, [old, new, other]) is new
    assert select(asked, [new, old]) is new
    assert select(asked, [other, old]) is old
    assert select(asked, [other]) is None


TEXT = st.text(max_size=20) | st.text(alphabet='max-stale=mifrh0159,;" \\/b', max_size=30)


@given(
    st.dictionaries(
        st.sampled_from(["cache-control", "range", "if-range", "if-none-match", "pragma", "a"]),
        TEXT,
    ),
    st.dictionaries(
        st.sampled_from(["cache-control", "cdn-cache-control", "vary", "etag", "age", "expires"]),
        TEXT,
    ),
    st.sampled_from([((0, 100),), ((0, 5),), ((5, 9), (20, 100)), ()]),
)
def test_any_text_gets_an_answer(wishes, told, parts):
    stored = kept(*(f"{name}: {value}" for name, value in told.items()), parts=parts)
    found = plan(stored, *(f"{name}: {value}" for name, value in wishes.items()))
    assert found.why is None or isinstance(found.why, Why)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_what_is_served_without_a_reason_is_fresh_and_as_young_as_asked(age, max_age, min_fresh):
    found = plan(fresh(age=age), f"Cache-Control: max-age={max_age}, min-fresh={min_fresh}")
    if isinstance(found, Serve) and found.why is None:
        assert age <= max_age
        assert found.left == 60 - age > 0
        assert found.left >= min_fresh
    else:
        assert age >= 60 or age > max_age or 60 - age < min_fresh


def test_selection_does_not_look_at_the_order_of_storing():
    one, other = variant("de", age=5), variant("de", age=3)
    for order in ([one, other], [other, one]):
        assert plan(order, "Accept-Language: de") == Serve(other, 57.0)


def test_a_later_vary_of_a_304_counts():
    one = replace(fresh(), head=fresh("Vary: X").head, selecting=(("x", "1"),))
    assert matches(ask("X: 1"), one)
    assert not matches(ask("X: 2"), one)
