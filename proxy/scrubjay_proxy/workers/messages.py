"""What a parent and its workers say to each other, one JSON object a line."""

from __future__ import annotations

from typing import Any

import msgspec

from scrubjay_proxy.workers.counts import Counts


class Tagged(msgspec.Struct, frozen=True, tag=True):
    """Names its class when it is sent."""


class Start(Tagged, frozen=True):
    """To a new worker: all that it is told, the secrets too, and where it stands."""

    settings: dict[str, Any]
    sources: dict[str, str]
    index: int
    port: int
    control: int | None  # an open descriptor that listens, for the worker that speaks for all
    started: float  # Unix time of the whole


class Ready(Tagged, frozen=True):
    """From a worker: it serves, by this policy."""

    policy: str


class Failed(Tagged, frozen=True):
    """From a worker that cannot start: the error as it would be told alone."""

    error: str
    hint: str
    code: int


class Stop(Tagged, frozen=True):
    """To a worker: drain and end."""


class Use(Tagged, frozen=True):
    """Evict by this policy: from the speaking worker, and on to the others. Answer: Done."""

    policy: str


class Done(Tagged, frozen=True):
    """An order was carried out; `error` says what was wrong."""

    error: str = ""


class Count(Tagged, frozen=True):
    """To a worker: what have you counted? Answer: Counted."""


class Counted(Tagged, frozen=True):
    """From a worker, as an answer and before it ends."""

    counts: Counts


class Gather(Tagged, frozen=True):
    """From the speaking worker: what have all counted? Answer: Gathered."""


class Gathered(Tagged, frozen=True):
    """Counts of those that ended, and of each that runs, by its number."""

    ended: Counts
    running: dict[int, Counts]


class Together(Tagged, frozen=True):
    """To the speaking worker, whenever it changes: how many serve, and how often one was
    started again."""

    up: int
    wanted: int
    restarts: int


Message = (
    Start | Ready | Failed | Stop | Use | Done | Count | Counted | Gather | Gathered | Together
)


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """A message; `number` is that of the question, 0 where no answer is wanted."""

    number: int
    answers: bool
    message: Message
