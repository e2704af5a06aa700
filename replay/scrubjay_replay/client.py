"""A lean HTTP/1.1 client: GETs over kept connections, bodies checked and thrown away.

It exists because the load must cost less than what it measures: one request takes a fraction of
a general client's time, and a body never stands in memory as a whole.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from scrubjay_replay.errors import UseError

PIECE = 1 << 18  # bytes read at a time
START = 64  # bytes of a body that are kept
PORTS = {"http": 80, "https": 443}


class BrokenAnswer(Exception):
    """The connection gave no whole and well-formed answer."""


@dataclass(slots=True)
class Answer:
    """What came back, the body as length and CRC-32 only."""

    status: int
    headers: dict[str, str]  # lower-case names, repeated ones joined by a comma
    length: int = 0
    checksum: int = 0
    start: bytes = b""  # the first bytes of the body, for the probe


@dataclass(frozen=True, slots=True)
class Address:
    """Where a proxy listens."""

    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """The address in a URL such as http://127.0.0.1:8080."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or PORTS.get(parts.scheme)
        except ValueError:
            host = port = None
        if host is None or port is None or parts.scheme not in PORTS:
            raise UseError(
                f"{url!r} is not the address of a proxy",
                hint="Write it like http://127.0.0.1:8080.",
            )
        return cls(host, port, parts.scheme == "https")

    @classmethod
    def all_of(cls, urls: str) -> list[Self]:
        """The addresses in such URLs with commas between them."""
        return [cls.of(url.strip()) for url in urls.split(",")]

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Connection:
    """One TCP connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.used = False  # it has given an answer before
        self.answering = False  # the head of the present answer has come
        self.open = True

    @property
    def usable(self) -> bool:
        """Whether another request may be tried on it."""
        return self.open and not self._reader.at_eof() and not self._writer.is_closing()

    def close(self) -> None:
        self.open = False
        self._writer.close()

    async def ask(self, request: bytes) -> Answer:
        """Send one request and read its answer to the end."""
        self.answering = False
        self._writer.write(request)
        answer = read_head(await self._reader.readuntil(b"\r\n\r\n"))
        self.answering = True
        while 100 <= answer.status < 200:
            answer = read_head(await self._reader.readuntil(b"\r\n\r\n"))
        await self._body(answer)
        self.used = True
        if "close" in answer.headers.get("connection", "").lower():
            self.close()
        return answer

    async def _body(self, answer: Answer) -> None:
        if answer.status in (204, 304):
            return
        if "chunked" in answer.headers.get("transfer-encoding", "").lower():
            await self._chunks(answer)
        elif (length := answer.headers.get("content-length")) is None:
            await self._until_closed(answer)
        elif length.isdecimal():
            await self._take(answer, int(length))
        else:
            raise BrokenAnswer(f"Content-Length is {length!r}")

    async def _take(self, answer: Answer, left: int) -> None:
        while left:
            piece = await self._reader.read(min(left, PIECE))
            if not piece:
                raise BrokenAnswer(f"the connection closed {left} bytes before the end")
            left -= len(piece)
            _add(answer, piece)

    async def _chunks(self, answer: Answer) -> None:
        while True:
            line = (await self._reader.readuntil(b"\r\n")).partition(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError as error:
                raise BrokenAnswer(f"chunk size is {line[:20]!r}") from error
            if size == 0:
                break
            await self._take(answer, size)
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass  # trailers say nothing that is measured

    async def _until_closed(self, answer: Answer) -> None:
        self.open = False
        while piece := await self._reader.read(PIECE):
            _add(answer, piece)


class Client:
    """Kept connections to one address; as many as there are requests at once."""

    def __init__(self, address: Address, *, timeout: float = 60.0) -> None:
        self.address = address
        self._timeout = timeout  # seconds for one whole exchange
        self._idle: list[Connection] = []
        self._tls = ssl.create_default_context() if address.tls else None

    async def get(self, target: str, host: str) -> Answer:
        """GET a target; OSError, TimeoutError or BrokenAnswer when there is no answer."""
        request = (
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\n"
            "User-Agent: scrubjay-replay\r\nAccept: */*\r\n\r\n"
        ).encode("ascii")
        async with asyncio.timeout(self._timeout):
            return await self._exchange(request)

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop().close()

    async def _exchange(self, request: bytes) -> Answer:
        while True:
            connection = await self._connection()
            try:
                answer = await connection.ask(request)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                connection.close()
                silent = not connection.answering and not getattr(error, "partial", b"")
                if connection.used and silent:
                    continue  # the peer closed a kept connection just as we wrote: ask anew
                raise BrokenAnswer(f"the connection closed early ({error})") from error
            except asyncio.LimitOverrunError as error:
                connection.close()
                raise BrokenAnswer("the head of the answer has no end") from error
            except BaseException:
                connection.close()
                raise
            if connection.usable:
                self._idle.append(connection)
            else:
                connection.close()
            return answer

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
        at = self.address
        return Connection(
            *await asyncio.open_connection(at.host, at.port, ssl=self._tls, limit=PIECE)
        )


def read_head(head: bytes) -> Answer:
    """Status and headers of an answer; BrokenAnswer when that is not what came."""
    status, *lines = head[:-4].decode("latin-1").split("\r\n")
    words = status.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdecimal():
        raise BrokenAnswer(f"not an HTTP/1 answer: {status[:40]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Answer(int(words[1]), headers)


def _add(answer: Answer, piece: bytes) -> None:
    if len(answer.start) < START:
        answer.start += piece[: START - len(answer.start)]
    answer.length += len(piece)
    answer.checksum = zlib.crc32(piece, answer.checksum)
