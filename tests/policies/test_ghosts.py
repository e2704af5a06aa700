"""What was evicted or refused is remembered for a while, where the policy wants it."""

import weakref
from dataclasses import replace

import numpy as np

from policies.engines import LRU, engine, known, offer, use
from scrubjay_policies import rows as at
from scrubjay_policies.ghosts import FEWEST, PER_HELD, Ghosts

REMEMBERING = replace(LRU, remembers=True)


def a_row(size):
    row = np.zeros(at.WIDTH)
    row[at.SIZE] = size
    return row


def test_an_object_that_returns_brings_its_history():
    cache = engine(REMEMBERING, max_objects=2)
    offer(cache, 1)  # request 1
    use(cache, 1)  # 2
    offer(cache, 2)
    offer(cache, 3)  # 4: 1 goes
    assert 1 not in cache
    offer(cache, 1)  # 5
    row = known(cache, 1)
    assert (row["count"], row["hits"], row["life"], row["residence"]) == (3, 1, 4, 0)
    assert (row["gap"], row["gap2"]) == (3, 1)


def test_without_a_policy_that_remembers_it_does_not():
    cache = engine(LRU, max_objects=2)
    for id in (1, 2, 3, 1):
        offer(cache, id)
    assert (known(cache, 1)["count"], known(cache, 1)["gap"]) == (1, 0)


def test_what_was_refused_is_remembered():
    never = replace(REMEMBERING, admit=lambda seen, _: -np.ones(len(seen)))
    cache = engine(never)
    assert not offer(cache, 1).admitted
    cache.use(REMEMBERING)
    assert offer(cache, 1).admitted
    assert known(cache, 1)["count"] == 2


def test_what_was_purged_is_forgotten():
    cache = engine(REMEMBERING)
    offer(cache, 1)
    cache.drop(1)
    offer(cache, 1)
    assert known(cache, 1)["count"] == 1


def test_the_oldest_ghosts_go_first_and_there_are_no_more_than_four_for_each_object():
    ghosts = Ghosts()
    for id in range(1000):
        ghosts.keep(id, a_row(id), held=50)
    assert len(ghosts) == PER_HELD * 50
    assert ghosts.take(0) is None
    assert ghosts.take(999)[at.SIZE] == 999
    assert ghosts.take(999) is None


def test_few_objects_have_some_ghosts_too():
    ghosts = Ghosts()
    for id in range(1000):
        ghosts.keep(id, a_row(id), held=1)
    assert len(ghosts) == FEWEST


def test_a_ghost_that_is_kept_again_is_the_newest():
    ghosts = Ghosts()
    for id in [*range(FEWEST), 0, FEWEST]:
        ghosts.keep(id, a_row(id), held=1)
    assert ghosts.take(1) is None
    assert ghosts.take(0) is not None


def test_a_ghost_does_not_keep_the_sample_that_its_row_was_part_of():
    ghosts, sample = Ghosts(), np.ones((80, at.WIDTH))
    ghosts.keep(1, sample[3], held=1)
    kept = weakref.ref(sample)
    del sample
    assert kept() is None
    row = ghosts.take(1)
    row[at.SIZE] = 2  # whoever takes it may write into it
    assert row.tolist().count(1.0) == at.WIDTH - 1
