"""The header lines a proxy sends on, in both directions (RFC 9110, 7.6)."""

from __future__ import annotations

from functools import lru_cache

from scrubjay_proxy.http.cachestatus import appended
from scrubjay_proxy.http.dates import format_date
from scrubjay_proxy.http.hops import FORWARDING, HOP_BY_HOP, end_to_end, of_the_connection
from scrubjay_proxy.http.messages import Head, Headers, Pair, Request
from scrubjay_proxy.wire.framing import Framing, Length
from scrubjay_proxy.wire.heads import BadMessage, render_response

PSEUDONYM = "scrubjay"
_OURS = frozenset({"host", "expect", "content-length", "surrogate-capability"})
_NOT_SENT = FORWARDING | _OURS
_REMEMBERED = 2048  # characters of fields; longer ones are not worth keeping
_REASONS = {
    400: "Bad Request", 408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long",
    417: "Expectation Failed", 431: "Request Header Fields Too Large", 501: "Not Implemented",
    505: "HTTP Version Not Supported",
}  # fmt: skip
# Of one connection, or made anew for each answer.
_MADE_ANEW = HOP_BY_HOP | {"content-length", "via", "cache-status"}


def to_origin(
    asked: Request,
    host: str,
    peer: str,
    length: Length,
    *,
    hop: str,
    targets: tuple[str, ...] = (),
) -> Headers:
    """What the origin is sent: a stranger's word on who asked is replaced by ours.

    `hop` names this very proxy, so that it knows a request that comes round in a circle.
    """
    surrogate = "surrogate-control" in targets
    known = _sent if len(asked.headers.text) <= _REMEMBERED else _sent.__wrapped__
    sent = known(asked.headers, asked.scheme, asked.host or host, host, peer, hop, surrogate)
    if length is Framing.CHUNKED:
        return sent.plus(("Transfer-Encoding", "chunked"))
    if length or asked.method in ("POST", "PUT", "PATCH"):
        return sent.plus(("Content-Length", str(length)))
    return sent


@lru_cache(maxsize=1024)
def _sent(  # noqa: PLR0917  a cache tells calls apart by position fastest
    headers: Headers, scheme: str, asked_host: str, host: str, peer: str, hop: str, surrogate: bool
) -> Headers:
    """What does not depend on the body; clients ask with the same fields again and again."""
    kept = end_to_end(headers).without(_NOT_SENT)
    lines: list[Pair] = [("Host", host), *kept.without(("via", "cdn-loop"))]
    lines += [
        ("X-Forwarded-For", peer),
        ("X-Forwarded-Proto", scheme),
        ("X-Forwarded-Host", asked_host),
        ("Via", _via(kept)),
        ("CDN-Loop", ", ".join([*kept.all("cdn-loop"), hop])),
    ]
    if surrogate:
        lines.append(("Surrogate-Capability", f'{PSEUDONYM}="Surrogate/1.0"'))
    return Headers(lines)


def to_client(head: Head, now: float, cache_status: str, framing: Pair | None, *more: Pair) -> Head:
    """What the client is sent: end-to-end fields, Via, Date, Cache-Status, framing and `more`."""
    headers = head.headers
    if of_the_connection(headers.get("connection")) is not HOP_BY_HOP:
        headers = end_to_end(headers)
    lines = [pair for pair in headers.pairs if pair[0].lower() not in _MADE_ANEW]
    lines.append(("Via", _via(headers)))
    if "date" not in headers:
        lines.append(("Date", format_date(int(now))))
    lines.append(("Cache-Status", appended(headers, cache_status)))
    if framing is not None:
        lines.append(framing)
    lines += more
    return Head(head.status, head.reason, Headers(lines))


def rendered(head: Head, now: float, cache_status: str, framing: Pair | None, *more: Pair) -> bytes:
    """The head that the client is sent, as bytes."""
    if "date" in head.headers and len(head.headers.text) <= _REMEMBERED:
        return _rendered(head, cache_status, framing, *more)
    return render_response(to_client(head, now, cache_status, framing, *more))


@lru_cache(maxsize=1024)
def _rendered(head: Head, cache_status: str, framing: Pair | None, *more: Pair) -> bytes:
    """With a Date of its own nothing depends on the time; origins answer the same often."""
    return render_response(to_client(head, 0.0, cache_status, framing, *more))


def has_passed(headers: Headers, hop: str) -> bool:
    """Whether a request went through this very proxy before (RFC 8586)."""
    if (told := headers.get("cdn-loop")) is None:
        return False
    names = told.split(",")
    return any(name.partition(";")[0].strip() == hop for name in names)


def length_field(length: int) -> Pair:
    """Content-Length."""
    return ("Content-Length", str(length))


def _via(headers: Headers) -> str:
    """Via with our hop behind those before us (RFC 9110, 7.6.3)."""
    before = headers.get("via")
    return f"{before}, 1.1 {PSEUDONYM}" if before else f"1.1 {PSEUDONYM}"


def plain(
    status: int, reason: str, detail: str, now: float, cache_status: str
) -> tuple[Head, bytes]:
    """An answer of the proxy's own, for people to read."""
    body = f"{status} {reason}: {detail}\n".encode()
    headers = Headers(
        (
            ("Date", format_date(int(now))),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("Cache-Status", cache_status),
            length_field(len(body)),
        )
    )
    return Head(status, reason, headers), body


def refusal(bad: BadMessage, now: float) -> bytes:
    """The last thing said to a client whose message was refused: the connection closes."""
    head, body = plain(bad.status, _REASONS.get(bad.status, "Error"), bad.detail, now, PSEUDONYM)
    closing = head.with_headers(head.headers.plus(("Connection", "close")))
    return render_response(closing) + body
