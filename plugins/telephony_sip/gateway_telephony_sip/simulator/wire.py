"""How packets leave the simulated exchange: by UDP or TCP, whole or with what can go wrong on the way.

Nothing comes back, and nothing is waited for: who doesn't listen misses it, as with every capture.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Final, Literal

from gateway_telephony_sip.hep import write_hep
from gateway_telephony_sip.message import Captured

HOST: Final = "127.0.0.1"
LOSS: Final = 0.1
"""The share of packets that the fault `loss` loses."""

WRONG_MS: Final = 7_200_000
"""How far ahead a wrong clock is."""

HEP2: Final = bytes((2, 16)) + bytes(18)
"""A head of HEPv2, as capturers send whom nobody has told otherwise."""

Transport = Literal["udp", "tcp"]


class Wire:
    """Sends to one address on loopback. `faults` are those that are on, shared with who switches them."""

    def __init__(self, chance: Random, faults: set[str], transport: Transport) -> None:
        self._chance = chance
        self._faults = faults
        self._transport = transport
        self._socket: socket.socket | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: list[bytes] = []
        self.port = 0

    def start(self) -> int:
        """Choose a port that is free now, for whoever shall listen there."""
        kind = socket.SOCK_STREAM if self._transport == "tcp" else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as tried:
            tried.bind((HOST, 0))
            self.port = tried.getsockname()[1]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        return self.port

    async def stop(self) -> None:
        """Let go of the sockets."""
        if self._socket is not None:
            self._socket.close()
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None

    def send(self, packets: Sequence[Captured]) -> None:
        """Send them, as the faults will have it; by TCP they wait until `settled`."""
        for data in self._spoilt(packets):
            if self._transport == "tcp":
                self._waiting.append(data)
            elif self._socket is not None:
                with suppress(OSError):  # nobody listens, or too slowly: lost, as any datagram may be
                    self._socket.sendto(data, (HOST, self.port))

    async def settled(self) -> None:
        """Come back when everything is sent, or nobody was there to take it."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        with suppress(OSError):
            if self._writer is None:
                _, self._writer = await asyncio.open_connection(HOST, self.port)
            self._writer.writelines(waiting)
            await self._writer.drain()
            return
        self._writer = None

    def _spoilt(self, packets: Sequence[Captured]) -> list[bytes]:
        faults, chance = self._faults, self._chance
        if "lose" in faults:
            return []
        sent = [packet for packet in packets if "loss" not in faults or chance.random() >= LOSS]
        if "duplicate" in faults:
            sent = [packet for packet in sent for _ in range(2)]
        if "reorder" in faults:
            chance.shuffle(sent)
        if "wrong_clock" in faults:
            sent = [replace(packet, at=(packet.at or 0) + WRONG_MS) for packet in sent]
        if "no_time" in faults:
            sent = [replace(packet, at=None) for packet in sent]
        if "not_hep3" in faults:
            return [HEP2 + packet.payload for packet in sent]
        return [write_hep(packet) for packet in sent]
