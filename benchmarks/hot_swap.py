"""Latency while models change hands, beside latency while they don't; a Markdown table on stdout.

    python benchmarks/hot_swap.py [--rounds 5] [--seconds 20] [--clients 8] [--rate 300]

`scrubjay serve --policy drl --models DIR` is started in front of an origin of this program, and
clients ask for objects by a Zipf law, so many a second, so that the cache is full and decides all
the time. Rounds without and with swaps take turns; in one with them five files a second are dropped
into the directory, two models in turn, and one a second that must be refused. Every answer is
checked; its time counts from when it should have been asked for. The last lines are of all rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np

from scrubjay_policies import model
from scrubjay_policies.features import digest

BIN = Path(sys.executable).parent
OBJECTS, SIZE, CAPACITY = 20_000, 4096, "16MiB"  # the cache holds a fifth of them
SWAPS, GOOD_FOR_ONE_BAD = 5, 5  # a second; one bad file for so many good ones
HEADER = (
    "| round | swaps | refused | requests | failed | hit ratio | p50 ms | p99 ms | p99.9 ms |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass
class Round:
    """Seconds that answers took, and how many were wrong, or from the store."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    hits: int = 0
    swaps: int = 0
    refused: int = 0

    def __add__(self, other: Round) -> Round:
        return Round(
            self.seconds + other.seconds,
            *(
                getattr(self, name) + getattr(other, name)
                for name in ("failed", "hits", "swaps", "refused")
            ),
        )

    def row(self, name: str) -> str:
        """A line of the table."""
        p50, p99, p999 = np.percentile(self.seconds, [50, 99, 99.9]) * 1000
        return (
            f"| {name} | {self.swaps} | {self.refused} | {len(self.seconds):,} | {self.failed} | "
            f"{self.hits / len(self.seconds):.3f} | {p50:.2f} | {p99:.2f} | {p999:.2f} |"
        )


def body(target: bytes) -> bytes:
    """What the origin answers."""
    return (target * (SIZE // len(target) + 1))[:SIZE]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An origin's connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            data = body(head.split(b" ", 2)[1])
            start = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nContent-Length: %d\r\n\r\n"
            writer.write(start % len(data) + data)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def ask(
    port: int, targets: list[bytes], times: Iterator[float], until: float, found: Round
) -> None:
    """One client, on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for target, began in zip(targets, times, strict=False):
        if began > until:
            break
        if (early := began - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        writer.write(b"GET %s HTTP/1.1\r\nHost: site.example\r\n\r\n" % target)
        head = await reader.readuntil(b"\r\n\r\n")
        data = await reader.readexactly(SIZE)
        found.seconds.append(time.perf_counter() - began)
        found.hits += b"scrubjay; hit" in head
        found.failed += not head.startswith(b"HTTP/1.1 200") or data != body(target)
    writer.close()


def popular(seed: int) -> list[bytes]:
    """Targets of a client, by a Zipf law of exponent 0.9."""
    weights = 1.0 / np.arange(1, OBJECTS + 1) ** 0.9
    drawn = np.random.default_rng(seed).choice(OBJECTS, 50_000, p=weights / weights.sum())
    return [b"/%d" % one for one in drawn]


def bad_files(good: bytes) -> list[bytes]:
    """One of each kind that must be refused."""
    hole = good[:-4] + np.array([np.nan], "<f4").tobytes()
    other = good.replace(digest().encode(), b"0" * len(digest()))
    return [good[: len(good) // 2], hole, other, pickle.dumps(list(range(9))), b""]


def drop(folder: Path, name: str, data: bytes) -> None:
    """A file comes in, whole; the disk may take its time over it."""
    draft = folder / f".{name}"
    draft.write_bytes(data)
    draft.rename(folder / name)


async def swap(folder: Path, seconds: float) -> None:
    """All drops of a round, evenly spread."""
    good = [(folder.parent / f"good{number}").read_bytes() for number in range(2)]
    bad = bad_files(good[0])
    for number in range(int(seconds * SWAPS)):
        await asyncio.to_thread(drop, folder, "live.safetensors", good[number % 2])
        await asyncio.sleep(0.5 / SWAPS)
        if number % GOOD_FOR_ONE_BAD == 0:
            one = bad[number // GOOD_FOR_ONE_BAD % len(bad)]
            await asyncio.to_thread(drop, folder, "bad", one)
        await asyncio.sleep(0.5 / SWAPS)


@asynccontextmanager
async def serving(origin: int, folder: Path) -> AsyncIterator[tuple[int, int]]:
    """A proxy: its port, and that of its control."""
    command = [
        BIN / "scrubjay", "serve", "--origin", f"http://127.0.0.1:{origin}", "--policy", "drl",
        "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--capacity", CAPACITY,
        "--models", folder,
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command, stderr=subprocess.PIPE, env=dict(os.environ, SCRUBJAY_LOG__FORMAT="json")
    )
    assert process.stderr is not None
    while True:
        told = json.loads(await process.stderr.readline())
        if told["event"] == "ready":
            break
    rest = asyncio.create_task(process.stderr.read())
    try:
        yield int(told["listen"].rpartition(":")[2]), int(told["control"].rpartition(":")[2])
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
        await rest


def counted(control: int) -> tuple[int, int]:
    """Swaps and refusals so far, by the metrics."""
    with urlopen(f"http://127.0.0.1:{control}/metrics") as response:
        lines = response.read().decode().splitlines()
    found = [
        sum(int(float(line.split()[-1])) for line in lines if line.startswith(name))
        for name in ('scrubjay_model_changes_total{change="pro', "scrubjay_model_refusals_total{")
    ]
    return found[0], found[1]


def pace(told: argparse.Namespace, started: float, client: int) -> Iterator[float]:
    """When a client asks; clients take turns."""
    each = told.clients / told.rate
    return (started + each * (client / told.clients + number) for number in itertools.count())


async def measure(told: argparse.Namespace, folder: Path) -> list[str]:
    """The lines of the table."""
    origin = await asyncio.start_server(answer, "127.0.0.1", 0)
    targets = [popular(seed) for seed in range(told.clients)]
    lines = [HEADER]
    pooled = {"without": Round(), "with swaps": Round()}
    async with serving(origin.sockets[0].getsockname()[1], folder) as (port, control):
        for number in range(2 * told.rounds + 1):
            found, swapping = Round(), number > 0 and number % 2 == 0
            before = await asyncio.to_thread(counted, control)
            asked = [random.sample(t, len(t)) for t in targets]
            started = time.perf_counter()
            until = started + told.seconds
            work: list[Any] = [
                ask(port, one, pace(told, started, client), until, found)
                for client, one in enumerate(asked)
            ]
            await asyncio.gather(*work, *([swap(folder, told.seconds)] if swapping else []))
            await asyncio.sleep(1)
            after = await asyncio.to_thread(counted, control)
            if number:  # the first fills the cache
                found.swaps, found.refused = after[0] - before[0], after[1] - before[1]
                name = "with swaps" if swapping else "without"
                pooled[name] += found
                lines.append(found.row(name))
                print(lines[-1], file=sys.stderr, flush=True)
    origin.close()
    return [*lines, *(found.row(f"all {name}") for name, found in pooled.items())]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    random.seed(0)
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top) / "models"
        folder.mkdir()
        shipped = model.shipped()
        for number in range(2):
            scaled = shipped.weights * np.float32(1 - 0.01 * number)
            model.save(Path(top) / f"good{number}", scaled, dict(shipped.metadata))
        lines = asyncio.run(measure(told, folder))
    text = "\n".join(lines)
    print(text)
    if told.out:
        told.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
