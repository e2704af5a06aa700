"""The demo's origin: a small magazine with pages that change, pictures, and things not to cache."""

from __future__ import annotations

import asyncio
import colorsys
import gzip
import hashlib
import random
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from aiohttp import web

ARTICLES = 300
IMAGES = 500
EDITION = 300  # seconds that a version of an article lasts
VOCABULARY = (
    "acorn autumn blue branch cache canyon chaparral clever coast crest dune feather flight forage "
    "garden harvest hidden hollow jay juniper ledge memory mesa morning nest oak pine remember "
    "ridge river sage scatter scrub seed shade sky slope soil spring stone store stream summer sun "
    "tail thicket trail valley wander west wind winter wing"
)
WORDS = VOCABULARY.split()


@dataclass(frozen=True, slots=True)
class Resource:
    """What the origin has to say to one path."""

    body: bytes
    kind: str
    cache_control: str
    latency: float  # seconds before the first byte
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200

    @property
    def etag(self) -> str:
        return f'"{hashlib.blake2b(self.body, digest_size=8).hexdigest()}"'


def images_of(article: int) -> tuple[int, ...]:
    """One to three pictures; neighbours share some."""
    return tuple((article * 5 + n) % IMAGES + 1 for n in range(1 + article % 3))


def find(path: str, now: float) -> Resource:
    """Pure: the same path at the same time is the same resource."""
    match path.strip("/").split("/"):
        case [""]:
            return page("The Jay", int(now / 10), "public, max-age=10", "front")
        case ["articles", name] if name.isdecimal() and 1 <= int(name) <= ARTICLES:
            edition = int((now + int(name) * 7) / EDITION)
            control = "public, max-age=60, stale-while-revalidate=30, stale-if-error=600"
            return page(f"Article {name}", edition, control, f"article article-{name}")
        case ["images", name] if (number := name.removesuffix(".svg")).isdecimal():
            return Resource(
                picture(int(number) % IMAGES),
                "image/svg+xml",
                "public, max-age=86400",
                0.02,
                {"Surrogate-Key": "image"},
            )
        case ["static", ("site.css" | "site.js") as name]:
            kind = "text/css" if name.endswith("css") else "text/javascript"
            control = "public, max-age=31536000, immutable"
            return Resource(f"/* {prose(name, 600)} */\n".encode(), kind, control, 0.01)
        case ["feed.xml"]:
            body = f"<rss version='2.0'><channel><title>{int(now / 30)}</title></channel></rss>"
            return Resource(body.encode(), "application/rss+xml", "max-age=15", 0.03)
        case ["api", "latest"]:
            control = "max-age=2, stale-while-revalidate=10"
            body = f'{{"article": {int(now / 2) % ARTICLES + 1}}}'
            return Resource(body.encode(), "application/json", control, 0.04)
        case ["search"]:
            return Resource(b"<p>Nothing found but jays.", "text/html", "no-store", 0.08)
        case ["account"]:
            greeting = {"Set-Cookie": "seen=1; Path=/account"}
            return Resource(b"<p>Hello!", "text/html", "private, max-age=60", 0.05, greeting)
        case _:
            return Resource(b"<h1>Not here</h1>", "text/html", "max-age=5", 0.02, status=404)


@lru_cache(maxsize=1024)
def page(title: str, edition: int, cache_control: str, tags: str) -> Resource:
    number = int("".join(filter(str.isdecimal, title)) or 0)
    pictures = "".join(f'<img src="/images/{one}.svg" width="320">' for one in images_of(number))
    links = "".join(
        f'<li><a href="/articles/{(number * 7 + n) % ARTICLES + 1}">{prose(str(n), 4)}</a>'
        for n in range(12)
    )
    body = (
        f"<!doctype html><meta charset=utf-8><title>{title}</title>"
        f'<link rel=stylesheet href="/static/site.css"><h1>{title}</h1><p>Edition {edition}'
        f"<p>{prose(title, 400)}{pictures}<ul>{links}</ul>"
    )
    headers = {"Surrogate-Key": tags}
    return Resource(body.encode(), "text/html; charset=utf-8", cache_control, 0.06, headers)


@lru_cache(maxsize=64)
def prose(seed: str, words: int) -> str:
    chance = random.Random(seed)  # noqa: S311  words, not secrets
    return " ".join(chance.choices(WORDS, k=words))


@lru_cache(maxsize=IMAGES)
def picture(number: int) -> bytes:
    """Feathers as circles: from a few hundred bytes to some hundred kilobytes, heavy-tailed."""
    chance = random.Random(number)  # noqa: S311
    count = min(4000, int(20 * chance.paretovariate(0.9)))
    shapes = []
    for _ in range(count):
        hue = chance.gauss(0.6, 0.05) % 1.0
        red, green, blue = (int(255 * part) for part in colorsys.hls_to_rgb(hue, 0.6, 0.6))
        x, y, radius = chance.randrange(640), chance.randrange(400), 4 + chance.expovariate(0.05)
        shapes.append(
            f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="rgb({red},{green},{blue})"'
            ' fill-opacity=".4"/>'
        )
    joined = "".join(shapes)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400">{joined}</svg>'.encode()


@lru_cache(maxsize=1024)
def compressed(body: bytes) -> bytes:
    return gzip.compress(body, 5, mtime=0)


class DemoOrigin:
    """`async with DemoOrigin() as origin: origin.url`."""

    def __init__(self) -> None:
        self.runner = web.ServerRunner(web.Server(self.answer, access_log=None), shutdown_timeout=1)
        self.port = 0
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.port = self.runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.runner.cleanup()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked += 1
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        resource = find(request.path, time.time())
        await asyncio.sleep(resource.latency)
        return respond(resource, request.headers.get("If-None-Match", ""), accepts_gzip(request))


def accepts_gzip(request: web.BaseRequest) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")


def respond(resource: Resource, known: str, gzipped: bool) -> web.Response:
    """The whole resource, or 304 to who has it (RFC 9110, section 13.1.2)."""
    squeeze = gzipped and len(resource.body) > 1024
    body = compressed(resource.body) if squeeze else resource.body
    etag = f'{resource.etag[:-1]}-gz"' if squeeze else resource.etag
    headers = resource.headers | {
        "Cache-Control": resource.cache_control,
        "ETag": etag,
        "Vary": "Accept-Encoding",
    }
    if known in (etag, "*") and resource.status == 200:
        return web.Response(status=304, headers=headers)
    if squeeze:
        headers["Content-Encoding"] = "gzip"
    headers["Content-Type"] = resource.kind
    return web.Response(status=resource.status, body=body, headers=headers)
