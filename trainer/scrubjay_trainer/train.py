"""Fit a learner to episodes: several epochs, the best of them by validation loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scrubjay_replay.errors import UseError
from scrubjay_trainer.dqn import Batch
from scrubjay_trainer.episodes import Episodes
from scrubjay_trainer.learners import LEARNERS, Learner
from scrubjay_trainer.network import weights
from scrubjay_trainer.settings import Settings

LEAST_STEPS = 10  # of a one-cycle schedule, which has no shape below


class Epoch(NamedTuple):
    """Losses of one pass."""

    epoch: int
    loss: float
    validation: float


Told = Callable[[int, int, float, float], None]  # step, steps, loss, validation loss


@dataclass(frozen=True, slots=True)
class Fitted:
    """The weights of the best epoch, and how all of them went."""

    weights: NDArray[np.float32]
    curve: tuple[Epoch, ...]
    best: Epoch


class Shelf(NamedTuple):
    """Episodes as tensors, where the learner computes."""

    inputs: Tensor
    label: Tensor
    weight: Tensor
    following: Tensor

    def batch(self, which: Tensor) -> Batch:
        """Some decisions and what follows them."""
        after = self.following[which]
        follows = after >= 0
        after = after.clamp(min=0)
        return Batch(
            self.inputs[which],
            self.label[which],
            self.weight[which],
            self.inputs[after],
            self.weight[after] > 0,
            follows,
        )


def fit(
    training: Episodes,
    validation: Episodes,
    learner: str,
    settings: Settings,
    *,
    device: str = "cpu",
    tell: Told = lambda *_: None,
) -> Fitted:
    """Learn from decisions; the same seed gives the same weights on the same device."""
    torch.set_num_threads(settings.threads)
    recipe = LEARNERS[learner]
    here, there = (
        _shelf(some, recipe.label(some.wait, settings), device) for some in (training, validation)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        made = recipe.make(settings, device)
        return _epochs(made, here, there, settings, tell)


def decisions_per_batch(decisions: int, rows: int, settings: Settings) -> int:
    """How many decisions of so many rows make a batch: less where an epoch had too few steps.

    One trace is a tenth of a dozen, and with the same batches its network would stay untrained.
    """
    return max(1, min(settings.batch // rows, decisions // settings.steps))


def _epochs(made: Learner, here: Shelf, there: Shelf, settings: Settings, tell: Told) -> Fitted:
    per_batch = decisions_per_batch(len(here.weight), here.weight.shape[1], settings)
    steps = settings.epochs * -(-len(here.weight) // per_batch)
    optimiser = torch.optim.AdamW(
        made.online.parameters(), settings.rate, weight_decay=settings.decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.rate, total_steps=max(steps, LEAST_STEPS) + 1
    )
    curve: list[Epoch] = []
    best, best_weights, done = None, weights(made.network), 0
    for epoch in range(1, settings.epochs + 1):
        losses: list[Tensor] = []
        for which in _shuffled(len(here.weight), per_batch):
            loss = made.loss(here.batch(which.to(here.weight.device)))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            made.stepped()
            losses.append(loss.detach())
            done += 1
            tell(done, steps, float(losses[-1]), curve[-1].validation if curve else float("nan"))
        curve.append(Epoch(epoch, _mean(losses), _validated(made, there, per_batch)))
        if not np.isfinite(curve[-1].validation):
            break
        if best is None or curve[-1].validation < best.validation:
            best, best_weights = curve[-1], weights(made.network)
        elif epoch - best.epoch >= settings.patience:
            break
    if best is None:
        raise UseError("the loss is not finite", hint="Learn more slowly, or from other traces.")
    return Fitted(best_weights, tuple(curve), best)


def _shelf(episodes: Episodes, label: NDArray[np.float32], device: str) -> Shelf:
    columns = (episodes.inputs, label, episodes.weight, episodes.following)
    return Shelf(*(torch.from_numpy(np.ascontiguousarray(one)).to(device) for one in columns))


def _shuffled(count: int, per_batch: int) -> Iterator[Tensor]:
    order = torch.randperm(count)
    yield from (order[start : start + per_batch] for start in range(0, count, per_batch))


@torch.no_grad()
def _validated(made: Learner, there: Shelf, per_batch: int) -> float:
    count = len(there.weight)
    every = torch.arange(count, device=there.weight.device)
    starts = range(0, count, per_batch)
    return _mean([made.loss(there.batch(every[at : at + per_batch])) for at in starts])


def _mean(losses: list[Tensor]) -> float:
    return float(torch.stack(losses).mean())
