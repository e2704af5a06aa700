"""Whatever happens to an engine, its books balance."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from policies.engines import known
from scrubjay_policies import Engine, names, policy
from scrubjay_policies import rows as at
from scrubjay_policies.policy import admit_all

CAPACITY = 500
OBJECTS = 12

ids = st.integers(0, 40)
policies = st.builds(
    lambda name, objective, competes: replace(policy(name, objective), competes=competes),
    st.sampled_from(names()),
    st.sampled_from(["object", "byte", "cost"]),
    st.booleans(),
)


class EngineAgainstDict(RuleBasedStateMachine):
    """The model holds the size, hits, birth and last use of each object."""

    @initialize(
        chosen=policies,
        k=st.integers(1, 16),
        batch=st.integers(1, 4),
        seed=st.integers(0, 2**63 - 1),
    )
    def start(self, chosen, k, batch, seed):
        self.engine = Engine(
            chosen, capacity=CAPACITY, max_objects=OBJECTS, k=k, batch=batch, seed=seed
        )
        self.model = {}
        self.now = 0.0

    @rule(
        id=ids,
        size=st.integers(0, 200) | st.integers(CAPACITY - 2, CAPACITY + 3),
        life=st.floats(-100, 1000),
        cost=st.floats(0, 10),
    )
    def offer(self, id, size, life, cost):
        self.engine.tick()
        given = self.engine.offer(id, size, expires=self.now + life, cost=cost, now=self.now)
        before = self.model.pop(id, None)
        fits = max(1, size) <= CAPACITY
        assert given.admitted == (given.reason is None)
        assert (given.reason == "too-large") == (not fits)
        asked = self.engine.policy
        refuses = asked.competes or asked.admit is not admit_all
        assert given.admitted or not fits or refuses
        assert id not in given.evicted
        for victim in given.evicted:
            del self.model[victim]
        if given.admitted:
            born, hits = (before["born"], before["hits"]) if before else (self.engine.clock, 0)
            self.model[id] = {
                "size": max(1, size),
                "born": born,
                "seen": self.engine.clock,
                "hits": hits + 1,
            }

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def touch(self, data):
        id = data.draw(st.sampled_from(sorted(self.model)))
        self.engine.tick()
        self.engine.touch(id)
        self.model[id]["seen"] = self.engine.clock
        self.model[id]["hits"] += 1

    @rule(id=ids)
    def drop(self, id):
        assert self.engine.drop(id) == self.model.pop(id, {"size": 0})["size"]

    @rule(chosen=policies)
    def use(self, chosen):
        self.engine.use(chosen)
        assert self.engine.judge.inflation == 0

    @rule(seconds=st.floats(0, 50))
    def wait(self, seconds):
        self.now += seconds
        self.engine.tick()

    @invariant()
    def the_budget_is_kept_and_adds_up(self):
        assert self.engine.used == sum(each["size"] for each in self.model.values())
        assert self.engine.used <= CAPACITY
        assert len(self.engine) <= OBJECTS

    @invariant()
    def the_engine_holds_what_the_model_holds(self):
        assert set(self.engine.ids()) == set(self.model)
        assert len(self.engine) == len(self.model)
        for id, each in self.model.items():
            row = known(self.engine, id)
            assert {name: row[name] for name in each} == each

    @invariant()
    def numbers_stay_numbers(self):
        assert np.isfinite(self.engine.judge.inflation)
        assert np.isfinite(self.engine._table.rows[: len(self.engine), at.CREDIT]).all()


TestEngineAgainstDict = EngineAgainstDict.TestCase
TestEngineAgainstDict.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", names())
def test_a_sample_larger_than_the_cache_is_all_of_it(name):
    engine = Engine(policy(name), capacity=10**6, max_objects=5, k=64)
    for id in range(20):
        engine.tick()
        engine.offer(id, 10, expires=1e9, cost=0.0, now=0.0)
    assert len(engine) == 5
