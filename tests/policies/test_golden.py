"""Exact hit counts: any change of rows, features, draws, choice or a ranking shows here.

Where a change is meant, the failing test prints the line to paste.
"""

import pytest

from policies.models import weights
from policies.traces import footprint, play, zipf
from scrubjay_policies import names, policy
from scrubjay_policies.caches import cache_of
from scrubjay_policies.hybrid import hybrid
from scrubjay_policies.learned import drl

REQUESTS = zipf(2026, length=3000, objects=800, ttl=True)
SHARES = (0.01, 0.05, 0.25)  # of the footprint

# (policy, objective): hits at each share.
GOLDEN: dict[tuple[str, str], tuple[int, ...]] = {
    ("ttl", "object"): (365, 746, 1566),
    ("lru", "object"): (378, 966, 1510),
    ("lfu", "object"): (669, 1158, 1523),
    ("fifo", "object"): (347, 875, 1447),
    ("gdsf", "object"): (900, 1085, 1638),
    ("gdsf", "byte"): (644, 1196, 1523),
    ("gdsf", "cost"): (753, 1440, 1628),
    ("hyperbolic", "object"): (601, 1187, 1592),
    ("hyperbolic", "byte"): (387, 1014, 1514),
    ("hyperbolic", "cost"): (581, 1156, 1578),
    ("hybrid", "object"): (884, 1447, 1638),
    ("s3fifo", "object"): (859, 1018, 1535),
    ("sieve", "object"): (576, 1194, 1532),
    ("drl", "object"): (669, 1045, 1302),
    ("drl", "byte"): (550, 1057, 1407),
    ("drl", "cost"): (621, 1016, 1496),
}


def chosen(name: str, objective: str):
    """The policy; the learned ones with weights that no training changes."""
    learned = {"drl": drl, "hybrid": hybrid}.get(name)
    return learned(weights(), objective) if learned else policy(name, objective)


def hits(name: str, objective: str) -> tuple[int, ...]:
    counts = []
    for share in SHARES:
        capacity = int(footprint(REQUESTS) * share)
        engine = cache_of(
            chosen(name, objective), capacity=capacity, max_objects=400, k=16, batch=4, seed=1
        )
        counts.append(sum(play(engine, REQUESTS)))
    return tuple(counts)


@pytest.mark.parametrize(("name", "objective"), GOLDEN)
def test_hits_are_what_they_were_to_the_unit(name, objective):
    now = hits(name, objective)
    line = f'    ("{name}", "{objective}"): {now},'
    assert now == GOLDEN[name, objective], f"if that was meant, paste\n{line}"


def test_every_policy_has_golden_numbers():
    missing = set(names()) - {name for name, _ in GOLDEN}
    lines = [f'    ("{name}", "object"): {hits(name, "object")},' for name in sorted(missing)]
    assert not missing, "paste\n" + "\n".join(lines)


def test_the_trace_itself_is_what_it_was():
    assert (len({r.id for r in REQUESTS}), footprint(REQUESTS)) == (553, 674970)
    assert sum(r.id * i for i, r in enumerate(REQUESTS)) == 469272133
