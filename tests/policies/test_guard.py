"""The guard: who is followed, what a switch costs, and what it says for it."""

from array import array

import pytest

from scrubjay_policies.shadows import state as at
from scrubjay_policies.shadows.guard import LEAST, MEMORY, SHARE, choose, compare, price, switch
from scrubjay_policies.shadows.holders import enter, keep
from scrubjay_policies.shadows.report import report

SHADOWS = ("gdsf", "own", "s3fifo")
GDSF, OWN, S3FIFO = (1 << cache for cache in (at.GDSF, at.OWN, at.S3FIFO))


def begun(objective=(1.0, 0.0), slots=200):
    sizes = [array(code, bytes(array(code).itemsize * width * slots)) for code, width in COLUMNS]
    state = at.State(*sizes, array("q", bytes(8 * at.WHOLES)), array("d", bytes(8 * at.REALS)))
    at.begin(state, 1000, 100, SHADOWS, objective)
    return state


COLUMNS = tuple(zip(at.CODES, at.WIDTHS, strict=True))


def slot(number):
    return at.FIRST + number * at.STRIDE


def held(state, number, *, live=True, by=(), size=10.0):
    state.floats[slot(number) + at.SIZE] = size
    for cache in by:
        enter(state, slot(number), cache)
    if live:
        keep(state, slot(number))


def asked(state, had, worth=1.0, times=1):
    for _ in range(times):
        compare(state, had, worth)


def test_a_cache_is_followed_once_it_leads_by_the_price_of_the_switch():
    state = begun()
    for number in range(100):
        held(state, number, live=False, by=(at.OWN,))
    asked(state, OWN, times=10)
    needed = price(state, at.OWN)
    assert needed == pytest.approx(SHARE * 100 + LEAST)
    asked(state, OWN, times=int(needed) - 10)
    assert choose(state) == at.NOBODY
    asked(state, OWN)
    assert choose(state) == at.OWN


def test_what_the_live_cache_holds_too_costs_nothing():
    state = begun()
    held(state, 0, by=(at.OWN,))
    assert price(state, at.OWN) == pytest.approx(LEAST)


def test_bytes_are_counted_where_hits_of_bytes_count():
    state = begun((0.0, 0.0))
    held(state, 0, live=False, by=(at.OWN,), size=300.0)
    asked(state, OWN, worth=50.0, times=2000)
    assert price(state, at.OWN) == pytest.approx(SHARE * 300 + LEAST * 50, rel=0.01)


def test_a_lead_is_lost_again_as_fast_as_it_was_won():
    state = begun()
    for number in range(10):
        held(state, number)
    asked(state, OWN, times=5)
    asked(state, GDSF, times=5)
    assert state.real[at.LEAD + at.OWN] == 0
    asked(state, GDSF, times=1000)
    assert state.real[at.LEAD + at.OWN] == -MEMORY * 10  # no further than as many as are held


def test_after_a_switch_leads_are_over_the_new_leader():
    state = begun()
    for number in range(100):
        held(state, number)
    asked(state, OWN, times=30)
    asked(state, S3FIFO | OWN, times=3)
    switch(state, at.OWN)
    assert state.real[at.LEAD + at.OWN] == 0
    assert state.real[at.LEAD + at.GDSF] == -33
    assert state.real[at.LEAD + at.S3FIFO] == -30
    assert (state.whole[at.LEADER], state.whole[at.SWITCHES]) == (at.OWN, 1)


def test_after_a_switch_what_the_new_leader_lacks_goes_first():
    state = begun()
    for number in range(6):
        held(state, number, by=(at.GDSF,) if number % 2 else (at.GDSF, at.OWN))
    assert state.whole[at.STRAYS] == 0
    switch(state, at.OWN)
    strays = {state.lives[place] for place in range(state.whole[at.STRAYS])}
    assert strays == {slot(1), slot(3), slot(5)}


def test_the_report_says_who_is_followed_and_what_it_takes_to_change():
    state = begun()
    asked(state, OWN, times=7)
    told = report(state)
    assert (told.follows, told.switches, told.unit) == ("gdsf", 0, "hits")
    assert told.reason == (
        "follows gdsf from the start; own takes over once it leads by 10 hits, now 7"
    )
    assert [one.name for one in told.shadows] == ["s3fifo", "gdsf", "own"]
    own = told.shadows[2]
    assert (own.lead, own.price) == (7, pytest.approx(LEAST))
