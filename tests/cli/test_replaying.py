"""`gateway deliveries replay` by range, and `gateway audit`."""

import json
from pathlib import Path

import pytest

from gateway.cli import replaying
from gateway.daemon.setup import Setup
from gateway.kernel.store import Outcome, Performed, Store
from gateway.model.instant import format_instant
from tests.cli.commands import Ended, gateway
from tests.cli.desk import MINUTE, Desk, set_up


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A gateway whose endpoint has got three notices, and given none of them a good answer."""
    desk = set_up(tmp_path, monkeypatch)
    desk.receive(*[desk.opened(str(number), 60 * 24 * 4, priority="urgent") for number in range(3)])
    desk.judge()

    async def die(setup: Setup, store: Store) -> int:
        claimed = await store.claim_deliveries(now=desk.now + MINUTE, lease_ms=1, room={"helpdesk": 100})
        outcomes = tuple(
            Outcome(delivery=row.id, attempt=row.attempt, state="dead", at=desk.now, error="answered 400")
            for row in claimed
        )
        await store.finish_deliveries(Performed(outcomes=outcomes, now=desk.now))
        return len(outcomes)

    assert desk.on_store(die) == 3
    capsys.readouterr()
    return desk


def replay(desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """Replay a range of the endpoint's deliveries."""
    return gateway(capsys, "deliveries", "replay", "--endpoint", "helpdesk", *arguments, "-c", desk.config)


def dead(desk: Desk, capsys: pytest.CaptureFixture[str]) -> int:
    """How many deliveries are given up."""
    return len(gateway(capsys, "deliveries", "list", "--state", "dead", "--json", "-c", desk.config).out.splitlines())


def test_a_range_is_sent_again_and_it_is_noted_who_did_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Those given up unless told otherwise; a second time there are none."""
    first = replay(desk, capsys, "--since", "1h", "--json")
    second = replay(desk, capsys, "--since", "1h")
    entries = [json.loads(line) for line in gateway(capsys, "audit", "--json", "-c", desk.config).out.splitlines()]

    assert json.loads(first.out) == {"endpoint": "helpdesk", "replayed": 3}
    assert (second.code, second.err) == (0, "helpdesk has no such delivery in that time\n")
    assert dead(desk, capsys) == 0
    assert [(entry["action"], entry["object"]) for entry in entries] == [("deliveries.replay", "helpdesk")]
    assert entries[0]["detail"].startswith("3 of dead")
    assert entries[0]["actor"].endswith("(gateway deliveries replay)")


def test_only_what_was_made_in_the_range_is_sent_again(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """From an instant to an instant; what was delivered isn't what was given up."""
    before, after = format_instant(desk.now - 60 * MINUTE), format_instant(desk.now + 60 * MINUTE)

    replay(desk, capsys, "--since", before, "--until", format_instant(desk.now - 30 * MINUTE))
    replay(desk, capsys, "--since", before, "--until", after, "--state", "delivered")
    assert dead(desk, capsys) == 3
    replay(desk, capsys, "--since", before, "--until", after, "--state", "any")
    assert dead(desk, capsys) == 0


def test_many_are_sent_only_after_a_yes(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody can be asked, --yes must be said; then nothing has happened."""
    monkeypatch.setattr(replaying, "ASKED_FROM", 2)
    refused = replay(desk, capsys, "--since", "1h")
    untouched = dead(desk, capsys)
    agreed = replay(desk, capsys, "--since", "1h", "--yes")

    assert (refused.code, untouched, agreed.code) == (1, 3, 0)
    assert "3 deliveries to helpdesk (dead) would go out again" in refused.err
    assert dead(desk, capsys) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("--since", "yesterday"), ("--since", "1h", "--until", "2h"), ("--since", "9" * 5_000 + "h"),
        ("--since", "2026-03-02T09:00:00"), ("--since", "1h", "--state", "ready"),
    ],
)  # fmt: skip
def test_a_range_that_is_none_is_a_wrong_command(
    arguments: tuple[str, ...], desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and nothing goes out."""
    assert replay(desk, capsys, *arguments).code == 2
    assert dead(desk, capsys) == 3


def test_one_or_a_range_but_not_both(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither is wrong too; an endpoint that there isn't is told with the nearest."""
    both = replay(desk, capsys, "1", "--since", "1h")
    neither = gateway(capsys, "deliveries", "replay", "-c", desk.config)
    unknown = gateway(capsys, "deliveries", "replay", "--endpoint", "helpdeks", "--since", "1h", "-c", desk.config)
    one = gateway(capsys, "deliveries", "replay", "1", "--json", "-c", desk.config)

    assert (both.code, neither.code, unknown.code) == (2, 2, 2)
    assert "did you mean 'helpdesk'?" in unknown.err
    assert json.loads(one.out) == {"delivery": 1, "outcome": "due"}


def test_before_anybody_has_done_anything_the_audit_is_empty(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Told to people, and nothing on standard output."""
    ended = gateway(capsys, "audit", "-c", desk.config)

    assert (ended.code, ended.out, ended.err) == (0, "", "nobody has done anything\n")
