"""Stale, and served all the same (RFC 9111, 4.2.4; RFC 5861)."""

from dataclasses import replace

import pytest

from exchanges import NOW, ask, kept
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.stale import (
    instead_of_error,
    may_serve_stale,
    when_unreachable,
    while_revalidating,
)
from scrubjay_proxy.http.why import Why

RULES = Rules(unreachable_grace=1000.0)


def stale(control="", by=40.0, **more):
    return kept(f"Cache-Control: max-age=60{control}", age=60 + by, **more)


@pytest.mark.parametrize(
    ("control", "may"),
    [
        ("", True),
        (", public, immutable", True),
        (", must-revalidate", False),
        (", proxy-revalidate", False),
        (", no-cache", False),
        (", s-maxage=60", False),
        (", private", False),
        (", no-store", False),
    ],
)
def test_the_origin_may_forbid_what_is_stale(control, may):
    stored = stale(control)
    assert may_serve_stale(stored, RULES) is may
    assert (when_unreachable(ask(), stored, NOW, RULES) is not None) is may
    windows = stale(f"{control}, stale-if-error=99, stale-while-revalidate=99")
    assert (instead_of_error(ask(), windows, NOW, RULES) is not None) is may
    assert while_revalidating(windows, NOW, RULES) is may


def test_what_an_unsafe_request_invalidated_is_never_served_unchecked():
    windows = stale(", stale-if-error=99, stale-while-revalidate=99", by=-20)
    invalid, outdated = replace(windows, invalid=True), replace(windows, outdated=True)
    assert not may_serve_stale(invalid, RULES)
    assert when_unreachable(ask(), invalid, NOW, RULES) is None
    assert when_unreachable(ask(), outdated, NOW, RULES) is Why.STALE_IF_ERROR


@pytest.mark.parametrize(
    ("by", "window", "served"), [(40, 40, True), (41, 40, False), (-10, 0, True), (1, 0, False)]
)
def test_a_window_is_counted_from_the_end_of_the_lifetime(by, window, served):
    assert while_revalidating(stale(f", stale-while-revalidate={window}", by), NOW, RULES) is served
    why = instead_of_error(ask(), stale(f", stale-if-error={window}", by), NOW, RULES)
    assert why is (Why.STALE_IF_ERROR if served else None)


def test_without_a_window_nothing_is_served_for_an_error_or_while_revalidating():
    assert instead_of_error(ask(), stale(), NOW, RULES) is None
    assert not while_revalidating(stale(), NOW, RULES)


@pytest.mark.parametrize(
    ("told", "wished", "why"),
    [
        ("", "stale-if-error=40", Why.STALE_IF_ERROR),
        ("", "stale-if-error=39", None),
        (", stale-if-error=40", "stale-if-error=1", Why.STALE_IF_ERROR),
        (", stale-if-error=1", "stale-if-error=40", Why.STALE_IF_ERROR),
        (", stale-if-error=junk", "no-transform", None),
    ],
)
def test_the_client_may_accept_what_is_stale_in_place_of_an_error(told, wished, why):
    asked = ask(f"Cache-Control: {wished}")
    assert instead_of_error(asked, stale(told), NOW, RULES) is why


@pytest.mark.parametrize(
    ("by", "control", "why"),
    [
        (40, "", Why.ORIGIN_UNREACHABLE),
        (1000, "", Why.ORIGIN_UNREACHABLE),
        (1001, "", None),
        (1001, ", stale-if-error=2000", Why.STALE_IF_ERROR),
        (40, ", stale-if-error=40", Why.STALE_IF_ERROR),
    ],
)
def test_cut_off_from_the_origin_a_cache_serves_what_it_has_for_a_while(by, control, why):
    assert when_unreachable(ask(), stale(control, by), NOW, RULES) is why


@pytest.mark.parametrize("line", ["Cache-Control: no-cache", "Pragma: no-cache"])
def test_a_client_that_wants_a_check_is_told_that_there_was_none(line):
    assert when_unreachable(ask(line), stale(), NOW, RULES) is None


def test_the_operator_may_allow_no_grace_at_all():
    assert when_unreachable(ask(), stale(), NOW, Rules(unreachable_grace=0.0)) is None
