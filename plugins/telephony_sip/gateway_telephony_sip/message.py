"""What the readers give: one SIP message, and one packet of a capture that holds it. Values only.

Neither shows its headers, its body or its key when it is printed: what goes wrong must not put them into a log.
"""

from dataclasses import dataclass, field
from typing import Literal

HepFault = Literal["broken", "foreign", "nested", "old"]
"""`broken`: HEPv3, but cut or out of bounds; `old`: HEPv1 or HEPv2; `nested`: a capturer saw its own packets."""


class BadSip(Exception):
    """Not a SIP message, or out of bounds; the words say what, and hold nothing of the message."""


class BadHep(Exception):
    """Not a HEPv3 packet, or out of bounds; the words say what, `kind` as one of few words, to be counted by."""

    def __init__(self, words: str, kind: HepFault = "broken") -> None:
        super().__init__(words)
        self.kind: HepFault = kind


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message as it was read: a request has a method and a target, a response a status.

    `headers` are in their order, folded lines joined, names long and in lower case, compact ones written out. Texts
    are what the bytes said in UTF-8; bytes that aren't survive as surrogates, so that a message can be written again.
    What is kept or shown of a text goes through `grammar.plain` first. `missing`: how many bytes of its body the
    message announces and the packet lacks.
    """

    method: str = ""
    target: str = ""
    status: int = 0
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    missing: int = 0

    @property
    def is_request(self) -> bool:
        """Whether it asks for something; else it answers."""
        return bool(self.method)

    def first(self, name: str) -> str:
        """The first value of a header, by its long name in lower case; empty where there is none."""
        for key, value in self.headers:
            if key == name:
                return value
        return ""

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a header, in their order; those that share a line by commas aren't parted."""
        return tuple([value for key, value in self.headers if key == name])


@dataclass(frozen=True, slots=True)
class Captured:
    """One packet of a capture. `source` and `target` are (address, port), ("", 0) where the packet doesn't say.

    `at`: when its capturer saw it, in milliseconds; None where it doesn't say. `kind` is HEP's type of payload (1:
    SIP), `agent` the capturer's number, `key` what it proves itself by, `correlation` its own name for the call.
    """

    payload: bytes = field(repr=False)
    kind: int = 1
    source: tuple[str, int] = ("", 0)
    target: tuple[str, int] = ("", 0)
    at: int | None = None
    agent: int = 0
    key: bytes = field(default=b"", repr=False)
    correlation: str = ""
