"""Who leads in shadow, and what follows from it."""

from dataclasses import replace

import pytest

from scrubjay_policies import classic
from scrubjay_policies.features import IDLE
from scrubjay_policies.policy import Policy
from scrubjay_policies.shadow import Shadow
from scrubjay_proxy.http.messages import Exchange, Head, Headers, Stored
from scrubjay_proxy.models.index import Entry, Index, Order, What, promote, shadow
from scrubjay_proxy.models.trial import WINDOW, Standing, Trailing, Trial, Verdict, judge
from scrubjay_proxy.models.trials import Outcome, Role, Trials, concluded, wanted
from scrubjay_proxy.sections import CacheSection, ModelsSection


def worst(features, params):
    """Evicts what was used last."""
    return features[:, IDLE]


WORST = Policy("worst", worst)


@pytest.mark.parametrize(
    ("requests", "challenger", "incumbent", "verdict"),
    [
        (99, 0.9, 0.1, Verdict.WAIT),
        (100, 0.505, 0.5, Verdict.WON),
        (100, 0.504, 0.5, Verdict.LOST),
        (100, 0.5, 0.5, Verdict.LOST),
        (100, 0.4, 0.5, Verdict.LOST),
        (500, 0.6, 0.5, Verdict.WON),
    ],
)
def test_a_challenger_wins_by_its_lead_after_enough_requests(
    requests, challenger, incumbent, verdict
):
    assert judge(Standing(requests, challenger, incumbent), requests=100, lead=0.4999) is verdict


TRAILS, LEADS, LEVEL = Standing(9, 0.6, 0.5), Standing(9, 0.4, 0.5), Standing(9, 0.5, 0.5)


@pytest.mark.parametrize(
    ("windows", "lasts"),
    [
        ([(TRAILS, 0)], False),
        ([(TRAILS, 0), (TRAILS, 59)], False),
        ([(TRAILS, 0), (TRAILS, 60)], True),
        ([(TRAILS, 0), (LEADS, 30), (TRAILS, 60)], False),
        ([(TRAILS, 0), (LEVEL, 30), (TRAILS, 60)], False),
        ([(LEADS, 0), (LEADS, 100)], False),
        ([(LEADS, 0), (TRAILS, 10), (TRAILS, 70)], True),
    ],
)
def test_only_who_trails_all_the_time_trails_for_long(windows, lasts):
    trailing = Trailing()
    for window, now in windows:
        trailing = trailing.after(window, now)
    assert trailing.lasts(now, 60) is lasts


def trial(challenger, incumbent, *, rate=1, by_bytes=False):
    cache = CacheSection(capacity=100, objective="byte" if by_bytes else "object")
    return Trial(challenger, incumbent, cache, rate=rate)


def play(trial, requests=WINDOW, size=10):
    """Six objects used again and again, and others once; when it was time to look."""
    due = []
    for number in range(requests):
        id = number % 6 if number % 2 else 1000 + number
        if trial.see(id, size, expires=1e9, cost=0.1, now=0.0):
            due.append(number)
    return due


def test_the_better_policy_leads_in_shadow():
    one = trial(classic.LFU, WORST)
    assert play(one) == [WINDOW - 1]
    assert one.standing().requests == WINDOW
    assert one.standing().lead > 10
    other = trial(WORST, classic.LFU)
    play(other)
    assert other.standing().lead == -one.standing().lead


def test_bytes_count_where_bytes_are_to_be_won():
    one = trial(classic.LFU, WORST, by_bytes=True)
    one.see(1, 90, expires=1e9, cost=0.1, now=0.0)
    one.see(2, 10, expires=1e9, cost=0.1, now=0.0)
    one.see(2, 10, expires=1e9, cost=0.1, now=0.0)
    assert one.standing().challenger == 10 / 110


def test_a_window_is_what_came_since_the_last():
    one = trial(classic.LFU, WORST)
    play(one, 300)
    assert one.window().requests == 300
    play(one, 200)
    assert one.window().requests == 200
    assert one.standing().requests == 500


def test_a_sample_sees_all_requests_for_some_objects():
    shadow = Shadow(classic.LRU, capacity=400, max_objects=1000, k=80, batch=1, seed=0, rate=4)
    hits = [shadow.see(id, 10, expires=1e9, cost=0.1, now=0.0) for id in [*range(8)] * 2]
    assert hits == [False] * 8 + [True, False, False, False] * 2
    assert (shadow.counts.requests, shadow.counts.hits) == (4, 2)


