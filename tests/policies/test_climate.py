"""Running means of what the whole cache has seen."""

import pytest

from scrubjay_policies.climate import Climate


def test_the_first_thousand_requests_are_plain_means():
    climate = Climate()
    for hit in (False, True, True, False):
        if hit:
            climate.hit()
        else:
            climate.miss(100)
    assert climate.misses == pytest.approx(0.5)
    climate.miss(400)
    assert climate.misses == pytest.approx(0.6)
    assert climate.mean_size == pytest.approx(200)


def test_later_the_past_fades():
    climate = Climate()
    for _ in range(5000):
        climate.miss(10)
    for _ in range(1000):
        climate.hit()
    assert climate.misses == pytest.approx(0.999**1000, rel=1e-3)


def test_a_cache_turns_over_in_as_many_misses_as_it_holds_objects():
    climate = Climate()
    for turn in range(100):
        if turn % 4:
            climate.hit()
        else:
            climate.miss(1)
    assert climate.turnover(500) == pytest.approx(2000)


def test_a_turnover_is_finite_and_one_at_least():
    climate = Climate()
    assert climate.turnover(0) == 1
    climate.miss(1)
    for _ in range(100_000):
        climate.hit()
    assert climate.turnover(500) == 500_000
