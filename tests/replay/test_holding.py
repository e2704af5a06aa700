"""Lifetimes simulated: fixed, by age, learned, and known in hindsight."""

import math

import numpy as np
import pytest

from scrubjay_replay import synthetic
from scrubjay_replay.errors import UseError
from scrubjay_replay.holding import in_hindsight, lifetimes, simulate
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.prepared import Assumptions, prepare
from scrubjay_replay.score import score
from scrubjay_replay.simulate import ASKED, STALE
from scrubjay_replay.synthetic import Workload
from scrubjay_replay.trace import requests

MISS, HIT, CHECKED = Verdict.MISS, Verdict.HIT, Verdict.CHECKED


def ready(trace):
    return prepare(trace, frozenset(), Assumptions(ttl=math.nan), name="t", sha256="")


@pytest.fixture(scope="module")
def mixed():
    """A tenth of the objects changes often, half of them never."""
    params = {"objects": "500"}
    return ready(
        synthetic.generate(
            Workload("write-heavy", requests="60k", rate="10", seed=3, params=params)
        )
    )


def shares(prepared, text, **how):
    """Stale answers and contacts with the origin, of all requests."""
    run = simulate(prepared, lifetimes(text, **how))
    told = score(prepared.trace, run.verdict, run.flags)
    return told["stale_hits"] / told["requests"], told["origin_requests"] / told["requests"]


def test_each_row_is_a_hit_a_check_or_a_fetch():
    #            fetched, hit, written, stale hit, fetched anew, hit, checked
    trace = requests([0, 5, 7, 8, 12, 13, 30], [0] * 7, [1] * 7, write=[0, 0, 1, 0, 0, 0, 0])
    run = simulate(ready(trace), lifetimes("fixed:10s"))
    assert run.verdict.tolist() == [MISS, HIT, 255, HIT, MISS, HIT, CHECKED]
    assert run.flags.tolist() == [0, 0, 0, STALE, ASKED, 0, ASKED]


def test_the_heuristic_gives_a_share_of_the_time_since_the_change():
    # Made at 0; at 100 it may be used for 10 seconds; changed at 150, so for 5 at 200.
    at = [0, 100, 109, 111, 150, 200, 204, 206]
    trace = requests(at, [0] * 8, [1] * 8, write=[0, 0, 0, 0, 1, 0, 0, 0])
    run = simulate(ready(trace), lifetimes("heuristic:10%"))
    assert run.verdict[[1, 2, 3]].tolist() == [CHECKED, HIT, CHECKED]
    assert run.verdict[[5, 6, 7]].tolist() == [MISS, HIT, CHECKED]


@pytest.mark.parametrize("text", ["fixed:0s", "heuristic:0%", "learned:1%", "hindsight:20"])
def test_a_lifetime_that_the_trace_states_is_kept(text):
    trace = requests([0, 50, 99, 101], [0] * 4, [1] * 4, [100] * 4)
    run = simulate(ready(trace), lifetimes(text))
    assert run.verdict.tolist() == [MISS, HIT, HIT, CHECKED]


@pytest.mark.parametrize(
    "text", ["fixed:30s", "heuristic:10%", "learned:1%", "learned:5%", "hindsight:20"]
)
def test_compiled_and_plain_come_out_the_same(text):
    params = {"objects": "100"}
    trace = ready(
        synthetic.generate(Workload("write-heavy", requests="5k", rate="10", params=params))
    )
    fast = simulate(trace, lifetimes(text))
    slow = simulate(trace, lifetimes(text), engine="python")
    assert np.array_equal(fast.verdict, slow.verdict)
    assert np.array_equal(fast.flags, slow.flags)


def test_learned_lifetimes_are_the_same_every_time(mixed):
    first, second = (simulate(mixed, lifetimes("learned:1%")) for _ in range(2))
    assert np.array_equal(first.verdict, second.verdict)


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("budget", [0.005, 0.01, 0.03, 0.1])
def test_stale_answers_stay_near_the_budget(mixed, budget, dated):
    stale, _ = shares(mixed, f"learned:{budget}", dated=dated)
    assert 0.6 * budget <= stale <= 1.15 * budget


def test_a_fifth_fewer_contacts_than_the_best_fixed_lifetime_at_the_same_staleness(mixed):
    stale, contacts = shares(mixed, "learned:1%")
    fixed = [shares(mixed, f"fixed:{seconds:.2f}s") for seconds in np.geomspace(1, 1000, 40)]
    staler = min(other for other_stale, other in fixed if other_stale <= stale * 1.1)
    assert contacts <= 0.8 * staler


def test_a_fifth_fewer_contacts_than_a_tenth_of_the_age_at_the_same_staleness(mixed):
    theirs_stale, theirs = shares(mixed, "heuristic:10%")
    stale, contacts = shares(mixed, f"learned:{theirs_stale}")
    assert stale <= theirs_stale * 1.05
    assert contacts <= 0.8 * theirs


def test_who_knows_the_rates_does_better_still(mixed):
    stale, contacts = shares(mixed, "learned:1%")
    known = [shares(mixed, f"hindsight:{price:.2f}") for price in np.geomspace(0.1, 100, 30)]
    assert min(c for s, c in known if s <= stale) < contacts


def test_hindsight_counts_from_the_first_request_of_each_object():
    at = [0, 10, 15, 20, 30]
    trace = requests(at, [0, 1, 1, 1, 0], [1] * 5, write=[0, 0, 1, 0, 0])
    rates = in_hindsight(ready(trace))
    assert rates.tolist() == [[0, 2 / 30], [1 / 20, 2 / 20]]


@pytest.mark.parametrize(
    "text",
    ["", "fixed", "fixed:", "fixed:soon", "learned:0%", "learned:100%", "learned:1s", "lru:1%"],
)
def test_what_is_no_lifetime_is_refused_with_an_example(text):
    with pytest.raises(UseError) as refused:
        lifetimes(text)
    assert repr(text) in str(refused.value)
    assert refused.value.hint


def test_a_share_of_the_age_needs_the_age():
    with pytest.raises(UseError, match="Last-Modified"):
        lifetimes("heuristic:10%", dated=False)
