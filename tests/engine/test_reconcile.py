"""What the webhooks missed, out of the records as they are stored; and who is told when they miss too much."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.engine.checkup import AGAIN_S, Checkup
from gateway.engine.reconcile import PAGE, reconcile
from gateway.model.instant import HOUR_MS, Instant
from gateway.plugin import Finding, Page, Record, RecordForm, Stream, Transient
from tests.engine.rig import MINUTE, T0, Rig, Vendor, opening, run


class Both(Vendor):
    """Pushed and pulled; `found` is what its check finds, or raises."""

    streams = (Stream("tickets", backfill_s=0.0),)

    def __init__(self) -> None:
        super().__init__()
        self.found: Sequence[Finding] | Exception = ()

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """Nothing is new."""
        return Page([], cursor, False)

    async def check(self) -> Sequence[Finding]:
        """As it was told."""
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def record(ticket: str, form: RecordForm, at: int, read: int, *, historical: bool = False) -> Record:
    """A record about a ticket that changed at an offset, received at another."""
    body = json.dumps([opening(at, ticket)]).encode()
    return Record(body=body, form=form, received_at=Instant(T0 + read), historical=historical)


async def report(rig: Rig, *records: Record, until: int = HOUR_MS) -> dict[str, Any]:
    """What is found of these records."""
    await rig.store.add_records("both", records)
    found = await reconcile(rig.world, rig.link("both"), T0, T0 + until)
    missed = [one.listed.ref.id for one in found.compared if one.told == "missed"]
    return {"pushes": found.pushes, "told": found.count("told"), "late": found.count("late"), "missed": missed}


def test_what_was_pulled_is_measured_by_what_was_pushed() -> None:
    """Told, late and missed; in whatever order the records came, and whatever has become of them."""

    async def story(rig: Rig) -> None:
        found = await report(
            rig,
            record("told", "push", 0, 5),
            record("told", "row", 0, MINUTE),
            record("missed", "row", 7, MINUTE),
            record("late", "row", 9, MINUTE),
            record("late", "push", 9, 8 * MINUTE),
            record("past", "row", -9, MINUTE, historical=True),
            Record(body=b"{", form="row", received_at=Instant(T0 + 5)),
        )
        assert found == {"pushes": 2, "told": 1, "late": 1, "missed": ["missed"]}
        await rig.settle()
        again = await reconcile(rig.world, rig.link("both"), T0, T0 + HOUR_MS)
        assert len(again.compared) == 3

    run(story, connectors={"both": Both()})


def test_reading_once_more_makes_no_connector_ill() -> None:
    """What a connector couldn't read was its fault when it was judged, and isn't anew with each look at it."""

    async def story(rig: Rig) -> None:
        await report(rig, *[Record(body=b"[7]", form="push", received_at=Instant(T0 + 5)) for _ in range(9)])
        assert rig.link("both").healthy

    run(story, connectors={"both": Both()})


def test_only_the_time_that_is_asked_for() -> None:
    """What was pulled before or after isn't counted, however many pages that takes."""

    async def story(rig: Rig) -> None:
        early = [record(str(number), "row", -HOUR_MS, -HOUR_MS) for number in range(PAGE)]
        found = await report(
            rig, *early, record("in", "row", 5, 5), record("after", "row", 5, 2 * HOUR_MS), until=HOUR_MS
        )
        assert found["missed"] == ["in"]

    run(story, connectors={"both": Both()})


def test_a_webhook_that_vanished_is_a_finding() -> None:
    """It is told once, stands while it is so, and is asked after sooner; what is over is told once too."""

    async def story(rig: Rig) -> None:
        rows = [record(str(number), "row", number, 10 * MINUTE) for number in range(6)]
        await rig.store.add_records("both", rows)
        rig.clock.at = T0 + 20 * MINUTE
        checkup = Checkup(rig.world, rig.link("both"))
        assert await checkup.step() <= AGAIN_S * 1.1
        await checkup.step()
        (finding,) = rig.link("both").findings
        assert finding.what == "its webhooks miss changes" and "6 of 6" in finding.hint
        assert rig.link("both").counts["pushes_missed"] == 6
        await rig.store.add_records("both", [record("more", "row", 7, 11 * MINUTE)])
        await checkup.step()
        (finding,) = rig.link("both").findings
        assert "7 of 7" in finding.hint
        rig.clock.at += 2 * HOUR_MS
        assert await checkup.step() > AGAIN_S * 2
        events = [entry["event"] for entry in rig.log.entries if "finding" in entry["event"]]
        assert events == ["connector_finding", "connector_finding_over"]

    run(story, connectors={"both": Both()})


def test_where_nobody_calls_no_webhook_is_missed() -> None:
    """A connector that is only asked, by its settings, is well although each change is first seen in a pull."""

    async def story(rig: Rig) -> None:
        await rig.store.add_records("both", [record(str(number), "row", number, 10 * MINUTE) for number in range(6)])
        rig.clock.at = T0 + 20 * MINUTE
        await Checkup(rig.world, rig.link("both")).step()
        assert rig.link("both").findings == ()

    both = Both()
    both.pushed = False  # type: ignore[attr-defined]
    run(story, connectors={"both": both})


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Transient("503 whsec_c2VjcmV0c2VjcmV0c2VjcmV0"), "503"),
        (RuntimeError("oops"), "its check raised RuntimeError: oops"),
        ([Finding(False, "the token is dead", "renew it")], "the token is dead"),
    ],
    ids=["vendor", "plugin", "finding"],
)
def test_a_check_that_fails_is_a_finding(found: Sequence[Finding] | Exception, words: str) -> None:
    """Whatever it raises, in words without secrets; the engine goes on."""

    async def story(rig: Rig) -> None:
        connector = rig.connectors["both"]
        assert isinstance(connector, Both)
        connector.found = found
        await Checkup(rig.world, rig.link("both")).step()
        (finding,) = rig.link("both").findings
        assert words in finding.what and "c2Vj" not in finding.what and not finding.ok

    run(story, connectors={"both": Both()})
