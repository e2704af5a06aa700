"""Models that were never trained: weights from a seed, the same everywhere."""

import numpy as np

from scrubjay_policies import learned, model
from scrubjay_policies.rng import draws

TOLD = {"learner": "none", "seed": "7", "trained_on": "[]", "metrics": "{}"}


def weights(seed=1, scale=0.5):
    """From -scale to scale, by our own generator."""
    drawn = draws(seed, 0, learned.WEIGHTS, 2**24) / 2**23 - 1
    return (drawn * scale).astype(np.float32)


def written(folder, seed=1, name="m.safetensors"):
    """A model file."""
    path = folder / name
    model.save(path, weights(seed), TOLD)
    return path


def logits(x, weights):
    """What the policy's network makes of inputs, shape (inputs, n)."""
    ones = np.ones((1, x.shape[1]), np.float32)
    return learned.logits(np.vstack((x, ones)), learned.drl(weights).params)
