"""A model directory on the disk."""

import json
import os
import pickle
import threading

import pytest

from policies.models import TOLD, weights, written
from scrubjay_policies import model
from scrubjay_policies.model import ModelError, Refusal
from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.models import index
from scrubjay_proxy.models.directory import Directory
from scrubjay_proxy.models.index import State


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def directory(folder):
    return Directory(folder, clock=lambda: 5.0)


def states(index):
    return {one.file: index.state(one).value for one in index.models}


def test_a_directory_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(UsageMistake, match="is not there") as caught:
        Directory(tmp_path / "no")
    assert "mkdir" in caught.value.hint


def test_a_dropped_file_is_promoted_once(directory, folder):
    digest = model.load(written(folder)).sha256
    assert directory.take_in(gate=False).active == digest
    before, file = directory.index(), (folder / "index.json").stat()
    assert directory.take_in(gate=False) == before
    assert (folder / "index.json").stat() == file
    assert len(before.history) == 1
    assert before.history[0].by == "file"


def test_what_is_in_force_survives_whatever_happens_to_its_file(directory, folder):
    path = written(folder)
    digest = directory.take_in(gate=False).active
    path.unlink()
    assert directory.take_in(gate=False).active == digest
    assert (model.load(directory.kept(digest)).weights == weights()).all()


def test_of_several_new_files_the_newest_is_in_force(directory, folder):
    for seed, name in enumerate("cab"):
        os.utime(written(folder, seed, name), ns=(seed, seed))
    index = directory.take_in(gate=False)
    assert states(index) == {"c": "kept", "a": "previous", "b": "active"}


def test_a_changed_file_is_looked_at_again(directory, folder):
    written(folder, 1)
    directory.take_in(gate=False)
    digest = model.load(written(folder, 2)).sha256
    assert directory.take_in(gate=False).active == digest


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"weights", Refusal.BROKEN),
        (pickle.dumps(weights()), Refusal.PICKLE),
        (b"", Refusal.BROKEN),
    ],
)
def test_a_refused_file_is_told_and_changes_nothing(directory, folder, data, reason):
    written(folder)
    digest = directory.take_in(gate=False).active
    (folder / "bad").write_bytes(data)
    index = directory.take_in(gate=False)
    assert index.active == digest
    assert states(index)["bad"] == "refused"
    assert index.history[-1].reason == reason
    assert index.history[-1].why.startswith("it is ")


def test_with_a_gate_a_dropped_file_runs_in_shadow(directory, folder):
    first = model.load(written(folder)).sha256
    assert directory.take_in(gate=True).shadow == first
    directory.promote("m.safetensors", by="command")
    second = model.load(written(folder, 2, "n")).sha256
    index = directory.take_in(gate=True)
    assert (index.active, index.shadow) == (first, second)


def test_a_file_from_elsewhere_is_promoted_and_kept(directory, tmp_path):
    path = written(tmp_path)
    index = directory.promote(str(path), by="command")
    path.unlink()
    assert model.load(directory.kept(index.active)).sha256 == index.active


def test_a_kept_model_is_promoted_by_the_first_digits_of_its_digest(directory, folder):
    digests = [model.load(written(folder, seed)).sha256 for seed in (1, 2)]
    for seed in (1, 2):
        written(folder, seed)
        directory.take_in(gate=False)
    assert directory.promote(digests[0][:8], by="command").active == digests[0]


@pytest.mark.parametrize("wanted", ["no.safetensors", "abcdef12", "../m.safetensors"])
def test_a_model_that_is_not_there_is_one_clear_error(directory, wanted):
    with pytest.raises(UsageMistake) as caught:
        directory.promote(wanted, by="command")
    assert "scrubjay models list" in caught.value.hint


def test_who_may_not_look_outside_finds_only_what_is_here(directory, folder, tmp_path):
    path = written(tmp_path)
    written(folder)
    for wanted in (str(path), "../m.safetensors"):
        with pytest.raises(UsageMistake):
            directory.promote(wanted, by="api", outside=False)
    assert directory.promote("m.safetensors", by="api", outside=False).active


def test_a_bad_file_is_not_promoted_and_the_index_stays(directory, folder):
    written(folder)
    before = directory.take_in(gate=False)
    (folder / "bad").write_bytes(b"PK")
    with pytest.raises(ModelError, match="a zip"):
        directory.promote("bad", by="command")
    assert directory.index() == before


def test_roll_back_and_shadow_are_written_down(directory, folder):
    written(folder, 1, "a")
    first = directory.take_in(gate=False).active
    written(folder, 2, "b")
    second = directory.take_in(gate=False).active
    assert directory.rollback(by="command").active == first
    directory.shadow(second[:8], by="command")
    again = Directory(folder).index()
    assert (again.active, again.shadow) == (first, second)
    assert again.state(again.model(second)) is State.SHADOW


def test_a_broken_index_is_one_clear_error_and_is_not_overwritten(directory, folder):
    (folder / "index.json").write_text("{")
    with pytest.raises(UsageMistake, match=r"index\.json cannot be read"):
        directory.take_in(gate=False)
    assert (folder / "index.json").read_text() == "{"


def test_the_index_is_plain_json(directory, folder):
    written(folder)
    directory.take_in(gate=False)
    told = json.loads((folder / "index.json").read_text())
    assert told["models"][0]["file"] == "m.safetensors"
    assert json.loads(told["models"][0]["metrics"]) == json.loads(TOLD["metrics"])


def test_hidden_files_and_folders_are_not_looked_at(directory, folder):
    written(folder, name=".m.safetensors")
    (folder / "more").mkdir()
    assert directory.take_in(gate=False).models == ()


def test_two_at_once_take_turns(directory, folder):
    paths = [written(folder, seed, f"m{seed}") for seed in range(8)]

    def promote(path):
        Directory(folder).promote(str(path), by="command")

    threads = [threading.Thread(target=promote, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index = directory.index()
    assert len(index.line) == 8
    assert [one.id for one in index.history] == [*range(1, 9)]


def test_a_copy_goes_when_the_index_forgets_its_model(directory, folder, monkeypatch):
    monkeypatch.setattr(index, "MODELS", 2)
    monkeypatch.setattr(index, "LINE", 1)
    digests = []
    for seed in range(3):
        written(folder, seed)
        digests.append(directory.take_in(gate=False).active)
    assert [directory.kept(one).exists() for one in digests] == [False, True, True]


def test_a_file_that_vanishes_while_it_is_looked_at_is_refused(directory, monkeypatch):
    monkeypatch.setattr(directory, "stamps", lambda: {"gone": "1:2:3"})
    index = directory.take_in(gate=False)
    assert index.history[-1].reason == Refusal.UNREADABLE
    assert "No such file" in index.history[-1].why
