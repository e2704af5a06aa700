"""How long a message body is (RFC 9112, 6). Two answers to that question are one too many."""

from __future__ import annotations

from enum import Enum

from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.heads import BadMessage, RequestHead, ResponseHead


class Framing(Enum):
    """A body whose length is not known from the head."""

    CHUNKED = "chunked"
    UNTIL_CLOSE = "until close"


Length = int | Framing
_DIGITS = 18


def request_length(head: RequestHead) -> Length:
    """The request body's length; BadMessage where it could be read in two ways."""
    coding = head.headers.all("transfer-encoding")
    if coding:
        if head.minor == 0:
            raise BadMessage(400, "Transfer-Encoding in HTTP/1.0")
        if "content-length" in head.headers:
            raise BadMessage(400, "both Content-Length and Transfer-Encoding")
        if len(coding) > 1 or coding[0].lower() != "chunked":
            raise BadMessage(501, "a transfer coding other than chunked")
        return Framing.CHUNKED
    return content_length(head.headers) or 0


def response_length(head: ResponseHead, method: str) -> Length:
    """The response body's length, given the request's method (RFC 9112, 6.3)."""
    status, headers = head.head.status, head.head.headers
    coding = headers.all("transfer-encoding")
    length = content_length(headers)
    if coding and (head.minor == 0 or length is not None):
        raise BadMessage(502, "Transfer-Encoding where it is not allowed")
    if coding and (len(coding) > 1 or coding[0].lower() != "chunked"):
        raise BadMessage(502, "a transfer coding other than chunked")
    if method == "HEAD" or status < 200 or status in (204, 304):
        return 0
    if coding:
        return Framing.CHUNKED
    return Framing.UNTIL_CLOSE if length is None else length


def content_length(headers: Headers) -> int | None:
    """Content-Length, None where absent; anything but one plain number is refused."""
    lines = headers.all("content-length")
    if not lines:
        return None
    text = lines[0]
    if len(lines) > 1 or not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        raise BadMessage(400, "Content-Length is not one number")
    return int(text)


def keeps_alive(minor: int, headers: Headers) -> bool:
    """Whether the connection may carry another message (RFC 9112, 9.3)."""
    if (told := headers.get("connection")) is None:
        return minor == 1
    options = {word.strip().lower() for word in told.split(",")}
    if "close" in options:
        return False
    return minor == 1 or "keep-alive" in options
