"""From a request head to what it asks for (RFC 9112, 3.2; RFC 9110, 7.2)."""

from __future__ import annotations

import re

from scrubjay_proxy.http.messages import Request
from scrubjay_proxy.wire.heads import BadMessage, RequestHead, check_host

_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)([/?][^#]*)?", re.IGNORECASE)


def interpret(head: RequestHead, *, encrypted: bool) -> Request:
    """The request's target URI in parts. An absolute target outranks Host (RFC 9112, 3.2.2).

    CONNECT has its authority as host and an empty target. Raises BadMessage.
    """
    host = _host(head)
    scheme = "https" if encrypted else "http"
    target = head.target
    if head.method == "CONNECT":
        return Request("CONNECT", scheme, _with_port(target), "", head.headers)
    if target.startswith("/"):
        if "#" in target:
            raise BadMessage(400, "a fragment in the request target")
    elif found := _ABSOLUTE.fullmatch(target):
        scheme, host = found[1].lower(), check_host(found[2])
        # Without a path, OPTIONS is about the server as a whole (RFC 9112, 3.2.4).
        whole_server = head.method == "OPTIONS" and found[3] is None
        target = "*" if whole_server else _path(found[3] or "")
    elif target != "*" or head.method != "OPTIONS":
        raise BadMessage(400, "the request target is none of the four forms")
    return Request(head.method, scheme, host, target, head.headers)


def is_absolute(head: RequestHead) -> bool:
    """Whether the request is one to a forward proxy."""
    return not head.target.startswith("/") and head.target != "*"


def _path(text: str) -> str:
    return text if text.startswith("/") else f"/{text}"


def _host(head: RequestHead) -> str:
    lines = head.headers.all("host")
    if len(lines) > 1 or (not lines and head.minor):
        raise BadMessage(400, "a request needs exactly one Host")
    return check_host(lines[0]) if lines and lines[0] else ""


def _with_port(authority: str) -> str:
    check_host(authority)
    if not re.search(r":\d+$", authority):
        raise BadMessage(400, "CONNECT needs a host and a port")
    return authority
