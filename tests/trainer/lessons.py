"""Small traces to learn from, and episodes made by hand."""

from dataclasses import replace

import numpy as np

from scrubjay_policies.learned import INPUTS
from scrubjay_replay.prepared import Assumptions, prepare
from scrubjay_replay.trace import requests
from scrubjay_trainer.episodes import NONE, Episodes
from scrubjay_trainer.settings import Settings

# Two epochs are too few to be good and enough to see whether anything is learned.
QUICK = Settings(sizes=(0.05,), decisions=150, epochs=3, batch=256, steps=1)
KNOWN = frozenset({"at", "key", "size"})


def scanned(count=40_000, seed=1):
    """Seven requests of ten by Zipf for 2,000 objects, three for what nobody wants again."""
    random = np.random.default_rng(seed)
    rank = np.arange(1, 2001) ** -0.9
    keys = random.choice(2000, count, p=rank / rank.sum())
    once = random.random(count) < 0.3
    keys[once] = 2000 + np.arange(once.sum())
    return dense(keys)


def dense(keys):
    """Numbered by first appearance, as a reader does it."""
    _, first, back = np.unique(keys, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[back]


def ready(keys, size=10, name="t", **more):
    """One request a second."""
    trace = requests(np.arange(len(keys), dtype=float), keys, [size] * len(keys), **more)
    return prepare(trace, KNOWN, Assumptions(), name=name, sha256="ab" * 32)


def episodes(count=40, k=5, seed=0):
    """Decisions at random, in which what was idle for long is not asked for soon."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(count, k, len(INPUTS))).astype(np.float32)
    wait = np.exp(2 * inputs[:, :, 0]).astype(np.float32)
    following = np.append(np.arange(1, count), NONE)
    return Episodes(inputs, wait, np.ones((count, k), np.float32), following)


def settings(**changed):
    return replace(QUICK, **changed)


def write_csv(path, keys, size=10):
    lines = (f"{at},k{key},{size}\n" for at, key in enumerate(keys))
    path.write_text("time,key,size\n" + "".join(lines), encoding="utf-8")
    return path
