"""A client that shows everything: interim heads, trailers, and whether the answer was cut."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class Reply:
    """An answer as it came; `cut` where the connection ended before the answer did."""

    status: int
    lines: list[tuple[str, str]]
    body: bytes = b""
    cut: bool = False
    interim: list[Reply] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        found = [value for key, value in self.lines if key.lower() == name]
        return ", ".join(found) if found else None

    @property
    def cache(self) -> str:
        """Cache-Status."""
        return self.get("cache-status") or ""

    @property
    def hit(self) -> bool:
        return "; hit" in self.cache


class Client:
    """One connection; `ask` sends and reads, `send` and `reply` do it apart."""

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self.port, self._tls = port, tls

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(
            "localhost" if self._tls else "127.0.0.1", self.port, ssl=self._tls, limit=65536
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.leave()

    def leave(self) -> None:
        self.writer.transport.abort()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(
        self,
        target: str,
        *lines: str,
        method: str = "GET",
        body: bytes | None = None,
        minor: int = 1,
    ) -> Reply:
        await self.send(request(target, *lines, method=method, body=body, minor=minor))
        return await self.reply(method)

    async def reply(self, method: str = "GET") -> Reply:
        """The next final answer, the interim ones before it inside."""
        async with asyncio.timeout(10):
            interim = []
            while (answer := await self.head()).status < 200:
                interim.append(answer)
            answer.interim = interim
            if method != "HEAD" and answer.status not in (204, 304):
                await self._body(answer)
            return answer

    async def head(self) -> Reply:
        """One head; its body is left unread."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = text.split("\r\n")[:-2]
        lines = [(name, value.strip()) for name, _, value in (x.partition(":") for x in rest)]
        return Reply(int(first.split(" ")[1]), lines)

    async def ended(self) -> bool:
        """Whether the server closes the connection without another byte."""
        async with asyncio.timeout(5):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True

    async def _body(self, answer: Reply) -> None:
        try:
            if answer.get("transfer-encoding") == "chunked":
                await self._chunks(answer)
            elif (length := answer.get("content-length")) is not None:
                answer.body = await self.reader.readexactly(int(length))
            else:
                while data := await self.reader.read(65536):
                    answer.body += data
        except asyncio.IncompleteReadError as error:
            answer.body += error.partial
            answer.cut = True
        except ConnectionError:
            answer.cut = True

    async def _chunks(self, answer: Reply) -> None:
        while size := int(await self._line(), 16):
            answer.body += await self.reader.readexactly(size)
            await self._line()
        while line := await self._line():
            name, _, value = line.decode("latin-1").partition(":")
            answer.trailers[name.lower()] = value.strip()

    async def _line(self) -> bytes:
        return (await self.reader.readuntil(b"\r\n"))[:-2]


def request(
    target: str, *lines: str, method: str = "GET", body: bytes | None = None, minor: int = 1
) -> bytes:
    """A request as bytes; Host and Content-Length are added where they are missing."""
    names = {line.partition(":")[0].lower() for line in lines}
    added = [] if "host" in names else ["Host: site.example"]
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        added.append(f"Content-Length: {len(body)}")
    first = f"{method} {target} HTTP/1.{minor}"
    return "\r\n".join([first, *added, *lines, "", ""]).encode("latin-1") + (body or b"")


async def fetch(port: int, target: str, *lines: str, **how: object) -> Reply:
    """One request on a connection of its own."""
    tls = how.pop("tls", None)
    async with Client(port, tls=tls) as client:  # type: ignore[arg-type]
        return await client.ask(target, *lines, **how)  # type: ignore[arg-type]
