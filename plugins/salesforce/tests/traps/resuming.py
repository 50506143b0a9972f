"""Traps of going on: pages that pile up in memory, and times that nobody can place."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from gateway_salesforce import Salesforce, reading

from gateway.plugin import Instant
from plugins.salesforce.tests.traps.table import desk, trap
from tests.support.trap_desk import gathered, stored_one_by_one


@trap(
    "47",
    "zenpy #673, #559, #572",
    wrong="every page was kept in memory until the last one had come; paging changed with a library's version",
    rule="a page is stored before the next one is asked for, and the turning of pages is ours",
    without=partial(gathered, Salesforce),
)
async def pages_are_stored_one_by_one() -> None:
    async with desk(objects=12) as on:
        await stored_one_by_one(on, on.stream("Case"))


def _wherever(patch: pytest.MonkeyPatch) -> None:
    """A time without a zone is somewhere's."""

    def parsed(text: str) -> Instant:
        return Instant(round(datetime.fromisoformat(text[:19]).timestamp() * 1000))

    patch.setattr(reading, "parse_instant", parsed)


def dated(zone: str, hours: int) -> Callable[[bytes, str], bytes]:
    """Answers whose times of creation are told in another zone, so many hours ahead, or in none."""

    def told(match: re.Match[bytes]) -> bytes:
        at = datetime.fromisoformat(match[2].decode())
        return match[1] + at.replace(hour=(at.hour + hours) % 24).isoformat().encode() + zone.encode() + b'"'

    pattern = re.compile(rb'("CreatedDate":")([0-9-]+T[0-9:]+)\.000\+0000"')
    return lambda body, url: pattern.sub(told, body)


@trap(
    "48",
    "fivetran/dbt_zendesk #144, zammad #5865",
    wrong="times without a zone were taken for local ones, and `+0000` without a colon wasn't read by every library",
    rule="one reader of times for all: any offset is read, and a time without one is refused",
    without=_wherever,
)
async def times_have_zones() -> None:
    async with desk() as on:
        plain = on.account.open_ticket()
        await on.sync()
        assert await on.missing() == ""
        on.clock.pass_(60)
        on.ours.transport.twist = dated("+0200", 2)
        ahead = on.account.open_ticket()
        opened_at = on.clock.now() // 1_000 * 1_000
        await on.sync()
        known = await on.contact(ahead)
        assert known is not None and known.opened_at == opened_at
        on.clock.pass_(60)
        on.ours.transport.twist = dated("", 0)
        nowhere = on.account.open_ticket()
        await on.sync()
        assert (await on.status(plain), await on.status(nowhere)) == ("new", None)
        assert await on.ours.inbox("parked")
