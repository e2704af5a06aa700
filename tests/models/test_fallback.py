"""A policy that fails is stood in for, and every such decision is counted by its reason."""

import numpy as np
import pytest

from policies.models import weights
from scrubjay_policies import classic
from scrubjay_policies.engine import Engine
from scrubjay_policies.features import FEATURES
from scrubjay_policies.learned import drl
from scrubjay_policies.policy import Policy, admit_all
from scrubjay_proxy.events import Events
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.models.fallback import PATIENCE, REST, Fallback, stand_in

SEEN = np.arange(1.0, 1.0 + 5 * len(FEATURES), dtype=np.float32).reshape(5, len(FEATURES))


class Timer:
    """Seconds, going on only when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class World:
    """A fall-back, and a policy whose answers the test chooses."""

    def __init__(self, objective="object", deadline=0.005):
        self.timer, self.meter, self.events = Timer(), Meter(), Events(lambda: 0.0)
        self.fallback = Fallback(
            objective=objective,
            deadline=deadline,
            timer=self.timer,
            meter=self.meter,
            events=self.events,
        )
        self.answer, self.takes, self.calls = "sound", 0.0, 0
        self.stand_in = stand_in(objective)
        self.policy = self.fallback.around(Policy("mine", self.worth, admit=self.admit))

    def worth(self, features, params):
        self.calls += 1
        self.timer.now += self.takes
        match self.answer:
            case "raises":
                raise ValueError("no idea")
            case "nan":
                return np.full(len(features), np.nan, np.float32)
            case "short":
                return np.zeros(len(features) - 1, np.float32)
        return np.full(len(features), 7.0, np.float32)

    admit = worth

    def decide(self):
        """Whether the policy itself decided, or what stands in for it."""
        found = self.policy.worth(SEEN, self.policy.params)
        plain = self.stand_in.worth(SEEN, self.stand_in.params)
        return "policy" if (found == 7.0).all() else "classic" if (found == plain).all() else found

    @property
    def counted(self):
        counts = self.meter.tallies["scrubjay_decision_fallbacks_total"].counts
        return {labels[0]: count for labels, count in counts.items() if count}

    @property
    def told(self):
        return [one.kind for one in self.events.since(0)]


@pytest.mark.parametrize("objective", ["object", "byte", "cost"])
@pytest.mark.parametrize(
    ("answer", "reason"), [("raises", "error"), ("nan", "not-finite"), ("short", "not-finite")]
)
def test_a_decision_that_fails_is_made_by_a_classic(objective, answer, reason):
    world = World(objective)
    assert world.decide() == "policy"
    world.answer = answer
    assert world.decide() == "classic"
    assert world.counted == {reason: 1}


def test_after_some_failures_in_a_row_it_is_left_alone_for_a_while():
    world = World()
    world.answer = "raises"
    for _ in range(PATIENCE + 2):
        assert world.decide() == "classic"
    assert world.calls == PATIENCE
    assert world.counted == {"error": PATIENCE + 2}
    assert world.told == ["fallback-started"]
    world.timer.now += REST
    world.answer = "sound"
    assert world.decide() == "policy"
    assert world.told == ["fallback-started", "fallback-ended"]


def test_one_more_failure_after_the_rest_is_one_more_rest_and_no_news():
    world = World()
    world.answer = "raises"
    for _ in range(PATIENCE):
        world.decide()
    world.timer.now += REST
    world.decide()
    world.decide()
    assert world.calls == PATIENCE + 1
    assert world.told == ["fallback-started"]


def test_failures_between_which_all_is_well_are_counted_one_by_one():
    world = World()
    for _ in range(PATIENCE):
        world.answer = "raises"
        assert world.decide() == "classic"
        world.answer = "sound"
        assert world.decide() == "policy"
    assert world.told == []


def test_what_is_late_again_and_again_is_given_a_rest():
    world = World(deadline=0.005)
    world.takes = 0.006
    assert [world.decide() for _ in range(PATIENCE + 1)] == ["policy"] * PATIENCE + ["classic"]
    assert world.counted == {"deadline": 1}
    world.timer.now += REST
    world.takes = 0.004
    assert world.decide() == "policy"


def test_without_a_deadline_nothing_is_late():
    world = World(deadline=0.0)
    world.takes = 10.0
    assert [world.decide() for _ in range(2 * PATIENCE)] == ["policy"] * 2 * PATIENCE


def test_whether_to_take_in_is_guarded_too():
    world = World()
    world.answer = "raises"
    assert (world.policy.admit(SEEN, world.policy.params) > 0).all()
    assert world.counted == {"error": 1}


def test_another_policy_begins_with_a_clean_record():
    world = World()
    world.answer = "raises"
    for _ in range(PATIENCE):
        world.decide()
    world.policy = world.fallback.around(Policy("mine", world.worth))
    assert world.decide() == "classic"
    world.answer = "sound"
    assert world.decide() == "policy"
    assert world.told == ["fallback-started", "fallback-ended"]


def test_classics_stay_as_they_are():
    world = World()
    assert world.fallback.around(classic.LRU) is classic.LRU


def test_a_guarded_model_decides_as_it_would_alone():
    world = World()
    plain = drl(weights(), model="ab")
    guarded = world.fallback.around(plain)
    assert (guarded.name, guarded.model, guarded.admit) == ("drl", "ab", admit_all)

    def left(policy):
        engine = Engine(policy, capacity=4000, max_objects=1000, seed=3)
        for id in range(400):
            engine.tick()
            engine.offer(id * id % 97, 10 + id, expires=1e9, cost=0.1, now=0.0)
        return sorted(engine.ids())

    assert left(guarded) == left(plain)
    assert world.counted == {}
