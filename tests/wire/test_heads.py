"""Message heads: what is read, and what is refused because two readers could disagree."""

import pytest

from scrubjay_proxy.http.messages import Head, Headers
from scrubjay_proxy.wire.heads import (
    MAX_FIELDS,
    MAX_HEAD,
    MAX_TARGET,
    BadMessage,
    check_host,
    head_end,
    parse_request,
    parse_response,
    render_request,
    render_response,
)


def request(*lines: str, first: str = "GET / HTTP/1.1") -> bytes:
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1")


def refused(data: bytes) -> int:
    with pytest.raises(BadMessage) as caught:
        parse_request(data)
    return caught.value.status


def test_a_request_head_is_read():
    head = parse_request(request("Host: a.example", "X-Two:  b c \t", "x-two:d", "X-Empty:"))
    assert (head.method, head.target, head.minor) == ("GET", "/", 1)
    assert head.headers.all("x-two") == ["b c", "d"]
    assert head.headers.get("x-empty") == ""


@pytest.mark.parametrize(
    "first",
    [
        "BREW /pot?x=%20&y=1 HTTP/1.1",
        "GET http://a.example/x HTTP/1.0",
        "CONNECT a.example:443 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "m!#$%&'*+-.^_`|~9 / HTTP/1.1",
    ],
)
def test_unknown_methods_and_all_target_forms_are_read(first):
    head = parse_request(request(first=first))
    assert f"{head.method} {head.target} HTTP/1.{head.minor}" == first


def test_bytes_beyond_ascii_stay_as_they_are_in_a_value():
    head = parse_request(request("X-Name: J\xfcrgen\x80"))
    assert head.headers.get("x-name") == "J\xfcrgen\x80"


@pytest.mark.parametrize(
    "first",
    [
        "GET /",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET\t/ HTTP/1.1",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /a b HTTP/1.1",
        "GET /\x01 HTTP/1.1",
        "GET /\xe4 HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.1x",
        "GET / HTTP/11",
        "GET / HTTP/1.",
        "GET / HTTP/ 1.1",
        "GET / JTTP/1.1",
    ],
)
def test_a_malformed_request_line_is_400(first):
    assert refused(request(first=first)) == 400


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0", "3.0", "9.9"])
def test_another_version_is_505(version):
    assert refused(request(first=f"GET / HTTP/{version}")) == 505


@pytest.mark.parametrize(
    "line",
    [
        "X-Space : b",
        "X-Tab\t: b",
        " leading: b",
        "no-colon",
        ": no name",
        "X-N\x00l: b",
        "X-(paren): b",
        "X-Nul: a\x00b",
        "X-Bell: a\x07b",
        "X-Del: a\x7fb",
        "X-Cr: a\rb",
        "X-Umlaut-N\xe4me: b",
    ],
)
def test_a_malformed_header_line_is_400(line):
    assert refused(request("Host: a", line)) == 400


@pytest.mark.parametrize("fold", [" folded", "\tfolded", " "])
def test_obsolete_line_folding_is_400(fold):
    assert refused(request("Host: a", "X-Long: begins", fold)) == 400


def test_too_many_header_lines_are_431():
    enough = [f"X-{number}: 1" for number in range(MAX_FIELDS)]
    assert len(parse_request(request(*enough)).headers.pairs) == MAX_FIELDS
    assert refused(request(*enough, "X-More: 1")) == 431


def test_a_long_target_is_414():
    assert parse_request(request(first=f"GET /{'a' * (MAX_TARGET - 1)} HTTP/1.1"))
    assert refused(request(first=f"GET /{'a' * MAX_TARGET} HTTP/1.1")) == 414


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nX: a\nEvil: b\r\n\r\n",
        b"\nGET / HTTP/1.1\r\n\r\n",
    ],
)
def test_a_bare_line_feed_is_refused_before_the_head_is_complete(data):
    with pytest.raises(BadMessage) as caught:
        head_end(data[:-1])
    assert caught.value.status == 400


def test_the_end_of_a_head_is_found_however_it_was_cut():
    data = request("Host: a") + b"body"
    for cut in range(len(data) - 4):
        assert head_end(data[:cut]) == -1
        assert head_end(data, cut) == len(data) - 4


def test_an_endless_request_line_is_414_and_endless_fields_are_431():
    with pytest.raises(BadMessage) as long_line:
        head_end(b"GET /" + b"a" * MAX_TARGET)
    with pytest.raises(BadMessage) as long_fields:
        head_end(b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * (MAX_HEAD // 6))
    assert (long_line.value.status, long_fields.value.status) == (414, 431)


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 200 OK", 200, "OK"),
        (b"HTTP/1.0 404 Not Found Here", 404, "Not Found Here"),
        (b"HTTP/1.1 204 ", 204, ""),
        (b"HTTP/1.1 599", 599, ""),
        (b"HTTP/1.1 200 \xc3\x9cber", 200, "\xc3\x9cber"),
    ],
)
def test_a_status_line_is_read(line, status, reason):
    found = parse_response(line + b"\r\nA: b\r\n\r\n")
    assert (found.head.status, found.head.reason) == (status, reason)
    assert found.minor == int(line[7:8])


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 099 No",
        b"HTTP/1.1 abc OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/2 200 OK",
        b"HTTP/1.1 200OK",
        b"ICY 200 OK",
        b"<html>",
        b"HTTP/1.1 200 O\x00K",
    ],
)
def test_a_malformed_status_line_is_refused(line):
    with pytest.raises(BadMessage):
        parse_response(line + b"\r\n\r\n")


@pytest.mark.parametrize(
    "host",
    [
        "a.example",
        "A.Example:8080",
        "127.0.0.1",
        "[::1]:80",
        "[2001:db8::7:8]",
        "[::ffff:192.0.2.1]",
        "xn--bcher-kva.example",
        "under_score.example",
        "a.example:65535",
    ],
)
def test_a_valid_host_is_taken_as_it_is(host):
    assert check_host(host) == host


@pytest.mark.parametrize(
    "host",
    [
        "a b",
        "a/b",
        "a?b",
        "a#b",
        "user@a",
        "a,b",
        "a:",
        "a:0",
        "a:65536",
        "a:123456",
        "a:80:80",
        "a:http",
        "::1",
        "[::1",
        "[::1]x",
        "[:::1]",
        "[1:2:3]",
        "[12345::]",
        "[::1::2]",
        "[a.example]",
        "a\\b",
        'a"b',
        "http://a",
        "\xe4.example",
    ],
)
def test_an_invalid_host_is_400(host):
    with pytest.raises(BadMessage) as caught:
        check_host(host)
    assert caught.value.status == 400


def test_heads_survive_being_written_and_read_again():
    headers = Headers((("Host", "a"), ("X", "1"), ("x", "2"), ("Y", "J\xfc")))
    asked = parse_request(render_request("PUT", "/p?q", headers))
    assert (asked.method, asked.target, asked.headers) == ("PUT", "/p?q", headers)
    got = parse_response(render_response(Head(418, "I'm a teapot", headers)))
    assert got.head == Head(418, "I'm a teapot", headers)
