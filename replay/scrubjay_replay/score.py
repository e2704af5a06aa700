"""The figures of a simulation, from what became of each request."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.outcome import Verdict
from scrubjay_replay.results import Value
from scrubjay_replay.simulate import ASKED, STALE, WRITE
from scrubjay_replay.trace import Trace

PERCENTILES = (50, 95, 99)


def score(
    trace: Trace,
    verdict: NDArray[np.uint8],
    flags: NDArray[np.uint8],
    *,
    start: int = 0,
    hit_latency: float | None = None,
) -> dict[str, Value]:
    """Counts, ratios and latencies of the requests from row `start` on, by column of a result.

    `hit_latency`, seconds, is what a hit takes; whatever the origin is asked for takes its cost
    too. None: the trace has no costs, and there are no latencies.
    """
    asked = verdict[start:] != WRITE
    verdict, flags = verdict[start:][asked], flags[start:][asked]
    size = trace.size[start:][asked]
    hit, miss, checked = (verdict == one for one in (Verdict.HIT, Verdict.MISS, Verdict.CHECKED))
    requests, hits = len(verdict), int(hit.sum())
    stale = int(((flags & STALE) > 0).sum())
    bytes_requested, bytes_hit = int(size.sum()), int(size[hit].sum())
    figures: dict[str, Value] = {
        "requests": requests,
        "hits": hits,
        "misses": int(miss.sum()),
        "checked": int(checked.sum()),
        "revalidations": int(((flags & ASKED) > 0).sum()),
        "stale_hits": stale,
        "staleness": ratio(stale, hits),
        "object_hit_ratio": ratio(hits, requests),
        "byte_hit_ratio": ratio(bytes_hit, bytes_requested),
        "bytes_requested": bytes_requested,
        "bytes_hit": bytes_hit,
        "origin_requests": int(miss.sum() + checked.sum()),
        "origin_bytes": int(size[miss].sum()),
    }
    if hit_latency is not None and requests:
        took = np.where(hit, 0.0, trace.cost[start:][asked].astype(np.float64)) + hit_latency
        figures["latency_mean"] = float(took.mean())
        for percent, seconds in zip(PERCENTILES, np.percentile(took, PERCENTILES), strict=True):
            figures[f"latency_p{percent}"] = float(seconds)
    return figures


def ratio(part: float, whole: float) -> float:
    """Their quotient, nan where there is nothing."""
    return part / whole if whole else math.nan