def test_a_sample_has_as_much_less_room():
    shadow = Shadow(classic.LRU, capacity=400, max_objects=1000, k=80, batch=1, seed=0, rate=4)
    for id in range(0, 80, 4):
        shadow.see(id, 30, expires=1e9, cost=0.1, now=0.0)
    seen = {id: shadow.see(id, 30, expires=1e9, cost=0.1, now=0.0) for id in (68, 72, 76, 60)}
    assert seen == {68: True, 72: True, 76: True, 60: False}


def test_a_policy_that_raises_in_shadow_ends_the_trial_and_nothing_else():
    def broken(features, params):
        raise ValueError("no idea")

    one = trial(Policy("broken", broken), classic.LRU)
    assert play(one, 40)
    assert one.failure == "its decisions failed in shadow: ValueError: no idea"


def test_a_trial_tells_its_end_once():
    told = ModelsSection(gate=True, gate_requests=WINDOW, sample=1)
    ended = []
    trials = Trials(told, CacheSection(capacity=100), clock=lambda: 0.0, ended=ended.append)
    trials.begin(Role.SHADOW, A.sha256, classic.LFU, WORST)
    for number in range(3 * WINDOW):
        trials.see(stored(number % 6 if number % 2 else 1000 + number), 10)
    assert [(one.role, one.sha256, one.verdict) for one in ended] == [
        (Role.SHADOW, A.sha256, Verdict.WON)
    ]
    assert ended[0].why.startswith("leads by ")
    assert trials.running == {}


def stored(id):
    return Stored(id, str(id), Head(200, "OK", Headers()), Exchange(0.0, 0.0))


def test_a_standing_is_told_in_words():
    assert (
        str(Standing(20_000, 0.512, 0.5)) == "leads by 1.20 points after 20,000 requests in shadow"
    )
    assert str(Standing(20_000, 0.5, 0.5)).startswith("is level after")


A, B = (Entry(name * 64, name, 0.0) for name in "ab")
NOW = Order("command", 0.0)
DRL = Policy("drl", worst, model=B.sha256)


@pytest.mark.parametrize(
    ("index", "policy", "told", "trials"),
    [
        (Index(), classic.LRU, {}, {}),
        (shadow(Index(), A, NOW), classic.LRU, {}, {Role.SHADOW: A.sha256}),
        (promote(Index(), B, NOW), DRL, {}, {}),
        (promote(Index(), B, NOW), DRL, {"rollback_after": 60}, {Role.PREVIOUS: ""}),
        (promote(Index(), B, NOW), classic.LRU, {"rollback_after": 60}, {}),
        (
            shadow(promote(Index(), B, NOW), A, NOW),
            DRL,
            {"rollback_after": 60},
            {Role.SHADOW: A.sha256, Role.PREVIOUS: ""},
        ),
    ],
)
def test_which_trials_there_should_be(index, policy, told, trials):
    assert wanted(index, policy, ModelsSection(**told)) == trials


SHADOWED = shadow(promote(Index(), B, NOW), A, NOW)
PROMOTED = promote(promote(Index(), A, NOW), B, NOW)
WON = Outcome(Role.SHADOW, A.sha256, Verdict.WON, "leads")
LOST = Outcome(Role.SHADOW, A.sha256, Verdict.LOST, "trails")
BETTER = Outcome(Role.PREVIOUS, A.sha256, Verdict.WON, "leads")


@pytest.mark.parametrize(
    ("index", "outcome", "what", "active", "why"),
    [
        (SHADOWED, WON, What.PROMOTED, A, "leads"),
        (SHADOWED, LOST, What.DISMISSED, B, "did not lead: trails"),
        (PROMOTED, WON, None, B, ""),
        (PROMOTED, BETTER, What.ROLLED_BACK, A, "the model before leads"),
        (promote(PROMOTED, A, NOW), BETTER, None, A, ""),
        (PROMOTED, replace(BETTER, verdict=Verdict.LOST), None, B, ""),
    ],
)
def test_what_follows_from_a_trial(index, outcome, what, active, why):
    after = concluded(index, outcome, B.sha256, 9.0)
    assert after.active == active.sha256
    assert [(one.what, one.why, one.time) for one in after.since(index.last)] == (
        [(what, why, 9.0)] if what else []
    )
