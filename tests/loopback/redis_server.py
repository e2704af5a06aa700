"""A real redis-server of a test: on a free port of loopback or a socket in a directory."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import redis.asyncio

BINARY = shutil.which("redis-server") or "redis-server"
BOOTED = b"eady to accept connections"


def free_port() -> int:
    """One that nobody has; a Cluster's bus takes the one 10,000 above, so that is free as well."""
    while True:
        with socket.socket() as one, socket.socket() as bus:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                bus.bind(("127.0.0.1", port + 10_000))
                return port


class RedisServer:
    """May be stopped, killed and started again at the same place, empty."""

    def __init__(self, directory: Path, *options: str, port: int = 0) -> None:
        self.directory, self.port, self._options = directory, port, options
        self.path = str(directory / "redis.sock") if not port else ""
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """For the setting cache.store."""
        return f"unix://{self.path}" if self.path else f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Return when it accepts connections."""
        own = ["--unixsocket", self.path] if self.path else ["--bind", "127.0.0.1"]
        options = ["--port", str(self.port), "--dir", str(self.directory), "--save", "", *own]
        self._process = await asyncio.create_subprocess_exec(
            BINARY, *options, *self._options,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        lines = self._process.stdout
        assert lines is not None
        async with asyncio.timeout(20):
            said = []
            while BOOTED not in (line := await lines.readline()):
                assert line, b"".join(said).decode()
                said.append(line)
        self._log = asyncio.create_task(_read_away(lines))

    def freeze(self) -> None:
        """It keeps its connections and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    async def kill(self) -> None:
        """At once, as when the machine fails."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        if self._log is not None:
            await self._log
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[redis.asyncio.Redis]:
        """To look inside, beside what is tested."""
        client: Any = redis.asyncio.Redis.from_url(self.url)
        try:
            yield client
        finally:
            await client.aclose()


async def _read_away(lines: asyncio.StreamReader) -> None:
    async for _ in lines:
        pass


@contextlib.asynccontextmanager
async def redis_server(
    directory: Path, *options: str, port: int | None = 0
) -> AsyncIterator[RedisServer]:
    """One that runs: at a socket, or with `port=None` on a free port."""
    server = RedisServer(directory, *options, port=free_port() if port is None else port)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()
