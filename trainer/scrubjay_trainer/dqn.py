"""Dueling double DQN for eviction, in the structured form.

State s: a sample of the cache and a newcomer. Action a: evict candidate a. Its reward is minus
what it loses, r(s, a) = -y_a, where y_a = exp(-d / (h T)) for a next use d requests later. Then

    Q(s, a) = V(s) - sigma(f(x_a)),

the value of the state less the advantage of keeping a: f is the network that the policy runs, and
V is needed for training only. V(s) is the same for all candidates, so that it never changes which
one goes; it takes up what lies in the future, and leaves to f what the action itself costs.

What the proxy evicts changes nothing in what it is asked for next, and the rest of the trace says
what each action would have cost. So every candidate is learned from, not only the one that went:

    L = BCE(f(x_a), y_a)                         the advantage, in hindsight
      + (r_a + gamma Q'(s', a*) - Q(s, a))^2     the temporal difference, over all a

with a* = argmax_a Q(s', a) chosen by the online network and judged by the target network Q'
(van Hasselt 2016; dueling: Wang 2016). s' is the next decision that was logged in the same run.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from scrubjay_policies.learned import INPUTS
from scrubjay_trainer.network import Network
from scrubjay_trainer.settings import Settings

VALUE_HIDDEN = 16


class Batch(NamedTuple):
    """n decisions of k candidates, and the decision that follows each."""

    inputs: Tensor  # (n, k, inputs)
    label: Tensor  # (n, k) y, or what else the learner estimates
    weight: Tensor  # (n, k), 0: no such candidate
    next_inputs: Tensor  # (n, k, inputs)
    next_there: Tensor  # (n, k) bool
    follows: Tensor  # (n,) bool: whether there is a next decision at all


class Value(nn.Module):
    """V(s): a small head on the mean of the candidates' inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(len(INPUTS), VALUE_HIDDEN)
        self.out = nn.Linear(VALUE_HIDDEN, 1)

    def forward(self, inputs: Tensor, there: Tensor) -> Tensor:
        counted = there.unsqueeze(-1).to(inputs.dtype)
        mean = (inputs * counted).sum(1) / counted.sum(1).clamp(min=1)
        value: Tensor = self.out(torch.relu(self.hidden(mean))).squeeze(-1)
        return value


class Dqn:
    """The learner: an online network, a target network, and what is to be made small."""

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        self.network = Network()
        self.online = nn.ModuleDict({"advantage": self.network, "value": Value()}).to(device)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self._settings = settings
        self._steps = 0

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy of the labels and the squared temporal difference."""
        logits = self.network(batch.inputs)
        return hindsight_loss(logits, batch) + self._settings.td_weight * self.td_loss(
            logits, batch
        )

    def td_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean square of target - Q(s, a) over all candidates where there is a next decision."""
        value = self.online["value"](batch.inputs, batch.weight > 0)
        q = value.unsqueeze(1) - torch.sigmoid(logits)
        weight = batch.weight * batch.follows.unsqueeze(1)
        wrong = (self.targets(batch) - q).square() * weight
        mean: Tensor = wrong.sum() / weight.sum().clamp(min=1)
        return mean

    @torch.no_grad()
    def targets(self, batch: Batch) -> Tensor:
        """r(s, a) + gamma Q'(s', a*) for each candidate, shape (n, k)."""
        absent = ~batch.next_there
        online = torch.sigmoid(self.network(batch.next_inputs)).masked_fill(absent, torch.inf)
        best = online.argmin(1, keepdim=True)  # V is the same for all: the least worth keeping
        judged = torch.sigmoid(self.target["advantage"](batch.next_inputs)).gather(1, best)
        value = self.target["value"](batch.next_inputs, batch.next_there).unsqueeze(1)
        target: Tensor = self._settings.discount * (value - judged) - batch.label
        return target

    def stepped(self) -> None:
        """After each step of the optimiser: the target network follows now and then."""
        self._steps += 1
        if self._steps % self._settings.target_steps == 0:
            self.target.load_state_dict(self.online.state_dict())


def hindsight_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Weighted mean of the cross-entropy between sigma(f) and the labels."""
    wrong = nn.functional.binary_cross_entropy_with_logits(
        logits, batch.label, batch.weight, reduction="sum"
    )
    return wrong / batch.weight.sum()
