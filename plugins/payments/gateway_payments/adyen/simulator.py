"""An Adyen account that pushes: shoppers pay and dispute in it, and it knows what a perfect connector must say.

Nothing listens here, for Adyen is asked for nothing: notifications go out, signed, one in a request, and again before
the next one where they weren't taken. Each tells a story of its own payment, so that the truth needs no weighing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, Final

import aiohttp
import msgspec

from gateway.plugin import (
    DAY_MS,
    FAULTS,
    SECOND_MS,
    ContactObserved,
    ContactOpened,
    Event,
    Instant,
    NowFunction,
    Ref,
    Status,
    format_instant,
)
from gateway_payments.adyen.settings import AdyenSettings
from gateway_payments.adyen.signature import SIGNATURE, basic, signature

ACCOUNT: Final = "SimulatedShopECOM"
DEFENCE_MS: Final = 14 * DAY_MS
_REFERENCE: Final = "23456789BCDFGHJKLMNPQRSTVWXZ"

AFTER: Final[Mapping[str, frozenset[str]]] = {
    "CHARGEBACK": frozenset({"NOTIFICATION_OF_CHARGEBACK"}),
    "INFORMATION_SUPPLIED": frozenset({"REQUEST_FOR_INFORMATION", "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"}),
    "CHARGEBACK_REVERSED": frozenset({"INFORMATION_SUPPLIED"}),
    "SECOND_CHARGEBACK": frozenset({"CHARGEBACK_REVERSED"}),
    "DISPUTE_DEFENSE_PERIOD_ENDED": frozenset({"NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"}),
}
"""What may follow what in a dispute."""

BECOMES: Final[Mapping[str, Status]] = {
    "REQUEST_FOR_INFORMATION": "open",
    "NOTIFICATION_OF_CHARGEBACK": "open",
    "CHARGEBACK": "open",
    "INFORMATION_SUPPLIED": "on_hold",
    "CHARGEBACK_REVERSED": "closed",
    "SECOND_CHARGEBACK": "closed",
    "DISPUTE_DEFENSE_PERIOD_ENDED": "closed",
    "NOTIFICATION_OF_FRAUD": "open",
    "REFUND_FAILED": "open",
}
_OPENINGS: Final = ("REQUEST_FOR_INFORMATION", "NOTIFICATION_OF_CHARGEBACK", "NOTIFICATION_OF_FRAUD", "REFUND_FAILED")


@dataclass(slots=True)
class _Story:
    """What became of one payment: each notification about it, with its instant in ms."""

    payment: str
    issue: str
    amount: int
    told: list[tuple[str, int]] = field(default_factory=list)


class AdyenSimulator:
    """One merchant account."""

    acts: ClassVar[frozenset[str]] = frozenset({"pay", "refuse", *(code.lower() for code in (*_OPENINGS, *AFTER))})
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def __init__(self, settings: AdyenSettings | None = None, seed: int = 0) -> None:
        self._chance = Random(seed)  # noqa: S311 - repeatable on purpose
        self._key = f"{self._chance.getrandbits(256):064X}"
        self._username, self._password = "adyen", f"{self._chance.getrandbits(128):032x}"
        if settings is not None:
            self._key = settings.hmac_key[0].get_secret_value()
        if settings is not None and settings.username is not None and settings.password:
            self._username, self._password = settings.username, settings.password[0].get_secret_value()
        self._stories: list[_Story] = []
        self._refused: list[tuple[str, int]] = []
        self._faults: set[str] = set()
        self._letters: list[bytes] = []
        self._news, self._idle = asyncio.Event(), asyncio.Event()
        self._url: str | None = None
        self._sender: asyncio.Task[None] | None = None

    async def start(self, now: NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Webhooks go to `push_to`. Returns the settings of a connector that takes them."""
        self._now, self._url = now, push_to
        self._sender = asyncio.get_running_loop().create_task(self._send_all())
        return {"hmac_key": self._key, "username": self._username, "password": self._password}

    async def stop(self) -> None:
        """Stop pushing; what isn't sent is dropped."""
        if self._sender is not None:
            self._sender.cancel()
            with suppress(asyncio.CancelledError):
                await self._sender

    def seed(self, count: int, *, since: int) -> None:
        """Let so many payments have been disputed; no webhook tells of them, and nothing else can."""
        if since > self._now():
            raise ValueError("what was there before begins in the future")
        for _ in range(count):
            self._reference()

    def act(self, name: str) -> Ref | None:
        """Let one of `acts` happen now, to a payment that it can happen to; None if there is none."""
        if name not in self.acts:
            raise ValueError(f"{name!r} is no act: there are {', '.join(sorted(self.acts))}")
        at = self._now() // SECOND_MS * SECOND_MS
        if name == "pay":
            self._push("AUTHORISATION", self._reference(), None, 2_500, at)
            return None
        if name == "refuse":
            return self._refuse(at)
        code = name.upper()
        if code in _OPENINGS:
            story = _Story(self._reference(), self._reference(), self._chance.randrange(100, 100_000))
            self._stories.append(story)
        else:
            fitting = [one for one in self._stories if one.told[-1][0] in AFTER[code] and one.told[-1][1] < at]
            if not fitting:
                return None
            story = self._chance.choice(fitting)
        story.told.append((code, at))
        self._push(code, story.issue, story.payment, story.amount, at)
        return Ref("charge", story.payment)

    def fault(self, name: str, *, on: bool = True) -> None:
        """Switch a fault on or off."""
        if name not in self.faults:
            raise ValueError(f"{name!r} is no fault: there are {', '.join(sorted(self.faults))}")
        (self._faults.add if on else self._faults.discard)(name)

    async def settled(self) -> None:
        """Come back when every webhook was sent or refused."""
        if self._letters:
            self._idle.clear()
            self._news.set()
            await self._idle.wait()

    def truth(self) -> Sequence[Event]:
        """What a perfect connector must say, at least."""
        return [event for story in self._stories for event in _true(story)] + [
            ContactOpened(id=f"{ref.id}:opened", at=Instant(at), ref=ref, kind="ticket", channel="other", status="open")
            for ref, at in self._first_refused()
        ]

    def _first_refused(self) -> list[tuple[Ref, int]]:
        """Each shopper's first refused payment: nobody here pays twice within one day's end and the next."""
        from gateway_payments.adyen.notifications import pieces_of

        found: list[tuple[Ref, int]] = []
        for body, at in self._refused:
            piece = next(iter(pieces_of(body.encode(), at, failures=True)))
            named = piece.facts.refs[0]  # type: ignore[attr-defined]
            found.append((Ref(named.kind, named.id), at))
        return found

    def _refuse(self, at: int) -> Ref | None:
        item = self._push("AUTHORISATION", self._reference(), None, 2_500, at, success="false", reason="Refused")
        self._refused.append((msgspec.json.encode(item).decode(), at))
        return None

    def _reference(self) -> str:
        return "".join(self._chance.choices(_REFERENCE, k=16))

    def _push(
        self, code: str, id: str, payment: str | None, amount: int, at: int, *, success: str = "true", reason: str = ""
    ) -> dict[str, Any]:
        """Queue a notification; the faults of now apply."""
        more: dict[str, Any] = {"shopperReference": f"shopper-{id}", "cardSummary": "1111"}
        if BECOMES.get(code) == "open":
            more |= {"defensePeriodEndsAt": format_instant(Instant(at + DEFENCE_MS)), "chargebackReasonCode": "13.1"}
        item: dict[str, Any] = {
            "additionalData": more,
            "amount": {"currency": "EUR", "value": amount},
            "eventCode": code,
            "eventDate": format_instant(Instant(at)),
            "merchantAccountCode": ACCOUNT,
            "merchantReference": f"order:{id[:6]}",
            "originalReference": payment or "",
            "paymentMethod": "visa",
            "pspReference": id,
            "reason": reason,
            "success": success,
        }
        more[SIGNATURE] = signature(self._key, item)
        if self._url is not None and "lose" not in self._faults:
            body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
            for _ in range(2 if "duplicate" in self._faults else 1):
                place = self._chance.randint(0, len(self._letters)) if "reorder" in self._faults else len(self._letters)
                self._letters.insert(place, msgspec.json.encode(body))
            self._news.set()
        return item

    async def _send_all(self) -> None:
        """Send what is queued, until cancelled; what isn't taken waits for the next news."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            while True:
                await self._news.wait()
                self._news.clear()
                while self._letters and await self._is_taken(session, self._letters[0]):
                    self._letters.pop(0)
                self._idle.set()

    async def _is_taken(self, session: aiohttp.ClientSession, body: bytes) -> bool:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"Basic {basic(self._username, self._password)}",
        }
        try:
            async with session.post(self._url or "", data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def _true(story: _Story) -> list[Event]:
    """The opening, and what the dispute became after it."""
    ref = Ref("charge", story.payment)
    (first, opened_at), *later = story.told
    events: list[Event] = [
        ContactOpened(
            id=f"{story.payment}:opened",
            at=Instant(opened_at),
            ref=ref,
            kind="ticket",
            channel="other",
            priority="urgent" if first == "NOTIFICATION_OF_FRAUD" else "high",
        )
    ]
    before = BECOMES[first]
    for code, at in later:
        status = BECOMES[code]
        if status != before:
            name = f"{story.payment}:{story.issue}:{code.lower()}"
            events.append(ContactObserved(id=name, at=Instant(at), ref=ref, status=status))
        before = status
    return events
