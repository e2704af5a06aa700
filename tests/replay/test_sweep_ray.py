"""The sweep on a real Ray: a cluster reached over its client port, and one of our own."""

import json
import os
import pickle
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from scrubjay_replay import cells, experiment, sweep, sweep_ray
from scrubjay_replay.errors import UseError
from scrubjay_replay.prepared import Assumptions, prepare
from scrubjay_replay.results import DONE
from scrubjay_replay.sweep import Job
from scrubjay_replay.trace import requests

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="needs scrubjay[ray]"),
    pytest.mark.timeout(180),
]

TIMINGS = {"seconds", "requests_per_second"}
SOON = 40.0  # seconds
POLICIES = ["lru", "gdsf", "hyperbolic", "lcs:lru", "belady"]
DEADLY = "import os\nos._exit(3)\n"
STUCK = """
import os, signal
from pathlib import Path
Path(os.environ["TOLD"]).write_text(f"{os.getpid()} {os.getppid()}")
while True:
    signal.pause()
"""
SWEEP = """
import json, pickle, signal, sys
from pathlib import Path
from scrubjay_replay import sweep_ray
signal.signal(signal.SIGINT, signal.default_int_handler)
jobs = pickle.loads(Path(sys.argv[1]).read_bytes())
for job, row in sweep_ray.rows(jobs, address="ray://local", progress=lambda _: None, workers=2):
    print(json.dumps(row), flush=True)
"""


def trace(name, rows):
    chance = np.random.default_rng(rows)
    keys = chance.integers(0, 40, rows).tolist()
    drawn = requests(range(rows), keys, [10 * key + 10 for key in keys])
    return prepare(drawn, frozenset({"at"}), Assumptions(), name=name, sha256=name)


@pytest.fixture(scope="module")
def jobs():
    settings = experiment.Settings("object", 8, 1, 0.0, "python", 60.0, Assumptions())
    sizes = experiment.sizes("10%")
    traces = [trace("first", 300), trace("second", 500)]
    return experiment.jobs(traces, POLICIES, sizes, [0, 1], settings)


@pytest.fixture(scope="module")
def expected(jobs):
    return [row for _, row in sweep.rows(jobs, workers=1, progress=lambda _: None)]


def of_module(job, name):
    """A job whose policy comes from one of the modules that a worker finds in `folder`."""
    return Job(job.prepared, replace(job.cell, policy=f"{name}:POLICY"))


def same(rows):
    """Rows but for their timings, in an order of their own."""
    return sorted(json.dumps({k: v for k, v in r.items() if k not in TIMINGS}) for r in rows)


