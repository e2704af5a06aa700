"""What a model file says of its own making; nothing of the clock, so that the same seed gives the
same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from scrubjay_replay.provenance import commit, version
from scrubjay_trainer.gather import Seen
from scrubjay_trainer.settings import Settings

if TYPE_CHECKING:
    from scrubjay_trainer.train import Fitted


def metadata(
    seen: Sequence[Seen], fitted: Fitted, learner: str, settings: Settings
) -> dict[str, str]:
    """Texts by name, for the head of the file; `model.save` adds what must fit the program."""
    return {
        "horizon": f"{settings.horizon:g}",
        "candidates": str(settings.candidates),
        "learner": learner,
        "trained_on": json.dumps(trained_on(seen)),
        "metrics": json.dumps(metrics(seen, fitted)),
        "settings": json.dumps(asdict(settings)),
        "seed": str(settings.seed),
        "commit": commit(),
        "scrubjay": version(),
    }


def trained_on(seen: Sequence[Seen]) -> list[dict[str, str | int]]:
    """Each trace once: which, and which part of it."""
    traces = {one.sha256: one for one in seen}
    return [
        {
            "name": one.trace,
            "sha256": one.sha256,
            "requests": one.requests,
            "from_row": one.rows_between[0],
            "to_row": one.rows_between[1],
        }
        for one in traces.values()
    ]


def metrics(seen: Sequence[Seen], fitted: Fitted) -> dict[str, int | float]:
    """How the best epoch did."""
    return {
        "decisions": sum(one.decisions for one in seen),
        "rows": sum(one.rows for one in seen),
        "epoch": fitted.best.epoch,
        "loss": round(fitted.best.loss, 6),
        "validation_loss": round(fitted.best.validation, 6),
    }
