"""A server around one handler, to send raw requests to."""

import asyncio
from contextlib import asynccontextmanager

from loopback.waiting import until
from scrubjay_proxy.http.messages import Head, Headers
from scrubjay_proxy.outgoing import refusal
from scrubjay_proxy.wire.heads import render_response
from scrubjay_proxy.wire.pace import Limits
from scrubjay_proxy.wire.server import ClientConnection


class Served:
    """A server around one handler; `known` are its connections."""

    def __init__(self, handler, limits, quick=None):
        self.known, self.calls = set(), []

        async def remembered(call):
            self.calls.append(call)
            await handler(call)

        self._new = lambda: ClientConnection(
            remembered, lambda bad: refusal(bad, 0.0), limits, self.known, quick
        )

    async def start(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._new, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        for connection in [*self.known]:
            connection.abort()
        await until(lambda: not self.known)


@asynccontextmanager
async def serving(handler, quick=None, **limits):
    served = Served(handler, Limits(**limits), quick)
    await served.start()
    try:
        yield served
    finally:
        await served.stop()


async def answer(call, body=b"", **fields):
    lines = [(name.replace("_", "-"), value) for name, value in fields.items()]
    headers = Headers([*lines, ("Content-Length", str(len(body)))])
    await call.begin_with(render_response(Head(200, "OK", headers)), body)


async def echo(call):
    """Answers with the request's target and body."""
    call.continue_if_expected()
    body = b"".join([piece async for piece in call.body])
    await answer(call, call.head.target.encode() + body)


async def ignore(call):
    """Answers without a look at the body."""
    await answer(call, b"done")
