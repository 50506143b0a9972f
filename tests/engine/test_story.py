"""The whole way of one datum: a signed event comes in, a verified notice goes out; and what never goes out."""

from collections import Counter
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks.webhooks
from standardwebhooks import Webhook

from gateway.engine.process import process
from gateway.engine.tick import tick
from gateway.engine.turns import Turns
from gateway.kernel.signing import parse_secret, verify
from gateway.model.instant import datetime_of
from tests.engine.rig import HOUR, MINUTE, POLICY, SECOND, SECRET, T0, Rig, event, opening, reply, run, until, url_of
from tests.support.policies import loaded

CANCELLED = ("sla.corrected", "escalation.cancelled")


def test_a_signed_event_becomes_a_verified_escalation(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody answers in time is breached and escalated, and every receiver's library proves the notices."""

    async def story(rig: Rig) -> None:
        assert await rig.post(opening(tags=["fraud"])) == 202
        await rig.at(15 * MINUTE)
        assert rig.types() == ["contact.opened", "contact.routed", "sla.warned", "sla.breached", "escalation.raised"]
        monkeypatch.setattr(standardwebhooks.webhooks, "datetime", _Told)
        for request, body in zip(rig.net.sent, rig.bodies(), strict=True):
            assert Webhook(SECRET).verify(request.body, dict(request.headers)) == body
            assert verify([parse_secret(SECRET)], request.headers, request.body, rig.clock.now()) == body["id"]
            assert (request.method, request.url) == ("POST", url_of("helpdesk"))

    class _Told(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime_of(T0 + 15 * MINUTE)

    run(story)


def test_a_notice_is_a_cloud_event_with_the_contact_in_it() -> None:
    """The envelope names what, when and about whom; the data holds the judgement, the rule and the reason."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(tags=["fraud"], subject="Help"))
        await rig.at(15 * MINUTE)
        (body,) = rig.bodies("escalation.raised")
        contact = await rig.contact()
        assert {name: body[name] for name in ("specversion", "source", "subject", "time", "timestamp")} == {
            "specversion": "1.0",
            "source": "test",
            "subject": contact.id,
            "time": "2026-03-02T09:15:00Z",
            "timestamp": "2026-03-02T09:15:00Z",
        }
        data = body["data"]
        assert (data["rule"], data["chain"], data["step"], data["late_by_s"]) == ("late", "late", 1, 0.001)
        assert data["reason"] == "first reply breached under rule reply"
        assert data["links"] == {"contact": f"http://gateway/contacts/{contact.id}"}
        assert (data["contact"]["id"], data["contact"]["severity"]) == (contact.id, 1)
        assert (data["contact"]["queue"], data["contact"]["subject"]) == ("urgent", "Help")
        assert [clock["state"] for clock in data["contact"]["clocks"]] == ["breached"]
        assert [escalation["state"] for escalation in data["contact"]["escalations"]] == ["active"]

    run(story)


def test_each_endpoint_gets_a_notice_once() -> None:
    """An endpoint that is called by a role and subscribes too gets it once; the others what they asked for."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(15 * MINUTE)
        urls = Counter((request.url, body["type"]) for request, body in zip(rig.net.sent, rig.bodies(), strict=True))
        assert urls == {
            (url_of("helpdesk"), "escalation.raised"): 1,
            (url_of("board"), "sla.warned"): 1,
            (url_of("board"), "sla.breached"): 1,
            (url_of("board"), "escalation.raised"): 1,
        }

    run(story, subscriptions={"helpdesk": ("escalation.*",), "board": ("sla.*", "escalation.raised")})


def test_a_chain_goes_on_until_somebody_acknowledges() -> None:
    """Steps that are due are taken, those behind an acknowledgement aren't."""

    async def story(rig: Rig) -> None:
        for ticket in ("1", "2"):
            await rig.post(opening(ticket=ticket))
        await rig.at(20 * MINUTE)
        (raised,) = [body for body in rig.bodies("escalation.raised") if _ticket(body) == "2"]
        await rig.post(event("escalation.acknowledged", 20 * MINUTE, "2", escalation=raised["id"], by="ada"))
        await rig.at(2 * HOUR)
        assert [_ticket(body) for body in rig.bodies("escalation.stepped")] == ["1"]
        assert [_ticket(body) for body in rig.bodies("escalation.acknowledged")] == ["2"]

    run(story)


def test_a_late_reply_takes_back_what_was_said_once() -> None:
    """A reply that was in time but came late corrects the breach and its escalation, each once, each by name."""

    async def story(rig: Rig) -> None:
        events = [opening(), reply(10 * MINUTE)]
        await rig.post(events[0])
        await rig.at(20 * MINUTE)
        said = {body["type"]: body["id"] for body in rig.bodies("sla.breached", "escalation.raised")}
        await rig.post(events[1])
        await rig.settle()
        taken_back = {body["data"]["corrects"]: body["type"] for body in rig.bodies(*CANCELLED)}
        assert taken_back == {
            said["sla.breached"]: "sla.corrected",
            said["escalation.raised"]: "escalation.cancelled",
        }
        before = rig.types()
        for again in (events, events[::-1]):
            await rig.post(*again)
            await rig.settle()
        await rig.at(3 * HOUR)
        assert rig.types() == before
        assert Counter(before)["sla.corrected"] == Counter(before)["escalation.cancelled"] == 1
        assert "escalation.stepped" not in before

    run(story)


def test_a_cause_that_follows_again_is_said_again_under_a_new_id() -> None:
    """Breached, corrected, breached once more: the receivers can tell the second breach from the first."""

    async def story(rig: Rig) -> None:
        await rig.told(opening())
        await rig.at(20 * MINUTE)
        await rig.told(reply(10 * MINUTE))
        await rig.settle()
        await rig.told(reply(10 * MINUTE, visibility="internal", rev=1))
        await rig.settle()
        await rig.told(reply(10 * MINUTE, rev=2))
        await rig.settle()
        breaches = [body["id"] for body in rig.bodies("sla.breached")]
        corrections = [body["data"] for body in rig.bodies("sla.corrected")]
        assert len(set(breaches)) == 2
        assert [said["corrects"] for said in corrections if said["corrected_type"] == "sla.breached"] == breaches
        assert [said["corrected_type"] for said in corrections].count("sla.met") == 1
        assert len({body["id"] for body in rig.bodies()}) == len(rig.bodies())

    run(story)


@pytest.mark.parametrize("others", [0, 100])
@pytest.mark.parametrize("order", list(permutations(["tick", "judge", "perform"])), ids="-".join)
def test_a_reply_in_the_inbox_never_becomes_a_breach(order: tuple[str, ...], others: int, tmp_path: Path) -> None:
    """Received in time and processed after a restart, far too late: no breach leaves, whichever loop is first."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        await rig.at(10 * MINUTE)
        for ticket in range(others):
            await rig.told(event("call.held", 10 * MINUTE, ticket=f"other {ticket}"))
        await rig.post(reply(10 * MINUTE))
        await rig.restart(at=T0 + 6 * HOUR)
        for _ in range(4):
            for step in order:
                await _step(rig, step)
        await rig.settle()
        assert rig.types() == ["contact.opened", "contact.routed", "sla.warned", "sla.met"]

    run(story, tmp_path / "gateway.db")


@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
def test_a_skewed_clock_of_a_vendor_makes_no_breach(known: bool) -> None:
    """An event dated ahead of its receipt, taken up late, carries time past no reply that waits behind it."""

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + MINUTE
        await rig.told(opening())
        if known:
            await rig.settle()
        await rig.told(event("contact.observed", 20 * MINUTE, subject="From the future"))
        for ticket in range(100):
            await rig.told(event("contact.observed", MINUTE, ticket=f"other {ticket}"))
        await rig.told(reply(10 * MINUTE))
        await rig.restart(at=T0 + HOUR)
        await rig.settle()
        assert not rig.bodies("sla.breached", *CANCELLED)
        contact = await rig.contact(connector="vendor")
        assert contact.state is not None and contact.state.contact.subject == "From the future"

    run(story)


def test_what_lies_before_the_first_start_is_never_sent() -> None:
    """A connector's past is judged and kept, and goes out as silence; what falls due after its start is sent."""

    async def story(rig: Rig) -> None:
        rig.connectors["fresh"] = rig.connectors["vendor"]
        await rig.restart(at=T0 + 20 * MINUTE)
        await rig.told(opening(), name="fresh")
        await rig.settle()
        assert rig.types() == []
        contact = await rig.contact(connector="fresh")
        ledger = await rig.store.ledger(contact.id)
        assert {entry.type for entry in ledger.values()} >= {"contact.opened", "sla.breached", "escalation.raised"}
        assert all(entry.suppressed for entry in ledger.values())
        await rig.at(45 * MINUTE)
        assert rig.types() == ["escalation.stepped"]

    run(story)


def test_what_was_never_sent_is_never_taken_back() -> None:
    """The correction of something suppressed is suppressed too."""

    async def story(rig: Rig) -> None:
        rig.connectors["fresh"] = rig.connectors["vendor"]
        await rig.restart(at=T0 + 20 * MINUTE)
        await rig.told(opening(), name="fresh")
        await rig.settle()
        await rig.told(reply(10 * MINUTE), name="fresh")
        await rig.settle()
        assert rig.types() == []

    run(story)


def test_a_dry_run_performs_nothing() -> None:
    """Everything is judged and recorded as suppressed; without dry run, later, only what falls due later is sent."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(tags=["fraud"]))
        await rig.at(20 * MINUTE)
        assert (rig.types(), await rig.deliveries()) == ([], [])
        ledger = await rig.store.ledger((await rig.contact()).id)
        assert all(entry.suppressed for entry in ledger.values())
        assert "sla.breached" in {entry.type for entry in ledger.values()}
        rig.dry = False
        await rig.restart()
        await rig.at(45 * MINUTE)
        assert rig.types() == ["escalation.stepped"]

    run(story, dry=True)


def test_a_new_policy_takes_nothing_back_and_says_only_what_falls_due_later(tmp_path: Path) -> None:
    """A breach stays the breach of the policy that it broke. An escalation whose rule is gone is told to be resolved;
    what the new rules raise in its place is heard of with its next step."""
    milder = POLICY.replace("id: reply", "id: mild").replace("id: late", "id: mild").replace("15m, warn: [50%]", "2h")

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(20 * MINUTE)
        before = rig.types()
        (breach,) = rig.bodies("sla.breached")
        assert breach["data"]["policy"]["hash"] == loaded(POLICY).policy.hash
        rig.policy = milder
        await rig.restart(at=T0 + 20 * MINUTE)
        await rig.at(49 * MINUTE)
        assert rig.types() == [*before, "escalation.resolved"]
        await rig.at(3 * HOUR)
        assert rig.types()[len(before) + 1 :] == ["escalation.stepped"]
        assert rig.bodies()[-1]["data"]["policy"]["hash"] == loaded(milder).policy.hash
        assert (await rig.replayed(await rig.contact())).state == (await rig.contact()).state

    assert (milder.count("id: mild"), milder.count("2h")) == (2, 1)
    run(story, tmp_path / "gateway.db")


def test_a_stricter_policy_breaches_nobody_in_the_past() -> None:
    """What the sum has reached when the rules come into force is due at that moment, and suppressed; later steps, from
    there on, are sent."""
    stricter = POLICY.replace("id: reply", "id: strict").replace("id: late", "id: strict").replace("15m", "5m")

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(12 * MINUTE - 1)
        before = rig.types()
        rig.policy = stricter
        await rig.restart(at=T0 + 12 * MINUTE)
        await rig.end_millisecond()
        assert rig.types() == before
        ledger = await rig.store.ledger((await rig.contact()).id)
        assert {entry.type for entry in ledger.values() if entry.suppressed} == {
            "sla.warned",
            "sla.breached",
            "escalation.raised",
        }
        await rig.at(42 * MINUTE - 1)
        assert rig.types() == before
        await rig.at(42 * MINUTE)
        assert rig.types() == [*before, "escalation.stepped"]

    run(story)


def test_an_escalation_that_fell_due_while_we_were_down_goes_out_late() -> None:
    """Steps missed during a standstill all fire, in order, and say how late they are."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        await rig.restart(at=T0 + 2 * HOUR)
        await rig.settle()
        raised, stepped = rig.bodies("escalation.raised", "escalation.stepped")
        assert (raised["type"], raised["data"]["late_by_s"]) == ("escalation.raised", 105 * 60)
        assert (stepped["type"], stepped["data"]["late_by_s"]) == ("escalation.stepped", 75 * 60)

    run(story)


def test_the_loops_carry_an_event_the_whole_way() -> None:
    """Started, the gateway takes up, judges and delivers by itself, and stops when it is told to."""

    async def story(rig: Rig) -> None:
        rig.gateway.start()
        await rig.post(opening(tags=["fraud"]))
        rig.clock.at = T0 + 15 * MINUTE + SECOND
        await until(lambda: "escalation.raised" in rig.types())
        await rig.gateway.stop()
        assert {delivery.state for delivery in await rig.deliveries()} == {"delivered"}

    run(story)


async def _step(rig: Rig, which: str) -> None:
    if which == "perform":
        await rig.gateway.perform_once()
        return
    gateway = rig.gateway
    _, watermark = await gateway._look()
    if which == "tick":
        await tick(rig.world, gateway.bench, watermark)
    else:
        await process(rig.world, gateway.links, gateway.bench, watermark, Turns(rig.clock))


def _ticket(body: dict[str, Any]) -> str:
    return str(body["data"]["contact"]["refs"][0]["id"])
