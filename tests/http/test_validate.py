"""Conditions, both ways, and what a 304 or a HEAD changes (RFC 9110, 13; RFC 9111, 4.3)."""

import pytest

from exchanges import NOW, ask, at, date, fields, got, kept
from scrubjay_proxy.http.freshness import current_age, freshness
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.validate import (
    Freshen,
    Keep,
    PassOn,
    ServeStale,
    after_response,
    conditional,
    freshened,
    has_validator,
    head_agrees,
    strong_etag,
)
from scrubjay_proxy.http.why import Why

FRESH = "Cache-Control: max-age=60"
TAGGED = kept(FRESH, 'ETag: "1"', age=100)
LATER = at(NOW + 5)


def after(answer, known=None, asked=None, rules=None):
    return after_response(asked or ask(), known, answer, LATER, rules or Rules())


# What an answer means.


def test_an_answer_that_may_be_stored_is_kept():
    assert after(got(FRESH)) == Keep()
    assert after(got(FRESH), TAGGED) == Keep()


def test_an_answer_that_may_not_is_passed_on_with_the_reason():
    assert after(got("Cache-Control: no-store")) == PassOn(Why.NO_STORE)
    assert after(got("Cache-Control: private"), TAGGED) == PassOn(Why.PRIVATE)


def test_a_304_confirms_what_was_asked_about():
    found = after(got(status=304), TAGGED)
    assert isinstance(found, Freshen)
    assert freshness(found.stored, NOW + 5, Rules()) == 60


def test_a_304_to_the_clients_own_condition_says_nothing_of_what_is_stored():
    mine = kept(FRESH, age=100)
    asked = ask('If-None-Match: "theirs"')
    assert after(got('ETag: "theirs"', status=304), mine, asked) == PassOn(Why.STATUS)
    assert after(got(status=304)) == PassOn(Why.STATUS)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_stored_response_stands_in_for_an_error_where_that_is_allowed(status):
    allowed = kept("Cache-Control: max-age=60, stale-if-error=60", 'ETag: "1"', age=100)
    error = got("Cache-Control: no-store", status=status)
    assert after(error, allowed) == ServeStale(allowed, Why.STALE_IF_ERROR)
    assert after(error, TAGGED) == PassOn(Why.NO_STORE)
    assert after(error) == PassOn(Why.NO_STORE)


@pytest.mark.parametrize("status", [404, 410, 501, 505])
def test_other_errors_are_what_the_resource_is_now(status):
    allowed = kept("Cache-Control: max-age=60, stale-if-error=60", 'ETag: "1"', age=100)
    assert after(got(FRESH, status=status), allowed) == Keep()


# Asking.


@pytest.mark.parametrize(
    ("stored", "lines"),
    [
        (['ETag: "1"'], ['If-None-Match: "1"']),
        (['ETag: W/"1"'], ['If-None-Match: W/"1"']),
        ([f"Last-Modified: {date()}"], [f"If-Modified-Since: {date()}"]),
        (['ETag: "1"', f"Last-Modified: {date()}"],
         ['If-None-Match: "1"', f"If-Modified-Since: {date()}"]),
        ([], []),
    ],
)  # fmt: skip
def test_the_origin_is_asked_about_what_is_stored_and_not_about_what_the_client_has(stored, lines):
    theirs = [
        'If-None-Match: "x"', f"If-Modified-Since: {date(-9)}", "Range: bytes=0-1",
        'If-Range: "x"', 'If-Match: "x"', f"If-Unmodified-Since: {date()}",
    ]  # fmt: skip
    asked = ask("Accept: a/b", *theirs)
    assert conditional(asked, kept(*stored)) == fields("Accept: a/b", *lines)
    assert has_validator(kept(*stored)) is bool(lines)


@pytest.mark.parametrize(
    ("lines", "etag"),
    [(['ETag: "1"'], '"1"'), (['ETag: W/"1"'], None), (["ETag: 1"], None), (["ETag:"], None),
     ([], None)],
)  # fmt: skip
def test_only_a_strong_etag_is_strong(lines, etag):
    assert strong_etag(fields(*lines)) == etag


# Freshening.

