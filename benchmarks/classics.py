"""Our policies beside the classics, the optimum and the bound, on traces; Markdown on stdout.

    python benchmarks/classics.py TRACE… [--size 1%,5%,10%] [--out rows.csv] [--from rows.csv]

Whole traces from cold. `--from` prints the rows of an earlier run instead of making them. LFUDA,
which hangs on most traces, is left out, and so are the byte variants of the learned baselines.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from scrubjay_replay import baselines, results
from scrubjay_replay.results import Value

OWN = ("fifo", "lru", "lfu", "gdsf", "hyperbolic")
LEFT_OUT = ("lfuda", "lrb-byte", "3lcache-byte")
OFFLINE = ("belady", "belady-size", "bound")
PAIRS = (("lru", "lcs:lru"), ("gdsf", "lcs:gdsf"))  # ours, sampled; the exact one
MEASURES = (("object_hit_ratio", "Object hit ratio"), ("byte_hit_ratio", "Byte hit ratio"))

Row = dict[str, Value]


def simulated(traces: list[str], size: str, out: Path) -> None:
    """Write the rows of all policies on all traces."""
    ours = (*OWN, *(f"lcs:{name}" for name in baselines.names() if name not in LEFT_OUT), *OFFLINE)
    scrubjay = Path(sys.executable).parent / "scrubjay"
    command = [scrubjay, "simulate", *traces, "--policy", ",".join(ours), "--size", size]
    subprocess.run([*command, "--out", out], check=True, stdout=subprocess.DEVNULL)


def parted(rows: list[Row]) -> dict[str, dict[str, dict[float, Row]]]:
    """Rows by trace, policy and share of the footprint."""
    found: dict[str, dict[str, dict[float, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        found[str(row["trace"])][str(row["policy"])][float(row["size_fraction"] or 0)] = row
    return found


def percent(row: Row | None, measure: str) -> str:
    """A ratio in percent, or what stands in its place."""
    value = row and row[measure]
    return f"{100 * float(value):.2f}" if value is not None else "-"


def pairs(found: dict[str, dict[str, dict[float, Row]]]) -> None:
    """How far the sampled policies are from the exact ones, points of object hits."""
    print("| trace | size | lru | exact | difference | gdsf | exact | difference |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for trace, policies in found.items():
        for share in sorted(policies["lru"]):
            cells = []
            for sampled, exact in PAIRS:
                ours, theirs = (
                    float(policies[name][share]["object_hit_ratio"] or 0)
                    for name in (sampled, exact)
                )
                cells += [
                    f"{100 * ours:.2f}",
                    f"{100 * theirs:.2f}",
                    f"{100 * (ours - theirs):+.2f}",
                ]
            print(f"| {trace.split('.')[0]} | {share:.0%} | {' | '.join(cells)} |")
    print()


def table(trace: str, policies: dict[str, dict[float, Row]], measure: str, title: str) -> None:
    """One trace: policies as rows, the best online one of each size in bold."""
    shares = sorted({share for sizes in policies.values() for share in sizes})
    online = [name for name in policies if name not in OFFLINE]

    def value(name: str, share: float) -> float:
        row = policies[name].get(share)
        return float((row and row[measure]) or 0)

    best = {share: max(value(name, share) for name in online) for share in shares}
    online.sort(key=lambda name: -sum(value(name, share) for share in shares))
    print(f"**{trace.split('.', maxsplit=1)[0]}**, {title}, %\n")
    print("| policy | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    print("|---|" + "--:|" * len(shares))
    for name in (*online, *OFFLINE):
        cells = []
        for share in shares:
            shown = percent(policies[name].get(share), measure)
            bold = name in online and value(name, share) == best[share]
            cells.append(f"**{shown}**" if bold else shown)
        if any(cell != "-" for cell in cells):
            print(f"| {name} | " + " | ".join(cells) + " |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="*")
    parser.add_argument("--size", default="1%,5%,10%")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", type=Path, dest="rows")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = told.rows or told.out or Path(folder) / "rows.csv"
        if not told.rows:
            simulated(told.traces, told.size, path)
        rows = results.read(path)
    found = parted(rows)
    pairs(found)
    for trace, policies in found.items():
        table(trace, policies, *MEASURES[0])
        sized = any(row["bytes_requested"] != row["requests"] for row in policies["lru"].values())
        if sized:
            table(trace, policies, *MEASURES[1])
    print("Traces (sha256), and the versions that ran:\n")
    for trace, policies in found.items():
        row = next(iter(policies["lru"].values()))
        print(f"- `{row['trace_sha256']}` {trace}: {row['requests']:,} requests")
    print(f"- commit {rows[0]['commit']}, {', '.join(sorted({str(r['version']) for r in rows}))}")


if __name__ == "__main__":
    main()
