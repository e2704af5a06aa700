"""Each generator has the property that it is named after."""

import hashlib

import numpy as np
import pytest

from scrubjay_replay import synthetic
from scrubjay_replay.synthetic.arrivals import Times
from scrubjay_replay.synthetic.draws import Draws
from scrubjay_replay.synthetic.models import BY_NAME, MODELS

COUNT = 100_000


def ids(name, count=COUNT, seed=1, day=86400.0, **given):
    """What a generator says before keys are made dense; one request a second."""
    model = BY_NAME[name]
    times = Times(np.arange(count, dtype=float), day)
    return model.ids(times, Draws(seed), **model.values(given))


def top(keys, many=10):
    return np.argsort(-np.bincount(keys), kind="stable")[:many]


@pytest.mark.parametrize("alpha", [0.6, 0.9, 1.2])
def test_the_slope_of_zipf_is_its_alpha(alpha):
    asked = np.bincount(ids("zipf", 10 * COUNT, objects=1000, alpha=alpha))
    rank = np.arange(1, 101)
    slope = np.polyfit(np.log(rank), np.log(asked[:100]), 1)[0]
    assert slope == pytest.approx(-alpha, abs=0.03)


def test_alpha_0_asks_for_all_alike():
    asked = np.bincount(ids("zipf", objects=10, alpha=0), minlength=10)
    assert asked == pytest.approx(np.full(10, COUNT / 10), rel=0.05)


def test_zipf_has_no_memory():
    keys = ids("zipf", objects=100, alpha=0.9)
    chance = (np.bincount(keys) / COUNT) ** 2
    assert (keys[1:] == keys[:-1]).mean() == pytest.approx(chance.sum(), rel=0.05)


def test_drift_changes_the_top_ten_and_keeps_the_skew():
    keys = ids("drift", objects=1000, alpha=1, every=5000, churn=0.2)
    first, last = keys[:5000], keys[-5000:]
    assert len(set(top(first)) & set(top(last))) <= 3
    assert np.bincount(last).max() == pytest.approx(np.bincount(first).max(), rel=0.15)
    assert np.array_equal(top(first, 3), [0, 1, 2])


def test_without_churn_drift_is_zipf():
    same = {"objects": 1000, "alpha": 1}
    still = ids("drift", every=5000, churn=0, **same)
    assert set(top(still[:5000], 3)) == set(top(still[-5000:], 3))


def test_a_share_of_the_ranks_passes_on_at_each_drift():
    keys = ids("drift", 2 * COUNT, objects=20, alpha=0, every=COUNT, churn=0.5)
    assert np.array_equal(np.unique(keys[:COUNT]), np.unique(keys[COUNT:]))
    skewed = ids("drift", 2 * COUNT, objects=1000, alpha=1, every=COUNT, churn=0.5)
    stayed = set(top(skewed[:COUNT], 50)) & set(top(skewed[COUNT:], 50))
    assert 0.35 < len(stayed) / 50 < 0.7


def test_the_demand_for_news_decays_with_its_lifespan():
    keys = ids("news", objects=10_000, alpha=0.6, lifespan=5000)
    places = [np.flatnonzero(keys == key) for key in top(keys, 100)]
    whole = [place for place in places if 1000 < place[0] < COUNT - 10 * 5000]
    assert len(whole) > 20
    assert np.mean([place.mean() - place[0] for place in whole]) == pytest.approx(5000, rel=0.1)
    assert max(place[-1] - place[0] for place in whole) < 15 * 5000


def test_news_is_as_much_in_demand_at_the_start_as_at_the_end():
    keys = ids("news", objects=1000, alpha=0, lifespan=10_000)
    different = [len(np.unique(part)) for part in np.split(keys, 10)]
    assert max(different) < 1.3 * min(different)


