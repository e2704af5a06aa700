import numpy as np
import pytest

from replay.experiments import STORY, cell, plain, ready
from replay.trace_files import read, written
from scrubjay_replay import baselines, cells, optimum, results
from scrubjay_replay.errors import UseError
from scrubjay_replay.isolated import Crashed, TimeLimit
from scrubjay_replay.prepared import Assumptions
from scrubjay_replay.runs import Run
from scrubjay_replay.simulate import Cache, simulate
from scrubjay_replay.trace import requests

COLUMNS = ("at", "key", "size", "ttl", "cost", "write")


def story(folder, **assumed):
    return ready(read(written(folder, STORY)), COLUMNS, Assumptions(**assumed), name="story")


def run(folder, settings=None, **assumed):
    one = cell(assumed=Assumptions(**assumed), **settings or {})
    return cells.run(one, story(folder, **assumed))


def test_a_row_has_the_figures_that_come_out_by_hand(tmp_path):
    # t=0 a misses, 1 b misses and fills the cache, 2 a hits, 3 a changes at the origin, 4 a hits
    # stale, 5 c misses and b goes, 12 a has expired and changed: asked, and a miss, 16 c has
    # expired and is good: checked, 17 c hits, 18 d is too large, 19 b misses and a goes.
    row = run(tmp_path, hit_latency=0.125)
    took = [0.625, 0.375, 0.125, 0.125, 1.125, 0.625, 2.125, 0.125, 4.125, 0.375]
    wanted = {
        "trace": "story",
        "policy": "lru",
        "capacity_bytes": 100,
        "requests": 10,
        "hits": 3,
        "misses": 6,
        "checked": 1,
        "revalidations": 2,
        "stale_hits": 1,
        "staleness": 1 / 3,
        "object_hit_ratio": 0.3,
        "bytes_requested": 4 * 40 + 2 * 60 + 3 * 30 + 200,
        "bytes_hit": 40 + 40 + 30,
        "byte_hit_ratio": 110 / 570,
        "origin_requests": 7,
        "origin_bytes": 40 + 60 + 30 + 40 + 200 + 60,
        "latency_mean": pytest.approx(sum(took) / 10),
        "latency_p50": pytest.approx((0.375 + 0.625) / 2),
        "latency_p95": pytest.approx(2.125 + 0.55 * 2),  # place 0.95 * 9 = 8.55
        "latency_p99": pytest.approx(2.125 + 0.91 * 2),
        "evictions": 2,
        "refusals": 1,
        "hit_latency": 0.125,
        "status": "done",
    }
    assert {name: row[name] for name in wanted} == wanted
    assert row.keys() == results.BY_NAME.keys()
    # All rows of the trace count for the speed, writes as well.
    assert row["requests_per_second"] * row["seconds"] == pytest.approx(11)


def test_the_compiled_loop_fills_the_same_row(tmp_path):
    slow, fast = (run(tmp_path, {"engine": engine}) for engine in ("python", "numba"))
    differing = {name for name in slow if slow[name] != fast[name]}
    assert differing <= {"engine", "seconds", "requests_per_second"}


def test_writes_through_the_cache_make_it_forget(tmp_path):
    row = run(tmp_path, writes="through")
    # t=4 a misses, so that it is fresh at 12 and hits.
    assert (row["hits"], row["misses"], row["stale_hits"]) == (3, 6, 0)
    assert (row["revalidations"], row["checked"], row["writes"]) == (1, 1, "through")


def test_ignored_writes_never_make_a_hit_stale(tmp_path):
    row = run(tmp_path, writes="ignored")
    assert (row["hits"], row["checked"], row["stale_hits"]) == (3, 2, 0)


def test_ignored_lifetimes_ask_the_origin_nothing(tmp_path):
    row = run(tmp_path, lifetimes=False)
    assert (row["revalidations"], row["checked"], row["ttl"]) == (0, 0, "ignored")
    assert (row["hits"], row["stale_hits"]) == (5, 2)


def test_scoring_begins_at_a_share_of_the_rows_and_evictions_count_from_the_first(tmp_path):
    row = run(tmp_path, {"score_from": 0.5})  # row 5 of 11
    wanted = {"requests": 6, "hits": 1, "misses": 4, "checked": 1, "stale_hits": 0}
    wanted |= {"bytes_requested": 390, "origin_bytes": 330, "score_from": 0.5}
    wanted |= {"evictions": 2, "refusals": 1}
    assert wanted.items() <= row.items()


def test_without_a_cost_there_is_no_latency():
    row = cells.run(cell(), plain("aba"))
    assert row["latency_mean"] is row["latency_p99"] is row["origin_latency"] is None
    assumed = Assumptions(origin_latency=0.5)
    row = cells.run(cell(assumed=assumed), ready(plain("aba").trace, (), assumed))
    assert row["latency_mean"] is not None
    assert row["origin_latency"] == 0.5


def test_an_assumed_latency_is_what_misses_take():
    assumed = Assumptions(origin_latency=0.5, hit_latency=0.25)
    trace = ready(requests(range(3), [0, 0, 1], [10] * 3), ("key",), assumed)
    row = cells.run(cell(assumed=assumed), trace)
    assert row["latency_mean"] == pytest.approx((0.75 + 0.25 + 0.75) / 3)


