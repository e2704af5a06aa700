"""Small random worlds: a trace with lifetimes and changes, a policy, and too small a cache."""

from dataclasses import dataclass

import numpy as np

from policies.models import weights
from scrubjay_policies.learned import drl
from scrubjay_policies.registry import BUILT_IN, policy
from scrubjay_replay.prepared import Assumptions, Prepared, prepare
from scrubjay_replay.simulate import Cache
from scrubjay_replay.trace import requests

OBJECTIVES = ("object", "byte", "cost")
KNOWN = frozenset({"at", "key", "size", "ttl", "cost", "write"})
EPOCH = 1_000_000_000.0  # before any Date an origin sends, so that every answer is of age 0


@dataclass(frozen=True)
class World:
    """What is simulated twice and must come out once."""

    seed: int
    prepared: Prepared
    policy: object
    cache: Cache


def world(seed: int, *, length: int = 150, costs: bool = True) -> World:
    """Everything drawn from a seed; whole seconds, and one lifetime an object, as HTTP has it."""
    random = np.random.default_rng(seed)
    objects = int(random.integers(2, 60))
    popularity = 1.0 / np.arange(1, objects + 1) ** random.uniform(0.3, 1.3)
    ids = random.choice(objects, size=length, p=popularity / popularity.sum())
    _, key = np.unique(ids, return_inverse=True)
    sizes = random.integers(0, random.choice([2, 100, 20_000]), size=objects)
    lives = random.choice([0, 3, 20, 100, 10_000], size=objects)
    trace = requests(
        np.cumsum(random.integers(0, 4, size=length)),
        key,
        sizes[key],
        lives[key],
        random.random(length) if costs else np.zeros(length),
        write=random.random(length) < random.choice([0.0, 0.1, 0.4]),
    )
    prepared = prepare(trace, KNOWN, Assumptions(), name=f"world {seed}", sha256="")
    sample = int(random.integers(1, 20))
    cache = Cache(
        max(1, int(prepared.footprint * random.uniform(0.02, 0.9))),
        sample,
        int(random.integers(1, sample + 1)),
        int(random.integers(0, 1 << 62)),
        max_objects=int(random.choice([3, 10_000])),
        epoch=EPOCH,
    )
    name, objective = str(random.choice([*BUILT_IN])), str(random.choice(OBJECTIVES))
    # The learned policy with a model of the world's own: weights in which nobody believes.
    chosen = drl(weights(seed), objective) if name == "drl" else policy(name, objective)
    return World(seed, prepared, chosen, cache)
