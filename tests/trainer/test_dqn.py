import math

import pytest
import torch
from torch import nn

from scrubjay_policies.learned import INPUTS
from scrubjay_trainer.dqn import Batch, Dqn, Value, hindsight_loss
from scrubjay_trainer.learners import LEARNERS, Hindsight, LogWait
from scrubjay_trainer.settings import Settings

GAMMA = 0.9


class First(nn.Module):
    """A network that gives its first input, times a factor."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def forward(self, inputs, there=None):
        first = inputs[..., 0] * self.factor
        return first if there is None else (first * there).sum(1) / there.sum(1)


def inputs(rows):
    """Decisions whose candidates have these first inputs."""
    found = torch.zeros(len(rows), len(rows[0]), len(INPUTS))
    found[:, :, 0] = torch.tensor(rows)
    return found


def batch(**changed):
    made = Batch(
        inputs=inputs([[0.0, 1.0, 2.0]]),
        label=torch.tensor([[0.25, 0.5, 1.0]]),
        weight=torch.tensor([[1.0, 1.0, 3.0]]),
        next_inputs=inputs([[2.0, -1.0, -5.0]]),
        next_there=torch.tensor([[True, True, False]]),
        follows=torch.tensor([True]),
    )
    return made._replace(**changed)


@pytest.fixture
def dqn():
    """Online: f is the first input and V its mean; the target's f is thrice that, V twice."""
    made = Dqn(Settings(discount=GAMMA, td_weight=1.0))
    made.network = First()
    made.online = nn.ModuleDict({"advantage": made.network, "value": First()})
    made.target = nn.ModuleDict({"advantage": First(3.0), "value": First(2.0)})
    return made


def sigma(z):
    return 1 / (1 + math.exp(-z))


def test_targets_are_the_reward_and_the_next_best_action_judged_by_the_target_network(dqn):
    # Of the next decision's candidates the third is none, and the second is worth least.
    future = 2.0 * (2.0 - 1.0) / 2 - sigma(3.0 * -1.0)
    expected = [[-y + GAMMA * future for y in (0.25, 0.5, 1.0)]]
    assert dqn.targets(batch()).numpy() == pytest.approx(torch.tensor(expected).numpy())


def test_the_online_network_chooses_even_where_the_target_network_would_not(dqn):
    dqn.target["advantage"].factor = -1.0  # to it the first is worth least
    future = 1.0 - sigma(1.0)
    assert dqn.targets(batch())[0, 2].item() == pytest.approx(-1.0 + GAMMA * future)


def test_the_temporal_difference_is_over_all_candidates_by_weight(dqn):
    made = batch()
    q = [1.0 - sigma(f) for f in (0.0, 1.0, 2.0)]  # V is the mean of the inputs
    target = dqn.targets(made)[0].tolist()
    wrong = [(t - one) ** 2 for t, one in zip(target, q, strict=True)]
    loss = dqn.td_loss(dqn.network(made.inputs), made)
    assert loss.item() == pytest.approx((wrong[0] + wrong[1] + 3 * wrong[2]) / 5)


def test_a_decision_that_nothing_follows_has_no_temporal_difference(dqn):
    made = batch(follows=torch.tensor([False]))
    assert dqn.td_loss(dqn.network(made.inputs), made).item() == 0
    assert dqn.loss(made).item() == pytest.approx(hindsight(made))


def hindsight(made):
    parts = [
        w * (math.log1p(math.exp(f)) - y * f)
        for f, y, w in zip((0.0, 1.0, 2.0), (0.25, 0.5, 1.0), (1, 1, 3), strict=True)
    ]
    return sum(parts) / 5


def test_the_advantage_learns_by_cross_entropy_with_the_labels(dqn):
    made = batch()
    assert hindsight_loss(dqn.network(made.inputs), made).item() == pytest.approx(hindsight(made))


def test_no_gradient_goes_through_a_target():
    dqn = Dqn(Settings())
    made = batch()
    assert not dqn.targets(made).requires_grad
    dqn.loss(made).backward()
    assert all(weight.grad is None for weight in dqn.target.parameters())
    assert all(weight.grad is not None for weight in dqn.online.parameters())


def test_the_target_network_follows_every_so_many_steps():
    dqn = Dqn(Settings(target_steps=3))
    with torch.no_grad():
        dqn.network.out.bias.add_(1.0)

    def behind():
        ours, theirs = dqn.network.out.bias, dqn.target["advantage"].out.bias
        return (ours - theirs).item()

    for expected in (1.0, 1.0, 0.0):
        dqn.stepped()
        assert behind() == pytest.approx(expected)


def test_the_value_is_of_the_candidates_that_are_there():
    value = Value()
    there = torch.tensor([[True, True, False]])
    alone = value(inputs([[1.0, 3.0]]), there[:, :2])
    assert value(inputs([[1.0, 3.0, 99.0]]), there).item() == pytest.approx(alone.item())


def test_hindsight_is_the_same_without_temporal_differences():
    learner = Hindsight(Settings())
    learner.network = First()
    assert learner.loss(batch()).item() == pytest.approx(hindsight(batch()))


def test_ltr_regresses_minus_the_logarithm_of_the_wait():
    learner = LogWait(Settings())
    learner.network = First()
    made = batch(label=torch.tensor([[0.0, -1.0, 1.0]]))  # right, right, and three too high
    assert learner.loss(made).item() == pytest.approx(3 * 9 / 5)


def test_each_learner_begins_with_the_same_network():
    for recipe in LEARNERS.values():
        torch.manual_seed(5)
        made = recipe.make(Settings(), "cpu")
        assert made.network.layer1.weight[0, 0].item() == pytest.approx(first_weight(5))


def first_weight(seed):
    torch.manual_seed(seed)
    return nn.Linear(len(INPUTS), 32).weight[0, 0].item()
