"""What a run of the public suite means: pure functions on its raw results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

KINDS = ("required", "optimal", "check")


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    DEPENDS = "dependency failed"  # says nothing: what it builds upon did not pass
    SETUP = "setup failed"
    RETRY = "retried"  # the client or the proxy sent a request twice
    TIMEOUT = "timeout"
    ABSENT = "not run"


UNDECIDED = frozenset({Outcome.SETUP, Outcome.RETRY, Outcome.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    group: str
    kind: str
    name: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    detail: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASS


@dataclass(frozen=True, slots=True)
class Difference:
    """How a run differs from what is expected of the required tests."""

    broken: tuple[str, ...]  # should pass and do not
    mended: tuple[str, ...]  # are expected to fail and pass
    unknown: tuple[str, ...]  # are expected to fail and do not exist

    def __bool__(self) -> bool:
        return bool(self.broken or self.mended or self.unknown)


def own_verdict(result: Any) -> Verdict:
    """What a test said by itself: `true`, or the name and the message of its error."""
    if result is None:
        return Verdict(Outcome.ABSENT)
    if result is True:
        return Verdict(Outcome.PASS)
    error, message = result[0], result[1] or ""
    if error == "Setup":
        return Verdict(Outcome.RETRY if message == "retry" else Outcome.SETUP, message)
    if error in {"AbortError", "TimeoutError"}:
        return Verdict(Outcome.TIMEOUT, message)
    return Verdict(Outcome.FAIL, message if error == "Assertion" else f"{error}: {message}")


def judge(cases: Sequence[Case], results: Mapping[str, Any]) -> dict[str, Verdict]:
    """The verdict for each test; one whose dependency did not pass is no pass."""
    by_id = {case.id: case for case in cases}
    settled: dict[str, Verdict] = {}

    def settle(name: str) -> Verdict:
        if name not in settled:
            settled[name] = Verdict(Outcome.DEPENDS, "depends on itself")
            settled[name] = decide(by_id[name])
        return settled[name]

    def decide(case: Case) -> Verdict:
        own = own_verdict(results.get(case.id))
        lacking = [need for need in case.needs if need in by_id and not settle(need).passed]
        if lacking and own.outcome is not Outcome.ABSENT:
            return Verdict(Outcome.DEPENDS, "needs " + ", ".join(lacking))
        return own

    return {case.id: settle(case.id) for case in cases}


def undecided(results: Mapping[str, Any]) -> list[str]:
    """Tests that a busy machine may have kept from reaching their question."""
    return [name for name, result in results.items() if own_verdict(result).outcome in UNDECIDED]


def worst(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One result for several runs: a test passes when it passed in each of them."""
    names = {name: None for run in runs for name in run}
    return {
        name: next((run.get(name) for run in runs if run.get(name) is not True), True)
        for name in names
    }


def compare(
    cases: Iterable[Case], verdicts: Mapping[str, Verdict], expected: Iterable[str]
) -> Difference:
    """Holds required and optimal tests against the list of those expected not to pass."""
    allowed = set(expected)
    held = {case.id for case in cases if case.kind in ("required", "optimal")}
    failed = {name for name in held if not verdicts[name].passed}
    return Difference(
        broken=tuple(sorted(failed - allowed)),
        mended=tuple(sorted((held & allowed) - failed)),
        unknown=tuple(sorted(allowed - held)),
    )


def count(
    cases: Iterable[Case], verdicts: Mapping[str, Verdict]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Per group and kind: how many passed, of how many."""
    passed: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for case in cases:
        total[case.group, case.kind] += 1
        passed[case.group, case.kind] += verdicts[case.id].passed
    groups = dict.fromkeys(group for group, _ in total)
    return {
        group: {kind: (passed[group, kind], total[group, kind]) for kind in KINDS}
        for group in groups
    }


def totals(counts: Mapping[str, Mapping[str, tuple[int, int]]]) -> dict[str, tuple[int, int]]:
    """The counts of all groups together, per kind."""
    return {
        kind: (
            sum(row[kind][0] for row in counts.values()),
            sum(row[kind][1] for row in counts.values()),
        )
        for kind in KINDS
    }
