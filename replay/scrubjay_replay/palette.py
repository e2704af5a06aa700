"""One colour a policy, the same in every chart, checked for colour-blind eyes and both themes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scrubjay_replay.baselines import PREFIX
from scrubjay_replay.contests import Kind
from scrubjay_replay.standings import Line

HIGHLIGHTED = 8


@dataclass(frozen=True, slots=True)
class Colour:
    """A line's colour on white and on the dark page."""

    light: str
    dark: str


# Any two differ by 0.087 or more in OKLab, in normal sight and under protanopia, deuteranopia and
# tritanopia; contrast to the card is at least 3.2:1. Change one only with that check.
COLOURS = (
    Colour("#2d5bb1", "#4a98ff"),
    Colour("#0296bb", "#3ccbf4"),
    Colour("#9d5f11", "#ff8f1f"),
    Colour("#004c0f", "#a6efc4"),
    Colour("#a88e0b", "#ebdd3a"),
    Colour("#592171", "#a678bd"),
    Colour("#c4667c", "#e2525f"),
    Colour("#5f5856", "#b6ad9f"),
)
# The index of a policy's colour; others take what is free.
OWN = {"hybrid": 0, "learned": 1, "dqn": 1, "gdsf": 2, "s3fifo": 3, "sieve": 4, "wtinylfu": 5}
OWN |= {"lru": 6, "ttl": 7}
INK = Colour("#151922", "#eaeef6")
SECOND = Colour("#475062", "#adb8ca")
THIRD = Colour("#636c7e", "#8490a6")
FAINT = Colour("#a9b0bc", "#4d586b")  # lines that are not highlighted
GRID = Colour("#e7e4dd", "#1f2837")
CARD = Colour("#ffffff", "#10151f")
ROLES = {"ink": INK, "second": SECOND, "third": THIRD, "faint": FAINT, "grid": GRID, "card": CARD}


def highlighted(lines: Sequence[Line]) -> dict[str, int]:
    """Names of entrants by the index of their colour: native ones and the best baselines."""
    online = [line for line in lines if line.kind.online]
    native = [line.name for line in online if line.kind is Kind.NATIVE]
    others = [line.name for line in online if line.kind is Kind.BASELINE]
    # A place for the best baseline even where native policies abound; lru is the yardstick.
    room = HIGHLIGHTED - min(1, len(others))
    first = sorted(native, key=lambda name: name != "lru")[:room]
    chosen = [*first, *others[: HIGHLIGHTED - len(first)]]
    return _coloured([line.name for line in online if line.name in chosen])


def _coloured(names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in sorted(names, key=lambda name: name.startswith(PREFIX)):
        own = OWN.get(name.removeprefix(PREFIX))
        if own is not None and own not in found.values():
            found[name] = own
    free = [index for index in range(len(COLOURS)) if index not in found.values()]
    for name in names:
        if name not in found:
            found[name] = free.pop(0)
    return {name: found[name] for name in names}
