"""Keeps the policy in force in step with the model directory.

Files are read and verified in a thread; what passed changes hands in one step of the event loop.
What is refused leaves the last good model in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from scrubjay_policies import model
from scrubjay_policies.model import ModelError
from scrubjay_policies.policy import Policy, PolicyError
from scrubjay_proxy import metrics
from scrubjay_proxy.errors import ScrubjayError, UsageMistake
from scrubjay_proxy.events import Events
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.models import index as change
from scrubjay_proxy.models.directory import Directory
from scrubjay_proxy.models.in_force import InForce
from scrubjay_proxy.models.index import Entry, Index, What
from scrubjay_proxy.models.trials import Outcome, Trials, concluded, wanted
from scrubjay_proxy.models.watching import watch
from scrubjay_proxy.sections import ModelsSection
from scrubjay_proxy.store.base import Asked


class Models:
    """The directory of a running proxy; without one only the model file of the settings is kept.

    `index` is what the directory told last.
    """

    def __init__(
        self,
        told: ModelsSection,
        in_force: InForce,
        *,
        meter: Meter,
        events: Events,
        clock: Callable[[], float],
        feed: Callable[[Asked | None], None],
    ) -> None:
        self.in_force = in_force
        self._told, self._feed = told, feed
        self._meter, self._events = meter, events
        self._named = in_force.file
        self._directory = Directory(Path(told.dir), clock=clock) if told.dir else None
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._trouble = ""
        self._loaded: str | None = None  # the digest of the model in force, once it is
        self.index = Index()
        self.trials = Trials(
            told,
            in_force.cache,
            clock=clock,
            ended=lambda outcome: self._spawn(self._conclude(outcome)),
        )

    # Starting and ending.

    def begin(self) -> Policy:
        """Take in what came while nobody watched; gives the policy to begin with. Raises
        PolicyError for one that cannot be made, UsageMistake for a bad directory."""
        self._named_as = model.load(self._named).sha256 if self._named else ""
        directory = self._directory
        name = self.in_force.name
        if directory is None:
            return self.in_force.begin(self.in_force.made(name, self._named), self._named)
        self.index = directory.index()
        directory.take_in(gate=self._told.gate)
        if self._named:
            directory.promote(str(self._named), by="settings")
        index, policy = self._sound(directory, name)
        self._loaded = index.active
        self._tell(index)
        return self.in_force.begin(policy or self.in_force.made(name, None), self._file(index))

    async def start(self) -> None:
        """Watch the directory, and begin the trials that are due."""
        if self._directory is not None:
            self._spawn(watch(self._directory.path, self.look, self._events))
            await asyncio.sleep(0)  # the watch stands when its task has begun
            await self.look()

    async def stop(self) -> None:
        """End all that goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What it is asked for.

    async def look(self) -> None:
        """Bring what is in force in step with the directory, if anything has changed in it."""
        directory = self._directory
        if directory is None:
            return
        async with self._turn:
            try:
                name = self.in_force.name
                index, policy = await asyncio.to_thread(self._sound, directory, name)
                if policy is not None:
                    self._swap(name, policy, self._file(index))
                    self._loaded = index.active
                await self._follow(index)
                self._trouble = ""
            except (PolicyError, ScrubjayError) as error:
                self._troubled(str(error))

    async def reload(self) -> None:
        """Read the model file of the settings again, and the directory."""
        if self._named is not None:
            with suppress(PolicyError, ScrubjayError):  # told as an event
                await self._ordered(str(self._named), self._read_again(self._named))
        await self.look()

    async def promote(self, name: str) -> None:
        """Put a model of the directory in force; raises ModelError and UsageMistake."""
        await self._ordered(
            name, asyncio.to_thread(self._needed().promote, name, by="api", outside=False)
        )

    async def shadow(self, name: str) -> None:
        """Run a model of the directory in shadow; raises ModelError and UsageMistake."""
        await self._ordered(
            name, asyncio.to_thread(self._needed().shadow, name, by="api", outside=False)
        )

    async def rollback(self) -> None:
        """Put the model before in force again; raises UsageMistake."""
        await self._ordered("", asyncio.to_thread(self._needed().rollback, by="api"))

    def hang_up(self) -> None:
        """What SIGHUP asks for."""
        self._spawn(self.reload())

    def readings(self) -> dict[str, tuple[int, float]]:
        """Of each trial under way: requests seen, and the challenger's lead as a ratio."""
        return {
            role: (one.requests, one.challenger - one.incumbent)
            for role, one in self.trials.standings().items()
        }

    def _needed(self) -> Directory:
        if self._directory is None:
            raise UsageMistake("there is no model directory", hint="start with --models DIR")
        return self._directory

    async def _ordered(self, file: str, order: Coroutine[Any, Any, object]) -> None:
        try:
            await order
        except ModelError as error:
            self._meter.add(metrics.MODEL_REFUSALS, error.reason)
            self._events.add("model-refused", file=file, reason=error.reason, why=str(error))
            raise
        await self.look()

    async def _read_again(self, named: Path) -> None:
        """The model file of the settings, if it has changed."""
        found = await asyncio.to_thread(model.load, named)
        if found.sha256 == self._named_as:
            return
        if self._directory is not None:
            await asyncio.to_thread(self._directory.promote, str(named), by="signal")
        else:
            name = self.in_force.name
            self._swap(name, await asyncio.to_thread(self.in_force.made, name, named), named)
            self._meter.add(metrics.MODEL_CHANGES, What.PROMOTED)
            self._events.add("model-promoted", digest=found.sha256, file=str(named), by="signal")
        self._named_as = found.sha256

    # Between the directory and the policy.

    def _sound(self, directory: Directory, name: str) -> tuple[Index, Policy | None]:
        """The index, after all that is new was looked at, and the policy with that name made with
        the model in force, unless it is the one that was before."""
        index = directory.index()
        if directory.stamps() != index.seen:
            index = directory.take_in(gate=self._told.gate)
        while index.active != self._loaded:
            try:
                return index, self.in_force.made(name, self._file(index))
            except ModelError as error:
                if not index.active:
                    raise
                index = _withdrawn(directory, index.active, error)
        return index, None

    def _file(self, index: Index) -> Path | None:
        """The model in force; None for the one that is shipped."""
        return self._directory.kept(index.active) if self._directory and index.active else None

    async def _follow(self, index: Index) -> None:
        try:
            await self._try_out(index)
        finally:
            self._tell(index)

    def _swap(self, name: str, made: Policy, file: Path | None) -> None:
        """Put a policy with another model in force; the one there stays if it has no model."""
        force = self.in_force
        force.file = file
        if name != force.name:
            force.use_named(force.name)  # it was switched while this one was made
        elif made.model:
            force.use(made)

    def _tell(self, index: Index) -> None:
        """Count and tell what has happened since the last time."""
        known = self.index.last if self.index.last <= index.last else 0
        for one in index.since(known):
            if one.what is What.REFUSED:
                self._meter.add(metrics.MODEL_REFUSALS, one.reason)
            else:
                self._meter.add(metrics.MODEL_CHANGES, one.what)
            self._events.add(
                f"model-{one.what}",
                digest=one.sha256,
                file=one.file,
                before=one.before,
                by=one.by,
                reason=one.reason,
                why=one.why,
            )
        self.index = index

    def _troubled(self, why: str) -> None:
        if why != self._trouble:
            self._events.add("models-unreadable", why=why)
        self._trouble = why

    # Trials.

    async def _try_out(self, index: Index) -> None:
        """Begin the trials that the index asks for, end the others."""
        force = self.in_force
        asked = wanted(index, force.policy, self._told)
        for role, sha256 in self.trials.missing(asked, force.policy).items():
            challenger = await asyncio.to_thread(self._challenger, sha256)
            self.trials.begin(role, sha256, challenger, force.policy)
        self._feed(self.trials.see if self.trials.running else None)

    def _challenger(self, sha256: str) -> Policy:
        force = self.in_force
        file = self._directory.kept(sha256) if self._directory and sha256 else None
        return force.made(force.name if force.policy.model else "drl", file)

    async def _conclude(self, outcome: Outcome) -> None:
        directory, active = self._needed(), self.index.active
        now = directory.order("proxy").time
        with suppress(ScrubjayError):  # the next look tells it
            await asyncio.to_thread(
                directory.edit, lambda index: concluded(index, outcome, active, now)
            )
        await self.look()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _withdrawn(directory: Directory, sha256: str, error: ModelError) -> Index:
    """Without a model that was put in force, but cannot be loaded here."""

    def decide(index: Index) -> Index:
        order = directory.order("proxy", str(error))
        entry = index.model(sha256) or Entry(sha256, "", order.time)
        return change.refuse(index, entry, order, error.reason)

    return directory.edit(decide)
