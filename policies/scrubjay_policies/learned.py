"""Worth by a small network: how soon an object is asked for again, size and cost apart.

`sigma(f(x))` estimates exp(-d / (h T)), where d are the requests until the next use and T is the
cache's turnover. Inputs are logarithms of ratios, so that they have no scale of their own: a
network that was trained on some sites works on others. Size and origin cost stay outside the
network, as exponents that the objective chooses; one network serves all objectives.

numpy runs it in the proxy and numba compiles the same source, so it takes no function that need
not come out the same in both: a logarithm of its own, and float64 where sums have an order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies.classic import OBJECTIVES
from scrubjay_policies.features import (
    AGE,
    COHORT_AGAIN,
    COHORT_COUNT,
    COHORT_IDLE,
    COST,
    COUNT,
    GAP2,
    IDLE,
    LIFE,
    MEAN_SIZE,
    SHARE,
    SIZE,
    TURNOVER,
    WASTED,
    Features,
)
from scrubjay_policies.policy import Numbers, Policy, admit_all

INPUTS = (
    "idle/T",
    "age/T",
    "life/T",
    "gap/T",
    "gap2/T",
    "hits",
    "count",
    "cohort idle/T",
    "cohort count",
    "size/mean",
    "rate",
    "cohort again",
    "followed",
    "kin",
    "misses",
    "firsts",
    "wasted",
)
HIDDEN = (32, 16)
# Names and shapes of the weights, in the order in which they follow each other in `params`, after
# the exponents of size and of cost.
SHAPES: dict[str, tuple[int, ...]] = {
    "layer1.weight": (len(INPUTS), 32),
    "layer1.bias": (32,),
    "layer2.weight": (32, 16),
    "layer2.bias": (16,),
    "out.weight": (16,),
    "out.bias": (1,),
}
WEIGHTS = sum(math.prod(shape) for shape in SHAPES.values())  # numbers in all
# In `params` each layer has one unit more, which is always 1 and whose weights are the next one's
# bias: a sum less.
_IN, _ONE_HIDDEN, _TWO_HIDDEN = len(INPUTS) + 1, HIDDEN[0] + 1, HIDDEN[1] + 1
_FIRST = 2 + _IN * _ONE_HIDDEN
_SECOND = _FIRST + _ONE_HIDDEN * _TWO_HIDDEN
CANDIDATES, AHEAD = 64, 4  # what it was trained for: of so many, so many go at once

# Arrays without a dimension: numpy takes them in faster than single numbers.
_ONE = np.array(1.0, np.float32)
_QUARTER = np.array(0.25, np.float32)
_ZERO = np.array(0.0)
_LEAST_COST = np.array(1e-6, np.float32)  # seconds; nothing is fetched for nothing
_PER_LN16 = np.array(-0.36067376022224085)  # nats into powers of 16

# The upper half of a float's bits, sign, exponent and seven bits of the mantissa, leads to the
# logarithm of the numbers that share it.
_HALF = np.array(16, np.int32)
_NONE = 3.0  # what stands for the logarithm of 0: a gap that is none is longer than any
_UPPER = np.minimum(np.arange(1 << 15), (255 << 7) - 1).astype(np.uint32) << 16 | 1 << 15
_LOG16 = (np.log2(_UPPER.view(np.float32)) / 4).astype(np.float32)
_LOG16[0] = _NONE

# What is added to rows of features before the logarithm, so that it is of nothing below 1.
_PLUS = np.zeros((COHORT_COUNT - SIZE + 1, 1), np.float32)
_PLUS[[IDLE - SIZE, AGE - SIZE, LIFE - SIZE, COHORT_IDLE - SIZE]] = 1.0
_LOGARITHMS = len(_PLUS) + 2


def log16(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithm to base 16, to 0.0015, of nothing negative; the same everywhere."""
    return _LOG16.take(x.view(np.int32) >> _HALF)


