"""Throughput and CPU a request beside nginx and Varnish; Markdown tables on stdout.

    python benchmarks/throughput [--rounds 5] [--seconds 3] [--cases hit-1k,miss-1k] [--policy NAME]

Everything runs on this machine: an origin (nginx with files), the servers, and wrk, on one thread,
with 32 connections that are kept. Servers take turns, round after round; figures are medians over
the rounds, and ratios, medians of each round's, have nginx as 1 (in the case `latency`, at one
connection, the origin itself). CPU is user and system time of all processes of a server. Needs
Debian's nginx-light, varnish and wrk; redis-server where the cases `redis` are asked for and this
build has such a store.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import costs
from load import SKEWED, UNIQUE, BadRound, Driver, Load, Row
from servers import Bench, Server, Unfit, check

HITS = {
    "hit-1k": Load("/1k"),
    "hit-16k": Load("/16k"),
    "hit-256k": Load("/256k"),
    "hit-1k-headers": Load("/1k", headers=True),
    "hit-10k-keys": SKEWED,
}
MISSES = {
    "miss-1k": Load("/private/1k"),
    "miss-256k": Load("/private/256k"),
    "storable-1k": UNIQUE,
}
LATENCY = {"latency": Load("/private/1k", connections=1)}
REDIS = {
    "redis-1k": Load("/1k"),
    "redis-16k": Load("/16k"),
    "redis-256k": Load("/256k"),
    "redis-10k-keys": SKEWED,
}
COSTS = ("eviction", "memory")
CASES = (*HITS, *MISSES, *LATENCY, *REDIS, *COSTS)
HEADER = (
    "| case | server | CPU us | CPU ratio | requests/s | rate ratio | p50 us | p99 us |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|"
)


class Run:
    """One run of all that is asked for."""

    def __init__(self, bench: Bench, driver: Driver, told: argparse.Namespace) -> None:
        self._bench, self._driver, self._told = bench, driver, told
        self._nginx = bench.nginx()
        self.rows: list[Row] = []

    def lines(self) -> Iterator[str]:
        """The tables, as far as they have come."""
        asked: Sequence[str] = self._told.cases
        loads = {name: load for name, load in (HITS | MISSES).items() if name in asked}
        if loads or "latency" in asked:
            yield from self._beside(loads, latency="latency" in asked)
        loads = {name: load for name, load in REDIS.items() if name in asked}
        if loads:
            yield from self._from_redis(loads)
        if "eviction" in asked:
            yield from ("", *costs.evictions())
        if "memory" in asked:
            yield from self._memory()

    def _beside(self, loads: dict[str, Load], *, latency: bool) -> Iterator[str]:
        bench = self._bench
        servers = [self._nginx, bench.varnish(), bench.scrubjay(self._told.policy)]
        yield HEADER
        for name, load in loads.items():
            yield from self._measured(name, load, servers)
        if latency:
            yield from self._measured("latency", LATENCY["latency"], [bench.origin, *servers])
            yield from ("", *self._added())

    def _measured(self, name: str, load: Load, servers: list[Server]) -> Iterator[str]:
        for row in self._driver.rounds(name, load, servers, self._told.rounds):
            self.rows.append(row)
            at = row.figures
            yield (
                f"| {row.case} | {row.server} | {at.cpu:.1f} | {row.cpu_ratio:.2f} | "
                f"{at.rate:,.0f} | {row.rate_ratio:.2f} | {at.p50:,.0f} | {at.p99:,.0f} |"
            )

    def _added(self) -> Iterator[str]:
        """What each server adds to the median of the origin alone."""
        origin, *servers = (row for row in self.rows if row.case == "latency")
        for row in servers:
            added = row.figures.p50 - origin.figures.p50
            yield f"{row.server} adds {added:.0f} us to a miss at one connection."

    def _from_redis(self, loads: dict[str, Load]) -> Iterator[str]:
        try:
            _, proxy = self._with_redis()
        except Unfit as unfit:
            yield f"\nredis: left out: {unfit}"
            return
        yield "\n" + HEADER
        for name, load in loads.items():
            yield from self._measured(name, load, [self._nginx, proxy])

    def _with_redis(self) -> tuple[Server, Server]:
        redis = self._bench.redis()
        store = f"redis://127.0.0.1:{redis.port}/0"
        return redis, self._bench.scrubjay(self._told.policy, store)

    def _memory(self) -> Iterator[str]:
        proxy = self._bench.scrubjay(self._told.policy)
        beyond = costs.object_bytes(proxy, proxy)
        yield f"\nIn the process an object of 1 KiB takes {beyond:.0f} bytes beside its body."
        try:
            redis, proxy = self._with_redis()
        except Unfit as unfit:
            yield f"Memory in redis: left out: {unfit}"
            return
        beyond = costs.object_bytes(proxy, redis)
        yield f"In redis an object of 1 KiB takes {beyond:.0f} bytes beside its body."


def cases(text: str) -> list[str]:
    """Names of cases, divided by commas."""
    asked = text.split(",")
    if wrong := [name for name in asked if name not in CASES]:
        raise argparse.ArgumentTypeError(f"no case {wrong[0]}; there are {', '.join(CASES)}")
    return asked


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="throughput",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
        epilog="Example: python benchmarks/throughput --rounds 3 --cases hit-1k,miss-1k",
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--seconds", type=int, default=3, metavar="N", help="of each round")
    parser.add_argument("--cases", type=cases, default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--policy", help="of Scrubjay; that which is installed")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="rows for programs")
    return parser.parse_args()


def ended(number: int, _: object) -> NoReturn:
    """A signal ends the run as an error does: with everything that was started."""
    sys.exit(128 + number)


def main() -> None:
    told = arguments()
    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGHUP, ended)
    memory = Path("/dev/shm")  # noqa: S108  nginx is to keep its cache in memory too
    with ExitStack() as stack:
        try:
            check()
            folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
            top = Path(stack.enter_context(folder))
            run = Run(Bench(stack, top), Driver(top, told.seconds), told)
            for line in run.lines():
                print(line, flush=True)
        except (Unfit, BadRound) as error:
            print(f"throughput: {error}", file=sys.stderr)
            sys.exit(2)
        if told.out:
            draft = told.out.with_name(f".{told.out.name}")
            draft.write_text(json.dumps([row.flat() for row in run.rows], indent=1) + "\n")
            draft.rename(told.out)


if __name__ == "__main__":
    main()
