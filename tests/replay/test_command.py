from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from scrubjay_replay.commands.replay import replay

APP = typer.Typer()
APP.command()(replay)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text("time,key,size\n0,a,10\n0.01,b,20\n0.02,a,10\n0.03,a,10\n")
    return path


def call(*args: object):
    return CliRunner().invoke(APP, [str(arg) for arg in args])


@pytest.mark.parametrize("pace", [["--sequential"], ["--speed", "2x"], ["--rate", "500"], []])
def test_a_replay_prints_its_table_and_writes_its_result(trace, tmp_path, stub_beside, pace):
    out = tmp_path / "r.json"
    done = call(trace, "--through", stub_beside.url, "--out", out, *pace)
    assert done.exit_code == 0, done.stderr
    assert "object_hit_ratio" in done.stdout
    result = json.loads(out.read_text())
    assert (result["result"]["hits"], result["result"]["misses"]) == (2, 2)
    assert result["provenance"]["trace"] == "t.csv"
    assert len(result["provenance"]["trace_sha256"]) == 64
    assert result["provenance"]["way"] == "forward"


def test_a_wrong_body_ends_with_one(trace, stub_beside):
    stub_beside.corrupt = True
    done = call(trace, "--through", stub_beside.url, "--sequential")
    assert done.exit_code == 1
    assert "a wrong body" in done.stderr


def test_bad_lines_are_told_and_too_many_end_with_two(trace, stub_beside):
    trace.write_text(trace.read_text() + "oops\n")
    done = call(trace, "--through", stub_beside.url, "--sequential")
    assert done.exit_code == 0, done.stderr
    assert "skipped t.csv:6: 1 fields where 3 are needed" in done.stderr
    assert "left out: 1 malformed" in done.stderr
    done = call(trace, "--through", stub_beside.url, "--max-bad-lines", 0)
    assert done.exit_code == 2
    assert "t.csv:6: " in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--speed", "2x", "--rate", "3"], "exclude each other"),
        (["--ttl", "soon"], "--ttl is 'soon'"),
        (["--origin-listen", "8090"], "--origin-listen"),
        (["--change-rate", "often"], "--change-rate"),
        (["--timeout", "0"], "--timeout"),
        (["--out", "/nowhere/r.json"], "--out"),
        (["--concurrency", "0"], "--concurrency"),
    ],
)
def test_wrong_use_is_one_clear_line_and_two(trace, options, said):
    done = call(trace, "--through", "http://127.0.0.1:9", *options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_an_empty_trace_and_a_missing_one_end_with_two(trace, tmp_path):
    trace.write_text("time,key,size\n")
    done = call(trace, "--through", "http://127.0.0.1:9")
    assert (done.exit_code, "no request in it" in done.stderr) == (2, True)
    assert call(tmp_path / "none", "--through", "http://127.0.0.1:9").exit_code == 2


def test_nobody_at_the_proxys_address_ends_with_two_and_the_command(trace, unused_tcp_port):
    done = call(trace, "--through", f"http://127.0.0.1:{unused_tcp_port}", "--speed", "max")
    assert done.exit_code == 2
    assert "scrubjay serve --origin" in done.stderr


def test_changes_in_a_trace_are_not_sent_but_counted(trace, stub_beside):
    trace.write_text("time,key,size,was_write\n0,x,,1\n0,a,10,0\n0.1,a,,1\n0.2,a,10,0\n")
    done = call(trace, "--through", stub_beside.url, "--sequential", "--format", "csv")
    assert done.exit_code == 0, done.stderr
    assert "2 requests for 1 objects" in done.stderr
    assert "left out: 2 writes" in done.stderr
