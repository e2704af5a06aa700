from __future__ import annotations

import json
import subprocess
import sys

import pytest

from command_line import calling
from scrubjay_proxy.cli import main
from scrubjay_replay import results
from scrubjay_replay.commands import report


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    return calling(capsys, "report")


def cell(policy, hit, share=0.01, **more):
    usual = {"trace": "web", "objective": "object", "size_fraction": share, "seed": 1}
    usual |= {"capacity_bytes": round(share * 1e6), "status": "done", "object_hit_ratio": hit}
    return results.row(**{**usual, "policy": policy, **more})


@pytest.fixture
def files(tmp_path):
    first = [cell("lru", 0.4), cell("lru", 0.5, 0.1), cell("gdsf", 0.6, trace="disk")]
    second = [cell("belady", 0.7), cell("gdsf", 0.3, objective="byte")]
    paths = tmp_path / "a.csv", tmp_path / "b.json"
    for path, rows in zip(paths, (first, second), strict=True):
        results.write(path, rows, {})
    return paths


@pytest.mark.parametrize(
    ("name", "start"), [("r.html", b"<!doctype html>"), ("r.png", b"\x89PNG"), ("r.svg", b"<?xml")]
)
def test_several_files_become_one_report(run, files, tmp_path, name, start):
    assert run(*files, "--out", name) == (0, f"{name}: 5 rows\n", "")
    assert (tmp_path / name).read_bytes().startswith(start)
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "b.json", name}


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--trace", "web"), 4),
        (("--policy", "lru, belady"), 3),
        (("--objective", "byte"), 1),
        (("--trace", "web", "--objective", "object", "--policy", "lru"), 2),
    ],
)
def test_filters_leave_only_what_is_asked_for(run, files, words, count):
    assert run(*files, "--out", "r.svg", *words)[:2] == (0, f"r.svg: {count} rows\n")


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (("--policy", "gds"), "--policy gds: no such row", "Did you mean gdsf?"),
        (("--trace", "tape"), "--trace tape: no such row", "There are web, disk."),
        (("--objective", "bytes"), "--objective is 'bytes'", "object, byte, cost"),
        (("--objective", "cost"), "--objective cost: no such row", "object, byte"),
        (("--trace", "disk", "--policy", "lru"), "--policy lru: no such row", "There are gdsf."),
        (("--out", "r.pdf"), "--out r.pdf: unknown kind", ".html, .png, .svg"),
        (("--out", "none/r.png"), "--out none/r.png cannot be written", "folder"),
    ],
)
def test_wrong_options_are_one_error_with_a_hint(run, files, words, said, hint):
    code, out, err = run(*files, *(() if "--out" in words else ("--out", "r.svg")), *words)
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == f"scrubjay: {said}"
    assert hint in err.splitlines()[1]
    assert len(err.splitlines()) == 2


def test_a_file_without_results_is_one_error(run, tmp_path):
    bad = {
        "a.csv": "x,y\n1,2\n",
        "b.json": "{",
        "c.csv": "trace,policy,object_hit_ratio\n",
        "d.csv": "trace,policy,object_hit_ratio\nweb,lru,much\n",
        "e.txt": "",
        "f.json": "[]",
        "g.json": '{"rows": [1]}',
        "h.json": '{"rows": {"a": 1}}',
    }
    for name, text in bad.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        code, _, err = run(name, "--out", "r.html")
        assert code == 2
        assert err.startswith(f"scrubjay: {name}: ")
        assert err.splitlines()[1].startswith("  hint: ")
    assert not (tmp_path / "r.html").exists()


def test_a_figure_that_is_no_number_is_told_with_its_row(run, tmp_path):
    rows = [cell("lru", 0.4), {**cell("lfu", 0.4), "byte_hit_ratio": "high"}]
    (tmp_path / "r.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    _, _, err = run("r.json", "--out", "r.html")
    assert err.startswith("scrubjay: r.json: row 2: byte_hit_ratio is 'high', not a number\n")


def test_rows_that_all_failed_are_one_error_with_their_status(run, tmp_path):
    results.write(tmp_path / "r.csv", [cell("lru", None, status="killed after 100 s")], {})
    code, _, err = run("r.csv", "--out", "r.html")
    assert code == 2
    assert err.startswith("scrubjay: r.csv: none of 1 rows has a figure\n")
    assert "killed after 100 s" in err
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("missing", "file", "said"),
    [("matplotlib", "a.csv", "needs matplotlib"), ("pyarrow", "p.parquet", "needs pyarrow")],
)
def test_what_the_lab_extra_brings_is_named_where_it_is_not_there(
    run, files, monkeypatch, missing, file, said
):
    monkeypatch.setattr(report, "find_spec", lambda name: None if name == missing else object())
    code, _, err = run(file, "--out", "r.html")
    assert code == 2
    assert said in err
    assert 'pip install "scrubjay[lab]"' in err


def test_a_report_that_fails_leaves_the_old_one(run, files, tmp_path, monkeypatch):
    from scrubjay_replay import page

    (tmp_path / "r.html").write_text("old", encoding="utf-8")

    def broken(_):
        raise ZeroDivisionError

    monkeypatch.setattr(page, "page", broken)
    with pytest.raises(ZeroDivisionError):
        main(["report", str(files[0]), "--out", "r.html"])
    assert {p.name for p in tmp_path.iterdir()} == {"a.csv", "b.json", "r.html"}
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == "old"


def test_standings_and_the_command_itself_load_no_matplotlib():
    script = (
        "import sys, scrubjay_replay.standings, scrubjay_replay.terminal\n"
        "import scrubjay_replay.commands.report\n"
        "print(*sorted({'matplotlib', 'pyarrow', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
