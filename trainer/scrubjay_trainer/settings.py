"""Every number of a training in one place."""

from __future__ import annotations

from dataclasses import dataclass

from scrubjay_policies.learned import CANDIDATES


@dataclass(frozen=True, slots=True)
class Settings:
    """How decisions are logged, labelled and learned from."""

    # Which part of each trace, and which caches.
    from_share: float = 0.0  # of the rows: where the training part begins
    to_share: float = 0.5  # and where it ends; the rest stays unseen
    sizes: tuple[float, ...] = (0.01, 0.05, 0.1)  # of the footprint of that part

    # Logging: sampled LRU runs, and a share of its decisions is written down.
    decisions: int = 400  # at most, of one trace at one size
    candidates: int = CANDIDATES  # drawn for each decision; the newcomer comes on top
    batch_evicted: int = 4  # most victims of one decision

    # Labels.
    horizon: float = 0.15  # turnovers in which the worth of a next use falls to 1/e
    unseen: float = 16.0  # turnovers after which an object counts as not asked for again
    window: float = 2.0  # turnovers that must follow a decision; beyond, a label is under 2e-6
    newcomer_weight: float = 3.0  # of the newcomer's row; a candidate's weighs 1
    beside_weight: float = 1 / 3  # of all rows of the traces that are learned from beside

    # Optimisation: AdamW, its rate rising and falling once.
    seed: int = 0
    epochs: int = 6
    batch: int = 4096  # rows, in whole decisions, at most
    steps: int = 100  # of the optimiser in an epoch, at least: of little, batches are smaller
    rate: float = 4e-3  # learning rate at its peak
    decay: float = 1e-5  # of weights
    held_out: float = 0.2  # share of each run's decisions, the last ones, for validation
    patience: int = 3  # epochs without a better validation loss before it stops
    threads: int = 1  # of the processor: more change the last bits of sums

    # Reinforcement learning (learner dqn).
    discount: float = 0.9  # of the next logged decision
    td_weight: float = 1.0  # of the temporal difference, beside the labels' cross-entropy
    target_steps: int = 100  # optimiser steps between two copies into the target network
