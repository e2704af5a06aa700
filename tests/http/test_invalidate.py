"""What an unsafe request makes stale (RFC 9111, 4.4; RFC 9875)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import URL, ask, fields, got
from scrubjay_proxy.http.invalidate import (
    SAFE_METHODS,
    cache_groups,
    invalidated_groups,
    invalidated_urls,
    origin_of,
    resolved,
    same_origin,
    surrogate_tags,
)


def urls(*lines, method="POST", status=200):
    return invalidated_urls(ask(method=method), got(*lines, status=status))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "post", "get", "ANYTHING"])
@pytest.mark.parametrize("status", [200, 201, 204, 301, 303, 399])
def test_an_unsafe_or_unknown_method_invalidates_its_target(method, status):
    assert urls(method=method, status=status) == (URL,)


@pytest.mark.parametrize("method", sorted(SAFE_METHODS))
def test_a_safe_method_invalidates_nothing(method):
    assert urls("Location: /b", method=method) == ()
    told = got('Cache-Group-Invalidation: "g"')
    assert invalidated_groups(ask(method=method), told) == frozenset()


@pytest.mark.parametrize("status", [100, 199, 400, 404, 500, 503])
def test_an_error_invalidates_nothing(status):
    assert urls("Location: /b", status=status) == ()
    told = got('Cache-Group-Invalidation: "g"', status=status)
    assert invalidated_groups(ask(method="POST"), told) == frozenset()


@pytest.mark.parametrize("name", ["Location", "Content-Location"])
@pytest.mark.parametrize(
    ("reference", "other"),
    [
        ("/b", "http://example.com/b"),
        ("b?c=d", "http://example.com/b?c=d"),
        ("?x", "http://example.com/a?x"),
        ("../../b", "http://example.com/b"),
        ("http://EXAMPLE.com:80/b", "http://EXAMPLE.com:80/b"),
        ("//example.com/b", "http://example.com/b"),
        ("", None),
        ("/a", None),
        ("http://example.org/b", None),
        ("https://example.com/b", None),
        ("http://example.com:81/b", None),
        ("http://example.com.evil.org/b", None),
        ("http://example.com@evil.org/b", None),
        ("//evil.org/b", None),
        ("http://[broken", None),
        ("http://[::1", None),
        ("mailto:a@example.com", None),
    ],
)
def test_locations_of_the_same_origin_are_invalidated_too(name, reference, other):
    assert urls(f"{name}: {reference}") == ((URL, other) if other else (URL,))


def test_both_locations_count_and_none_twice():
    assert urls("Location: /b", "Content-Location: /c") == (
        URL, "http://example.com/b", "http://example.com/c",
    )  # fmt: skip
    assert len(urls("Location: /b", "Content-Location: /b")) == 2


@given(st.text(max_size=30) | st.text(alphabet="htp:/[]@.#?%é½", max_size=20))
def test_no_location_raises(text):
    assert urls(f"Location: {text}")[0] == URL
    assert isinstance(resolved(URL, text), str | None)
    assert isinstance(origin_of(text), str)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a/x", "http://A:80/y", True),
        ("HTTP://a/", "http://a/", True),
        ("http://a/", "https://a/", False),
        ("http://a/", "http://a:81/", False),
        ("https://a:443/", "https://a/", True),
    ],
)
def test_an_origin_is_scheme_host_and_port(one, other, same):
    assert same_origin(one, other) is same


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ('"a"', {"a"}),
        ('"a", "B c"', {"a", "B c"}),
        ('"a";x=1, "a"', {"a"}),
        ("", set()),
        ("a", set()),
        ('"a", b', set()),
        ('"a", 1', set()),
        ('("a")', set()),
        ('"a', set()),
        ('"a",', set()),
    ],
)
def test_groups_are_strings_or_nothing(text, groups):
    assert cache_groups(fields(f"Cache-Groups: {text}")) == groups
    told = got(f"Cache-Group-Invalidation: {text}")
    assert invalidated_groups(ask(method="POST"), told) == groups


def test_groups_may_stand_on_several_lines():
    assert cache_groups(fields('Cache-Groups: "a"', 'Cache-Groups: "b"')) == {"a", "b"}
    assert cache_groups(fields()) == frozenset()


def test_a_hundred_and_twenty_eight_groups_count():
    listed = ", ".join(f'"{n:032}"' for n in range(200))
    assert cache_groups(fields(f"Cache-Groups: {listed}")) == {f"{n:032}" for n in range(128)}


@pytest.mark.parametrize(
    ("lines", "tags"),
    [
        ([], set()),
        (["Surrogate-Key: a b  c"], {"a", "b", "c"}),
        (["Surrogate-Key: a", "Surrogate-Key: b"], {"a", "b"}),
        (["xkey: a b"], {"a", "b"}),
        (["Cache-Tag: a, b c,,d ,"], {"a", "b c", "d"}),
        (["Cache-Tag:"], set()),
        (["Cache-Tag: a,b", "Surrogate-Key: c", "xkey: a"], {"a", "b", "c"}),
    ],
)
def test_tags_to_purge_by_are_read(lines, tags):
    assert surrogate_tags(fields(*lines)) == tags
