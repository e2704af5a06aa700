"""How long a response is fresh, and how old it is (RFC 9111, 4.2)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import NOW, at, date, fields, got, kept
from scrubjay_proxy.http.directives import response_directives
from scrubjay_proxy.http.freshness import (
    HEURISTIC_STATUSES,
    age_value,
    current_age,
    date_of,
    expires_at,
    freshness,
    has_explicit_lifetime,
    initial_age,
    is_left_to_the_cache,
    lifetime,
)
from scrubjay_proxy.http.rules import Rules

DAY = 86400.0
DATED = f"Date: {date()}"


def lasts(*lines, status=200, **rules):
    return lifetime(got(*lines, status=status), at(NOW), replace(Rules(), **rules))


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["Cache-Control: max-age=60"], 60),
        (["Cache-Control: max-age=0", f"Expires: {date(999)}"], 0),
        (["Cache-Control: max-age=60, s-maxage=30"], 30),
        (["Cache-Control: s-maxage=90, max-age=60"], 90),
        (["Cache-Control: max-age=nonsense"], 0),
        (["Cache-Control: max-age=60", "Cache-Control: max-age=90"], 60),
        ([f"Expires: {date(40)}", DATED], 40),
        ([f"Expires: {date(40)}", f"Date: {date(-10)}"], 50),
        ([f"Expires: {date(40)}"], 40),  # without a Date, its arrival
        ([f"Expires: {date(-40)}", DATED], 0),
        (["Expires: 0"], 0),
        (["Expires: -1"], 0),
        (["Expires:"], 0),
        ([f"Expires: {date(40)}", f"Expires: {date(40)}"], 0),
        ([f"Expires: {date(40)}", "Date: nonsense"], 40),
        (["Expires: Friday, 15-Jan-27 08:01:00 GMT", DATED], 60),
        (["Expires: Friday, 15-Jan-70 08:01:00 GMT", DATED], 43 * 365.25 * DAY + 60 - 21600),
        (["CDN-Cache-Control: max-age=5", "Cache-Control: max-age=60"], 5),
    ],
)
def test_the_origin_says_how_long(lines, seconds):
    assert lasts(*lines).seconds == pytest.approx(seconds, abs=DAY if seconds > 1e9 else 0)
    assert lasts(*lines).explicit


def test_a_targeted_field_without_a_lifetime_silences_expires():
    lines = ["CDN-Cache-Control: public", f"Expires: {date(40)}", "Cache-Control: max-age=9"]
    assert lasts(*lines).explicit is False
    told = response_directives(fields(*lines), Rules().targets)
    assert not has_explicit_lifetime(fields(*lines), told)


MONTH_OLD = f"Last-Modified: {date(-30 * DAY)}"


@pytest.mark.parametrize(
    ("lines", "rules", "seconds"),
    [
        ([f"Last-Modified: {date(-1000)}"], {}, 100),
        ([f"Last-Modified: {date(-1000)}"], {"heuristic_fraction": 0.5}, 500),
        ([f"Last-Modified: {date(-1000)}"], {"heuristic_fraction": 0.0}, 0),
        ([MONTH_OLD], {}, DAY),
        ([MONTH_OLD], {"heuristic_max": 60.0}, 60),
        ([f"Last-Modified: {date(-1000)}", f"Date: {date(-500)}"], {}, 50),
        ([f"Last-Modified: {date(1000)}"], {}, 0),
        (["Last-Modified: yesterday"], {}, 0),
        ([], {}, 0),
        ([], {"ttl_default": 7.0}, 7),
        (["ETag: x"], {"ttl_default": 7.0}, 7),
        ([MONTH_OLD], {"ttl_default": 7.0}, 7),  # what the operator says is no guess
        (["Cache-Control: public"], {"ttl_default": 7.0}, 7),
        (["Cache-Control: must-revalidate"], {"ttl_default": 7.0}, 7),
        (["CDN-Cache-Control: public"], {"ttl_default": 7.0}, 7),
    ],
)
def test_without_a_word_of_the_origin_it_is_a_guess(lines, rules, seconds):
    found = lasts(*lines, **rules)
    assert (found.seconds, found.explicit) == (seconds, False)


@pytest.mark.parametrize("lines", [["Cache-Control: max-age=60"], [f"Expires: {date(60)}"]])
def test_the_operators_default_never_outranks_the_origin(lines):
    assert lasts(*lines, ttl_default=7.0).seconds == 60


@pytest.mark.parametrize("status", [200, 302, 403, 404, 418, 500])
def test_only_some_statuses_are_guessed_at(status):
    guessed = lasts(f"Last-Modified: {date(-1000)}", status=status).seconds
    assert guessed == (100 if status in HEURISTIC_STATUSES else 0)
    told = lasts(f"Last-Modified: {date(-1000)}", "Cache-Control: public", status=status)
    assert told.seconds == 100


@pytest.mark.parametrize(
    ("control", "rules", "seconds"),
    [
        ("max-age=60", {"ttl_min": 100.0}, 100),
        ("max-age=60", {"ttl_min": 10.0}, 60),
        ("max-age=60", {"ttl_max": 10.0}, 10),
        ("max-age=60", {"ttl_max": 100.0}, 60),
        ("max-age=60", {"ttl_max": 0.0}, 0),
        ("max-age=60", {"ttl_min": 20.0, "ttl_max": 30.0}, 30),
        ("max-age=0", {"ttl_min": 20.0}, 20),
        ("no-cache", {"ttl_min": 20.0}, 0),
        ("public", {"ttl_min": 20.0}, 20),
    ],
)
def test_the_operator_bounds_the_lifetime(control, rules, seconds):
    assert lasts(f"Cache-Control: {control}", **rules).seconds == seconds


@pytest.mark.parametrize(
    ("lines", "age"),
    [
        ([], 0),
        (["Age: 0"], 0),
        (["Age: 7"], 7),
        (["Age: 007"], 7),
        (["Age: 7, 9"], 7),
        (["Age: 7", "Age: 9"], 7),
        (["Age: 7;x=1"], 7),
        (["Age: 99999999999999999999999"], 2**31),
        (["Age: -7"], 0),
        (["Age: 7.5"], 0),
        (["Age: seven"], 0),
        (["Age: \xb2"], 0),
        (["Age:"], 0),
        (["Age: x, 7"], 0),
    ],
)
def test_an_age_that_is_no_number_is_ignored(lines, age):
    assert age_value(fields(*lines)) == age


@pytest.mark.parametrize(
    ("lines", "took", "age"),
    [
        ([DATED], 0, 0),
        ([DATED], 3, 3),  # it may have been made as soon as it was asked for
        ([f"Date: {date(-10)}"], 3, 10),
        ([f"Date: {date(10)}"], 0, 0),
        ([DATED, "Age: 20"], 3, 23),
        ([f"Date: {date(-50)}", "Age: 20"], 3, 50),
        (["Date: nonsense", "Age: 20"], 0, 20),
        ([], 0, 0),
    ],
)
def test_the_age_on_arrival_is_the_larger_of_two_estimates(lines, took, age):
    assert initial_age(fields(*lines), at(NOW, took)) == age


def test_a_response_grows_older_while_it_is_stored_but_never_younger():
    stored = kept("Age: 5")
    assert [current_age(stored, NOW + s) for s in (0, 10, -10)] == [5, 15, 5]


def test_the_date_is_that_of_the_arrival_where_there_is_none():
    assert date_of(fields(), at(NOW)) == NOW
    assert date_of(fields("Date: nonsense"), at(NOW)) == NOW
    assert date_of(fields(f"Date: {date(-9)}"), at(NOW)) == NOW - 9


def test_freshness_is_what_is_left_of_the_lifetime():
    stored = kept("Cache-Control: max-age=60", "Age: 10")
    assert [freshness(stored, NOW + s, Rules()) for s in (0, 50, 70)] == [50, 0, -20]


def test_jitter_takes_a_share_of_the_lifetime():
    stored = kept("Cache-Control: max-age=60", jitter=0.5)
    assert freshness(stored, NOW, Rules()) == 30
    assert expires_at(stored, Rules()) == NOW + 30


@pytest.mark.parametrize("mark", ["invalid", "outdated"])
def test_what_is_marked_is_stale_however_long_it_was_to_last(mark):
    assert freshness(kept("Cache-Control: max-age=60", **{mark: True}), NOW, Rules()) == -1
    stale = kept("Cache-Control: max-age=60", age=100, **{mark: True})
    assert freshness(stale, NOW, Rules()) == -40


@given(
    max_age=st.integers(0, 10**6), age=st.integers(0, 10**6), took=st.integers(0, 100),
    waited=st.integers(0, 10**6), back=st.integers(-1000, 1000),
)  # fmt: skip
def test_it_expires_when_nothing_is_left(max_age, age, took, waited, back):
    stored = kept(
        f"Cache-Control: max-age={max_age}",
        f"Age: {age}",
        f"Date: {date(back)}",
        times=at(NOW, took),
    )
    now = NOW + waited
    assert freshness(stored, now, Rules()) == pytest.approx(expires_at(stored, Rules()) - now)


@given(st.text(max_size=30), st.sampled_from(["age", "date", "expires", "last-modified"]))
def test_no_text_raises(text, name):
    stored = kept(f"{name}: {text}")
    assert freshness(stored, NOW, Rules()) <= DAY


@pytest.mark.parametrize(
    ("lines", "rules", "seconds"),
    [
        ([], {}, 500),
        ([f"Last-Modified: {date(-1000)}"], {}, 500),
        (["Cache-Control: max-age=60"], {}, 60),
        ([f"Expires: {date(40)}", DATED], {}, 40),
        ([], {"ttl_default": 30.0}, 30),
        ([], {"heuristic_max": 400.0}, 400),
        ([], {"ttl_max": 300.0}, 300),
        ([], {"ttl_min": 600.0}, 600),
    ],
)
def test_a_learned_lifetime_stands_in_only_where_none_is_stated(lines, rules, seconds):
    found = lifetime(got(*lines), at(NOW), replace(Rules(), **rules), held=500.0)
    assert found.seconds == seconds


def test_what_may_not_be_fresh_by_heuristic_is_not_fresh_by_learning():
    assert lifetime(got(status=302), at(NOW), Rules(), held=500.0).seconds == 0


@pytest.mark.parametrize(
    ("lines", "status", "left"),
    [
        ([], 200, True),
        (["Cache-Control: must-revalidate"], 200, True),
        ([], 302, False),
        (["Cache-Control: public"], 302, True),
        (["Cache-Control: max-age=0"], 200, False),
        (["Expires: 0"], 200, False),
        (["Cache-Control: no-cache"], 200, False),
        (["CDN-Cache-Control: no-store"], 200, False),
    ],
)
def test_what_is_left_to_the_cache(lines, status, left):
    assert is_left_to_the_cache(got(*lines, status=status), Rules()) is left


def test_a_lifetime_of_the_operator_leaves_nothing_to_the_cache():
    assert not is_left_to_the_cache(got(), Rules(ttl_default=60.0))
