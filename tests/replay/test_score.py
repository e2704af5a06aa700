import math

import numpy as np
import pytest

from scrubjay_replay.outcome import Verdict
from scrubjay_replay.score import ratio, score
from scrubjay_replay.simulate import ASKED, STALE, WRITE
from scrubjay_replay.trace import requests

HIT, MISS, CHECKED = Verdict.HIT, Verdict.MISS, Verdict.CHECKED

#           row: 0     1      2     3    4        5     6    7
VERDICT = np.array([MISS, WRITE, MISS, HIT, CHECKED, MISS, HIT, HIT], np.uint8)
FLAGS = np.array([0, 0, ASKED, STALE, ASKED, ASKED, 0, STALE], np.uint8)
TRACE = requests(
    range(8),
    [0, 0, 1, 0, 1, 2, 0, 1],
    [5, 900, 20, 5, 20, 300, 5, 20],
    cost=[0.5, 64.0, 1.0, 64.0, 2.0, 4.0, 64.0, 64.0],
)


def test_every_figure_is_the_count_it_says():
    assert score(TRACE, VERDICT, FLAGS) == {
        "requests": 7,
        "hits": 3,
        "misses": 3,
        "checked": 1,
        "revalidations": 3,
        "stale_hits": 2,
        "staleness": 2 / 3,
        "object_hit_ratio": 3 / 7,
        "byte_hit_ratio": 30 / 375,
        "bytes_requested": 5 + 20 + 5 + 20 + 300 + 5 + 20,
        "bytes_hit": 5 + 5 + 20,
        "origin_requests": 4,
        "origin_bytes": 5 + 20 + 300,
    }


def test_a_hit_takes_the_hit_latency_and_what_asks_the_origin_its_cost_too():
    figures = score(TRACE, VERDICT, FLAGS, hit_latency=0.25)
    took = sorted([0.75, 1.25, 0.25, 2.25, 4.25, 0.25, 0.25])
    assert figures["latency_mean"] == pytest.approx(sum(took) / 7)
    assert figures["latency_p50"] == 0.75  # the fourth of seven
    assert figures["latency_p95"] == pytest.approx(2.25 + 0.7 * 2.0)  # place 0.95 * 6 = 5.7
    assert figures["latency_p99"] == pytest.approx(2.25 + 0.94 * 2.0)


def test_a_hit_that_takes_no_time_still_has_a_latency():
    assert score(TRACE, VERDICT, FLAGS, hit_latency=0.0)["latency_p50"] == 0.5


def test_only_rows_from_the_start_on_are_scored():
    figures = score(TRACE, VERDICT, FLAGS, start=4, hit_latency=0.0)
    wanted = {"requests": 4, "hits": 2, "misses": 1, "checked": 1, "revalidations": 2}
    wanted |= {"stale_hits": 1, "staleness": 0.5, "bytes_requested": 345, "bytes_hit": 25}
    wanted |= {"origin_requests": 2, "origin_bytes": 300, "latency_mean": 1.5}
    assert wanted.items() <= figures.items()


def test_a_start_on_a_write_scores_what_follows():
    assert score(TRACE, VERDICT, FLAGS, start=1)["requests"] == 6


def test_without_a_request_there_are_counts_of_none_and_no_ratios():
    none = np.array([WRITE], np.uint8)
    figures = score(requests([0], [0], [9]), none, np.zeros(1, np.uint8), hit_latency=0.1)
    assert figures["requests"] == figures["bytes_requested"] == 0
    assert math.isnan(figures["object_hit_ratio"])
    assert "latency_mean" not in figures


def test_sums_of_bytes_do_not_overflow():
    trace = requests(range(3), range(3), [1 << 61] * 3)
    figures = score(trace, np.full(3, MISS, np.uint8), np.zeros(3, np.uint8))
    assert figures["bytes_requested"] == figures["origin_bytes"] == 3 << 61


def test_a_part_of_nothing_is_no_number():
    assert math.isnan(ratio(0, 0))
    assert ratio(1, 4) == 0.25
