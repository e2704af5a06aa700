"""Cache-Control, the fields targeted at us, and what stands in for them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import fields
from scrubjay_proxy.http.directives import (
    NONE,
    Directives,
    delta_seconds,
    parse_cache_control,
    request_directives,
    response_directives,
)

MOST = 2**31


def flags(*names):
    return Directives(flags=frozenset(names))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", NONE),
        (" , ,", NONE),
        ("max-age=60", Directives(max_age=60)),
        ("MAX-AGE=60", Directives(max_age=60)),
        ("No-Store", flags("no-store")),
        ("max-age=060", Directives(max_age=60)),
        ('max-age="60"', Directives(max_age=60)),
        ("\tmax-age=60 ,, no-cache", Directives(flags=frozenset({"no-cache"}), max_age=60)),
        ("public,immutable", flags("public", "immutable")),
        ("s-maxage=5, max-age=6", Directives(s_maxage=5, max_age=6)),
        ("stale-while-revalidate=7", Directives(stale_while_revalidate=7)),
        ("stale-if-error=8", Directives(stale_if_error=8)),
        ("min-fresh=9", Directives(min_fresh=9)),
        ("unknown, other=1", NONE),
        ('private="set-cookie, x"', flags("private")),
        ('no-cache="a, b", max-age=1', Directives(flags=frozenset({"no-cache"}), max_age=1)),
    ],
)
def test_directives_are_read(text, found):
    assert parse_cache_control(text) == found


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("60", 60),
        ("2147483647", MOST - 1),
        ("2147483648", MOST),
        ("99999999999999999999", MOST),
        ("0" * 20 + "60", 60),
        ("9" * 5000, MOST),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1e3", None),
        ("0x10", None),
        ("\xb2", None),
        ("\u0661", None),
        ("6 0", None),
        ("", None),
        (None, None),
    ],
)
def test_a_number_of_seconds_is_bounded_and_plain(text, seconds):
    assert delta_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "max-age=abc", "max-age=-5", "max-age=", "max-age", "max-age=1.5", "max-age='60'",
        "max-age=60;x", "max-age =60", "max-age= 60", "max-age=60 x", 'max-age="60', "max-age:60",
    ],
)  # fmt: skip
def test_a_lifetime_that_cannot_be_read_is_none_at_all(text):
    assert parse_cache_control(text).max_age == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("max-age=1, max-age=1000", 1),
        ("max-age=1000, max-age=1", 1000),
        ("max-age=x, max-age=1", 0),
        ("Max-Age=7, max-age=8", 7),
    ],
)
def test_the_first_of_a_repeated_directive_counts(text, seconds):
    assert parse_cache_control(text).max_age == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("max-stale", MOST), ("max-stale=5", 5), ("max-stale=", 0), ("max-stale=x", 0)],
)
def test_max_stale_alone_accepts_any_staleness(text, seconds):
    assert parse_cache_control(text).max_stale == seconds


@pytest.mark.parametrize(
    "text",
    [
        'extension="no-store"',
        'extension="a, no-store, b"',
        'extension="a\\", no-store"',
        '"no-store"',
        'x"y, no-store"',
        "no-store2",
        "x-no-store",
        "x=no-store",
    ],
)
def test_what_stands_in_quotes_or_in_another_name_is_no_directive(text):
    assert parse_cache_control(text + ", max-age=5") == Directives(max_age=5)


@pytest.mark.parametrize(
    "text",
    [
        'private="a, no-store',
        "no-store; private",
        "private no-store, no-store",
        'foo="bar, private, no-store',
        "private=, no-store=1",
        '"\\", private, no-store',
    ],
)
def test_malformed_text_hides_no_refusal(text):
    assert parse_cache_control(text).flags & {"private", "no-store"}


@pytest.mark.parametrize("name", ["public", "must-understand", "immutable"])
def test_a_malformed_permission_is_none(name):
    assert name not in parse_cache_control(f"{name} x")
    assert name in parse_cache_control(name)


@given(st.text(alphabet='max-ge=10"\\, \tno-sr;', max_size=60) | st.text(max_size=60))
def test_no_text_raises(text):
    found = parse_cache_control(text)
    assert found == parse_cache_control(text)
    assert all(0 <= n <= MOST for n in (found.max_age, found.s_maxage) if n is not None)


@given(st.text(alphabet="ab=,\"' ;\\", max_size=20))
def test_a_refusal_behind_a_comma_outside_quotes_always_counts(before):
    if '"' not in before:
        assert "no-store" in parse_cache_control(f"{before},no-store")


def test_thirty_two_kilobytes_of_quotes_are_read_in_no_time():
    began = time.perf_counter()
    for piece in ('"', '\\"', '"\\', 'a="\\",', 'a=",', "a,", ",", 'a="b"c,'):
        parse_cache_control((piece * 32768)[:32768])
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], NONE),
        (["Cache-Control: max-age=0"], Directives(max_age=0)),
        (["Cache-Control: no-cache", "Cache-Control: max-age=3"],
         Directives(flags=frozenset({"no-cache"}), max_age=3)),
        (["Pragma: no-cache"], flags("no-cache")),
        (["Pragma: No-Cache, x"], flags("no-cache")),
        (["Pragma: x"], NONE),
        (["Pragma: no-cache", "Cache-Control: max-age=9"], Directives(max_age=9)),
        (["Pragma: no-cache", "Cache-Control:"], NONE),
    ],
)  # fmt: skip
def test_pragma_counts_only_where_there_is_no_cache_control(lines, found):
    assert request_directives(fields(*lines)) == found


CDN = ("cdn-cache-control",)


@pytest.mark.parametrize(
    ("targeted", "max_age"),
    [
        ("max-age=10", 10),
        ("max-age=10, unknown=(1 2);x", 10),
        ("max-age=10, unknown=:aGk=:", 10),
        ("max-age=10;foo=bar", 10),
        ("max-age=1, max-age=10", 10),  # a dictionary's last counts (RFC 9651, 4.2.2)
        ("max-age=-10", 0),
        ("no-store", None),
        ("max-age=99999999999", MOST),
    ],
)
def test_a_valid_targeted_field_counts_instead_of_cache_control(targeted, max_age):
    told = response_directives(
        fields("Cache-Control: max-age=600, private", f"CDN-Cache-Control: {targeted}"), CDN
    )
    assert told.targeted
    assert told.max_age == max_age
    assert "private" not in told


@pytest.mark.parametrize(
    "targeted",
    ["", "max-age=", "max-age=10,", 'max-age="10"', "max-age=1.5", "max-age", "MAX-AGE=10",
     "no-store;", "max-age=?1", "s-maxage=x"],
)  # fmt: skip
def test_a_targeted_field_that_is_empty_or_malformed_is_ignored(targeted):
    headers = fields("Cache-Control: max-age=600", f"CDN-Cache-Control: {targeted}")
    assert response_directives(headers, CDN) == Directives(max_age=600)


def test_the_first_valid_of_several_targets_counts():
    headers = fields(
        "A-Cache-Control: !", "B-Cache-Control: max-age=2", "C-Cache-Control: no-store"
    )
    targets = ("x-cache-control", "a-cache-control", "b-cache-control", "c-cache-control")
    assert response_directives(headers, targets).max_age == 2


def test_a_target_that_is_not_ours_is_nothing_to_us():
    headers = fields("CDN-Cache-Control: no-store", "Cache-Control: max-age=5")
    assert response_directives(headers, ()) == Directives(max_age=5)


def test_a_false_flag_is_no_flag():
    assert (
        response_directives(fields("CDN-Cache-Control: no-store=?0, max-age=1"), CDN).flags == set()
    )


@pytest.mark.parametrize(
    ("text", "max_age", "swr"),
    [
        ("max-age=60", 60, None),
        ("max-age=60+30", 60, 30),
        ("max-age=60;scrubjay", 60, None),
        ("max-age=60;ScrubJay", 60, None),
        ("max-age=1;other, max-age=60+5;scrubjay", 60, 5),
    ],
)
def test_surrogate_control_is_read_where_it_is_for_us(text, max_age, swr):
    told = response_directives(fields(f"Surrogate-Control: {text}"), ("surrogate-control",))
    assert (told.max_age, told.stale_while_revalidate, told.targeted) == (max_age, swr, True)


@pytest.mark.parametrize("text", ["max-age=60;other", 'content="ESI/1.0"', ""])
def test_surrogate_control_for_another_or_of_other_things_is_ignored(text):
    headers = fields(f"Surrogate-Control: {text}", "Cache-Control: max-age=5")
    assert response_directives(headers, ("surrogate-control",)) == Directives(max_age=5)


@given(st.text(max_size=40), st.sampled_from(["cdn-cache-control", "surrogate-control"]))
def test_no_targeted_text_raises(text, name):
    response_directives(fields(f"{name}: {text}"), (name,))
