"""How requests get through the proxy to the trace origin."""

from __future__ import annotations

from typing import NamedTuple

from scrubjay_replay.client import Address, BrokenAnswer, Client
from scrubjay_replay.errors import NoWay
from scrubjay_replay.origin import PROBE, TraceOrigin

EXAMPLE_ORIGIN = "127.0.0.1:8090"


class Way(NamedTuple):
    """What stands before the key in a request's target, and its Host."""

    name: str
    prefix: str
    host: str


def reverse(proxy: Address, origin: TraceOrigin) -> Way:
    """The proxy stands for the origin: plain paths."""
    return Way("reverse", f"/{origin.run}/", str(proxy))


def forward(origin: TraceOrigin) -> Way:
    """The proxy is told the whole URL (RFC 9112, 3.2.2: absolute-form)."""
    host = origin.url.removeprefix("http://")
    return Way("forward", f"{origin.url}/{origin.run}/", host)


async def find_way(client: Client, origin: TraceOrigin, *, known_as: Address | None = None) -> Way:
    """The first way on which only the trace origin can have answered; NoWay says what to start.

    Several proxies are asked for one site, which is `known_as` the address of one of them.
    """
    proxy, seen = client.address, []
    for way in (reverse(known_as or proxy, origin), forward(origin)):
        try:
            answer = await client.get(way.prefix + PROBE, way.host)
        except (BrokenAnswer, TimeoutError) as error:
            seen.append(f"{way.name}: {str(error) or 'no answer in time'}")
            continue
        except OSError as error:
            raise NoWay(
                f"no proxy answers at {proxy}: {error}", hint=_hint(proxy, origin)
            ) from error
        if answer.status == 200 and answer.start == origin.run.encode():
            return way
        seen.append(f"{way.name}: status {answer.status}, not from the trace origin")
    raise NoWay(
        f"the proxy at {proxy} does not lead to the trace origin at {origin.url} "
        f"({'; '.join(seen)})",
        hint=_hint(proxy, origin),
    )


def _hint(proxy: Address, origin: TraceOrigin) -> str:
    where = origin.url.removeprefix("http://") if origin.port_is_chosen else EXAMPLE_ORIGIN
    also = "" if origin.port_is_chosen else f" and add --origin-listen {where} here"
    return (
        f"Start it with: scrubjay serve --origin http://{where} --listen {proxy}{also}; "
        "or let a proxy with --forward reach this machine: SCRUBJAY_PROXY__FORWARD_PRIVATE=true."
    )
