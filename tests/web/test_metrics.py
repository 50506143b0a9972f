"""What monitors read."""

from typing import cast

import pytest

from gateway.engine.supervise import Loop
from gateway.engine.world import EnricherLink
from gateway.kernel.questions import Question
from gateway.kernel.store import Batch
from gateway.model.identity import StrandKey
from gateway.plugin import Enricher, Finding
from gateway.rules.strain import Strain
from gateway.web.counted import KEPT_FACTOR, Counted
from tests.support.prometheus import Read, parsed
from tests.web.test_pages import fetched, story
from tests.web.worlds import NOW, Whole, body_of, opened, run, signed

S = 1_000
LABELS = {"connector", "endpoint", "enricher", "what", "loop", "outcome", "le", "version", "why"}
"""Every label that there is."""


async def figures(whole: Whole) -> dict[str, Read]:
    """The families by name."""
    reply = await fetched(whole, "/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in parsed(reply.body.decode())}


def value(families: dict[str, Read], name: str, **labels: str) -> float:
    """One figure."""
    return families[name].samples[name, tuple(labels.items())]


def test_what_waits_lags_and_fails_is_told() -> None:
    """By connector and loop, in seconds, with the process itself."""

    async def work(whole: Whole) -> None:
        await story(whole)
        whole.gateway.loops = [Loop(whole.gateway.world, "judge", whole.gateway._judge, failures=2)]
        whole.gateway.world.meters.started_at = NOW
        whole.gateway.world.meters.judged_to = NOW - 2_500
        await whole.post(opened(9, NOW))
        whole.clock.at += 4 * S
        told = await figures(whole)

        assert value(told, "gateway_contacts") == 3
        assert value(told, "gateway_contacts_open") == 3
        assert value(told, "gateway_inbox_waiting", connector="shop") == 1
        assert value(told, "gateway_inbox_oldest_seconds", connector="shop") == 4
        assert value(told, "gateway_connector_accepted_total", connector="shop") == 4
        assert value(told, "gateway_connector_healthy", connector="shop") == 1
        assert value(told, "gateway_loop_failures_in_a_row", loop="judge") == 2
        assert value(told, "gateway_judging_lag_seconds") == 6.5
        assert value(told, "gateway_contacts_overdue_seconds") == 0
        assert value(told, "gateway_store_commits_total") > 0
        assert value(told, "process_start_time_seconds") == NOW / 1000
        assert value(told, "process_resident_memory_bytes") > 1_000_000

    run(work)


def test_how_enrichers_stand_is_told() -> None:
    """What waits, who is left alone, what is wrong with the account, and what became of questions."""

    async def work(whole: Whole) -> None:
        link = EnricherLink("payments", cast(Enricher, None), timeout_s=5.0, concurrency=4, ttl_s=60.0)
        whole.gateway.enrichers = {"payments": link}
        link.strain, link.findings = Strain(5, NOW + S), (Finding(False, "401", ""), Finding(True, "clock", ""))
        link.count("gave_up", 2)
        whole.gateway.world.meters.look_up_seconds.observe(0.3, "payments")
        strand = StrandKey("shop", "ticket", "1")
        asked = Question(strand=strand, enricher="payments", request="msg_1", asked_at=NOW)
        await whole.store.commit(Batch(questions=(asked,), now=NOW))
        told = await figures(whole)

        assert value(told, "gateway_enricher_waiting", enricher="payments") == 1
        assert value(told, "gateway_enricher_left_alone", enricher="payments") == 1
        assert value(told, "gateway_enricher_findings", enricher="payments") == 1
        assert value(told, "gateway_enricher_counted_total", enricher="payments", what="gave_up") == 2
        whole.clock.at += S
        told = await figures(whole)
        assert value(told, "gateway_enricher_left_alone", enricher="payments") == 0

    run(work)


def test_what_is_overdue_is_told() -> None:
    """Contacts whose time has come and whom nobody has judged yet."""

    async def work(whole: Whole) -> None:
        await story(whole)
        due = (await whole.store.outlook(now=NOW, connectors=["shop"])).next_due
        assert due is not None
        whole.clock.at = due + 7 * S
        told = await figures(whole)

        assert value(told, "gateway_contacts_due") == 1
        assert value(told, "gateway_contacts_overdue_seconds") == 7

    run(work)


def test_no_label_holds_what_came_from_outside() -> None:
    """Whatever a vendor sends, in path, headers and body, the labels are ours."""

    async def work(whole: Whole) -> None:
        await story(whole)
        canary = "canary-7f3a"
        body = body_of(opened(7, NOW, subject=canary, tags=[canary]))
        await whole.post(opened(8, NOW, subject=canary, customer={"email": f"{canary}@example.com"}))
        await fetched(whole, f"/api/v1/contacts/{canary}")
        assert signed(body, NOW)
        await whole.judge()
        reply = await fetched(whole, "/metrics")
        labels = {name for family in parsed(reply.body.decode()) for _, of in family.samples for name, _ in of}

        assert canary not in reply.body.decode()
        assert labels <= LABELS

    run(work)


def test_full_counts_are_kept_in_proportion_to_their_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that took a tenth of a second is good for twenty: counting takes a small share of the time."""

    async def work(whole: Whole) -> None:
        asked = 0

        async def counts() -> dict[str, int]:
            nonlocal asked
            asked += 1
            whole.clock.at += 100
            return {"contacts": asked}

        monkeypatch.setattr(whole.store, "counts", counts)
        counted = Counted(whole.gateway)
        first = await counted.read()
        whole.clock.at += 100 * KEPT_FACTOR - 1
        kept = await counted.read()
        whole.clock.at += 1
        fresh = await counted.read()

        assert [told["contacts"] for told in (first, kept, fresh)] == [1, 1, 2]

    run(work)
