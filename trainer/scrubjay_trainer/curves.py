"""The losses of a training as a file: JSON, or an image."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from scrubjay_replay.errors import UseError
from scrubjay_replay.results import replacing
from scrubjay_replay.writers import check_place

if TYPE_CHECKING:
    from scrubjay_trainer.train import Epoch

SCHEMA = "scrubjay-curves/1"


def check(path: Path) -> None:
    """Refuse a file that could not be written, before the work is done."""
    if path.suffix not in {".json", ".png"}:
        raise UseError(f"--curves {path}: unknown kind", hint="End it in .png or .json.")
    if path.suffix == ".png" and find_spec("matplotlib") is None:
        raise UseError(
            f"--curves {path} needs matplotlib, which is not installed",
            hint='pip install "scrubjay[lab]", or write .json.',
        )
    check_place(path)


def write(path: Path, curve: Sequence[Epoch], learner: str) -> None:
    """Write the losses of each epoch, whole or not at all."""
    with replacing(path) as draft:
        if path.suffix == ".json":
            epochs = [
                {name: _known(value) for name, value in one._asdict().items()} for one in curve
            ]
            told = {"schema": SCHEMA, "learner": learner, "epochs": epochs}
            draft.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        else:
            from scrubjay_trainer import charts

            charts.draw(draft, curve, learner)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
