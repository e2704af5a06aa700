"""The network in numpy, and the same source compiled: scale-free inputs, one order of weights."""

import numpy as np
import pytest

from policies.models import weights
from scrubjay_policies import features as f
from scrubjay_policies import learned
from scrubjay_policies.classic import OBJECTIVES
from scrubjay_policies.features import FEATURES
from scrubjay_policies.policy import admit_all
from scrubjay_replay.compiled import judge

TIMES = [f.IDLE, f.AGE, f.LIFE, f.GAP, f.GAP2, f.GAP3, f.TURNOVER]
SINCE = [f.IDLE, f.AGE, f.LIFE]  # one is added to these, so that they are never 0
GAPS = [f.GAP, f.GAP2, f.GAP3]


def batch(seed, n=65):
    """Features as a cache has them, a column in one piece; some gaps are none."""
    random = np.random.default_rng(seed)
    seen = np.exp2(random.uniform(0, 16, size=(len(FEATURES), n))).astype(np.float32).T
    seen[:, [*SINCE, *GAPS]] = np.floor(seen[:, [*SINCE, *GAPS]])
    seen[:, [f.HITS, f.COUNT]] = np.floor(seen[:, [f.HITS, f.COUNT]] / 256) + 1
    seen[:, GAPS] *= random.random((n, 3)) < 0.6
    seen[:, f.COST] = random.random(n) * (random.random(n) < 0.8)
    seen[:, [f.TURNOVER, f.MEAN_SIZE]] = np.exp2(random.uniform(0, 16, 2)).astype(np.float32)
    seen[:, f.MISSES] = random.uniform(0.001, 1)
    seen[:, f.SHARE] = random.random(n)
    return seen


def test_the_logarithm_is_right_to_three_in_ten_thousand():
    x = np.exp2(np.linspace(-60, 60, 1_000_003)).astype(np.float32)
    assert np.abs(4 * learned.log16(x) - np.log2(x.astype(float))).max() < 3e-4


def test_the_logarithm_of_nothing_is_above_all_others():
    x = np.array([0.0, 1e-38, 1.0, 3e38], np.float32)
    assert learned.log16(x).argmax() == 0


def test_inputs_do_not_see_the_unit_of_time_or_size():
    for seed in range(20):
        seen = batch(seed)
        scaled = seen.copy("K")
        scaled[:, SINCE] += 1
        scaled[:, TIMES] *= 8
        scaled[:, SINCE] -= 1
        scaled[:, [f.SIZE, f.MEAN_SIZE]] *= 10
        one, other = learned.inputs(seen), learned.inputs(scaled)
        by_size = learned.INPUTS.index("size/mean")
        assert np.abs(one - other).max() < 4e-6  # ten is no power of two
        assert (np.delete(one, by_size, 0) == np.delete(other, by_size, 0)).all()
        assert np.ptp(one) > 3


def one(**columns):
    """Inputs of a single object by name; it is like all others but for these."""
    seen = np.ones((1, len(FEATURES)), np.float32)
    for name, value in columns.items():
        seen[0, getattr(f, name.upper())] = value
    return dict(zip(learned.INPUTS, learned.inputs(seen)[:, 0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("given", "name", "power"),
    [
        ({"idle": 255, "turnover": 16}, "idle/T", 1),
        ({"age": 3, "turnover": 64}, "age/T", -1),
        ({"life": 0, "turnover": 256}, "life/T", -2),
        ({"gap": 32, "turnover": 2}, "gap/T", 1),
        ({"gap2": 1, "turnover": 16}, "gap2/T", -1),
        ({"gap3": 16}, "gap3/T", 1),
        ({"hits": 16}, "hits", 1),
        ({"count": 256}, "count", 2),
        ({"size": 10, "mean_size": 160}, "size/mean", -1),
        ({"count": 20, "life": 15, "turnover": 16}, "rate", 1),
        ({"gap": 64, "idle": 3}, "gap/idle", 1),
        ({"misses": 1 / 16}, "misses", -1),
    ],
)
def test_each_input_is_the_logarithm_of_its_ratio(given, name, power):
    assert one(**given)[name] == pytest.approx(power, abs=1e-4)


def test_a_gap_that_was_not_is_longer_than_any():
    none = one(gap=0, gap2=0, gap3=0, idle=100, turnover=1000)
    assert [none[name] for name in ("gap/T", "gap2/T", "gap3/T", "gap/idle")] == [3] * 4


def test_inputs_end_at_plus_and_minus_three():
    far = one(idle=1e9, turnover=1, size=1, mean_size=1e9, gap=1)
    assert (far["idle/T"], far["size/mean"], far["gap/idle"]) == (3, -3, -3)


def test_names_and_shapes_are_the_order_of_the_weights():
    assert sum(int(np.prod(shape)) for shape in learned.SHAPES.values()) == learned.WEIGHTS
    drawn = weights(3)
    params = learned.drl(drawn, "cost").params
    assert (params[:2] == OBJECTIVES["cost"]).all()
    part, start = {}, 2
    for name, shape in learned.SHAPES.items():
        size = int(np.prod(shape))
        part[name] = params[start : start + size].reshape(shape).astype(float)
        start += size
    x = learned.inputs(batch(0))
    hidden = np.maximum(x.T @ part["layer1.weight"] + part["layer1.bias"], 0)
    hidden = np.maximum(hidden @ part["layer2.weight"] + part["layer2.bias"], 0)
    out = hidden @ part["out.weight"] + part["out.bias"]
    assert np.allclose(learned.logits(x, params), out, rtol=0, atol=1e-9)


def test_worth_is_the_chance_over_size_and_times_cost_as_the_objective_says():
    seen = batch(1)
    z = learned.logits(learned.inputs(seen), learned.drl(weights()).params)
    chance = np.log2(1 / (1 + np.exp(-z)))
    size, cost = np.log2(seen[:, f.SIZE]), np.log2(np.maximum(seen[:, f.COST], 1e-6))
    for objective, right in [
        ("byte", chance),
        ("object", chance - size),
        ("cost", chance - size + cost),
    ]:
        policy = learned.drl(weights(), objective)
        assert np.abs(4 * policy.worth(seen, policy.params) - right).max() < 1e-3


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_numpy_and_compiled_numba_give_the_same_bits(objective):
    for seed in range(150):
        policy = learned.drl(weights(seed, scale=0.1 + seed % 5), objective)
        seen = batch(seed, n=2 + seed % 90)
        ours = np.zeros(len(seen), np.float32)
        judge(policy.worth)(seen, policy.params, ours)
        plain = policy.worth(seen, policy.params) + np.float32(0)  # a zero's sign is no matter
        assert ours.tobytes() == plain.tobytes()
        judge(policy.admit)(seen, policy.params, ours)
        assert ours.tobytes() == policy.admit(seen, policy.params).tobytes()


def test_for_bytes_only_what_is_unknown_and_large_is_refused():
    assert learned.drl(weights(), "object").admit is admit_all
    assert learned.drl(weights(), "object").competes
    policy = learned.drl(weights(), "byte")
    assert not policy.competes
    seen = np.zeros((4, len(FEATURES)), np.float32)
    seen[:, f.SHARE] = [0.05, 0.2, 0.05, 0.2]
    seen[:, f.COUNT] = [1, 1, 2, 2]
    assert (policy.admit(seen, policy.params) > 0).tolist() == [True, False, True, True]
