"""Many cells on a Ray cluster, or on a Ray of our own on this machine: each trace is sent once."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import metadata
from logging import CRITICAL, getLogger
from typing import Any
from urllib.parse import urlsplit

from scrubjay_replay import cells, results
from scrubjay_replay.cells import Cell
from scrubjay_replay.errors import ReplayError, UseError
from scrubjay_replay.prepared import Prepared, writable
from scrubjay_replay.provenance import version
from scrubjay_replay.sweep import Done, Job, Row

SCHEME = "ray://"
LOCAL = "ray://local"
PATIENCE = 5.0  # seconds for a connection to be made
ANSWER = 60.0  # seconds for a machine to start a process and tell its version
PAUSE = 0.5  # seconds; rows that end within it are fetched together
ROOM = 100 << 20  # bytes of shared memory beside the traces; Ray refuses less than 75 MiB
LONGEST = 300  # characters of Ray's words in a message of ours

# Read while Ray is imported. No telemetry; three attempts to connect of 2 s, not of 5, 10 and
# 15 s; under `uv run`, the current folder is not to be sent to the cluster.
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S": "2",
    "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "2",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
INSTALL = 'pip install "scrubjay[ray]"'
AGAIN = "Try again; the log on the head says more. See docs/cluster.md."
PORTS = "Give the head's --ray-client-server-port, 10001 if unset, and not the port of the workers."
ALIKE = "Every machine needs the same Python, Ray and Scrubjay; see docs/cluster.md."


class ClusterLost(ReplayError):
    """The connection to the cluster broke in the middle of a sweep."""


def rows(
    jobs: Sequence[Job], *, address: str, progress: Done, workers: int | None = None
) -> Iterator[tuple[Job, Row]]:
    """Each job with its row, as they end; `progress` is told of rows simulated.

    `workers` bounds the processes of `ray://local`; a cluster runs one on each of its cores. A
    job whose worker dies gets a row that says so. Raises UseError where there is no cluster, or
    one that has other versions than we have.
    """
    with _connected(address, jobs, workers) as ray:
        waiting = _submitted(ray, jobs)
        try:
            while waiting:
                pending = list(waiting)
                ended, _ = ray.wait(pending, num_returns=len(pending), timeout=PAUSE)
                for task in ended:
                    job = waiting.pop(task)
                    row = _row(ray, task, job)
                    progress(job.work)
                    yield job, row
        except ConnectionError as error:
            raise ClusterLost(
                f"{address}: the connection broke: {_words(error)}",
                hint="What was done is kept with --out: the same command goes on from there.",
            ) from error
        finally:
            with suppress(Exception):  # a cluster that is gone has nothing left to cancel
                for task in waiting:
                    ray.cancel(task, force=True)


def _submitted(ray: Any, jobs: Sequence[Job]) -> dict[Any, Job]:
    """The tasks of all jobs, the longest first; each trace is put into the store once."""
    # What kills a worker, as want of memory does, would kill the next one as well.
    run = ray.remote(num_cpus=1, max_retries=0)(run_stored)
    stored: dict[int, Any] = {}
    for job in jobs:
        if id(job.prepared) not in stored:
            stored[id(job.prepared)] = ray.put(job.prepared)
    order = sorted(jobs, key=lambda job: -job.work)
    return {run.remote(stored[id(job.prepared)], job.cell): job for job in order}


def run_stored(prepared: Prepared, cell: Cell) -> Row:
    """A cell on a trace out of the object store, whose arrays are read-only."""
    return cells.run(cell, replace(prepared, trace=writable(prepared.trace)))


def _row(ray: Any, task: Any, job: Job) -> Row:
    """What a task gave; a mistake of the user's, or of the set-up, is raised."""
    try:
        row: Row = ray.get(task)
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, ReplayError):
            raise cause from error
        if isinstance(cause, ImportError):
            raise UseError(f"a worker cannot import: {cause}", hint=ALIKE) from error
        why = _death(ray, error) if cause is None else f"{type(cause).__name__}: {_words(cause)}"
        return results.row(**cells.facts(job.cell, job.prepared), status=f"crashed: {why}")
    return row


