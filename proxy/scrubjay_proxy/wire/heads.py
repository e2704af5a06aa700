"""Message heads: bytes to values and back (RFC 9112, 2-5). Strict: what is ambiguous is refused.

What may live here: pure functions on bytes. No sockets, no clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from scrubjay_proxy.http.messages import Head, Headers

MAX_TARGET = 8192
MAX_HEAD = 32768
MAX_FIELDS = 128

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%s) ([\x21-\x7e]+) HTTP/1\.([01])\r\n" % _TOKEN)
_ANY_REQUEST_LINE = re.compile(rb"%s [\x21-\x7e]+ HTTP/\d\.\d\r\n" % _TOKEN)
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
_FIELDS = re.compile(rb"(?:%s:[^\x00-\x08\x0a-\x1f\x7f]*\r\n)*" % _TOKEN)
_REMEMBERED = 2048  # bytes of a head or of its fields; longer ones are not worth keeping
_HOST = re.compile(
    r"(?:(?P<name>[A-Za-z0-9._~!$&'()*+;=%-]+)|\[(?P<six>[0-9A-Fa-f:.]+)\])(?::(?P<port>\d{1,5}))?"
)


class BadMessage(Exception):
    """A message that is refused, with the status a client gets for it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class RequestHead:
    """Request line and fields; `minor` is the x of HTTP/1.x."""

    method: str
    target: str
    minor: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status line and fields of an origin's answer."""

    head: Head
    minor: int


def head_end(data: bytes | bytearray, searched: int = 0) -> int:
    """Where the head ends, behind its empty line; -1 while it is incomplete.

    Raises BadMessage where a line ends without CR, or the head grows too large.
    """
    at = data.find(b"\r\n\r\n", max(0, searched - 3))
    head = data[: at + 4] if at >= 0 else data
    if head.count(b"\n") != head.count(b"\r\n"):
        raise BadMessage(400, "a line ends in LF alone")
    if len(head) > MAX_HEAD:
        too_long = b"\r\n" not in head[:MAX_TARGET]
        raise BadMessage(414 if too_long else 431, "the head is too large")
    if at < 0 and len(head) > MAX_TARGET and b"\r\n" not in head:
        raise BadMessage(414, "the request line is too long")
    return at + 4 if at >= 0 else -1


def parse_request(data: bytes) -> RequestHead:
    """Read a whole request head, its empty line included. Those read lately are remembered."""
    return _request(data) if len(data) > _REMEMBERED else _known_request(data)


@lru_cache(maxsize=1024)
def _known_request(data: bytes) -> RequestHead:
    return _request(data)


def _request(data: bytes) -> RequestHead:
    line = _REQUEST_LINE.match(data)
    if line is None:
        other_version = _ANY_REQUEST_LINE.match(data) is not None
        raise BadMessage(505 if other_version else 400, "the request line is not HTTP/1.1")
    method, target, minor = line.groups()
    if len(target) > MAX_TARGET:
        raise BadMessage(414, "the request target is too long")
    fields = data[line.end() :]
    headers = _fields(fields) if len(fields) > _REMEMBERED else _known_fields(fields)
    return RequestHead(method.decode("ascii"), target.decode("ascii"), int(minor), headers)


@lru_cache(maxsize=1024)
def _known_fields(data: bytes) -> Headers:
    """The same lines come again and again, and what follows from them is kept with them."""
    return _fields(data)


def parse_response(data: bytes) -> ResponseHead:
    """Read a whole response head, its empty line included. Those read lately are remembered."""
    return _response(data) if len(data) > _REMEMBERED else _known_response(data)


@lru_cache(maxsize=1024)
def _known_response(data: bytes) -> ResponseHead:
    return _response(data)


def _response(data: bytes) -> ResponseHead:
    line = _STATUS_LINE.match(data)
    if line is None:
        raise BadMessage(502, "the status line is not HTTP/1.1")
    minor, status, reason = line.groups()
    headers = _fields(data[line.end() :])
    head = Head(int(status), (reason or b"").decode("latin-1").strip(), headers)
    return ResponseHead(head, int(minor))


def _fields(data: bytes) -> Headers:
    """Field lines and the empty line behind them."""
    if _FIELDS.fullmatch(data, 0, len(data) - 2) is None:
        raise BadMessage(400, "a header line is malformed")
    lines = data.decode("latin-1").split("\r\n")[:-2]
    if len(lines) > MAX_FIELDS:
        raise BadMessage(431, "too many header lines")
    fields = [line.partition(":") for line in lines]
    return Headers([(name, value.strip(" \t")) for name, _, value in fields])


def parse_trailers(data: bytes) -> Headers:
    """Read a trailer section, its empty line included."""
    return _fields(data)


@lru_cache(maxsize=1024)
def check_host(host: str) -> str:
    """A valid Host or authority, as it was given (RFC 9110, 7.2; RFC 3986, 3.2.2)."""
    found = _HOST.fullmatch(host)
    if found is None or (found["port"] and not 0 < int(found["port"]) < 65536):
        raise BadMessage(400, "Host is not valid")
    if found["six"] is not None and not _is_ipv6(found["six"]):
        raise BadMessage(400, "Host is not valid")
    return host


def _is_ipv6(text: str) -> bool:
    groups = text.split(":")
    if "." in groups[-1]:
        groups[-1:] = ["0", "0"]
    gaps = text.count("::")
    if gaps > 1 or ":::" in text or any(len(group) > 4 or "." in group for group in groups):
        return False
    return 3 <= len(groups) <= 9 if gaps else len(groups) == 8 and all(groups)


def render(first_line: str, headers: Headers) -> bytes:
    """A head as bytes; values were checked when they came in."""
    return f"{first_line}\r\n{headers.text}\r\n".encode("latin-1")


def render_response(head: Head) -> bytes:
    """A response head as bytes."""
    return render(f"HTTP/1.1 {head.status} {head.reason}", head.headers)


def render_request(method: str, target: str, headers: Headers) -> bytes:
    """A request head as bytes."""
    return render(f"{method} {target} HTTP/1.1", headers)
