from __future__ import annotations

import pytest

from scrubjay_replay.outcome import CacheStatus, Outcome, Seen, Verdict, judge, read_cache_status

QUIET = Seen(asked=0, full=0, busy=False, overlapping=False, stale=False)
HIT = CacheStatus(hit=True)
SILENT = CacheStatus()
COLLAPSED = CacheStatus(collapsed=True)


@pytest.mark.parametrize(
    ("seen", "said", "verdict"),
    [
        (QUIET, SILENT, Verdict.HIT),
        (QUIET, HIT, Verdict.HIT),
        (QUIET, COLLAPSED, Verdict.JOINED),
        (QUIET._replace(busy=True), SILENT, Verdict.JOINED),
        (QUIET._replace(busy=True), HIT, Verdict.HIT),
        (QUIET._replace(asked=1, full=1), SILENT, Verdict.MISS),
        (QUIET._replace(asked=1), SILENT, Verdict.CHECKED),
        (QUIET._replace(asked=1), HIT, Verdict.HIT),
        (QUIET._replace(asked=1, full=1, stale=True), HIT, Verdict.HIT),
        (QUIET._replace(asked=1, full=1, overlapping=True), HIT, Verdict.HIT),
        (QUIET._replace(asked=1, full=1, overlapping=True), COLLAPSED, Verdict.JOINED),
    ],
)
def test_where_an_answer_came_from(seen, said, verdict):
    assert judge(seen, said) is verdict


def test_a_claimed_hit_is_a_miss_when_the_origin_sent_the_body_for_it():
    assert judge(QUIET._replace(asked=1, full=1), HIT) is Verdict.MISS


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", SILENT),
        ("scrubjay; hit", HIT),
        ("a; fwd=miss, b; hit; ttl=5", HIT),
        ("a; hit, b; fwd=miss", SILENT),
        ("a; fwd=miss; collapsed", COLLAPSED),
        ("a; hit=?0; collapsed=?0", SILENT),
        ('a; fwd=uri-miss; detail="x, y; hit"', SILENT),
    ],
)
def test_the_last_member_of_cache_status_counts(value, said):
    assert read_cache_status(value) == said


def test_only_what_was_sent_is_counted_and_only_a_hit_is_a_hit():
    outcome = Outcome.empty(7)
    outcome.verdict[:] = [1, 0, 2, 3, 4, 5, 1]
    outcome.sent = 6
    assert outcome.hits() == [True, False, False, False, False, False]


def test_only_the_first_faults_are_kept_in_words():
    outcome = Outcome.empty(50)
    for number in range(50):
        outcome.fault(number, Verdict.FAILED, "no")
    assert len(outcome.faults) == 10
    assert outcome.verdict.tolist() == [Verdict.FAILED] * 50
