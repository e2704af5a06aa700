"""The sweep as people start it: real processes, real signals."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from replay.experiments import PLAIN, without_timings
from replay.trace_files import written
from scrubjay_replay import results

PATIENCE = 30  # seconds, for a slow machine; nothing waits that long when all is well
# A policy that says when it is asked, and then waits as long as it is let.
STUCK = """
import os
from scrubjay_policies import Policy
from scrubjay_policies.classic import most_recent

def waiting(features, params):
    if os.path.exists("gate"):
        os.close(os.open("here", os.O_WRONLY))
        os.close(os.open("gate", os.O_RDONLY))
    return most_recent(features, params)

P = Policy("stuck", waiting)
"""
# The same for a worker that is about to start.
STARTING = """
import os, sys
if any("spawn_main" in word for word in sys.orig_argv):
    os.close(os.open("here", os.O_WRONLY))
    os.close(os.open("gate", os.O_RDONLY))
"""
WORDS = ("simulate", "t.csv", "--engine", "python", "--size", "50%", "--out", "r.csv")
SWEEP = (*WORDS, "--policy", "lru,fifo,stuck:P,lfu", "--jobs", "2")


@pytest.fixture
def folder(tmp_path):
    """A trace, a policy that gets stuck while there is a gate, and a folder for drafts."""
    written(tmp_path, PLAIN)
    written(tmp_path, STUCK, "stuck.py")
    os.mkfifo(tmp_path / "here")
    os.mkfifo(tmp_path / "gate")
    (tmp_path / "drafts").mkdir()
    return tmp_path


@pytest.fixture
def start(folder):
    """Start `scrubjay` there, in a process group of its own."""
    started = []
    path = [one for one in (os.environ.get("PYTHONPATH"),) if one]

    def start(*words):
        env = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(folder), *path]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(folder / "drafts"),
            "GIT_DIR": str(folder),  # no repository: the source has no commit, and no changes
        }
        process = subprocess.Popen(
            (sys.executable, "-m", "scrubjay_proxy", *words),
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):  # all of the group have ended, as they should
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(process):
    """Exit code and what was said. Every child has our pipes: at their end, all have ended."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def stuck(folder, process, rows):
    """Wait until the policy is stuck and so many others have ended."""
    os.close(os.open(folder / "here", os.O_RDONLY))
    journal, until = folder / "r.csv.unfinished", time.monotonic() + PATIENCE
    while len(journal.read_text().splitlines()) < rows:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


def left(folder):
    return sorted({path.name for path in folder.iterdir()} - {"t.csv", "stuck.py", "here", "gate"})


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(folder, start):
    sweep = start(*SWEEP)
    stuck(folder, sweep, 3)
    os.killpg(sweep.pid, signal.SIGINT)
    code, out, err = ended(sweep)
    assert (code, out) == (130, "")
    said = "stopped; 3 of 4 rows are kept in r.csv.unfinished: the same command goes on from there"
    assert err.strip() == said
    assert left(folder) == ["drafts", "r.csv.unfinished"]
    assert [*(folder / "drafts").iterdir()] == []
    journal = (folder / "r.csv.unfinished").read_text()
    kept = [json.loads(line)[1] for line in journal.splitlines()]
    (folder / "gate").unlink()
    code, out, err = ended(start(*SWEEP))
    assert (code, err) == (0, "going on: 3 of 4 rows were there from before\n")
    assert "stuck:P" in out
    rows = results.read(folder / "r.csv")
    assert [row["policy"] for row in rows] == ["lru", "fifo", "stuck:P", "lfu"]
    seconds = {row["policy"]: row["seconds"] for row in kept}
    assert {row["policy"]: row["seconds"] for row in rows}.items() > seconds.items()
    assert {**without_timings(rows[0]), "policy": ""} == {**without_timings(rows[2]), "policy": ""}
    assert left(folder) == ["drafts", "r.csv"]


def test_ctrl_c_before_the_first_row_leaves_nothing(folder, start):
    sweep = start(*WORDS, "--policy", "stuck:P", "--jobs", "1")
    stuck(folder, sweep, 0)
    os.killpg(sweep.pid, signal.SIGINT)
    code, out, err = ended(sweep)
    assert (code, out, err.strip()) == (130, "", "")
    assert left(folder) == ["drafts"]


def test_a_result_that_was_there_stays_as_it_was_at_ctrl_c(folder, start):
    before = written(folder, "mine", "r.csv")
    sweep = start(*WORDS, "--policy", "stuck:P,lru", "--jobs", "2")
    stuck(folder, sweep, 1)
    os.killpg(sweep.pid, signal.SIGINT)
    assert ended(sweep)[0] == 130
    assert before.read_text() == "mine"


@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
def test_a_worker_that_is_killed_is_told_and_what_is_done_is_kept(folder, start):
    sweep = start(*SWEEP)
    stuck(folder, sweep, 3)
    for worker in workers(sweep.pid):
        os.kill(worker, signal.SIGKILL)
    code, out, err = ended(sweep)
    assert (code, out) == (2, "")
    assert [line[:44] for line in err.splitlines()] == [
        "stopped; 3 of 4 rows are kept in r.csv.unfin",
        "scrubjay: a worker process was killed, perha",
        "  hint: Try again with fewer --jobs.",
    ]
    assert left(folder) == ["drafts", "r.csv.unfinished"]


def test_ctrl_c_while_workers_start_makes_no_noise(folder, start):
    written(folder, STARTING, "sitecustomize.py")
    sweep = start(*WORDS, "--policy", "lru,fifo", "--jobs", "2")
    stuck(folder, sweep, 0)
    os.killpg(sweep.pid, signal.SIGINT)
    code, out, err = ended(sweep)
    assert (code, out, err.strip()) == (130, "", "")
    assert [*(folder / "drafts").iterdir()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
def test_workers_end_with_a_parent_that_is_killed(folder, start):
    sweep = start(*SWEEP)
    stuck(folder, sweep, 3)
    assert len(workers(sweep.pid)) == 2
    os.kill(sweep.pid, signal.SIGKILL)
    assert ended(sweep)[0] == -signal.SIGKILL
    assert left(folder) == ["drafts", "r.csv.unfinished"]


def workers(parent):
    """The processes that a sweep has started, but for the one that tidies up after them."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return [child for child, command in commands.items() if b"spawn_main" in command]
