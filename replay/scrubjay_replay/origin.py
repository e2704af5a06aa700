"""The trace origin: a server that has every object of a trace and keeps count of who asks."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Self

from aiohttp import web

from scrubjay_replay.content import Content, etag
from scrubjay_replay.errors import ReplayError

AT_ONCE = 1 << 16  # bytes; larger bodies are streamed
PROBE = "probe"


class TraceOrigin:
    """Answers `/<run>/<key>`; `async with` starts and stops it.

    `run` names one replay, so that nothing a proxy kept from another one can be a hit.
    """

    def __init__(
        self,
        content: Content,
        *,
        run: str,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.content = content
        self.run = run
        self.host = host
        self.port = port
        self.asked = [0] * len(content.catalog)  # requests that reached us, by key
        self.full = [0] * len(content.catalog)  # of these, answered with the whole body
        self.serving = [0] * len(content.catalog)  # requests being answered now, by key
        self.bytes_sent = 0  # bodies only
        self.port_is_chosen = port != 0
        self._clock = clock
        self._began = clock()
        self._wall = wall
        self._birthday = wall()
        self._runner = web.ServerRunner(
            web.Server(self._answer, access_log=None), shutdown_timeout=1.0
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ReplayError(
                f"the trace origin cannot listen on {self.host}:{self.port}: {error.strerror}",
                hint="Choose another --origin-listen; port 0 takes any free one.",
            ) from error
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def version(self, key: int) -> int:
        """The version that is current now."""
        return self.content.version(key, self._clock() - self._began)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        key = self._key(request.path)
        if key is None:
            return self._elsewhere(request)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        self.asked[key] += 1
        self.serving[key] += 1
        try:
            return await self._serve(request, key)
        finally:
            self.serving[key] -= 1

    async def _serve(self, request: web.BaseRequest, key: int) -> web.StreamResponse:
        if wait := self.content.catalog.waits[key]:
            await asyncio.sleep(wait)
        version = self.version(key)
        headers = self._headers(key, version)
        if unchanged(request, headers["ETag"], self.content.changed(key, version), self._birthday):
            return web.Response(status=304, headers=headers)
        headers["X-Checksum"] = f"crc32={self.content.checksum(key, version):08x}"
        if request.method == "GET":
            self.full[key] += 1
        return await self._send(request, key, version, headers)

    def _key(self, path: str) -> int | None:
        run, _, name = path.removeprefix("/").partition("/")
        if run != self.run or not name.isdecimal() or len(name) > 18:
            return None
        return int(name) if int(name) < len(self.content.catalog) else None

    def _elsewhere(self, request: web.BaseRequest) -> web.Response:
        headers = {"Cache-Control": "no-store"}
        if request.path == f"/{self.run}/{PROBE}":
            return web.Response(text=self.run, headers=headers)
        return web.Response(status=404, text="not in this trace\n", headers=headers)

    def _headers(self, key: int, version: int) -> dict[str, str]:
        changed = self._birthday + self.content.changed(key, version)
        headers = {
            "Content-Type": "application/octet-stream",
            "Date": formatdate(self._wall(), usegmt=True),
            "ETag": etag(key, version),
            "Last-Modified": formatdate(changed, usegmt=True),
        }
        if not math.isnan(ttl := self.content.catalog.ttls[key]):
            headers["Cache-Control"] = f"max-age={int(ttl)}"
        return headers

    async def _send(
        self, request: web.BaseRequest, key: int, version: int, headers: dict[str, str]
    ) -> web.StreamResponse:
        size = self.content.catalog.sizes[key]
        if size <= AT_ONCE or request.method == "HEAD":
            body = b"".join(self.content.body(key, version)) if request.method == "GET" else b""
            self.bytes_sent += len(body)
            if request.method == "HEAD":
                headers["Content-Length"] = str(size)
            return web.Response(body=body, headers=headers)
        response = web.StreamResponse(headers=headers)
        response.content_length = size
        await response.prepare(request)
        for piece in self.content.body(key, version):
            for start in range(0, len(piece), AT_ONCE):
                part = piece[start : start + AT_ONCE]
                await response.write(part)
                self.bytes_sent += len(part)
        return response


def unchanged(request: web.BaseRequest, tag: str, changed: float, birthday: float) -> bool:
    """Whether a conditional request is answered 304 (RFC 9110, 13.2.2)."""
    if (asked := request.headers.get("If-None-Match")) is not None:
        tags = [one.strip().removeprefix("W/") for one in asked.split(",")]
        return tag in tags or "*" in tags
    since = request.if_modified_since
    return since is not None and int(birthday + changed) <= int(since.timestamp())
