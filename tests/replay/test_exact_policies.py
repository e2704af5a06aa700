"""The policies that follow an exact shadow hit where the published algorithms do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scrubjay_policies import policy
from scrubjay_replay import baselines
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.prepared import Assumptions, prepare
from scrubjay_replay.simulate import Cache, simulate
from scrubjay_replay.trace import requests

pytest.importorskip("libcachesim", reason="there are wheels for Linux only")

CAPACITY = 20_000


@pytest.fixture(scope="module")
def prepared():
    """Twenty thousand requests for objects of 1 to 199 bytes, a few of them asked for often."""
    chance = np.random.default_rng(7)
    keys = chance.zipf(1.2, 20_000) % 3000
    keys = np.unique(keys, return_inverse=True)[1]
    sizes = chance.integers(1, 200, 3000)
    trace = requests(range(len(keys)), keys, sizes[keys])
    return prepare(trace, frozenset({"key", "size"}), Assumptions(), name="", sha256="")


def hits(prepared, name):
    """Those of the exact shadow of that name, which the live cache follows."""
    chosen = replace(policy("sieve"), shadows=(name,))
    return simulate(prepared, chosen, Cache(CAPACITY)).verdict == Verdict.HIT


@pytest.mark.parametrize("name", ["lru", "sieve"])
def test_each_request_that_hits_in_libcachesim_hits_and_hardly_another(prepared, name):
    theirs, ours = baselines.run(name, prepared.trace, CAPACITY).hit, hits(prepared, name)
    assert not (theirs & ~ours).any()
    assert (ours & ~theirs).sum() < 20  # what the shadow let go of and there was still room for


@pytest.mark.parametrize(("name", "points"), [("s3fifo", 0.1), ("gdsf", 0.5)])
def test_the_hits_are_as_many_as_in_libcachesim_within_rounding(prepared, name, points):
    ours = hits(prepared, name).mean()
    theirs = baselines.run(name, prepared.trace, CAPACITY).hit.mean()
    assert 100 * ours == pytest.approx(100 * theirs, abs=points)
