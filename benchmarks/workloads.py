"""Synthetic workloads that the shipped model learns from, beside real traces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRUBJAY = Path(sys.executable).parent / "scrubjay"

# What `scrubjay trace synth` is told, without sizes and seed: popular and flat catalogues, ones
# that change fast and slowly, and what spoils a cache: scans, loops, objects that never return.
MODELS = (
    "zipf --objects 20k --alpha 0.7",
    "zipf --objects 20k --alpha 1.0",
    "drift --objects 10k --alpha 0.9 --every 5k --churn 10%",
    "news --objects 30k --alpha 1.0 --lifespan 5k",
    "news --objects 30k --alpha 0.8 --lifespan 30k",
    "one-hit --objects 10k --alpha 0.9 --share 50%",
    "scan --objects 10k --alpha 0.9 --share 30% --length 3k",
    "loop --objects 10k --alpha 0.9 --share 20% --length 3k",
)
SIZES = ("web", "unit")
REQUESTS = "200k"  # half of them are learned from


def scrubjay(*words: object) -> None:
    """One of the project's own commands, silent."""
    subprocess.run([SCRUBJAY, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def make(folder: Path) -> list[Path]:
    """Write all of them; the same files every time."""
    made = []
    for number, (model, sizes) in enumerate((m, s) for m in MODELS for s in SIZES):
        path = folder / f"synthetic-{number:02}-{model.split(maxsplit=1)[0]}-{sizes}.csv"
        words = (*model.split(), "--requests", REQUESTS, "--sizes", sizes, "--seed", number)
        scrubjay("trace", "synth", *words, "--out", path)
        made.append(path)
    return made
