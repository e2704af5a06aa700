"""Model files: a network's weights and what is said of them, as safetensors.

Nothing in such a file is run, and what does not fit this program is refused with its reason. The
same weights and words give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize

from scrubjay_policies import learned
from scrubjay_policies.features import FEATURES, MEAN_SIZE, TURNOVER, Features, digest, mismatch
from scrubjay_policies.policy import Numbers, PolicyError
from scrubjay_policies.rng import draws

FORMAT = "scrubjay-model/1"
SHIPPED = "generic"  # the name of the model that comes with the package
LARGEST = 1 << 20  # bytes of a file
MOST = 1e4  # of a weight; trained ones stay under 100
_LENGTH = 8  # bytes before the header, little-endian, which tell how long it is

_TRAIN = "Train one for this version: scrubjay train TRACE --out model.safetensors"
_FILE = "It must be a file that scrubjay train wrote."


class Refusal(StrEnum):
    """Why a file is no model for this program, for counting."""

    UNREADABLE = "unreadable"
    PICKLE = "pickle"  # torch's zips as well
    BROKEN = "broken"
    FEATURES = "features"
    TENSORS = "tensors"
    NUMBERS = "numbers"


class ModelError(PolicyError):
    """A model file that is not there, or is none for this program."""

    def __init__(self, message: str, *, hint: str = "", reason: Refusal = Refusal.BROKEN) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Model:
    """A model as it was read; two are the same where their files are."""

    sha256: str  # of the file
    source: str = field(compare=False)  # the file as it was named
    weights: Numbers = field(compare=False, repr=False)  # float32 of shape (WEIGHTS,)
    metadata: Mapping[str, str] = field(compare=False, repr=False)


def save(path: Path, weights: Numbers, metadata: Mapping[str, str]) -> None:
    """Write a model, whole or not at all; raises ModelError for weights that `load` would refuse.

    What must fit the program (format, features, inputs) is added to the metadata.
    """
    told = {**metadata, **_ours()}
    check(weights, told)
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_bytes(_bytes(weights, told))
        draft.replace(path)
    except OSError as error:
        raise ModelError(
            f"model {path} cannot be written: {error.strerror}", hint="Name a file in a folder."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def load(path: Path) -> Model:
    """Read a model; raises ModelError for what cannot be read, or does not fit this program."""
    return parse(contents(path), str(path))


def contents(path: Path) -> bytes:
    """The bytes of a file, not more than tell that it is too large; raises ModelError."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise ModelError(
            f"model {path} cannot be read: {error.strerror}", hint=_FILE, reason=Refusal.UNREADABLE
        ) from error


@cache
def shipped() -> Model:
    """The model that comes with the package."""
    file = files("scrubjay_policies") / "models" / f"{SHIPPED}.safetensors"
    return parse(file.read_bytes(), SHIPPED)


def check(weights: Numbers, metadata: Mapping[str, str]) -> None:
    """Refuse numbers or metadata that do not fit this program."""
    for reason in chain(_other_table(metadata), _bad_numbers(weights)):
        raise ModelError(f"model refused: {reason}", hint=_TRAIN)


def _ours() -> dict[str, str]:
    return {
        "format": FORMAT,
        "features": digest(),
        "feature_names": json.dumps([feature.name for feature in FEATURES]),
        "inputs": json.dumps(learned.INPUTS),
    }


def _bytes(weights: Numbers, metadata: Mapping[str, str]) -> bytes:
    """The file; safetensors' own writer puts metadata in another order each time."""
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    place = 0
    for name, shape in learned.SHAPES.items():
        end = place + 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": (place, end)}
        place = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(_LENGTH, "little") + text + weights.astype("<f4").tobytes()


def parse(data: bytes, source: str) -> Model:
    """The model that a file's bytes are; raises ModelError for bytes that are none."""
    try:
        weights, metadata = _fitting(data)
    except ModelError as error:
        raise ModelError(
            f"model {source} refused: {error}", hint=error.hint, reason=error.reason
        ) from error
    weights.flags.writeable = False
    return Model(hashlib.sha256(data).hexdigest(), source, weights, metadata)


@lru_cache(maxsize=8)
def _fitting(data: bytes) -> tuple[Numbers, dict[str, str]]:
    """Weights and metadata of a file; raises ModelError with the first reason against it.

    A running proxy looks at the same bytes twice: as they come, and when they are put in force.
    """
    header, tensors = _opened(data)
    metadata = header.get("__metadata__") or {}
    for why in _other_table(metadata):
        raise ModelError(why, hint=_TRAIN, reason=Refusal.FEATURES)
    for why in _other_tensors(tensors):
        raise ModelError(why, hint=_TRAIN, reason=Refusal.TENSORS)
    parts = [np.frombuffer(tensors[name]["data"], "<f4") for name in learned.SHAPES]
    weights = np.concatenate(parts).astype(np.float32)
    for why in _bad_numbers(weights):
        raise ModelError(why, hint=_TRAIN, reason=Refusal.NUMBERS)
    return weights, metadata