def _death(ray: Any, error: Exception) -> str:
    """Why a task has no result, where it was not its own doing."""
    known = ray.exceptions
    if isinstance(error, known.OutOfMemoryError):
        return "its machine was out of memory"
    if isinstance(error, known.NodeDiedError):
        return "its machine went away"
    if isinstance(error, known.WorkerCrashedError):
        return "its worker process died"
    return f"{type(error).__name__}: {_words(error)}"


@contextmanager
def _connected(address: str, jobs: Sequence[Job], workers: int | None) -> Iterator[Any]:
    """Ray, connected; at the end disconnected, and stopped if it was started here."""
    local = address == LOCAL
    if not local:
        _reach(address)
    os.environ.update(SETTINGS)
    try:
        import ray
    except ImportError as error:
        raise UseError("Ray is not installed", hint=INSTALL) from error
    # The log of the server, which its client would print.
    getLogger("ray.util.client.logsclient").disabled = True
    with tempfile.TemporaryDirectory(prefix="scrubjay-", ignore_cleanup_errors=True) as folder:
        options = _local(jobs, workers, folder) if local else {"address": address}
        try:
            _connect(ray, address, options)
            if not local:
                _agree(ray)
            yield ray
        finally:
            ray.shutdown()


def _connect(ray: Any, address: str, options: dict[str, Any]) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(**options, logging_level=CRITICAL, log_to_driver=False)
    except ImportError as error:
        raise UseError(f"Ray lacks its client: {error}", hint=INSTALL) from error
    except ConnectionError as error:
        raise UseError(f"{address}: no Ray answers there: {_words(error)}", hint=PORTS) from error
    except Exception as error:
        raise UseError(f"{address}: {_words(error)}", hint=ALIKE) from error


def _local(jobs: Sequence[Job], workers: int | None, folder: str) -> dict[str, Any]:
    """Options for a Ray of our own that talks over loopback only and leaves no files."""
    # Its ports ask for a token: one for this run, so that Ray writes none into the home folder.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    traces = {id(job.prepared): job.prepared.trace for job in jobs}
    return {
        "address": "local",
        "num_cpus": workers,
        "object_store_memory": ROOM + sum(c.nbytes for trace in traces.values() for c in trace),
        "include_dashboard": False,
        # Ray takes 127.0.0.1 for the machine's address in the network.
        "_node_ip_address": "127.0.0.2" if sys.platform == "linux" else None,
        "_temp_dir": folder,
    }


def _reach(address: str) -> None:
    """Try the port, which tells at once where Ray would try for long; UseError without one."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not address.startswith(SCHEME) or not host or not port or parts.path:
        raise UseError(
            f"--on is {address!r}", hint="Write ray://HOST:PORT, or ray://local for this machine."
        )
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
    except OSError as error:
        raise UseError(f"{address}: {error.strerror or error}", hint=PORTS) from error


def _agree(ray: Any) -> None:
    """Ask every machine for its version before anything is sent; UseError if it is not ours."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask = ray.remote(num_cpus=0, max_retries=0)(metadata.version)
    machines = {
        ask.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote("scrubjay"): node["NodeManagerHostname"]
        for node in ray.nodes()
        if node["Alive"] and node["Resources"].get("CPU")
    }
    for answer, machine in machines.items():
        try:
            found = f"Scrubjay {ray.get(answer, timeout=ANSWER)}"
        except ray.exceptions.GetTimeoutError as error:
            raise UseError(f"{machine} of the cluster does not answer", hint=ALIKE) from error
        except ray.exceptions.RayTaskError:
            found = "no Scrubjay"
        if found != f"Scrubjay {version()}":
            raise UseError(
                f"{machine} of the cluster has {found}, and this machine {version()}", hint=ALIKE
            )


def _words(error: BaseException) -> str:
    """What an error says in one line; of a traceback of Ray's the last line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if any(line.startswith("Traceback") for line in lines):
        lines = lines[-1:]
    words = " ".join(lines) or type(error).__name__
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
