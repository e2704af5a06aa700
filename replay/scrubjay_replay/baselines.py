"""The policies of libcachesim, to be compared with: what they are called and how they are run.

Each runs in a process of its own, since some of them hang or crash; docs/baselines.md says which.
A fresh process also makes their draws the same each time: the library's random numbers start from
one fixed seed for the whole process.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay import isolated
from scrubjay_replay.errors import UseError
from scrubjay_replay.runs import Run
from scrubjay_replay.trace import Trace

PREFIX = "lcs:"
TIMEOUT = 120.0  # seconds
HASH_POWER = 16  # of the library's first hash table, which grows; its default takes 128 MiB


@dataclass(frozen=True, slots=True)
class Baseline:
    """A class of libcachesim and everything it can be told but capacity and hash table."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def params(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.options.items())


# The library's own defaults, written out so that they stay what they are.
BASELINES: Mapping[str, Baseline] = {
    "lru": Baseline("LRU"),
    "fifo": Baseline("FIFO"),
    "random": Baseline("Random"),
    "size": Baseline("Size"),
    "lfu": Baseline("LFU"),
    "lfuda": Baseline("LFUDA"),
    "lruk": Baseline("LRUK", {"k": 2}),
    "slru": Baseline("SLRU"),
    "twoq": Baseline("TwoQ", {"a_in_size_ratio": 0.25, "a_out_size_ratio": 0.5}),
    "mq": Baseline("MQ", {"n_queue": 8, "lifetime": 10000, "qout_size_ratio": 4.0}),
    "clock": Baseline("Clock", {"init_freq": 0, "n_bit_counter": 1}),
    "clockpro": Baseline("ClockPro", {"init_ref": 0, "init_ratio_cold": 0.5}),
    "clock2qplus": Baseline(
        "Clock2QPlus",
        {
            "fifo_size_ratio": 0.1,
            "ghost_size_ratio": 0.9,
            "move_to_main_threshold": 1,
            "corr_window_ratio": 0.5,
        },
    ),
    "arc": Baseline("ARC"),
    "lirs": Baseline("LIRS"),
    "lecar": Baseline("LeCaR", {"update_weight": True, "lru_weight": 0.5}),
    "cacheus": Baseline("Cacheus"),
    "sieve": Baseline("Sieve"),
    "s3fifo": Baseline(
        "S3FIFO", {"small_size_ratio": 0.1, "ghost_size_ratio": 0.9, "move_to_main_threshold": 2}
    ),
    "wtinylfu": Baseline("WTinyLFU", {"main_cache": "SLRU", "window_size": 0.01}),
    "gdsf": Baseline("GDSF"),
    "hyperbolic": Baseline("Hyperbolic"),
    "lhd": Baseline("LHD"),
    "lrb": Baseline("LRB", {"objective": "object-miss-ratio"}),
    "lrb-byte": Baseline("LRB", {"objective": "byte-miss-ratio"}),
    "3lcache": Baseline("ThreeLCache", {"objective": "object-miss-ratio"}),
    "3lcache-byte": Baseline("ThreeLCache", {"objective": "byte-miss-ratio"}),
    "glcache": Baseline(
        "GLCache",
        {
            "segment_size": 100,
            "n_merge": 2,
            "type": "learned",
            "rank_intvl": 0.02,
            "merge_consecutive_segs": True,
            "train_source_y": "online",
            "retrain_intvl": 86400,
        },
    ),
}


def names() -> list[str]:
    """What may follow `lcs:`."""
    return list(BASELINES)


def run(name: str, trace: Trace, capacity: int, *, timeout: float = TIMEOUT) -> Run:
    """Simulate one baseline over requests of one size per key; its hits are its own, one by one.

    Raises isolated.TimeLimit after `timeout` seconds and isolated.Crashed where the library fails.
    """
    if name not in BASELINES:
        raise UseError(
            f"{PREFIX}{name} is no baseline",
            hint=f"There are {', '.join(map(PREFIX.__add__, BASELINES))}.",
        )
    if util.find_spec("libcachesim") is None:
        raise UseError(
            f"{PREFIX}{name} needs libcachesim, which is not installed",
            hint='pip install "scrubjay[lab]" (on Linux; it has no other wheels)',
        )
    columns = trace.key + 1, trace.size, trace.at.astype(np.int64)  # id 0 is no object for some
    call = partial(simulate, name, *columns, capacity)
    hit, seconds = isolated.run(f"{PREFIX}{name}", call, timeout=timeout)
    return Run(hit, BASELINES[name].params, seconds)


def simulate(
    name: str,
    key: NDArray[np.int64],
    size: NDArray[np.int64],
    at: NDArray[np.int64],
    capacity: int,
) -> tuple[NDArray[np.bool_], float]:
    """The hits and the seconds they took, in this process; `at` in whole seconds."""
    import libcachesim

    baseline = BASELINES[name]
    cache = getattr(libcachesim, baseline.kind)(
        capacity, hashpower=HASH_POWER, consider_obj_metadata=False, **baseline.options
    )
    request, get, hits = libcachesim.Request(), cache.get, bytearray(len(key))
    start = time.perf_counter()
    rows = zip(key.tolist(), size.tolist(), at.tolist(), strict=True)
    for position, (request.obj_id, request.obj_size, request.clock_time) in enumerate(rows):
        hits[position] = get(request)
    seconds = time.perf_counter() - start
    return np.frombuffer(hits, np.bool_), seconds
