"""How the recipe of the shipped model does on traces it never saw; Markdown on stdout.

    python benchmarks/leave_one_out.py TRACE… [--size 1%,5%] [--seeds 0,1] [--classics rows.csv]

For each trace a model is trained on the first halves of all others and on the synthetic workloads,
as the shipped one is (shipped_model.py), and scored on the second half of this one, the cache
carried over warm: object hits with objective object, byte hits with objective byte. Beside it
stand the best in hindsight of ten classics by libcachesim, its GDSF and S3-FIFO. `--classics`
takes their rows from an earlier run of the same sizes and --score-from 0.5.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from scrubjay_replay import results
from scrubjay_replay.results import Value
from workloads import make, scrubjay

CLASSICS = (
    "lru",
    "sieve",
    "s3fifo",
    "twoq",
    "clock2qplus",
    "wtinylfu",
    "gdsf",
    "arc",
    "lirs",
    "lhd",
)
OFFLINE = ("belady", "belady-size")
MEASURES = {"object": "object_hit_ratio", "byte": "byte_hit_ratio"}

Row = dict[str, Value]


class Cell(NamedTuple):
    """One trace at one size, in percent."""

    trace: str
    share: float
    learned: list[float]  # of each seed
    best: float
    winner: str
    rival: float  # GDSF for objects, S3-FIFO for bytes
    offline: float

    @property
    def gain(self) -> float:
        """Points over the best in hindsight, mean of the seeds."""
        return statistics.mean(self.learned) - self.best


def simulated(traces: list[Path], out: Path, *words: object) -> list[Row]:
    """Rows of the second halves."""
    scrubjay("simulate", *traces, *words, "--score-from", 0.5, "--out", out)
    return results.read(out)


def learned(traces: list[Path], size: str, seeds: list[int], folder: Path) -> list[Row]:
    """Rows of a model for each trace and seed that never saw the trace."""
    synthetic = make(folder)

    def without(trace: Path) -> list[Row]:
        others = [one for one in traces if one != trace]
        rows: list[Row] = []
        for seed in seeds:
            model = folder / f"{trace.name}-{seed}.safetensors"
            scrubjay("train", *others, *synthetic, "--seed", seed, "--out", model)
            for objective in MEASURES:
                words = ("--policy", "drl", "--model", model, "--objective", objective)
                words += ("--size", size, "--sample", 64, "--batch", 4, "--jobs", 1)
                rows += simulated([trace], folder / f"{trace.name}.csv", *words)
        print(trace.name, "done", file=sys.stderr, flush=True)
        return rows

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process of its own
        return [row for rows in pool.map(without, traces) for row in rows]


def cells(objective: str, ours: list[Row], classics: list[Row]) -> list[Cell]:
    """Every trace and size; for bytes only where sizes differ."""
    measure = MEASURES[objective]
    found: dict[tuple[str, float], list[float]] = {}
    for row in ours:
        if row["objective"] == objective:
            where = (str(row["trace"]), float(row["size_fraction"] or 0))
            found.setdefault(where, []).append(100 * float(row[measure] or 0))
    told = []
    for (trace, share), ratios in found.items():
        rows = [r for r in classics if (r["trace"], r["size_fraction"]) == (trace, share)]
        by_name = {str(r["policy"]): 100 * float(r[measure] or 0) for r in rows}
        if objective == "byte" and rows[0]["bytes_requested"] == rows[0]["requests"]:
            continue
        online = {name: by_name[f"lcs:{name}"] for name in CLASSICS}
        winner = max(online, key=lambda name: online[name])
        rival = online["gdsf" if objective == "object" else "s3fifo"]
        offline = max(by_name[name] for name in OFFLINE)
        told.append(Cell(trace, share, ratios, online[winner], winner, rival, offline))
    return told


def table(objective: str, told: list[Cell]) -> None:
    """All cells, losses too, and what they come to."""
    rival = "GDSF" if objective == "object" else "S3-FIFO"
    print(f"| trace | size | drl, unseen | best of ten | | gain | over {rival} | offline |")
    print("|---|--:|--:|--:|---|--:|--:|--:|")
    for cell in told:
        mean = statistics.mean(cell.learned)
        spread = f" ± {statistics.stdev(cell.learned):.2f}" if len(cell.learned) > 1 else ""
        print(
            f"| {cell.trace.split('.', maxsplit=1)[0]} | {cell.share:.0%} | {mean:.2f}{spread} "
            f"| {cell.best:.2f} | {cell.winner} | {cell.gain:+.2f} | {mean - cell.rival:+.2f} "
            f"| {cell.offline:.2f} |"
        )
    gains = [cell.gain for cell in told]
    over = [statistics.mean(cell.learned) - cell.rival for cell in told]
    lost = sum(gain < -0.5 for gain in gains)
    middle, mean, worst = statistics.median(gains), statistics.mean(gains), min(gains)
    print(
        f"\nMedian gain {middle:+.2f} points, mean {mean:+.2f}, worst {worst:+.2f}; {lost} of "
        f"{len(gains)} cells below -0.5. Over {rival}: mean {statistics.mean(over):+.2f}.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="+", type=Path)
    parser.add_argument("--size", default="1%,5%,10%")
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--classics", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if told.classics:
            classics = results.read(told.classics)
        else:
            names = ",".join([*(f"lcs:{one}" for one in CLASSICS), *OFFLINE])
            words = ("--policy", names, "--size", told.size)
            classics = simulated(told.traces, folder / "classics.csv", *words)
        seeds = [int(seed) for seed in told.seeds.split(",")]
        ours = learned(told.traces, told.size, seeds, folder)
    for objective in MEASURES:
        print(f"### {objective.capitalize()} hits\n")
        table(objective, cells(objective, ours, classics))
    print(f"Commit {ours[0]['commit']}, seeds {told.seeds}.")


if __name__ == "__main__":
    main()
