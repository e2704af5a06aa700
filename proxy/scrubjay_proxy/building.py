"""From settings to what they describe: routes, rules, TLS."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from scrubjay_policies import model
from scrubjay_policies.policy import Policy, PolicyError
from scrubjay_policies.registry import MODELLED, policy
from scrubjay_proxy.errors import SettingsError
from scrubjay_proxy.forwarding import address_of
from scrubjay_proxy.http.rules import KeyRules, Rules
from scrubjay_proxy.routes import Route
from scrubjay_proxy.sections import (
    CacheSection,
    HttpSection,
    OriginSection,
    ProxySection,
    RouteSection,
)
from scrubjay_proxy.store_url import MEMORY
from scrubjay_proxy.upstream import Address, Origin, OriginLimits


def route_of(
    section: RouteSection, http: HttpSection, origin: Callable[[Address, str], Origin]
) -> Route:
    """A route; the client's Host is passed on to plain origins, TLS ones get their own name."""
    scheme, _, authority = section.origin.partition("://")
    where = address_of(scheme, authority)
    keeps_host = section.host_header == "client" or (
        section.host_header == "auto" and scheme == "http"
    )
    key = KeyRules(
        drop=tuple(section.drop_query),
        keep=tuple(section.keep_query or ()),
        sort=section.sort_query,
    )
    rules = replace(
        rules_of(http),
        ttl_min=section.ttl_min,
        ttl_max=section.ttl_max,
        ttl_default=section.ttl_default,
        key=key,
    )
    return Route(
        section.name, origin(where, where.host), rules, section.host, section.path, keeps_host
    )


def origin_of(
    told: OriginSection,
    where: Address,
    connect_to: str,
    *,
    clock: Callable[[], float],
    observe: Callable[[float, int, str], None],
) -> Origin:
    """An origin as the settings limit it; `connect_to` is the host that is dialled."""
    limits = OriginLimits(
        timeout=told.timeout,
        connect=told.connect_timeout,
        idle=told.idle_timeout,
        connections=told.max_connections,
        waiting=told.max_waiting,
    )
    tls = ssl.create_default_context() if where.scheme == "https" else None
    return Origin(where, limits, clock, connect_to=connect_to, tls=tls, observe=observe)


def rules_of(http: HttpSection) -> Rules:
    """The rules that hold where a route says nothing else."""
    return Rules(
        heuristic_fraction=http.heuristic_fraction,
        heuristic_max=http.heuristic_max,
        learns=http.staleness is not None,
        unreachable_grace=http.stale_if_error,
        cookies_private=http.cookies == "private",
        targets=tuple(http.targeted),
    )


def policy_of(cache: CacheSection, name: str, file: Path | None) -> Policy:
    """The policy of that name, with the objective of the settings and a model file, if any.

    The model is read even where another policy is asked for, so that a bad one shows at the
    start. Raises PolicyError.
    """
    if file and name not in MODELLED:
        model.load(file)
    found = policy(name, cache.objective, model=file)
    return found if cache.store == MEMORY else _without_shadows(found, cache, file)


def _without_shadows(found: Policy, cache: CacheSection, file: Path | None) -> Policy:
    """What decides in a shared store: shadow caches would have to see the traffic of all proxies,
    so the network of `hybrid` is left to itself, and the exact classics can't be had."""
    if not found.shadows:
        return found
    if found.name == "hybrid":
        return policy("drl", cache.objective, model=file)
    raise PolicyError(
        f'policy "{found.name}" needs to see all requests, which no proxy of a shared store does',
        hint="choose lru, lfu, fifo, ttl, gdsf, hyperbolic, drl or a plug-in, or --store memory",
    )


def server_tls(proxy: ProxySection) -> ssl.SSLContext | None:
    """The context to listen with, None for plain HTTP. Raises SettingsError."""
    if not proxy.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(proxy.tls_cert, proxy.tls_key)
    except (OSError, ssl.SSLError) as error:
        problem = f"proxy.tls_cert, proxy.tls_key: cannot be loaded: {error}"
        raise SettingsError(
            [problem], hint="both must be PEM files that belong together"
        ) from error
    return context
