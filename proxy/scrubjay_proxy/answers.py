"""What is asked of an origin, and what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scrubjay_proxy.http.messages import Exchange, Head, Headers
from scrubjay_proxy.wire.body import Body, BodyCut
from scrubjay_proxy.wire.client import Garbled, OriginConnection, Silent


class OriginError(Exception):
    """The origin gave no usable answer; `kind` is the metric label."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind

    @property
    def status(self) -> int:
        """What a client is told (RFC 9110, 15.6)."""
        return {"timeout": 504, "busy": 503}.get(self.kind, 502)


class Lender(Protocol):
    """Where a connection was borrowed from."""

    def observed(self, times: Exchange, received: int) -> None:
        """An answer ended, after so many body bytes."""

    def give_back(self, connection: OriginConnection, *, reuse: bool) -> None:
        """Take a connection back, or close it."""


@dataclass(slots=True)
class Ask:
    """A request as it goes to the origin."""

    method: str
    target: str
    headers: Headers
    body: Body | None = None
    interim: Callable[[Head], None] = lambda _: None


@dataclass(slots=True)
class Asked:
    """A request that was sent, and the head that is coming."""

    ask: Ask
    connection: OriginConnection
    requested: float
    coming: asyncio.Future[Head]

    @property
    def is_whole(self) -> bool:
        """Whether a whole answer has come, of a length that its head tells."""
        coming = self.coming
        if coming.cancelled() or coming.exception() is not None:
            return False
        body = self.connection.body
        return body.ended and isinstance(body.length, int)


class Answer:
    """The origin's head, and its body as it comes; must be finished or discarded."""

    def __init__(
        self, head: Head, times: Exchange, connection: OriginConnection, origin: Lender
    ) -> None:
        self.head, self.times = head, times
        self._connection, self._origin = connection, origin
        self.body = connection.body
        self._upload: asyncio.Task[None] | None = None
        self._returned = False

    def uploading(self, task: asyncio.Task[None] | None) -> None:
        """The request body may still be on its way when the answer begins."""
        self._upload = task

    def whole(self) -> bytes | None:
        """The body where all of it has come with the head; the connection is given back then.
        None where some of it is still to come."""
        data = self.body.take_all()
        if data is not None:
            self.finish()
        return data

    async def read(self) -> bytes:
        """The next bytes of the body, b"" at its end. Raises OriginError."""
        try:
            data = await self.body.read()
        except (BodyCut, Garbled, Silent, OSError) as error:
            self.discard()
            raise as_origin_error(error) from error
        if not data:
            self.finish()
        return data

    def finish(self) -> None:
        """Give the connection back where it is clean."""
        if self.body.ended and (self._upload is None or self._upload.done()):
            self._give_back(reuse=self._connection.reusable)
        else:
            self.discard()

    def discard(self) -> None:
        """Close the connection: the rest is not wanted."""
        if self._upload is not None:
            self._upload.cancel()
        self._give_back(reuse=False)

    def _give_back(self, *, reuse: bool) -> None:
        if not self._returned:
            self._returned = True
            self._origin.observed(self.times, self.body.received)
            self._origin.give_back(self._connection, reuse=reuse)


def as_origin_error(error: Exception) -> OriginError:
    if isinstance(error, Silent | TimeoutError):
        return OriginError("timeout", str(error) or "the origin did not answer in time")
    if isinstance(error, Garbled):
        return OriginError("protocol", str(error))
    return OriginError("reset", str(error) or type(error).__name__)