def scaled(features: Features) -> NDArray[np.float32]:
    """The size, the inputs and ones: float32 of shape (len(INPUTS) + 2, n)."""
    by_name = features.T
    x = np.empty((_LOGARITHMS, len(features)), np.float32)
    np.add(by_name[SIZE : COHORT_COUNT + 1], _PLUS, x[:-2])
    turnover = by_name[TURNOVER]
    spans, idle = x[IDLE - SIZE : GAP2 - SIZE + 1], x[COHORT_IDLE - SIZE]
    np.divide(spans, turnover, spans)
    np.divide(idle, turnover, idle)
    np.divide(x[0], by_name[MEAN_SIZE], x[-2])
    np.add(x[LIFE - SIZE], _QUARTER, x[-1])
    np.divide(x[COUNT - SIZE], x[-1], x[-1])
    found = np.empty((_IN + 1, len(features)), np.float32)
    found[:_LOGARITHMS] = log16(x)
    found[_LOGARITHMS:-1] = by_name[COHORT_AGAIN : WASTED + 1]
    found[-1] = _ONE
    return found


def inputs(features: Features) -> NDArray[np.float32]:
    """What the network sees: float32 of shape (len(INPUTS), n)."""
    return scaled(features)[1:-1]


def logits(x: NDArray[np.float32], params: Numbers) -> NDArray[np.float64]:
    """The network: inputs and a row of ones, of shape (len(INPUTS) + 1, n), to n numbers."""
    weights = params.astype(np.float64)
    hidden = np.dot(weights[2:_FIRST].reshape((_ONE_HIDDEN, _IN)), x.astype(np.float64))
    hidden = np.maximum(hidden, _ZERO)
    hidden = np.dot(weights[_FIRST:_SECOND].reshape((_TWO_HIDDEN, _ONE_HIDDEN)), hidden)
    out: NDArray[np.float64] = np.dot(weights[_SECOND:], np.maximum(hidden, _ZERO))
    return out


def params_of(weights: Numbers) -> Numbers:
    """The layers as `logits` runs them, a unit in each row."""
    sizes = [math.prod(shape) for shape in SHAPES.values()]
    parts = np.split(weights, np.cumsum(sizes)[:-1])
    layers = [part.reshape(shape) for part, shape in zip(parts, SHAPES.values(), strict=True)]
    found = []
    for layer in (np.vstack(layers[:2]), np.vstack(layers[2:4])):
        one = np.zeros((1, len(layer)), np.float32)
        one[0, -1] = 1.0
        found += [layer.T.ravel(), one.ravel()]
    return np.concatenate((*found, *layers[4:]))


def worth(features: Features, params: Numbers) -> Numbers:
    """Logarithm of the chance of an early next use, over size and times cost as the objective
    says."""
    x = scaled(features)
    chance = np.logaddexp(_ZERO, -logits(x[1:], params)) * _PER_LN16
    value: Numbers = chance.astype(np.float32) - params[0] * x[0]
    if params[1] != 0:
        value += params[1] * log16(np.maximum(features.T[COST], _LEAST_COST))
    return value


def admit(features: Features, params: Numbers) -> Numbers:
    """For bytes: nothing unknown above a tenth of the cache (S3-FIFO's hidden edge)."""
    refused = (features[:, SHARE] > np.float32(0.1)) & (features[:, COUNT] < np.float32(2.0))
    return np.where(refused, np.float32(-1.0), _ONE)


def drl(weights: Numbers, objective: str = "object", *, model: str = "") -> Policy:
    """The policy of a network, float32 of shape (WEIGHTS,), for hits of objects, bytes, or cost.

    Where size counts a newcomer may be refused; for bytes only what is unknown and large is.
    `model` is the SHA-256 of the weights' file, if they come from one.
    """
    by_bytes = objective == "byte"
    return Policy(
        "drl",
        worth,
        admit if by_bytes else admit_all,
        params=np.concatenate((OBJECTIVES[objective], params_of(weights))),
        needs=frozenset({"cost"} if objective == "cost" else ()),
        competes=not by_bytes,
        remembers=True,
        ahead=AHEAD,
        model=model,
    )