def test_a_flash_crowd_takes_its_share_while_it_lasts_and_nothing_else():
    keys = ids("flash", objects=1000, alpha=0.9, crowds=2, hot=3, share=0.4, lasts=0.1)
    crowd = keys >= 1000
    assert len(np.unique(keys[crowd])) == 2 * 3
    windows = [slice(20_000, 30_000), slice(70_000, 80_000)]
    for window in windows:
        assert crowd[window].mean() == pytest.approx(0.4, abs=0.02)
        assert len(np.unique(keys[window][crowd[window]])) == 3
    assert crowd.sum() == sum(crowd[window].sum() for window in windows)


def test_the_favourites_of_an_hour_come_again_the_next_day():
    keys = ids("diurnal", 20 * COUNT, day=240_000.0, objects=2400, alpha=1, shift=0.8)
    hours = keys[: 10 * COUNT].reshape(-1, 10_000)  # an hour of this day is 10,000 s
    assert top(hours[3], 1)[0] == top(hours[27], 1)[0] == 300
    assert top(hours[4], 1)[0] == 400


def test_a_scan_passes_over_fresh_objects_in_one_run():
    keys = ids("scan", objects=1000, alpha=0.9, share=0.25, length=500)
    scanned = np.flatnonzero(keys >= 1000)
    assert len(scanned) == COUNT / 4
    assert np.array_equal(keys[scanned], 1000 + np.arange(len(scanned)))
    for run in scanned.reshape(-1, 500):
        assert run[-1] - run[0] == 499
    assert len(np.unique(keys)) == 1000 + len(scanned)


def test_the_last_scan_may_be_shorter_and_a_trace_may_be_all_scan():
    assert np.array_equal(ids("scan", 10, objects=1, share=1, length=4), 1 + np.arange(10))
    assert (ids("scan", 10, objects=1, share=0.3, length="1M") > 0).sum() == 3
    assert not ids("scan", 10, objects=1, share=0).any()


def test_a_loop_comes_round_after_its_length():
    keys = ids("loop", objects=1000, alpha=0.9, share=0.3, length=700)
    looped = keys[keys >= 1000] - 1000
    assert len(looped) / COUNT == pytest.approx(0.3, abs=0.01)
    assert np.array_equal(looped, np.arange(len(looped)) % 700)
    alone = ids("loop", 100, objects=1, share=1, length=7)
    assert np.array_equal(alone[7:], alone[:-7])


def test_the_share_of_one_hit_wonders_is_what_was_asked_for():
    keys = ids("one-hit", objects=100, alpha=0.5, share=0.35)
    asked = np.bincount(keys)
    assert (asked[keys] == 1).mean() == pytest.approx(0.35, abs=0.01)


def test_changes_make_a_fifth_of_a_write_heavy_trace():
    trace = synthetic.generate(synthetic.Workload("write-heavy", requests=10_000))
    assert trace.write.mean() == pytest.approx(0.2, abs=1e-4)
    assert (~trace.write).sum() == 10_000


# Fixed for good: a trace named by its command must stay what it is.
SHORT = {
    "drift": {"every": 1000},
    "news": {"lifespan": 500},
    "scan": {"length": 100},
    "loop": {"length": 100},
}
DIGESTS = {
    "zipf": "42e565654014",
    "drift": "d0b3df58c63c",
    "news": "f4919fbd4ab9",
    "flash": "193120594c69",
    "diurnal": "9de772f76d55",
    "scan": "ee7e0cfe1549",
    "loop": "8d1783c5f564",
    "one-hit": "d4b760db50a4",
    "write-heavy": "37795fa6d5ef",
}


@pytest.mark.parametrize("name", [model.name for model in MODELS])
def test_the_same_command_gives_the_same_trace_for_ever(name):
    params = {"objects": 500, **SHORT.get(name, {})}
    trace = synthetic.generate(
        synthetic.Workload(name, requests=5000, seed=7, sizes="web", ttl="classes", params=params)
    )
    columns = (trace.key, trace.size, np.rint(trace.at * 1000).astype(np.int64), trace.write)
    digest = hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()[:12]
    assert digest == DIGESTS[name]
