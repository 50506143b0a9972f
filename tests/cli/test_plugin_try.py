"""`gateway plugin try`: what a connector makes of an account is told; nothing is kept, and nobody's words are shown."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.plugin.new import written
from gateway.cli.plugin.trial.private import Redaction
from gateway.cli.plugin.trial.run import Outcome, Trial
from gateway.daemon import setup
from gateway.kernel.clock import SystemClock
from gateway.plugin import Instant, Record
from gateway.testing.find import in_folder
from tests.cli.commands import Ended, gateway
from tests.engine.calls import Calls, piece
from tests.engine.rig import T0

CARD = "4111 1111 1111 1111"


class Account:
    """A simulated account on a loop of its own, and a gateway.yaml that points at it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.simulator: Any = None

    def tries(self, *arguments: str | Path) -> Ended:
        """The command, on the plugin's folder unless it says another."""
        return gateway(
            self._capsys, "plugin", "try", *(arguments or (self.folder,)), "-c", self.folder / "gateway.yaml"
        )


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A plugin that isn't installed."""
    folder, path, bytecode = tmp_path_factory.mktemp("desk"), sys.path[:], sys.dont_write_bytecode
    for name, content in written("trydesk").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    sys.dont_write_bytecode = True
    yield folder
    sys.path[:], sys.dont_write_bytecode = path, bytecode


