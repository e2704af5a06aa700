"""Questions to an origin, and what comes of them."""

from scrubjay_proxy.answers import Ask
from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.body import Body
from scrubjay_proxy.wire.framing import Framing


def ask(target="/", method="GET", body=None, interim=None):
    lines = [("Host", "site.example")]
    if body is not None and body.length is Framing.CHUNKED:
        lines.append(("Transfer-Encoding", "chunked"))
    elif body is not None:
        lines.append(("Content-Length", str(body.length)))
    return Ask(method, target, Headers(lines), body, interim or (lambda _: None))


def upload(length):
    """A request body to feed by hand."""
    return Body(length, lambda: None, lambda: None)


async def whole(answer):
    data = b""
    while piece := await answer.read():
        data += piece
    return data


def then(action, data):
    """An answer that sends something and then does something to the connection."""

    async def script(exchange):
        await exchange.read_body()
        await exchange.send(data)
        getattr(exchange, action)()

    return script


def raw(data):
    return then("close", data)
