from __future__ import annotations

import sys
from itertools import combinations

import numpy as np
import pytest

import scrubjay_replay
from scrubjay_replay import optimum
from scrubjay_replay.errors import UseError
from scrubjay_replay.isolated import TimeLimit
from scrubjay_replay.trace import requests

KEYS = 5


def trace_of(keys, sizes=None):
    """`sizes` of each key; without them all are of one byte."""
    return requests(range(len(keys)), keys, [1 if sizes is None else sizes[k] for k in keys])


def drawn(seed, *, most=1, length=14):
    """A small trace of a few objects, and the size of each, up to `most` bytes."""
    chance = np.random.default_rng(seed)
    sizes = chance.integers(1, most + 1, KEYS).tolist()
    return chance.integers(0, KEYS, length).tolist(), sizes


def best(keys, sizes, capacity, *, start=0, worth=None, always=False):
    """The most hits, or the most of what they are worth, that any schedule gets: by trying all."""
    found = {frozenset(): 0}
    for now, key in enumerate(keys):
        then = {}
        for held, hits in found.items():
            value = (worth[key] if worth else 1) if key in held and now >= start else 0
            for kept in subsets(held | {key}):
                if sum(sizes[k] for k in kept) <= capacity and not (
                    always and key not in kept and sizes[key] <= capacity
                ):
                    then[kept] = max(then.get(kept, 0), hits + value)
        found = then
    return max(found.values())


def subsets(keys):
    for count in range(len(keys) + 1):
        yield from map(frozenset, combinations(keys, count))


