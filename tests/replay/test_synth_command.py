"""`scrubjay trace synth`, from the command line to the file and back."""

import gzip
import inspect
import shlex

import numpy as np
import pytest

from scrubjay_proxy.cli import main
from scrubjay_replay import synthetic
from scrubjay_replay.commands import synth as command
from scrubjay_replay.readers import open_trace
from scrubjay_replay.synthetic.parameters import GENERAL
from scrubjay_replay.synthetic.workload import OVERLAYS
from scrubjay_replay.trace import load


@pytest.fixture
def synth(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["trace", "synth", *map(str, words)])
        wrote = capsys.readouterr()
        return ended.value.code, wrote.out, wrote.err

    return run


FULL = "zipf --requests 1k --objects 100 --alpha .9 --sizes web --ttl classes --cost classes"
FULL += " --writes classes --write-rate 20% --rate 100 --seed 1"


def test_what_is_written_is_what_is_generated(synth, tmp_path):
    code, _, err = synth(*FULL.split(), "--out", "t.csv.gz")
    assert code == 0
    assert err.startswith("t.csv.gz: 1,000 requests for ")
    assert "250 changes" in err
    reader = open_trace(tmp_path / "t.csv.gz")
    trace = load(reader)
    made = synthetic.generate(
        synthetic.Workload(
            requests=1000,
            seed=1,
            sizes="web",
            ttl="classes",
            cost="classes",
            writes="classes",
            write_rate="20%",
            params={"objects": 100},
        )
    )
    assert reader.columns == {"at", "key", "size", "ttl", "cost", "write"}
    for column, wanted in zip(trace, made, strict=True):
        assert np.array_equal(column, wanted)


@pytest.mark.parametrize("words", [FULL, "mix zipf:0.7,scan:0.3:length=50 --requests 1k"])
def test_the_command_in_the_file_makes_the_same_bytes_again(synth, tmp_path, words):
    assert synth(*words.split(), "--out", "first.csv.gz")[0] == 0
    first = (tmp_path / "first.csv.gz").read_bytes()
    line = gzip.decompress(first).decode().splitlines()[0]
    assert line.startswith("# scrubjay trace synth ")
    again = shlex.split(line)[4:]
    assert synth(*again)[0] == 0
    assert (tmp_path / f"{again[0]}.csv.gz").read_bytes() == first


def test_the_bytes_told_are_those_of_the_requests(synth):
    _, _, err = synth("write-heavy", "--requests", "900", "--write-rate", "10%")
    assert ", 900 B, 100 changes, " in err


def test_the_file_says_its_parameters(synth, tmp_path):
    synth("loop", "--requests", "100", "--length", "10", "--out", "t.csv")
    head = [line for line in (tmp_path / "t.csv").read_text().splitlines() if line[0] == "#"]
    assert "# length: 10" in head
    assert "# seed: 0" in head


def test_oracle_general_is_written_and_what_it_lacks_is_said(synth, tmp_path):
    words = ("zipf", "--requests", "500", "--objects", "50", "--ttl", "60s")
    code, _, err = synth(*words, "--out", "t.oracleGeneral.bin")
    assert code == 0
    assert "oracleGeneral has whole seconds, no ttl" in err
    trace = load(open_trace(tmp_path / "t.oracleGeneral.bin"))
    made = synthetic.generate(synthetic.Workload(requests=500, params={"objects": 50}))
    assert np.array_equal(trace.key, made.key)


def test_the_list_has_every_generator_with_its_meaning(synth):
    code, out, _ = synth("--list")
    assert code == 0
    for model in synthetic.MODELS:
        assert model.name in out
        assert model.meaning in out
    assert "mix" in out


def test_help_explains_every_option_and_ends_with_an_example(synth):
    code, out, _ = synth("--help")
    assert code == 0
    for option in ("--alpha", "--lifespan", "--write-rate", "--sizes", "--list"):
        assert option in out
    assert "Example: scrubjay trace synth" in out


def test_every_parameter_of_every_generator_is_an_option():
    declared = {*inspect.signature(command.synth).parameters}
    known = {p.name for p in GENERAL} | OVERLAYS.keys() | command.OWN.keys()
    assert declared == known | {"ctx", "model", "parts", "out", "listed"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("zpf", "there is no generator 'zpf'"),
        ("", "which generator?"),
        ("zipf --alpha 9", "--alpha is '9'"),
        ("zipf --share .1", "zipf has no --share"),
        ("zipf --sizes huge", "--sizes is 'huge'"),
        ("zipf --out t.txt", "--out t.txt: unknown kind"),
        ("zipf --out none/t.csv", "none/t.csv cannot be written"),
        ("mix", "mix needs its parts"),
    ],
)
def test_a_mistake_is_one_line_and_a_hint_and_nothing_is_written(synth, tmp_path, words, told):
    code, out, err = synth(*words.split())
    assert code == 2
    assert err.startswith(f"scrubjay: {told}")
    assert err.splitlines()[1].startswith("  hint: ")
    assert len(err.splitlines()) == 2
    assert out == ""
    assert not [*tmp_path.iterdir()]


def test_too_many_requests_for_the_memory_are_a_mistake_of_the_user(synth, monkeypatch):
    def full(_plan):
        raise MemoryError

    monkeypatch.setattr(synthetic, "generate", full)
    code, _, err = synth("zipf", "--requests", "1k")
    assert code == 2
    assert "no memory for 1,000 requests" in err
