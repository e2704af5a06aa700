"""The lines a proxy sends on, in both directions."""

import pytest

from exchanges import NOW, ask, date, fields, got
from scrubjay_proxy.http.hops import FORWARDING, HOP_BY_HOP
from scrubjay_proxy.outgoing import (
    has_passed,
    length_field,
    plain,
    refusal,
    to_client,
    to_origin,
)
from scrubjay_proxy.wire.framing import Framing
from scrubjay_proxy.wire.heads import BadMessage


def sent(*lines, method="GET", length=0, targets=()):
    return to_origin(
        ask(*lines, method=method), "origin", "192.0.2.1", length, hop="us", targets=targets
    )


def test_the_origin_gets_what_the_client_sent_and_who_asked():
    assert sent("Accept: a/b", "X: 1", "Host: whatever") == fields(
        "Host: origin", "Accept: a/b", "X: 1", "X-Forwarded-For: 192.0.2.1",
        "X-Forwarded-Proto: http", "X-Forwarded-Host: example.com", "Via: 1.1 scrubjay",
        "CDN-Loop: us",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", sorted(FORWARDING | HOP_BY_HOP | {"expect", "surrogate-capability"})
)
def test_a_strangers_word_and_the_connections_fields_stay_here(name):
    assert "strange" not in [value for _, value in sent(f"{name}: strange")]


def test_what_connection_names_stays_here():
    assert "x" not in sent("X: 1", "Connection: x, host")
    assert sent("Connection: host").all("host") == ["origin"]


def test_every_proxy_a_request_went_through_is_named_and_known_again():
    lines = sent("CDN-Loop: a; loops=1, b", "CDN-Loop: c")
    assert lines.all("cdn-loop") == ["a; loops=1, b, c, us"]
    assert has_passed(lines, "us")
    assert has_passed(lines, "a")
    assert not has_passed(lines, "loops=1")
    assert not has_passed(sent(), "usual")


def test_via_is_one_line_with_ours_last():
    assert sent("Via: 1.0 a", "Via: 1.1 b").all("via") == ["1.0 a, 1.1 b, 1.1 scrubjay"]


@pytest.mark.parametrize(
    ("method", "length", "line"),
    [
        ("GET", 0, None),
        ("DELETE", 0, None),
        ("POST", 0, ("Content-Length", "0")),
        ("PUT", 0, ("Content-Length", "0")),
        ("PATCH", 0, ("Content-Length", "0")),
        ("GET", 5, ("Content-Length", "5")),
        ("POST", 5, ("Content-Length", "5")),
        ("POST", Framing.CHUNKED, ("Transfer-Encoding", "chunked")),
    ],
)
def test_the_body_has_one_framing_and_it_is_ours(method, length, line):
    theirs = ["Content-Length: 99", "Transfer-Encoding: chunked"]
    headers = sent(*theirs, method=method, length=length)
    found = [pair for pair in headers if pair[0] in ("Content-Length", "Transfer-Encoding")]
    assert found == ([line] if line else [])


def test_a_surrogate_says_that_it_is_one():
    assert "surrogate-capability" not in sent()
    capable = sent(targets=("surrogate-control",)).get("surrogate-capability")
    assert capable == 'scrubjay="Surrogate/1.0"'


def answered(*lines, framing=None):
    return to_client(got(*lines), NOW, "scrubjay; hit", framing).headers


def test_the_client_gets_what_the_origin_sent_and_what_we_did():
    assert answered("A: 1", f"Date: {date(-9)}", framing=length_field(5)) == fields(
        "A: 1", f"Date: {date(-9)}", "Via: 1.1 scrubjay", "Cache-Status: scrubjay; hit",
        "Content-Length: 5",
    )  # fmt: skip


def test_an_answer_has_one_framing_and_it_is_ours():
    headers = answered("Content-Length: 9", "Transfer-Encoding: chunked", framing=length_field(5))
    assert headers.all("content-length") == ["5"]
    assert "transfer-encoding" not in headers
    assert "content-length" not in answered("Content-Length: 9")


def test_an_answer_without_a_date_gets_one():
    assert answered().all("date") == [date()]


def test_an_answer_keeps_the_hops_before_us():
    headers = answered("Via: 1.1 a", "Cache-Status: a; hit", "Connection: x", "X: 1", "TE: y")
    assert headers.get("via") == "1.1 a, 1.1 scrubjay"
    assert headers.get("cache-status") == "a; hit, scrubjay; hit"
    assert not {"connection", "x", "te"} & {name.lower() for name, _ in headers}


def test_an_answer_of_our_own_is_never_stored_and_has_its_length():
    head, body = plain(504, "Gateway Timeout", "too late", NOW, "scrubjay")
    assert body == b"504 Gateway Timeout: too late\n"
    assert head.headers.get("content-length") == str(len(body))
    assert head.headers.get("cache-control") == "no-store"
    assert head.headers.get("date") == date()


def test_a_refused_message_ends_the_connection():
    text = refusal(BadMessage(431, "too many"), NOW)
    assert text.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"\r\nConnection: close\r\n" in text
    assert text.endswith(b"431 Request Header Fields Too Large: too many\n")


@pytest.mark.parametrize("length", [1, 4096])  # what is longer is not remembered
def test_what_is_remembered_of_one_client_is_not_told_of_another(length):
    asked = ask(f"X: {'x' * length}", "Cookie: a=1")
    first = to_origin(asked, "origin", "192.0.2.1", 0, hop="us")
    assert to_origin(asked, "origin", "192.0.2.1", 0, hop="us") == first
    second = to_origin(asked, "origin", "192.0.2.2", 0, hop="us")
    assert first.get("x-forwarded-for") == "192.0.2.1"
    assert second.get("x-forwarded-for") == "192.0.2.2"
    assert to_origin(asked, "other", "192.0.2.2", 5, hop="us").get("content-length") == "5"
    assert "content-length" not in to_origin(asked, "other", "192.0.2.2", 0, hop="us")
