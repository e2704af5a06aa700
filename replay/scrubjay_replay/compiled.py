"""Plain functions, compiled as they stand: the source that the proxy runs is the source here.

A function may call others; numba wants those compiled first, so each is copied with compiled ones
in place of the plain ones it names. What is compiled is kept on disk under a name that holds a
fingerprint of all that went into it, because numba itself looks at one file's date only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba import types

from scrubjay_policies.policy import Rating
from scrubjay_replay.errors import UseError

MATRIX = types.Array(types.float32, 2, "F")  # a feature a column, each in one piece
NUMBERS = types.Array(types.float32, 1, "C")
JUDGE = types.void(MATRIX, NUMBERS, NUMBERS)
_ZERO = np.float32(0.0)


@lru_cache(maxsize=256)  # so that what several call is compiled once
def compiled(function: Callable[..., Any], signature: Any = None) -> Any:
    """A function and all plain functions it names, in nopython mode.

    With a signature it is compiled at once, or taken from the disk.
    """
    assert isinstance(function, FunctionType), f"{function!r} is no plain function"
    names = dict(function.__globals__)
    for name, found in _named(function):
        if isinstance(found, FunctionType):
            names[name] = compiled(found)
    copy = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__module__ = function.__module__
    copy.__qualname__ = f"{function.__name__}_{fingerprint(function)}"
    return numba.njit(signature, error_model="numpy", cache=signature is not None)(copy)


def fingerprint(function: FunctionType) -> str:
    """Sixteen hex digits of a function's code and of everything it names."""
    parts = "\n".join(_parts(function, set()))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _named(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Global names that the code uses, with what they stand for; itself not among them."""
    for name in function.__code__.co_names:
        found = function.__globals__.get(name)
        if found is not None and found is not function:
            yield name, found


def _parts(function: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    seen.add(function)
    code = function.__code__
    yield code.co_code.hex()
    yield repr([one for one in code.co_consts if not isinstance(one, CodeType)])
    yield repr((code.co_names, code.co_varnames, function.__defaults__))
    values = [(name, value) for name, value in _named(function)]
    values += [("", cell.cell_contents) for cell in function.__closure__ or ()]
    for name, value in values:
        if isinstance(value, FunctionType):
            if value not in seen:
                yield from _parts(value, seen)
        elif isinstance(value, np.ndarray):
            yield f"{name}={value.dtype}{value.shape}{value.tobytes().hex()}"
        elif isinstance(value, ModuleType):
            yield from _attributes(code, name, value)
        else:
            yield f"{name}={value!r}"


def _attributes(code: CodeType, name: str, module: ModuleType) -> Iterator[str]:
    """Constants that the code reaches through a module, as in `rows.SIZE`."""
    yield f"{name}={module.__name__}"
    for attribute in code.co_names:
        value = getattr(module, attribute, None)
        if isinstance(value, bool | int | float | str | np.generic):
            yield f"{name}.{attribute}={value!r}"


@lru_cache(maxsize=64)
def judge(function: Rating) -> Any:
    """A policy's function as the simulator calls it: features, params, where the numbers go.

    Raises UseError where it uses what numba cannot compile.
    """
    into = FunctionType(
        _into.__code__,
        {"judge_of": function, "np": np, "_ZERO": _ZERO, "__name__": __name__},
        "into",
    )
    try:
        return compiled(into, JUDGE)
    except numba.core.errors.NumbaError as error:
        raise UseError(
            f"{function.__module__}:{function.__qualname__} cannot be compiled: "
            f"{str(error).strip().splitlines()[-1]}",
            hint="Write it in what numpy and numba share, or simulate with --engine python.",
        ) from error


def _into(features: Any, params: Any, numbers: Any) -> None:
    # A sum with zero is a copy, and compiles in a tenth of an assignment's time.
    np.add(judge_of(features, params), _ZERO, numbers)  # type: ignore[name-defined] # noqa: F821