def gone(pid, seconds):
    """Whether a process ends within that time, or has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with os.fdopen(handle) as file:
        return bool(select.select([file], [], [], seconds)[0])


def wait_for(port, process):
    """Until a port that a process opens takes connections."""
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            select.select([], [], [], 0.05)
        else:
            return
    pytest.fail(f"nothing listens on {port}")


@pytest.fixture(scope="module")
def folder():
    """A short path, as Ray makes sockets in it."""
    path = Path(tempfile.mkdtemp(prefix="ray-"))
    (path / "deadly.py").write_text(DEADLY)
    (path / "stuck.py").write_text(STUCK)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def surroundings(folder):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    # gRPC's handlers of fork() crash the head's client server now and then.
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "GRPC_ENABLE_FORK_SUPPORT": "0"}
    return kept | quiet | {"PYTHONPATH": str(folder), "TMPDIR": str(folder), "HOME": str(folder)}


@pytest.fixture(scope="module")
def address(folder, surroundings):
    """A head with two cores."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        *("start", "--head", "--block", "--disable-usage-stats", "--include-dashboard=false"),
        *("--port=0", "--node-ip-address=127.0.0.2", f"--ray-client-server-port={port}"),
        *("--num-cpus=2", "--object-store-memory=100000000", f"--temp-dir={folder / 'head'}"),
    ]
    command = [sys.executable, "-m", "ray.scripts.scripts", *words]
    with subprocess.Popen(
        command,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as head:
        try:
            wait_for(port, head)
            yield f"ray://127.0.0.1:{port}"
        finally:
            head.terminate()
            try:
                head.wait(SOON)
            finally:
                head.kill()


@pytest.fixture(scope="module")
def swept(address, jobs):
    """Rows of the jobs and of one that kills its worker, and the progress told."""
    told = []
    every = [*jobs, of_module(jobs[0], "deadly")]
    rows = [row for _, row in sweep_ray.rows(every, address=address, progress=told.append)]
    return SimpleNamespace(rows=rows, told=told, work=sum(job.work for job in every))


def test_a_cluster_gives_the_rows_that_this_machine_gives(swept, expected):
    assert {row["status"] for row in expected} == {DONE}
    assert same(row for row in swept.rows if row["policy"] != "deadly:POLICY") == same(expected)


def test_a_worker_that_dies_takes_along_its_own_row_only(swept):
    (row,) = [row for row in swept.rows if row["status"] != DONE]
    assert row["policy"] == "deadly:POLICY"
    assert row["status"] == "crashed: its worker process died"
    assert row["capacity_bytes"]
    assert row["hits"] is None


def test_progress_counts_every_row_of_every_job(swept):
    assert sum(swept.told) == swept.work
    assert len(swept.told) == len(swept.rows)


def test_a_mistake_that_a_worker_finds_ends_the_sweep(address, jobs):
    wrong = Job(jobs[0].prepared, replace(jobs[0].cell, policy="no-such"))
    with pytest.raises(UseError, match="no-such") as caught:
        list(sweep_ray.rows([wrong], address=address, progress=lambda _: None))
    assert caught.value.hint


def test_a_cluster_of_another_version_is_refused(address, jobs, monkeypatch):
    monkeypatch.setattr(sweep_ray, "version", lambda: "9.9")
    with pytest.raises(UseError, match=r"of the cluster has Scrubjay \S+, and this machine 9\.9$"):
        next(sweep_ray.rows(jobs, address=address, progress=lambda _: None))


@pytest.fixture(scope="module")
def interrupted(folder, surroundings, jobs):
    """A sweep on a Ray of its own that hangs in its last job until Ctrl-C."""
    (folder / "own").mkdir()
    os.mkfifo(folder / "told")
    every = folder / "jobs.pickle"
    every.write_bytes(pickle.dumps([*jobs, of_module(jobs[0], "stuck")]))
    own = surroundings | {"TMPDIR": str(folder / "own"), "TOLD": str(folder / "told")}
    with subprocess.Popen(
        [sys.executable, "-W", "default", "-c", SWEEP, str(every)],
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as child:
        try:
            rows = [json.loads(child.stdout.readline()) for _ in jobs]
            worker, raylet = map(int, (folder / "told").read_text().split())
            child.send_signal(signal.SIGINT)
            rest, errors = child.communicate(timeout=SOON)
        finally:
            child.kill()
    left = [pid for pid in (worker, raylet) if not gone(pid, 5)]
    files = [*(folder / "own").iterdir(), *(folder / ".ray").glob("*")]
    return SimpleNamespace(
        rows=rows, rest=rest, errors=errors, code=child.returncode, left=left, files=files
    )


def test_a_ray_of_our_own_gives_the_same_rows(interrupted, expected):
    assert same(interrupted.rows) == same(expected)


def test_ctrl_c_ends_the_workers_and_leaves_no_file(interrupted):
    assert interrupted.code == -signal.SIGINT
    assert interrupted.errors.endswith("KeyboardInterrupt\n")
    assert (interrupted.left, interrupted.files) == ([], [])


def test_ray_says_nothing_itself(interrupted):
    assert interrupted.errors.startswith("Traceback (most recent call last):")
    assert not interrupted.rest


@pytest.mark.parametrize(
    "address",
    ["local", "tcp://127.0.0.1:10001", "ray://", "ray://host", "ray://host:99999", "ray://h:1/x"],
)
def test_an_address_that_is_none_is_refused(address, jobs):
    with pytest.raises(UseError, match=r"^--on is ") as caught:
        next(sweep_ray.rows(jobs, address=address, progress=lambda _: None))
    assert "ray://HOST:PORT" in caught.value.hint


def test_a_closed_port_is_told_at_once(jobs):
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"ray://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(UseError, match=f"^{address}: Connection refused$") as caught:
            next(sweep_ray.rows(jobs, address=address, progress=lambda _: None))
    assert "10001" in caught.value.hint


def test_a_port_where_no_ray_answers_is_given_up_within_seconds(jobs):
    begun = time.monotonic()
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        address = f"ray://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(UseError, match=f"^{address}: no Ray answers there"):
            next(sweep_ray.rows(jobs, address=address, progress=lambda _: None))
    assert time.monotonic() - begun < 20


def test_without_ray_the_extra_is_named(jobs, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UseError, match="Ray is not installed") as caught:
        next(sweep_ray.rows(jobs, address="ray://local", progress=lambda _: None))
    assert caught.value.hint == 'pip install "scrubjay[ray]"'


def test_a_trace_is_stored_once_and_the_longest_job_comes_first(jobs):
    stored, ran = [], []

    def remote(**options):
        assert options == {"num_cpus": 1, "max_retries": 0}
        return lambda _: SimpleNamespace(remote=lambda *words: ran.append(words) or len(ran))

    ray = SimpleNamespace(remote=remote, put=lambda one: stored.append(one) or one.name)
    waiting = sweep_ray._submitted(ray, jobs)
    assert [one.name for one in stored] == ["first", "second"]
    assert [name for name, _ in ran] == ["second"] * (len(jobs) // 2) + ["first"] * (len(jobs) // 2)
    assert sorted(map(id, waiting.values())) == sorted(map(id, jobs))


def test_arrays_that_are_read_only_can_be_simulated(jobs):
    job = jobs[0]
    for column in (frozen := type(job.prepared.trace)(*map(np.copy, job.prepared.trace))):
        column.setflags(write=False)
    cell = replace(job.cell, engine="numba")
    row = sweep_ray.run_stored(replace(job.prepared, trace=frozen), cell)
    assert same([row]) == same([cells.run(cell, job.prepared)])