@pytest.mark.parametrize("capacity", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_belady_gets_what_the_best_cache_gets_that_takes_everything_in(seed, capacity):
    keys, sizes = drawn(seed)
    hit = optimum.run("belady", trace_of(keys), capacity).hit
    assert hit.sum() == best(keys, sizes, capacity, always=True)


@pytest.mark.parametrize("capacity", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_where_sizes_are_equal_belady_size_gets_what_the_best_cache_gets(seed, capacity):
    keys, sizes = drawn(seed)
    hit = optimum.run("belady-size", trace_of(keys), capacity).hit
    assert hit.sum() == best(keys, sizes, capacity)


@pytest.mark.parametrize("capacity", [4_000, 40_000])
@pytest.mark.parametrize("seed", range(3))
def test_belady_size_decides_as_a_look_at_every_object_does(seed, capacity, monkeypatch):
    chance = np.random.default_rng(seed)
    keys = (chance.zipf(1.2, 2500) % 600).tolist()
    sizes = chance.integers(1, 4000, 600).tolist()
    monkeypatch.setattr(optimum, "STRETCH", 700)
    hit = optimum.run("belady-size", trace_of(keys, sizes), capacity).hit
    assert np.array_equal(hit, looked_at(keys, sizes, capacity))


def looked_at(keys, sizes, capacity):
    """`belady-size` without heaps."""
    held = {}  # position of the next request
    hits = []
    following = following_of(keys)
    for now, key in enumerate(keys):
        hits.append(key in held)
        held.pop(key, None)
        if following[now] is None or sizes[key] > capacity:
            continue
        left = dict(held)
        own = (following[now] - now) * sizes[key]
        order = sorted(left, key=lambda k: (left[k] - now) * sizes[k], reverse=True)
        while sum(sizes[k] for k in left) + sizes[key] > capacity and order:
            victim = order.pop(0)
            if (left[victim] - now) * sizes[victim] <= own:
                break
            del left[victim]
        if sum(sizes[k] for k in left) + sizes[key] <= capacity:
            held = {**left, key: following[now]}
    return hits


def following_of(keys):
    return [keys.index(k, now + 1) if k in keys[now + 1 :] else None for now, k in enumerate(keys)]


def test_a_newcomer_that_is_refused_displaces_nothing():
    sizes = [1, 6, 7]  # 1 is far, 2 farther: to take it in both others would have to go
    keys = [0, 1, 2, 0, 1, 1, 1, 1, 1, 1, 2]
    hit = optimum.run("belady-size", trace_of(keys, sizes), 7).hit
    assert hit.tolist() == [False, False, False] + [True] * 7 + [False]


@pytest.mark.parametrize("name", optimum.names())
def test_what_is_larger_than_the_cache_is_never_a_hit(name):
    hit = optimum.run(name, trace_of([0, 1, 0, 1], [9, 2]), 5).hit
    assert hit.tolist() == [False, False, False, True]


@pytest.mark.parametrize("start", [0, 1, 4, 9, 13])
@pytest.mark.parametrize("seed", range(12))
def test_no_schedule_beats_the_bound(seed, start):
    keys, sizes = drawn(seed, most=1 + seed % 4)
    for capacity in range(1, 2 * (1 + seed % 4)):
        hit = optimum.run("bound", trace_of(keys, sizes), capacity, start=start).hit
        assert not hit[:start].any()
        assert hit.sum() >= best(keys, sizes, capacity, start=start)


@pytest.mark.parametrize("start", [0, 1, 4, 9, 13])
@pytest.mark.parametrize("seed", range(12))
def test_no_schedule_beats_the_bound_of_bytes(seed, start):
    keys, sizes = drawn(seed, most=4)
    trace = trace_of(keys, sizes)
    for capacity in range(1, 8):
        hit = optimum.run("bound-byte", trace, capacity, start=start).hit
        assert trace.size[hit].sum() >= best(keys, sizes, capacity, start=start, worth=sizes)


def test_the_bound_takes_the_cheapest_hits_the_room_can_pay_for():
    # Moments 0, 1, 2 are wanted by 1, 2, 1 objects and have room for one: three to spend.
    assert optimum.run("bound", trace_of([0, 1, 0, 1]), 1).hit.sum() == 1
    # Large and soon against small and late: 4 bytes for one moment, 1 byte for three.
    trace = trace_of([0, 1, 1, 0], [1, 4])
    assert optimum.run("bound", trace, 5).hit.tolist() == [False, False, True, True]
    assert optimum.run("bound", trace, 4).hit.tolist() == [False, False, False, True]


def test_a_window_pays_only_for_its_own_moments():
    keys = [0, 1, 2, 0, 1, 2]
    # Moments 2, 3, 4 are in the window; the three hits take one, two and three of them.
    hit = optimum.run("bound", trace_of(keys), 1, start=3).hit
    assert hit.tolist() == [False, False, False, True, True, False]
    assert optimum.run("bound", trace_of(keys), 1).hit.sum() == 1  # of five moments, three each
    # Moment 1, just before the window, belongs to it: both hits want it.
    assert optimum.run("bound", trace_of([0, 1, 0, 1]), 1, start=2).hit.sum() == 1


def test_room_that_nobody_wants_buys_nothing():
    keys = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, *range(5, 40)]
    hits = optimum.run("bound", trace_of(keys), 1).hit.sum()
    assert hits == 1  # nine moments, five each; the thirty-five after them would buy the rest


def test_no_requests_no_hits():
    for name in optimum.names():
        assert len(optimum.run(name, trace_of([]), 5).hit) == 0


def test_the_time_limit_holds_within_a_run(monkeypatch):
    monkeypatch.setattr(optimum, "STRETCH", 2)
    with pytest.raises(TimeLimit, match="belady: no result within -1 s"):
        optimum.run("belady", trace_of([0, 1, 0, 1]), 2, timeout=-1)


def test_an_unknown_name_is_told_with_those_there_are():
    with pytest.raises(UseError, match=r"^opt is no offline policy$") as caught:
        optimum.run("opt", trace_of([0]), 1)
    assert "belady-size" in caught.value.hint


def test_without_numba_the_hint_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scrubjay_replay.foresight", None)
    monkeypatch.delattr(scrubjay_replay, "foresight", raising=False)
    with pytest.raises(UseError, match="need numba") as caught:
        optimum.run("belady", trace_of([0]), 1)
    assert "scrubjay[lab]" in caught.value.hint
