"""Conditions of clients, judged by what is stored (RFC 9110, 13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import ask, date, kept
from scrubjay_proxy.http.validate import (
    client_has_it,
    range_applies,
)


@pytest.mark.parametrize(
    ("etag", "condition", "has"),
    [
        ('"1"', '"1"', True),
        ('"1"', 'W/"1"', True),
        ('W/"1"', '"1"', True),
        ('W/"1"', 'W/"1"', True),
        ('"1"', '"2"', False),
        ('"1"', '"2", "1"', True),
        ('"1"', '"2","1","3"', True),
        ('"1"', ' , "2" ,, W/"1"', True),
        ('"1"', "*", True),
        ('"1"', " * ", True),
        ('"1"', '"*"', False),
        ('"1"', '"12"', False),
        ('"1"', "1", False),
        ('"1"', "", False),
        ('"1"', '"1', False),
        ('"a,b"', '"a,b"', True),
        ('"a,b"', '"a", "b"', False),
        ('"a"', '"x, ", "a"', True),
        ('"A"', '"a"', False),
        ('""', '""', True),
        (None, '"1"', False),
        (None, "", False),
        (None, "*", True),
    ],
)
def test_if_none_match_is_a_list_compared_weakly(etag, condition, has):
    stored = kept(*([f"ETag: {etag}"] if etag is not None else []))
    assert client_has_it(ask(f"If-None-Match: {condition}"), stored) is has


def test_if_none_match_may_stand_on_several_lines():
    asked = ask('If-None-Match: "2"', 'If-None-Match: "1"')
    assert client_has_it(asked, kept('ETag: "1"'))


MODIFIED = [f"Last-Modified: {date(-50)}"]


@pytest.mark.parametrize(
    ("stored", "since", "has"),
    [
        (MODIFIED, date(-50), True),
        (MODIFIED, date(-49), True),
        (MODIFIED, date(-51), False),
        (MODIFIED, "nonsense", False),
        (MODIFIED, "", False),
        (MODIFIED, "Friday, 15-Jan-27 08:00:00 GMT", True),
        ([f"Date: {date(-50)}"], date(-50), True),
        ([f"Date: {date(-50)}"], date(-51), False),
        (["Date: nonsense"], date(0), True),
        (["Date: nonsense"], date(-1), False),
        (["Last-Modified: nonsense"], date(9), True),
    ],
)
def test_if_modified_since_compares_dates(stored, since, has):
    assert client_has_it(ask(f"If-Modified-Since: {since}"), kept(*stored)) is has


def test_if_none_match_outranks_if_modified_since():
    stored = kept('ETag: "1"', *MODIFIED)
    assert not client_has_it(ask('If-None-Match: "2"', f"If-Modified-Since: {date()}"), stored)
    assert client_has_it(ask('If-None-Match: "1"', f"If-Modified-Since: {date(-99)}"), stored)


@pytest.mark.parametrize(("status", "method"), [(404, "GET"), (301, "GET"), (200, "POST")])
def test_only_a_200_to_get_or_head_can_be_had_already(status, method):
    stored = kept('ETag: "1"', status=status)
    assert not client_has_it(ask('If-None-Match: "1"', method=method), stored)


def test_without_a_condition_nobody_has_it():
    assert not client_has_it(ask(), kept('ETag: "1"', *MODIFIED))


@pytest.mark.parametrize(
    ("condition", "stored", "applies"),
    [
        ('"1"', ['ETag: "1"'], True),
        ('"1"', ['ETag: W/"1"'], False),
        ('W/"1"', ['ETag: W/"1"'], False),
        ('W/"1"', ['ETag: "1"'], False),
        ('"2"', ['ETag: "1"'], False),
        ('"1"', [], False),
        (date(-50), MODIFIED, True),
        (date(-49), MODIFIED, False),
        (date(-50), [], False),
        (date(-50), [*MODIFIED, f"Date: {date(-50)}"], False),  # could change within the second
        (date(-50), [*MODIFIED, f"Date: {date(-49)}"], True),
        (date(-50), [*MODIFIED, "Date: nonsense"], False),
        ("nonsense", MODIFIED, False),
        ("nonsense", ["Last-Modified: nonsense"], False),
    ],
)
def test_if_range_is_compared_strongly(condition, stored, applies):
    assert (
        range_applies(ask("Range: bytes=0-1", f"If-Range: {condition}"), kept(*stored)) is applies
    )


def test_a_range_without_if_range_applies():
    assert range_applies(ask("Range: bytes=0-1"), kept())


@given(st.text(alphabet='"W/, *1', max_size=20), st.text(alphabet='"W/, 1', max_size=5))
def test_no_condition_raises(condition, etag):
    stored = kept(f"ETag: {etag}", f"Last-Modified: {etag}")
    names = ("If-None-Match", "If-Modified-Since", "If-Range")
    for asked in (ask(f"{name}: {condition}") for name in names):
        assert client_has_it(asked, stored) in (True, False)
        assert range_applies(asked, stored) in (True, False)


@given(st.lists(st.text(alphabet="abW/,* 'é", max_size=5), min_size=1, max_size=4), st.data())
def test_every_tag_of_a_list_is_found(opaque, data):
    tags = [f'"{one}"' for one in opaque]
    mine = data.draw(st.sampled_from(tags))
    listed = ", ".join(data.draw(st.sampled_from(["", "W/"])) + tag for tag in tags)
    assert client_has_it(ask(f"If-None-Match: {listed}"), kept(f"ETag: {mine}"))
