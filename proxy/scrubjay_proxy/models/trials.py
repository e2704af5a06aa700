"""The trials that a proxy has under way, fed by its store: a model in shadow against the policy in
force, and the model before against it, for the automatic roll back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from scrubjay_policies.policy import Policy
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.models import index as change
from scrubjay_proxy.models.index import Index, Order
from scrubjay_proxy.models.trial import Standing, Trailing, Trial, Verdict, judge
from scrubjay_proxy.sections import CacheSection, ModelsSection


class Role(StrEnum):
    """Who challenges the policy in force."""

    SHADOW = "shadow"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended, and what it says for it."""

    role: Role
    sha256: str
    verdict: Verdict
    why: str


@dataclass(slots=True)
class Running:
    """A trial under way; `sha256` is the challenger's."""

    sha256: str
    incumbent: Policy
    trial: Trial
    trailing: Trailing = field(default_factory=Trailing)


def wanted(index: Index, policy: Policy, told: ModelsSection) -> dict[Role, str]:
    """The trials that there should be, by the digest of the challenger ("": what is shipped)."""
    trials = {Role.SHADOW: index.shadow} if index.shadow else {}
    if told.rollback_after > 0 and index.active and policy.model == index.active:
        trials[Role.PREVIOUS] = index.previous
    return trials


def concluded(index: Index, outcome: Outcome, active: str, now: float) -> Index:
    """What follows from a trial, unless the index was changed meanwhile; `active` was in force."""
    won, entry = outcome.verdict is Verdict.WON, index.model(outcome.sha256)
    if outcome.role is Role.PREVIOUS:
        same = (index.active, index.previous) == (active, outcome.sha256)
        order = Order("watch", now, f"the model before {outcome.why}")
        return change.rollback(index, order) if won and same else index
    if entry is None or index.shadow != outcome.sha256:
        return index
    if won:
        return change.promote(index, entry, Order("gate", now, outcome.why))
    return change.dismiss(index, Order("gate", now, f"did not lead: {outcome.why}"))


class Trials:
    """Begins trials, feeds them, and tells how each ended, once."""

    def __init__(
        self,
        told: ModelsSection,
        cache: CacheSection,
        *,
        clock: Callable[[], float],
        ended: Callable[[Outcome], None],
    ) -> None:
        self.running: dict[Role, Running] = {}
        self._told, self._cache = told, cache
        self._clock, self._ended = clock, ended

    def missing(self, wanted: dict[Role, str], incumbent: Policy) -> dict[Role, str]:
        """Those of the wanted that are not under way; what is not wanted ends here."""
        for role, one in [*self.running.items()]:
            if wanted.get(role) != one.sha256 or one.incumbent is not incumbent:
                del self.running[role]
        return {role: sha256 for role, sha256 in wanted.items() if role not in self.running}

    def begin(self, role: Role, sha256: str, challenger: Policy, incumbent: Policy) -> None:
        """A challenger against the policy in force."""
        trial = Trial(challenger, incumbent, self._cache, rate=self._told.sample)
        self.running[role] = Running(sha256, incumbent, trial)

    def see(self, stored: Stored, size: int) -> None:
        """A request that the store answered, or whose answer it was offered."""
        now = self._clock()
        cost = max(0.0, stored.times.received - stored.times.requested)
        for role, one in [*self.running.items()]:
            if not one.trial.see(stored.id, size, expires=stored.expires, cost=cost, now=now):
                continue
            if one.trial.failure:
                verdict, why = Verdict.LOST, one.trial.failure
            else:
                verdict, why = self._verdict(role, one, now), str(one.trial.standing())
            if verdict is not Verdict.WAIT:
                del self.running[role]
                self._ended(Outcome(role, one.sha256, verdict, why))

    def standings(self) -> dict[str, Standing]:
        """Of each trial under way."""
        return {role.value: one.trial.standing() for role, one in self.running.items()}

    def _verdict(self, role: Role, one: Running, now: float) -> Verdict:
        told = self._told
        if role is Role.SHADOW:
            if not told.gate:
                return Verdict.WAIT
            return judge(one.trial.standing(), requests=told.gate_requests, lead=told.gate_lead)
        one.trailing = one.trailing.after(one.trial.window(), now)
        return Verdict.WON if one.trailing.lasts(now, told.rollback_after) else Verdict.WAIT
