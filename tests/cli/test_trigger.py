"""`gateway trigger`: samples are notices as the gateway makes them; a receiver that takes what is spoiled is found."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gateway_payments.purse import Purse
from jsonschema import Draft202012Validator

from gateway.cli.trigger.samples import BadContact, sample_notice
from gateway.config.load import NOTICE_TYPES
from gateway.kernel.clock import SystemClock
from gateway.kernel.published import notice_schema
from gateway.kernel.rng import SeededRng
from gateway.kernel.signing import BadSignature, new_secret, parse_secret, verify
from gateway.model.instant import format_instant
from tests.cli.commands import gateway
from tests.cli.desk import set_up, unguessable
from tests.cli.test_endpoints import receiver

NOW = 1_772_442_000_123
SECRET = new_secret(b"a key that only these tests have")


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The receiver's secret, where the command looks for it."""
    monkeypatch.setenv("RECEIVER_SECRET", SECRET)
    yield


def sample(type: str, seed: int = 1, **contact: object) -> dict[str, object]:
    """A sample's body, read."""
    id, body = sample_notice(
        type, NOW, SeededRng(seed), source="acme", link="https://a.example", contact=contact, sequence=7
    )
    notice: dict[str, object] = json.loads(body)
    assert notice["id"] == id
    return notice


@pytest.mark.parametrize("type", NOTICE_TYPES)
def test_a_sample_is_a_notice_that_becomes_true_now(type: str) -> None:
    """By the published schema; numbered as asked; new each time, the same for the same chance."""
    notice = sample(type)

    if not type.startswith("endpoint."):
        assert list(Draft202012Validator(notice_schema()).iter_errors(notice)) == []
    assert (notice["type"], notice["time"], notice["sequence"]) == (type, format_instant(NOW), "000000000007")
    assert notice["source"] == "acme"
    assert sample(type) == notice
    if not type.startswith("endpoint."):
        assert sample(type, seed=2)["id"] != notice["id"]


def test_the_contact_can_be_said() -> None:
    """Every field of an opening; what can't be is refused."""
    data = sample("sla.breached", kind="call", channel="phone", subject="Hello", priority="low")["data"]
    assert isinstance(data, dict)
    contact = data["contact"]

    assert (contact["kind"], contact["subject"], contact["severity"]) == ("call", "Hello", 3)
    with pytest.raises(BadContact, match="kind"):
        sample("sla.breached", kind="cow")
    with pytest.raises(BadContact, match="unknown field"):
        sample("sla.breached", colour="red")


def test_a_sample_is_signed_and_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """Twice under one id where that is asked for; the answer is shown, and can't steer the terminal."""
    with receiver(202, b"taken\x1b[31m") as (url, came):
        ended = gateway(
            capsys,
            *("trigger", "sla.breached", "--to", url, "--secret", "RECEIVER_SECRET", "--twice"),
            *("--contact", "subject=Two = three", "--contact", "tags=a,b", "--contact", "customer.email=b@c.example"),
        )
    (first, body), (again, same) = came
    notice = json.loads(body)

    assert ended.code == 0
    assert ended.out.count("202 after") == 2
    assert "taken·[31m" in ended.out
    assert (body, first["webhook-id"]) == (same, again["webhook-id"])
    assert verify([parse_secret(SECRET)], first, body, SystemClock().now()) == notice["id"]
    assert notice["data"]["contact"]["subject"] == "Two = three"
    assert notice["data"]["contact"]["tags"] == ["a", "b"]
    assert notice["data"]["contact"]["customer"]["email"] == "b@c.example"
    assert SECRET[6:] not in ended.out + ended.err


