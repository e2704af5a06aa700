import gzip
import json

import numpy as np
import pytest

from replay.experiments import PLAIN, STORY
from replay.trace_files import log_line, written
from scrubjay_proxy.cli import main
from scrubjay_replay import sweep
from scrubjay_replay.commands import simulate
from scrubjay_replay.errors import UseError
from scrubjay_replay.readers.oraclegeneral import RECORD

USUAL = ("--engine", "python", "--jobs", "1", "--size", "50%")


@pytest.fixture
def scrubjay(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, PLAIN)
    written(tmp_path, STORY, "story.csv")
    (tmp_path / "folder.csv").mkdir()

    def run(*words):
        before = sorted(tmp_path.iterdir())
        with pytest.raises(SystemExit) as ended:
            main(["simulate", *USUAL, *map(str, words)])
        assert sorted(tmp_path.iterdir()) == before, "something was written"
        wrote = capsys.readouterr()
        assert wrote.out == ""
        return ended.value.code, wrote.err

    return run


def records(*rows):
    return np.array([*rows], RECORD).tobytes()


BROKEN = {
    "cut.oracleGeneral": (records((5, 7, 9, -1), (6, 8, 9, -1))[:-1], "record 2: cut short"),
    "back.oracleGeneral": (records((5, 7, 9, -1), (4, 8, 9, -1)), "record 2: time runs backwards"),
    "cut.csv.gz": (gzip.compress(b"key\n" + b"a\n" * 99)[:-9], "cannot read the trace"),
    "nokey.csv": (b"time,size\n1,2\n", "1: no kind of trace"),
    "short.csv": (b"time,key,size\n1,a,1\n2,b\n", "3: 2 fields where 3 are needed"),
    "negative.csv": (b"key,size\na,1\na,-1\n", "3: "),
    "backwards.csv": (b"time,key\n7,a\n5,a\n", "3: time runs backwards: 5 after 7"),
    "empty.csv": (b"", "empty.csv:"),
    "header.csv": (b"time,key,size\n", "no request"),
    "changes.csv": (b"key,size,was_write\na,1,1\n", "no request in it"),
    "nothing.log": (log_line("/a", 500).encode(), "no request"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_trace_is_one_clear_error_with_its_place_and_nothing_is_written(
    scrubjay, tmp_path, name
):
    content, where = BROKEN[name]
    path = written(tmp_path, content, name)
    code, err = scrubjay("t.csv", path, "--policy", "lru", "--out", "r.csv")
    assert code == 2
    said, hint = err.splitlines()
    assert said.startswith(f"scrubjay: {name}:")
    assert where in said
    assert hint.startswith("  hint: ")


def test_a_csv_without_the_key_is_told_which_column_is_missing(scrubjay, tmp_path):
    path = written(tmp_path, "time,size\n1,2\n", "u.csv")
    code, err = scrubjay(path, "--format", "csv", "--out", "r.csv")
    assert code == 2
    assert err.startswith("scrubjay: u.csv:1: no column for the key in the header")
    assert "key or object_id" in err.splitlines()[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("t.csv", "--policy", "ttl"), "policy ttl needs ttl, which t.csv does not have"),
        (("t.csv", "--objective", "cost"), "policy gdsf needs cost"),
        (("story.csv", "--policy", "lru,lcs:lru"), "lcs:lru knows no lifetimes"),
        (("t.csv", "--policy", "belady", "--ttl", "1m"), "belady knows no lifetimes"),
        (("story.csv", "--policy", "bound", "--ttl", "ignored"), "bound knows no writes"),
        (("t.csv", "--policy", "lfru"), '"lfru" is not there'),
        (("t.csv", "--policy", "lcs:lfru"), "lcs:lfru is no baseline"),
        (("t.csv", "--policy", "x*"), "no policy is like 'x*'"),
        (("t.csv", "--policy", ""), "--policy names none"),
        (("t.csv", "--size", "0%"), "--size is '0%'"),
        (("t.csv", "--size", "5 lots"), "--size is '5 lots', not a number of bytes"),
        (("t.csv", "--size", "1%"), "1% of t.csv, 40 bytes, is no byte"),
        (("t.csv", "--size", "9EiB"), "--size is '9EiB'"),
        (("t.csv", "--seed", "1,x"), "--seed is '1,x'"),
        (("t.csv", "--batch", "9", "--sample", "8"), "--batch 9 is more than --sample 8"),
        (("t.csv", "--ttl", "soon"), "--ttl is 'soon', not a duration"),
        (("t.csv", "--origin-latency", "-1s"), "--origin-latency is '-1s'"),
        (("t.csv", "--hit-latency", ""), "--hit-latency is ''"),
        (("t.csv", "--time-limit", "x"), "--time-limit is 'x'"),
        (("t.csv", "--out", "r.xml"), "--out r.xml: unknown kind"),
        (("t.csv", "--out", "none/r.csv"), "--out none/r.csv cannot be written"),
        (("t.csv", "--out", "folder.csv"), "--out folder.csv cannot be written"),
        (("none.csv",), "none.csv: cannot read the trace"),
        (("t.csv", "none.csv"), "none.csv: cannot read the trace"),
        (("t.csv", "--format", "pcap"), "--format pcap: no such format"),
    ],
)
def test_wrong_use_is_one_line_and_a_hint_before_anything_runs(scrubjay, monkeypatch, words, said):
    monkeypatch.setattr(sweep, "rows", None)
    code, err = scrubjay(*words)
    assert code == 2
    assert said in err.splitlines()[0]
    assert err.splitlines()[1].startswith("  hint: ")
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--objective", "fun"),
        ("--writes", "never"),
        ("--score-from", "1"),
        ("--score-from", "-0.1"),
        ("--sample", "0"),
        ("--batch", "5000"),
        ("--limit", "0"),
        ("--jobs", "-1"),
    ],
)
def test_a_value_out_of_range_is_exit_code_two(scrubjay, words):
    code, err = scrubjay("t.csv", *words)
    assert code == 2
    assert words[0] in err


