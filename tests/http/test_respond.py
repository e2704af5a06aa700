"""The answer built from a stored response."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import NOW, ask, date, kept
from scrubjay_proxy.http.respond import answer_from

STORED = kept(
    "Cache-Control: max-age=60", 'ETag: "1"', f"Last-Modified: {date(-99)}", "Content-Type: a/b",
    "Content-Encoding: gzip", "Content-Language: de", "Vary: Accept", "Server: x", age=7,
)  # fmt: skip


def answer(*lines, method="GET", stored=STORED, now=NOW):
    return answer_from(ask(*lines, method=method), stored, now)


def names(found):
    return {name.lower() for name, _ in found.head.headers}


def test_the_whole_is_a_200_with_its_age():
    found = answer(now=NOW + 0.9)
    assert (found.head.status, found.span, found.length) == (200, (0, 100), 100)
    assert found.head.headers.all("age") == ["7"]
    assert found.head.headers.without(("age",)) == STORED.head.headers


def test_the_age_of_another_cache_is_replaced():
    assert answer(stored=kept("Age: 30", age=7)).head.headers.all("age") == ["37"]


def test_a_head_has_no_body_and_its_length():
    found = answer("Range: bytes=0-1", method="HEAD")
    assert (found.head.status, found.span, found.length) == (200, None, 100)


@pytest.mark.parametrize("status", [301, 404, 500])
def test_another_status_is_told_as_it_was(status):
    found = answer("Range: bytes=0-1", stored=kept(status=status))
    assert (found.head.status, found.span, found.length) == (status, (0, 100), 100)


def test_a_204_has_neither_body_nor_length():
    found = answer(stored=kept(status=204, length=0))
    assert (found.head.status, found.span, found.length) == (204, None, None)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_has_it_gets_a_304_without_what_is_about_the_content(method):
    found = answer('If-None-Match: "1"', "Range: bytes=0-1", method=method)
    assert (found.head.status, found.span, found.length) == (304, None, None)
    assert {"etag", "date", "vary", "cache-control", "age"} <= names(found)
    assert not {"content-type", "content-encoding", "content-language"} & names(found)


@pytest.mark.parametrize(
    ("asked", "span", "told"),
    [
        ("bytes=0-0", (0, 1), "bytes 0-0/100"),
        ("bytes=90-", (90, 100), "bytes 90-99/100"),
        ("bytes=-5", (95, 100), "bytes 95-99/100"),
        ("bytes=0-999", (0, 100), "bytes 0-99/100"),
    ],
)
def test_a_range_is_a_206(asked, span, told):
    found = answer(f"Range: {asked}")
    assert (found.head.status, found.span, found.length) == (206, span, span[1] - span[0])
    assert found.head.headers.get("content-range") == told
    assert names(found) >= names(answer())


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-4", "lines=1-2", "junk"])
def test_a_range_that_is_ignored_gets_the_whole(asked):
    assert answer(f"Range: {asked}") == answer()


def test_a_range_beyond_the_end_is_a_416_that_nobody_keeps():
    found = answer("Range: bytes=100-")
    assert (found.head.status, found.span, found.length) == (416, None, 0)
    assert found.head.headers.get("content-range") == "bytes */100"
    kept_names = {"cache-control", "expires", "etag", "last-modified", "content-type"}
    assert not kept_names & names(found)


def test_if_range_that_holds_repeats_only_what_it_must():
    found = answer("Range: bytes=0-1", 'If-Range: "1"')
    assert found.head.status == 206
    assert {"etag", "date", "cache-control", "vary"} <= names(found)
    assert not {"content-type", "content-encoding", "last-modified"} & names(found)


@pytest.mark.parametrize("condition", ['"2"', 'W/"1"', date(-98)])
def test_if_range_that_does_not_hold_gets_the_whole(condition):
    assert answer("Range: bytes=0-1", f"If-Range: {condition}") == answer()
    assert answer("Range: bytes=500-", f"If-Range: {condition}") == answer()


def test_an_empty_body_is_a_body():
    assert answer(stored=kept(length=0)).span == (0, 0)


@given(
    st.dictionaries(
        st.sampled_from(["range", "if-range", "if-none-match", "if-modified-since"]),
        st.text(alphabet='bytes=0159-,"W/*', max_size=12),
    ),
    st.integers(0, 200),
    st.sampled_from(["GET", "HEAD"]),
)
def test_any_request_gets_a_span_within_the_body(lines, length, method):
    stored = kept('ETag: "1"', length=length)
    found = answer(*(f"{n}: {v}" for n, v in lines.items()), method=method, stored=stored)
    assert found.head.status in (200, 206, 304, 416)
    if found.span is not None:
        assert 0 <= found.span[0] <= found.span[1] <= length
        assert found.length == found.span[1] - found.span[0]
