"""May it be stored? (RFC 9111, 3)"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import scrubjay_proxy
from exchanges import URL, ask, date, got
from scrubjay_proxy.http import storable
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.storable import why_not_store
from scrubjay_proxy.http.why import Why

FRESH = "Cache-Control: max-age=60"
CHANGED = f"Last-Modified: {date(-1000)}"
AS_THE_RFC = Rules(cookies_private=False)


def why(*lines, status=200, asked=None, rules=None):
    return why_not_store(asked or ask(), got(*lines, status=status), rules or Rules())


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([FRESH], 200),
        (["Cache-Control: s-maxage=60"], 200),
        (["Cache-Control: max-age=0"], 200),
        (["Cache-Control: no-cache, max-age=60"], 200),
        ([f"Expires: {date(60)}"], 200),
        (["Expires: 0"], 200),
        ([CHANGED], 200),
        (['ETag: "a"'], 200),
        ([CHANGED], 404),
        ([FRESH], 302),
        ([FRESH], 500),
        ([FRESH], 299),
        ([FRESH], 599),
        (["Cache-Control: public", CHANGED], 302),
        ([FRESH, "Vary: Accept"], 200),
        (["Cache-Control: must-understand, no-store, max-age=60"], 200),
        (["Cache-Control: must-understand, max-age=60"], 404),
        (["Cache-Control: no-store", "CDN-Cache-Control: max-age=60"], 200),
        (["Cache-Control: private", "CDN-Cache-Control: max-age=60"], 200),
    ],
)
def test_what_may_be_stored(lines, status):
    assert why(*lines, status=status) is None


RANGED = ask("Range: bytes=0-1")
CASES = [
    (Why.STATUS, [FRESH], 103),
    (Why.STATUS, [FRESH], 304),
    (Why.STATUS, [FRESH], 416),
    (Why.STATUS, ["Cache-Control: must-understand, max-age=60"], 299),
    (Why.STATUS, ["Cache-Control: must-understand, no-store, max-age=60"], 599),
    (Why.STATUS, [CHANGED], 302),
    (Why.STATUS, [CHANGED], 500),
    (Why.NO_STORE, ["Cache-Control: no-store"], 200),
    (Why.NO_STORE, ["Cache-Control: max-age=60, NO-STORE"], 200),
    (Why.NO_STORE, [FRESH, "CDN-Cache-Control: no-store"], 200),
    (Why.PRIVATE, ["Cache-Control: private, max-age=60"], 200),
    (Why.PRIVATE, ['Cache-Control: private="x-a", max-age=60'], 200),
    (Why.PRIVATE, ["Cache-Control: private, s-maxage=60, public"], 200),
    (Why.SET_COOKIE, [FRESH, "Set-Cookie: a=b"], 200),
    (Why.SET_COOKIE, ["Cache-Control: public, max-age=60", "Set-Cookie: a=b"], 200),
    (Why.VARY_STAR, [FRESH, "Vary: *"], 200),
    (Why.VARY_STAR, [FRESH, "Vary: Accept, *"], 200),
    (Why.VARY_STAR, [FRESH, "Vary: Accept", "Vary: *"], 200),
    (Why.VARY_STAR, [FRESH, "Vary: X-Forwarded-For"], 200),
    (Why.NO_LIFETIME, [], 200),
    (Why.NO_LIFETIME, ["Cache-Control: public"], 200),
    (Why.NO_LIFETIME, ["Cache-Control: must-revalidate"], 404),
]


@pytest.mark.parametrize(("reason", "lines", "status"), CASES)
def test_what_may_not_be_stored(reason, lines, status):
    assert why(*lines, status=status) is reason


def test_a_request_may_forbid_storing():
    assert why(FRESH, asked=ask("Cache-Control: no-store")) is Why.REQUEST_NO_STORE
    assert why(FRESH, asked=ask("Cache-Control: no-cache")) is None


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "QUERY", "get", "X"])
def test_the_answer_to_another_method_is_not_stored(method):
    assert why(FRESH, f"Content-Location: {URL}", asked=ask(method=method)) is Why.METHOD


@pytest.mark.parametrize(
    ("lines", "status", "may"),
    [
        ([FRESH, f"Content-Location: {URL}"], 200, True),
        ([FRESH, "Content-Location: /a"], 200, True),
        ([FRESH, "Content-Location: a"], 200, True),
        ([f"Expires: {date(9)}", "Content-Location: /a"], 200, True),
        ([FRESH, "Content-Location: /b"], 200, False),
        ([FRESH, "Content-Location: http://[broken"], 200, False),
        ([FRESH], 200, False),
        ([CHANGED, "Content-Location: /a"], 200, False),
        ([FRESH, "Content-Location: /a"], 201, False),
    ],
)
def test_the_answer_to_a_post_is_stored_where_it_is_the_resource_itself(lines, status, may):
    assert why(*lines, status=status, asked=ask(method="POST")) is (None if may else Why.METHOD)


@pytest.mark.parametrize(
    ("lines", "asked", "reason"),
    [
        ([FRESH, "Content-Range: bytes 0-1/10"], RANGED, None),
        ([FRESH, "Content-Range: bytes 0-1/*"], RANGED, None),
        ([FRESH, "Content-Range: bytes 0-1/10"], ask(), Why.RANGE_UNASKED),
        ([FRESH], RANGED, Why.BAD_RANGE),
        ([FRESH, "Content-Range: bytes 1-0/10"], RANGED, Why.BAD_RANGE),
        ([FRESH, "Content-Type: multipart/byteranges; boundary=x"], RANGED, Why.BAD_RANGE),
    ],
)
def test_a_part_is_stored_where_it_was_asked_for_and_says_which_it_is(lines, asked, reason):
    assert why(*lines, status=206, asked=asked) is reason


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        ("max-age=60", Why.AUTHORIZATION),
        ("max-age=60, proxy-revalidate", Why.AUTHORIZATION),
        ("max-age=60, public", None),
        ("max-age=60, must-revalidate", None),
        ("s-maxage=60", None),
        ("s-maxage=60, private", Why.PRIVATE),
    ],
)
def test_what_was_authorized_is_stored_only_with_leave(control, reason):
    asked = ask("Authorization: Basic YQ==")
    assert why(f"Cache-Control: {control}", asked=asked) is reason


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        ("max-age=60", Why.COOKIE),
        ("max-age=60, must-revalidate", Why.COOKIE),
        ("max-age=60, public", None),
        ("s-maxage=60", None),
    ],
)
def test_a_request_with_a_cookie_may_have_been_answered_personally(control, reason):
    asked = ask("Cookie: a=b")
    assert why(f"Cache-Control: {control}", asked=asked) is reason
    assert why(f"Cache-Control: {control}", asked=asked, rules=AS_THE_RFC) is None


def test_cookies_are_no_obstacle_to_the_rfc():
    assert why(FRESH, "Set-Cookie: a=b", rules=AS_THE_RFC) is None


@pytest.mark.parametrize("bound", [{"ttl_default": 5.0}, {"ttl_min": 5.0}, {"learns": True}])
def test_a_lifetime_of_the_operators_makes_it_worth_storing(bound):
    assert why(rules=replace(Rules(), **bound)) is None
    assert why("Cache-Control: no-store", rules=replace(Rules(), **bound)) is Why.NO_STORE
    assert why(status=500, rules=replace(Rules(), **bound)) is Why.STATUS


@pytest.mark.parametrize("control", ["no-store", "private"])
def test_what_is_forbidden_comes_before_what_is_merely_useless(control):
    asked = ask("Authorization: x", "Cookie: y")
    found = why(f"Cache-Control: {control}", "Set-Cookie: z", "Vary: *", asked=asked)
    assert found in (Why.NO_STORE, Why.PRIVATE)


def named_in(*sources):
    return {name for one in sources for name in re.findall(r"Why\.([A-Z_]+)", one.read_text())}


def test_every_reason_of_the_module_is_reached_here():
    assert named_in(Path(storable.__file__)) <= named_in(Path(__file__))


def test_every_reason_is_given_by_something():
    everything = Path(scrubjay_proxy.__file__).parent.rglob("*.py")
    sources = [one for one in everything if one.name != "cachestatus.py"]  # it only translates
    assert {why.name for why in Why} - named_in(*sources) == set()


def test_every_reason_fits_a_label_and_a_token():
    assert all(re.fullmatch(r"[a-z][a-z-]*", why.value) for why in Why)
