"""How enrichers stand: the gravest that holds, in words; and that one that ails keeps nobody from anything."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import pytest
from pydantic import BaseModel

from gateway.engine.checkup import EnricherCheckup
from gateway.engine.enricher_states import ailing, enricher_values, enrichers_beside, enrichers_of
from gateway.engine.world import EnricherLink
from gateway.model.identity import Customer
from gateway.plugin import Finding
from gateway.rules.strain import Strain
from gateway.web.shapes.connectors import EnricherTold
from tests.web.test_contact_page import HOSTILE, asked, words_of
from tests.web.test_pages import Page
from tests.web.worlds import NOW, M, Whole, run


class Known(msgspec.Struct):
    """Nothing much."""

    plan: str = ""


class Settings(BaseModel):
    """None."""


class Purse:
    """An enricher that nobody asks here."""

    plugin: ClassVar[str] = "purse"
    settings_type: ClassVar[type[BaseModel]] = Settings
    facts_type: ClassVar[type[msgspec.Struct]] = Known

    def __init__(self, name: str, settings: Any, context: Any) -> None: ...

    async def lookup(self, customer: Customer, now: int) -> Known:
        """What is known."""
        return Known()

    async def check(self) -> Sequence[Finding]:
        """Nothing."""
        return ()


def link(name: str = "payments", **more: Any) -> EnricherLink:
    """One at work."""
    return EnricherLink(
        name=name, enricher=Purse(name, None, None), timeout_s=5.0, concurrency=4, ttl_s=3_600.0, **more
    )


def standing(whole: Whole, *links: EnricherLink, **left_out: str) -> None:
    """The gateway has these."""
    whole.gateway.enrichers = {link.name: link for link in links}
    whole.gateway.enrichers_left_out = left_out


WRONG = (Finding(True, "the key works"), Finding(False, "no right to read disputes", "give it rak_dispute_read"))


@pytest.mark.parametrize(
    ("more", "state", "why"),
    [
        ({}, "ok", ""),
        ({"answered_at": NOW - M}, "ok", ""),
        ({"findings": WRONG}, "warned", "no right to read disputes; give it rak_dispute_read"),
        (
            {"findings": WRONG, "failed_at": NOW - M, "last_failure": "answered 503"},
            "failing",
            "the last look-up failed: answered 503",
        ),
        (
            {"strain": Strain(alone_until=NOW + M), "last_failure": "no answer within 5 s"},
            "failing",
            "it is left alone until 2026-03-02T09:01:00Z: no answer within 5 s",
        ),
        ({"strain": Strain(alone_until=NOW)}, "ok", ""),
    ],
)
def test_the_gravest_that_holds(more: dict[str, Any], state: str, why: str) -> None:
    """In words that say what to do; for JSON as it is described."""

    async def work(whole: Whole) -> None:
        standing(whole, link(**more))
        (found,) = await enrichers_of(whole.gateway)

        assert (found.state, found.why) == (state, why)
        assert ailing(whole.gateway) == ([("payments", why)] if why else [])
        values = enricher_values(found)
        assert msgspec.convert(values, EnricherTold).name == "payments"
        assert set(values) == set(EnricherTold.__struct_fields__)

    run(work)


def test_one_that_ails_is_named_and_keeps_nobody_from_anything() -> None:
    """Beside readiness, not among what keeps the gateway from its work; one that can't be asked at all, too."""

    async def work(whole: Whole) -> None:
        standing(whole, link(failed_at=NOW, last_failure="answered 401"), crm="no plugin crm is installed")
        told = msgspec.json.decode((await asked(whole, "GET", "/readyz", role="viewer")).body)

        assert [one["what"] for one in told["reasons"]] == ["engine"], "nothing runs by itself in this test"
        assert told["ailing"] == [
            {"what": "enricher crm", "why": "no plugin crm is installed"},
            {"what": "enricher payments", "why": "the last look-up failed: answered 401"},
        ]
        listed = msgspec.json.decode((await asked(whole, "GET", "/api/v1/enrichers", role="viewer")).body)
        assert [(one["name"], one["state"]) for one in listed["enrichers"]] == [
            ("crm", "left_out"),
            ("payments", "failing"),
        ]

    run(work)


def test_the_page_has_what_people_ask() -> None:
    """State, last answer and failure, what waits, what its check finds, what was counted; what needs a person first."""

    async def work(whole: Whole) -> None:
        well = link("crm", answered_at=NOW - 2 * M, counts={"answered": 1_200, "from_cache": 7})
        ill = link(findings=WRONG, failed_at=NOW - M, last_failure="answered 503")
        standing(whole, well, ill)
        page = Page((await asked(whole, "GET", "/connectors", role="viewer")).body.decode())
        text = words_of(page).partition("Enrichers")[2]

        assert text.index("payments failing purse the last look-up failed: answered 503.") < text.index("crm ok purse")
        assert "no right to read disputes; give it rak_dispute_read." in text
        assert "Last failure 1 min 00 s ago Time for an answer 5 s" in text
        assert "Last answer 2 min 00 s ago" in text
        assert "answered 1,200, from cache 7" in text
        twin = msgspec.json.decode((await asked(whole, "GET", "/connectors.json", role="viewer")).body)
        assert [one["name"] for one in twin["enrichers"]] == ["payments", "crm"]

    run(work)


def test_hostile_words_are_texts() -> None:
    """Failures, findings and counts are another system's words."""

    async def work(whole: Whole) -> None:
        for text in HOSTILE:
            finding = Finding(False, text, text)
            standing(whole, link(findings=(finding,), last_failure=text, failed_at=NOW, counts={text: 1}), crm=text)
            body = (await asked(whole, "GET", "/connectors", role="viewer")).body.decode()

            assert text not in body or "<" not in text
            assert "\u202e" not in body
            assert not [one for one in Page(body).all("img")]

    run(work)


async def found_wrong() -> Sequence[Finding]:
    """What its check finds."""
    return WRONG


def test_beside_a_gateway_the_database_tells() -> None:
    """What only a running one knows is null."""

    async def work(whole: Whole) -> None:
        ill = link()
        ill.enricher.check = found_wrong  # type: ignore[method-assign]
        await EnricherCheckup(whole.gateway.world, ill).step()
        (found,) = await enrichers_beside(whole.store, {"payments": "purse"}, NOW)
        values = enricher_values(found)

        assert (values["waiting"], values["counts"], values["limits"]) == (0, None, None)
        assert (values["state"], values["findings"]) == ("warned", [{"what": WRONG[1].what, "hint": WRONG[1].hint}])
        assert msgspec.convert(values, EnricherTold).plugin == "purse"

    run(work)
