"""Header lines and URLs as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import fields, kept
from scrubjay_proxy.http.messages import Headers, request_for


def test_names_are_matched_without_regard_to_case_and_lines_are_combined():
    headers = fields("A: 1", "b: 2", "a: 3")
    assert headers.get("a") == "1, 3"
    assert headers.all("a") == ["1", "3"]
    assert headers.get("c") is None
    assert "b" in headers
    assert "c" not in headers


def test_changes_make_other_headers_and_keep_the_order():
    headers = fields("A: 1", "B: 2", "a: 3")
    assert headers.without(("a",)) == fields("B: 2")
    assert headers.plus(("C", "4")).pairs[-1] == ("C", "4")
    assert headers.having("A", "9") == fields("B: 2", "A: 9")
    assert headers == fields("A: 1", "B: 2", "a: 3")
    assert hash(headers) == hash(fields("A: 1", "B: 2", "a: 3"))
    assert headers != headers.pairs
    assert "('B', '2')" in repr(headers)
    assert list(headers) == list(headers.pairs)


@pytest.mark.parametrize(
    ("url", "scheme", "host", "target"),
    [
        ("http://example.com", "http", "example.com", "/"),
        ("HTTP://Example.com:80/A", "http", "Example.com:80", "/A"),
        ("https://h/a?b=c#d", "https", "h", "/a?b=c"),
        ("http://h/a?", "http", "h", "/a?"),
        ("http://h?a", "http", "h", "/?a"),
        ("http://h/a?b?c", "http", "h", "/a?b?c"),
        ("http://h/a//b/../c;d", "http", "h", "/a//b/../c;d"),
        ("http://[::1]:8/a", "http", "[::1]:8", "/a"),
        ("http://h/x?u=http://i/j", "http", "h", "/x?u=http://i/j"),
        ("http://[broken/a", "http", "[broken", "/a"),
    ],
)
def test_a_url_is_taken_apart_as_it_stands(url, scheme, host, target):
    asked = request_for(url)
    assert (asked.scheme, asked.host, asked.target) == (scheme, host, target)


@given(st.text(alphabet="/?&=;%+.a1[]:@", max_size=20))
def test_a_url_put_together_again_is_the_same(rest):
    assert request_for(f"http://h/{rest}").url == f"http://h/{rest}"


@given(st.text(max_size=20))
def test_no_text_raises(text):
    request_for(text)


def test_a_response_is_complete_when_its_one_part_is_all_of_it():
    assert kept(length=5).complete
    assert kept(length=0).complete
    assert not kept(length=5, parts=((0, 4),)).complete
    assert not kept(length=5, parts=((0, 2), (2, 5))).complete


def test_no_headers_are_headers_too():
    assert Headers().get("a") is None