def test_a_row_says_what_made_it():
    row = cells.run(cell(seed=7, sample=5, batch=2), plain("ab"))
    wanted = {"seed": 7, "sample": 5, "batch": 2, "engine": "python", "params": None}
    wanted |= {"trace_sha256": "ab" * 32, "size_fraction": 0.5, "objective": "object"}
    assert wanted.items() <= row.items()


@pytest.mark.parametrize("writes", ["through", "behind"])
def test_every_setting_reaches_the_simulator(monkeypatch, writes):
    told = []

    def noted(prepared, policy, cache, *, engine, progress):
        told.extend((policy.name, cache, engine))
        return simulate(prepared, policy, cache, engine=engine, progress=progress)

    monkeypatch.setattr(cells, "simulate", noted)
    settings = {"capacity": 50, "sample": 5, "batch": 2, "seed": 7}
    cells.run(cell("fifo", assumed=Assumptions(writes=writes), **settings), plain("ab"))
    assert told == ["fifo", Cache(**settings, writes_through=writes == "through"), "python"]


def test_a_baseline_and_an_optimum_have_hits_and_no_draws_of_ours():
    trace = plain("ababcab")
    for policy, engine in (("lcs:lru", "libcachesim"), ("belady", "offline")):
        row = cells.run(cell(policy, capacity=20), trace)
        assert row["hits"] == {"lcs:lru": 2, "belady": 3}[policy]
        assert (row["misses"], row["bytes_hit"]) == (7 - row["hits"], 10 * row["hits"])
        assert row["engine"] == engine
        assert row["seed"] is row["sample"] is row["batch"] is row["evictions"] is None
    assert "libcachesim" in cells.run(cell("lcs:lru", capacity=20), trace)["version"]


def test_a_bound_has_no_figures_of_what_it_does_not_bound():
    trace = plain("ababcab")
    latencies = {"latency_mean", "latency_p50", "latency_p95", "latency_p99"}
    whole = ready(trace.trace, ("cost",))
    rows = {name: cells.run(cell(name, capacity=20), whole) for name in ("bound", "bound-byte")}
    for row in rows.values():
        assert {row[name] for name in latencies} == {None}
    assert rows["bound"]["hits"] == 4
    assert rows["bound"]["byte_hit_ratio"] is rows["bound"]["origin_bytes"] is None
    assert rows["bound-byte"]["bytes_hit"] >= 40
    assert rows["bound-byte"]["object_hit_ratio"] is rows["bound-byte"]["hits"] is None


def test_the_optimum_is_told_where_scoring_starts_and_its_limit(monkeypatch):
    told = {}

    def noted(name, trace, capacity, **more):
        told.update(more, name=name, capacity=capacity)
        return Run(np.ones(len(trace.key), np.bool_), "k=2", 2.0)

    monkeypatch.setattr(optimum, "run", noted)
    row = cells.run(cell("bound", score_from=0.5, time_limit=9.0), plain("abab"))
    assert told == {"name": "bound", "capacity": 100, "timeout": 9.0, "start": 2}
    assert (row["params"], row["seconds"], row["requests_per_second"]) == ("k=2", 2.0, 2.0)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TimeLimit("…"), "time limit of 30 s"),
        (Crashed("lcs:lru: killed"), "crashed: lcs:lru: killed"),
    ],
)
def test_a_baseline_that_hangs_or_crashes_gives_a_row_that_says_so(monkeypatch, error, status):
    def failing(*_, **__):
        raise error

    monkeypatch.setattr(baselines, "run", failing)
    row = cells.run(cell("lcs:lru"), plain("aba"))
    assert row["status"] == status
    assert (row["policy"], row["capacity_bytes"]) == ("lcs:lru", 100)
    assert row["object_hit_ratio"] is row["hits"] is row["seconds"] is None


def test_progress_is_told_up_to_the_last_row():
    for policy in ("lru", "belady"):
        told = []
        cells.run(cell(policy), plain("abc" * 700), told.append)
        assert told == sorted(told)
        assert told[-1] == 2100


@pytest.mark.parametrize("policy", ["lcs:lru", "belady", "bound"])
def test_what_knows_no_lifetimes_or_writes_is_refused_where_there_are_some(policy, tmp_path):
    with pytest.raises(UseError, match=f"{policy} knows no lifetimes, and story has some") as error:
        cells.check(cell(policy), story(tmp_path))
    assert "--ttl ignored" in error.value.hint
    with pytest.raises(UseError, match="knows no writes") as error:
        cells.check(cell(policy), story(tmp_path, lifetimes=False))
    assert "--writes ignored" in error.value.hint
    cells.check(cell(policy), story(tmp_path, lifetimes=False, writes="ignored"))


def test_a_policy_that_needs_a_column_is_refused_where_it_is_not(tmp_path):
    with pytest.raises(UseError, match="policy ttl needs ttl, which t does not have") as error:
        cells.check(cell("ttl"), plain("a"))
    assert "--ttl" in error.value.hint
    with pytest.raises(UseError, match="gdsf needs cost"):
        cells.check(cell("gdsf", objective="cost"), plain("a"))
    cells.check(cell("ttl"), ready(plain("a").trace, (), Assumptions(ttl=60.0)))
    cells.check(cell("gdsf", objective="cost"), story(tmp_path))


def test_a_policy_that_is_none_is_refused():
    with pytest.raises(UseError, match='"lfru" is not there') as error:
        cells.own("lfru", "object")
    assert error.value.hint
