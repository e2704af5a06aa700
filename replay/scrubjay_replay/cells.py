"""One cell of an experiment: a policy of any kind on one trace at one capacity, as one row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

import numpy as np

from scrubjay_policies import Policy, PolicyError, policy
from scrubjay_policies import model as models
from scrubjay_policies.hybrid import hybrid
from scrubjay_policies.learned import drl
from scrubjay_policies.model import Model
from scrubjay_replay import results
from scrubjay_replay.baselines import PREFIX
from scrubjay_replay.errors import UseError
from scrubjay_replay.optimum import NAMES
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.prepared import Assumptions, Prepared
from scrubjay_replay.provenance import commit, version
from scrubjay_replay.results import Value
from scrubjay_replay.score import PERCENTILES, score
from scrubjay_replay.simulate import Cache, Progress, Simulated, simulate

LEARNED = {"drl": drl, "hybrid": hybrid}  # what a model makes
# Bounds mark hits that no policy exceeds in one measure; in the other they say nothing.
NO_LATENCY = ("latency_mean", *(f"latency_p{percent}" for percent in PERCENTILES))
NO_BOUND = {
    "bound": ("byte_hit_ratio", "bytes_hit", "origin_bytes", *NO_LATENCY),
    "bound-byte": ("object_hit_ratio", "hits", "misses", "origin_requests", *NO_LATENCY),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What is to be simulated; everything but the trace's columns."""

    policy: str
    objective: str
    capacity: int  # bytes
    fraction: float  # of the footprint
    seed: int
    sample: int
    batch: int
    score_from: float  # share of the rows before scoring begins
    engine: str  # numba or python, for our own policies
    time_limit: float  # seconds, for the others
    assumed: Assumptions
    model: Model | None = None  # of a learned policy; none: the shipped one


def is_own(name: str) -> bool:
    """Whether a policy is one that the proxy runs as well."""
    return not name.startswith(PREFIX) and name not in NAMES


@lru_cache(maxsize=64)
def own(name: str, objective: str, model: Model | None = None) -> Policy:
    """A policy of the proxy; UseError where there is none of that name."""
    if name in LEARNED and model:
        return LEARNED[name](model.weights, objective, model=model.sha256)
    try:
        return policy(name, objective)
    except PolicyError as error:
        raise UseError(str(error), hint=error.hint) from error


def check(cell: Cell, prepared: Prepared) -> None:
    """Refuse what could not be compared: a policy lacking a column, or blind to one."""
    if is_own(cell.policy):
        missing = own(cell.policy, cell.objective, cell.model).needs - prepared.known
        if missing:
            raise UseError(
                f"policy {cell.policy} needs {', '.join(sorted(missing))}, which "
                f"{prepared.name} does not have",
                hint="Assume one with --ttl 10m or --origin-latency 50ms, or leave the policy out.",
            )
        return
    if prepared.expires:
        raise UseError(
            f"policy {cell.policy} knows no lifetimes, and {prepared.name} has some",
            hint="Leave them out for every policy with --ttl ignored.",
        )
    if prepared.changes:
        raise UseError(
            f"policy {cell.policy} knows no writes, and {prepared.name} has some",
            hint="Leave them out for every policy with --writes ignored.",
        )


def run(cell: Cell, prepared: Prepared, progress: Progress = lambda _: None) -> dict[str, Value]:
    """Simulate a cell; a baseline that hangs or crashes gives a row that says so."""
    from scrubjay_replay.isolated import Crashed, TimeLimit

    told = facts(cell, prepared)
    try:
        simulated, params = _simulated(cell, prepared, progress)
    except TimeLimit:
        return results.row(**told, status=f"time limit of {cell.time_limit:g} s")
    except Crashed as error:
        return results.row(**told, status=f"crashed: {error}")
    rows = len(prepared.trace.key)
    figures = score(
        prepared.trace,
        simulated.verdict,
        simulated.flags,
        start=start(cell, prepared),
        hit_latency=cell.assumed.hit_latency if "cost" in prepared.known else None,
    )
    for column in NO_BOUND.get(cell.policy, ()):
        figures[column] = None
    counted = {"evictions": simulated.evictions, "refusals": simulated.refusals}
    return results.row(
        **told,
        **figures,
        **(counted if is_own(cell.policy) else {}),
        params=params or None,
        seconds=simulated.seconds,
        requests_per_second=rows / simulated.seconds if simulated.seconds else None,
        status=results.DONE,
    )


def start(cell: Cell, prepared: Prepared) -> int:
    """The first row that is scored."""
    return int(len(prepared.trace.key) * cell.score_from)


def facts(cell: Cell, prepared: Prepared) -> dict[str, Value]:
    """The columns of a cell's row that are known before it is run."""
    own_settings: dict[str, Value] = {}
    if is_own(cell.policy):
        own_settings = {"seed": cell.seed, "sample": cell.sample, "batch": cell.batch}
    if cell.policy in LEARNED:
        model = cell.model or models.shipped()
        own_settings |= {"model": model.source, "model_sha256": model.sha256}
    return {
        "trace": prepared.name,
        "trace_sha256": prepared.sha256,
        "policy": cell.policy,
        "objective": cell.objective,
        "capacity_bytes": cell.capacity,
        "size_fraction": cell.fraction,
        "score_from": cell.score_from,
        **own_settings,
        "ttl": cell.assumed.ttl_in_words,
        "origin_latency": cell.assumed.origin_latency,
        "hit_latency": cell.assumed.hit_latency,
        "writes": cell.assumed.writes,
        "engine": engine(cell),
        "version": versions(cell),
        "commit": commit() or None,
    }


def engine(cell: Cell) -> str:
    """What runs it."""
    if is_own(cell.policy):
        return cell.engine
    return "libcachesim" if cell.policy.startswith(PREFIX) else "offline"


def versions(cell: Cell) -> str:
    """Ours, and the library's behind a baseline."""
    if not cell.policy.startswith(PREFIX):
        return version()
    return f"{version()}, libcachesim {metadata.version('libcachesim')}"


def _simulated(cell: Cell, prepared: Prepared, progress: Progress) -> tuple[Simulated, str]:
    if is_own(cell.policy):
        cache = Cache(
            cell.capacity,
            cell.sample,
            cell.batch,
            cell.seed,
            writes_through=cell.assumed.writes == "through",
        )
        chosen = own(cell.policy, cell.objective, cell.model)
        return simulate(prepared, chosen, cache, engine=cell.engine, progress=progress), ""
    trace, limit = prepared.trace, cell.time_limit
    if cell.policy.startswith(PREFIX):
        from scrubjay_replay import baselines

        name = cell.policy.removeprefix(PREFIX)
        done = baselines.run(name, trace, cell.capacity, timeout=limit)
    else:
        from scrubjay_replay import optimum

        begin = start(cell, prepared)
        done = optimum.run(cell.policy, trace, cell.capacity, timeout=limit, start=begin)
    progress(len(trace.key))
    verdict = np.where(done.hit, np.uint8(Verdict.HIT), np.uint8(Verdict.MISS))
    return Simulated(verdict, np.zeros_like(verdict), 0, 0, done.seconds), done.params
