"""Each column of the feature matrix, and the table's fingerprint."""

from dataclasses import replace

import numpy as np
import pytest

from policies.engines import NUMBERS
from scrubjay_policies import features
from scrubjay_policies import rows as at
from scrubjay_policies.features import FEATURES, Moment, digest, mismatch, observe

NAMES = [feature.name for feature in FEATURES]


def seen(now, **columns):
    row = np.zeros((1, at.WIDTH))
    for name, value in columns.items():
        part = row if name in NUMBERS else at.past(row)
        part[0, getattr(at, name.upper())] = value
    return dict(zip(NAMES, observe(row, now)[0].tolist(), strict=True))


def test_times_of_a_row_are_seen_from_now():
    row = seen(Moment(clock=100, wall=50.0), seen=90, residence=50, life=70, expires=80)
    assert (row["idle"], row["age"], row["life"], row["left"]) == (10, 60, 80, 30)


def test_what_has_expired_has_negative_time_left():
    assert seen(Moment(clock=1, wall=1_800_000_090.0), expires=1_800_000_000)["left"] == -90


def test_plain_columns_are_copied():
    given = {"size": 12, "hits": 3, "cost": 0.25, "gap": 7, "gap2": 8, "count": 5}
    row = seen(Moment(clock=0, wall=0.0), **given)
    assert {name: row[name] for name in given} == given


def test_the_cache_as_a_whole_is_the_same_for_every_object():
    now = Moment(0, 0.0, turnover=500.0, mean_size=2000.0, misses=0.25, capacity=1000.0)
    row = seen(now, size=100)
    assert (row["turnover"], row["mean_size"], row["misses"]) == (500, 2000, 0.25)
    assert row["share"] == np.float32(0.1)


def test_the_cache_as_a_whole_is_left_out_where_nobody_looks():
    rows = np.ones((3, at.WIDTH))
    shallow = observe(rows, Moment(9, 9.0), None)
    own = slice(features.COHORT_IDLE)
    assert (shallow[:, own] == observe(rows, Moment(9, 9.0))[:, own]).all()
    assert not shallow[:, features.COHORT_IDLE :].any()


def test_credit_is_relative_to_the_caches_inflation():
    # Of numbers that float32 cannot tell apart.
    assert seen(Moment(0, 0.0, inflation=1e9 + 0.5), credit=1e9)["credit"] == -0.5


def test_lifetimes_are_subtracted_before_they_are_narrowed():
    assert seen(Moment(0, wall=1_800_000_000.25), expires=1_800_000_001)["left"] == 0.75


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_matrix_has_a_row_for_each_object(count):
    matrix = observe(np.zeros((count, at.WIDTH)), Moment(0, 0.0))
    assert matrix.shape == (count, len(FEATURES))
    assert matrix.dtype == np.float32


def test_each_constant_names_its_column():
    assert [FEATURES[getattr(features, name.upper())].name for name in NAMES] == NAMES


def test_observing_leaves_the_rows_as_they_are():
    rows = np.arange(2.0 * at.WIDTH).reshape(2, at.WIDTH)
    before = rows.copy()
    observe(rows, Moment(9, 9.0, 9.0))
    assert (rows == before).all()


@pytest.mark.parametrize("what", ["name", "unit", "meaning", "scaling"])
def test_the_digest_tells_any_change_of_a_feature(monkeypatch, what):
    before = digest()
    monkeypatch.setattr(features, "FEATURES", (replace(FEATURES[0], **{what: "x"}), *FEATURES[1:]))
    assert digest() != before


def test_the_digest_tells_another_order(monkeypatch):
    before = digest()
    monkeypatch.setattr(features, "FEATURES", FEATURES[::-1])
    assert digest() != before


def test_the_digest_is_sixteen_hex_digits_and_stable():
    assert digest() == digest()
    assert len(digest()) == 16
    int(digest(), 16)


@pytest.mark.parametrize(
    ("theirs", "differ"),
    [
        (NAMES, ()),
        ([*NAMES, "entropy"], ("entropy",)),
        (NAMES[:-1], (NAMES[-1],)),
        ([NAMES[1], NAMES[0], *NAMES[2:]], (NAMES[0], NAMES[1])),
        (["popularity", *NAMES[1:]], (NAMES[0], "popularity")),
        (NAMES[1:], tuple(NAMES)),
        ([], tuple(NAMES)),
    ],
)
def test_a_mismatch_names_what_differs(theirs, differ):
    assert mismatch(theirs) == differ


def test_a_name_given_twice_is_a_mismatch():
    assert mismatch([*NAMES, "idle"]) == ("idle",)
