"""What a request head asks for (RFC 9112, 3.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import fields
from scrubjay_proxy.asking import interpret, is_absolute
from scrubjay_proxy.wire.heads import BadMessage, RequestHead


def head(target="/", *lines, method="GET", minor=1):
    return RequestHead(method, target, minor, fields(*lines))


def parts(*args, encrypted=False, **more):
    asked = interpret(head(*args, **more), encrypted=encrypted)
    return asked.scheme, asked.host, asked.target


@pytest.mark.parametrize(
    ("target", "host", "found"),
    [
        ("/a?b", "h", ("http", "h", "/a?b")),
        ("/a", "H:80", ("http", "H:80", "/a")),
        ("//evil/a", "h", ("http", "h", "//evil/a")),
        ("/", "[::1]:8080", ("http", "[::1]:8080", "/")),
        ("/", "", ("http", "", "/")),
        ("http://other/a", "h", ("http", "other", "/a")),
        ("HTTP://other:81", "h", ("http", "other:81", "/")),
        ("http://other?q", "h", ("http", "other", "/?q")),
        ("https://other/", "h", ("https", "other", "/")),
    ],
)
def test_the_uri_is_found_in_target_and_host(target, host, found):
    assert parts(target, f"Host: {host}") == found


def test_the_connection_tells_the_scheme_of_a_path():
    assert parts("/", "Host: h", encrypted=True)[0] == "https"
    assert parts("http://h/", "Host: h", encrypted=True)[0] == "http"


def test_http_1_0_needs_no_host():
    assert parts("/a", minor=0) == ("http", "", "/a")


def test_options_may_ask_about_the_server():
    assert parts("*", "Host: h", method="OPTIONS") == ("http", "h", "*")


def test_connect_names_an_authority():
    assert parts("h:443", "Host: h:443", method="CONNECT") == ("http", "h:443", "")


@pytest.mark.parametrize(
    ("target", "lines", "method"),
    [
        ("/", [], "GET"),
        ("/", ["Host: a", "Host: a"], "GET"),
        ("/", ["Host: a b"], "GET"),
        ("/", ["Host: a/b"], "GET"),
        ("/", ["Host: a@b"], "GET"),
        ("/", ["Host: a:99999"], "GET"),
        ("/", ["Host: [::1"], "GET"),
        ("/#a", ["Host: h"], "GET"),
        ("*", ["Host: h"], "GET"),
        ("a", ["Host: h"], "GET"),
        ("ftp://h/", ["Host: h"], "GET"),
        ("http://", ["Host: h"], "GET"),
        ("http:///a", ["Host: h"], "GET"),
        ("http://user@h/", ["Host: h"], "GET"),
        ("http://h/#a", ["Host: h"], "GET"),
        ("http:/h", ["Host: h"], "GET"),
        ("h", ["Host: h"], "CONNECT"),
        ("[::1]", ["Host: h"], "CONNECT"),
        ("h:0", ["Host: h"], "CONNECT"),
        ("/", ["Host: h"], "CONNECT"),
        ("http://h:80", ["Host: h"], "CONNECT"),
    ],
)
def test_what_is_ambiguous_is_refused(target, lines, method):
    with pytest.raises(BadMessage) as refused:
        interpret(head(target, *lines, method=method), encrypted=False)
    assert refused.value.status == 400


def test_the_fields_are_passed_as_they_are():
    assert interpret(head("/", "Host: h", "A: 1"), encrypted=False).headers == fields(
        "Host: h", "A: 1"
    )


@pytest.mark.parametrize(("target", "absolute"), [("/", False), ("*", False), ("http://h/", True)])
def test_an_absolute_target_is_for_a_forward_proxy(target, absolute):
    assert is_absolute(head(target)) is absolute


@given(st.text(max_size=30) | st.text(alphabet="htps:/[]@.#?*1", max_size=20))
def test_any_target_is_understood_or_refused(target):
    for method in ("GET", "OPTIONS", "CONNECT"):
        for lines in (["Host: h"], [f"Host: {target}"]):
            try:
                asked = interpret(head(target, *lines, method=method), encrypted=False)
            except BadMessage:
                continue
            assert asked.scheme in ("http", "https")
