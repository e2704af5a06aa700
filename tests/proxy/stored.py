"""Responses to store, and what becomes of them."""

from dataclasses import replace

from scrubjay_proxy.http.messages import Exchange, Head, Headers, Stored
from scrubjay_proxy.store.base import object_id
from scrubjay_proxy.store.redis import RedisStore

NOW = 1000.0
CAPACITY = 10_000


def response(path="/a", length=5, *fields, chosen=(), host="site.example", **known):
    key = f"http://{host}{path}"
    head = Head(200, "OK", Headers(tuple(field.split(": ", 1)) for field in fields))
    stored = Stored(
        object_id(key, chosen),
        key,
        head,
        Exchange(NOW, NOW + 0.1),
        chosen,
        length,
        ((0, length),),
        expires=NOW + 60,
    )
    return replace(stored, **known)


async def put(store, stored, body=None):
    """Write a response; the one that `find` then gives."""
    body = bytes(stored.length) if body is None else body
    async with store.write(stored, len(body), stored.parts[0][0]) as writer:
        await writer.add(body[:2])
        await writer.add(body[2:])
        assert await writer.commit(stored), writer.why
    found = [one for one in await store.find(stored.key) if one.id == stored.id]
    return found[0]


async def settled(store):
    """After what it writes behind the requests' back was written."""
    if isinstance(store, RedisStore):
        await store.beats.beat()


async def body(store, stored, span=None):
    first, beyond = span or (0, stored.length)
    return b"".join([piece async for piece in store.read(stored, (first, beyond))])
