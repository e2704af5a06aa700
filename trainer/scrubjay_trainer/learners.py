"""The learners by name: the DQN, and two without reinforcement learning to compare it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from scrubjay_trainer import reward
from scrubjay_trainer.dqn import Batch, Dqn, hindsight_loss
from scrubjay_trainer.network import Network
from scrubjay_trainer.settings import Settings

Labels = NDArray[np.float32]


class Learner(Protocol):
    """A network, all that learns with it, and a loss."""

    @property
    def network(self) -> Network: ...

    @property
    def online(self) -> nn.Module: ...

    def loss(self, batch: Batch) -> Tensor: ...

    def stepped(self) -> None: ...


class Hindsight:
    """The DQN without V and without temporal differences: the labels alone."""

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        self.online = self.network = Network().to(device)

    def loss(self, batch: Batch) -> Tensor:
        return hindsight_loss(self.network(batch.inputs), batch)

    def stepped(self) -> None:
        return None


class LogWait(Hindsight):
    """Ranks by the logarithm of the wait, regressed as in LRB (Song 2020).

    f estimates -ln(wait in turnovers), so that sigma(f) is 1 / (1 + wait) to the policy.
    """

    def loss(self, batch: Batch) -> Tensor:
        wrong = (self.network(batch.inputs) + batch.label).square() * batch.weight
        mean: Tensor = wrong.sum() / batch.weight.sum()
        return mean


@dataclass(frozen=True, slots=True)
class Recipe:
    """A learner and what it is to estimate."""

    make: Callable[[Settings, str], Learner]
    label: Callable[[reward.Waits, Settings], Labels]


def _chance(wait: reward.Waits, settings: Settings) -> Labels:
    return reward.chance(wait, settings.horizon, settings.unseen)


def _log_wait(wait: reward.Waits, settings: Settings) -> Labels:
    return reward.log_wait(wait, settings.unseen)


LEARNERS = {
    "dqn": Recipe(Dqn, _chance),
    "hindsight": Recipe(Hindsight, _chance),
    "ltr": Recipe(LogWait, _log_wait),
}
