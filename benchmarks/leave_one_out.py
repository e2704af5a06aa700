"""How the recipe of the shipped model does on traces it never saw; Markdown on stdout.

    python benchmarks/leave_one_out.py TRACE… [--size 1%,5%] [--seeds 0,1] [--classics rows.csv]

For each trace a model is trained on the first halves of all others and on the synthetic workloads,
as the shipped one is (shipped_model.py), and scored on the second half of this one, the cache
carried over warm: object hits with objective object, byte hits with objective byte. The network
runs bare (drl) and guarded (hybrid). Beside it stand the best in hindsight of ten classics by
libcachesim, its GDSF and S3-FIFO. `--classics` takes their rows from an earlier run of the same
sizes and --score-from 0.5.
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
from scrubjay_policies.hybrid import hybrid
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
    guarded: list[float]
    best: float
    winner: str
    rival: float  # GDSF for objects, S3-FIFO for bytes
    offline: float

    @property
    def gain(self) -> float:
        """Points over the best in hindsight, mean of the seeds."""
        return statistics.mean(self.learned) - self.best

    @property
    def guarded_gain(self) -> float:
        """The same of the hybrid."""
        return statistics.mean(self.guarded) - self.best


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
                self.row(name, policy(weights, objective), objective, share)
                for policy in (drl, hybrid)
                for objective in MEASURES
                for share in self.shares
                if objective == "object" or self.traces[name].trace.size.max() > 1
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
        told = {"trace": name, "policy": policy.name, "objective": objective}
        return {**told, "size_fraction": share, **figures}


def cells(objective: str, ours: list[Row], classics: list[Row]) -> list[Cell]:
    """Every trace and size; for bytes only where sizes differ."""
    measure = MEASURES[objective]
    found: dict[tuple[str, float], dict[str, list[float]]] = {}
    for row in ours:
        if row["objective"] == objective:
            where = (str(row["trace"]), float(row["size_fraction"] or 0))
            by_policy = found.setdefault(where, {"drl": [], "hybrid": []})
            by_policy[str(row["policy"])].append(100 * float(row[measure] or 0))
    told = []
    for (trace, share), ratios in found.items():
        rows = [r for r in classics if (r["trace"], r["size_fraction"]) == (trace, share)]
        by_name = {str(r["policy"]): 100 * float(r[measure] or 0) for r in rows}
        online = {name: by_name[f"lcs:{name}"] for name in CLASSICS}
        winner = max(online, key=lambda name: online[name])
        rival = online["gdsf" if objective == "object" else "s3fifo"]
        offline = max(by_name[name] for name in OFFLINE)
        ours_here = ratios["drl"], ratios["hybrid"]
        told.append(Cell(trace, share, *ours_here, online[winner], winner, rival, offline))
    return told


def table(objective: str, told: list[Cell]) -> None:
    """All cells, losses too, and what they come to."""
    rival = "GDSF" if objective == "object" else "S3-FIFO"
    print(f"| trace | size | drl | gain | over {rival} | hybrid | gain | best of ten | | offline |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|---|--:|")
    for cell in told:
        mean = statistics.mean(cell.learned)
        print(
            f"| {cell.trace.split('.', maxsplit=1)[0]} | {cell.share:.0%} | {spread(cell.learned)} "
            f"| {cell.gain:+.2f} | {mean - cell.rival:+.2f} | {spread(cell.guarded)} "
            f"| {cell.guarded_gain:+.2f} | {cell.best:.2f} | {cell.winner} | {cell.offline:.2f} |"
        )
    print()
    summary("drl", rival, [(cell.gain, cell.learned, cell.rival) for cell in told])
    summary("hybrid", rival, [(cell.guarded_gain, cell.guarded, cell.rival) for cell in told])
    print()


def spread(ratios: list[float]) -> str:
    """Their mean, and how far they are apart."""
    deviation = f" ± {statistics.stdev(ratios):.2f}" if len(ratios) > 1 else ""
    return f"{statistics.mean(ratios):.2f}{deviation}"


def summary(name: str, rival: str, told: list[tuple[float, list[float], float]]) -> None:
    """What all cells come to."""
    gains = [gain for gain, _, _ in told]
    over = [statistics.mean(ratios) - other for _, ratios, other in told]
    lost = sum(gain < -0.5 for gain in gains)
    middle, mean, worst = statistics.median(gains), statistics.mean(gains), min(gains)
    print(
        f"- {name}: median gain {middle:+.2f} points, mean {mean:+.2f}, worst {worst:+.2f}; {lost} "
        f"of {len(gains)} cells below -0.5. Over {rival}: mean {statistics.mean(over):+.2f}."
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
