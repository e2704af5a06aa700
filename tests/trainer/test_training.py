import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from policies.models import logits
from scrubjay_policies import learned, policy
from scrubjay_replay.errors import UseError
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.prepared import Assumptions
from scrubjay_replay.simulate import Cache, simulate
from scrubjay_trainer import reward
from scrubjay_trainer.dqn import Dqn
from scrubjay_trainer.gather import gather, together
from scrubjay_trainer.learners import LEARNERS
from scrubjay_trainer.settings import Settings
from scrubjay_trainer.train import Shelf, decisions_per_batch, fit
from trainer.lessons import episodes, ready, scanned, settings


@pytest.fixture(scope="module")
def trace():
    return ready(scanned())


@pytest.fixture(scope="module")
def gathered(trace):
    return gather([trace], settings(), Assumptions())


def hits(trace, policy):
    """Of the second half, which no training saw."""
    done = simulate(trace, policy, Cache(int(trace.footprint * 0.05), sample=64, batch=4))
    half = len(done.verdict) // 2
    return (done.verdict[half:] == Verdict.HIT).mean()


@pytest.mark.parametrize("learner", LEARNERS)
def test_training_lowers_the_loss_and_beats_lru_on_what_it_did_not_see(trace, gathered, learner):
    fitted = fit(gathered.training, gathered.validation, learner, settings(epochs=6))
    assert fitted.best.validation < 0.9 * fitted.curve[0].validation
    assert fitted.best.loss < 0.9 * fitted.curve[0].loss
    assert hits(trace, learned.drl(fitted.weights)) > hits(trace, policy("lru")) + 0.02


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_same_seed_gives_the_same_weights_and_another_does_not(learner):
    def made(seed):
        return fit(episodes(), episodes(seed=1), learner, settings(seed=seed)).weights.tobytes()

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_chance_outside_neither_comes_in_nor_is_used_up():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    one = fit(episodes(), episodes(seed=1), "dqn", settings()).weights
    assert (torch.get_rng_state() == before).all()
    torch.manual_seed(99)
    assert (fit(episodes(), episodes(seed=1), "dqn", settings()).weights == one).all()


def test_gathering_twice_gives_the_same(trace, gathered):
    again = gather([trace], settings(), Assumptions())
    assert again.seen == gathered.seen
    assert (again.training.inputs == gathered.training.inputs).all()
    other = gather([trace], settings(seed=5), Assumptions())
    assert (other.training.inputs[:50] != gathered.training.inputs[:50]).any()


def test_what_weighs_less_is_otherwise_the_same(trace, gathered):
    light = gather([trace], settings(), Assumptions(), weight=0.25)
    assert (light.training.weight == gathered.training.weight / 4).all()
    assert (light.validation.weight == gathered.validation.weight / 4).all()
    both = together([gathered, light])
    assert both.seen == gathered.seen * 2
    assert len(both.training) == 2 * len(gathered.training)
    assert (both.training.weight[len(gathered.training) :] == light.training.weight).all()


def test_the_best_epoch_is_kept_and_training_stops_some_epochs_after_it():
    # What validates says the opposite of what is taught: each epoch is worse than the one before.
    contrary = replace(episodes(400, seed=1), wait=1 / episodes(400, seed=1).wait)
    told = settings(epochs=12, patience=2, batch=50, rate=2e-2)
    fitted = fit(episodes(400), contrary, "hindsight", told)
    losses = [one.validation for one in fitted.curve]
    assert fitted.best.validation == min(losses)
    assert len(fitted.curve) == fitted.best.epoch + 2 < 12
    assert cross_entropy(fitted.weights, contrary) == pytest.approx(min(losses), rel=1e-4)


def cross_entropy(weights, some):
    """Of the labels with what the policy makes of the weights."""
    x = np.ascontiguousarray(some.inputs.reshape(-1, len(learned.INPUTS)).T)
    z = logits(x, weights)
    y = reward.chance(some.wait, settings().horizon, settings().unseen).ravel()
    return np.mean(np.logaddexp(0, z) - y * z)


def test_batches_are_small_where_there_is_little_to_learn_from():
    usual = Settings()
    assert decisions_per_batch(100_000, 65, usual) == 4096 // 65
    assert decisions_per_batch(800, 65, usual) == 8
    assert decisions_per_batch(30, 65, usual) == 1


def test_each_step_is_told_to_the_learner(monkeypatch):
    steps = []

    def stepped(learner):
        steps.append(learner)

    monkeypatch.setattr(Dqn, "stepped", stepped)
    fit(episodes(), episodes(seed=1), "dqn", settings(epochs=2, batch=100))
    assert len(steps) == 4


def test_a_batch_has_the_decision_that_follows_each():
    some = episodes(3)
    some.weight[1, 2] = 0
    columns = (some.inputs, some.wait, some.weight, some.following)
    batch = Shelf(*map(torch.from_numpy, columns)).batch(torch.tensor([2, 0]))
    assert (batch.inputs.numpy() == some.inputs[[2, 0]]).all()
    assert batch.follows.tolist() == [False, True]
    assert (batch.next_inputs[1].numpy() == some.inputs[1]).all()
    assert batch.next_there[1].tolist() == [True, True, False, True, True]


def test_progress_tells_each_step_with_both_losses():
    told = []
    fitted = fit(
        episodes(),
        episodes(seed=1),
        "dqn",
        settings(epochs=2, batch=100),
        tell=lambda *a: told.append(a),
    )
    assert [one[0] for one in told] == [1, 2, 3, 4]
    assert {one[1] for one in told} == {4}
    assert math.isnan(told[0][3])
    assert told[-1][3] == fitted.curve[0].validation


def test_a_loss_that_is_no_number_is_told():
    broken = episodes()
    broken.inputs[3] = np.nan
    with pytest.raises(UseError, match="loss is not finite"):
        fit(broken, episodes(seed=1), "dqn", settings())


def test_a_trace_that_evicts_nothing_teaches_nothing():
    with pytest.raises(UseError, match="too little to learn from"):
        gather([ready([0, 1, 2] * 50)], Settings(sizes=(1.0,)), Assumptions())


def test_what_was_seen_is_counted_for_each_trace_and_size(gathered):
    (one,) = gathered.seen
    assert (one.trace, one.requests, one.share) == ("t", 20_000, 0.05)
    assert one.rows_between == (0, 20_000)
    assert one.decisions == len(gathered.training) + len(gathered.validation)
    assert len(gathered.validation) == one.decisions - int(one.decisions * 0.8)
    assert one.rows == one.decisions * 65
    assert 0 < one.chance < 0.5


def test_writes_are_not_counted_as_requests():
    keys, write = scanned(4_000), np.arange(4_000) % 4 == 0
    (one,) = gather([ready(keys, write=write)], settings(), Assumptions()).seen
    assert one.requests == 1_500
