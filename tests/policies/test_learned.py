"""The network in numpy, and the same source compiled: scale-free inputs, one order of weights."""

import numpy as np
import pytest

from policies.models import logits, weights
from scrubjay_policies import features as f
from scrubjay_policies import learned
from scrubjay_policies.classic import OBJECTIVES
from scrubjay_policies.features import FEATURES
from scrubjay_policies.policy import admit_all
from scrubjay_replay.compiled import judge

TIMES = [f.IDLE, f.AGE, f.LIFE, f.GAP, f.GAP2, f.COHORT_IDLE, f.TURNOVER]
SINCE = [f.IDLE, f.AGE, f.LIFE, f.COHORT_IDLE]  # one is added to these, so that they are never 0
GAPS = [f.GAP, f.GAP2]
RATIOS = [f.COHORT_AGAIN, f.FOLLOWED, f.KIN, f.MISSES, f.FIRSTS, f.WASTED]


def batch(seed, n=65):
    """Features as a cache has them, a column in one piece; some gaps are none."""
    random = np.random.default_rng(seed)
    seen = np.exp2(random.uniform(0, 16, size=(len(FEATURES), n))).astype(np.float32).T
    seen[:, [*SINCE, *GAPS]] = np.floor(seen[:, [*SINCE, *GAPS]])
    seen[:, [f.HITS, f.COUNT]] = np.floor(seen[:, [f.HITS, f.COUNT]] / 256) + 1
    seen[:, GAPS] *= random.random((n, 2)) < 0.6
    seen[:, f.COST] = random.random(n) * (random.random(n) < 0.8)
    seen[:, [f.TURNOVER, f.MEAN_SIZE]] = np.exp2(random.uniform(0, 16, 2)).astype(np.float32)
    seen[:, RATIOS] = random.random((n, len(RATIOS)))
    seen[:, f.SHARE] = random.random(n)
    return seen


def test_the_logarithm_is_right_to_six_in_a_thousand():
    x = np.exp2(np.linspace(-60, 60, 1_000_003)).astype(np.float32)
    assert np.abs(4 * learned.log16(x) - np.log2(x.astype(float))).max() < 6e-3


def test_the_logarithm_of_nothing_is_three_and_none_is_out_of_range():
    x = np.array([0.0, 1e-37, 1.0, 3e38, np.inf, np.nan], np.float32)
    found = learned.log16(x)
    assert found[0] == 3
    assert np.isfinite(found).all()
    assert (np.diff(found[1:4]) > 0).all()


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
        assert np.abs(one - other).max() < 3e-3  # ten is no power of two
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
        ({"hits": 16}, "hits", 1),
        ({"count": 256}, "count", 2),
        ({"size": 10, "mean_size": 160}, "size/mean", -1),
        ({"count": 20, "life": 15, "turnover": 16}, "rate", 1),
        ({"cohort_idle": 255, "turnover": 16}, "cohort idle/T", 1),
        ({"cohort_count": 256}, "cohort count", 2),
    ],
)
def test_each_input_is_the_logarithm_of_its_ratio(given, name, power):
    assert one(**given)[name] == pytest.approx(power, abs=1.5e-3)


def test_a_gap_that_was_not_is_longer_than_any():
    none = one(gap=0, gap2=0, idle=100, turnover=1000)
    assert (none["gap/T"], none["gap2/T"]) == (3, 3)
    assert one(gap=1000)["gap/T"] < 3


@pytest.mark.parametrize("column", RATIOS)
def test_ratios_are_inputs_as_they_are(column):
    name = FEATURES[column].name
    assert one(**{name: 0.25})[name.replace("_", " ")] == 0.25


def test_names_and_shapes_are_the_order_of_the_weights():
    assert sum(int(np.prod(shape)) for shape in learned.SHAPES.values()) == learned.WEIGHTS
    drawn = weights(3)
    params = learned.drl(drawn, "cost").params
    assert (params[:2] == OBJECTIVES["cost"]).all()
    part, start = {}, 0
    for name, shape in learned.SHAPES.items():
        size = int(np.prod(shape))
        part[name] = drawn[start : start + size].reshape(shape).astype(float)
        start += size
    x = learned.inputs(batch(0))
    hidden = np.maximum(x.T @ part["layer1.weight"] + part["layer1.bias"], 0)
    hidden = np.maximum(hidden @ part["layer2.weight"] + part["layer2.bias"], 0)
    out = hidden @ part["out.weight"] + part["out.bias"]
    assert np.allclose(logits(x, drawn), out, rtol=0, atol=1e-9)


def test_worth_is_the_chance_over_size_and_times_cost_as_the_objective_says():
    seen = batch(1)
    z = logits(learned.inputs(seen), weights())
    chance = np.log2(1 / (1 + np.exp(-z)))
    size, cost = np.log2(seen[:, f.SIZE]), np.log2(np.maximum(seen[:, f.COST], 1e-6))
    for objective, right in [
        ("byte", chance),
        ("object", chance - size),
        ("cost", chance - size + cost),
    ]:
        policy = learned.drl(weights(), objective)
        assert np.abs(4 * policy.worth(seen, policy.params) - right).max() < 0.02


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