BEFORE = kept(
    "Cache-Control: max-age=60", 'ETag: "1"', "X-A: old", "x-b: old", "Age: 40",
    "Content-Type: text/a", "Content-Encoding: gzip", "Content-MD5: m", age=100, invalid=True,
)  # fmt: skip


def confirmed(*lines, stored=BEFORE):
    return freshened(stored, got(*lines, status=304), LATER).head.headers


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("X-A: new", "x-a", "new"),
        ("x-a: new", "x-a", "new"),
        ("X-New: 1", "x-new", "1"),
        ("Cache-Control: max-age=9", "cache-control", "max-age=9"),
        ("Content-Type: text/b", "content-type", "text/b"),
        ("Content-Language: de", "content-language", "de"),
        (f"Expires: {date(9)}", "expires", date(9)),
        ("Age: 3", "age", "3"),
        ("Content-Encoding: br", "content-encoding", "gzip"),
        ("Content-MD5: n", "content-md5", "m"),
        ("Content-Range: bytes 0-1/2", "content-range", None),
        ("Content-Length: 0", "content-length", None),
        ('ETag: "2"', "etag", '"1"'),
        ("Cache-Status: other; hit", "cache-status", None),
        ("Connection: close", "connection", None),
        ("Keep-Alive: timeout=5", "keep-alive", None),
        ("Transfer-Encoding: chunked", "transfer-encoding", None),
    ],
)
def test_a_304_updates_what_is_not_about_the_bytes(line, name, value):
    assert confirmed(line).get(name) == value
    assert confirmed(line).get("x-b") == "old"


def test_a_field_that_connection_names_updates_nothing():
    assert confirmed("Connection: x-a", "X-A: new").get("x-a") == "old"


def test_a_304_replaces_all_lines_of_a_field():
    stored = kept("X: 1", "X: 2", 'ETag: "1"')
    assert confirmed("X: 3", "x: 4", stored=stored).all("x") == ["3", "4"]


def test_a_confirmed_response_is_young_again():
    fresh = freshened(BEFORE, got(f"Date: {date(5)}", status=304), LATER)
    assert (fresh.invalid, fresh.outdated) == (False, False)
    assert current_age(fresh, NOW + 5) == 0
    assert fresh.times == LATER


def test_a_304_without_a_date_is_of_its_arrival():
    fresh = freshened(BEFORE, got(status=304), LATER)
    assert fresh.head.headers.all("date") == [date(5)]
    assert current_age(fresh, NOW + 5) == 0


def test_a_304_from_another_cache_brings_its_age():
    fresh = freshened(BEFORE, got("Age: 30", f"Date: {date(5)}", status=304), LATER)
    assert current_age(fresh, NOW + 5) == 30


def test_the_cookie_of_a_304_is_not_for_everybody():
    answer = got("Set-Cookie: session=1", status=304)
    assert "set-cookie" not in after(answer, TAGGED).stored.head.headers
    as_told = after(answer, TAGGED, rules=Rules(cookies_private=False))
    assert as_told.stored.head.headers.get("set-cookie") == "session=1"


def test_a_304_that_varies_otherwise_is_for_requests_like_this_one():
    asked = ask("Accept-Language: de")
    stored = after(got("Vary: Accept-Language", status=304), TAGGED, asked).stored
    assert stored.selecting == (("accept-language", "de"),)


@pytest.mark.parametrize(
    ("lines", "status", "agrees"),
    [
        ([], 200, True),
        (["Content-Length: 100"], 200, True),
        (["Content-Length: 99"], 200, False),
        (['ETag: "1"'], 200, True),
        (['ETag: "2"'], 200, False),
        (['ETag: W/"1"'], 200, False),
        ([f"Last-Modified: {date(-9)}"], 200, True),
        ([f"Last-Modified: {date(-8)}"], 200, False),
        ([], 404, False),
        (["X: new"], 200, True),
    ],
)
def test_a_head_tells_whether_what_is_stored_still_holds(lines, status, agrees):
    stored = kept('ETag: "1"', f"Last-Modified: {date(-9)}", length=100)
    assert head_agrees(stored, got(*lines, status=status)) is agrees


# The client's conditions.
