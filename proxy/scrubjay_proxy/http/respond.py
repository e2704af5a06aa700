"""The answer built from a stored response (RFC 9111, 4; RFC 9110, 15.3.7, 15.4.5, 15.5.17)."""

from __future__ import annotations

from dataclasses import dataclass

from scrubjay_proxy.http.freshness import current_age
from scrubjay_proxy.http.messages import Head, Headers, Request, Stored
from scrubjay_proxy.http.ranges import Span, asked_spans
from scrubjay_proxy.http.validate import client_has_it, range_applies

# Not of use to one who has the content already (RFC 9110, 15.4.5).
_NOT_IN_304 = frozenset(
    {"content-type", "content-encoding", "content-language", "content-range", "trailer"}
)
_IN_416 = frozenset({"accept-ranges", "age", "date", "server", "vary"})
_NO_CONTENT = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """A head to send and the span of the stored body that follows it, None for none."""

    head: Head
    span: Span | None
    length: int | None  # for Content-Length; None: the status has none


def answer_from(asked: Request, stored: Stored, now: float) -> Answer:
    """200, 206, 304 or 416, or whatever status is stored."""
    age = str(int(current_age(stored, now)))
    headers = stored.head.headers.having("Age", age)
    if client_has_it(asked, stored):
        return Answer(Head(304, "Not Modified", headers.without(_NOT_IN_304)), None, None)
    spans = asked_spans(asked.headers, stored.length) if _ranged(asked, stored) else None
    if spans is None or len(spans) > 1:
        return _whole(asked, stored, headers)
    if not spans:
        head = Head(416, "Range Not Satisfiable", _unsatisfied(headers, stored.length))
        return Answer(head, None, 0)
    return _part(asked, stored, headers, spans[0])


def _ranged(asked: Request, stored: Stored) -> bool:
    return asked.method == "GET" and stored.head.status == 200 and range_applies(asked, stored)


def _whole(asked: Request, stored: Stored, headers: Headers) -> Answer:
    head = stored.head.with_headers(headers)
    if stored.head.status in _NO_CONTENT:
        return Answer(head, None, None)
    span = None if asked.method == "HEAD" else (0, stored.length)
    return Answer(head, span, stored.length)


def _part(asked: Request, stored: Stored, headers: Headers, span: Span) -> Answer:
    content_range = f"bytes {span[0]}-{span[1] - 1}/{stored.length}"
    if "if-range" in asked.headers:
        # Who has parts already has the rest of the head too (RFC 9110, 15.3.7).
        headers = headers.without(("content-type", "content-encoding", "last-modified"))
    head = Head(206, "Partial Content", headers.having("Content-Range", content_range))
    return Answer(head, span, span[1] - span[0])


def _unsatisfied(headers: Headers, length: int) -> Headers:
    """Nothing of the stored head that would let a cache behind us keep the 416."""
    kept = (pair for pair in headers if pair[0].lower() in _IN_416)
    return Headers(kept).having("Content-Range", f"bytes */{length}")
