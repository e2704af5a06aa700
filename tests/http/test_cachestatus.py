"""The Cache-Status field (RFC 9211)."""

import pytest

from exchanges import fields
from scrubjay_proxy.http.cachestatus import appended, forwarded, hit, refused
from scrubjay_proxy.http.structured import parse_dictionary, parse_list
from scrubjay_proxy.http.why import Why

FORWARDS = {"bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"}


def test_a_hit_tells_what_is_left():
    assert hit(59.9) == "scrubjay; hit; ttl=59"
    assert hit(-3.0, Why.MAX_STALE) == "scrubjay; hit; ttl=-3; detail=max-stale"
    assert hit(0.0, collapsed=True) == "scrubjay; hit; ttl=0; collapsed"


@pytest.mark.parametrize(
    ("why", "value"),
    [
        (Why.URI_MISS, "fwd=uri-miss"),
        (Why.VARY_MISS, "fwd=vary-miss"),
        (Why.METHOD, "fwd=method"),
        (Why.PARTIAL, "fwd=partial"),
        (Why.STALE, "fwd=stale"),
        (Why.MUST_CHECK, "fwd=stale"),
        (Why.INVALIDATED, "fwd=stale"),
        (Why.NO_CACHE, "fwd=request"),
        (Why.TOO_OLD, "fwd=request"),
        (Why.NOT_FRESH_LONG_ENOUGH, "fwd=request"),
        (Why.BODY, "fwd=bypass"),
    ],
)
def test_a_forward_tells_why_in_the_terms_of_the_rfc(why, value):
    assert forwarded(why, 200, stored=True) == f"scrubjay; {value}; fwd-status=200; stored"


@pytest.mark.parametrize(
    ("why", "detail", "value"),
    [
        (Why.URI_MISS, None, "fwd=uri-miss; fwd-status=404"),
        (Why.URI_MISS, Why.NO_STORE, "fwd=uri-miss; fwd-status=404; detail=no-store"),
        (Why.NO_CACHE, None, "fwd=request; fwd-status=404; detail=request-no-cache"),
        (Why.NO_CACHE, Why.PRIVATE, "fwd=request; fwd-status=404; detail=private"),
    ],
)
def test_what_is_not_stored_has_its_reason(why, detail, value):
    assert forwarded(why, 404, stored=False, detail=detail) == f"scrubjay; {value}"


def test_what_was_collapsed_says_so():
    told = forwarded(Why.URI_MISS, 200, stored=True, collapsed=True)
    assert told == "scrubjay; fwd=uri-miss; fwd-status=200; stored; collapsed"


def test_a_refusal_is_neither_hit_nor_forward():
    assert refused(Why.ONLY_IF_CACHED) == "scrubjay; detail=only-if-cached"


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_makes_a_well_formed_field(why):
    told = (hit(1.5, why, collapsed=True), forwarded(why, 200, stored=False), refused(why))
    for value in told:
        assert parse_list(value) == ["scrubjay"]
        parameters = parse_dictionary(value.replace(";", ",").replace("scrubjay,", ""))
        assert parameters.get("fwd", "bypass") in FORWARDS
        assert not {"hit", "fwd"} <= parameters.keys()


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([], "scrubjay; hit"),
        (["Cache-Status: a; hit", "X: 1", "Cache-Status: b"], "a; hit, b, scrubjay; hit"),
    ],
)
def test_ours_stands_behind_those_of_caches_nearer_to_the_origin(lines, value):
    assert appended(fields(*lines), "scrubjay; hit") == value
