"""Times, sizes, lifetimes, costs and changes, laid over any generator."""

import numpy as np
import pytest

from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic import Workload, generate
from scrubjay_replay.synthetic import changes as changing
from scrubjay_replay.synthetic.arrivals import arrivals
from scrubjay_replay.synthetic.classes import COST, SIZES, TTL, drawn, sizes
from scrubjay_replay.synthetic.draws import Draws

SMALL = {"requests": "20k", "seed": 3, "params": {"objects": "1k"}}


def first_of_each(trace, column):
    _, place = np.unique(trace.key, return_index=True)
    return column[place]


def test_requests_come_as_a_poisson_process_at_the_rate():
    at = arrivals(Draws(1), 100_000, rate=50, swing=0, day=86400).at
    gaps = np.diff(at)
    assert at[0] == 0
    assert gaps.mean() == pytest.approx(1 / 50, rel=0.01)
    assert gaps.std() == pytest.approx(1 / 50, rel=0.02)
    assert (gaps >= 0).all()


def test_the_rate_follows_the_hour_by_the_swing():
    times = arrivals(Draws(1), 480_000, rate=100, swing=0.8, day=240)
    by_hour = np.bincount(times.hour)
    assert by_hour.argmax() in {19, 20}
    assert by_hour.argmin() in {7, 8}
    assert by_hour.max() / by_hour.mean() == pytest.approx(1.8, abs=0.05)
    assert by_hour.min() / by_hour.mean() == pytest.approx(0.2, abs=0.05)
    assert times.at[-1] == pytest.approx(4800, rel=0.02)


def test_nothing_that_is_laid_over_moves_keys_or_times_of_requests():
    plain = generate(Workload(**SMALL))
    full = generate(
        Workload(
            **SMALL, sizes="web", ttl="classes", cost="classes", writes="classes", write_rate="6/h"
        )
    )
    asked = ~full.write
    assert np.array_equal(full.key[asked], plain.key)
    assert np.array_equal(full.at[asked], plain.at)
    assert len(full.key) > len(plain.key)
    sized = generate(Workload(**SMALL, sizes="web"))
    assert np.array_equal(full.size[asked], sized.size)


def test_more_requests_keep_the_sizes_of_the_first_objects():
    few = generate(Workload(requests=100, sizes="web"))
    many = generate(Workload(requests=1000, sizes="web"))
    assert np.array_equal(few.size, many.size[:100])


def test_keys_are_dense_in_order_of_first_appearance():
    trace = generate(Workload("one-hit", **SMALL, write_rate="20%"))
    keys, place = np.unique(trace.key, return_index=True)
    assert np.array_equal(keys, np.arange(len(keys)))
    assert (np.diff(place) > 0).all()
    assert not trace.write[place].any()


def test_an_object_has_one_size_one_lifetime_and_one_cost():
    trace = generate(Workload(**SMALL, sizes="web", ttl="classes", cost="classes"))
    for column in (trace.size, trace.ttl, trace.cost):
        assert np.array_equal(first_of_each(trace, column)[trace.key], column)


def test_without_options_sizes_are_1_and_the_rest_is_unknown():
    trace = generate(Workload(**SMALL))
    assert (trace.size == 1).all()
    assert np.isnan(trace.ttl).all()
    assert np.isnan(trace.cost).all()
    assert not trace.write.any()


def test_a_lognormal_size_has_its_median_and_its_spread():
    values = np.log(sizes("lognormal:8KiB:1.5", Draws(0), 100_000))
    assert np.exp(np.median(values)) == pytest.approx(8192, rel=0.02)
    assert values.std() == pytest.approx(1.5, rel=0.02)


def test_a_pareto_size_has_its_least_and_its_tail():
    values = sizes("pareto:1KiB:1.2", Draws(1), 100_000)
    assert values.min() == 1024
    assert values.max() <= 1024 * 1000
    assert (values > 10 * 1024).mean() == pytest.approx(10**-1.2, rel=0.03)
    assert (values > 100 * 1024).mean() == pytest.approx(100**-1.2, rel=0.12)


