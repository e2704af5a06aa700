"""Who may use the control port: the token's holder, and never a web page of somebody else's."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from scrubjay_proxy.quantities import Address

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Next = Callable[[Request], Awaitable[Response]]


def refusal(
    *, method: str, path: str, host: str, origin: str, authorization: str, token: str
) -> tuple[int, str] | None:
    """Status and reason to refuse a request, or None to let it pass.

    Without a token the port listens on loopback only, where a page in the user's browser could
    still reach it: by a cross-site form (seen by Origin) or by a name that resolves to 127.0.0.1
    (seen by Host).
    """
    if path in OPEN_PATHS and method in SAFE_METHODS:
        return None
    if token:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            return 401, "this needs the header Authorization: Bearer TOKEN (setting control.token)"
    elif method != "PURGE" and not is_local(host):
        return 403, "without control.token this answers only to localhost by that name or number"
    if method not in SAFE_METHODS and origin and origin.rpartition("//")[2] != host:
        return 403, "pages of other sites may not change anything here"
    return None


def is_local(host: str) -> bool:
    """Host as clients of this very machine send it (RFC 9110, section 7.2)."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return Address(name.strip("[]"), 0).is_loopback


def guard(token: str) -> Callable[[Request, Next], Awaitable[Response]]:
    async def check(request: Request, forward: Next) -> Response:
        head = request.headers
        refused = refusal(
            method=request.method,
            path=request.url.path,
            host=head.get("host", ""),
            origin=head.get("origin", ""),
            authorization=head.get("authorization", ""),
            token=token,
        )
        if refused is None:
            return await forward(request)
        status, why = refused
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"error": why}, status, headers=headers)

    return check
