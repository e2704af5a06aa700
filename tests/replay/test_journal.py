import json
from contextlib import suppress
from dataclasses import replace

import pytest

from replay.experiments import cell, plain
from scrubjay_replay import cells, provenance
from scrubjay_replay.journal import Journal, identity
from scrubjay_replay.prepared import Assumptions
from scrubjay_replay.sweep import Job
from scrubjay_replay.trace import cut


@pytest.fixture(autouse=True)
def commit(monkeypatch):
    """What the source's commit is; without changes, unless a test says so."""
    told = {"rev-parse": "abc1234", "ls-files": "provenance.py", "status": ""}
    monkeypatch.setattr(provenance, "_git", lambda word, *_: told[word])
    provenance.commit.cache_clear()
    yield told
    provenance.commit.cache_clear()


def job(policy="lru", keys="abab", **changed):
    return Job(plain(keys), cell(policy, **changed))


def finished(one):
    return cells.run(one.cell, one.prepared)


def interrupted(out, rows):
    """What a run leaves that was interrupted after these rows, by identity."""
    with suppress(KeyboardInterrupt), Journal(out) as journal:
        for key, row in rows.items():
            journal.add(key, row)
        raise KeyboardInterrupt
    return journal.path


def left_behind(out, *jobs):
    return interrupted(out, {identity(one): finished(one) for one in jobs})


def found(out):
    with suppress(KeyboardInterrupt), Journal(out) as journal:
        raise KeyboardInterrupt
    return journal.rows


def test_rows_of_an_interrupted_run_are_there_for_the_next(tmp_path):
    out, one, other = tmp_path / "r.csv", job(), job("fifo")
    path = left_behind(out, one)
    assert path == tmp_path / "r.csv.unfinished"
    left_behind(out, other)
    rows = found(out)
    assert list(rows) == [identity(one), identity(other)]
    row = finished(one)
    assert {**rows[identity(one)], "seconds": 0, "requests_per_second": 0} == {
        **row,
        "seconds": 0,
        "requests_per_second": 0,
    }


def test_a_row_is_in_the_file_as_soon_as_it_is_added(tmp_path):
    with Journal(tmp_path / "r.csv") as journal:
        journal.add(identity(job()), finished(job()))
        key, row = json.loads(journal.path.read_text())
    assert key == identity(job())
    assert row["policy"] == "lru"


def test_a_journal_is_gone_once_all_is_written(tmp_path):
    with Journal(tmp_path / "r.csv") as journal:
        journal.add(identity(job()), finished(job()))
    assert [*tmp_path.iterdir()] == []


def test_a_run_that_fails_before_its_first_row_leaves_nothing(tmp_path):
    left_behind(tmp_path / "r.csv")
    assert [*tmp_path.iterdir()] == []


def test_a_last_line_cut_short_is_dropped_and_the_next_row_is_whole(tmp_path):
    out, one, other = tmp_path / "r.csv", job(), job("fifo")
    path = left_behind(out, one, other)
    path.write_bytes(path.read_bytes()[:-20])
    assert list(found(out)) == [identity(one)]
    left_behind(out, other)
    assert list(found(out)) == [identity(one), identity(other)]


def test_what_is_no_row_is_passed_over(tmp_path):
    out = tmp_path / "r.csv"
    path = left_behind(out, job())
    noise = b'\n7\n[1]\n{}\n["k", []]\n["k", {"no_column": 1}]\n\xff\xfe\x00\n'
    path.write_bytes(noise + path.read_bytes())
    assert list(found(out)) == [identity(job())]


def test_a_row_without_figures_is_run_again(tmp_path):
    interrupted(tmp_path / "r.csv", {"key": {**finished(job()), "status": "time limit of 1 s"}})
    assert [*tmp_path.iterdir()] == []


def test_rows_of_changed_source_are_not_kept(tmp_path, commit):
    commit["status"] = " M journal.py"
    left_behind(tmp_path / "r.csv", job())
    assert [*tmp_path.iterdir()] == []


def test_rows_that_changed_source_made_elsewhere_are_not_kept(tmp_path):
    interrupted(tmp_path / "r.csv", {"key": {**finished(job()), "commit": "abc1234+"}})
    assert [*tmp_path.iterdir()] == []


def test_rows_that_came_while_our_source_was_changed_are_not_kept(tmp_path, commit):
    row = finished(job())
    commit["status"] = " M journal.py"
    provenance.commit.cache_clear()
    interrupted(tmp_path / "r.csv", {"key": row})
    assert [*tmp_path.iterdir()] == []


def test_rows_of_a_module_of_ones_own_are_not_kept_and_those_of_baselines_are(tmp_path):
    out = tmp_path / "r.csv"
    interrupted(out, {name: {**finished(job()), "policy": name} for name in ("mine:P", "lcs:lru")})
    assert list(found(out)) == ["lcs:lru"]


def test_rows_without_any_commit_are_kept(tmp_path, commit):
    commit["ls-files"] = ""
    left_behind(tmp_path / "r.csv", job())
    assert list(found(tmp_path / "r.csv")) == [identity(job())]


def test_the_same_cell_has_the_same_identity():
    assert identity(job()) == identity(job())


@pytest.mark.parametrize(
    "changed",
    [
        {"policy": "fifo"},
        {"objective": "byte"},
        {"capacity": 99},
        {"fraction": 0.4},
        {"seed": 1},
        {"sample": 79},
        {"batch": 2},
        {"score_from": 0.1},
        {"engine": "numba"},
        {"assumed": Assumptions(ttl=60.0)},
        {"assumed": Assumptions(lifetimes=False)},
        {"assumed": Assumptions(origin_latency=0.5)},
        {"assumed": Assumptions(hit_latency=0.5)},
        {"assumed": Assumptions(writes="through")},
    ],
    ids=str,
)
def test_another_setting_is_another_cell(changed):
    assert identity(job(**changed)) != identity(job())


def test_another_trace_or_less_of_it_is_another_cell():
    trace = plain("abab")
    others = (
        replace(trace, name="s"),
        replace(trace, sha256="cd" * 32),
        replace(trace, trace=cut(trace.trace, 0, 3)),
        replace(trace, footprint=21),
    )
    for other in others:
        assert identity(Job(other, cell())) != identity(Job(trace, cell()))


def test_another_commit_is_another_cell(commit):
    before = identity(job())
    commit["rev-parse"] = "def5678"
    provenance.commit.cache_clear()
    assert identity(job()) != before


def test_a_time_limit_does_not_change_what_a_finished_row_says():
    assert identity(job("lcs:lru", time_limit=1.0)) == identity(job("lcs:lru"))
