"""What a model directory knows, as a value: which models there are, which is in force, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from scrubjay_proxy.errors import UsageMistake

# What is kept at most: models, promotions that can be rolled back, changes told.
MODELS, LINE, HISTORY = 64, 16, 64


class State(StrEnum):
    """What a model is to the proxy."""

    ACTIVE = "active"
    PREVIOUS = "previous"
    SHADOW = "shadow"
    KEPT = "kept"
    REFUSED = "refused"


class What(StrEnum):
    """What happened to a model."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolled-back"
    SHADOWED = "shadowed"
    DISMISSED = "dismissed"  # it ran in shadow and did not lead, or failed
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Order:
    """Who changes something (command, api, file, signal, gate, watch, proxy), when, and why.

    `time` is in Unix seconds.
    """

    by: str
    time: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model; one whose file could not be read as such has no `sha256`."""

    sha256: str
    file: str  # as it was called when it came
    added: float  # Unix seconds
    metrics: str = ""  # of its training, JSON
    refused: str = ""  # why it is not to be used


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened; `before` was in force until then ("": that of the settings)."""

    id: int
    time: float
    what: What
    sha256: str
    file: str
    before: str
    by: str
    why: str
    reason: str = ""  # of a refused file: one of scrubjay_policies.model.Refusal


@dataclass(frozen=True, slots=True)
class Index:
    """`line` are the promotions that can be rolled back, the last is in force; `seen` tells by
    name and stamp which files were looked at."""

    models: tuple[Entry, ...] = ()
    line: tuple[str, ...] = ()
    shadow: str = ""
    history: tuple[Change, ...] = ()
    seen: dict[str, str] = field(default_factory=dict)

    @property
    def active(self) -> str:
        """The model in force; "" for that of the settings."""
        return self.line[-1] if self.line else ""

    @property
    def previous(self) -> str:
        """What a roll back brings back; "" for that of the settings."""
        return self.line[-2] if len(self.line) > 1 else ""

    @property
    def last(self) -> int:
        """The id of the latest change, 0 before the first."""
        return self.history[-1].id if self.history else 0

    def model(self, sha256: str) -> Entry | None:
        """The entry of a model that was verified."""
        return next((one for one in self.models if one.sha256 == sha256 != ""), None)

    def state(self, entry: Entry) -> State:
        """What an entry is now."""
        if entry.sha256 and entry.sha256 == self.active:
            return State.ACTIVE
        if entry.refused:
            return State.REFUSED
        if entry.sha256 == self.shadow:
            return State.SHADOW
        return State.PREVIOUS if entry.sha256 == self.previous else State.KEPT

    def since(self, id: int) -> Iterable[Change]:
        """Changes after that one."""
        return (one for one in self.history if one.id > id)


def promote(index: Index, entry: Entry, order: Order) -> Index:
    """The model is in force from now on; nothing changes where it already is."""
    if entry.sha256 == index.active:
        return index
    changed = replace(
        _with(index, replace(entry, refused="")),
        line=(*index.line, entry.sha256)[-LINE:],
        shadow="" if index.shadow == entry.sha256 else index.shadow,
    )
    return _told(changed, What.PROMOTED, entry, order, before=index.active)


def rollback(index: Index, order: Order) -> Index:
    """The one before is in force again; a second roll back goes one further back."""
    entry = index.model(index.active)
    if entry is None:
        raise UsageMistake(
            "there is nothing to roll back to: no model of this directory is in force",
            hint="scrubjay models list shows what was promoted",
        )
    left = replace(entry, refused=f"rolled back by {order.by}{_because(order)}")
    changed = replace(_with(index, left), line=_without(index.line, entry.sha256))
    into = changed.model(changed.active)
    if into is not None:
        changed = _with(changed, replace(into, refused=""))
    told = into or Entry("", "the model of the settings", order.time)
    return _told(changed, What.ROLLED_BACK, told, order, before=entry.sha256)


def shadow(index: Index, entry: Entry, order: Order) -> Index:
    """The model runs in shadow; one that did before does no more."""
    if entry.sha256 == index.active:
        raise UsageMistake(
            f"model {entry.sha256[:12]} is in force already", hint="only another can shadow it"
        )
    if entry.sha256 == index.shadow:
        return index
    changed = replace(_with(index, replace(entry, refused="")), shadow=entry.sha256)
    return _told(changed, What.SHADOWED, entry, order, before=index.active)


def dismiss(index: Index, order: Order) -> Index:
    """The model in shadow runs no more, and is not to be used, for the order's reason."""
    entry = index.model(index.shadow)
    if entry is None:
        return replace(index, shadow="")
    changed = replace(_with(index, replace(entry, refused=order.why)), shadow="")
    return _told(changed, What.DISMISSED, entry, order, before=index.active)


def refuse(index: Index, entry: Entry, order: Order, reason: str) -> Index:
    """A file is none that can be used; if it was in force, or in shadow, it is no more."""
    entry = replace(entry, refused=order.why)
    gone = entry.sha256
    changed = replace(
        _with(index, entry),
        line=_without(index.line, gone),
        shadow="" if gone and index.shadow == gone else index.shadow,
    )
    return _told(changed, What.REFUSED, entry, order, before=index.active, reason=reason)


def _with(index: Index, entry: Entry) -> Index:
    """With the entry in place of one for the same model, or for a refused file of its name."""
    others = [
        one
        for one in index.models
        if (one.sha256 != entry.sha256 if one.sha256 else one.file != entry.file)
    ]
    needed = {*index.line, index.shadow} - {""}
    spare = len(others) + 1 - MODELS
    for one in [one for one in others if one.sha256 not in needed][: max(0, spare)]:
        others.remove(one)
    return replace(index, models=(*others, entry))


def _without(line: tuple[str, ...], gone: str) -> tuple[str, ...]:
    kept: list[str] = []
    for one in line:
        if one != gone and [one] != kept[-1:]:
            kept.append(one)
    return tuple(kept)


def _told(  # noqa: PLR0917  what a change has
    index: Index, what: What, entry: Entry, order: Order, before: str, reason: str = ""
) -> Index:
    change = Change(
        index.last + 1,
        order.time,
        what,
        entry.sha256,
        entry.file,
        before,
        order.by,
        order.why,
        reason,
    )
    return replace(index, history=(*index.history, change)[-HISTORY:])


def _because(order: Order) -> str:
    return f": {order.why}" if order.why else ""
