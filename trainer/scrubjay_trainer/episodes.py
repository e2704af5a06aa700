"""Traces to decisions with labels: sampled LRU is simulated, and the rest of the trace tells.

A proxy sees later requests whatever it evicted, so that every candidate can be labelled in
hindsight, not only the one that went.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies import learned, policy
from scrubjay_policies.features import LEFT, TURNOVER
from scrubjay_replay.errors import UseError
from scrubjay_replay.prepared import Assumptions, Prepared, prepare
from scrubjay_replay.simulate import Cache
from scrubjay_replay.trace import Trace, cut
from scrubjay_trainer import reward
from scrubjay_trainer.settings import Settings

if TYPE_CHECKING:
    from scrubjay_replay.compiling import Decisions

NONE = -1  # no decision follows

# It sees all features and counts the newcomer among the candidates, as the network will.
WATCHING = replace(policy("lru"), competes=True, remembers=True)


@dataclass(frozen=True, slots=True)
class Episodes:
    """n decisions with k rows each, the newcomer's last, in the order in which they were made."""

    inputs: NDArray[np.float32]  # (n, k, len(INPUTS))
    wait: reward.Waits  # (n, k)
    weight: NDArray[np.float32]  # (n, k), 0: there is no such candidate
    following: NDArray[np.int64]  # (n,) the next logged decision of the same run, or NONE

    def __len__(self) -> int:
        return len(self.following)


def span(rows: int, settings: Settings) -> tuple[int, int]:
    """Where in a trace of so many rows the training part begins, and where it ends."""
    return int(rows * settings.from_share), int(rows * settings.to_share)


def part(prepared: Prepared, settings: Settings, assumed: Assumptions) -> Prepared:
    """The rows of a trace that may be learned from."""
    start, stop = span(len(prepared.trace.key), settings)
    trace = cut(prepared.trace, start, stop)
    if trace.write.all():
        raise UseError(
            f"{prepared.name}: no request between rows {start:,} and {stop:,}",
            hint="Take more of it with --from-share and --to-share.",
        )
    return prepare(trace, prepared.known, assumed, name=prepared.name, sha256=prepared.sha256)


def log(prepared: Prepared, share: float, settings: Settings) -> Episodes:
    """The decisions of sampled LRU in a cache of this share of the footprint, labelled."""
    from scrubjay_replay import compiling

    cache = Cache(
        max(1, int(prepared.footprint * share)),
        settings.candidates,
        settings.batch_evicted,
        settings.seed,
    )
    made = compiling.record(prepared, WATCHING, cache, most=settings.decisions)
    return labelled(made, prepared.trace, settings)


def labelled(made: Decisions, trace: Trace, settings: Settings) -> Episodes:
    """Decisions with what came of each candidate; those too near the end are left out."""
    asked = ~trace.write
    keys, at = trace.key[asked], trace.at[asked]
    now = made.clock - 1  # the position of the request that brought the newcomer
    turnover = made.seen[:, 0, TURNOVER].astype(np.float64)
    told = now + settings.window * turnover < len(keys)
    now, turnover, candidates = now[told], turnover[told], made.keys[told]
    seen = made.seen[told]

    there = candidates >= 0
    later = next_uses(keys, candidates, now)
    known = later < len(keys)
    seconds = np.where(known, at[np.minimum(later, len(at) - 1)] - at[now][:, None], np.inf)
    distance = np.where(known, later - now[:, None], np.inf)
    wait = reward.waits(distance, turnover[:, None], seconds, seen[:, :, LEFT].astype(np.float64))
    weight = there.astype(np.float32)
    weight[:, -1] *= np.float32(settings.newcomer_weight)
    following = np.append(np.arange(1, len(now)), NONE) if len(now) else np.zeros(0, np.int64)
    return Episodes(network_inputs(seen, there), wait, weight, following)


def next_uses(
    keys: NDArray[np.int64], wanted: NDArray[np.int64], after: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where each of `wanted` (n, k) is asked for next behind `after` (n,); len(keys): nowhere.

    Requests are numbered by key first and position second, so that one search finds them all.
    """
    span = np.int64(len(keys) + 1)
    order = np.argsort(keys, kind="stable")
    numbers = keys[order] * span + order
    found = np.searchsorted(numbers, wanted * span + after[:, None], side="right")
    inside = np.minimum(found, len(keys) - 1)
    same = (found < len(keys)) & (keys[order[inside]] == wanted)
    return np.where(same, order[inside], len(keys))


def network_inputs(seen: NDArray[np.float32], there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Features (n, k, features) as the network sees them (n, k, inputs); 0 where nothing is."""
    found = np.zeros((*there.shape, len(learned.INPUTS)), np.float32)
    if there.any():
        found[there] = learned.inputs(np.asfortranarray(seen[there])).T
    return found


def joined(parts: list[Episodes]) -> Episodes:
    """Several runs as one; each decision is still followed by one of its own run."""
    ahead = np.cumsum([0, *(len(one) for one in parts)])
    following = [
        np.where(one.following == NONE, NONE, one.following + before)
        for one, before in zip(parts, ahead[:-1], strict=True)
    ]
    return Episodes(
        np.concatenate([one.inputs for one in parts]),
        np.concatenate([one.wait for one in parts]),
        np.concatenate([one.weight for one in parts]),
        np.concatenate(following),
    )


def divided(run: Episodes, settings: Settings) -> tuple[Episodes, Episodes]:
    """One run's decisions to learn from, and its last ones to validate with."""
    edge = int(len(run) * (1 - settings.held_out)) if len(run) > 1 else len(run)
    return _between(run, 0, edge), _between(run, edge, len(run))


def _between(run: Episodes, start: int, stop: int) -> Episodes:
    following = run.following[start:stop] - start
    following[(following < 0) | (following >= stop - start)] = NONE
    kept = slice(start, stop)
    return Episodes(run.inputs[kept], run.wait[kept], run.weight[kept], following)
