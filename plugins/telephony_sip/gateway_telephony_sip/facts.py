"""What is known of a call: facts that only ever grow, so that any order of arrival, and any repetition, ends the same.

Laws. Every field is joined by a minimum, a maximum or a union: commutative, associative, idempotent. Nothing here says
what a call became; `call.py` reads that from the facts. Times are milliseconds since the epoch.
"""

from typing import Literal

from msgspec import Struct

LoggedWhat = Literal[
    "started", "entered", "ringing", "connected", "answered", "abandoned", "left", "transferred", "ended"
]
"""What a log says happened: `entered` and `left` a queue, `connected` to an agent, `answered` by the exchange."""

LoggedBy = Literal["queue_log", "cdr", "redirect"]


class Logged(Struct, frozen=True, order=True, array_like=True):
    """One line of a log about the call: the exchange's own, or our redirect server's.

    `call` names the call as the log does (`asterisk:<linkedid>`, or a Call-ID). `reason` of `ended` says how, in the
    words of `call.py`'s outcomes, or who hung up (`caller`, `agent`).
    """

    at: int
    what: LoggedWhat
    by: LoggedBy
    queue: str = ""
    agent: str = ""
    reason: str = ""
    caller: str = ""
    called: str = ""
    call: str = ""


class Recording(Struct, frozen=True, order=True, array_like=True):
    """Where a recording of the call lies; the gateway never reads it. `retention` names the class of how long."""

    url: str
    encrypted: bool = False
    retention: str = ""


class Leg(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the packets of one Call-ID have shown."""

    names: tuple[str, ...] = ()
    """Names that it shares with other legs of the same call, sorted; its own Call-ID isn't among them."""


class Call(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is known of one call: its legs by Call-ID, lines of logs, recordings; the tuples are sorted sets."""

    legs: dict[str, Leg] = {}
    logged: tuple[Logged, ...] = ()
    recordings: tuple[Recording, ...] = ()
