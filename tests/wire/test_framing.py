"""The length of a body: every message that could be read in two ways is refused."""

import pytest

from scrubjay_proxy.wire.framing import Framing, keeps_alive, request_length, response_length
from scrubjay_proxy.wire.heads import BadMessage, parse_request, parse_response


def request(*lines: str, minor: int = 1):
    return parse_request("\r\n".join([f"POST / HTTP/1.{minor}", *lines, "", ""]).encode())


def response(*lines: str, status: int = 200, minor: int = 1):
    return parse_response("\r\n".join([f"HTTP/1.{minor} {status} X", *lines, "", ""]).encode())


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([], 0),
        (["Content-Length: 0"], 0),
        (["Content-Length: 12"], 12),
        (["content-length:012"], 12),
        (["Transfer-Encoding: chunked"], Framing.CHUNKED),
        (["transfer-encoding: CHUNKED "], Framing.CHUNKED),
    ],
)
def test_the_length_of_a_request(lines, length):
    assert request_length(request(*lines)) == length


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 1", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 1"],
        ["Transfer-Encoding: chunked", "Content-Length: 0"],
        ["Content-Length: 1", "Content-Length: 2"],
        ["Content-Length: 1", "Content-Length: 1"],
        ["Content-Length: 1, 1"],
        ["Content-Length: +1"],
        ["Content-Length: -1"],
        ["Content-Length: 0x10"],
        ["Content-Length: 1.0"],
        ["Content-Length: 1e3"],
        ["Content-Length: 1 2"],
        ["Content-Length: 1_000"],
        ["Content-Length: "],
        ["Content-Length: abc"],
        ["Content-Length: \u00b2"],
        ["Content-Length: 9999999999999999999"],
        ["Content-Length: " + "0" * 40 + "1"],
    ],
)
def test_ambiguous_request_framing_is_400(lines):
    with pytest.raises(BadMessage) as caught:
        request_length(request(*lines))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "lines",
    [
        ["Transfer-Encoding: gzip"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: chunked, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked;q=1"],
        ["Transfer-Encoding: 'chunked'"],
        ["Transfer-Encoding: "],
    ],
)
def test_any_coding_but_chunked_is_501(lines):
    with pytest.raises(BadMessage) as caught:
        request_length(request(*lines))
    assert caught.value.status == 501


def test_a_transfer_coding_in_http_1_0_is_400():
    for lines in (["Transfer-Encoding: chunked"], ["Connection: keep-alive", "Transfer-Encoding:"]):
        with pytest.raises(BadMessage) as caught:
            request_length(request(*lines, minor=0))
        assert caught.value.status == 400


@pytest.mark.parametrize(
    ("method", "status", "lines", "length"),
    [
        ("GET", 200, ["Content-Length: 5"], 5),
        ("GET", 200, ["Transfer-Encoding: chunked"], Framing.CHUNKED),
        ("GET", 200, [], Framing.UNTIL_CLOSE),
        ("HEAD", 200, ["Content-Length: 5"], 0),
        ("HEAD", 200, ["Transfer-Encoding: chunked"], 0),
        ("GET", 204, ["Content-Length: 5"], 0),
        ("GET", 304, ["Content-Length: 5"], 0),
        ("GET", 304, [], 0),
        ("GET", 103, [], 0),
    ],
)
def test_the_length_of_a_response(method, status, lines, length):
    assert response_length(response(*lines, status=status), method) == length


@pytest.mark.parametrize(
    ("lines", "minor"),
    [
        (["Content-Length: 5", "Transfer-Encoding: chunked"], 1),
        (["Content-Length: 5", "Content-Length: 6"], 1),
        (["Content-Length: 5", "Content-Length: 5"], 1),
        (["Content-Length: five"], 1),
        (["Transfer-Encoding: gzip, chunked"], 1),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 1),
        (["Transfer-Encoding: identity"], 1),
        (["Transfer-Encoding: chunked"], 0),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_ambiguous_response_framing_is_refused(lines, minor, method):
    with pytest.raises(BadMessage):
        response_length(response(*lines, minor=minor), method)


@pytest.mark.parametrize(
    ("minor", "lines", "kept"),
    [
        (1, [], True),
        (1, ["Connection: close"], False),
        (1, ["Connection: x, CLOSE"], False),
        (1, ["Connection: keep-alive", "Connection: close"], False),
        (0, [], False),
        (0, ["Connection: Keep-Alive"], True),
        (0, ["Connection: keep-alive, close"], False),
    ],
)
def test_when_a_connection_is_kept(minor, lines, kept):
    assert keeps_alive(minor, request(*lines, minor=minor).headers) is kept
