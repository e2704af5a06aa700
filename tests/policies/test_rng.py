"""The same numbers, drawn at once or one by one."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scrubjay_policies.rng import draw, draws

seeds = st.integers(min_value=-(2**70), max_value=2**70)
counters = st.integers(min_value=0, max_value=2**64)


@settings(deadline=None)
@given(seed=seeds, counter=counters, k=st.integers(1, 300), n=st.integers(1, 2**32))
@example(seed=0, counter=2**64 - 1, k=3, n=2**32)
@example(seed=2**64 - 1, counter=2**63, k=64, n=1)
def test_drawn_at_once_or_one_by_one_is_the_same(seed, counter, k, n):
    at_once = draws(seed, counter, k, n)
    assert at_once.tolist() == [draw(seed, counter * k + i, n) for i in range(k)]
    assert at_once.dtype == np.intp
    assert at_once.min() >= 0
    assert at_once.max() < n


def test_the_generator_is_splitmix64():
    # The upper halves of its first outputs for the seed 1234567, which are widely published.
    published = (6457827717110365317, 3203168211198807973, 9817491932198370423)
    assert [draw(1234567, i, 2**32) for i in range(3)] == [word >> 32 for word in published]


def test_draws_go_on_where_the_last_ones_ended():
    whole = draws(9, 0, 64, 1000)
    halves = np.concatenate([draws(9, 0, 32, 1000), draws(9, 1, 32, 1000)])
    assert (whole == halves).all()


@pytest.mark.parametrize("n", [7, 64, 1000])
def test_every_index_is_drawn_about_as_often(n):
    drawn = np.concatenate([draws(3, counter, 1000, n) for counter in range(100)])
    counts = np.bincount(drawn, minlength=n)
    expected = len(drawn) / n
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    # Mean n-1, deviation sqrt(2(n-1)): five deviations either way.
    assert abs(chi_square - (n - 1)) < 5 * (2 * (n - 1)) ** 0.5


def test_neighbouring_seeds_draw_differently():
    same = draws(1, 0, 4000, 1000) == draws(2, 0, 4000, 1000)
    assert same.mean() < 0.01


@pytest.mark.parametrize("k", [4096, 4097, 10_000])
def test_a_large_sample_has_as_many_as_were_asked_for(k):
    assert draws(5, 2, k, 10**6).tolist() == [draw(5, 2 * k + i, 10**6) for i in range(k)]
