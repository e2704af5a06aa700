from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from scrubjay_replay import report
from scrubjay_replay.errors import UseError
from scrubjay_replay.outcome import Outcome, Verdict


def outcome() -> Outcome:
    made = Outcome.empty(8)
    made.verdict[:] = [0, 1, 1, 2, 3, 4, 5, 1]
    made.received[:] = [100, 10, 30, 20, 40, 0, 5, 999]
    made.latency[:] = [0.5, 0.001, 0.003, 0.1, 0.2, 9, 9, 9]
    made.stale[:] = [0, 1, 0, 1, 0, 0, 0, 1]
    made.sent, made.seconds = 7, 3.5
    made.origin_requests, made.origin_bytes = 3, 120
    return made


def test_every_figure_is_what_the_raw_facts_count_to():
    found = report.figures(outcome())
    wanted = {
        "requests": 7,
        "hits": 2,
        "checked": 1,
        "joined": 1,
        "misses": 1,
        "errors": 1,
        "wrong_bodies": 1,
        "object_hit_ratio": 2 / 7,
        "byte_hit_ratio": 40 / 200,
        "bytes_received": 200,
        "origin_bytes_saved": 80,
        "hit_p50": 0.002,
        "hit_p99": 0.00298,
        "miss_p50": 0.5,
        "stale_hits": 1,
        "staleness": 1 / 2,
        "requests_per_second": 2,
    }
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)


def test_every_request_is_in_exactly_one_count():
    rng = np.random.default_rng(2)
    made = Outcome.empty(500)
    made.verdict[:] = rng.integers(0, len(Verdict), 500)
    made.sent = 500
    found = report.figures(made)
    parts = ("hits", "checked", "joined", "misses", "errors", "wrong_bodies")
    assert sum(found[name] for name in parts) == found["requests"]


def test_the_table_shows_every_column_and_no_number_where_there_is_none():
    text = io.StringIO()
    Console(file=text, width=120).print(report.table(Outcome.empty(0), "nothing"))
    for column in report.COLUMNS:
        assert column.name in text.getvalue()
    assert "nan" not in text.getvalue()


def test_the_document_is_strict_json_with_null_for_what_has_no_value(tmp_path: Path):
    path = tmp_path / "r.json"
    report.write(path, report.document(Outcome.empty(0), {"seed": 1}, {}))
    read = json.loads(path.read_text())
    assert read["result"]["object_hit_ratio"] is None
    assert read["provenance"]["seed"] == 1
    assert set(read["units"]) == set(read["result"])


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "r.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        report.write(path, {"bad": object()})
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("r.json", "old")]


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path):
    report.writable(tmp_path / "r.json")
    for path in (tmp_path, tmp_path / "none" / "r.json"):
        with pytest.raises(UseError, match="--out"):
            report.writable(path)