def test_web_sizes_are_mostly_small_and_their_bytes_mostly_in_downloads():
    values = sizes("web", Draws(1), 100_000)
    assert 5_000 < np.median(values) < 15_000
    large = values > 256 * 1024
    assert large.mean() == pytest.approx(0.034, abs=0.005)
    assert values[large].sum() > values.sum() / 2


@pytest.mark.parametrize(
    ("kind", "text", "shares"),
    [
        (SIZES, "4KiB:0.9,1MiB:0.1", {4096: 0.9, 1 << 20: 0.1}),
        (TTL, "60s:1,1h:3", {60: 0.25, 3600: 0.75}),
        (TTL, "classes", {60: 0.2, 300: 0.15, 3600: 0.25, 86400: 0.25, 365 * 86400: 0.15}),
        (COST, "20ms:0.8,500ms:0.2", {0.02: 0.8, 0.5: 0.2}),
    ],
)
def test_classes_have_their_shares(kind, text, shares):
    values = drawn(kind.classes(text), Draws(1), 50_000)
    assert set(values) == set(shares)
    for value, share in shares.items():
        assert (values == value).mean() == pytest.approx(share, abs=0.01)


def test_some_objects_may_have_no_lifetime():
    values = drawn(TTL.classes("none:0.3,60s:0.7"), Draws(1), 10_000)
    assert np.isnan(values).mean() == pytest.approx(0.3, abs=0.02)


def test_costs_are_of_fast_and_of_slow_backends():
    trace = generate(Workload(**SMALL, cost="classes"))
    cost = first_of_each(trace, trace.cost)
    assert (cost < 0.015).mean() == pytest.approx(0.5, abs=0.06)
    assert (cost > 0.25).mean() == pytest.approx(0.15, abs=0.04)


def test_each_object_changes_at_the_rate_from_its_first_request_on():
    trace = generate(Workload(requests="20k", rate=1, write_rate="6/h", params={"objects": 100}))
    born = first_of_each(trace, trace.at)
    seconds = trace.at[-1] - born
    changes = np.bincount(trace.key[trace.write], minlength=100)
    assert changes.sum() / seconds.sum() == pytest.approx(6 / 3600, rel=1e-3)
    assert changes.std() == pytest.approx(np.sqrt(changes.mean()), rel=0.25)
    assert (np.diff(trace.at) >= 0).all()


def test_classes_change_at_rates_of_their_own_and_hot_configuration_seldom():
    asked = np.arange(10_000)[::-1]
    factors = changing.factor(asked, "classes", Draws(1))
    assert factors.mean() == pytest.approx(1)
    assert len(set(factors)) == 4
    hottest, rest = factors[:100], factors[100:]
    assert len(set(hottest)) == 1
    prices = rest == rest.max()
    assert prices.mean() == pytest.approx(0.1, abs=0.01)
    assert rest.max() / hottest[0] == pytest.approx(8 / 0.05)
    assert (rest == 0).mean() == pytest.approx(0.5, abs=0.02)


def test_changes_follow_the_factors():
    trace = generate(
        Workload(requests="50k", writes="1:0.5,9:0.5", write_rate="50%", params={"objects": 100})
    )
    changes = np.sort(np.bincount(trace.key[trace.write]))
    assert len(changes) == 100
    assert changes[-25:].mean() / changes[:25].mean() == pytest.approx(9, rel=0.15)


def test_a_change_at_the_moment_of_a_request_stands_behind_it():
    both = changing.merged(
        np.array([0.0, 1.0, 2.0]), np.array([0, 1, 0]), np.array([1.0, 1.0]), np.array([0, 1])
    )
    assert both.at.tolist() == [0, 1, 1, 1, 2]
    assert both.key.tolist() == [0, 1, 0, 1, 0]
    assert both.write.tolist() == [False, False, True, True, False]


def test_more_changes_than_a_trace_may_have_rows_are_refused_before_they_are_made():
    with pytest.raises(UseError, match="changes of 100,000 requests") as caught:
        generate(Workload(requests="100k", rate=1, write_rate="100/s"))
    assert "lower --write-rate" in caught.value.hint


def test_one_request_is_a_trace_and_nothing_can_change_in_it():
    trace = generate(Workload(requests=1, write_rate="20%"))
    assert trace.at.tolist() == [0]
    assert trace.write.tolist() == [False]
