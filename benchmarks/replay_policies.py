"""Replay traces through a live proxy, once for each policy; a Markdown table on stdout.

    python benchmarks/replay_policies.py TRACE… [--share 0.05] [--policies lru,gdsf] [--out FILE]

For each row `scrubjay serve` is started afresh with a capacity of that share of the trace's
footprint (the sum of the sizes of its objects), and `scrubjay replay --sequential` sends the
whole trace through it, cold, checking every body by length and checksum. The last column says
whether the simulator gives the same verdict for every single request; `ttl` is left out of it,
as it ranks by the wall clock, which a simulation cannot know.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from scrubjay_policies import policy as named
from scrubjay_replay.prepared import Assumptions, Prepared, prepare
from scrubjay_replay.provenance import digest
from scrubjay_replay.readers import open_trace
from scrubjay_replay.simulate import Cache, simulate
from scrubjay_replay.trace import load

POLICIES = ("ttl", "fifo", "lru", "lfu", "hyperbolic", "gdsf")
BIN = Path(sys.executable).parent
HEADER = (
    "| trace | policy | capacity | requests | object hit ratio | byte hit ratio | p50 hit | "
    "p50 miss | errors | wrong bodies | as simulated |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"
)


def free_port() -> int:
    """A port for the trace origin, which the proxy must be told before it is there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepared(path: Path) -> Prepared:
    """The trace as the simulator takes it."""
    reader = open_trace(path)
    trace = load(reader)
    return prepare(trace, reader.columns, Assumptions(), name=path.name, sha256=digest(path))


def verdicts(trace: Prepared, policy: str, capacity: int) -> str:
    """SHA-256 of what becomes of each request, as the simulator says."""
    told = simulate(trace, named(policy), Cache(capacity))
    return hashlib.sha256(told.verdict.tobytes()).hexdigest()


def replay(path: Path, policy: str, capacity: int) -> dict[str, Any]:
    """What `scrubjay replay` writes about one policy."""
    origin = free_port()
    serve = [
        BIN / "scrubjay", "serve", "--origin", f"http://127.0.0.1:{origin}",
        "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0",
        "--capacity", str(capacity), "--policy", policy,
    ]  # fmt: skip
    environment = dict(os.environ, SCRUBJAY_LOG__FORMAT="json")
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(serve, stderr=subprocess.PIPE, env=environment, text=True) as proxy,
    ):
        try:
            listen = json.loads(proxy.stderr.readline())["listen"]
            out = Path(folder) / "result.json"
            subprocess.run(
                [
                    BIN / "scrubjay", "replay", path, "--through", f"http://{listen}",
                    "--sequential", "--origin-listen", f"127.0.0.1:{origin}", "--out", out,
                ],
                check=True,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip
            return dict(json.loads(out.read_text()))
        finally:
            proxy.send_signal(signal.SIGTERM)


def row(trace: Prepared, policy: str, capacity: int, document: dict[str, Any]) -> str:
    """One line of the table."""
    got = document["result"]
    same = document["verdicts_sha256"] == verdicts(trace, policy, capacity)
    return (
        f"| {trace.name.split('.', maxsplit=1)[0]} | {policy} | {capacity:,} "
        f"| {int(got['requests']):,} "
        f"| {got['object_hit_ratio']:.4f} | {got['byte_hit_ratio']:.4f} "
        f"| {got['hit_p50'] * 1e3:.2f} ms | {got['miss_p50'] * 1e3:.2f} ms "
        f"| {int(got['errors'])} | {int(got['wrong_bodies'])} "
        f"| {'-' if policy == 'ttl' else 'yes' if same else 'NO'} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="+", type=Path)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--policies", default=",".join(POLICIES))
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    lines = [HEADER]
    print(HEADER, flush=True)
    for path in told.traces:
        trace = prepared(path)
        capacity = int(trace.footprint * told.share)
        for policy in told.policies.split(","):
            lines.append(row(trace, policy, capacity, replay(path, policy, capacity)))
            print(lines[-1], flush=True)
    digests = [f"`{digest(path)}` {path.name}" for path in told.traces]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    notes = ["", f"Commit {commit}, seed 0. Traces (sha256):", "", *(f"- {d}" for d in digests)]
    print("\n".join(notes))
    if told.out:
        told.out.write_text("\n".join([*lines, *notes]) + "\n")


if __name__ == "__main__":
    main()