@pytest.fixture(scope="module")
def running(plugin: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Its simulator, with five tickets; one of them tells a card's number."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on_loop(work: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, loop)
        return future.result(20)

    simulator = in_folder(plugin).kind.simulator(None, 3)
    settings = on_loop(simulator.start(SystemClock().now, None))
    simulator.page_size = 3
    simulator.seed(5, since=SystemClock().now() - 3_600_000)
    last = simulator._versions["1005"][-1][1]
    last["log"][0]["text"] = f"My card is {CARD}, call me"
    last["log"].append({"id": 99, "at": last["updated_at"], "what": "status", "to": "solved"})
    yield simulator, dict(settings)
    on_loop(simulator.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


@pytest.fixture
def account(
    plugin: Path,
    running: tuple[Any, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Account:
    """The plugin, configured."""
    simulator, settings = running
    monkeypatch.setenv("DESK_TOKEN", settings["token"])
    monkeypatch.setenv("DESK_SECRET", settings["webhook_secret"])
    configure(plugin, settings["base_url"])
    found = Account(plugin, capsys)
    found.simulator = simulator
    return found


def configure(folder: Path, url: str, *names: str) -> None:
    """A gateway.yaml whose connectors point there."""
    own = (
        f"{{plugin: trydesk, base_url: '{url}', allow_private: true, token: {{env: DESK_TOKEN}}, "
        "webhook_secret: {env: DESK_SECRET}}"
    )
    lines = ["version: 1", "policy: preset:orion", "connectors:", *(f"  {name}: {own}" for name in names or ("desk",))]
    (folder / "gateway.yaml").write_text("\n".join(lines) + "\n")


def test_the_check_and_the_first_page_are_told(account: Account) -> None:
    """How many records, what they become, and what it took; the database isn't made."""
    before = sorted(path.name for path in account.folder.iterdir())
    ended = account.tries()

    assert (ended.code, ended.err) == (0, "")
    assert "ok  we are Gateway" in ended.out
    assert "tickets, page 1: 3 records, 1 request" in ended.out
    assert "become 3 contact.observed, 3 contact.opened, 6 message.added" in ended.out
    assert "there is more behind it" in ended.out
    assert "page 2" not in ended.out
    assert sorted(path.name for path in account.folder.iterdir()) == before


def test_nothing_of_a_customer_is_shown_unless_asked(account: Account) -> None:
    """Neither in words nor as data; a card's number never."""
    shy = (
        account.tries(account.folder, "--full", "--pages", "9"),
        account.tries(account.folder, "--json", "--pages", "9"),
    )
    open_ = account.tries(account.folder, "--full", "--pages", "9", "--show-text")

    for ended in shy:
        assert ended.code == 0
        assert not any(word in ended.out for word in ("Nothing works", "Ada", "customer.example", "call me", CARD))
    assert "message.added" in shy[0].out and "1005" in shy[0].out
    assert all(word in open_.out for word in ("Nothing works", "Ada Customer", "ada1001@customer.example", "call me"))
    assert CARD not in open_.out
    assert account.simulator._token not in "".join(ended.out + ended.err for ended in (*shy, open_))


def test_a_connector_is_tried_by_its_name(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that pulls nothing: its own check is all there is."""
    monkeypatch.setenv("SHOP_SECRET", "whsec_" + "ZXhhbXBsZSBvZiBhIHNlY3JldCwgMzIgYnl0ZXMhISE=")
    shop = "connectors: {shop: {plugin: events, secret: {env: SHOP_SECRET}}}"
    (account.folder / "gateway.yaml").write_text(f"version: 1\npolicy: preset:orion\n{shop}\n")
    ended = account.tries("shop")

    assert ended.code == 0
    assert "check: 0 requests" in ended.out


def test_a_gateway_beside_it_is_told(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who ask one vendor share its limit, and don't know of each other."""
    (account.folder / "gateway.db").write_bytes(b"")
    monkeypatch.setattr(setup, "running_daemon", lambda config: 1)
    try:
        ended = account.tries()
    finally:
        (account.folder / "gateway.db").unlink()

    assert ended.code == 0
    assert "a gateway runs on this configuration" in ended.err


def test_data_has_a_line_for_each_record(account: Account) -> None:
    """And one for each step."""
    lines = [json.loads(line) for line in account.tries(account.folder, "--json", "--pages", "9").out.splitlines()]
    records = [line for line in lines if "events" in line]
    steps = [line for line in lines if "requests" in line]

    assert [step["step"] for step in steps] == ["check", "tickets, page 1", "tickets, page 2"]
    assert len(records) == sum(step["records"] for step in steps) == 5
    assert steps[1]["requests"] == [{"method": "GET", "path": "/tickets", "status": 200}]
    assert {event["type"] for event in records[-1]["events"]} > {"contact.opened", "status.changed"}


def test_a_saved_webhook_needs_no_vendor(account: Account) -> None:
    """What can't be used is told with its reason, and ends with 1."""
    samples = account.folder / "tests/samples"
    good = account.tries(account.folder, "--payload", samples / "row_solved.json")
    parked = account.tries(account.folder, "--payload", samples / "row_empty_parked.json")

    assert (good.code, parked.code) == (0, 1)
    assert "status.changed  ticket 1001  to=solved" in good.out
    assert "0 requests" in good.out
    assert "can't be used: without a key: not a ticket" in parked.out


def test_an_account_that_does_not_work_is_told(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding, the request that failed, and why the stream ended."""
    monkeypatch.setenv("DESK_TOKEN", "wrong")
    ended = account.tries()

    assert ended.code == 1
    assert "bad we are nobody there" in ended.out
    assert "GET /tickets: 401" in ended.out
    assert "failed: " in ended.out


def test_samples_are_kept_without_what_is_personal(account: Account, tmp_path: Path) -> None:
    """A few of each kind, under names that the kit reads; never over what is there; they say the same."""
    folder = tmp_path / "samples"
    ended = account.tries(account.folder, "--pages", "9", "--record", folder)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    again = account.tries(account.folder, "--pages", "9", "--record", folder)

    assert (ended.code, again.code) == (0, 0)
    assert set(first) == {"row_tickets_1.json", "row_tickets_2.json", "row_tickets_3.json"}
    assert {path.name: path.read_text() for path in folder.iterdir() if path.name in first} == first
    assert len(list(folder.iterdir())) == 6
    whole = "".join(first.values())
    assert not any(word in whole for word in ("Ada", "customer.example.com", "Nothing works", "call me", CARD, "ada1"))
    assert '"id": "1001"' in whole and "person1@customer.example" in whole
    assert account.tries(account.folder, "--payload", folder / "row_tickets_1.json").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing-of-it",), "no connector 'nothing-of-it' is there"),
        (("{folder}", "--fetch", "ticket"), "write KIND:ID"),
        (("{folder}", "--fetch", "ticket:1"), "looks nothing up"),
        (("{folder}", "--fetch", "ticket:1", "--payload", "x"), "not both"),
        (("{folder}", "--payload", "/nowhere/at/all"), "--payload: /nowhere/at/all"),
        (("{folder}", "--pages", "101"), "--pages"),
        (("{folder}/tests",), "pyproject.toml"),
    ],
)
def test_what_can_not_be_tried_is_a_wrong_command(arguments: tuple[str, ...], told: str, account: Account) -> None:
    """Told what to do instead."""
    ended = account.tries(*(argument.format(folder=account.folder) for argument in arguments))

    assert ended.code == 2
    assert told in ended.err


def test_the_configuration_must_have_one_connector_of_it(account: Account) -> None:
    """With none or with several, what to write is said."""
    configure(account.folder, "http://127.0.0.1:1", "one", "two")
    several = account.tries()
    (account.folder / "gateway.yaml").write_text("version: 1\npolicy: preset:orion\n")
    none = account.tries()
    (account.folder / "gateway.yaml").write_text(
        "version: 1\npolicy: preset:orion\nconnectors: {desk: {plugin: trydesk}}\n"
    )
    wrong = account.tries()

    assert (several.code, none.code, wrong.code) == (2, 2, 78)
    assert "one, two" in several.err
    assert "`gateway simulate trydesk`" in none.err
    assert "token" in wrong.err


SAID = {
    "id": 42,
    "uuid": "8f14e45f-ceea-4e4f-9c1f-0123456789ab",
    "external": "ORDER-17",
    "created_at": "2026-03-02T09:00:00Z",
    "status": "on_hold",
    "Origin": "Email",
    "requester": "ada",
    "by": "agent",
    "field_name": "priority",
    "customer": {"name": "Ada", "email": "Ada.L@Mail.example", "phone": "+44 20 7946 0000", "locale": "en-GB"},
    "from": "442079460000",
    "mobile": 442079460000,
    "text": "hello",
    "note": "write to Ada.L@Mail.example, 4111 1111 1111 1111",
    "html_body": "<p>Ada</p>",
    "client_ip": "203.0.113.9",
    "latitude": 51.5,
    "avatar": "https://acme.example/u/ada.png?token=abc",
    "api_token": "s3cr3t",
    "cc": ["ada.l@mail.example", "Ada.L@Mail.example"],
    "by_mail": {"Ada.L@Mail.example": {"id": 42}},
    "tags": ["vip", "outage"],
    "Something": "Ünïcode words",
}


def test_what_is_personal_is_replaced_alike_everywhere() -> None:
    """Ids, times and the vendor's words stay; the same person is the same stand-in, in every record."""
    redaction = Redaction()
    body = redaction.body(json.dumps(SAID).encode())
    told = json.loads(body)
    person = told["customer"]["email"]

    kept = ("id", "uuid", "external", "created_at", "status", "Origin", "by", "field_name", "tags")
    assert {key: told[key] for key in kept} == {key: SAID[key] for key in kept}
    assert (person, told["cc"][1], list(told["by_mail"])) == ("person1@customer.example", person, [person])
    assert told["customer"]["locale"] == "en-GB"
    assert told["api_token"] == "***"
    assert told["latitude"] == 0
    hidden = ("Ada", "ada", "7946", "4111", "hello", "203.0.113", "acme", "s3cr3t", "Ünï", "Mail.example")
    assert [word for word in hidden if word in body.decode()] == []
    again = json.loads(redaction.body(json.dumps({"email": "Ada.L@Mail.example"}).encode()))
    assert again == {"email": person}


@pytest.mark.parametrize("body", [b"", b"\xff", b"<html>", b"[" * 100_000])
def test_what_is_no_json_is_not_kept(body: bytes) -> None:
    """Nobody could tell what is personal in it."""
    with pytest.raises(ValueError, match="only JSON"):
        Redaction().body(body)


def test_a_piece_is_shown_as_what_it_tells_alone() -> None:
    """What else is known of its object only the gateway knows; a piece that tells too much is parked as an event is."""
    calls = Trial(Calls(), frozenset(), SystemClock(), None)  # type: ignore[arg-type]

    def becomes(*pieces: dict[str, Any]) -> Outcome:
        return calls.becomes(Record(body=json.dumps(pieces).encode(), received_at=Instant(T0)))

    assert [event.id for event in becomes(piece(["a"], ("begin", 0))).events] == ["a:opened", "a:end", "a:solved"]
    assert becomes(piece(["a"], ("answer", 0))) == Outcome(becomes(piece(["a"], ("answer", 0))).record)
    assert "more than 24 h ahead" in becomes(piece(["a"], ("begin", 0), ("far ahead", 0))).parked
    assert becomes(piece(["a"], ("tell raises", 0))).parked == "the connector raised ZeroDivisionError: told"
