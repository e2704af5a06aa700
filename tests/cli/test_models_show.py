"""`scrubjay models show`."""

import pytest

from command_line import calling
from policies.models import TOLD, weights, written
from scrubjay_policies import model


@pytest.fixture
def models(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    return calling(capsys, "models")


def test_a_model_tells_all_it_says_of_itself(models, tmp_path):
    path = tmp_path / "m"
    trained_on = '[{"name": "one", "sha256": "ab"}, {"name": "two", "sha256": "cd"}]'
    metrics = '{"loss": 0.25, "rows": 7}'
    model.save(path, weights(), TOLD | {"trained_on": trained_on, "metrics": metrics})
    code, out, err = models("show", path)
    assert (code, err) == (0, "")
    for text in [
        str(path),
        model.load(path).sha256,
        "name: one, sha256: ab",
        "name: two, sha256: cd",
        "loss: 0.25",
        "idle/T, age/T",
    ]:
        assert text in out
    assert all(name in out for name in model.load(path).metadata)


def test_without_a_file_it_is_the_shipped_one(models):
    code, out, _ = models("show")
    assert code == 0
    assert model.shipped().sha256 in out


def test_a_refusal_is_one_error_with_its_reason(models, tmp_path):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    code, out, err = models("show", path)
    assert (code, out) == (2, "")
    assert err.startswith(f"scrubjay: model {path} refused: it is broken or cut short")
    assert "\n  hint: " in err


def test_what_would_drive_a_terminal_is_not_printed(models, tmp_path):
    path = tmp_path / "m"
    model.save(path, weights(), TOLD | {"learner": "\x1b[2Jgone", "settings": "[" * 5000})
    code, out, _ = models("show", path)
    assert code == 0
    assert "\ufffd[2Jgone" in out
    assert "\x1b" not in out
