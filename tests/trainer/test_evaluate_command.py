import csv
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from command_line import calling
from scrubjay_policies import learned, model
from scrubjay_replay import results
from scrubjay_trainer import evaluate as figures
from scrubjay_trainer.gather import Seen
from scrubjay_trainer.metadata import metadata
from scrubjay_trainer.network import Network, weights
from scrubjay_trainer.settings import Settings
from scrubjay_trainer.train import Epoch, Fitted
from trainer.lessons import ready, scanned, write_csv


@pytest.fixture
def scrubjay(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    return calling(capsys, "evaluate")


@pytest.fixture
def trace(tmp_path):
    return write_csv(tmp_path / "zipf.csv", scanned(6_000))


def saved(path):
    torch.manual_seed(1)
    seen = Seen("first.csv", "cd" * 32, 3000, (0, 3000), 0.05, 10, 650, 0.1)
    epoch = Epoch(1, 0.5, 0.4)
    fitted = Fitted(weights(Network()), (epoch,), epoch)
    model.save(path, fitted.weights, metadata([seen], fitted, "dqn", Settings()))
    return path


def test_a_model_is_shown_beside_gdsf_and_lru_with_where_all_came_from(scrubjay, trace, tmp_path):
    made = saved(tmp_path / "m.safetensors")
    words = ("--size", "5%", "--origin-latency", "100ms", "--out", "rows.csv", "--jobs", 1)
    code, out, err = scrubjay(made, trace, *words)
    assert (code, err) == (0, "")
    with (tmp_path / "rows.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["policy"] for row in rows] == ["drl", "gdsf", "lru"]
    assert [bool(row["model_sha256"]) for row in rows] == [True, False, False]
    assert {row["requests"] for row in rows} == {"3000"}
    for row in rows:
        assert f"{int(row['hits']):,}" in out
        assert f"{float(row['object_hit_ratio']):.2%}" in out
    for text in ("m.safetensors", rows[0]["model_sha256"], rows[0]["trace_sha256"], "first.csv"):
        assert text in out
    assert "scored from 50% on, objective object" in out


def row(**changed):
    told = {
        "trace": "t.csv",
        "trace_sha256": "ab",
        "policy": "drl",
        "size_fraction": 0.05,
        "requests": 2000,
        "hits": 500,
        "object_hit_ratio": 0.25,
        "latency_mean": 0.075,
        "latency_p95": 0.1,
        "staleness": 0.5,
        "bytes_requested": 4096,
        "bytes_hit": 1024,
        "origin_bytes": 2048,
    }
    return results.row(**{**told, **changed})


def cells(table):
    return [list(column.cells) for column in table.columns]


def test_the_table_has_each_figure_in_its_unit():
    table = figures.table([row()])
    assert [column.header for column in table.columns][3:] == [
        *("requests", "hits", "hit ratio", "mean", "p95", "stale"),
        *("from cache", "from origin", "saved"),
    ]
    assert [one[0] for one in cells(table)] == [
        *("t.csv", "5%", "drl", "2,000", "500", "25.00%", "75.00 ms", "100.00 ms", "50.00%"),
        *("1.0 KiB", "2.0 KiB", "50.00%"),  # a quarter hit, and a quarter was only checked
    ]


def test_what_is_not_known_is_a_dash_and_a_name_is_said_once():
    unknown = row(latency_mean=None, latency_p95=None, policy="lru", bytes_requested=0)
    shown = cells(figures.table([row(), unknown]))
    assert [one[1] for one in shown][:3] == ["", "", "lru"]
    assert [one[1] for one in shown][6:8] == ["-", "-"]
    assert shown[-1][1] == "-"


def learned_from(**told):
    return {"trained_on": json.dumps([{"name": "t", "sha256": "ab" * 32, **told}])}


def test_a_trace_that_the_model_learned_from_is_told_where_it_is_scored():
    trace = ready([0, 1] * 50)
    assert figures.warnings([trace], learned_from(to_row=50), 0.5) == []
    (warning,) = figures.warnings([trace], learned_from(to_row=50), 0.2)
    assert warning == "t: scored from row 20; the model was trained up to row 50"
    assert figures.warnings([replace(trace, sha256="ef")], learned_from(to_row=50), 0.2) == []
    (warning,) = figures.warnings([trace], learned_from(), 0.5)
    assert warning.endswith("trained on all of it")


@pytest.mark.parametrize("text", ["", "[", '"x"', "[1]", '[{"name": "a"}]'])
def test_a_model_that_says_it_otherwise_gives_no_warning(text):
    assert figures.warnings([ready([0, 1])], {"trained_on": text}, 0.0) == []


def test_the_file_names_all_that_it_was_made_with(tmp_path):
    made = model.load(saved(tmp_path / "m.safetensors"))
    assert made.weights.shape == (learned.WEIGHTS,)
    assert np.isfinite(made.weights).all()
    expected = {**asdict(Settings()), "sizes": [0.01, 0.05, 0.1]}
    assert json.loads(made.metadata["settings"]) == expected
    assert json.loads(made.metadata["metrics"]) == {
        "decisions": 10,
        "rows": 650,
        "epoch": 1,
        "loss": 0.5,
        "validation_loss": 0.4,
    }


def test_what_is_no_model_is_refused_with_a_hint(scrubjay, trace, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"no model at all")
    code, _, err = scrubjay(tmp_path / "m.safetensors", trace)
    assert code == 2
    assert err.startswith("scrubjay: ")
    assert "  hint: " in err
    code, _, err = scrubjay(tmp_path / "missing.safetensors", trace)
    assert code == 2
    assert "missing.safetensors" in err