def test_a_result_that_was_there_stays_when_the_trace_is_broken(scrubjay, tmp_path):
    kept = written(tmp_path, "mine", "r.csv")
    broken = written(tmp_path, "key,size\na,-1\n", "broken.csv")
    assert scrubjay(broken, "--out", "r.csv")[0] == 2
    assert kept.read_text() == "mine"


def test_bad_lines_are_told_and_skipped_as_far_as_allowed(tmp_path, capsys):
    path = written(tmp_path, "key,size\na,1\nb\na,1\n")
    out = tmp_path / "r.json"
    words = ["simulate", path, "--max-bad-lines", 1, "--policy", "lru", "--size", "100%"]
    with pytest.raises(SystemExit) as ended:
        main([*map(str, words), "--engine", "python", "--out", str(out)])
    assert ended.value.code == 0
    assert capsys.readouterr().err == "skipped t.csv:3: 1 fields where 2 are needed\n"
    assert json.loads(out.read_text())["rows"][0]["requests"] == 2


def test_without_numba_only_the_slow_engine_and_the_baselines_run(monkeypatch):
    monkeypatch.setattr(simulate, "find_spec", lambda _: None)
    with pytest.raises(UseError, match="numba is not installed") as error:
        simulate.usable(None, ["lcs:lru", "lru"])
    assert "scrubjay[lab]" in error.value.hint
    assert simulate.usable("python", ["lru"]) == "python"
    assert simulate.usable(None, ["lcs:lru"]) == "numba"


def test_with_numba_it_is_used_unless_the_other_is_wanted():
    assert simulate.usable(None, ["lru"]) == simulate.usable("numba", ["lru"]) == "numba"
    assert simulate.usable("python", ["lru"]) == "python"
