"""The composition root: the only file that knows all the parts."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Self

import structlog

from scrubjay_policies.policy import PolicyError
from scrubjay_policies.registry import names
from scrubjay_policies.shadows.report import Report
from scrubjay_proxy.building import origin_of, route_of, rules_of, server_tls
from scrubjay_proxy.caching import Caching
from scrubjay_proxy.control.api import create_api
from scrubjay_proxy.control.running import Purge, Usage
from scrubjay_proxy.control.serve import ControlServer
from scrubjay_proxy.deliver import Delivery
from scrubjay_proxy.direct import Direct
from scrubjay_proxy.events import Events
from scrubjay_proxy.fetch import Fetcher
from scrubjay_proxy.flight import Flights
from scrubjay_proxy.flow import Flow
from scrubjay_proxy.forwarding import ForwardOrigins
from scrubjay_proxy.holding import holding_of
from scrubjay_proxy.http.messages import Request
from scrubjay_proxy.http.rules import KeyRules
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.meter import Gauges, Meter
from scrubjay_proxy.models.building import models_of
from scrubjay_proxy.outgoing import refusal
from scrubjay_proxy.passing import Passing
from scrubjay_proxy.plain import Plains
from scrubjay_proxy.purging import selector
from scrubjay_proxy.quick import Quick
from scrubjay_proxy.recording import Recorder
from scrubjay_proxy.routes import Routes
from scrubjay_proxy.searches import Searches
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.signals import obeyed
from scrubjay_proxy.store.base import Asked, Reason
from scrubjay_proxy.storing import store_of
from scrubjay_proxy.tunnel import Tunnels
from scrubjay_proxy.upstream import Address, Origin
from scrubjay_proxy.wire.pace import Limits
from scrubjay_proxy.wire.server import ClientConnection
from scrubjay_proxy.workers.place import Place
from scrubjay_proxy.workers.whole import Whole

log = structlog.get_logger()


class Proxy:
    """A proxy and its control port; `async with` starts and drains it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        place: Place | None = None,
    ) -> None:
        self.settings, self.place = settings, place or Place(settings)
        self.clock = clock
        self.draining = False
        self.port = self.control_port = 0
        self._clients: set[ClientConnection] = set()
        self._origins: list[Origin] = []
        self.meter, self.events = self._meter(), Events(clock)
        self.holding = holding_of(settings, self.meter)
        self.models = models_of(
            settings, meter=self.meter, events=self.events, clock=clock, feed=self._feed
        )
        self.store = store_of(
            settings, self.models.begin(), clock=clock, removed=self._removed, meter=self.meter
        )
        self.models.in_force.decide_for(self.store.use)
        self.meter.know_policy(self.policy_name())
        self.routes = Routes(
            [route_of(one, settings.http, self._origin) for one in settings.all_routes]
        )
        self.searches = Searches()
        self.flow = self._flow()

    # Building the parts.

    def _meter(self) -> Meter:
        gauges = Gauges(
            usage=lambda: self.store.usage(),  # noqa: PLW0108  it is not there yet
            connections=lambda: len(self._clients),
            staleness=lambda: self.holding.changes.staleness if self.holding else 0.0,
            lifetime=lambda: self.holding.changes.mean_lifetime if self.holding else 0.0,
            policy=self.policy_name,
            model=lambda: self.store.policy.model,
            guard=self.guard,
            trials=lambda: self.models.readings(),  # noqa: PLW0108  they are not there yet
        )
        routes = ["none", *(route.name for route in self.settings.all_routes)]
        if self.settings.proxy.forward:
            routes.append("forward")
        return Meter(
            routes=routes, whys=[why.value for why in Why], policies=names(), gauges=gauges
        )

    def _feed(self, asked: Asked | None) -> None:
        self.store.asked = asked

    def _origin(self, where: Address, connect_to: str) -> Origin:
        origin = origin_of(
            self.settings.origin, where, connect_to, clock=self.clock, observe=self.meter.origin
        )
        self._origins.append(origin)
        return origin

    def _forward(self) -> ForwardOrigins | None:
        proxy = self.settings.proxy
        if not proxy.forward:
            return None
        configured = frozenset(route.origin.address.authority for route in self.routes.all)
        return ForwardOrigins(
            self._origin,
            rules_of(self.settings.http),
            private=proxy.forward_private,
            allowed=configured,
        )

    def _flow(self) -> Flow:
        told = self.settings
        hop = f"scrubjay-{secrets.token_hex(4)}"
        recorder = Recorder(
            self.searches,
            jitter=told.http.ttl_jitter,
            seed=told.cache.seed,
            holding=self.holding,
        )
        fetcher = Fetcher(
            self.store, Flights(self.clock), recorder, self.clock, self.meter, hop=hop
        )
        plains = Plains(self.routes, self.searches)
        self.quick = Quick(self.store, recorder, plains, self.meter, self.clock)
        delivery = Delivery(self.store, self.clock)
        self.caching = Caching(self.store, fetcher, delivery, self.meter, self.clock)
        passing = Passing(self.store, fetcher, delivery, hop=hop, max_body=told.proxy.max_body)
        forward = self._forward()
        tunnels = None
        if forward is not None:
            ports = frozenset(told.proxy.connect_ports)
            tunnels = Tunnels(forward, ports, told.origin.connect_timeout)
        flow = Flow(
            caching=self.caching,
            delivery=delivery,
            passing=passing,
            routes=self.routes,
            forward=forward,
            tunnels=tunnels,
            meter=self.meter,
            timer=time.perf_counter,
            hop=hop,
            purge=self.purge,
            purge_from=told.proxy.purge_from,
        )
        self.direct = Direct(flow, self.caching, fetcher, delivery, plains)
        return flow

    # What the control port asks for.

    def policy_name(self) -> str:
        """The policy in force."""
        return self.store.policy.name

    def guard(self) -> Report | None:
        """How the shadow caches stand; None under a policy without them."""
        return self.store.report()

    def use_policy(self, name: str) -> None:
        """Evict by another policy from now on: one with a name, or the one of the settings. The
        control port does not import modules that a request names."""
        if name not in {*names(), self.settings.cache.policy}:
            there = ", ".join(names())
            raise PolicyError(f'policy "{name}" cannot be switched to', hint=f"there are {there}")
        self.models.in_force.use_named(name)
        self.events.add("policy-switched", policy=name)

    async def switch_policy(self, name: str) -> None:
        """The same in all workers, where there are several."""
        self.use_policy(name)
        await self.place.switched(name)

    async def whole(self) -> Whole:
        """The counts of all workers, where there are several."""
        return await self.place.whole(self.meter)

    def ready(self) -> dict[str, str]:
        """Origins are judged by each request. A shared store that is not there is no reason to
        send traffic elsewhere: the origins are asked, and `scrubjay_store_up` tells."""
        return {"store": "ok", **self.place.parts()}

    async def purge(self, what: Purge) -> int:
        """Remove, or mark stale."""
        chosen = selector(what, self.searches, self._key_rules)
        found = await self.store.purge(chosen, soft=what.soft, reason=Reason.PURGED)
        log.info("purged", objects=found, soft=what.soft)
        return found

    def _key_rules(self, asked: Request) -> KeyRules:
        route = self.routes.find(asked.host, asked.target)
        return route.rules.key if route is not None else KeyRules()

    def usage(self) -> Usage:
        """What the store holds."""
        held = self.store.usage()
        return Usage(held.bytes, held.objects, held.capacity)

    def _removed(self, reason: Reason, objects: int, freed: int) -> None:
        self.meter.evicted(self.policy_name(), reason.value, objects, freed)

    # Starting and ending.

    async def __aenter__(self) -> Self:
        listener = self.place.listener()
        self.port = listener.getsockname()[1]
        try:
            tls = server_tls(self.settings.proxy)
            await self.store.start()
            await self._control_starts()
        except BaseException:
            await self.store.stop()
            listener.close()
            raise
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, sock=listener, ssl=tls, backlog=2048
        )
        await self.models.start()
        return self

    async def _control_starts(self) -> None:
        self._control = contextlib.AsyncExitStack()
        where = self.place.control()
        if where is not None:
            server = ControlServer(create_api(self), where)
            await self._control.enter_async_context(server)
            self.control_port = server.port

    async def __aexit__(self, *_: object) -> None:
        await self.drain()
        await self._control.aclose()

    def _connection(self) -> ClientConnection:
        refuse = lambda bad: refusal(bad, self.clock())  # noqa: E731
        ways = self.flow, refuse, Limits(), self._clients, self.quick
        return ClientConnection(*ways, direct=self.direct)

    async def drain(self) -> None:
        """Take nothing new, finish what is under way within the grace time, then close."""
        if self.draining:
            return
        self.draining = True
        self._server.close()
        for client in list(self._clients):
            client.close_when_idle()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.proxy.drain_timeout):
                for client in [one for one in self._clients if one.busy]:
                    await client.gone.wait()
                await self.caching.settle()
        for client in list(self._clients):
            client.abort()
        for origin in self._origins:
            origin.close()
        await self.models.stop()
        await self.store.stop()
        self.events.close()


async def run(settings: Settings, *, on_ready: Callable[[Proxy], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT, drain, and give the exit code; a second signal ends at
    once."""
    stop = asyncio.Event()
    proxy = Proxy(settings)
    reload = proxy.models.hang_up if settings.models.dir or settings.cache.model else None
    with obeyed(stop, reload):
        async with proxy:
            log.info(
                "ready",
                listen=f"{settings.proxy.listen.host}:{proxy.port}",
                control=f"{settings.control.listen.host}:{proxy.control_port}",
                policy=proxy.policy_name(),
                capacity=settings.cache.capacity,
            )
            if on_ready is not None:
                on_ready(proxy)
            await stop.wait()
            log.info("draining")
    log.info("stopped")
    return 0