@pytest.mark.parametrize(
    ("spoiled", "why"), [("--bad-signature", "no signature is of"), ("--old", "more than 300 s old")]
)
def test_what_is_spoiled_must_be_refused(spoiled: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A receiver that takes it has a hole, and the command ends with 1; what it is sent is spoiled in truth."""
    command = ("trigger", "sla.met", "--secret", "RECEIVER_SECRET", spoiled, "--to")
    with receiver(204) as (url, came):
        taken = gateway(capsys, *command, url)
    with receiver(401) as (url, _):
        refused = gateway(capsys, *command, url)
    headers, body = came[0]

    assert (taken.code, refused.code) == (1, 0)
    assert "anybody could send it one" in taken.err
    with pytest.raises(BadSignature, match=why):
        verify([parse_secret(SECRET)], headers, body, SystemClock().now())


def test_what_should_be_taken_needs_a_2xx(capsys: pytest.CaptureFixture[str]) -> None:
    """1 for any other answer, 69 for none; as data too."""
    with receiver(500, b"oh no") as (url, _):
        refused = gateway(capsys, "trigger", "sla.met", "--to", url, "--secret", "RECEIVER_SECRET", "--json")
    gone = gateway(capsys, "trigger", "sla.met", "--to", url, "--secret", "RECEIVER_SECRET")
    told = json.loads(refused.out)

    assert (refused.code, gone.code) == (1, 69)
    assert (told["status"], told["body"], told["error"]) == (500, "oh no", None)
    assert "no answer came" in gone.err


def test_an_endpoint_is_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its own secret, under the gateway's name; an unknown one gets a hint."""
    desk = set_up(tmp_path, monkeypatch)
    with receiver(204) as (url, came):
        desk.config.write_text(desk.config.read_text().replace("http://127.0.0.1:9000/", url))
        ended = gateway(capsys, "trigger", "escalation.raised", "--to", "helpdesk", "-c", desk.config)
    unknown = gateway(capsys, "trigger", "escalation.raised", "--to", "helpdeks", "-c", desk.config)
    headers, body = came[0]

    assert (ended.code, unknown.code) == (0, 2)
    assert json.loads(body)["source"] == "orion-gateway"
    assert verify([parse_secret(desk.environ["HELPDESK_SECRET"])], headers, body, SystemClock().now())
    assert "did you mean 'helpdesk'?" in unknown.err
    assert not any(hidden in ended.out + ended.err for hidden in unguessable(desk.environ))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say which type of notice"),
        (["sla.braeched"], "did you mean 'sla.breached'?"),
        (["x" * 5_000 + "\x1b"], "no notice has the type"),
        (["sla.met"], "say where to"),
        (["sla.met", "--to", "ftp://a.example/"], "begins with https:// or http://"),
        (["sla.met", "--to", "http://canary:canary@a.example/"], "is a secret as text"),
        (["sla.met", "--to", "http://169.254.169.254/canary"], "private, local or reserved"),
        (["sla.met", "--to", "http://127.0.0.1:22/"], "port 22"),
        (["sla.met", "--to", "http://a.example/"], "say --secret NAME"),
        (["sla.met", "--to", "http://a.example/", "--secret", "NOT_SET"], "'NOT_SET' is not set, or empty"),
        (["sla.met", "--to", "http://a.example/", "--secret", "NO_SECRET"], "--secret: the secret"),
        (["sla.met", "--to", "helpdesk", "--secret", "RECEIVER_SECRET"], "leave --secret out"),
        (["sla.met", "--to", "http://a.example/", "--secret", "RECEIVER_SECRET", "--contact", "x"], "FIELD=VALUE"),
        (["sla.met", "--to", "http://a.example/", "--secret", "RECEIVER_SECRET", "--contact", "kind=cow"], "`$.kind`"),
    ],
)
def test_what_can_not_be_sent_is_a_wrong_command(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told what to write instead; nothing of a URL's inside, and no secret, is repeated."""
    monkeypatch.setenv("NO_SECRET", "canary")
    ended = gateway(capsys, "trigger", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "canary" not in ended.err
    assert len(ended.err) < 500


def test_the_types_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """One a line."""
    assert gateway(capsys, "trigger", "--list").out.split() == list(NOTICE_TYPES)
    assert json.loads(gateway(capsys, "trigger", "--list", "--json").out.splitlines()[0]) == {"type": NOTICE_TYPES[0]}


@pytest.mark.parametrize(
    ("type", "status", "said"),
    [
        ("contact.opened", "asked", None),
        ("escalation.raised", "unavailable", None),
        ("escalation.stepped", "ok", 129.0),
    ],
)
def test_no_notice_waits_for_an_enricher(type: str, status: str, said: float | None) -> None:
    """An escalation leaves before the answer, with the reason; its next step has it. The words say which."""
    data: Any = sample(type)["data"]
    facts = data["contact"]["facts"]["payments"]

    assert (facts["status"], facts["known"] and facts["known"]["disputed"]) == (status, said)
    assert facts["reason"] == ("no answer within 5 s" if status == "unavailable" else None)
    if type.startswith("escalation."):
        words = f"known as of {facts['at']}" if said else "unavailable: no answer within 5 s"
        assert f"payments: {words}." in data["explanation"]["words"]


def test_the_facts_of_a_sample_are_those_of_our_enricher() -> None:
    """Who builds a receiver by the samples reads the fields that Stripe's facts have, all of them, in their types."""
    data: Any = sample("escalation.stepped")["data"]
    known = data["contact"]["facts"]["payments"]["known"]

    assert json.loads(msgspec.json.encode(msgspec.convert(known, Purse, strict=True))) == known
