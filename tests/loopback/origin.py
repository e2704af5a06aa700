"""An origin that answers by script, byte for byte, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

WHATEVER = "*"


def reply(
    body: bytes = b"",
    *fields: str,
    status: str = "200 OK",
    chunked: bool = False,
    length: int | None = None,
) -> bytes:
    """A whole answer: Content-Length (`length` where it is to be a lie), or one chunk."""
    lines = [f"HTTP/1.1 {status}", *fields]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    elif not status.startswith(("1", "204", "304")):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass
class Asked:
    """A request as it came; `lines` are its header lines as sent."""

    method: str
    target: str
    lines: list[tuple[str, str]]
    connection: int
    body: bytes = b""
    trailers: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.lines if key.lower() == name]

    def get(self, name: str) -> str | None:
        found = self.all(name)
        return ", ".join(found) if found else None


class Exchange:
    """One request, and the socket to answer it by."""

    def __init__(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.asked, self.reader, self.writer = asked, reader, writer
        self.body_read = False

    async def send(self, data: bytes) -> None:
        """Write, and wait while the proxy reads slowly."""
        self.writer.write(data)
        await self.writer.drain()

    async def read_body(self) -> bytes:
        """The request body; IncompleteReadError where it was cut."""
        self.body_read = True
        if self.asked.get("transfer-encoding"):
            while size := int((await self.reader.readline()).strip() or b"?", 16):
                self.asked.body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            while (line := await self.reader.readline()) != b"\r\n":
                self.asked.trailers += line
        else:
            length = int(self.asked.get("content-length") or 0)
            self.asked.body = await self.reader.readexactly(length)
        return self.asked.body

    async def gone(self) -> None:
        """Wait until the proxy closes the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with RST, as a crashed machine's kernel does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Exchange], Awaitable[None]]


@dataclass
class Gate:
    """An answer that waits until the test opens it."""

    answer: bytes
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.read_body()
        await self.opened.wait()
        await exchange.send(self.answer)

    def open(self) -> None:
        self.opened.set()


class ScriptedOrigin:
    """`origin.on("/path", first, then, …)`: the last answer is repeated.

    An answer is the bytes to send, or a coroutine function that gets the Exchange.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.open = 0
        self.port = 0
        self._tls = tls
        self._scripts: dict[str, list[bytes | Script]] = defaultdict(list)
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{'localhost' if self._tls else '127.0.0.1'}:{self.port}"

    def on(self, path: str, *answers: bytes | Script) -> None:
        """What is answered for a target; WHATEVER for all others."""
        self._scripts[path] = list(answers)

    def count(self, path: str) -> int:
        """How often a target was asked for."""
        return sum(asked.target == path for asked in self.asked)

    async def seen(self, count: int) -> Asked:
        """Wait until so many requests have come; the latest of them."""
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: len(self.asked) >= count)
        return self.asked[count - 1]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, ssl=self._tls, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Close the port and every connection."""
        self._server.close()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self.open += 1
        try:
            await self._serve(self.connections, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()

    async def _serve(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while not writer.is_closing():
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            lines = [
                (name, value.strip()) for name, _, value in (x.partition(":") for x in head[1:-2])
            ]
            exchange = Exchange(Asked(method, target, lines, number), reader, writer)
            async with self._changed:
                self.asked.append(exchange.asked)
                self._changed.notify_all()
            await self._answer(exchange)

    async def _answer(self, exchange: Exchange) -> None:
        script = self._scripts.get(exchange.asked.target) or self._scripts[WHATEVER]
        answer = script.pop(0) if len(script) > 1 else script[0] if script else _UNKNOWN
        if not isinstance(answer, bytes):
            await answer(exchange)
            return
        await exchange.read_body()
        head, _, body = answer.partition(b"\r\n\r\n")
        await exchange.send(head + b"\r\n\r\n" + (b"" if exchange.asked.method == "HEAD" else body))


_UNKNOWN = reply(b"no script for this", "Cache-Control: no-store", status="404 Not Found")
