"""One request's story: what is asked, of whom, from where it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog

from scrubjay_proxy.answers import OriginError
from scrubjay_proxy.asking import interpret, is_absolute
from scrubjay_proxy.caching import Caching
from scrubjay_proxy.control.running import Purge
from scrubjay_proxy.deliver import Delivery
from scrubjay_proxy.forwarding import ForwardOrigins, NotAllowed
from scrubjay_proxy.http.messages import Request
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.outgoing import has_passed
from scrubjay_proxy.passing import Passing
from scrubjay_proxy.purging import purge_request
from scrubjay_proxy.routes import Route, Routes
from scrubjay_proxy.store.base import StoreFailed
from scrubjay_proxy.told import Told
from scrubjay_proxy.tunnel import Tunnels
from scrubjay_proxy.wire.call import Call, ClientGone
from scrubjay_proxy.wire.heads import BadMessage

log = structlog.get_logger()


@dataclass(slots=True)
class Account:
    """What is counted of a call once it is answered; seconds by the flow's timer."""

    call: Call
    began: float
    route: str = "none"


class Flow:
    """Answers calls. Everything it does to the cache, the origin or the client is elsewhere."""

    def __init__(
        self,
        *,
        caching: Caching,
        delivery: Delivery,
        passing: Passing,
        routes: Routes,
        forward: ForwardOrigins | None,
        tunnels: Tunnels | None,
        meter: Meter,
        timer: Callable[[], float],
        hop: str,
        purge: Callable[[Purge], Awaitable[int]],
        purge_from: tuple[IPv4Network | IPv6Network, ...] = (),
    ) -> None:
        self._caching, self._passing, self._delivery = caching, passing, delivery
        self._routes = routes
        self._forward, self._tunnels = forward, tunnels
        self._meter, self.timer, self._hop = meter, timer, hop
        self._purge, self._purge_from = purge, purge_from

    async def __call__(self, call: Call) -> None:
        """Answer one call and count it."""
        account = Account(call, self.timer())
        await self.answered(account, self._story(account))

    async def answered(self, account: Account, coming: Awaitable[Told]) -> None:
        """Have a call answered, say so where that fails, and count it."""
        call = account.call
        try:
            told = await coming
        except NotAllowed as no:
            told = await self._refuse(call, no.status, no.reason, str(no))
        except OriginError as error:
            told = await self._failed(call, error)
        except (ClientGone, BadMessage):
            raise
        except Exception as error:
            log.exception("a request failed inside the proxy", target=call.head.target)
            told = await self._failed(call, OriginError("reset", type(error).__name__))
        self.count(account, told)

    def count(self, account: Account, told: Told) -> None:
        """Count an answered call."""
        seconds, sent = self.timer() - account.began, account.call.sent
        from_store = sent if told.from_store else 0
        self._meter.request(
            account.route, told.outcome, told.why, told.status, seconds, sent, from_store
        )

    async def _story(self, account: Account) -> Told:
        call = account.call
        asked = interpret(call.head, encrypted=call.encrypted)
        self._break_circle(asked)
        found = await self._find(call, asked)
        if found is None:
            return await self._own(call, asked)
        account.route = found.name
        return await self._routed(call, asked, found)

    def _break_circle(self, asked: Request) -> None:
        """Before anything else: a request of our own would wait for a flight that waits for it."""
        if has_passed(asked.headers, self._hop):
            raise NotAllowed(508, "Loop Detected", "the origin of this request is this very proxy")

    async def _find(self, call: Call, asked: Request) -> Route | None:
        if asked.method == "CONNECT":
            return None
        absolute = is_absolute(call.head)
        if self._forward is not None and absolute:
            named = self._routes.find(asked.host, asked.target, named_only=True)
            return named or await self._forward.route(asked)
        # `OPTIONS *` asks about the server as a whole (RFC 9110, 9.3.7).
        return self._routes.find(asked.host, "/" if asked.target == "*" else asked.target)

    async def _own(self, call: Call, asked: Request) -> Told:
        """A request that is for no route: a tunnel, or nothing of ours."""
        if asked.method == "CONNECT":
            if self._tunnels is None:
                return await self._refuse(
                    call, 405, "Method Not Allowed", "CONNECT is for forward mode"
                )
            status = await self._tunnels.open(call, asked.host)
            return Told("bypass", "", status)
        detail = "no route is for this host and path"
        return await self._refuse(call, 421, "Misdirected Request", detail)

    async def _routed(self, call: Call, asked: Request, route: Route) -> Told:
        if not asked.host:
            asked = replace(asked, host=route.origin.address.authority)
        if asked.method == "PURGE" and self._may_purge(call.peer):
            try:
                found = await self._purge(purge_request(route.keyed(asked)))
            except StoreFailed as error:
                detail = f"the store cannot be asked, purge again: {error}"
                raise NotAllowed(503, "Service Unavailable", detail) from error
            status, reason = (200, "OK") if found else (404, "Not Found")
            await self._delivery.error(call, status, reason, f"{found} purged", None)
            return Told("refused", "", status)
        if (hops := _hops_left(asked)) == 0:
            return await self._refuse(call, 200 if asked.method == "OPTIONS" else 405, "", "here")
        if hops is not None:
            asked = asked.with_headers(asked.headers.having("Max-Forwards", str(hops - 1)))
        if asked.method in ("GET", "HEAD"):
            asked = route.keyed(asked)
            if call.body.length == 0:
                return await self._caching.answer(call, asked, route)
        return await self._passing.on(call, asked, route)

    def _may_purge(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._purge_from)

    # Answers of our own.

    async def _refuse(
        self, call: Call, status: int, reason: str, detail: str, why: Why | None = None
    ) -> Told:
        # What is refused is not understood well enough to read on behind it.
        call.keep_alive = call.keep_alive and status >= 500
        await self._delivery.error(call, status, reason, detail, why)
        return Told("refused", why.value if why else "", status)

    async def _failed(self, call: Call, error: OriginError) -> Told:
        if call.started:
            call.abort()
            return Told("fetched", "", error.status)
        reason = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
        return await self._refuse(call, error.status, reason[error.status], str(error))


def _hops_left(asked: Request) -> int | None:
    """Max-Forwards of a TRACE or OPTIONS (RFC 9110, 7.6.2)."""
    text = asked.headers.get("max-forwards") if asked.method in ("TRACE", "OPTIONS") else None
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
