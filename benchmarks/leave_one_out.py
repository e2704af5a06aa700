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
import multiprocessing
import os
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from scrubjay_policies import Policy
from scrubjay_policies.learned import CANDIDATES, drl
from scrubjay_replay import experiment, results
from scrubjay_replay.prepared import Assumptions, Prepared, prepare
from scrubjay_replay.provenance import commit
from scrubjay_replay.readers import open_trace
from scrubjay_replay.results import Value
from scrubjay_replay.score import score
from scrubjay_replay.simulate import Cache, simulate
from scrubjay_replay.trace import load
from scrubjay_trainer.gather import Gathered, gather, together
from scrubjay_trainer.settings import Settings
from scrubjay_trainer.train import fit
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
LEARNER, BATCH = "dqn", 4
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


def learned(paths: list[Path], shares: list[float], seeds: list[int], folder: Path) -> list[Row]:
    """Rows of a model for each trace and seed that never saw the trace.

    Each trace is logged once for all of them.
    """
    settings, assumed = Settings(), Assumptions()
    traces = {path.name: prepared(path) for path in paths}
    logged = {name: gather([trace], settings, assumed) for name, trace in traces.items()}
    light = settings.beside_weight
    for path in make(folder):
        logged[path.name] = gather([prepared(path)], settings, assumed, weight=light)
    without = Without(traces, logged, shares, seeds)
    fork = multiprocessing.get_context("fork")  # so that traces and decisions are shared
    with ProcessPoolExecutor(os.cpu_count(), mp_context=fork) as pool:
        return [row for rows in pool.map(without, traces) for row in rows]


def prepared(path: Path) -> Prepared:
    """A trace from its file."""
    reader = open_trace(path)
    return prepare(load(reader), reader.columns, Assumptions(), name=path.name, sha256="")


@dataclass(frozen=True, slots=True)
class Without:
    """Train on all traces but one, and score on that one's second half."""

    traces: dict[str, Prepared]
    logged: dict[str, Gathered]
    shares: list[float]
    seeds: list[int]

    def __call__(self, name: str) -> list[Row]:
        seen = together([some for trace, some in self.logged.items() if trace != name])
        rows: list[Row] = []
        for seed in self.seeds:
            weights = fit(
                seen.training, seen.validation, LEARNER, replace(Settings(), seed=seed)
            ).weights
            rows += [
                self.row(name, drl(weights, objective), objective, share)
                for objective in MEASURES
                for share in self.shares
            ]
        print(name, "done", file=sys.stderr, flush=True)
        return rows

    def row(self, name: str, policy: Policy, objective: str, share: float) -> Row:
        """One simulation, from the half on."""
        trace = self.traces[name]
        capacity = max(1, int(trace.footprint * share))
        done = simulate(trace, policy, Cache(capacity, CANDIDATES, BATCH))
        half = len(done.verdict) // 2
        figures = score(trace.trace, done.verdict, done.flags, start=half)
        return {"trace": name, "objective": objective, "size_fraction": share, **figures}


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
        shares = [float(size.share or 0) for size in experiment.sizes(told.size)]
        ours = learned(told.traces, shares, seeds, folder)
    for objective in MEASURES:
        print(f"### {objective.capitalize()} hits\n")
        table(objective, cells(objective, ours, classics))
    print(f"Commit {commit()}, seeds {told.seeds}.")


if __name__ == "__main__":
    main()
