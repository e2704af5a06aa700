"""Tiny traces, made ready, and cells to simulate on them."""

import math
from dataclasses import replace

from scrubjay_replay.cells import Cell
from scrubjay_replay.prepared import Assumptions, prepare
from scrubjay_replay.trace import requests

# Worked out by hand in test_cells.py, for LRU with 100 bytes.
STORY = """\
time,key,size,ttl,cost,was_write
0,a,40,10,0.5,0
1,b,60,10,0.25,0
2,a,40,10,8,0
3,a,,,,1
4,a,40,10,8,0
5,c,30,10,1,0
12,a,40,10,0.5,0
16,c,30,10,2,0
17,c,30,10,8,0
18,d,200,10,4,0
19,b,60,10,0.25,0
"""
PLAIN = "time,key,size\n" + "".join(f"{i},{'abacabad'[i % 8]},{10}\n" for i in range(32))

CELL = Cell(
    policy="lru",
    objective="object",
    capacity=100,
    fraction=0.5,
    seed=0,
    sample=80,
    batch=1,
    score_from=0.0,
    engine="python",
    time_limit=30.0,
    assumed=Assumptions(),
)


def cell(policy="lru", **changed):
    return replace(CELL, policy=policy, **changed)


def ready(trace, columns=("at", "key", "size"), assumed=None, name="t"):
    return prepare(trace, frozenset(columns), assumed or Assumptions(), name=name, sha256="ab" * 32)


def plain(keys, size=10, name="t", **more):
    """One request a second for each letter, all of one size."""
    dense = list(dict.fromkeys(keys))
    count = len(keys)
    trace = requests(range(count), map(dense.index, keys), [size] * count, **more)
    return ready(trace, name=name)


def without_timings(row):
    """What two runs must agree on; nan, which differs from itself, is None."""
    timings = {"seconds", "requests_per_second"}
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in row.items()
        if name not in timings
    }
