"""CONNECT: bytes relayed both ways, to listed ports (RFC 9110, 9.3.6)."""

from __future__ import annotations

import asyncio
from typing import cast

from scrubjay_proxy.answers import OriginError
from scrubjay_proxy.forwarding import ForwardOrigins, NotAllowed, address_of
from scrubjay_proxy.wire.body import HIGH_WATER
from scrubjay_proxy.wire.call import Call

_ESTABLISHED = b"HTTP/1.1 200 Connection Established\r\n\r\n"


class _FarSide(asyncio.Protocol):
    """The target's side of a tunnel."""

    def __init__(self, near: asyncio.Transport | None = None) -> None:
        self.near = near
        self.transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self.transport = cast(asyncio.Transport, transport)

    def attach(self, near: asyncio.Transport) -> None:
        """Join the client's side, with what the target said before."""
        self.near = near
        for data in self._early:
            near.write(data)
        self._early.clear()

    def data_received(self, data: bytes) -> None:
        if self.near is None:
            self._early.append(data)
            return
        self.near.write(data)
        _hold_back(self.transport, self.near)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.near is not None:
            self.near.close()
        if not self.closed.done():
            self.closed.set_result(None)


def _hold_back(source: asyncio.Transport | None, sink: asyncio.Transport) -> None:
    """Stop reading one side while the other is slow, looking again shortly."""
    if source is None or source.is_closing():
        return
    if sink.is_closing() or sink.get_write_buffer_size() <= HIGH_WATER:
        if not source.is_reading():
            source.resume_reading()
        return
    if source.is_reading():
        source.pause_reading()
    asyncio.get_running_loop().call_later(0.01, _hold_back, source, sink)


class Tunnels:
    """Opens tunnels for clients of forward mode."""

    def __init__(
        self, origins: ForwardOrigins, ports: frozenset[int], connect_timeout: float
    ) -> None:
        self._origins, self._ports, self._timeout = origins, ports, connect_timeout

    async def open(self, call: Call, authority: str) -> int:
        """Relay until one side ends; 200. Raises NotAllowed, OriginError."""
        where = address_of("https", authority)
        if where.port not in self._ports:
            listed = ", ".join(str(port) for port in sorted(self._ports))
            detail = f"CONNECT to port {where.port}: only {listed} (proxy.connect_ports)"
            raise NotAllowed(403, "Forbidden", detail)
        pinned = await self._origins.resolve(where)
        far = await self._connect(pinned, where.port)
        assert far.transport is not None
        target = far.transport
        call.keep_alive = False
        await call.begin(_ESTABLISHED, chunked=False)

        def receive(data: bytes) -> None:
            if not data:
                target.close()
                return
            target.write(data)
            _hold_back(near, target)

        near: asyncio.Transport | None = None
        near = call.take_over(receive)
        far.attach(near)
        await far.closed
        return 200

    async def _connect(self, host: str, port: int) -> _FarSide:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                _, far = await loop.create_connection(_FarSide, host, port)
        except TimeoutError as error:
            raise OriginError("timeout", f"{host}:{port} took too long to connect to") from error
        except OSError as error:
            raise OriginError("connect", f"{host}:{port} cannot be reached: {error}") from error
        return far
