import math

import numpy as np
import pytest

from replay.experiments import ready
from scrubjay_replay.prepared import Assumptions
from scrubjay_replay.trace import Trace, requests

ALL = ("at", "key", "size", "ttl", "cost", "write")
NAN = math.nan


def mixed():
    return requests(
        [0, 1, 2, 3, 4],
        [0, 1, 0, 2, 1],
        [30, 0, 10, 500, 0],
        ttl=[60, NAN, NAN, NAN, 5],
        cost=[NAN, 0.5, 0.25, NAN, NAN],
        write=[False, False, False, True, False],
    )


def test_an_object_has_its_largest_size_everywhere():
    assert ready(mixed(), ALL).trace.size.tolist() == [30, 0, 30, 500, 0]


def test_the_footprint_counts_what_is_asked_for_and_an_empty_body_as_a_byte():
    prepared = ready(mixed(), ALL)
    assert prepared.footprint == 30 + 1
    assert prepared.objects == 3


def test_without_assumptions_nothing_expires_and_nothing_costs():
    trace = ready(mixed(), ALL).trace
    assert trace.ttl.tolist() == [60, math.inf, math.inf, math.inf, 5]
    assert trace.cost.tolist() == [0, 0.5, 0.25, 0, 0]


def test_only_gaps_are_filled_with_what_is_assumed():
    prepared = ready(mixed(), ("key",), Assumptions(ttl=7.0, origin_latency=2.0))
    assert prepared.trace.ttl.tolist() == [60, 7, 7, 7, 5]
    assert prepared.trace.cost.tolist() == [2, 0.5, 0.25, 2, 2]
    assert prepared.known == {"key", "ttl", "cost"}


def test_ignored_lifetimes_are_gone_and_no_longer_known():
    prepared = ready(mixed(), ALL, Assumptions(lifetimes=False))
    assert np.isinf(prepared.trace.ttl).all()
    assert not prepared.expires
    assert prepared.known == set(ALL) - {"ttl"}


@pytest.mark.parametrize(
    ("writes", "rows", "changes"),
    [("behind", 5, True), ("through", 5, True), ("ignored", 4, False)],
)
def test_ignored_writes_are_gone_and_others_stay(writes, rows, changes):
    prepared = ready(mixed(), ALL, Assumptions(writes=writes))
    assert (len(prepared.trace.key), prepared.changes) == (rows, changes)
    assert prepared.footprint == 31


def test_a_trace_that_says_nothing_neither_expires_nor_changes():
    prepared = ready(requests([0], [0], [5]))
    assert not prepared.expires
    assert not prepared.changes
    assert ready(mixed(), ALL).expires


@pytest.mark.parametrize(
    ("assumed", "words"),
    [
        (Assumptions(), "none"),
        (Assumptions(ttl=600.0), "600s"),
        (Assumptions(ttl=0.5), "0.5s"),
        (Assumptions(ttl=600.0, lifetimes=False), "ignored"),
    ],
)
def test_a_lifetime_in_words(assumed, words):
    assert assumed.ttl_in_words == words


def strided(column):
    return np.repeat(column, 2)[::2]


def read_only(column):
    column.flags.writeable = False
    return column


@pytest.mark.parametrize("made", [strided, read_only])
def test_columns_are_such_as_the_compiled_loop_takes(made):
    prepared = ready(Trace(*map(made, mixed())), ALL)
    for ours, usual in zip(prepared.trace, ready(mixed(), ALL).trace, strict=True):
        assert ours.flags.c_contiguous
        assert ours.flags.writeable
        assert ours.tolist() == usual.tolist()


def test_nothing_is_nothing():
    prepared = ready(requests([], [], []))
    assert (prepared.objects, prepared.footprint) == (0, 0)
