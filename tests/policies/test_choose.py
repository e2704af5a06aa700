"""The fewest of the least worthy, and no more than a batch."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay_policies.choose import Choice, choose_victims


def choose(worth, *, slots=None, sizes=None, need=1.0, batch=4, least=1):
    slots = np.arange(len(worth)) if slots is None else np.array(slots)
    sizes = np.full(len(slots), 10.0) if sizes is None else np.array(sizes, dtype=float)
    worth = np.array(worth, dtype=np.float32)
    return choose_victims(worth, slots, sizes, need=need, batch=batch, least=least)


def test_the_least_worthy_goes_first():
    assert choose([3, 1, 2], need=20).victims == (1, 2)


def test_no_more_go_than_are_needed():
    assert choose([3, 1, 2, 0], sizes=[5, 5, 5, 5], need=10).victims == (3, 1)
    assert choose([3, 1, 2, 0], sizes=[5, 5, 5, 5], need=11).victims == (3, 1, 2)


def test_one_goes_even_where_no_bytes_are_needed():
    assert choose([3, 1, 2], need=-100).victims == (1,)


def test_what_is_no_number_goes_last():
    assert choose([np.nan, 2, 1]).victims == (2,)
    assert choose([np.nan, 2, 1], need=30).victims == (2, 1, 0)


def test_some_go_ahead_of_need():
    assert choose([3, 1, 2, 0], need=10, least=3).victims == (3, 1, 2)
    assert choose([5, 4, 3, 2, 1, 0], need=10**9, batch=2, least=3).victims == (5, 4, 3)


def test_a_newcomer_that_comes_after_enough_is_free_ends_what_goes_ahead():
    slots = np.arange(3)
    ahead = choose([0, 3, 4, 1], slots=slots, need=10, least=3)
    assert (ahead.victims, ahead.refused) == ((0,), False)
    assert choose([0, 3, 4, 1], slots=slots, need=11, least=3) == Choice((), refused=True)


def test_no_more_go_than_a_batch():
    assert choose([5, 4, 3, 2, 1, 0], need=10**9, batch=2).victims == (5, 4)


def test_a_slot_drawn_twice_counts_once():
    choice = choose([2, 0, 0, 1], slots=[7, 3, 3, 5], sizes=[6, 6, 6, 6], need=12)
    assert choice.victims == (1, 3)


def test_a_sample_of_one_slot_yields_one_victim():
    assert choose([1, 1, 1], slots=[4, 4, 4], need=10**9).victims == (0,)


def test_among_equals_the_first_drawn_goes():
    assert choose([1, 1, 0, 1], need=30).victims == (2, 0, 1)


def test_a_newcomer_worth_least_is_refused():
    assert choose([3, 2, 1], slots=[0, 1]) == Choice((), refused=True)


def test_a_newcomer_is_taken_in_where_enough_goes_before_it():
    assert choose([0, 9, 1], slots=[0, 1], need=10) == Choice((0,))


def test_a_newcomer_that_would_have_to_go_before_enough_is_free_takes_nobody_along():
    assert choose([0, 9, 1], slots=[0, 1], need=15) == Choice((), refused=True)


def test_of_equals_the_newcomer_goes_last():
    assert choose([1, 1], slots=[0], need=10) == Choice((0,))


def test_the_newcomer_alone_is_refused():
    assert choose([1], slots=[], sizes=[]) == Choice((), refused=True)


def test_nobody_leaves_an_empty_cache():
    assert choose([]) == Choice(())


candidates = st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 6)), min_size=1, max_size=20)


@settings(deadline=None)
@given(candidates, st.integers(0, 60), st.integers(1, 8))
def test_any_choice_is_the_fewest_of_the_least_worthy(candidates, need, batch):
    # One slot has one worth and one size, however often it is drawn.
    drawn = [(worth + slot, slot, slot + 1) for worth, slot in candidates]
    first = {slot: (worth, slot, size) for worth, slot, size in reversed(drawn)}
    worth, slots, sizes = zip(*(first[slot] for _, slot, _ in drawn), strict=True)
    victims = choose(worth, slots=slots, sizes=sizes, need=need, batch=batch).victims

    chosen = {slots[v] for v in victims}
    freed = [sizes[v] for v in victims]
    assert 1 <= len(chosen) == len(victims) <= batch
    assert sum(freed[:-1]) < max(need, 1)
    assert sum(freed) >= need or len(victims) == batch or chosen == set(slots)
    kept = [w for w, slot in zip(worth, slots, strict=True) if slot not in chosen]
    assert max(worth[v] for v in victims) <= min(kept, default=99)
