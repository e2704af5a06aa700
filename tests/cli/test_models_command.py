"""`scrubjay models` on a directory, without a proxy."""

import json

import pytest

from command_line import calling
from policies.models import written
from scrubjay_policies import model


@pytest.fixture
def models(capsys):
    return calling(capsys, "models")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("SCRUBJAY_MODELS__DIR", str(folder))
    return folder


def digest(path):
    return model.load(path).sha256[:12]


def test_promote_roll_back_and_shadow_say_what_is_in_force(models, folder, tmp_path):
    paths = [written(tmp_path, seed, f"m{seed}") for seed in (1, 2)]
    first, second = map(digest, paths)
    assert models("promote", paths[0]) == (0, f"in force: {first} m1\n", "")
    assert models("promote", paths[1]) == (0, f"in force: {second} m2\n", "")
    assert models("rollback") == (0, f"in force: {first} m1\n", "")
    assert models("shadow", second) == (
        0,
        f"in force: {first} m1\nin shadow: {second} m2\n",
        "",
    )
    assert models("rollback")[1].startswith("in force: the model of the settings\n")


def test_list_shows_states_figures_and_what_happened(models, folder, tmp_path):
    metrics = {"metrics": '{"validation_loss": 0.25}'}
    for seed, name in ((1, "first"), (2, "second")):
        path = written(tmp_path, seed, name)
        model.save(path, model.load(path).weights, metrics)
        models("promote", path)
    (folder / "dropped").write_bytes(b"")
    code, out, err = models("list")
    assert (code, err) == (0, "")
    rows = [line.split("│")[1:-1] for line in out.splitlines() if "│" in line]
    shown = [[cell.strip() for cell in row] for row in rows]
    assert [row[0] for row in shown[:3]] == ["active", "previous", "new"]
    assert shown[0][1:3] == [digest(tmp_path / "second"), "second"]
    assert "validation_loss: 0.25" in shown[0]
    assert [row[1] for row in shown[3:]] == ["promoted", "promoted"]
    assert [row[4] for row in shown[3:]] == ["command", "command"]


def test_list_as_json_is_the_whole_index(models, folder, tmp_path):
    models("promote", written(tmp_path))
    told = json.loads(models("list", "--json")[1])
    assert told["models"][0]["state"] == "active"
    assert told["history"][0]["what"] == "promoted"
    assert told["new"] == []


def test_an_empty_directory_says_what_to_do(models, folder):
    assert "copy one there" in models("list")[1]


def test_a_refused_file_is_one_error_and_changes_nothing(models, folder, tmp_path):
    models("promote", written(tmp_path))
    before = (folder / "index.json").read_bytes()
    (tmp_path / "bad").write_bytes(b"PK")
    for command in ("promote", "shadow"):
        code, out, err = models(command, tmp_path / "bad")
        assert (code, out) == (2, "")
        assert err.startswith(f"scrubjay: model {tmp_path / 'bad'} refused: it is a zip")
        assert "\n  hint: " in err
    assert (folder / "index.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("promote", "nothing"), "no model is called nothing"),
        (("promote", "abcdef"), "no model has a digest beginning with abcdef"),
        (("rollback",), "there is nothing to roll back to"),
        (("list", "--models", "no"), "model directory no is not there"),
        (("list", "--models", ""), "there is no model directory"),
    ],
)
def test_a_mistake_is_one_error_with_a_hint(models, folder, words, error):
    code, out, err = models(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"scrubjay: {error}")
    assert "\n  hint: " in err


def test_a_name_that_would_drive_a_terminal_is_not_printed(models, folder, tmp_path):
    models("promote", written(tmp_path, name="\x1b[2Jm"))
    code, out, _ = models("list")
    assert code == 0
    assert "\x1b" not in out


def test_config_check_looks_at_the_model_directory(capsys, monkeypatch):
    monkeypatch.setenv("SCRUBJAY_MODELS__DIR", "no")
    code, _, err = calling(capsys, "config", "check")()
    assert code == 2
    assert "nothing to serve" in err
    monkeypatch.setenv("SCRUBJAY_PROXY__FORWARD", "true")
    code, _, err = calling(capsys, "config", "check")()
    assert code == 2
    assert "model directory no is not there" in err
