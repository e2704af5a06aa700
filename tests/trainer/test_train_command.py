import hashlib
import importlib.util
import json
import subprocess
import sys

import pytest

from command_line import calling
from scrubjay_policies import model
from scrubjay_trainer import charts
from scrubjay_trainer import train as training
from scrubjay_trainer.commands import train as command
from trainer.lessons import scanned, write_csv

QUICK = ("--sizes", "5%", "--epochs", 2, "--device", "cpu")


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("traces") / "zipf.csv", scanned(8_000))


@pytest.fixture
def scrubjay(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    return calling(capsys, "train")


def test_a_model_is_written_with_what_it_was_trained_on(scrubjay, trace, tmp_path):
    code, out, err = scrubjay(trace, "--out", "m.safetensors", "--seed", 3, *QUICK)
    assert (code, err) == (0, "")
    made = model.load(tmp_path / "m.safetensors")
    told = made.metadata
    assert (told["learner"], told["seed"], told["horizon"]) == ("dqn", "3", "0.15")
    (one,) = json.loads(told["trained_on"])
    assert one == {
        "name": "zipf.csv",
        "sha256": hashlib.sha256(trace.read_bytes()).hexdigest(),
        "requests": 4_000,
        "from_row": 0,
        "to_row": 4_000,
    }
    metrics = json.loads(told["metrics"])
    assert metrics["decisions"] > 0
    assert f"{metrics['validation_loss']:.4f}" in out
    assert "zipf.csv" in out
    assert hashlib.sha256((tmp_path / "m.safetensors").read_bytes()).hexdigest() in out


def test_a_trace_beside_is_learned_from_too_and_counts_less(scrubjay, trace, tmp_path):
    other = write_csv(tmp_path / "other.csv", scanned(8_000, seed=2))
    for name, words in [("a", (trace, other)), ("b", (trace, "--beside", other))]:
        assert scrubjay(*words, "--out", f"{name}.safetensors", *QUICK)[0] == 0
    alike, beside = (model.load(tmp_path / f"{name}.safetensors") for name in "ab")
    assert beside.metadata["trained_on"] == alike.metadata["trained_on"]
    assert (beside.weights != alike.weights).any()


def test_the_same_command_gives_the_same_bytes_and_another_seed_does_not(scrubjay, trace, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert scrubjay(trace, "--out", f"{name}.safetensors", "--seed", seed, *QUICK)[0] == 0
    a, b, c = ((tmp_path / f"{name}.safetensors").read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("learner", ["hindsight", "ltr"])
def test_the_other_learners_make_models_too(scrubjay, trace, tmp_path, learner):
    assert scrubjay(trace, "--out", "m.safetensors", "--learner", learner, *QUICK)[0] == 0
    assert model.load(tmp_path / "m.safetensors").metadata["learner"] == learner


def test_several_traces_and_sizes_are_seen_and_only_as_many_rows_as_asked_for(
    scrubjay, trace, tmp_path
):
    other = write_csv(tmp_path / "other.csv", scanned(6_000, seed=2))
    words = (
        "--out",
        "m.safetensors",
        "--sizes",
        "2%,5%",
        "--epochs",
        1,
        "--limit",
        5000,
        "--whole",
    )
    code, out, _ = scrubjay(trace, other, *words)
    assert code == 0
    told = json.loads(model.load(tmp_path / "m.safetensors").metadata["trained_on"])
    assert [(one["name"], one["requests"]) for one in told] == [
        ("zipf.csv", 5000),
        ("other.csv", 5000),
    ]
    assert [one["to_row"] for one in told] == [5_000, 5_000]
    assert out.count("2%") == out.count("5%") == 2


def test_the_losses_are_written_as_json_and_as_an_image(scrubjay, trace, tmp_path):
    assert scrubjay(trace, "--out", "m.safetensors", "--curves", "c.json", *QUICK)[0] == 0
    told = json.loads((tmp_path / "c.json").read_text())
    assert (told["schema"], told["learner"]) == ("scrubjay-curves/1", "dqn")
    assert [one["epoch"] for one in told["epochs"]] == [1, 2]
    assert all(one["loss"] > 0 and one["validation"] > 0 for one in told["epochs"])
    assert scrubjay(trace, "--out", "m.safetensors", "--curves", "c.png", *QUICK)[0] == 0
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_curves_are_written_whole_or_not_at_all(scrubjay, trace, tmp_path, monkeypatch):
    def interrupted(path, *_):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    (tmp_path / "c.png").write_bytes(b"before")
    monkeypatch.setattr(charts, "draw", interrupted)
    assert scrubjay(trace, "--out", "m.safetensors", "--curves", "c.png", *QUICK)[0] != 0
    assert (tmp_path / "c.png").read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.png", "m.safetensors"]


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--out", "m.pt"), "--out m.pt: unknown kind", ".safetensors"),
        (("--out", "no/m.safetensors"), "cannot be written", "folder"),
        (("--curves", "c.gif"), "--curves c.gif: unknown kind", ".png or .json"),
        (("--sizes", "10MiB"), "--sizes is '10MiB'", "shares of the footprint"),
        (("--sizes", "0%"), "--size is '0%'", "share"),
        (("--from-share", 0.5), "--from-share 0.5 is not before", "--to-share"),
        (("--whole", "--to-share", 0.7), "--whole is every row", "Leave one out"),
        (("--sizes", "100%"), "too little to learn from", "smaller --sizes"),
        (("--device", "cuda"), "torch sees no GPU", "--device cpu"),
    ],
)
def test_refusals_are_one_line_with_a_hint_and_leave_no_file(
    scrubjay, trace, tmp_path, monkeypatch, words, message, hint
):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, _, err = scrubjay(trace, "--out", "m.safetensors", *words)
    assert code == 2
    first, second = err.splitlines()
    assert first.startswith("scrubjay: ")
    assert message in first
    assert second.startswith("  hint: ")
    assert hint in second
    assert not list(tmp_path.iterdir())


def test_a_bad_line_of_a_trace_is_told_with_its_place(scrubjay, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("time,key,size\n0,a,1\nx,b,1\n", encoding="utf-8")
    code, _, err = scrubjay(bad, "--out", "m.safetensors")
    assert code == 2
    assert "bad.csv:3" in err


def test_without_torch_it_says_what_to_install(scrubjay, trace, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "torch" else find(name))
    code, _, err = scrubjay(trace, "--out", "m.safetensors")
    assert code == 2
    assert err == (
        "scrubjay: torch is not installed, which trains the network\n"
        '  hint: pip install "scrubjay[train]"\n'
    )


@pytest.mark.parametrize("where", ["learning", "writing"])
def test_ctrl_c_leaves_what_was_there_and_nothing_more(
    scrubjay, trace, tmp_path, monkeypatch, where
):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    (tmp_path / "m.safetensors").write_bytes(b"before")
    target = (training, "fit") if where == "learning" else (model, "save")
    monkeypatch.setattr(*target, interrupted)
    code, _, _ = scrubjay(trace, "--out", "m.safetensors", *QUICK)
    assert code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]
    assert (tmp_path / "m.safetensors").read_bytes() == b"before"


def test_nothing_but_a_training_imports_torch():
    script = (
        "import sys, scrubjay_proxy.cli as cli\n"
        "for name in ('train', 'evaluate'): cli.load(name, cli.COMMANDS[name])\n"
        "print(*sorted({'torch', 'matplotlib', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
