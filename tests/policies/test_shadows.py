"""The shadow caches: each does what its paper says, on traces small enough to follow by hand."""

import numpy as np
import pytest

from scrubjay_policies import policy
from scrubjay_policies.caches import cache_of
from scrubjay_policies.shadows import state as at
from scrubjay_policies.shadows.state import HITS, NAMES, SHARED


def follower(name, capacity, objective="object", most=1000):
    return cache_of(policy(name, objective), capacity=capacity, max_objects=most, k=8)


def ask(cache, id, size=1, *, expires=1e9, now=0.0, cost=0.0):
    """One request; whether it hit."""
    cache.tick(now)
    if id in cache:
        cache.touch(id)
        return True
    cache.offer(id, size, expires=expires, cost=cost, now=now)
    return False


def hits(cache, ids):
    return [id for id in ids if ask(cache, id)]


def test_sieve_spares_once_what_was_visited():
    cache = follower("sieve", 3)
    hits(cache, [1, 2, 3, 1])
    ask(cache, 4)  # the hand spares 1, takes 2
    assert set(cache.ids()) == {1, 3, 4}
    ask(cache, 5)  # and goes on from there: 3
    assert set(cache.ids()) == {1, 4, 5}
    ask(cache, 6)  # 4, not 1 again, which is behind the hand
    assert set(cache.ids()) == {1, 5, 6}


def test_s3fifo_lets_go_of_what_was_asked_for_once_and_takes_a_ghost_into_the_main_queue():
    cache = follower("s3fifo", 20)  # two objects in the small queue
    for id in range(20):
        ask(cache, id)
    assert len(cache) == 20
    for id in range(100, 110):  # each drives out the oldest of the small queue
        ask(cache, id)
    assert 0 not in cache
    assert not ask(cache, 0)  # a ghost: from here on in the main queue
    for id in range(200, 210):
        ask(cache, id)
    assert 0 in cache


def test_s3fifo_takes_in_nothing_as_large_as_its_small_queue():
    cache = follower("s3fifo", 100)
    assert not cache.offer(1, 10, expires=1e9, cost=0.0, now=0.0).admitted
    assert cache.offer(2, 9, expires=1e9, cost=0.0, now=0.0).admitted


def test_the_books_balance_after_any_requests():
    random = np.random.default_rng(5)
    cache = follower("hybrid", 400, most=25)
    sizes = random.integers(1, 90, size=80)
    for _ in range(3000):
        id = int(random.zipf(1.3)) % 80
        if random.random() < 0.02:
            cache.drop(id)
        else:
            ask(cache, id, int(sizes[id]), expires=float(random.integers(0, 50)), now=10.0)
        if random.random() < 0.01:
            sizes[id] = random.integers(1, 90)
    check_books(cache)


def check_books(cache):
    """Sums, counts and the order of `lives`, from the bits of each object."""
    s = cache.state
    slots = range(at.FIRST, len(s.marks), at.STRIDE)
    for bit in range(at.CACHES + 1):
        held = [slot for slot in slots if s.marks[slot + at.HELD] >> bit & 1]
        assert s.whole[at.OBJECTS + bit] == len(held) <= s.whole[at.MOST]
        assert s.real[at.USED + bit] == sum(s.floats[slot + at.SIZE] for slot in held)
        assert s.real[at.USED + bit] <= s.real[at.CAPACITY]
    for bit in range(at.CACHES):
        lacked = [
            slot
            for slot in slots
            if s.marks[slot + at.HELD] >> bit & 1 and not s.marks[slot + at.HELD] >> at.LIVE & 1
        ]
        assert s.real[at.LACK + bit] == len(lacked)
    live = [s.lives[place] for place in range(len(cache))]
    assert sorted(live) == [slot for slot in slots if s.marks[slot + at.HELD] >> at.LIVE & 1]
    strays = s.whole[at.STRAYS]
    for place, slot in enumerate(live):
        assert s.links[slot + at.AT] == place
        assert bool(s.marks[slot + at.HELD] >> s.whole[at.LEADER] & 1) == (place >= strays)


def test_slots_are_used_again():
    cache = follower("sieve", 50)
    for id in range(20_000):
        ask(cache, id)
    assert len(cache.state.heap) <= 2048


@pytest.mark.parametrize("name", ["s3fifo", "sieve"])
def test_the_live_cache_holds_what_the_followed_one_does(name):
    random = np.random.default_rng(1)
    cache = follower(name, 50)
    for _ in range(2000):
        ask(cache, int(random.zipf(1.2)) % 300)
    state = cache.state
    assert state.whole[HITS + 5] == state.whole[HITS + NAMES.index(cache.leader)]
    assert state.whole[SHARED] > 100


def test_a_renewed_object_stays_so_in_the_own_ranking_whatever_is_asked_for_between():
    cache = follower("hybrid", 50)
    for id in (1, 2):
        ask(cache, id, expires=100.0)
    cache.renew(1, 500.0)  # as a check in the background does
    ask(cache, 2)
    ask(cache, 1)
    slot = cache._slots[1]
    assert cache.state.floats[slot + at.EXPIRES] == 500.0
    assert {one.id: one.expires for one in cache.own.known()} == {1: 500.0, 2: 100.0}


def test_the_first_request_after_a_check_is_no_hit_of_anybody_and_the_next_one_is():
    cache = follower("hybrid", 50)
    ask(cache, 1)
    cache.renew(1, 2e9)
    ask(cache, 1)
    assert cache.report().live.hits == 0
    ask(cache, 1)
    assert {one.hits for one in (cache.report().live, *cache.report().shadows)} == {1}


def test_a_newcomer_looks_at_a_few_slots_only_however_many_there_are():
    cache = follower("sieve", 5000, most=10_000)
    for id in range(6000):
        ask(cache, id)
    marks, looked = cache.state.marks, []

    class Watched:
        def __len__(self):
            return len(marks)

        def __getitem__(self, place):
            looked.append(place)
            return marks[place]

    cache.state = cache.state._replace(marks=Watched())
    cache._unneeded()
    assert 0 < len(looked) <= 3 * 16
