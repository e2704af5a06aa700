"""The classics, each as one ranking: the least worth goes first."""

from __future__ import annotations

import numpy as np

from scrubjay_policies.features import AGE, COST, CREDIT, HITS, IDLE, LEFT, SIZE, Features
from scrubjay_policies.policy import Numbers, Policy

# Exponents of size and of origin cost in what a hit is worth.
OBJECTIVES: dict[str, Numbers] = {
    "object": np.array([1.0, 0.0], dtype=np.float32),
    "byte": np.array([0.0, 0.0], dtype=np.float32),
    "cost": np.array([1.0, 1.0], dtype=np.float32),
}

# Requests without a hit that count as half a hit less: float32 tells recency best around it.
_LONG = np.float32(65_536.0)


def soonest_to_expire(features: Features, params: Numbers) -> Numbers:
    """Expired first, then what expires next."""
    return features[:, LEFT]


def most_recent(features: Features, params: Numbers) -> Numbers:
    """Least recently used first."""
    return -features[:, IDLE]


def most_frequent(features: Features, params: Numbers) -> Numbers:
    """Least frequently used first, among equals the least recent."""
    idle = features[:, IDLE]
    return features[:, HITS] - idle / (idle + _LONG)


def youngest(features: Features, params: Numbers) -> Numbers:
    """First in, first out."""
    return -features[:, AGE]


def _value(features: Features, params: Numbers) -> Numbers:
    """Requests, weighed by cost per byte as the objective says."""
    cost = np.maximum(features[:, COST], np.float32(1e-6)) ** params[1]
    value: Numbers = features[:, HITS] * cost / features[:, SIZE] ** params[0]
    return value


def greedy_dual(features: Features, params: Numbers) -> Numbers:
    """GreedyDual-Size with Frequency (Cherkasova 1998): value on top of what it had when it
    was asked for last, which loses against newcomers as the cache inflates."""
    return features[:, CREDIT] + _value(features, params)


def hyperbolic(features: Features, params: Numbers) -> Numbers:
    """Requests per time since it came in (Blankstein, Sen, Freedman 2017)."""
    return _value(features, params) / (features[:, AGE] + np.float32(1.0))


TTL = Policy("ttl", soonest_to_expire)
LRU = Policy("lru", most_recent)
LFU = Policy("lfu", most_frequent)
FIFO = Policy("fifo", youngest)


def gdsf(objective: str = "object") -> Policy:
    """GDSF for object hits, byte hits or origin cost.

    A newcomer may be refused, but not for byte hits: there a large one is worth its room.
    """
    params = OBJECTIVES[objective]
    return Policy("gdsf", greedy_dual, params=params, competes=bool(params[0] > 0), ages=True)


def hyperbolic_for(objective: str = "object") -> Policy:
    """Hyperbolic caching for object hits, byte hits or origin cost."""
    return Policy("hyperbolic", hyperbolic, params=OBJECTIVES[objective])
