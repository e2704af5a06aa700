"""How long to keep what states no lifetime: stale answers against contacts with the origin.

    python benchmarks/holding.py [--out docs/images/holding.png] [--only simulated|live]

Synthetic workloads are simulated with fixed lifetimes, with shares of the time since the last
change, with lifetimes learned within several budgets, and with those that one would give who knew
each object's rates. Then one is sent through a live proxy to a live origin, request by request;
their clocks stand where the trace is. Markdown on stdout.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from scrubjay_proxy.app import Proxy
from scrubjay_proxy.settings import Settings
from scrubjay_replay import holding, synthetic
from scrubjay_replay.client import Address, Client
from scrubjay_replay.content import Written, catalog
from scrubjay_replay.drive import Replay
from scrubjay_replay.holding import lifetimes
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.pace import SEQUENTIAL
from scrubjay_replay.prepared import Assumptions, Prepared, prepare
from scrubjay_replay.provenance import commit
from scrubjay_replay.score import score
from scrubjay_replay.synthetic import Workload
from scrubjay_replay.trace import chosen
from scrubjay_replay.way import reverse

SEEDS = (1, 2, 3)
WORKLOADS = {
    "300 requests an object": "write-heavy --requests 1M --objects 3k --rate 10",
    "100 requests an object": "write-heavy --requests 1M --objects 10k --rate 10",
    "30 requests an object": "write-heavy --requests 300k --objects 10k --rate 10",
    "objects come and go": "news --requests 1M --objects 10k --lifespan 100k --rate 10 "
    "--writes classes --write-rate 20%",
    "all change alike": "write-heavy --requests 1M --objects 3k --rate 10 --writes even",
}
BUDGETS = ("0.1%", "0.3%", "1%", "3%", "10%")
SHOWN = "1%"
HEURISTIC = "heuristic:10%"
FIXED = [f"fixed:{seconds:.3f}s" for seconds in np.geomspace(1, 86400, 40)]
SHARES = [f"heuristic:{share:.3f}%" for share in np.geomspace(0.1, 500, 30)]
KNOWN = [f"hindsight:{price:.3f}" for price in np.geomspace(0.01, 3000, 40)]
LIVE = "write-heavy --requests 80k --objects 200 --rate 1"
START = 1_800_000_000.0


class Point(NamedTuple):
    """Shares of all answers."""

    stale: float
    contacts: float


def made(words: str, seed: int) -> Prepared:
    """A workload as the simulator takes it."""
    model, *options = words.split()
    pairs = zip(options[::2], options[1::2], strict=True)
    told = {option[2:].replace("-", "_"): v for option, v in pairs}
    own = {name: told.pop(name) for name in ("objects", "lifespan") if name in told}
    trace = synthetic.generate(Workload(model, seed=seed, params=own, **told))
    return prepare(trace, frozenset(), Assumptions(ttl=math.nan), name=words, sha256="")


def simulated(prepared: Prepared, way: str, *, dated: bool = True) -> Point:
    """What one way to choose lifetimes comes to."""
    run = holding.simulate(prepared, lifetimes(way, dated=dated))
    figures = score(prepared.trace, run.verdict, run.flags)
    requests = int(figures["requests"] or 0)
    return Point(
        int(figures["stale_hits"] or 0) / requests, int(figures["origin_requests"] or 0) / requests
    )


def at(curve: Iterable[Point], stale: float) -> float:
    """Contacts of a curve at that share of stale answers, between its points on a log scale."""
    points = sorted(curve)
    logs = [math.log(max(point.stale, 1e-9)) for point in points]
    return float(np.interp(math.log(stale), logs, [point.contacts for point in points]))


class Curves(NamedTuple):
    fixed: list[Point]
    share: list[Point]
    learned: list[Point]
    known: list[Point]
    usual: Point  # the heuristic as it is usually set
    like_usual: Point  # learned, with the budget that it spends
    undated: Point


def curves(prepared: Prepared) -> Curves:
    """All ways on one trace."""
    usual = simulated(prepared, HEURISTIC)
    return Curves(
        *([simulated(prepared, way) for way in ways] for ways in (FIXED, SHARES)),
        [simulated(prepared, f"learned:{budget}") for budget in BUDGETS],
        [simulated(prepared, way) for way in KNOWN],
        usual,
        simulated(prepared, f"learned:{usual.stale:.8f}"),
        simulated(prepared, f"learned:{SHOWN}", dated=False),
    )


def percent(shares: list[float], digits: int = 1) -> str:
    """Mean of the seeds, and how far they spread."""
    mean, spread = 100 * statistics.mean(shares), 100 * statistics.stdev(shares)
    return f"{mean:.{digits}f} ± {spread:.{digits}f} %"


def savings(name: str, seeds: list[Curves]) -> str:
    """One line: what is saved at equal staleness."""
    shown = [one.learned[BUDGETS.index(SHOWN)] for one in seeds]
    pairs = list(zip(seeds, shown, strict=True))
    cells = (
        percent([point.stale for point in shown], 2),
        percent([point.contacts for point in shown]),
        percent([1 - p.contacts / at(one.fixed, p.stale) for one, p in pairs]),
        percent([one.usual.stale for one in seeds], 2),
        percent([1 - one.like_usual.contacts / one.usual.contacts for one in seeds]),
        percent([1 - p.contacts / at(one.share, p.stale) for one, p in pairs]),
        percent([1 - at(one.known, p.stale) / p.contacts for one, p in pairs]),
        percent([one.undated.stale for one in seeds], 2),
        percent([one.undated.contacts for one in seeds]),
    )
    return f"| {name} | {' | '.join(cells)} |"


def curve_table(seeds: list[Curves]) -> None:
    """Contacts at the staleness of each budget."""
    print("| budget | stale answers | learned | fixed | share of the age | rates known |")
    print("|--:|--:|--:|--:|--:|--:|")
    for number, budget in enumerate(BUDGETS):
        points = [one.learned[number] for one in seeds]
        cells = [percent([p.stale for p in points], 2), percent([p.contacts for p in points])]
        for which in ("fixed", "share", "known"):
            pairs = zip(seeds, points, strict=True)
            cells.append(percent([at(getattr(one, which), p.stale) for one, p in pairs]))
        print(f"| {budget} | {' | '.join(cells)} |")


def draw(path: Path, found: dict[str, list[Curves]]) -> None:
    """The curves of the first seed, a panel for each workload."""
    figure = Figure(figsize=(4 * len(found), 4), layout="constrained")
    for number, (name, seeds) in enumerate(found.items()):
        axes = figure.add_subplot(1, len(found), number + 1)
        one = seeds[0]
        for points, label, style in (
            (one.fixed, "fixed", "-"),
            (one.share, "share of the age", "-"),
            (one.learned, "learned", "o-"),
            (one.known, "rates known", ":"),
        ):
            seen = [point for point in points if 5e-4 <= point.stale <= 0.15]
            axes.plot([100 * p.stale for p in seen], [100 * p.contacts for p in seen], style)
            axes.lines[-1].set_label(label)
        axes.plot([100 * one.usual.stale], [100 * one.usual.contacts], "s", label="10 % of the age")
        axes.set(xscale="log", xlabel="stale answers, %", title=name)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        if number == 0:
            axes.set_ylabel("origin contacts, % of requests")
            axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


class Clock:
    """Unix time, as the trace has it."""

    now = START

    def __call__(self) -> float:
        return self.now


class Timed(Replay):
    """The clock of proxy and origin stands where the trace has the request that is sent."""

    clock: Clock

    async def _one(self, number: int) -> None:
        self.clock.now = START + float(self._at[number])
        await super()._one(number)


async def live(prepared: Prepared, name: str, **given: object) -> Point:
    """The same through a proxy and an origin, over sockets."""
    trace, clock = prepared.trace, Clock()
    content = Written(catalog(trace, ttl=math.nan), trace)
    async with TraceOrigin(content, run=name, clock=clock, wall=clock) as origin:
        tree = {"proxy.origin": origin.url, "proxy.listen": "127.0.0.1:0"}
        tree |= {"control.listen": "127.0.0.1:0", "proxy.drain_timeout": "1s", **given}
        if "ttl" in tree:
            route = {"name": "all", "origin": tree.pop("proxy.origin")}
            tree["routes"] = [{**route, "ttl_default": tree.pop("ttl")}]
        async with Proxy(Settings.load(None, tree), clock=clock) as proxy:
            address = Address("127.0.0.1", proxy.port, tls=False)
            client, asked = Client(address), chosen(trace, ~trace.write)
            way, stop = reverse(address, origin), asyncio.Event()
            replay = Timed(asked, client, way, origin, stop=stop, progress=None)
            replay.clock = clock
            outcome = await replay.run(SEQUENTIAL, 1)
            client.close()
    bad = int(outcome.is_(Verdict.FAILED, Verdict.WRONG).sum())
    if bad or outcome.stopped:
        sys.exit(f"live {name}: {bad} bad answers, {outcome.stopped}: {outcome.faults}")
    return Point(float(outcome.stale.mean()), outcome.origin_requests / outcome.sent)


def live_table() -> None:
    """Each way once over sockets, and what the simulator says of it."""
    prepared = made(LIVE, SEEDS[0])
    print("| lifetime | stale answers | origin contacts | simulated: stale | contacts |")
    print("|---|--:|--:|--:|--:|")
    for way, given in (
        ("fixed:1m", {"ttl": "1m"}),
        ("learned:1%", {"http.staleness": "1%"}),
        (HEURISTIC, {}),
        ("learned:1.6%", {"http.staleness": "1.6%"}),
    ):
        there = asyncio.run(live(prepared, way.translate({ord(":"): "-", ord("%"): None}), **given))
        said = simulated(prepared, way)
        cells = " | ".join(f"{100 * share:.2f} %" for share in (*there, *said))
        print(f"| {way} | {cells} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", choices=("simulated", "live"))
    told = parser.parse_args()
    if told.only != "live":
        found = {
            name: [curves(made(words, seed)) for seed in SEEDS] for name, words in WORKLOADS.items()
        }
        print(f"### At equal staleness, learned:{SHOWN}\n")
        print(
            "| workload | stale | contacts | fewer than fixed | 10 % of the age: stale "
            "| fewer than it | than its best share | rates known: fewer still "
            "| undated: stale | contacts |"
        )
        print(f"|---|{'--:|' * 9}")
        for name, seeds in found.items():
            print(savings(name, seeds))
        print("\n### Contacts with the origin, % of requests, 100 requests an object\n")
        curve_table(found["100 requests an object"])
        if told.out:
            draw(told.out, found)
    if told.only != "simulated":
        print(f"\n### Live: {LIVE}\n")
        live_table()
    print(f"\nCommit {commit()}, seeds {', '.join(map(str, SEEDS))}; live with the first.")


if __name__ == "__main__":
    main()
