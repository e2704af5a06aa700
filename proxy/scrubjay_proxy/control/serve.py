"""Serves the control API in the running event loop; signals stay with the proxy."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Self

import uvicorn
from fastapi import FastAPI

from scrubjay_proxy.errors import PortTaken, ScrubjayError
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
    """`async with ControlServer(api, address) as control: control.port`."""

    def __init__(self, api: FastAPI, address: Address) -> None:
        self.address = address
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
        listener = open_listener(self.address, flag="--control")
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


def open_listener(address: Address, *, flag: str) -> socket.socket:
    """A bound TCP socket; a taken port is one clear error that names the flag to change."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except socket.gaierror as error:
        raise ScrubjayError(
            f"cannot listen on {address}: {error.strerror}", hint=f"give {flag} HOST:PORT"
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(1024)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(str(address), flag=flag) from error
        raise ScrubjayError(
            f"cannot listen on {address}: {error.strerror}", hint=f"give {flag} HOST:PORT"
        ) from error
    return listener
