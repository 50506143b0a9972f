"""Binds the redirect server to a lent socket: what is heard is answered at once, what is due is sent at each step.

There is no queue of our own, and no waiting: datagrams that can't be taken up yet are the system's, and it drops those
that don't fit. That the gateway stood still is seen by a step that is overdue when a datagram is taken up.
"""

from typing import Final

from gateway.plugin import Ear, RouteFunction, Socket
from gateway_telephony_sip.redirect.choice import Chooser, Opening, Told
from gateway_telephony_sip.redirect.request import Source
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
        self._choose = Chooser(
            {queue: targets for queue in settings.targets if (targets := settings.targets_of(queue))},
            settings.default_targets,
            opening=opening,
            route=route,
            told=told,
            now=ear.now,
            late_ms=settings.late_ms,
            count=ear.count,
        )
        self._table = Table(
            self._choose,
            settings.default_targets,
            allow=settings.allow,
            key=key,
            per_second=settings.per_second,
            count=ear.count,
        )
        self._step_by = ear.now() + IDLE_MS

    async def open(self) -> None:
        """Begin to answer. Raises OSError where the address can't be had."""
        self._socket = await self._ear.udp(self._settings.host, self._settings.port, self.heard)

    @property
    def port(self) -> int:
        """Where it listens; 0 before it does."""
        return self._socket.port if self._socket else 0

    def heard(self, data: bytes, source: Source) -> None:
        """Answer a datagram, if it gets an answer."""
        now = self._ear.now()
        self._choose.stalled = now - self._step_by > self._settings.late_ms
        self._send(self._table.receive(data, source, now))

    def step(self) -> float:
        """Send what is due; the seconds after which the next step is wanted."""
        now = self._ear.now()
        self._send(self._table.due(now))
        wait_ms = STEP_MS if len(self._table) else IDLE_MS
        self._step_by = now + wait_ms
        return wait_ms / 1_000

    def _send(self, datagrams: Datagrams) -> None:
        if self._socket is not None:
            for data, to in datagrams:
                self._socket.send(data, to)
