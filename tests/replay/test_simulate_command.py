import json

import pytest

from replay.experiments import PLAIN, STORY, without_timings
from replay.trace_files import written
from scrubjay_proxy.cli import main
from scrubjay_replay import baselines, provenance, results, sweep
from scrubjay_replay.isolated import TimeLimit
from scrubjay_replay.journal import Journal

HERE = ("--engine", "python", "--jobs", 1)


@pytest.fixture
def scrubjay(capsys, tmp_path, monkeypatch):
    """The command in a folder with two traces, of source that has no changes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(provenance, "_git", lambda word, *_: "" if word == "status" else "abc1234")
    provenance.commit.cache_clear()
    written(tmp_path, PLAIN)
    written(tmp_path, STORY, "story.csv")

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["simulate", *map(str, (*words, *HERE))])
        wrote = capsys.readouterr()
        return ended.value.code, wrote.out, wrote.err

    yield run
    provenance.commit.cache_clear()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def stop_after(monkeypatch, count):
    """Ctrl-C when so many rows are there."""
    rows = sweep.rows

    def stopping(jobs, **more):
        for done, pair in enumerate(rows(jobs, **more)):
            if done == count:
                raise KeyboardInterrupt
            yield pair

    monkeypatch.setattr(sweep, "rows", stopping)


def test_the_figures_of_a_trace_are_those_that_come_out_by_hand(scrubjay, tmp_path):
    # What happens is told in test_cells.py, in which hits take no cost.
    code, out, err = scrubjay(
        "story.csv", "--policy", "lru", "--size", 100, "--hit-latency", "125ms", "--out", "r.json"
    )
    assert (code, err) == (0, "")
    assert "30.00*" in out
    told = json.loads((tmp_path / "r.json").read_text())
    (row,) = told["rows"]
    wanted = {
        "trace": "story.csv",
        "trace_sha256": provenance.digest(tmp_path / "story.csv"),
        "policy": "lru",
        "objective": "object",
        "capacity_bytes": 100,
        "size_fraction": 100 / (40 + 60 + 30 + 200),
        "requests": 10,
        "hits": 3,
        "misses": 6,
        "checked": 1,
        "revalidations": 2,
        "stale_hits": 1,
        "staleness": 1 / 3,
        "object_hit_ratio": 0.3,
        "byte_hit_ratio": 110 / 570,
        "bytes_requested": 570,
        "bytes_hit": 110,
        "origin_requests": 7,
        "origin_bytes": 430,
        "latency_mean": pytest.approx(0.975),
        "latency_p50": pytest.approx(0.5),
        "latency_p95": pytest.approx(3.225),
        "latency_p99": pytest.approx(3.945),
        "evictions": 2,
        "refusals": 1,
        "seed": 0,
        "sample": 80,
        "batch": 1,
        "score_from": 0,
        "ttl": "none",
        "origin_latency": None,
        "hit_latency": 0.125,
        "writes": "behind",
        "engine": "python",
        "status": "done",
        "version": provenance.version(),
        "commit": "abc1234",
    }
    assert {name: row[name] for name in wanted} == wanted
    assert told["provenance"]["commit"] == "abc1234"
    assert names(tmp_path) == ["r.json", "story.csv", "t.csv"]


def test_a_result_names_its_command_as_a_shell_takes_it(scrubjay, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/usr/bin/scrubjay", "simulate", "a b.csv"])
    scrubjay("t.csv", "--policy", "lru", "--size", 20, "--out", "r.json")
    told = json.loads((tmp_path / "r.json").read_text())["provenance"]
    assert told["command"] == "scrubjay simulate 'a b.csv'"


def test_every_option_reaches_its_row(scrubjay, tmp_path):
    code, *_ = scrubjay(
        *("t.csv", "--policy", "ttl,gdsf", "--size", "50%", "--objective", "cost"),
        *("--score-from", 0.5, "--seed", "3", "--sample", 7, "--batch", 2, "--ttl", "10m"),
        *("--origin-latency", "50ms", "--hit-latency", "2ms", "--writes", "ignored"),
        *("--out", "r.csv"),
    )
    assert code == 0
    wanted = {"objective": "cost", "score_from": 0.5, "seed": 3, "sample": 7, "batch": 2}
    wanted |= {"ttl": "600s", "origin_latency": 0.05, "hit_latency": 0.002, "writes": "ignored"}
    wanted |= {"size_fraction": 0.5, "capacity_bytes": 20, "requests": 16}
    rows = results.read(tmp_path / "r.csv")
    assert [row["policy"] for row in rows] == ["ttl", "gdsf"]
    for row in rows:
        assert wanted.items() <= row.items()


def test_limit_reads_only_the_first_rows(scrubjay, tmp_path):
    scrubjay("t.csv", "--policy", "lru", "--size", 10, "--limit", 5, "--out", "r.csv")
    assert results.read(tmp_path / "r.csv")[0]["requests"] == 5


def test_csv_json_and_parquet_say_the_same(scrubjay, tmp_path):
    words = ("t.csv", "--policy", "lru,lcs:twoq,bound", "--size", "50%")
    rows = []
    for kind in ("csv", "json", "parquet"):
        assert scrubjay(*words, "--out", f"r.{kind}")[0] == 0
        rows.append([*map(without_timings, results.read(tmp_path / f"r.{kind}"))])
    assert rows[0] == rows[1] == rows[2]
    assert [row["policy"] for row in rows[0]] == ["lru", "lcs:twoq", "bound"]
    assert rows[0][0]["hits"] > 0
    assert [type(rows[0][0][name]) for name in ("hits", "staleness", "policy")] == [int, float, str]
    assert "a_in_size_ratio=0.25" in rows[0][1]["params"]


def test_rows_come_in_the_order_of_the_command_whatever_ends_first(scrubjay, tmp_path, monkeypatch):
    rows = sweep.rows
    monkeypatch.setattr(sweep, "rows", lambda jobs, **more: iter([*rows(jobs, **more)][::-1]))
    scrubjay(
        *("story.csv", "t.csv", "--policy", "lru,fifo", "--size", "40%,20%"),
        *("--seed", "1,0", "--out", "r.csv"),
    )
    told = [
        (row["trace"], row["size_fraction"], row["policy"], row["seed"])
        for row in results.read(tmp_path / "r.csv")
    ]
    assert told == [
        (trace, size, policy, seed)
        for trace in ("story.csv", "t.csv")
        for size in (0.4, 0.2)
        for policy in ("lru", "fifo")
        for seed in (1, 0)
    ]


def test_what_is_asked_for_twice_is_one_row(scrubjay, tmp_path):
    scrubjay("t.csv", "t.csv", "--policy", "lru", "--size", "20,50%", "--out", "r.csv")
    rows = results.read(tmp_path / "r.csv")
    assert [(row["capacity_bytes"], row["size_fraction"]) for row in rows] == [(20, 0.5)]


def test_shares_that_are_the_same_bytes_keep_their_rows(scrubjay, tmp_path):
    scrubjay("t.csv", "--policy", "lru", "--size", "50%,51%", "--out", "r.csv")
    rows = results.read(tmp_path / "r.csv")
    assert [(row["capacity_bytes"], row["size_fraction"]) for row in rows] == [
        (20, 0.5),
        (20, 0.51),
    ]


WORDS = ("t.csv", "--policy", "lru,fifo,lfu", "--size", "50%", "--out", "r.csv")


def test_an_interrupted_run_goes_on_where_it_stopped(scrubjay, tmp_path, monkeypatch):
    assert scrubjay(*WORDS)[0] == 0
    whole = results.read(tmp_path / "r.csv")
    (tmp_path / "r.csv").unlink()
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        code, out, err = scrubjay(*WORDS)
    assert (code, out) == (130, "")
    said = "stopped; 2 of 3 rows are kept in r.csv.unfinished: the same command goes on from there"
    assert err.splitlines()[0] == said
    assert names(tmp_path) == ["r.csv.unfinished", "story.csv", "t.csv"]
    ran = []
    rows = sweep.rows
    monkeypatch.setattr(sweep, "rows", lambda jobs, **more: ran.extend(jobs) or rows(jobs, **more))
    code, _, err = scrubjay(*WORDS)
    assert (code, err) == (0, "going on: 2 of 3 rows were there from before\n")
    assert [job.cell.policy for job in ran] == ["lfu"]
    assert [*map(without_timings, results.read(tmp_path / "r.csv"))] == [
        *map(without_timings, whole)
    ]
    assert names(tmp_path) == ["r.csv", "story.csv", "t.csv"]


def test_the_sweep_ends_before_the_journal_when_a_row_cannot_be_kept(scrubjay, monkeypatch):
    ended = []

    def rows(jobs, **more):
        try:
            yield jobs[0], {}
        finally:
            ended.append("sweep")

    def full(journal, *_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "rows", rows)
    monkeypatch.setattr(Journal, "add", full)
    leave = Journal.__exit__
    monkeypatch.setattr(Journal, "__exit__", lambda *w: ended.append("journal") or leave(*w))
    assert scrubjay(*WORDS)[0] == 130
    assert ended == ["sweep", "journal"]


@pytest.mark.parametrize(
    "changed", [("--seed", 1), ("--ttl", "1s"), ("--limit", 31), ("--score-from", 0.5)]
)
def test_rows_of_other_settings_are_not_mixed_up(scrubjay, monkeypatch, changed):
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        scrubjay(*WORDS)
        code, _, err = scrubjay(*WORDS, *changed)
        assert code == 130
        assert err.startswith("stopped; 2 of 3 rows are kept")
    assert "going on" in scrubjay(*WORDS, *changed)[2]


def test_rows_of_changed_source_are_not_taken(scrubjay, tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "_git", lambda *_: "abc1234")
    provenance.commit.cache_clear()
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        code, _, err = scrubjay(*WORDS)
    assert (code, err.strip()) == (130, "")
    assert names(tmp_path) == ["story.csv", "t.csv"]
    assert scrubjay(*WORDS)[2] == ""
    assert {row["commit"] for row in results.read(tmp_path / "r.csv")} == {"abc1234+"}


def test_a_baseline_at_its_time_limit_is_a_row_and_the_rest_goes_on(
    scrubjay, tmp_path, monkeypatch
):
    def hanging(name, *_, timeout):
        raise TimeLimit(f"lcs:{name}: no result within {timeout:g} s")

    monkeypatch.setattr(baselines, "run", hanging)
    code, out, _ = scrubjay(
        *("t.csv", "--policy", "lcs:lru,lru", "--size", "50%"),
        *("--time-limit", "250ms", "--out", "r.csv"),
    )
    assert code == 0
    rows = results.read(tmp_path / "r.csv")
    assert [row["status"] for row in rows] == ["time limit of 0.25 s", "done"]
    assert rows[0]["object_hit_ratio"] is None
    assert "time limit of 0.25 s" in out


def test_without_out_only_the_standings_are_shown(scrubjay, tmp_path):
    code, out, err = scrubjay("t.csv", "--policy", "lru", "--size", "50%")
    assert (code, err) == (0, "")
    assert "t.csv: object hit ratio" in out
    assert names(tmp_path) == ["story.csv", "t.csv"]
