"""Models in the simulator: which one a row came from, and what is refused before anything runs."""

from dataclasses import replace

import pytest

from policies.models import weights, written
from replay.experiments import PLAIN, cell, plain
from replay.trace_files import written as trace_file
from scrubjay_policies import model, policy
from scrubjay_policies.learned import drl
from scrubjay_proxy.cli import main
from scrubjay_replay import cells, experiment, results
from scrubjay_replay.errors import UseError
from scrubjay_replay.journal import identity
from scrubjay_replay.prepared import Assumptions
from scrubjay_replay.sweep import Job, rows

SETTINGS = experiment.Settings("object", 80, 1, 0.0, "python", 30.0, Assumptions())


@pytest.fixture
def simulate(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trace_file(tmp_path, PLAIN)

    def run(*words):
        given = ("--engine", "python", "--size", "50%", "--jobs", "1", "--out", "r.csv")
        with pytest.raises(SystemExit) as ended:
            main(["simulate", "t.csv", *given, *map(str, words)])
        return ended.value.code, capsys.readouterr().err

    return run


def jobs(trace, names, path=None):
    settings = replace(SETTINGS, model=path)
    return experiment.jobs([trace], names, experiment.sizes("50%"), [0], settings)


def test_a_row_of_drl_names_its_model(simulate, tmp_path):
    path = written(tmp_path)
    assert simulate("--policy", "drl,lru", "--model", path)[0] == 0
    drl, lru = results.read(tmp_path / "r.csv")
    assert (drl["model"], drl["model_sha256"]) == (str(path), model.load(path).sha256)
    assert (lru["model"], lru["model_sha256"]) == (None, None)


def test_without_one_the_shipped_model_is_run(simulate, tmp_path):
    assert simulate("--policy", "drl")[0] == 0
    (row,) = results.read(tmp_path / "r.csv")
    assert (row["model"], row["model_sha256"]) == ("generic", model.shipped().sha256)


def test_the_simulator_is_given_the_weights_of_the_file(tmp_path, monkeypatch):
    given, before = [], cells.simulate
    monkeypatch.setattr(
        cells,
        "simulate",
        lambda one, chosen, *a, **b: given.append(chosen) or before(one, chosen, *a, **b),
    )
    (job,) = jobs(plain("abcab"), ["drl"], written(tmp_path))
    cells.run(job.cell, job.prepared)
    assert (given[0].params == drl(weights()).params).all()


def test_it_is_the_weights_of_the_file_that_decide(tmp_path):
    one, other = (
        cells.own("drl", "byte", model.load(written(tmp_path, seed, name=str(seed))))
        for seed in (1, 2)
    )
    assert (one.params == drl(weights(1), "byte").params).all()
    assert (other.params == drl(weights(2), "byte").params).all()
    assert (cells.own("drl", "byte").params == policy("drl", "byte").params).all()


def test_a_cell_carries_its_model_to_processes_that_have_not_the_file(tmp_path):
    path = written(tmp_path)
    two = [*jobs(plain("abcab" * 5), ["drl"], path), *jobs(plain("abcd" * 5), ["drl"], path)]
    path.unlink()
    done = [row for _, row in rows(two, workers=2, progress=lambda _: None)]
    assert [row["status"] for row in done] == ["done"] * 2


def test_another_model_is_another_cell(tmp_path):
    trace, found = plain("ab"), set()
    for seed in (1, 2):
        (one,) = jobs(trace, ["drl"], written(tmp_path, seed))  # the same path each time
        found.add(identity(one))
    found |= {identity(one) for one in jobs(trace, ["drl", "lru"])}
    assert len(found) == 4
    assert identity(Job(trace, cell("lru"))) == identity(Job(trace, cell("lru", model=None)))


def test_a_model_for_no_policy_is_refused(simulate, tmp_path):
    code, err = simulate("--policy", "lru,gdsf", "--model", written(tmp_path))
    assert code == 2
    assert "no policy that has one" in err
    assert "Name drl" in err


def test_a_bad_model_is_one_error_before_anything_runs(simulate, tmp_path):
    (tmp_path / "bad").write_bytes(b"weights")
    code, err = simulate("--policy", "drl", "--model", "bad")
    assert code == 2
    assert err.startswith("scrubjay: model bad refused: it is no safetensors file\n  hint: ")
    assert not (tmp_path / "r.csv").exists()
    with pytest.raises(UseError, match="cannot be read"):
        jobs(plain("ab"), ["drl"], tmp_path / "no")


def test_drl_is_among_the_policies_of_a_pattern():
    assert "drl" in experiment.policies("d*,lru")
