import math

import numpy as np
import pytest

from scrubjay_policies import learned
from scrubjay_policies.features import COUNT, FEATURES, LEFT, TURNOVER
from scrubjay_replay.compiling import Decisions
from scrubjay_replay.errors import UseError
from scrubjay_replay.prepared import Assumptions
from scrubjay_replay.trace import requests
from scrubjay_trainer import reward
from scrubjay_trainer.episodes import NONE, divided, joined, labelled, log, next_uses, part
from trainer.lessons import episodes, ready, scanned, settings

A, B, C, D = range(4)
#       1  2  3  4  5  6  7  8
KEYS = [A, B, C, A, D, B, A, C]


def decisions(clock, keys, turnover=4.0, left=math.inf):
    keys = np.array(keys)
    seen = np.ones((*keys.shape, len(FEATURES)), np.float32)
    seen[:, :, TURNOVER], seen[:, :, LEFT] = turnover, left
    return Decisions(np.array(clock), keys, seen)


def trace(keys, **more):
    return requests(range(len(keys)), keys, [1] * len(keys), **more)


def test_a_label_is_the_next_use_in_turnovers_after_the_request_of_the_decision():
    # D comes as the fifth request: A is wanted two later, B one, C three, D never again.
    made = decisions([5], [[A, B, C, D]])
    found = labelled(made, trace(KEYS), settings(window=0))
    assert found.wait.tolist() == [[0.5, 0.25, 0.75, math.inf]]
    label = reward.chance(found.wait, 0.15, 16)
    assert label == pytest.approx(np.exp([[-0.5 / 0.15, -0.25 / 0.15, -5.0, -math.inf]]))


def test_the_newcomer_weighs_three_and_a_candidate_that_is_none_nothing():
    made = decisions([5], [[A, -1, C, D]])
    found = labelled(made, trace(KEYS), settings(window=0))
    assert found.weight.tolist() == [[1, 0, 1, 3]]
    assert not found.inputs[0, 1].any()
    refused = labelled(decisions([5], [[A, B, C, -1]]), trace(KEYS), settings(window=0))
    assert refused.weight.tolist() == [[1, 1, 1, 0]]


def test_what_is_asked_for_only_after_it_expired_is_not_worth_keeping():
    made = decisions([5], [[A, B, C, D]], left=2.0)  # A comes after two seconds exactly
    found = labelled(made, trace(KEYS), settings(window=0))
    assert found.wait.tolist() == [[math.inf, 0.25, math.inf, math.inf]]


def test_writes_are_no_requests_and_no_uses():
    keys = [A, B, C, A, D, B, B, A, C]
    write = [False] * 5 + [True] + [False] * 3
    found = labelled(decisions([5], [[A, B, C, D]]), trace(keys, write=write), settings(window=0))
    assert found.wait.tolist() == [[0.5, 0.25, 0.75, math.inf]]


def test_a_decision_whose_window_crosses_the_end_is_left_out():
    # Eight requests; with a window of half a turnover two must follow.
    made = decisions([5, 6, 7], [[A, D], [B, D], [C, A]])
    found = labelled(made, trace(KEYS), settings(window=0.5))
    assert len(found) == 2
    assert found.following.tolist() == [1, NONE]


def test_an_object_unseen_for_too_long_is_worth_nothing_and_not_less():
    wait = np.array([0.0, 15.9, 16.0, math.inf], np.float32)
    assert reward.chance(wait, 100.0, 16.0) == pytest.approx([1, math.exp(-0.159), 0, 0])
    assert reward.log_wait(wait, 16.0) == pytest.approx(np.log([1e-3, 15.9, 16, 16]))


def test_next_uses_are_those_that_a_plain_search_finds():
    random = np.random.default_rng(3)
    keys = random.integers(0, 12, 200)
    wanted, after = random.integers(-1, 14, (50, 7)), random.integers(0, 200, 50)
    found = next_uses(keys, wanted, after)
    for i, j in np.ndindex(wanted.shape):
        later = [at for at in range(after[i] + 1, 200) if keys[at] == wanted[i, j]]
        assert found[i, j] == (later[0] if later else 200)


def test_inputs_are_those_that_the_policy_computes_for_each_decision():
    random = np.random.default_rng(4)
    made = decisions([3, 4], [[A, B, C], [B, C, A]])
    made.seen[:] = random.exponential(100, made.seen.shape)
    made.seen[:, :, TURNOVER] = [[4.0], [5.0]]
    made.seen[:, :, COUNT] += 1
    found = labelled(made, trace(KEYS), settings(window=0))
    for inputs, seen in zip(found.inputs, made.seen, strict=True):
        assert (inputs == learned.inputs(np.asfortranarray(seen)).T).all()


def test_joined_runs_follow_only_their_own():
    both = joined([episodes(3), episodes(2)])
    assert both.following.tolist() == [1, 2, NONE, 4, NONE]


def test_the_last_decisions_of_a_run_validate_and_are_followed_by_none_of_the_others():
    training, validation = divided(episodes(10), settings())
    assert training.following.tolist() == [1, 2, 3, 4, 5, 6, 7, NONE]
    assert validation.following.tolist() == [1, NONE]
    assert (validation.inputs == episodes(10).inputs[8:]).all()


def test_logged_decisions_are_of_lru_with_the_newcomer_last():
    prepared = ready(scanned(10_000))
    run = log(prepared, 0.05, settings(decisions=50))
    assert 30 <= len(run) <= 50
    assert (run.weight[:, -1] == 3).all()
    assert (run.weight[:, :-1] == 1).all()
    assert np.isfinite(run.inputs).all()
    # Some of the candidates come back, and most do not.
    assert 0.01 < reward.chance(run.wait, 0.15, 16).mean() < 0.3


def test_only_the_training_part_is_seen():
    prepared = ready([A, B, C, A] * 5 + [D] * 20)
    first = part(prepared, settings(), Assumptions())
    assert first.trace.key.tolist() == [A, B, C, A] * 5
    assert first.footprint == 30
    later = part(prepared, settings(from_share=0.25, to_share=0.75), Assumptions())
    assert len(later.trace.key) == 20
    assert later.trace.at[0] == 10


def test_a_part_without_requests_is_refused():
    prepared = ready([A, B, C, D], write=[True, True, False, False])
    with pytest.raises(UseError, match="no request between rows 0 and 2"):
        part(prepared, settings(), Assumptions())
