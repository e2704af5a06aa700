"""The losses of a training as an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from scrubjay_trainer.train import Epoch


def draw(path: Path, curve: Sequence[Epoch], learner: str) -> None:
    """Loss and validation loss by epoch, as a PNG."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    epochs = [one.epoch for one in curve]
    axes.plot(epochs, [one.loss for one in curve], marker="o", label="training")
    axes.plot(epochs, [one.validation for one in curve], marker="s", label="validation")
    axes.set(xlabel="epoch", ylabel="loss", title=f"Losses of learner {learner}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, format="png", dpi=150)
