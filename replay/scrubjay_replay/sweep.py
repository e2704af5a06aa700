"""Many cells on all cores: traces stand on the disk once, every worker maps them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Thread

import numpy as np

from scrubjay_replay import cells
from scrubjay_replay.cells import Cell
from scrubjay_replay.errors import ReplayError
from scrubjay_replay.prepared import Prepared, writable
from scrubjay_replay.results import Value
from scrubjay_replay.trace import Trace, requests

Row = dict[str, Value]
Done = Callable[[int], None]
REST = "rest.pickle"


@dataclass(frozen=True, slots=True)
class Job:
    """A cell and the trace it is about."""

    prepared: Prepared
    cell: Cell

    @property
    def work(self) -> int:
        """Rows to simulate, for the progress bar."""
        return len(self.prepared.trace.key)


class WorkerDied(ReplayError):
    """A worker process ended without a word."""


def rows(jobs: Sequence[Job], *, workers: int, progress: Done) -> Iterator[tuple[Job, Row]]:
    """Each job with its row, as they end; `progress` is told of rows simulated."""
    if workers <= 1 or len(jobs) <= 1:
        yield from _here(jobs, progress)
    else:
        yield from _elsewhere(jobs, workers, progress)


def _here(jobs: Sequence[Job], progress: Done) -> Iterator[tuple[Job, Row]]:
    for job in jobs:
        told = 0

        def upto(done: int) -> None:
            nonlocal told
            progress(done - told)
            told = done

        row = cells.run(job.cell, job.prepared, upto)
        progress(job.work - told)
        yield job, row


def _elsewhere(jobs: Sequence[Job], workers: int, progress: Done) -> Iterator[tuple[Job, Row]]:
    with tempfile.TemporaryDirectory(prefix="scrubjay-") as folder:
        shelves: dict[int, str] = {}
        for job in jobs:
            if id(job.prepared) not in shelves:
                shelves[id(job.prepared)] = str(put(job.prepared, Path(folder)))
        pool = ProcessPoolExecutor(
            min(workers, len(jobs)), multiprocessing.get_context("spawn"), initializer=_quiet
        )
        try:
            # The longest first, so that none of them is left alone at the end.
            order = sorted(jobs, key=lambda job: -job.work)
            with _deaf():
                waiting = {
                    pool.submit(run_at, shelves[id(job.prepared)], job.cell): job for job in order
                }
            for future in as_completed(waiting):
                job = waiting[future]
                progress(job.work)
                yield job, future.result()
            pool.shutdown()
        except BrokenProcessPool as error:
            raise WorkerDied(
                "a worker process was killed, perhaps for want of memory",
                hint="Try again with fewer --jobs.",
            ) from error
        finally:
            for child in multiprocessing.active_children():
                child.terminate()
            pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf() -> Iterator[None]:
    """Ctrl-C waits: a worker that it met while starting, which inherits this, would say so."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _quiet() -> None:
    """A worker ends at Ctrl-C without a traceback, for the parent tells, and with its parent."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def put(prepared: Prepared, folder: Path) -> Path:
    """Write a trace where workers find it: a file a column, and one for the rest."""
    shelf = Path(tempfile.mkdtemp(dir=folder))
    for name, column in prepared.trace._asdict().items():
        np.save(shelf / f"{name}.npy", column)
    rest = replace(prepared, trace=requests([], [], []))
    (shelf / REST).write_bytes(pickle.dumps(rest))
    return shelf


@lru_cache(maxsize=1)
def taken(shelf: str) -> Prepared:
    """A trace that `put` wrote, mapped rather than read."""
    at, key, size, ttl, cost, write = (
        np.asarray(np.load(Path(shelf) / f"{name}.npy", mmap_mode="c")) for name in Trace._fields
    )
    rest: Prepared = pickle.loads((Path(shelf) / REST).read_bytes())  # noqa: S301  we wrote it
    return replace(rest, trace=writable(Trace(at, key, size, ttl, cost, write)))


def run_at(shelf: str, cell: Cell) -> Row:
    """A cell on a trace that lies on a shelf."""
    return cells.run(cell, taken(shelf))
