"""The classics, each as one ranking: the least worth goes first."""

from __future__ import annotations

import numpy as np

from scrubjay_policies.features import AGE, COST, CREDIT, HITS, IDLE, LEFT, SIZE, Features
from scrubjay_policies.policy import Numbers, Policy

# Whether the size and the origin cost of an object count in what a hit is worth, 1 or 0.
OBJECTIVES: dict[str, Numbers] = {
    "object": np.array([1.0, 0.0], dtype=np.float32),
    "byte": np.array([0.0, 0.0], dtype=np.float32),
    "cost": np.array([1.0, 1.0], dtype=np.float32),
}

# Requests without a hit that count as half a hit less: float32 tells recency best around it.
_LONG = np.float32(65_536.0)
_ONE = np.float32(1.0)
_LEAST_COST = np.float32(1e-6)  # seconds; nothing is fetched for nothing
# As many as a network's. With it GDSF and LRU got 0.08 points of hits less to 0.15 more on four
# traces; hyperbolic got up to 0.64 less.
AHEAD = 4


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
    by_size, by_cost = params[0], params[1]
    # x * 1 + 0 is x and x * 0 + 1 is 1, exactly: no branch, and no power, which is slow and
    # need not come out the same everywhere.
    size = features[:, SIZE] * by_size + (_ONE - by_size)
    cost = np.maximum(features[:, COST], _LEAST_COST) * by_cost + (_ONE - by_cost)
    value: Numbers = features[:, HITS] * cost / size
    return value


def greedy_dual(features: Features, params: Numbers) -> Numbers:
    """GreedyDual-Size with Frequency (Cherkasova 1998): value on top of what it had when it
    was asked for last, which loses against newcomers as the cache inflates."""
    return features[:, CREDIT] + _value(features, params)


def hyperbolic(features: Features, params: Numbers) -> Numbers:
    """Requests per time since it came in (Blankstein, Sen, Freedman 2017)."""
    return _value(features, params) / (features[:, AGE] + _ONE)


TTL = Policy("ttl", soonest_to_expire, needs=frozenset({"ttl"}))
LRU = Policy("lru", most_recent, ahead=AHEAD)
LFU = Policy("lfu", most_frequent)
FIFO = Policy("fifo", youngest)


def gdsf(objective: str = "object") -> Policy:
    """GDSF for object hits, byte hits or origin cost.

    A newcomer may be refused, but not for byte hits: there a large one is worth its room.
    """
    params = OBJECTIVES[objective]
    return Policy(
        "gdsf",
        greedy_dual,
        params=params,
        needs=_needs(objective),
        competes=bool(params[0] > 0),
        ahead=AHEAD,
        ages=True,
    )


def hyperbolic_for(objective: str = "object") -> Policy:
    """Hyperbolic caching for object hits, byte hits or origin cost."""
    return Policy("hyperbolic", hyperbolic, params=OBJECTIVES[objective], needs=_needs(objective))


def _needs(objective: str) -> frozenset[str]:
    return frozenset({"cost"} if objective == "cost" else ())
