"""Binds the redirect server to a lent socket: what is heard is answered at once, what is due is sent at each step.

There is no queue of our own, and no waiting: datagrams that can't be taken up yet are the system's, and it drops those
that don't fit.
"""

from typing import Final

from gateway.plugin import Ear, RouteFunction, Socket, Source
from gateway_telephony_sip.redirect.choice import Chooser, Opening, Told
from gateway_telephony_sip.redirect.settings import RedirectSettings
from gateway_telephony_sip.redirect.table import Datagrams, Table

STEP_MS: Final = 50
"""Time between two steps while there is something to repeat or to forget; repetitions are late by so much at most."""

IDLE_MS: Final = 200
"""The same while there is nothing."""


class RedirectServer:
    """One socket and its transactions. `key` makes the tags: a secret of the connector's, which stays over restarts.

    The connector's `listen` opens it and calls `step` for as long as it listens:

        wait_s = 0.0
        while not await ear.rest(wait_s):
            wait_s = server.step()
    """

    def __init__(
        self, settings: RedirectSettings, ear: Ear, *, opening: Opening, route: RouteFunction, told: Told, key: bytes
    ) -> None:
        self._settings = settings
        self._ear = ear
        self._socket: Socket | None = None
        choose = Chooser(
            {queue: targets for queue in settings.targets if (targets := settings.targets_of(queue))},
            settings.default_targets,
            opening=opening,
            route=route,
            told=told,
            now=ear.now,
            late_ms=settings.late_ms,
            count=self._count,
        )
        self._table = Table(
            choose,
            settings.default_targets,
            allow=settings.allow,
            key=key,
            per_second=settings.per_second,
            count=self._count,
        )

    async def open(self) -> None:
        """Begin to answer. Raises OSError where the address can't be had."""
        self._socket = await self._ear.udp(self._settings.udp.host, self._settings.udp.port, self.heard)

    @property
    def port(self) -> int:
        """Where it listens; 0 before it does."""
        return self._socket.port if self._socket else 0

    def heard(self, data: bytes, source: Source) -> None:
        """Answer a datagram, if it gets an answer."""
        self._send(self._table.receive(data, source, self._ear.now()))

    def step(self) -> float:
        """Send what is due; the seconds after which the next step is wanted."""
        self._send(self._table.due(self._ear.now()))
        return (STEP_MS if len(self._table) else IDLE_MS) / 1_000

    def _count(self, what: str) -> None:
        self._ear.count(f"redirect_{what}")

    def _send(self, datagrams: Datagrams) -> None:
        if self._socket is not None:
            for data, to in datagrams:
                self._socket.send(data, to)
