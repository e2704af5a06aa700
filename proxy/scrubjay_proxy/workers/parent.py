"""The parent of several workers: starts them, starts again what dies, passes signals on, and
keeps the counts of those that ended.

It serves nobody itself. Worker 0 speaks for all: it has the control port, whose socket stays open
here while a new worker 0 starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Sequence

import structlog

from scrubjay_proxy.errors import ScrubjayError, UsageMistake
from scrubjay_proxy.listening import open_listener, reserve
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.signals import at_once, obeyed
from scrubjay_proxy.workers.channel import Heard
from scrubjay_proxy.workers.counts import Counts, counters, total
from scrubjay_proxy.workers.messages import (
    Counted,
    Done,
    Failed,
    Gather,
    Gathered,
    Message,
    Ready,
    Start,
    Stop,
    Together,
    Use,
)
from scrubjay_proxy.workers.one import Worker

SPEAKER = 0  # the worker that has the control port
EACH = 1.0  # seconds between two looks at the counts: what a killed worker may take with it
PATIENCE = 2.0  # seconds for a worker's answer
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0  # seconds before a worker is started again, doubled
SOUND = 30.0  # seconds a worker must have lived for the next pause to be the first again
MARGIN = 10.0  # seconds beyond the drain for a worker to end by itself

log = structlog.get_logger()


async def run_workers(settings: Settings) -> int:
    """Serve with several processes until SIGTERM or SIGINT, and give the exit code."""
    with (
        reserve(settings.proxy.listen, flag="--listen") as door,
        open_listener(settings.control.listen, flag="--control") as control,
    ):
        return await Parent(settings, door, control).run()


class Parent:
    """Keeps the workers alive; `door` holds the port that all of them share."""

    def __init__(self, settings: Settings, door: socket.socket, control: socket.socket) -> None:
        self.settings, self.door, self.control = settings, door, control
        self.workers = [Worker(index) for index in range(settings.proxy.workers)]
        self.started = time.time()
        self.restarts = 0
        self.policy = ""  # chosen while running; a new worker is told
        self._stop = asyncio.Event()
        self._all_ready = asyncio.Event()
        self._failed: Failed | None = None
        self._ended = Counts()

    async def run(self) -> int:
        """Until a signal, or until a worker cannot be started at all."""
        told = self.settings
        reload = self._hang_up if told.models.dir or told.cache.model else None
        with obeyed(self._stop, reload, self._kill):
            keeping = [asyncio.create_task(self._keep(worker)) for worker in self.workers]
            other = [asyncio.create_task(self._announce()), asyncio.create_task(self._look())]
            stopped = asyncio.create_task(self._stop.wait())
            try:
                await asyncio.wait({stopped, *keeping}, return_when=asyncio.FIRST_COMPLETED)
                if self._stop.is_set():
                    return await self._end(keeping)
                return next(task for task in keeping if task.done()).result()
            finally:
                for task in (*keeping, *other, stopped):
                    task.cancel()
                await asyncio.gather(*keeping, *other, stopped, return_exceptions=True)

    # Keeping one alive.

    async def _keep(self, worker: Worker) -> int:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            code = await worker.live(self._start_of(worker.index), self._heard_by(worker))
            self._bury(worker)
            if self._stop.is_set():
                if code:
                    log.warning("worker did not end well", worker=worker.index, **ending(code))
                return code
            if not self._all_ready.is_set():
                raise self._why_not(worker, code)
            if time.monotonic() - began > SOUND:
                pause = FIRST_PAUSE
            self._tell_together()
            log.warning("worker ended", worker=worker.index, **ending(code), again_in=pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
                return 0
            pause = min(2 * pause, LONGEST_PAUSE)
            self.restarts += 1

    def _start_of(self, index: int) -> Start:
        tree, sources = self.settings.handed_over()
        control = self.control.fileno() if index == SPEAKER else None
        return Start(tree, sources, index, self.door.getsockname()[1], control, self.started)

    def _why_not(self, worker: Worker, code: int) -> ScrubjayError:
        """Why the first worker that could not start did not, as it would tell it alone."""
        how = " ".join(f"{name} {value}" for name, value in ending(code).items())
        unsaid = Failed(f"worker {worker.index} ended ({how}) before it served", "", 1)
        told = self._failed or unsaid
        kind = UsageMistake if told.code == UsageMistake.exit_code else ScrubjayError
        return kind(told.error, hint=told.hint)

    def _bury(self, worker: Worker) -> None:
        self._ended = total((self._ended, counters(worker.counts)))
        worker.counts = Counts()

    # What is heard from workers.

    def _heard_by(self, worker: Worker) -> Heard:
        async def heard(message: Message) -> Message | None:
            match message:
                case Ready():
                    self._begin(worker, message)
                case Failed():
                    self._not_begun(worker, message)
                case Counted(counts):
                    worker.counts = counts
                case Gather():
                    return await self._gathered()
                case Use(policy):
                    return await self._used(policy)
            return None

        return heard

    def _begin(self, worker: Worker, ready: Ready) -> None:
        worker.ready = ready
        if self._all_ready.is_set():
            log.info("worker started again", worker=worker.index)
        if self.policy:
            worker.tell(Use(self.policy))
        if self._stop.is_set():
            worker.tell(Stop())
        if all(one.ready for one in self.workers):
            self._all_ready.set()
        self._tell_together()

    def _not_begun(self, worker: Worker, failed: Failed) -> None:
        self._failed = self._failed or failed
        if self._all_ready.is_set():
            log.error("worker cannot start", worker=worker.index, why=failed.error)

    def _tell_together(self) -> None:
        up = sum(one.ready is not None for one in self.workers)
        self.workers[SPEAKER].tell(Together(up, len(self.workers), self.restarts))

    async def _used(self, policy: str) -> Done:
        """The speaking worker has switched; so do the others."""
        self.policy = policy
        others = [one for one in self.workers if one.ready and one.index != SPEAKER]
        answers = await asyncio.gather(*(one.ask(Use(policy), PATIENCE) for one in others))
        wrong = [
            f"worker {one.index}: {answer.error if isinstance(answer, Done) else 'no answer'}"
            for one, answer in zip(others, answers, strict=True)
            if answer != Done()
        ]
        return Done("; ".join(wrong))

    async def _gathered(self) -> Gathered:
        await self._count()
        return Gathered(self._ended, {one.index: one.counts for one in self.workers})

    async def _count(self) -> None:
        await asyncio.gather(*(one.count(PATIENCE) for one in self.workers if one.ready))

    # Beside the workers.

    async def _announce(self) -> None:
        await self._all_ready.wait()
        told, port = self.settings, self.door.getsockname()[1]
        log.info(
            "ready",
            listen=f"{told.proxy.listen.host}:{port}",
            control=f"{told.control.listen.host}:{self.control.getsockname()[1]}",
            policy=next(one.ready.policy for one in self.workers if one.ready),
            capacity=told.cache.capacity,
            workers=len(self.workers),
        )

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(EACH)
            await self._count()

    def _hang_up(self) -> None:
        for worker in self.workers:
            worker.hang_up()

    def _kill(self) -> None:
        for worker in self.workers:
            worker.kill()
        at_once()

    async def _end(self, keeping: Sequence[asyncio.Task[int]]) -> int:
        """Let all of them drain; 1 where one of them did not end well."""
        log.info("draining")
        for worker in self.workers:
            worker.tell(Stop())
        patience = self.settings.proxy.drain_timeout + MARGIN
        done, late = await asyncio.wait(keeping, timeout=patience)
        log.info("stopped")
        return int(bool(late) or any(task.exception() or task.result() for task in done))


def ending(code: int) -> dict[str, int | str]:
    """How a process ended, for people."""
    if code < 0:
        return {"signal": signal.Signals(-code).name}
    return {"code": code}
