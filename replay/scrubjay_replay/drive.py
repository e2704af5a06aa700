"""Replay a trace over HTTP through a live proxy, and check every byte that comes back.

Open loop where the pace has times: a request is sent when it is due, whether or not earlier
ones are answered, up to a bound on those under way; what that bound delays is counted as late.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from scrubjay_replay.client import Address, Answer, BrokenAnswer, Client
from scrubjay_replay.content import read_etag
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.outcome import Outcome, Seen, Verdict, judge, read_cache_status
from scrubjay_replay.pace import SEQUENTIAL, Mode, Pace
from scrubjay_replay.trace import Trace
from scrubjay_replay.way import Way, find_way, reverse

LATE = 0.010  # seconds behind its time from which a request counts as late
HOPELESS = 100  # failures in a row after which the rest is not tried
TELL_EVERY = 64  # requests between two calls of `progress`

Progress = Callable[[int], None]


async def drive(
    trace: Trace,
    *,
    through: str | None,
    origin: TraceOrigin,
    pace: Pace = SEQUENTIAL,
    concurrency: int = 64,
    timeout: float = 60.0,
    stop: asyncio.Event | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Send every request of `trace` through the proxy; the running `origin` must be behind it.

    Several proxies, with commas between them, take turns, as behind a load balancer. Without
    `through` the origin itself is driven. `stop` ends it early: what is under way is finished and
    the outcome says so.
    """
    addresses = Address.all_of(through or origin.url)
    clients = [Client(address, timeout=timeout) for address in addresses]
    try:
        ways = [reverse(addresses[0], origin)]
        if through:
            ways = [await find_way(client, origin, known_as=addresses[0]) for client in clients]
        stop = stop or asyncio.Event()
        roads = [*zip(clients, ways, strict=True)]
        replay = Replay(trace, roads, origin, stop=stop, progress=progress)
        return await replay.run(pace, 1 if pace.mode is Mode.SEQUENTIAL else concurrency)
    finally:
        for client in clients:
            client.close()


class Replay:
    """One run over one trace."""

    def __init__(
        self,
        trace: Trace,
        roads: Sequence[tuple[Client, Way]],
        origin: TraceOrigin,
        *,
        stop: asyncio.Event,
        progress: Progress | None,
    ) -> None:
        self.outcome = Outcome.empty(len(trace.key))
        self.outcome.way = roads[0][1].name
        self._at = trace.at
        self._keys: list[int] = trace.key.tolist()
        self._roads = roads
        self._origin = origin
        self._stop = stop
        self._progress = progress
        self._under_way = [0] * len(origin.content.catalog)
        self._started = [0] * len(origin.content.catalog)
        self._failures_in_a_row = 0
        self._done = 0

    async def run(self, pace: Pace, concurrency: int) -> Outcome:
        """Send everything at its pace; the outcome is whole when this returns."""
        asked, sent = sum(self._origin.asked), self._origin.bytes_sent
        began = time.perf_counter()
        if concurrency == 1 and pace.due(self._at) is None:
            await self._one_by_one()
        else:
            await self._side_by_side(pace, concurrency)
        self.outcome.seconds = time.perf_counter() - began
        self.outcome.origin_requests = sum(self._origin.asked) - asked
        self.outcome.origin_bytes = self._origin.bytes_sent - sent
        if self.outcome.sent < len(self._keys) and not self.outcome.stopped:
            self.outcome.stopped = "asked to stop"
        if self._progress:
            self._progress(self._done)
        return self.outcome

    async def _one_by_one(self) -> None:
        for number in range(len(self._keys)):
            if self._stop.is_set():
                return
            self.outcome.sent = number + 1
            await self._one(number)

    async def _side_by_side(self, pace: Pace, concurrency: int) -> None:
        due = pace.due(self._at)
        slots = asyncio.Semaphore(concurrency)
        flying: dict[int, asyncio.Task[None]] = {}
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, key in enumerate(self._keys):
                if due is not None:
                    await self._until(began + float(due[number]))
                elif key in flying:  # no clock demands it: never two at once for one key
                    await asyncio.wait([flying[key]])
                await slots.acquire()
                if self._stop.is_set():
                    return
                if due is not None:
                    self._count_lag(time.perf_counter() - began - float(due[number]))
                self.outcome.sent = number + 1
                task = group.create_task(self._one(number))
                if due is None:
                    flying[key] = task
                task.add_done_callback(lambda _: slots.release())

    async def _until(self, moment: float) -> None:
        left = moment - time.perf_counter()
        if left > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._stop.wait()

    def _count_lag(self, lag: float) -> None:
        self.outcome.late += lag > LATE
        self.outcome.worst_lag = max(self.outcome.worst_lag, lag)

    async def _one(self, number: int) -> None:
        key, origin = self._keys[number], self._origin
        asked, full, busy = origin.asked[key], origin.full[key], origin.serving[key] > 0
        alone, oldest = self._under_way[key] == 0, origin.version(key)
        self._under_way[key] += 1
        self._started[key] += 1
        started = self._started[key]
        began = time.perf_counter()
        try:
            client, way = self._roads[number % len(self._roads)]
            answer = await client.get(f"{way.prefix}{key}", way.host)
        except (OSError, BrokenAnswer) as error:
            self._failed(number, f"{type(error).__name__}: {error}".removesuffix(": "))
            return
        finally:
            self.outcome.latency[number] = time.perf_counter() - began
            self._under_way[key] -= 1
            self._count_done()
        self.outcome.received[number] = answer.length
        version = self._checked(number, key, answer)
        if version is None:
            return
        stale = version < oldest
        overlapping = not alone or started != self._started[key]
        seen = Seen(origin.asked[key] - asked, origin.full[key] - full, busy, overlapping, stale)
        self.outcome.stale[number] = stale
        self.outcome.verdict[number] = judge(
            seen, read_cache_status(answer.headers.get("cache-status", ""))
        )
        self._failures_in_a_row = 0

    def _checked(self, number: int, key: int, answer: Answer) -> int | None:
        """The version that came, if all of it is what the origin has; else the fault is noted."""
        if answer.status != 200:
            self._failed(number, f"key {key}: status {answer.status}")
            return None
        tag = read_etag(answer.headers.get("etag", ""))
        if tag is None or tag[0] != key or not 0 <= tag[1] <= self._origin.version(key):
            why = f"its ETag is {answer.headers.get('etag', 'missing')}"
        elif answer.length != (size := self._origin.content.catalog.sizes[key]):
            why = f"{answer.length} bytes, not {size}"
        elif answer.checksum != self._origin.content.checksum(*tag):
            why = "its checksum is wrong"
        else:
            return tag[1]
        self.outcome.fault(number, Verdict.WRONG, f"key {key}: a wrong body: {why}")
        return None

    def _failed(self, number: int, why: str) -> None:
        self.outcome.fault(number, Verdict.FAILED, why)
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= HOPELESS and not self._stop.is_set():
            self.outcome.stopped = f"{HOPELESS} failures in a row"
            self._stop.set()

    def _count_done(self) -> None:
        self._done += 1
        if self._progress and self._done % TELL_EVERY == 0:
            self._progress(self._done)
