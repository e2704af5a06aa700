"""The place of a serving process: alone, or a worker beside others."""

from __future__ import annotations

import socket
from collections.abc import Callable

import structlog

from scrubjay_policies.policy import PolicyError
from scrubjay_proxy.errors import ScrubjayError
from scrubjay_proxy.listening import open_listener
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.quantities import Address
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.workers.channel import Channel, Gone
from scrubjay_proxy.workers.messages import Done, Gather, Gathered, Message, Start, Together, Use
from scrubjay_proxy.workers.whole import Whole, whole_of

PATIENCE = 5.0  # seconds for the parent, which waits less for each worker

log = structlog.get_logger()


class Unanswered(ScrubjayError):
    """The parent of the workers does not answer."""


class Place:
    """The only process: what it opens and counts is all there is."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def listener(self) -> socket.socket:
        """Where clients connect."""
        return open_listener(self.settings.proxy.listen, flag="--listen")

    def control(self) -> Address | socket.socket | None:
        """Where the control port is served; None: another worker does."""
        return self.settings.control.listen

    def parts(self) -> dict[str, str]:
        """What must be well besides the store for all to be ready."""
        return {}

    async def whole(self, own: Meter) -> Whole:
        """What all processes have counted."""
        return Whole(own)

    async def switched(self, policy: str) -> None:
        """The policy was switched here, by an order to the control port."""


class WorkersPlace(Place):
    """One of several: the port is shared, and worker 0 speaks for all."""

    def __init__(self, settings: Settings, start: Start, channel: Channel) -> None:
        super().__init__(settings)
        self.together = Together(0, settings.proxy.workers, 0)
        self._start, self._channel = start, channel

    def listener(self) -> socket.socket:
        where = Address(self.settings.proxy.listen.host, self._start.port)
        return open_listener(where, flag="--listen", shared=True)

    @property
    def speaks(self) -> bool:
        """Whether the control port is here."""
        return self._start.control is not None

    def control(self) -> socket.socket | None:
        number = self._start.control
        return None if number is None else socket.socket(fileno=number)

    def parts(self) -> dict[str, str]:
        up, wanted = self.together.up, self.together.wanted
        return {"workers": "ok" if up >= wanted else f"{up} of {wanted} serve"}

    async def whole(self, own: Meter) -> Whole:
        answer = await self._asked(Gather())
        assert isinstance(answer, Gathered)
        return whole_of(own, answer, self.together, self._start.started)

    async def switched(self, policy: str) -> None:
        answer = await self._asked(Use(policy))
        if isinstance(answer, Done) and answer.error:
            log.error("policy not switched in all workers", why=answer.error)

    async def _asked(self, message: Message) -> Message:
        try:
            return await self._channel.ask(message, PATIENCE)
        except (Gone, TimeoutError) as error:
            raise Unanswered("the parent of the workers does not answer; ask again") from error


def used(policy: str, use: Callable[[str], None]) -> Done:
    """Another worker was told to switch; what that raises is the answer."""
    try:
        use(policy)
    except PolicyError as error:
        return Done(str(error))
    return Done()
