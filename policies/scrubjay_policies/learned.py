"""Worth by a small network: how soon an object is asked for again, size and cost apart.

`sigma(f(x))` estimates exp(-d / (h T)), where d are the requests until the next use and T is the
cache's turnover. Inputs are logarithms of ratios, so that they have no scale of their own: a
network that was trained on some sites works on others. Size and origin cost stay outside the
network, as exponents that the objective chooses; one network serves all objectives.

numpy runs it in the proxy and numba compiles the same source, so it takes no function that need
not come out the same in both: a logarithm of its own, and float64 where sums have an order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies.classic import OBJECTIVES
from scrubjay_policies.features import (
    COST,
    COUNT,
    MEAN_SIZE,
    MISSES,
    SHARE,
    SIZE,
    TURNOVER,
    Features,
)
from scrubjay_policies.policy import Numbers, Policy, admit_all

INPUTS = (
    "idle/T",
    "age/T",
    "life/T",
    "gap/T",
    "gap2/T",
    "gap3/T",
    "hits",
    "count",
    "size/mean",
    "rate",
    "gap/idle",
    "misses",
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
WEIGHTS = 961  # numbers in all
CANDIDATES, AHEAD = 64, 4  # what it was trained for: of so many, so many go at once

# Arrays without a dimension: numpy takes them in faster than single numbers.
_ONE = np.array(1.0, np.float32)
_QUARTER = np.array(0.25, np.float32)
_ZERO = np.array(0.0)
_LEAST, _MOST = np.array(-3.0, np.float32), np.array(3.0, np.float32)  # logarithms beyond are cut
_LEAST_COST = np.array(1e-6, np.float32)  # seconds; nothing is fetched for nothing
_LN16 = 2.772588722239781

# The bits of a float, as a whole number, are nearly its logarithm: the exponent, and after the
# point the mantissa f, where log2(1 + f) should be. A polynomial in f adds what is missing.
_BIT, _MANTISSA = np.array(1, np.uint32), np.array(0x007FFFFF, np.uint32)
_UNIT = np.array(0.25 / (1 << 23), np.float32)  # of the bits, in powers of 16
_C0 = np.array(0.25 * (8.758392635272588e-05 - 127), np.float32)
_C1 = np.array(0.25 * 0.4377045975528078 / (1 << 23), np.float32)
_C2 = np.array(0.25 * -0.6749430268700299 / (1 << 46), np.float32)
_C3 = np.array(0.25 * 0.31867855297458697 / (1 << 69), np.float32)
_C4 = np.array(0.25 * -0.08161529074048277 / (1 << 92), np.float32)


def log16(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithm to base 16, to 3e-5, the same everywhere; of 0 it is above that of all others.

    Takes one dimension, and nothing negative.
    """
    bits = x.view(np.uint32) - _BIT  # 0 becomes the largest there is
    f = (bits & _MANTISSA).astype(np.float32)
    missing = (((f * _C4 + _C3) * f + _C2) * f + _C1) * f + _C0
    return bits.astype(np.float32) * _UNIT + missing


def logarithms(features: Features) -> NDArray[np.float32]:
    """Of the size, of the twelve inputs, not cut yet, and of the cost: shape (14, n)."""
    by_name = features.T
    x = np.empty((14, len(features)), np.float32)
    x[:9] = by_name[SIZE : COUNT + 1]  # size, idle, age, life, three gaps, hits, count
    x[1:4] += _ONE
    np.divide(x[4], x[1], x[11])
    x[1:7] /= by_name[TURNOVER]
    np.divide(x[0], by_name[MEAN_SIZE], x[9])
    np.add(x[3], _QUARTER, x[10])
    np.divide(x[8], x[10], x[10])
    x[12] = by_name[MISSES]
    x[13] = np.maximum(by_name[COST], _LEAST_COST)
    return log16(x.reshape(-1)).reshape(x.shape)


def inputs(features: Features) -> NDArray[np.float32]:
    """What the network sees: float32 of shape (len(INPUTS), n), from -3 to 3."""
    return np.minimum(np.maximum(logarithms(features)[1:13], _LEAST), _MOST)


def logits(x: NDArray[np.float32], params: Numbers) -> NDArray[np.float64]:
    """The network: inputs of shape (12, n) to n numbers; weights follow each other in `params`."""
    weights = params[2:].astype(np.float64)
    hidden = x.astype(np.float64).T @ weights[:384].reshape((12, 32))
    hidden = np.maximum(hidden + weights[384:416], _ZERO) @ weights[416:928].reshape((32, 16))
    hidden = np.maximum(hidden + weights[928:944], _ZERO)
    out: NDArray[np.float64] = hidden @ weights[944:960] + weights[960]
    return out


def worth(features: Features, params: Numbers) -> Numbers:
    """Logarithm of the chance of an early next use, over size and times cost as the objective
    says."""
    x = logarithms(features)
    z = logits(np.minimum(np.maximum(x[1:13], _LEAST), _MOST), params)
    chance = np.logaddexp(0.0, -z) * (-1.0 / _LN16)
    value: Numbers = chance.astype(np.float32) - params[0] * x[0] + params[1] * x[13]
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
        params=np.concatenate((OBJECTIVES[objective], weights)),
        needs=frozenset({"cost"} if objective == "cost" else ()),
        competes=not by_bytes,
        remembers=True,
        ahead=AHEAD,
        model=model,
    )
