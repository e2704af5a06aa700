"""What the guard of `hybrid` costs, and what it saves with models that are no good; Markdown.

    python benchmarks/guard.py TRACE… [--size 1%,5%,10%] [--seed 0]

On each trace, for hits of objects and of bytes, with four models: the one that ships, one that was
trained on another of the traces alone, the shipped one turned upside down, and random weights. The
hybrid is compared with the best in hindsight of what it may follow, run alone: lru, sieve, s3fifo,
gdsf and the bare network. Second halves, caches carried over warm.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from scrubjay_policies import model
from scrubjay_policies.learned import SHAPES
from scrubjay_policies.policy import Numbers
from scrubjay_replay import results
from scrubjay_replay.results import Value
from workloads import scrubjay

EXPERTS = ("lru", "sieve", "s3fifo", "gdsf", "drl")
MEASURES = {"object": "object_hit_ratio", "byte": "byte_hit_ratio"}
MODELS = ("shipped", "other trace", "upside down", "random")

Row = dict[str, Value]
Loss = dict[tuple[str, str, float], dict[str, tuple[float, str]]]  # points and the best, by model


def upside_down(weights: Numbers) -> Numbers:
    """The same network with the sign of its answer turned."""
    turned, last = weights.copy(), int(np.prod(SHAPES["out.weight"])) + 1
    turned[-last:] *= -1
    return turned


def write_models(folder: Path, seed: int) -> dict[str, Path]:
    """The models that need no training."""
    shipped = model.shipped()
    random = np.random.default_rng(seed).normal(scale=0.5, size=len(shipped.weights))
    made = {
        "shipped": shipped.weights,
        "upside down": upside_down(shipped.weights),
        "random": random.astype(np.float32),
    }
    files = {}
    for name, weights in made.items():
        files[name] = folder / f"{name}.safetensors"
        model.save(files[name], weights, {"seed": str(seed)})
    return files


def rows_of(trace: Path, size: str, objective: str, file: Path, out: Path) -> list[Row]:
    """The hybrid and all it may follow, on one trace."""
    words = ("--policy", ",".join(("hybrid", *EXPERTS)), "--model", file, "--size", size)
    words += ("--objective", objective, "--sample", 64, "--score-from", 0.5, "--out", out)
    scrubjay("simulate", trace, *words)
    return results.read(out)


def losses(rows: list[Row], objective: str) -> dict[float, tuple[float, str]]:
    """Points of the hybrid over the best, and who that is, by size."""
    found: dict[float, dict[str, float]] = defaultdict(dict)
    for row in rows:
        ratio = 100 * float(row[MEASURES[objective]] or 0)
        found[float(row["size_fraction"] or 0)][str(row["policy"])] = ratio
    told = {}
    for share, by_name in found.items():
        best = max(EXPERTS, key=lambda name: by_name[name])
        told[share] = (by_name["hybrid"] - by_name[best], best)
    return told


def measured(traces: list[Path], size: str, seed: int, folder: Path) -> Loss:
    """All cells."""
    files, found = write_models(folder, seed), defaultdict(dict)
    for number, trace in enumerate(traces):
        other = traces[(number + len(traces) // 2) % len(traces)]
        files["other trace"] = folder / f"{other.name}.safetensors"
        if not files["other trace"].exists():
            scrubjay("train", other, "--seed", seed, "--out", files["other trace"])
        for name in MODELS:
            for objective in MEASURES:
                rows = rows_of(trace, size, objective, files[name], folder / "rows.csv")
                if objective == "byte" and rows[0]["bytes_requested"] == rows[0]["requests"]:
                    continue  # objects of one size each: the same as objects
                for share, loss in losses(rows, objective).items():
                    found[objective, trace.name.split(".")[0], share][name] = loss
    return dict(found)


def table(found: Loss) -> None:
    """Every cell, and what they come to."""
    for objective in MEASURES:
        print(f"### {objective.capitalize()} hits\n")
        print("| trace | size | " + " | ".join(MODELS) + " |\n|---|--:|" + "--:|" * len(MODELS))
        for (which, trace, share), by_model in found.items():
            if which == objective:
                cells = (f"{by_model[name][0]:+.2f} ({by_model[name][1]})" for name in MODELS)
                print(f"| {trace} | {share:.0%} | " + " | ".join(cells) + " |")
        print()
        for name in MODELS:
            told = [by[name][0] for (which, *_), by in found.items() if which == objective]
            below = sum(points < -1 for points in told)
            print(
                f"- {name}: mean {statistics.mean(told):+.2f}, worst {min(told):+.2f}, "
                f"{below} of {len(told)} below -1"
            )
        print()
    everything = [points for by in found.values() for points, _ in by.values()]
    print(f"Mean of all {len(everything)}: {statistics.mean(everything):+.2f} points.")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="+", type=Path)
    parser.add_argument("--size", default="1%,5%,10%")
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table(measured(told.traces, told.size, told.seed, Path(folder)))


if __name__ == "__main__":
    main()
