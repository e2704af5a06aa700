"""The store of one process: what an object takes in memory, and who finds the same again."""

import gc
import tracemalloc
from dataclasses import replace

import pytest

from proxy.stored import NOW, put, response
from scrubjay_policies.engine import Engine
from scrubjay_policies.registry import policy
from scrubjay_proxy.store import shelf
from scrubjay_proxy.store.base import Reason, Selector
from scrubjay_proxy.store.memory import MemoryStore

FIELDS = (
    "Date: Tue, 25 Nov 2025 08:24:24 GMT",
    "Content-Type: text/html; charset=utf-8",
    "Content-Length: 1024",
    'ETag: "5f3e-1a2b3c4d5e6f"',
    "Cache-Control: public, max-age=3600",
)


def store_under(name):
    engine = Engine(policy(name), capacity=2**30, max_objects=10**6)
    return MemoryStore(engine, max_object=4000, max_variants=3, clock=lambda: NOW)


@pytest.fixture
def store():
    return store_under("lru")


def of_a_number(number, *fields):
    """A response whose numbers and strings are no other's."""
    one = response(f"/images/{number:010}", 1024, *FIELDS, *fields, host="www.example.com")
    return replace(one, expires=NOW + number)


@pytest.mark.parametrize("name", ["lru", "gdsf"])
async def test_an_object_takes_little_more_than_its_body(name):
    """The bound is 600 bytes, the row of the engine included."""
    store, count = store_under(name), 10_000
    gc.collect()
    tracemalloc.start()
    for number in range(count):
        one = of_a_number(number)
        async with store.write(one, 1024) as writer:
            await writer.add(bytes(1024))
            await writer.commit(one)
    del one, writer
    gc.collect()
    above = tracemalloc.get_traced_memory()[0] / count - 1024
    tracemalloc.stop()
    assert store.usage().objects == count
    assert above < 560


async def test_whoever_keeps_what_was_found_finds_the_same_again(store, monkeypatch):
    monkeypatch.setattr(shelf, "_STRONG", 4)
    store = store_under("lru")
    one = await put(store, of_a_number(1))
    kept = store.peek(one.key)
    for number in range(2, 20):
        await put(store, of_a_number(number))
    gc.collect()
    assert store.peek(one.key) is kept
    assert await store.find(one.key) is kept


async def test_and_what_nobody_keeps_is_let_go(monkeypatch):
    monkeypatch.setattr(shelf, "_STRONG", 4)
    store = store_under("lru")
    for number in range(20):
        await put(store, of_a_number(number))
    assert len(store._shelf._unpacked) == 4
    assert [one.key for one in store.peek(of_a_number(3).key)] == [of_a_number(3).key]


async def test_keys_of_one_hash_are_told_apart(store, monkeypatch):
    monkeypatch.setattr(shelf, "object_id", lambda *_: 7)
    first = await put(store, response("/a", 5, id=7), b"first")
    assert not await store.find("http://site.example/b")
    second = await put(store, response("/b", 6, id=7), b"second")
    assert (await store.find(first.key), store.body(first)) == ([], None)
    assert (await store.find(second.key), store.body(second)) == ([second], b"second")
    german = await put(store, response("/a", 6, chosen=(("x", "de"),)), b"german")
    assert (await store.find(first.key), store.body(german)) == ([german], b"german")
    assert await store.find(second.key) == [second]
    assert store.usage().objects == 2
    assert [*store.keys()] == [second.key, german.key]


async def test_the_response_without_vary_and_its_variants_are_found_in_order(store):
    plain = await put(store, response("/a"))
    english, german = [await put(store, response("/a", chosen=(("x", at),))) for at in "ed"]
    assert await store.find(plain.key) == [plain, english, german]
    await store.remove(english, Reason.PURGED)
    assert await store.find(plain.key) == [plain, german]
    await store.remove(german, Reason.PURGED)
    assert await store.find(plain.key) == [plain]
    german = await put(store, response("/a", chosen=(("x", "d"),)))
    await store.remove(plain, Reason.PURGED)
    assert await store.find(plain.key) == [german]
    plain = await put(store, response("/a"))
    assert await store.find(plain.key) == [german, plain]
    assert [*store.keys()] == [plain.key]
    both = Selector(keys=(plain.key,), tags=frozenset({"none"}))
    assert await store.purge(both, soft=False, reason=Reason.PURGED) == 2
    assert (store.usage().objects, [*store.keys()]) == (0, [])


async def test_the_one_asked_for_is_told_as_it_is_now(store):
    old = await put(store, response("/a", 5))
    await store.refresh(replace(old, expires=NOW + 90))
    told = []
    store.asked = lambda stored, size: told.append((stored.expires, size))
    store.used(old)
    store.used(response("/b"))
    assert told == [(NOW + 90, 5)]
