"""Serves the control API in the running event loop; signals stay with the proxy."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Self

import uvicorn
from fastapi import FastAPI

from scrubjay_proxy.listening import open_listener
from scrubjay_proxy.quantities import Address

GRACE = 2  # seconds for answers under way when it is stopped


class QuietServer(uvicorn.Server):
    """uvicorn without its signal handlers, telling when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class ControlServer:
    """`async with ControlServer(api, address) as control: control.port`; also at a socket that
    listens already."""

    def __init__(self, api: FastAPI, where: Address | socket.socket) -> None:
        self.where = where
        self.port = 0
        self.server = QuietServer(
            uvicorn.Config(
                api,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        where = self.where
        listener = open_listener(where, flag="--control") if isinstance(where, Address) else where
        self.port = listener.getsockname()[1]
        self.task = asyncio.create_task(self.server.serve([listener]), name="control")
        up = asyncio.create_task(self.server.up.wait())
        await asyncio.wait({self.task, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if self.task.done():
            await self.task
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.server.should_exit = True
        if self.task is not None:
            await self.task
