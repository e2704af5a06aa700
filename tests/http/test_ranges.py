"""Byte ranges (RFC 9110, 14)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import fields, kept
from scrubjay_proxy.http.ranges import (
    ContentRange,
    asked_spans,
    content_range,
    holds,
    merge,
    missing,
    range_field,
)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-99", [(0, 100)]),
        ("bytes=0-500", [(0, 100)]),
        ("bytes=40-", [(40, 100)]),
        ("bytes=-30", [(70, 100)]),
        ("bytes=-300", [(0, 100)]),
        ("BYTES = 5-6 ", [(5, 7)]),
        ("bytes=0-1, 4-5,-1", [(0, 2), (4, 6), (99, 100)]),
        ("bytes=99-99", [(99, 100)]),
        ("bytes=100-", []),
        ("bytes=100-200", []),
        ("bytes=-0", []),
        ("bytes=0-1,200-", [(0, 2)]),
        ("bytes=5-4", None),
        ("bytes=0-1,5-4", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=1", None),
        ("bytes=1-2-3", None),
        ("bytes=+1-2", None),
        ("bytes=\u0661-2", None),
        ("bytes 0-1", None),
        ("items=0-1", None),
        ("", None),
        ("bytes=" + "9" * 30 + "-", None),
        ("bytes=" + ",".join(["0-0"] * 16), [(0, 1)] * 16),
        ("bytes=" + ",".join(["0-0"] * 17), None),
    ],
)
def test_a_range_of_a_hundred_bytes_is_read(text, spans):
    assert asked_spans(fields(f"Range: {text}"), 100) == spans


def test_no_range_is_none():
    assert asked_spans(fields(), 100) is None


def test_nothing_of_nothing_can_be_had():
    assert asked_spans(fields("Range: bytes=0-"), 0) == []
    assert asked_spans(fields("Range: bytes=-1"), 0) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bytes 0-1/10", ContentRange((0, 2), 10)),
        ("Bytes 9-9/10", ContentRange((9, 10), 10)),
        ("bytes 5-6/*", ContentRange((5, 7), None)),
        ("bytes 6-5/10", None),
        ("bytes 5-10/10", None),
        ("bytes */10", None),
        ("bytes 0-1", None),
        ("bytes 0-1/", None),
        ("bytes=0-1/10", None),
        ("items 0-1/10", None),
        ("bytes 0-1/10, bytes 2-3/10", None),
        ("bytes 0-\u0661/10", None),
        ("", None),
    ],
)
def test_a_content_range_makes_sense_or_is_none(text, found):
    assert content_range(fields(f"Content-Range: {text}")) == found


@given(st.text(alphabet="bytes=0123456789-, /*", max_size=30), st.integers(0, 200))
def test_every_span_lies_within_the_length(text, length):
    for value in (text, f"bytes={text}"):
        for first, beyond in asked_spans(fields(f"Range: {value}"), length) or []:
            assert 0 <= first < beyond <= length
        found = content_range(fields(f"Content-Range: {value}"))
        assert found is None or found.span[0] < found.span[1]


@pytest.mark.parametrize(
    ("span", "held"),
    [((0, 5), True), ((1, 4), True), ((0, 6), False), ((4, 12), False), ((10, 20), True)],
)
def test_a_span_is_held_when_one_part_has_all_of_it(span, held):
    assert holds(((0, 5), (10, 20)), span) is held


@pytest.mark.parametrize(
    ("parts", "gap"),
    [
        (((0, 10),), (10, 100)),
        (((90, 100),), (0, 90)),
        (((0, 10), (50, 100)), (10, 50)),
        (((10, 20),), None),
        (((0, 100),), None),
        (((0, 10), (20, 30)), None),
    ],
)
def test_one_missing_span_can_be_asked_for(parts, gap):
    assert missing(kept(length=100, parts=parts)) == gap


@given(st.integers(0, 99), st.integers(1, 100))
def test_what_is_asked_for_is_what_is_missing(first, size):
    span = (first, min(first + size, 100))
    assert asked_spans(fields(f"Range: {range_field(span, 100)}"), 100) == [span]


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        ([], []),
        ([(0, b"ab")], [(0, b"ab")]),
        ([(2, b"cd"), (0, b"ab")], [(0, b"abcd")]),
        ([(0, b"abc"), (1, b"bcd")], [(0, b"abcd")]),
        ([(0, b"abcd"), (1, b"b")], [(0, b"abcd")]),
        ([(0, b"a"), (3, b"d")], [(0, b"a"), (3, b"d")]),
        ([(0, b"a"), (3, b"d"), (1, b"bc")], [(0, b"abcd")]),
    ],
)
def test_parts_are_put_together(parts, joined):
    assert merge(parts) == joined


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=6))
def test_parts_put_together_hold_what_they_held(spans):
    whole = bytes(range(64))
    joined = merge([(first, whole[first : first + size]) for first, size in spans])
    held = {n for first, size in spans for n in range(first, first + size)}
    assert {n for first, data in joined for n in range(first, first + len(data))} == held
    assert all(whole[first : first + len(data)] == data for first, data in joined)
    ends = [(first, first + len(data)) for first, data in joined]
    assert all(one[1] < other[0] for one, other in pairwise(ends))
