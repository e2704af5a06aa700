"""A decision is always made: where a model or a plug-in fails, a classic stands in for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from scrubjay_policies import classic
from scrubjay_policies.features import Features
from scrubjay_policies.policy import Numbers, Policy, Rating, admit_all
from scrubjay_proxy.events import Events
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.metrics import FALLBACKS

PATIENCE = 3  # failures in a row after which a classic decides alone
REST = 1.0  # seconds until the policy is tried again


class Fallback:
    """Wraps the policy in force; one that fails again and again is left alone for a while.

    `deadline` and `timer` are in seconds, a deadline of 0 never passes. An answer that came late
    is used, as it is there; the decisions of the rest that follows are what is counted.
    """

    def __init__(
        self, *, objective: str, deadline: float, timer: Callable[[], float], meter: Meter,
        events: Events,
    ) -> None:  # fmt: skip
        self._stand_in = stand_in(objective)
        self._deadline, self._timer = deadline, timer
        self._meter, self._events = meter, events
        self._failures = 0
        self._until = 0.0  # the rest lasts
        self._reason = ""  # for the rest; empty: none is taken

    def around(self, policy: Policy) -> Policy:
        """The policy with decisions that cannot fail, from now on the one in force.

        The classics stay as they are: they are arithmetic on what is finite.
        """
        self._failures = 0
        self._end("another policy is in force")
        if policy.worth.__module__ == classic.__name__:
            return policy
        admit = policy.admit
        return replace(
            policy,
            worth=self._guarded(policy.worth, self._stand_in.worth),
            admit=admit if admit is admit_all else self._guarded(admit, self._stand_in.admit),
        )

    def _guarded(self, judge: Rating, plain: Rating) -> Rating:
        def judged(features: Features, params: Numbers) -> Numbers:
            began = self._timer()
            if began < self._until:
                return self._instead(plain, features, self._reason)
            try:
                found = judge(features, params)
                sound = len(found) == np.count_nonzero(np.isfinite(found)) == len(features)
            except Exception as error:  # noqa: BLE001  plug-ins may raise what they like
                self._failed("error", f"{type(error).__name__}: {error}")
                return self._instead(plain, features, "error")
            if not sound:
                self._failed("not-finite")
                return self._instead(plain, features, "not-finite")
            if 0 < self._deadline < self._timer() - began:
                self._failed("deadline")
            elif self._failures:
                self._failures = 0
                self._end("decisions are sound again")
            return found

        return judged

    def _instead(self, plain: Rating, features: Features, reason: str) -> Numbers:
        self._meter.add(FALLBACKS, reason)
        return plain(features, self._stand_in.params)

    def _failed(self, reason: str, why: str = "") -> None:
        self._failures += 1
        if self._failures < PATIENCE:
            return
        self._until = self._timer() + REST
        if not self._reason:
            self._events.add(
                "fallback-started", reason=reason, why=why[:200], policy=self._stand_in.name
            )
        self._reason = reason

    def _end(self, why: str) -> None:
        self._until = 0.0
        if self._reason:
            self._reason = ""
            self._events.add("fallback-ended", why=why)


def stand_in(objective: str) -> Policy:
    """LRU for bytes, else hyperbolic, which is nearest to GDSF of what needs no credit: a policy
    that gives none leaves none behind."""
    return classic.LRU if objective == "byte" else classic.hyperbolic_for(objective)
