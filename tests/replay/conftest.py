"""A tiny caching proxy to replay through, with faults on demand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Self

import aiohttp
import pytest
from aiohttp import web


class StubProxy:
    """Keeps every 200 until `room` objects are there, then forgets the oldest."""

    def __init__(self, origin: str = "", *, room: int = 1_000_000) -> None:
        self.origin = origin
        self.room = room
        self.says = True  # whether it sends Cache-Status
        self.corrupt = self.truncate = self.refuse = False
        self.kept: dict[str, tuple[dict[str, str], bytes]] = {}
        self.requests: list[str] = []
        self.hosts: set[str] = set()
        self._runner = web.ServerRunner(
            web.Server(self._answer, access_log=None), shutdown_timeout=0.1
        )
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._session = aiohttp.ClientSession(auto_decompress=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        target = str(request.url) if self.origin == "" else self.origin + request.path
        self.requests.append(target)
        self.hosts.add(request.headers["Host"])
        if self.refuse or (self.origin == "" and target.startswith(self.url)):
            return web.Response(status=503)
        said = "stub; hit"
        if target not in self.kept:
            said = "stub; fwd=miss"
            async with self._session.get(target) as answer:
                body = await answer.read()
                if answer.status != 200 or "no-store" in answer.headers.get("Cache-Control", ""):
                    return web.Response(status=answer.status, body=body)
                self._keep(target, {"ETag": answer.headers["ETag"]}, body)
        headers, body = self.kept[target]
        if self.says:
            headers = {**headers, "Cache-Status": said}
        if self.corrupt:
            body = body[:-1] + bytes([body[-1] ^ 1])
        return (
            await self._cut_short(request, body)
            if self.truncate
            else web.Response(body=body, headers=headers)
        )

    def _keep(self, target: str, headers: dict[str, str], body: bytes) -> None:
        self.kept[target] = headers, body
        while len(self.kept) > self.room:
            del self.kept[next(iter(self.kept))]

    async def _cut_short(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[:-1])
        request.transport.close()
        return response


@pytest.fixture
async def stub() -> AsyncIterator[StubProxy]:
    async with StubProxy() as proxy:
        yield proxy


@pytest.fixture
async def second() -> AsyncIterator[StubProxy]:
    async with StubProxy() as proxy:
        yield proxy


@pytest.fixture
def stub_beside() -> Iterator[StubProxy]:
    """The same in a thread of its own, for commands that run a loop themselves."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> StubProxy:
        return await StubProxy().__aenter__()

    proxy = asyncio.run_coroutine_threadsafe(start(), loop).result()
    yield proxy
    asyncio.run_coroutine_threadsafe(proxy.__aexit__(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
