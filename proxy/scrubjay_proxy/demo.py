"""The demo's words and its visitors: seeded, gentle traffic through the proxy."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Protocol

import aiohttp

from scrubjay_proxy.demo_origin import ARTICLES, images_of
from scrubjay_proxy.settings import Settings

RATE = 20.0  # requests a second
AT_ONCE = 16
SKEW = 0.9  # Zipf's exponent of the articles' popularity
SEED = 1


class Served(Protocol):
    """A proxy that listens."""

    @property
    def port(self) -> int:
        """Of the clients' side."""

    @property
    def control_port(self) -> int:
        """Of the control API."""


def greeting(settings: Settings, proxy: Served, *, own_site: bool) -> str:
    base = f"http://{settings.proxy.listen.host}:{proxy.port}"
    control = f"http://{settings.control.listen.host}:{proxy.control_port}"
    page = "/articles/1" if own_site else "/"
    site = "a built-in site" if own_site else settings.proxy.origin
    json_body = "-H 'Content-Type: application/json' -d '{\"name\": \"lru\"}'"
    return "\n".join(
        (
            "",
            f"  Scrubjay caches {site} at {base}",
            "",
            "  Ask twice and watch Cache-Status go from miss to hit:",
            f"    curl -s -o /dev/null -D - '{base}{page}?mine'",
            "  Use it as a forward proxy for plain HTTP:",
            f"    http_proxy={base} curl -s -o /dev/null -D - http://example.com/",
            "  See what it does, change the policy, read the metrics:",
            f"    {control}/",
            f"    curl -s {control}/api/stats",
            f"    curl -s -X PUT {control}/api/policy {json_body}",
            "",
            "  Ctrl-C ends it.",
            "",
        )
    )


async def visit(port: int, *, rate: float = RATE, seed: int = SEED) -> None:
    """Ask the proxy for page after page until cancelled."""
    chance = random.Random(seed)  # noqa: S311  traffic, not secrets
    limit = asyncio.Semaphore(AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as visitors:
        for path, headers in wishes(chance):
            await asyncio.sleep(chance.expovariate(rate))
            await limit.acquire()
            wish = visitors.create_task(ask(session, f"http://127.0.0.1:{port}{path}", headers))
            wish.add_done_callback(lambda _: limit.release())


async def ask(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> None:
    # A visitor whose request fails comes back with the next one: the proxy counts the failure.
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.get(url, headers=headers) as response:
            await response.read()


def wishes(chance: random.Random) -> Iterator[tuple[str, dict[str, str]]]:
    """Endless visits: a page, what is on it, now and then a reload, a search, one's account."""
    weights = [1.0 / (rank + 1) ** SKEW for rank in range(ARTICLES)]
    while True:
        article = chance.choices(range(1, ARTICLES + 1), weights)[0]
        reload = {"Cache-Control": "no-cache"} if chance.random() < 0.03 else {}
        yield f"/articles/{article}", reload
        for image in images_of(article):
            yield f"/images/{image}.svg", {}
        yield chance.choice(("/", "/feed.xml", "/static/site.css", "/static/site.js")), {}
        yield from [("/api/latest", {})] * chance.randrange(2)
        if chance.random() < 0.1:
            yield f"/search?q={chance.randrange(50)}", {}
        if chance.random() < 0.05:
            yield "/account", {"Cookie": f"visitor={chance.randrange(100)}"}
