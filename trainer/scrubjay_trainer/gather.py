"""What a training sees: the decisions of several traces at several sizes, and a word on each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scrubjay_replay.errors import UseError
from scrubjay_replay.prepared import Assumptions, Prepared
from scrubjay_trainer import reward
from scrubjay_trainer.episodes import Episodes, divided, joined, log, part, span
from scrubjay_trainer.settings import Settings


@dataclass(frozen=True, slots=True)
class Seen:
    """One trace at one size, in numbers."""

    trace: str
    sha256: str
    requests: int  # of the training part
    rows_between: tuple[int, int]  # of the trace: where that part begins, and where it ends
    share: float  # of its footprint
    decisions: int
    rows: int
    chance: float  # mean of the labels: how likely an early next use is


@dataclass(frozen=True, slots=True)
class Gathered:
    """Decisions to learn from and to validate with."""

    training: Episodes
    validation: Episodes
    seen: tuple[Seen, ...]


def gather(
    traces: Iterable[Prepared],
    settings: Settings,
    assumed: Assumptions,
    tell: Callable[[str], None] = lambda _: None,
    *,
    weight: float = 1.0,
) -> Gathered:
    """Log and label each trace at each size, its rows weighing so much; UseError if nothing comes
    of it.

    The last decisions of each run validate, which no run may learn from.
    """
    training: list[Episodes] = []
    validation: list[Episodes] = []
    seen: list[Seen] = []
    for trace in traces:
        seen_part = part(trace, settings, assumed)
        for share in settings.sizes:
            tell(f"{trace.name} at {share:.3%}".replace(".000%", "%"))
            run = log(seen_part, share, settings)
            run = replace(run, weight=run.weight * np.float32(weight))
            between = span(len(trace.trace.key), settings)
            seen.append(_in_numbers(seen_part, between, share, run, settings))
            for parts, some in zip((training, validation), divided(run, settings), strict=True):
                parts.append(some)
    if not sum(map(len, validation)):
        raise UseError(
            "there is too little to learn from: no cache made two decisions that can be judged",
            hint="Take longer traces or smaller --sizes; a cache that holds everything evicts "
            "nothing.",
        )
    return Gathered(joined(training), joined(validation), tuple(seen))


def together(parts: Sequence[Gathered]) -> Gathered:
    """All of them as one."""
    return Gathered(
        joined([one.training for one in parts]),
        joined([one.validation for one in parts]),
        tuple(seen for one in parts for seen in one.seen),
    )


def _in_numbers(
    trace: Prepared, between: tuple[int, int], share: float, run: Episodes, settings: Settings
) -> Seen:
    there = run.weight > 0
    label = reward.chance(run.wait[there], settings.horizon, settings.unseen)
    return Seen(
        trace.name,
        trace.sha256,
        int((~trace.trace.write).sum()),
        between,
        share,
        len(run),
        int(there.sum()),
        float(label.mean()) if len(label) else 0.0,
    )
