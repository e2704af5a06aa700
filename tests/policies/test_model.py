"""Model files: the same bytes for the same model, and a named reason for all that is none."""

import hashlib
import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from policies.models import TOLD, weights, written
from scrubjay_policies import features, learned, model, policy
from scrubjay_policies.model import ModelError, Refusal


@pytest.fixture
def path(tmp_path):
    return written(tmp_path)


def refused(path, reason=None):
    with pytest.raises(ModelError) as caught:
        model.load(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert reason in (None, caught.value.reason)
    return str(caught.value)


def changed(path, change):
    """The file with another header: change(header) changes it in place."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[start:])
    return path


def telling(path, **metadata):
    return changed(path, lambda header: header["__metadata__"].update(metadata))


def holding(path, **tensors):
    """The file with other tensors; None leaves one out."""
    data = path.read_bytes()
    there = {**safetensors.numpy.load(data), **tensors}
    told = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    kept = {name: tensor for name, tensor in there.items() if tensor is not None}
    path.write_bytes(safetensors.numpy.save(kept, told))
    return path


def test_what_was_saved_is_loaded(path):
    found = model.load(path)
    assert (found.weights == weights()).all()
    assert found.weights.dtype == np.float32
    assert not found.weights.flags.writeable
    assert found.metadata.items() >= TOLD.items()
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.source == str(path)


def test_the_file_says_what_it_was_made_for(path):
    told = model.load(path).metadata
    assert told["format"] == "scrubjay-model/1"
    assert told["features"] == features.digest()
    assert json.loads(told["feature_names"]) == [each.name for each in features.FEATURES]
    assert json.loads(told["inputs"]) == [*learned.INPUTS]


def test_any_reader_of_safetensors_finds_the_tensors_by_name_and_shape(path):
    there = safetensors.numpy.load_file(path)
    assert {name: tensor.shape for name, tensor in there.items()} == learned.SHAPES
    assert (np.concatenate([there[n].ravel() for n in learned.SHAPES]) == weights()).all()


def test_the_same_weights_and_words_give_the_same_bytes(path, tmp_path):
    other = tmp_path / "other"
    model.save(other, weights(), dict(reversed(TOLD.items())))
    assert other.read_bytes() == path.read_bytes()


def test_two_models_are_the_same_where_their_files_are(path, tmp_path):
    same, different = written(tmp_path, name="a"), written(tmp_path, seed=2, name="b")
    assert {model.load(path), model.load(same)} == {model.load(path)}
    assert model.load(different) != model.load(path)


def test_the_shipped_model_is_one():
    found = model.shipped()
    assert found.source == "generic"
    model.check(found.weights, found.metadata)


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert "No such file" in refused(tmp_path / "no.safetensors", Refusal.UNREADABLE)
    assert "Is a directory" in refused(tmp_path)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"weights", "no safetensors file"),
        (bytes(1000), "no safetensors file"),
        (pickle.dumps(weights()), "a pickle, and is never opened"),
        (b"\xff" * 7 + b"\x7f{}", "it is cut short"),
        ((2).to_bytes(8, "little") + b"{!", "broken or cut short as a safetensors file"),
        ((10**5).to_bytes(8, "little") + b"{" + b"[" * 10**5, "broken or cut short"),
        (bytes(2**20 + 1), "larger than 1,048,576 bytes"),
    ],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path, data, why):
    path = tmp_path / "m"
    path.write_bytes(data)
    assert why in refused(path)


def test_a_pickle_that_would_run_something_is_not_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "went off"), "w"))

    path = tmp_path / "m.pt"
    path.write_bytes(pickle.dumps(Bomb()))
    assert "a pickle" in refused(path, Refusal.PICKLE)
    assert not (tmp_path / "went off").exists()


def test_a_zip_as_torch_writes_it_is_not_opened(tmp_path):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("archive/data.pkl", b"")
    path = tmp_path / "m.pt"
    path.write_bytes(held.getvalue())
    assert "a zip, as torch.save writes, and is never opened" in refused(path)


def test_a_file_cut_short_anywhere_is_refused(path):
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused(path)


def test_bytes_after_the_end_are_refused(path):
    path.write_bytes(path.read_bytes() + b"\0" * 8)
    assert "broken" in refused(path, Refusal.BROKEN)


def test_another_format_is_refused(path):
    assert "its format is scrubjay-model/9, and" in refused(
        telling(path, format="scrubjay-model/9")
    )


def test_tensors_without_a_word_are_refused(path):
    changed(path, lambda header: header.pop("__metadata__"))
    assert "it names no format" in refused(path)


def test_other_features_are_refused_by_name(path):
    names = [each.name for each in features.FEATURES]
    theirs = json.dumps(["entropy", *names[1:]])
    why = refused(telling(path, features="0" * 16, feature_names=theirs), Refusal.FEATURES)
    assert f"it was trained on other features: {names[0]}, entropy" in why


def test_features_of_another_meaning_are_refused(path):
    assert "what they mean is not" in refused(telling(path, features="0" * 16))


@pytest.mark.parametrize("names", ["no list", "[[[", "7", "[" * 100_000, json.dumps(["\x1b[2J"])])
def test_names_that_are_none_break_nothing(path, names):
    why = refused(telling(path, features="0" * 16, feature_names=names))
    assert "other features: " in why
    assert "\x1b" not in why


def test_other_inputs_are_refused_by_name(path):
    theirs = ["mood", *learned.INPUTS[1:]]
    why = refused(telling(path, inputs=json.dumps(theirs)))
    assert f"other inputs: {learned.INPUTS[0]}, mood" in why
    assert "in another order" in refused(telling(path, inputs=json.dumps(learned.INPUTS[::-1])))


def test_tensors_that_lack_or_are_too_many_are_refused_by_name(path):
    bias = np.zeros(32, np.float32)
    assert "more than the network: layer9.bias" in refused(holding(path, **{"layer9.bias": bias}))
    lacking = holding(path, **{"layer1.bias": None})
    assert "it lacks layer1.bias" in refused(lacking, Refusal.TENSORS)


@pytest.mark.parametrize(
    ("tensor", "why"),
    [
        (np.zeros(32), "layer1.bias is of F64, not of F32"),
        (np.zeros(32, np.float16), "layer1.bias is of F16"),
        (np.zeros(31, np.float32), "layer1.bias has the shape (31,), not (32,)"),
        (np.zeros((32, 1), np.float32), "has the shape (32, 1)"),
        (np.full(32, np.nan, np.float32), "weights are not all finite"),
        (np.full(32, -np.inf, np.float32), "weights are not all finite"),
        (np.full(32, -2e4, np.float32), "a weight is 20000, and no trained one is over 10000"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(path, tensor, why):
    assert why in refused(holding(path, **{"layer1.bias": tensor}))


def test_worth_that_is_not_finite_is_refused_after_a_trial(path, monkeypatch):
    monkeypatch.setattr(model, "MOST", np.inf)
    huge = {"out.weight": np.full(16, -3e38, np.float32)}
    assert "of objects is not finite" in refused(holding(path, **huge), Refusal.NUMBERS)


def test_what_would_not_be_loaded_is_not_saved(tmp_path):
    path = tmp_path / "m"
    for wrong in [
        np.zeros(learned.WEIGHTS),
        np.zeros(learned.WEIGHTS - 1, np.float32),
        weights() * np.float32(np.nan),
    ]:
        with pytest.raises(ModelError, match="weights are"):
            model.save(path, wrong, TOLD)
    assert [*tmp_path.iterdir()] == []


def test_where_nothing_can_be_written_is_told(tmp_path):
    with pytest.raises(ModelError, match="cannot be written: No such file"):
        model.save(tmp_path / "no" / "m", weights(), TOLD)


def test_drl_takes_the_model_it_is_given_or_the_shipped_one(path):
    given = policy("drl", "cost", model=path)
    assert (given.params == learned.drl(weights(), "cost").params).all()
    assert (given.name, given.model) == ("drl", model.load(path).sha256)
    assert (policy("drl").params == learned.drl(model.shipped().weights).params).all()
    assert policy("drl").model == model.shipped().sha256


def test_a_bad_model_is_an_error_of_the_policy(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        policy("drl", model=tmp_path / "no")