def _opened(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the tensors by name, not looked at any closer."""
    if len(data) > LARGEST:
        raise ModelError(f"it is larger than {LARGEST:,} bytes, which no model is", hint=_FILE)
    if data[_LENGTH : _LENGTH + 1] != b"{":
        kind = _kind(data)
        reason = Refusal.PICKLE if "never opened" in kind else Refusal.BROKEN
        raise ModelError(f"it is {kind}", hint=_FILE, reason=reason)
    length = int.from_bytes(data[:_LENGTH], "little")
    if length > len(data) - _LENGTH:
        there = len(data) - _LENGTH
        raise ModelError(
            f"it is cut short: {there:,} bytes follow where the header alone has {length:,}",
            hint=_FILE,
        )
    try:
        tensors = dict(deserialize(data))  # type: ignore[no-untyped-call]
        return json.loads(data[_LENGTH : _LENGTH + length]), tensors
    except (SafetensorError, ValueError) as error:
        raise ModelError(
            f"it is broken or cut short as a safetensors file: {error}", hint=_FILE
        ) from error


def _kind(data: bytes) -> str:
    """What a file is that is no safetensors file, by its first bytes."""
    if not data:
        return "empty"
    if data.startswith(b"PK"):
        return "a zip, as torch.save writes, and is never opened"
    if data[:1] == b"\x80" and data[1:2] <= b"\x08":
        return "a pickle, and is never opened"
    return "no safetensors file"


def _other_table(metadata: Mapping[str, str]) -> Iterator[str]:
    """Why a model is not of this program."""
    if (format := metadata.get("format")) != FORMAT:
        told = f"its format is {_few([format])}" if format else "it names no format"
        yield f"{told}, and this version reads {FORMAT}"
    if metadata.get("features") != digest():
        differ = [*mismatch(_names(metadata, "feature_names"))]
        yield "it was trained on other features: " + (
            _few(differ) or "their names are the same, what they mean is not"
        )
    inputs = _names(metadata, "inputs")
    if inputs != [*learned.INPUTS]:
        differ = sorted({*inputs} ^ {*learned.INPUTS})
        yield "its network has other inputs: " + (_few(differ) or "in another order")


def _names(metadata: Mapping[str, str], key: str) -> list[str]:
    try:
        found = json.loads(metadata.get(key, "[]"))
    except (ValueError, RecursionError):
        return []
    return [str(name) for name in found] if isinstance(found, list) else []


def _few(names: Iterable[str]) -> str:
    """Names out of a file, as they may be shown: not too many, not too long, on one line."""
    found = sorted(names)
    shown = [ascii(name)[1:-1][:40] for name in found[:8]]
    return ", ".join(shown + ["…"] * (len(found) > 8))


def _other_tensors(tensors: Mapping[str, Any]) -> Iterator[str]:
    if missing := learned.SHAPES.keys() - tensors.keys():
        yield f"it lacks {_few(missing)}"
    if extra := tensors.keys() - learned.SHAPES.keys():
        yield f"it has more than the network: {_few(extra)}"
    for name, shape in learned.SHAPES.items():
        dtype, there = tensors[name]["dtype"], tuple(tensors[name]["shape"])
        if dtype != "F32":
            yield f"{name} is of {dtype}, not of F32"
        if there != shape:
            yield f"{name} has the shape {there}, not {shape}"


def _bad_numbers(weights: Numbers) -> Iterator[str]:
    if weights.dtype != np.float32 or weights.shape != (learned.WEIGHTS,):
        yield f"weights are {weights.dtype}{weights.shape}, not float32({learned.WEIGHTS},)"
    if not np.isfinite(weights).all():
        yield "weights are not all finite"
    if (largest := float(np.abs(weights).max())) > MOST:
        yield f"a weight is {largest:g}, and no trained one is over {MOST:g}"
    with np.errstate(all="ignore"):
        worth = learned.worth(_trial(), learned.drl(weights, "cost").params)
    if not np.isfinite(worth).all():
        yield "what it says of objects is not finite"


@cache
def _trial() -> Features:
    """Features of objects of all sizes and ages, the same each time; the first is all zeros."""
    rows = 256
    powers = draws(1, 0, rows * len(FEATURES), 41).reshape(len(FEATURES), rows) - 8
    found = np.exp2(powers).astype(np.float32)
    found[:, 0] = 0.0
    found[[TURNOVER, MEAN_SIZE]] = np.maximum(found[[TURNOVER, MEAN_SIZE]], 1.0)
    return found.T
