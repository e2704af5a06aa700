import multiprocessing
import os
import pickle
import signal

import numpy as np
import pytest

from replay.experiments import STORY, cell, plain, ready, without_timings
from replay.trace_files import read, written
from scrubjay_replay import baselines, sweep
from scrubjay_replay.errors import UseError
from scrubjay_replay.isolated import TimeLimit
from scrubjay_replay.prepared import Assumptions
from scrubjay_replay.sweep import Job, WorkerDied

COLUMNS = ("at", "key", "size", "ttl", "cost", "write")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where workers find traces; nothing may stay there."""
    shelves = tmp_path / "shelves"
    shelves.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(shelves))
    yield shelves
    assert [*shelves.iterdir()] == []
    assert multiprocessing.active_children() == []


def run(jobs, workers):
    told = []
    rows = list(sweep.rows(jobs, workers=workers, progress=told.append))
    return rows, told


def test_parallel_is_sequential_but_for_timings(tmp_path):
    story = ready(read(written(tmp_path, STORY)), COLUMNS, Assumptions(), name="story")
    keys = "abcdefgh" * 40 + "aebfcgdh" * 40
    jobs = [
        Job(trace, cell(policy, capacity=capacity, sample=3, seed=seed))
        for trace, capacity in ((story, 100), (plain(keys), 40))
        for policy in ("lru", "gdsf", "hyperbolic")
        for seed in (0, 1)
    ]
    jobs.append(Job(plain(keys), cell("lcs:s3fifo", capacity=40)))
    (alone, _), (together, _) = run(jobs, 1), run(jobs, 2)
    assert [job for job, _ in alone] == jobs
    rows = {id(job): row for job, row in together}
    assert len(rows) == len(jobs)
    for job, row in alone:
        assert without_timings(rows[id(job)]) == without_timings(row)
        assert row["status"] == "done"
    assert len({str(without_timings(row)) for _, row in alone}) == len(jobs)


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_adds_up_to_the_rows_of_all_jobs(workers):
    jobs = [Job(plain("ab" * 1000), cell()), Job(plain("abc"), cell("fifo"))]
    _, told = run(jobs, workers)
    assert sum(told) == 2003


def test_no_jobs_are_no_rows():
    assert run([], 8) == ([], [])


def test_a_single_job_is_run_here():
    job = Job(plain("ab"), cell("unheard", capacity=20))
    with pytest.raises(UseError, match='"unheard"') as error:
        run([job], 8)
    assert error.value.__cause__.__class__.__name__ == "PolicyError"  # no worker told it


def test_a_users_mistake_comes_back_from_a_worker_with_its_hint():
    with pytest.raises(UseError, match='"unheard" is not there') as error:
        run([Job(plain("ab"), cell("unheard"))] * 2, 2)
    assert error.value.hint


def test_a_baseline_at_its_time_limit_gives_a_row_and_the_rest_goes_on(monkeypatch):
    def hanging(*_, timeout):
        raise TimeLimit(f"no result within {timeout}")

    monkeypatch.setattr(baselines, "run", hanging)
    jobs = [Job(plain("aba"), cell(policy)) for policy in ("lcs:lru", "lru", "belady")]
    rows, _ = run(jobs, 1)
    assert [row["status"] for _, row in rows] == ["time limit of 30 s", "done", "done"]


def test_a_worker_that_hits_its_limit_says_so_too():
    jobs = [Job(plain("aba"), cell(policy, time_limit=1e-6)) for policy in ("lcs:lru", "lru")]
    rows, _ = run(jobs, 2)
    assert {row["policy"]: row["status"] for _, row in rows} == {
        "lcs:lru": "time limit of 1e-06 s",
        "lru": "done",
    }


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_worker_that_is_killed_ends_the_sweep_with_a_word(number, capfd):
    jobs = [Job(plain("abc" * 2000), cell(seed=seed)) for seed in range(40)]
    rows = sweep.rows(jobs, workers=2, progress=lambda _: None)
    next(rows)
    os.kill(multiprocessing.active_children()[0].pid, number)
    with pytest.raises(WorkerDied, match="a worker process was killed") as error:
        list(rows)
    assert "--jobs" in error.value.hint
    assert capfd.readouterr().err == ""


def test_who_stops_listening_leaves_no_worker_and_no_file(folder):
    rows = sweep.rows([Job(plain("ab"), cell(seed=s)) for s in range(9)], workers=2, progress=int)
    next(rows)
    assert [*folder.iterdir()] != []
    assert multiprocessing.active_children() != []
    rows.close()


def test_ctrl_c_waits_while_workers_start():
    with sweep._deaf():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_trace_is_the_same_from_the_shelf_and_mapped(tmp_path):
    trace = ready(read(written(tmp_path, STORY)), COLUMNS, name="story")
    taken = sweep.taken(str(sweep.put(trace, tmp_path)))
    assert (taken.name, taken.sha256, taken.known, taken.footprint) == (
        trace.name,
        trace.sha256,
        trace.known,
        trace.footprint,
    )
    for ours, theirs in zip(taken.trace, trace.trace, strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.tolist() == theirs.tolist()
        assert isinstance(ours.base, np.memmap)
        assert ours.flags.writeable
    sweep.taken.cache_clear()


def test_the_rest_of_a_trace_is_small(tmp_path):
    shelf = sweep.put(plain("ab" * 10_000), tmp_path)
    assert (shelf / sweep.REST).stat().st_size < 3000
    assert len(pickle.loads((shelf / sweep.REST).read_bytes()).trace.key) == 0
