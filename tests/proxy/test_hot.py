"""The hot tier: what was read lately, never more than its bytes, never what is gone."""

import gc
import random
import sys
import tracemalloc
from dataclasses import replace

import pytest

from scrubjay_proxy.http.dates import format_date
from scrubjay_proxy.http.messages import Exchange, Head, Headers, Stored
from scrubjay_proxy.store.base import object_id
from scrubjay_proxy.store.hot import Found, Hot
from scrubjay_proxy.store.packing import pack

MOST = 1_000_000


def response(name, length=1024, *, chosen=(), generation=None, parts=()):
    number = int(name) if name.isdigit() else len(name)
    key = f"http://www.example.com/images/{name:0>10}"
    fields = [
        ("Date", format_date(1764059064 + number)),
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", f"{length}"),
        ("ETag", f'"5f3e-1a2b3c4d5{number:04x}"'),
        ("Cache-Control", "public, max-age=3600"),
    ]
    return Stored(
        object_id(key, chosen),
        key,
        Head(200, "OK", Headers(fields)),
        Exchange(1764059064.25 + number, 1764059064.5 + number),
        chosen,
        length,
        parts or ((0, length),),
        expires=1764062664.5 + number,
        generation=(2**40 + number) if generation is None else generation,
    )


def found(stored, body=None, *, here=True):
    body = bytes(stored.length) if body is None else body
    packed = pack(stored, body, () if here else [(stored.length, 5)])
    return Found(stored, packed[: len(packed) - (len(body) if here else 0)], body if here else None)


def put(hot, *responses):
    hot.put([found(one) for one in responses], hot.stamp)


def tier(most):
    hot = Hot(most)
    hot.back()
    return hot


@pytest.fixture
def hot():
    return tier(MOST)


def test_what_was_put_in_is_found(hot):
    one = response("1")
    hot.put([found(one, b"x" * 1024)], hot.stamp)
    assert hot.find(one.key) == [one]
    assert hot.body(one) == b"x" * 1024
    assert hot.find(response("2").key) is None
    assert hot.body(response("2")) is None


def test_whoever_keeps_what_was_found_finds_the_same_again(hot):
    put(hot, one := response("1"))
    kept = hot.find(one.key)
    for number in range(2, 600):
        put(hot, response(f"{number}"))
    assert hot.find(one.key) is kept


def test_and_what_nobody_keeps_is_unpacked_again_when_it_is_asked_for(hot):
    put(hot, one := response("1"))
    for number in range(2, 600):
        put(hot, response(f"{number}"))
    gc.collect()
    assert hot.find(one.key) == [one]
    assert hot.body(one) == bytes(1024)


def test_the_body_of_another_generation_is_not_given(hot):
    put(hot, one := response("1"))
    assert hot.body(replace(one, generation=5)) is None


def test_all_variants_of_a_key_come_and_go_together(hot):
    german = response("1", 10, chosen=(("accept-language", "de"),), generation=1)
    english = response("1", 20, chosen=(("accept-language", "en"),), generation=2)
    put(hot, german, english)
    assert hot.find(german.key) == [german, english]
    assert [len(hot.body(one)) for one in (german, english)] == [10, 20]
    hot.drop([english.id])
    assert hot.find(german.key) is None
    assert hot.used == len(hot) == 0
    put(hot, german, english)
    hot.drop([object_id(german.key, ())])
    assert hot.find(german.key) is None


def test_a_part_has_no_whole_body(hot):
    hot.put([found(part := response("1", parts=((0, 5),)), b"12345")], hot.stamp)
    assert hot.find(part.key) == [part]
    assert hot.body(part) is None


def test_a_body_may_come_later(hot):
    one = response("1", 2000)
    hot.put([found(one, here=False)], hot.stamp)
    assert hot.find(one.key) == [one]
    assert hot.body(one) is None
    hot.keep(replace(one, generation=5), bytes(2000))
    assert hot.body(one) is None
    hot.keep(one, bytes(2000))
    hot.keep(one, bytes(2000))
    assert hot.body(one) == bytes(2000)
    before = hot.used
    hot.drop([one.id])
    assert (before > 2000, hot.used) == (True, 0)


def test_no_body_takes_more_than_an_eighth(hot):
    put(hot, one := response("1", MOST // 8 + 1))
    assert hot.find(one.key) == [one]
    assert hot.body(one) is None
    put(hot, other := response("2", MOST // 8))
    assert hot.body(other) is not None


def test_it_never_holds_more_than_its_bytes(hot):
    dice = random.Random(5)
    for _ in range(3000):
        put(hot, one := response(f"{dice.randrange(900)}", dice.randrange(20_000)))
        hot.find(response(f"{dice.randrange(900)}").key)
        assert hot.used <= MOST
    hot.drop([response(f"{number}").id for number in range(900)])
    assert (hot.used, len(hot), hot.find(one.key)) == (0, 0, None)


def test_what_goes_is_freed_at_once(hot):
    german, english = (response("1", 9, chosen=(("l", at),)) for at in "de")
    bodies = bytes(range(9)), bytes(range(1, 10))
    gc.disable()
    try:
        hot.put([found(german, bodies[0]), found(english, bodies[1])], hot.stamp)
        held = [sys.getrefcount(body) for body in bodies]
        hot.drop([german.id])
        assert [sys.getrefcount(body) + 1 for body in bodies] == held
    finally:
        gc.enable()


def test_of_no_bytes_it_holds_nothing():
    hot = tier(0)
    put(hot, one := response("1"))
    hot.back()
    put(hot, one)
    assert hot.find(one.key) is None


def test_a_scan_does_not_flush_what_is_asked_for(hot):
    popular = [response(f"{number}") for number in range(100)]
    for one in popular:
        put(hot, one)
        hot.find(one.key)
    for number in range(100, 5000):
        put(hot, response(f"{number}"))
        hot.find(popular[number % 100].key)
    assert all(hot.find(one.key) for one in popular)


@pytest.mark.parametrize("gone", [lambda one: [one.id], lambda _: [5], lambda _: range(5000)])
def test_what_went_while_it_was_read_does_not_come_in(hot, gone):
    one = response("1")
    since = hot.stamp
    hot.drop(gone(one))
    hot.put([found(one)], since)
    comes = gone(one) == [5]
    assert (hot.find(one.key) is not None) is comes
    hot.put([found(one)], hot.stamp)
    assert hot.find(one.key) is not None


def test_while_nobody_says_what_is_gone_it_holds_nothing(hot):
    put(hot, one := response("1"))
    hot.off()
    assert (hot.find(one.key), hot.used, len(hot)) == (None, 0, 0)
    put(hot, one)
    since = hot.stamp
    assert hot.find(one.key) is None
    hot.back()
    hot.put([found(one)], since)  # read while nobody said it
    assert hot.find(one.key) is None
    put(hot, one)
    assert hot.find(one.key) == [one]


def test_an_object_takes_little_more_than_its_body():
    """The bound is 600 bytes; what is charged must be near the truth."""
    hot, count = tier(2**30), 10_000
    gc.collect()
    tracemalloc.start()
    for number in range(count):
        put(hot, response(f"{number}"))
    gc.collect()
    above = tracemalloc.get_traced_memory()[0] / count - 1024
    tracemalloc.stop()
    assert above < 560
    assert hot.used / count - 1024 == pytest.approx(above, rel=0.1)
