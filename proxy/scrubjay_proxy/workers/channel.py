"""Messages over a socket pair between a parent and one worker; both sides tell and ask."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Awaitable, Callable
from typing import Self

import msgspec

from scrubjay_proxy.workers.messages import Frame, Message

LONGEST = 2**26  # bytes of a message: counts of thousands of routes

Heard = Callable[[Message], Awaitable[Message | None]]

encoder = msgspec.json.Encoder()
decoder = msgspec.json.Decoder(Frame)


class Gone(ConnectionError):
    """The other side has ended."""


class Channel:
    """One end; `heard` is called with each message and gives the answer to a question."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard
    ) -> None:
        self._reader, self._writer, self._heard = reader, writer, heard
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Message]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self.ended = asyncio.create_task(self._listen())

    @classmethod
    async def over(cls, end: socket.socket, heard: Heard) -> Self:
        """Take over one end of a pair."""
        end.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=LONGEST)
        return cls(reader, writer, heard)

    def tell(self, message: Message) -> None:
        """Send what needs no answer; nothing happens where the other side is gone."""
        self._send(Frame(0, False, message))

    async def ask(self, message: Message, patience: float) -> Message:
        """Send a question; raises Gone, and TimeoutError after `patience` seconds."""
        if self.ended.done():
            raise Gone
        number = next(self._numbers)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._send(Frame(number, False, message))
        try:
            async with asyncio.timeout(patience):
                return await answer
        finally:
            self._asked.pop(number, None)

    async def close(self) -> None:
        """Send what is left, and hang up."""
        with contextlib.suppress(OSError):
            await self._writer.drain()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        await asyncio.wait({self.ended})

    def _send(self, frame: Frame) -> None:
        if not self._writer.is_closing():
            self._writer.write(encoder.encode(frame) + b"\n")

    async def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while line := await self._reader.readline():
                frame = decoder.decode(line)
                if frame.answers:
                    waiting = self._asked.get(frame.number)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(frame.message)
                    continue
                # In tasks of their own: an answer may need a question to the other side.
                task = asyncio.create_task(self._answer(frame))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
        if self._answering:
            await asyncio.wait(self._answering)
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(Gone())

    async def _answer(self, frame: Frame) -> None:
        answer = await self._heard(frame.message)
        if frame.number and answer is not None:
            self._send(Frame(frame.number, True, answer))
