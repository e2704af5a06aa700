"""The learned policy with a guard: expired first, then the network, unless a classic wins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scrubjay_policies.classic import OBJECTIVES, most_recent
from scrubjay_policies.features import LEFT, Features
from scrubjay_policies.learned import drl
from scrubjay_policies.learned import worth as by_network
from scrubjay_policies.policy import Numbers, Policy

# Those that are watched; the first, by the objective, is followed at the start.
GUARDED = ("gdsf", "s3fifo", "own", "sieve", "lru")
BY_BYTES = ("s3fifo", "gdsf", "own", "sieve", "lru")
_ZERO = np.float32(0.0)
_EXPIRED = np.float32(-1e30)


def worth(features: Features, params: Numbers) -> Numbers:
    """What the network says, and less than anything once it has expired."""
    value: Numbers = np.where(features[:, LEFT] <= _ZERO, _EXPIRED, by_network(features, params))
    return value


def hybrid(weights: Numbers, objective: str = "object", *, model: str = "") -> Policy:
    """The policy of a network, guarded by shadow caches of the classics."""
    network = drl(weights, objective, model=model)
    shadows = BY_BYTES if objective == "byte" else GUARDED
    return replace(network, name="hybrid", worth=worth, shadows=shadows)


def exact(name: str, objective: str = "object") -> Policy:
    """A classic that no ranking of a sample makes: the live cache follows its exact shadow."""
    params = OBJECTIVES[objective]
    needs = frozenset({"cost"} if objective == "cost" else ())
    return Policy(name, most_recent, params=params, needs=needs, shadows=(name,))
