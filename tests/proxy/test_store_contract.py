"""What every store must do, whatever it keeps responses in."""

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from loopback.redis_server import redis_server
from loopback.waiting import until
from proxy.redis_homes import shared
from proxy.stored import CAPACITY, NOW, body, put, response, settled
from scrubjay_policies.engine import Engine
from scrubjay_policies.registry import policy
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.store.base import Reason, Selector, Vanished
from scrubjay_proxy.store.memory import MemoryStore


@asynccontextmanager
async def memory(removed, _):
    """The store of one process."""
    engine = Engine(policy("lru"), capacity=CAPACITY, max_objects=50)
    yield MemoryStore(engine, max_object=4000, max_variants=3, clock=lambda: NOW, removed=removed)


@asynccontextmanager
async def redis(removed, directory):
    """The store that proxies share."""
    async with redis_server(directory) as server, shared(server.url, removed=removed) as one:
        yield one


@asynccontextmanager
async def hot(removed, directory):
    """The same with what was read lately at hand."""
    how = {"removed": removed, "hot": 2**20}
    async with redis_server(directory) as server, shared(server.url, **how) as one:
        await until(lambda: one._hot.bears(1))
        yield one


@pytest.fixture(params=[memory, redis, hot])
async def store(request, removals, tmp_path):
    """Each home of responses in turn: 10,000 bytes, objects of at most 4,000, 3 variants."""
    async with request.param(lambda *what: removals.append(what), tmp_path) as one:
        yield one


@pytest.fixture
def removals():
    """(reason, objects, bytes) of every removal the store told of."""
    return []


async def test_a_body_at_hand_is_the_whole_one_of_that_generation(store):
    stored = await put(store, response("/a", 5), b"hello")
    assert store.body(stored) in (b"hello", None)
    assert store.body(replace(stored, generation=stored.generation + 1)) is None
    assert store.body(await put(store, response("/b", 9, parts=((0, 5),)), b"hello")) is None


async def test_what_is_at_hand_is_another_sequence_after_each_change(store):
    stored, seen = await put(store, response("/a", 5)), []
    everything = Selector(prefixes=("http://site.example/a",))
    for change in (
        lambda: store.refresh(replace(stored, expires=NOW + 90)),
        lambda: put(store, response("/a", 6)),
        lambda: put(store, response("/a", 5, chosen=(("x", "1"),))),
        lambda: store.purge(everything, soft=True, reason=Reason.PURGED),
        lambda: store.purge(everything, soft=False, reason=Reason.PURGED),
    ):
        seen.append(store.peek(stored.key))
        await change()
        now = store.peek(stored.key)
        assert now is None or [*now] == await store.find(stored.key)
        assert now is None or all(now is not before for before in seen)


async def test_what_is_written_is_found_and_read(store):
    put_in = response("/a", 5, "ETag: x")
    found = await put(store, put_in, b"hello")
    assert replace(found, generation=0) == put_in
    assert await body(store, found) == b"hello"
    assert await body(store, found, (1, 4)) == b"ell"
    assert (store.usage().bytes, store.usage().objects) == (5, 1)


async def test_an_empty_body_is_a_body(store):
    assert await body(store, await put(store, response(length=0))) == b""


async def test_nothing_is_visible_before_the_commit_or_without_one(store):
    stored = response()
    async with store.write(stored, 5) as writer:
        await writer.add(b"hello")
        assert not await store.find(stored.key)
        assert store.usage().filling == 5
    assert not await store.find(stored.key)
    assert store.usage().filling == store.usage().bytes == 0


async def test_a_writer_that_is_broken_off_leaves_what_was_there(store):
    old = await put(store, response(), b"hello")
    async with AsyncExitStack() as stack:
        stack.push(lambda *_: True)
        writer = await stack.enter_async_context(store.write(response(), 5))
        await writer.add(b"he")
        raise ConnectionError
    (found,) = await store.find(old.key)
    assert await body(store, found) == b"hello"


async def test_a_later_response_replaces_the_earlier_at_once(store):
    old = await put(store, response(), b"hello")
    new = await put(store, response(), b"newer")
    assert await store.find(old.key) == [new]
    assert await body(store, new) == b"newer"
    with pytest.raises(Vanished):
        await body(store, old)
    assert (store.usage().bytes, store.usage().objects) == (5, 1)


async def test_a_reader_that_has_begun_reads_to_the_end(store):
    stored = await put(store, response(length=4000), b"x" * 4000)
    reading = store.read(stored, (0, 4000))
    first = await anext(reading)
    await store.remove(stored, Reason.PURGED)
    rest = b"".join([piece async for piece in reading])
    assert first + rest == b"x" * 4000


async def test_what_was_removed_has_vanished(store, removals):
    stored = await put(store, response(), b"hello")
    assert await store.remove(stored, Reason.REPLACED) == 5
    assert await store.remove(stored, Reason.REPLACED) == 0
    assert not await store.find(stored.key)
    with pytest.raises(Vanished):
        await body(store, stored)
    assert removals == [(Reason.REPLACED, 1, 5)]


async def test_an_older_generation_is_neither_removed_nor_renewed(store):
    old = await put(store, response(), b"hello")
    new = await put(store, response(), b"world")
    assert await store.remove(old, Reason.PURGED) == 0
    await store.refresh(replace(old, expires=NOW + 999))
    assert await store.find(new.key) == [new]


async def test_what_is_known_of_a_response_may_change_its_body_stays(store):
    stored = await put(store, response(), b"hello")
    await store.refresh(replace(stored, expires=NOW + 500))
    (found,) = await store.find(stored.key)
    assert (found.expires, await body(store, found)) == (NOW + 500, b"hello")


