"""The compiled simulator does, request by request, what the proxy's own engine does."""

from dataclasses import replace

import numpy as np
import pytest

from parity.worlds import KNOWN, world
from policies.models import weights
from scrubjay_policies import Policy
from scrubjay_policies.features import HITS, IDLE, SIZE
from scrubjay_policies.hybrid import hybrid
from scrubjay_policies.learned import drl
from scrubjay_policies.registry import policy
from scrubjay_replay.prepared import Assumptions, prepare
from scrubjay_replay.simulate import Cache, simulate
from scrubjay_replay.trace import requests

pytestmark = pytest.mark.timeout(1200)  # the first ones compile the simulator


def assert_equal(prepared, policy, cache):
    ours = simulate(prepared, policy, cache)
    plain = simulate(prepared, policy, cache, engine="python")
    assert ours.verdict.tolist() == plain.verdict.tolist()
    assert ours.flags.tolist() == plain.flags.tolist()
    assert (ours.evictions, ours.refusals) == (plain.evictions, plain.refusals)
    return ours


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_400_random_worlds_come_out_the_same(first):
    seen = set()
    for seed in range(first, first + 50):
        one = world(seed)
        through = replace(one.cache, writes_through=seed % 3 == 0)
        ours = assert_equal(one.prepared, one.policy, through)
        seen |= {*zip(ours.verdict.tolist(), ours.flags.tolist(), strict=True)}
    # misses, misses after a check, hits, stale hits, checked, and writes: all were there
    assert seen == {(0, 0), (0, 2), (1, 0), (1, 1), (2, 2), (255, 0)}


def choosy(features, params):
    """Take in what is small."""
    return params[0] - features[:, SIZE]


def by_neighbours(features, params):
    """A worth that depends on who else is a candidate, and is no number for some."""
    odd = np.where(features[:, HITS] > 3, np.float32(np.nan), features[:, IDLE])
    return odd - np.mean(features[:, IDLE])


@pytest.mark.parametrize("competes", [False, True])
def test_admission_not_a_number_and_the_company_of_candidates_come_out_the_same(competes):
    params = np.array([5000.0], dtype=np.float32)
    policy = Policy("odd", by_neighbours, choosy, params=params, competes=competes)
    for seed in range(60):
        one = world(seed)
        assert_equal(one.prepared, policy, one.cache)


def test_a_long_trace_comes_out_the_same():
    one = world(7, length=3000)
    assert assert_equal(one.prepared, one.policy, one.cache).evictions > 100


@pytest.mark.parametrize("held", [8192, 16_384])
@pytest.mark.parametrize("chosen", [policy("gdsf"), drl(weights())], ids=lambda one: one.name)
def test_the_larger_decisions_of_large_caches_come_out_the_same(chosen, held):
    random = np.random.default_rng(held)
    key = np.concatenate((np.arange(held), random.integers(held, 3 * held, size=held // 2)))
    _, key = np.unique(key, return_inverse=True)
    ones = np.ones(len(key))
    trace = requests(np.arange(len(key)), key, 1 + key % 7, ones * 1e9, ones)
    prepared = prepare(trace, KNOWN, Assumptions(), name="large", sha256="")
    cache = Cache(1 << 40, sample=16, batch=4, max_objects=held)
    assert assert_equal(prepared, chosen, cache).evictions > 1000


@pytest.mark.parametrize("name", ["lru", "gdsf"])
def test_one_newcomer_may_take_decisions_of_several_sizes(name):
    key = np.concatenate((np.arange(8300), np.random.default_rng(1).integers(8300, 30_000, 3000)))
    _, key = np.unique(key, return_inverse=True)
    ones = np.ones(len(key))
    sizes = np.where(key % 97 == 0, 1500, 1 + key % 7)  # some drive out hundreds
    trace = requests(np.arange(len(key)), key, sizes, ones * 1e9, ones)
    prepared = prepare(trace, KNOWN, Assumptions(), name="large", sha256="")
    cache = Cache(int(sizes[:8300].sum()), sample=16, batch=4)
    assert assert_equal(prepared, policy(name, "byte"), cache).evictions > 1000


@pytest.mark.parametrize("objective", ["object", "byte", "cost"])
def test_hits_that_are_only_glanced_at_come_out_the_same(objective):
    for seed in range(20):
        one = world(seed, length=600)
        assert_equal(one.prepared, hybrid(weights(seed), objective), one.cache)
