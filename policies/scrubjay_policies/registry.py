"""Policies by name: the built-in ones, installed plug-ins, and `package.module:NAME`."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from scrubjay_policies import classic, hybrid, learned
from scrubjay_policies.policy import Policy, PolicyError

GROUP = "scrubjay.policies"

Factory = Callable[[str], Policy]

# What a name can fail with that leads to no module or to one that is broken.
_UNLOADABLE = (ImportError, AttributeError, ValueError, TypeError, SyntaxError)


def _drl(objective: str, model: Path | None = None) -> Policy:
    # Imported when asked for: whoever runs no model needs no safetensors.
    from scrubjay_policies.model import load, shipped

    found = load(model) if model else shipped()
    return learned.drl(found.weights, objective, model=found.sha256)


def _hybrid(objective: str, model: Path | None = None) -> Policy:
    from scrubjay_policies.model import load, shipped

    found = load(model) if model else shipped()
    return hybrid.hybrid(found.weights, objective, model=found.sha256)


BUILT_IN: dict[str, Factory] = {
    "ttl": lambda _: classic.TTL,
    "lru": lambda _: classic.LRU,
    "lfu": lambda _: classic.LFU,
    "fifo": lambda _: classic.FIFO,
    "gdsf": classic.gdsf,
    "hyperbolic": classic.hyperbolic_for,
    "s3fifo": lambda objective: hybrid.exact("s3fifo", objective),
    "sieve": lambda objective: hybrid.exact("sieve", objective),
    "drl": _drl,
    "hybrid": _hybrid,
}
MODELLED = {"drl": _drl, "hybrid": _hybrid}  # those that take a model file

_SHAPE = "it must be a scrubjay_policies.Policy, or take the objective and give one"


def _plug_ins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """Every policy that can be asked for by name."""
    return [*BUILT_IN, *(name for name in sorted(_plug_ins()) if name not in BUILT_IN)]


def policy(name: str, objective: str = "object", *, model: Path | None = None) -> Policy:
    """The policy of that name, for hits of objects, of bytes, or of origin cost.

    `drl` and `hybrid` take a model file, or the one that is shipped. Raises PolicyError for a name
    that is not there, for what is no policy and for what is no model.
    """
    if objective not in classic.OBJECTIVES:
        raise PolicyError(
            f'objective "{objective}" is not there', hint=f"one of {', '.join(classic.OBJECTIVES)}"
        )
    if name in MODELLED:
        return MODELLED[name](objective, model)
    if name in BUILT_IN:
        return BUILT_IN[name](objective)
    if ":" in name:
        return _made(name, _imported(name), objective)
    point = _plug_ins().get(name)
    if point is None:
        raise PolicyError(f'policy "{name}" is not there', hint=_hint(name))
    return _made(name, _loaded(name, point), objective)


def _hint(name: str) -> str:
    near = difflib.get_close_matches(name, names(), n=1)
    meant = f'did you mean "{near[0]}"? ' if near else ""
    return f"{meant}there are {', '.join(names())}, and package.module:NAME"


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except _UNLOADABLE as error:
        hint = (
            "package.module:NAME must be importable from here; is it installed, or on PYTHONPATH?"
        )
        raise PolicyError(f'policy "{name}" cannot be loaded: {error}', hint=hint) from error


def _loaded(name: str, point: EntryPoint) -> Any:
    try:
        return point.load()
    except _UNLOADABLE as error:
        raise PolicyError(f'plug-in policy "{name}" ({point.value}) is broken: {error}') from error


def _made(name: str, found: Any, objective: str) -> Policy:
    try:
        made = found(objective) if callable(found) else found
    except TypeError as error:
        raise PolicyError(f'"{name}" makes no policy: {error}', hint=_SHAPE) from error
    if not isinstance(made, Policy):
        raise PolicyError(f'"{name}" is no policy but a {type(made).__name__}', hint=_SHAPE)
    return made