async def test_variants_live_side_by_side_up_to_their_limit(store):
    for name in ("en", "de", "fr", "it"):
        await put(store, response("/a", 5, "Vary: X", chosen=(("x", name),)))
    found = await store.find("http://site.example/a")
    assert [one.selecting[0][1] for one in found] == ["de", "fr", "it"]


async def test_parts_of_one_representation_are_joined(store):
    def part(first, beyond, tag='"v1"'):
        return response("/a", 10, f"ETag: {tag}", parts=((first, beyond),))

    held = await put(store, part(0, 4), b"0123")
    assert not held.complete
    assert await body(store, held, (1, 3)) == b"12"
    with pytest.raises(Vanished):
        await body(store, held, (2, 6))
    assert (await put(store, part(6, 10), b"6789")).parts == ((0, 4), (6, 10))
    whole = await put(store, part(3, 7), b"3456")
    assert (whole.complete, await body(store, whole)) == (True, b"0123456789")
    other = await put(store, part(0, 4, '"v2"'), b"abcd")
    assert other.parts == ((0, 4),)


async def test_room_is_made_by_the_policy(store, removals):
    for number in range(6):
        await put(store, response(f"/{number}", 2000))
        store.seen()
    usage = store.usage()
    assert (usage.bytes, usage.objects, usage.capacity) == (10_000, 5, CAPACITY)
    assert not await store.find("http://site.example/0")
    assert removals == [(Reason.EVICTED, 1, 2000)]


async def test_what_was_used_lately_stays(store):
    held = [await put(store, response(f"/{number}", 2000)) for number in range(5)]
    store.seen()
    store.used(held[0])
    await settled(store)
    await put(store, response("/new", 2000))
    assert await store.find(held[0].key)
    # Who of the others goes is nobody's word.
    assert [bool(await store.find(one.key)) for one in held[1:]].count(False) == 1


async def test_the_number_of_objects_is_bounded(store):
    for number in range(60):
        await put(store, response(f"/{number}", 1))
    assert store.usage().objects == 50


async def test_an_expired_victim_is_told_as_such(store, removals):
    await put(store, response("/old", 2000, expires=NOW - 1))
    store.seen()
    for number in range(5):
        await put(store, response(f"/{number}", 2000))
    assert removals == [(Reason.EXPIRED, 1, 2000)]


@pytest.mark.parametrize("told", [True, False])
async def test_what_is_too_large_is_refused_whether_its_length_is_told_or_not(store, told):
    async with store.write(response(length=4001), 4001 if told else None) as writer:
        assert (writer.why is Why.TOO_LARGE) is told
        await writer.add(bytes(4001))
        assert writer.why is Why.TOO_LARGE
        assert store.usage().filling == 0
        assert not await writer.commit(response(length=4001))
    assert store.usage().objects == 0


async def test_too_much_on_its_way_in_is_refused(store):
    async with AsyncExitStack() as stack:
        for number in range(10_000):
            writing = store.write(response(f"/{number}", 4000), 4000)
            writer = await stack.enter_async_context(writing)
            await writer.add(bytes(4000))
            if writer.why is not None:
                break
        assert writer.why is Why.NO_ROOM
        assert CAPACITY <= store.usage().filling <= 16 * 2**20
    assert store.usage().filling == 0


PURGES = {
    "key": (Selector(keys=("http://site.example/shop/1",)), {"/shop/1"}),
    "path": (Selector(paths=("/shop/1",)), {"/shop/1", "other/shop/1"}),
    "prefix": (Selector(prefixes=("http://site.example/shop/",)), {"/shop/1", "/shop/2"}),
    "tag": (Selector(tags=frozenset({"red"})), {"/shop/2", "/news"}),
    "group": (Selector(groups=frozenset({("http://site.example", "g")})), {"/news"}),
    "nothing": (Selector(keys=("http://site.example/none",)), set()),
}


async def purgeable(store):
    """Paths by key, of everything stored."""
    held = {
        "/shop/1": response("/shop/1"),
        "/shop/2": response("/shop/2", 5, "Surrogate-Key: blue red"),
        "/news": response("/news", 5, "Cache-Tag: red,x", 'Cache-Groups: "g"'),
        "other/shop/1": response("/shop/1", 5, 'Cache-Groups: "g"', host="other.example"),
    }
    for stored in held.values():
        await put(store, stored)
    return {name: stored.key for name, stored in held.items()}


@pytest.mark.parametrize(("selector", "chosen"), PURGES.values(), ids=PURGES)
async def test_a_purge_removes_what_it_names_and_nothing_else(store, removals, selector, chosen):
    held = await purgeable(store)
    assert await store.purge(selector, soft=False, reason=Reason.PURGED) == len(chosen)
    assert {name for name, key in held.items() if not await store.find(key)} == chosen
    assert removals == [(Reason.PURGED, 1, 5)] * len(chosen)


@pytest.mark.parametrize(("selector", "chosen"), PURGES.values(), ids=PURGES)
async def test_a_soft_purge_marks_it_stale_and_keeps_the_body(store, selector, chosen):
    held = await purgeable(store)
    assert await store.purge(selector, soft=True, reason=Reason.PURGED) == len(chosen)
    for name, key in held.items():
        (found,) = await store.find(key)
        assert (found.outdated, found.invalid) == (name in chosen, False)
        assert (found.expires <= NOW) is (name in chosen)
        assert await body(store, found) == bytes(5)


async def test_an_invalidation_demands_a_check(store):
    stored = await put(store, response())
    selector = Selector(keys=(stored.key,))
    await store.purge(selector, soft=True, reason=Reason.INVALIDATED)
    (found,) = await store.find(stored.key)
    assert found.invalid
