"""What a perfect connector must say of failed payments and payouts, told from the account's log.

Law: told is what is sure whatever the settings' figures are, as long as they are the defaults.
"""

from collections.abc import Iterator
from typing import Any, Final

from gateway.plugin import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    Instant,
    Priority,
    Ref,
    format_instant,
)
from gateway_payments.stripe.simulator.account import Account, Json

WINDOW_MS: Final = 10 * MINUTE_MS
QUIET_MS: Final = HOUR_MS
LEVELS: Final[dict[int, Priority]] = {1: "normal", 2: "high", 5: "urgent"}
CHAIN_DAYS: Final = 60

Failed = tuple[int, str, Json]
"""When, the charge's id, the charge."""


def of_failures(account: Account, failed: list[Failed]) -> Iterator[Event]:
    """Of the charges that failed: by customer, and by days that follow on each other."""
    by_customer: dict[str, list[Failed]] = {}
    for one in sorted(failed, key=lambda one: one[:2]):
        by_customer.setdefault(one[2]["customer"], []).append(one)
    for customer, ones in by_customer.items():
        for chain in _chains(ones):
            ref = Ref("failed_payments", f"{customer}:{chain[0][0] // DAY_MS}")
            yield from _spells(account, ref, chain)


def of_payouts(failed: list[tuple[int, Json]]) -> Iterator[Event]:
    """Of the payouts that failed, when: those of one month are one matter."""
    seen: set[Ref] = set()
    for at, row in failed:
        month = format_instant(Instant(row["created"] * 1_000))[:7]
        ref = Ref("payouts", f"account:{row['currency']}:{month}")
        if ref not in seen:
            tags = ("payout_failed",)
            named = _named(ref, "opened", at)
            yield ContactOpened(**named, kind="ticket", channel="other", priority="high", tags=tags)
        seen.add(ref)


def _chains(ones: list[Failed]) -> Iterator[list[Failed]]:
    chain: list[Failed] = []
    for one in ones:
        day, before = one[0] // DAY_MS, chain[-1][0] // DAY_MS if chain else None
        if before is not None and (day - before > 1 or (day != before and day % CHAIN_DAYS == 0)):
            yield chain
            chain = []
        chain.append(one)
    yield chain


def _spells(account: Account, ref: Ref, chain: list[Failed]) -> Iterator[Event]:
    spell: list[Failed] = []
    level, opened = 0, False
    for at, id, charge in chain:
        if spell and at - spell[-1][0] > QUIET_MS:
            yield _quiet(ref, spell)
            spell, level = [], 0
        spell.append((at, id, charge))
        within = sum(at - one[0] <= WINDOW_MS for one in spell)
        reached = max(least for least in LEVELS if within >= least)
        if reached <= level:
            continue
        level = reached
        tags = ("card_testing", "fraud", "payment_failed") if level == 5 else ("payment_failed",)
        said: dict[str, Any] = {"priority": LEVELS[level], "tags": tags, "status": "open"}
        if opened:
            yield ContactObserved(**_named(ref, f"failed:{id}", at), **said)
        else:
            yield ContactOpened(
                **_named(ref, "opened", at), kind="ticket", channel="other", customer=_payer(charge), **said
            )
            opened = True
    if spell and spell[-1][0] + QUIET_MS <= account.now():
        yield _quiet(ref, spell)


def _quiet(ref: Ref, spell: list[Failed]) -> Event:
    return ContactObserved(**_named(ref, f"quiet:{spell[0][1]}", spell[-1][0] + QUIET_MS), status="solved")


def _payer(charge: Json) -> Customer:
    billing = charge["billing_details"]
    return Customer(id=charge["customer"], email=billing["email"], phone=billing["phone"], name=billing["name"])


def _named(ref: Ref, name: str, at: int) -> dict[str, Any]:
    return {"id": f"{ref.id}:{name}", "at": Instant(at), "ref": ref}
