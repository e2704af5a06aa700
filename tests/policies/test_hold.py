"""Lifetimes learned from contacts: the estimates, the best lifetime, the budget."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrubjay_policies import hold
from scrubjay_policies.hold import Books, Seen, Terms

TERMS = Terms(0.01)


class Origin:
    """Objects of one class, in books of their own; their versions come when they are told."""

    def __init__(self, objects=1, terms=TERMS):
        self.rows = np.zeros((objects, hold.WIDTH))
        self.sums, self.account = np.zeros(hold.SUMS), np.zeros(hold.ACCOUNT)
        self.terms = terms

    def contact(self, number=0, *, tag, now, age=hold.UNKNOWN, hits=0):
        row = self.rows[number]
        row[hold.HITS] = hits
        return hold.contact(Books(row, self.sums, self.account), Seen(tag, now, age), self.terms)

    def rate(self, number=0):
        return hold.change_rate(self.rows[number], self.sums)


def changes(rate, until, seed):
    """Times of a Poisson process."""
    chance, now = random.Random(seed), 0.0
    while (now := now + chance.expovariate(rate)) < until:
        yield now


def checked(rate, every, count, *, dated):
    """An origin whose one object changes at that rate and is checked at even intervals."""
    origin, when = Origin(), list(changes(rate, every * count, seed=1))
    for number in range(count):
        now = number * every
        past = [one for one in when if one <= now]
        age = now - past[-1] if past and dated else hold.UNKNOWN
        origin.contact(tag=len(past), now=now, age=age)
    return origin


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("rate", [0.002, 0.01, 0.05])
def test_the_estimate_comes_to_the_true_rate(rate, dated):
    """Checks every 20 s: more than one change in an interval is seen as one."""
    assert checked(rate, 20.0, 3000, dated=dated).rate() == pytest.approx(rate, rel=0.12)


def test_an_object_that_changes_at_every_look_is_thought_to_change_faster_than_looked():
    assert checked(0.5, 20.0, 300, dated=False).rate() > 1 / 20.0
    assert checked(0.5, 20.0, 300, dated=True).rate() == pytest.approx(0.5, rel=0.15)


def test_an_object_without_history_is_taken_to_be_like_its_class():
    origin = Origin(41)
    for number in range(40):
        for look in range(20):
            origin.contact(number, tag=look, now=look * 10.0, age=5.0)
    origin.contact(40, tag=0, now=200.0)
    mean = origin.sums[hold.CHANGED] / origin.sums[hold.CALM]
    assert origin.rate(40) == pytest.approx(mean, rel=0.01)


def test_few_observations_move_an_object_from_its_class_and_many_move_it_far():
    rates = []
    for looks in (2, 5, 50):
        origin = Origin(21)
        for number in range(20):
            for look in range(30):
                origin.contact(number, tag=look, now=look * 10.0, age=5.0)
        for look in range(looks):
            origin.contact(20, tag=0, now=300.0 + look * 10.0)
        rates.append(origin.rate(20) / origin.rate(0))
    assert 1 > rates[0] > rates[1] > rates[2]
    assert rates[2] < 0.05


def test_a_class_of_equals_is_trusted_and_one_of_opposites_is_not():
    def shape(ages):
        origin = Origin(len(ages))
        for number, age in enumerate(ages):
            for look in range(40):
                tag = look if age else 0
                origin.contact(number, tag=tag, now=look * 100.0, age=age or hold.UNKNOWN)
        return hold.spread(origin.sums)

    assert shape([50.0] * 20) > 1.0
    assert shape([50.0] * 2 + [0.0] * 18) < 0.3


def test_last_modified_at_the_first_contact_is_a_time_without_a_change():
    young, old = Origin(), Origin()
    young.contact(tag=1, now=0.0, age=10.0)
    old.contact(tag=1, now=0.0, age=9e9)
    assert old.rows[0, hold.QUIET] == TERMS.most  # no more than one lifetime can be
    assert old.rate() < young.rate()


@given(
    st.floats(1e-6, 1e-2),
    st.floats(1e-4, 10.0),
    st.floats(1.0, 1e4),
)
def test_no_other_lifetime_costs_less_while_changes_are_rare_in_it(change, asked, price):
    def cost(lasts):
        stale = asked * hold.outdated(change, lasts)
        return (1.0 + price * stale) / (1.0 + asked * lasts)

    best = hold.lifetime(change, asked, price)
    if change * best < 0.02:
        assert cost(best) <= min(cost(best * factor) for factor in (0.7, 1.4)) + 1e-12


def test_a_lifetime_is_longer_the_slower_the_change_and_the_dearer_the_contact():
    slower = [hold.lifetime(rate, 1.0, 10.0) for rate in (1.0, 0.1, 0.01, 0.0)]
    assert all(a < b for a, b in pairwise(slower))
    cheaper = [hold.lifetime(0.01, 1.0, price) for price in (1.0, 10.0, 100.0)]
    assert all(a > b for a, b in pairwise(cheaper))


def test_outdated_time_is_exact_and_does_not_lose_its_digits():
    assert hold.outdated(0.1, 10.0) == pytest.approx(10.0 - (1 - math.exp(-1.0)) / 0.1)
    assert hold.outdated(1e-9, 1.0) == pytest.approx(5e-10)
    assert hold.outdated(0.0, 100.0) == 0.0


@pytest.mark.parametrize("least", [0.0, 5.0])
@pytest.mark.parametrize("most", [5.0, 60.0])
def test_a_lifetime_keeps_to_its_bounds(least, most):
    origin = Origin(terms=Terms(0.01, least, most))
    for number in range(300):
        steady = origin.contact(tag=0, now=number * 100.0, hits=3)
        assert least <= steady <= most
    assert steady == most  # it never changed
    for number in range(300, 600):
        restless = origin.contact(tag=number, now=number * 100.0, age=0.1, hits=3)
        assert least <= restless <= most


def test_stale_answers_beyond_the_budget_raise_the_price_and_their_lack_lowers_it():
    prices = []
    for changing in (True, False):
        origin = Origin()
        for number in range(400):
            tag = number if changing else 0
            origin.contact(tag=tag, now=number * 1000.0, age=900.0 if changing else -1.0, hits=20)
        prices.append(hold.price(origin.account, TERMS))
    start = hold.price(np.zeros(hold.ACCOUNT), TERMS)
    assert prices[0] > 2 * start > 2 * prices[1]


def test_the_account_is_what_was_stale_beyond_the_budget_and_what_is_expected_yet():
    origin, chance = Origin(5), random.Random(1)
    for turn in range(300):
        number, tag = chance.randrange(5), chance.randrange(2)
        origin.contact(number, tag=tag, now=turn * 10.0, hits=chance.randrange(4))
    account = origin.account
    beyond = account[hold.STALE] - TERMS.staleness * account[hold.ANSWERS]
    expected = origin.rows[:, hold.CHARGED].sum()
    assert account[hold.STALE] > 0
    assert account[hold.BALANCE] == pytest.approx(beyond + expected)


def test_the_price_stays_within_its_swing():
    origin = Origin()
    for number in range(5000):
        origin.contact(tag=0, now=number * 1e5, hits=1000)
    start = hold.price(np.zeros(hold.ACCOUNT), TERMS)
    assert hold.price(origin.account, TERMS) >= start * math.exp(-hold.SWING - 1)


def test_what_an_object_taught_its_class_stays_when_it_is_forgotten():
    origin = Origin(2)
    for number in (0, 1):
        for look in range(10):
            origin.contact(number, tag=look, now=look * 10.0, age=5.0)
    before = origin.rate(0)
    hold.forget(origin.rows[1], origin.sums)
    assert origin.rate(0) == before
    assert origin.sums[hold.OBJECTS] == 1
    assert hold.request_rate(origin.rows[0], origin.sums, 90.0) > 0
