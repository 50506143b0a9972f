"""`gateway db verify`: a database that is right is said to be so; one that was damaged on purpose is told precisely."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gateway.kernel.versioned import Versions
from gateway.model.identity import StrandKey, contact_id
from gateway.model.judgement import LedgerEntry, State
from gateway.store import coding, library
from tests.cli.commands import Ended, gateway
from tests.cli.desk import Desk, set_up

POLICY = """
version: 1
name: first
severity:
  - {id: urgent, when: contact.priority == "urgent", severity: 1}
sla:
  - {id: reply, metric: first_reply, within: 15m, warn: [50%]}
  - {id: next, metric: next_reply, within: 15m}
queues:
  general: {team: t1, tier: 1}
routing:
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
chains:
  late: {steps: [{after: 0m, notify: [lead]}, {after: 30m, notify: [lead]}]}
escalation:
  - {id: late, on: sla.breached, chain: late}
"""

WAITING = "1"
"""A ticket of severity 1 that is long overdue; it has been escalated."""

TALKED = "2"
"""A ticket of three events, answered and solved."""

LONG = "4"
"""A ticket of many messages, with checkpoints."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Five contacts that were judged by two policies; one of them is unopened, one was merged and redacted."""
    with pytest.MonkeyPatch.context() as patch:
        desk = set_up(tmp_path_factory.mktemp("desk"), patch)
        (desk.folder / "policy.yaml").write_text(POLICY)
        agent, customer = {"kind": "agent"}, {"kind": "customer"}
        desk.receive(
            desk.opened(WAITING, 180, priority="urgent", subject="all is down"),
            desk.opened(TALKED, 90, priority="low"),
            desk.event(TALKED, "message.added", 80, author=agent),
            desk.event(TALKED, "status.changed", 70, to="solved"),
            desk.event("3", "message.added", 5, author=customer),
            desk.opened(LONG, 300),
            *(desk.event(LONG, "message.added", 290 - n, author=(customer, agent)[n % 2]) for n in range(70)),
            desk.opened("5", 50, subject="my card is 4111", customer={"name": "Ada"}),
            desk.event("5", "contact.redacted", 40, all=True),
            desk.event("5", "contact.merged", 30, into={"kind": "ticket", "id": WAITING}),
        )
        desk.judge()
        desk.follow(POLICY.replace("name: first", "name: second"))
        desk.judge()
        desk.receive(desk.event(LONG, "message.added", 100.5, author=customer), key="late")
        desk.judge()
        yield desk


@pytest.fixture
def desk(whole: Desk, tmp_path: Path) -> Desk:
    """The same, for one test to damage."""
    shutil.copytree(whole.folder, tmp_path / "desk")
    return Desk(tmp_path / "desk", whole.environ)


def of(ref: str) -> str:
    """The contact of a ticket."""
    return contact_id(StrandKey("events", "ticket", ref))


def run(desk: Desk, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """Do something to the file."""
    connection = library.driver().connect(desk.folder / "gateway.db", isolation_level=None)
    for statement, values in statements:
        assert connection.execute(statement, values).rowcount > 0, statement
    connection.close()


def value_of(desk: Desk, question: str, *values: Any) -> Any:
    """The first value that the file gives."""
    connection = library.driver().connect(desk.folder / "gateway.db", isolation_level=None)
    (found,) = connection.execute(question, values).fetchone()
    connection.close()
    return found


def with_state(desk: Desk, ref: str, change: Callable[[State], State]) -> None:
    """Put another state in place of a contact's."""
    state = coding.states.decode(value_of(desk, "SELECT state FROM contacts WHERE id = ?", of(ref)))
    run(desk, ("UPDATE contacts SET state = ? WHERE id = ?", (coding.states.encode(change(state)), of(ref))))


def verified(desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code of the command, and all that it tells."""
    ended = gateway(capsys, "db", "verify", "--all", "--json", *arguments, "--config", desk.config)
    return ended.code, [json.loads(line) for line in ended.out.splitlines()]


def only(desk: Desk, capsys: pytest.CaptureFixture[str], ref: str) -> dict[str, dict[str, Any]]:
    """What is told of this contact, by its place; of no other one anything is."""
    code, (told, summary) = verified(desk, capsys)
    assert (code, summary["differ"], summary["contacts"], told["contact"]) == (1, 1, 5, of(ref))
    assert told["strands"] == [f"events:ticket:{ref}"]
    return {one["path"]: one for one in told["differences"]}


def test_what_is_right_is_right(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Late, merged, redacted and unopened contacts, judged by two policies: nothing differs, and nothing is written."""
    before = value_of(desk, "SELECT count(*) FROM checkpoints")
    ended = gateway(capsys, "db", "verify", "--config", desk.config)
    assert ended == Ended(0, "", "5 contacts, 80 events: all are what their journal says\n")
    summary = {"contacts": 5, "events": 80, "differ": 0, "strays": 0, "await": 0, "held": 0, "put_off": 0}
    assert verified(desk, capsys) == (0, [{**summary, "stopped": False}])
    assert before > 0


def test_one_contact_alone(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """By a vendor's id; one that isn't there is told."""
    assert verified(desk, capsys, "--contact", LONG)[1][0]["contacts"] == 1
    ended = gateway(capsys, "db", "verify", "--contact", "nobody", "--config", desk.config)
    assert (ended.code, ended.out) == (1, "") and "no contact is named 'nobody'" in ended.err


def test_a_field_of_a_state(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The field, both values, and the event from which on they differ."""

    def unanswered(state: State) -> State:
        (clock, *others) = state.clocks
        return replace(state, clocks=(replace(clock, met_at=clock.met_at + 1), *others))

    with_state(desk, TALKED, unanswered)
    (place, one), *_ = only(desk, capsys, TALKED).items()
    assert (place, one["stored"]) == ("state.clocks[0].met_at", one["replayed"] + 1)
    assert one["event"].startswith("2/message.added/") and one["since"] in one["event"]


def test_a_state_that_stood_still(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing that it missed is named: up to there the history says what is kept."""
    with_state(desk, TALKED, lambda state: replace(state, contact=replace(state.contact, updated_at=1)))
    (place, one), *others = only(desk, capsys, TALKED).items()
    assert (place, one["stored"]) == ("state.contact.updated_at", 1)
    assert one["event"].startswith("2/status.changed/")
    assert [place for place, _ in others] == ["updated_at"]


def test_an_entry_of_the_ledger(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What was removed follows and isn't said; what was added is said and doesn't follow."""
    gone = value_of(desk, "SELECT id FROM ledger WHERE contact = ? ORDER BY at DESC", of(WAITING))
    false = LedgerEntry(id="msg_false", type="sla.breached", at=1_700_000_000_000, rule="r")
    entry = (of(TALKED), false.id, false.at, coding.entries.encode(false))
    run(
        desk,
        ("DELETE FROM ledger WHERE id = ?", (gone,)),
        ("INSERT INTO ledger VALUES (?, ?, ?, ?)", entry),
    )
    code, told = verified(desk, capsys)
    by_contact = {one["contact"]: one["differences"] for one in told[:-1]}
    assert (code, told[-1]["differ"]) == (1, 2)
    (missing,), (extra,) = by_contact[of(WAITING)], by_contact[of(TALKED)]
    assert (missing["path"], missing["stored"]) == (f"ledger[{gone}]", None)
    assert missing["words"].endswith("follows and isn't said")
    assert extra["words"] == "sla.breached by r at 2023-11-14T22:13:20Z is said and doesn't follow"


def test_an_entry_that_was_taken_back(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """An announcement less its correction is none."""
    row = value_of(desk, "SELECT entry FROM ledger WHERE contact = ? ORDER BY at DESC", of(WAITING))
    entry = coding.entries.decode(row)
    body = coding.entries.encode(replace(entry, stands=False))
    run(desk, ("UPDATE ledger SET entry = ? WHERE id = ?", (body, entry.id)))
    assert only(desk, capsys, WAITING)[f"ledger[{entry.id}]"]["words"].endswith("isn't said: it was taken back")


def test_an_entry_that_says_something_else(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The id is that of a breach, and the entry says that a promise of another rule was kept."""
    bodies = value_of(desk, "SELECT group_concat(hex(entry)) FROM ledger WHERE contact = ?", of(WAITING)).split(",")
    entry = next(one for one in map(coding.entries.decode, map(bytes.fromhex, bodies)) if one.type == "sla.breached")
    body = coding.entries.encode(replace(entry, type="sla.met", rule="next"))
    run(desk, ("UPDATE ledger SET entry = ? WHERE id = ?", (body, entry.id)))
    found = only(desk, capsys, WAITING)
    told = {place: (one["stored"], one["replayed"]) for place, one in found.items()}
    assert told == {
        f"ledger[{entry.id}].type": ("sla.met", "sla.breached"),
        f"ledger[{entry.id}].rule": ("next", "reply"),
    }


def test_a_lost_event(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """That one is missing is said, and which, as far as the state speaks of it."""
    lost = value_of(desk, "SELECT event FROM journal WHERE event LIKE '2/status.changed/%'")
    run(desk, ("DELETE FROM journal WHERE event = ?", (lost,)))
    found = only(desk, capsys, TALKED)
    expected = f"it was made of 3 events, and the journal has 2 events: {lost!r} is spoken of and isn't there"
    assert found["journal"]["words"] == expected
    assert (found["state.events"]["stored"], found["state.events"]["replayed"]) == (3, 2)


def test_a_lost_opening(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Then nothing could have been judged."""
    run(desk, ("DELETE FROM journal WHERE event LIKE '2/contact.opened/%'", ()))
    assert (
        only(desk, capsys, TALKED)["state"]["words"] == "it is kept as opened, and no opening of it is in the journal"
    )


def test_columns(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What a contact is found by must be what its state says."""
    wrong = {"next_due": 1, "status": "pending", "policy_since": 7, "updated_at": 8}
    settings = ", ".join(f"{column} = ?" for column in wrong)
    run(desk, (f"UPDATE contacts SET {settings} WHERE id = ?", (*wrong.values(), of(WAITING))))
    found = only(desk, capsys, WAITING)
    assert {column: one["stored"] for column, one in found.items()} == wrong
    assert {one["words"] for one in found.values()} == {"the column isn't what the state says"}


def test_cards(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """An open contact has the one that its state says, found by what it says; an ended one has none."""
    body = value_of(desk, "SELECT card FROM cards WHERE contact = ?", of(WAITING))
    other = coding.cards.encode(replace(coding.cards.decode(body), queue="elsewhere"))
    run(desk, ("UPDATE cards SET card = ?, severity = 9, version = 99 WHERE contact = ?", (other, of(WAITING))))
    found = only(desk, capsys, WAITING)
    assert found.keys() == {"card", "card.queue", "card.version"}
    assert found["card"]["words"] == "the columns of its card aren't what the card says: facet, severity"
    assert (found["card.queue"]["stored"], found["card.queue"]["replayed"]) == ("elsewhere", "general")

    run(desk, ("UPDATE cards SET contact = ? WHERE contact = ?", (of(TALKED), of(WAITING))))
    told = {one["contact"]: one["differences"][-1]["words"] for one in verified(desk, capsys)[1][:-1]}
    assert told[of(TALKED)] == "there is one, and the contact isn't open"
    assert told[of(WAITING)] == "there is none, and the contact is open"

    run(desk, ("UPDATE cards SET card = x'00'", ()))
    words = [one["differences"][0]["words"] for one in verified(desk, capsys)[1][:-1]]
    assert any(f"the card of contact {of(TALKED)} can't be read" in told for told in words)


def test_a_policy_that_is_gone(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Everybody whom it judged, or for whom it said something, is told; nothing that follows from its lack is."""
    hash = value_of(desk, "SELECT hash FROM policies ORDER BY since")
    run(desk, ("DELETE FROM policies WHERE hash = ?", (hash,)))
    code, told = verified(desk, capsys)
    words = {one["words"] for contact in told[:-1] for one in contact["differences"]}
    assert (code, told[-1]["differ"]) == (1, 4)
    assert words == {
        f"the policy {hash}, which judged it last, isn't kept",
        f"the policy {hash}, by which something was said of it, isn't kept",
    }


def test_a_policy_that_cannot_be_read(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Says so for those who need it; who was judged by none is looked at."""
    run(desk, ("UPDATE policies SET text = 'version: 99' WHERE name = 'first'", ()))
    code, told = verified(desk, capsys)
    assert code == 1
    assert all("which was in force, can't be used" in one["differences"][0]["words"] for one in told[:-1])


def test_a_checkpoint(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """One that the history doesn't pass is told with its instant."""
    as_of = value_of(desk, "SELECT as_of FROM checkpoints WHERE contact = ?", of(LONG))
    body = value_of(desk, "SELECT state FROM checkpoints WHERE contact = ? AND as_of = ?", of(LONG), as_of)
    changed = coding.checkpoints.encode(replace(coding.checkpoints.decode(body), severity=1))
    run(desk, ("UPDATE checkpoints SET state = ? WHERE contact = ? AND as_of = ?", (changed, of(LONG), as_of)))
    ((place, one),) = only(desk, capsys, LONG).items()
    assert place.startswith("checkpoint[2") and place.endswith("].severity")
    assert (one["stored"], one["words"]) == (1, "the replay passes another state")


def test_bytes_that_nobody_wrote(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """One contact that can't be read is told, and all others are looked at."""
    run(desk, ("UPDATE contacts SET state = x'00ff' WHERE id = ?", (of(TALKED),)))
    code, (told, summary) = verified(desk, capsys)
    assert (code, summary["contacts"], told["contact"]) == (1, 5, of(TALKED))
    assert f"the state of contact {of(TALKED)} can't be read" in told["differences"][0]["words"]


def test_instants_that_are_none(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A number far beyond all years is told as it stands, beside what the row's own column says."""
    row = value_of(desk, "SELECT entry FROM ledger WHERE contact = ? ORDER BY at", of(WAITING))
    entry = coding.entries.decode(row)
    body = coding.entries.encode(replace(entry, at=-(10**18)))
    run(desk, ("UPDATE ledger SET entry = ? WHERE id = ?", (body, entry.id)))
    with_state(desk, TALKED, lambda state: replace(state, policy_since=10**18))
    people = gateway(capsys, "db", "verify", "--all", "--config", desk.config)
    code, told = verified(desk, capsys)
    found = {one["path"]: one for contact in told[:-1] for one in contact["differences"]}

    assert (people.code, code, told[-1]["differ"]) == (1, 1, 2)
    assert found[f"ledger[{entry.id}].at"]["since"] == str(-(10**18))
    assert found["policy"]["since"] == str(10**18) and f"since {10**18}" in people.out
    expected = f"the ledger's row {entry.id} at {entry.at} holds {entry.id} at {-(10**18)}"
    assert found["journal"]["words"] == expected


def test_an_event_as_deep_as_nobody_wrote_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """It can't be read, which is told of its contact; the others are looked at."""
    deep = b'{"deep":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    run(desk, ("UPDATE journal SET body = ? WHERE event LIKE '2/message.added/%'", (deep,)))
    code, (told, summary) = verified(desk, capsys)
    assert (code, summary["contacts"], told["contact"]) == (1, 5, of(TALKED))
    assert "can't be read" in told["differences"][0]["words"]


def test_rows_that_belong_to_nobody(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """An event of no contact, and what is left of a contact that is gone; a name of no object in pieces."""
    run(
        desk,
        ("DELETE FROM contacts WHERE id = ?", (of("3"),)),
        ("DELETE FROM strands WHERE ref = '5'", ()),
        ("INSERT INTO assembly_names VALUES ('phones', 'link', 'a')", ()),
    )
    code, told = verified(desk, capsys)
    strays = [one["words"] for one in told if "table" in one]
    assert code == 1 and told[-1]["strays"] == len(strays) == 5
    assert sum(" of events:ticket:5 belongs to no contact" in one for one in strays) == 3
    ended = gateway(capsys, "db", "verify", "--config", desk.config)
    assert ended.err.splitlines()[:2] == [
        "5 rows of nobody",
        "stopped before the first of 4 contacts; --all goes on, and tells every place",
    ]
    assert f"strand events:ticket:3 is of contact {of('3')}, which isn't there" in strays
    assert "the name link of connector phones is of an object that isn't there" in strays
    run(desk, ("DELETE FROM journal WHERE ref = '5'", ()), ("DELETE FROM assembly_names", ()))
    ended = gateway(capsys, "db", "verify", "--config", desk.config)
    assert ended.err.startswith("1 row of nobody\nstopped before")


def test_people_are_told_the_first(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """In words, with instants as such; then it stops, and says so."""
    for ref in (WAITING, TALKED):
        run(desk, ("UPDATE contacts SET next_due = 1772442000000 WHERE id = ?", (of(ref),)))
    ended = gateway(capsys, "db", "verify", "--config", desk.config)
    first, *lines = ended.out.splitlines()
    assert ended.code == 1 and first.endswith(") is not what its journal says")
    assert lines[:2] == [
        "  next_due: the column isn't what the state says",
        "    stored:   2026-03-02T09:00:00Z (1772442000000)",
    ]
    *_, stopped, what_to_do, _ = ended.err.splitlines()
    assert stopped == "stopped at the first of 5 contacts; --all goes on, and tells every place"
    assert what_to_do.startswith("keep a copy of the database before anything else")


def test_no_database(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """69: it isn't there, it is none, or it has no tables yet."""
    file = desk.folder / "gateway.db"
    for content, words in ((b"no database at all" * 99, "is not a database"), (b"", "no tables of ours yet")):
        for log in desk.folder.glob("gateway.db-*"):
            log.unlink()
        file.write_bytes(content)
        ended = gateway(capsys, "db", "verify", "--config", desk.config)
        assert (ended.code, ended.out) == (69, "") and words in ended.err, ended.err
    file.unlink()
    assert gateway(capsys, "db", "verify", "--config", desk.config).code == 69


def test_beside_a_writer(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A gateway that has the file doesn't mind, and what it has just written is seen."""
    desk.receive(desk.opened("6", 1))
    desk.judge()
    assert verified(desk, capsys)[1][-1]["contacts"] == 6


# ── A version that isn't there yet ───────────────────────────────────────────────────────────────────────────────────


def with_pretended_version(patch: pytest.MonkeyPatch) -> None:
    """Let there be a second version of events, states and entries, in which fields are named and placed otherwise."""
    patch.setattr(coding, "EVENT", Versions(lambda told: {{"who": "author"}.get(k, k): v for k, v in told.items()}))
    patch.setattr(coding.states, "versions", Versions(lambda state: [*state[1:], state[0]]))
    patch.setattr(coding.checkpoints, "versions", coding.states.versions)
    patch.setattr(coding.entries, "versions", Versions(lambda entry: {"id": entry[0], **entry[1]}["all"]))


def put_back(desk: Desk) -> None:
    """Rewrite the database in what is then the first version: as it had been written before."""
    connection = library.driver().connect(desk.folder / "gateway.db", isolation_level=None)
    connection.create_function("older_state", 1, lambda body: body and older(body, lambda it: [it[-1], *it[:-1]]))
    connection.create_function("older_entry", 1, lambda body: older(body, lambda it: [it[0], {"all": it}]))
    connection.execute("UPDATE journal SET body = CAST(replace(body, '\"author\"', '\"who\"') AS BLOB)")
    connection.execute("UPDATE contacts SET state = older_state(state)")
    connection.execute("UPDATE checkpoints SET state = older_state(state)")
    connection.execute("UPDATE ledger SET entry = older_entry(entry)")
    connection.close()


def older(body: bytes, change: Callable[[Any], Any]) -> bytes:
    """The bytes with their plain values changed."""
    return msgspec.msgpack.encode(change(msgspec.msgpack.decode(body)))


def test_a_journal_of_two_versions(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier version wrote is read, judged further and judged again, and is what its journal says; so is what
    is written beside it. An earlier program refuses it, and says why."""
    put_back(desk)
    with monkeypatch.context() as patch:
        with_pretended_version(patch)
        assert verified(desk, capsys)[0] == 0
        late = desk.event(LONG, "message.added", 60.5, author={"kind": "agent"})
        desk.receive(late, desk.event(TALKED, "message.added", 0.1, author={"kind": "customer"}), desk.opened("6", 1))
        desk.judge()
        marked = {
            table: value_of(desk, f"SELECT count(*) FROM {table} WHERE substr({column}, 1, 2) = x'c102'")
            for table, column in (("journal", "body"), ("contacts", "state"), ("ledger", "entry"))
        }
        assert (marked["journal"], marked["contacts"]) == (3, 3) and marked["ledger"] > 0
        code, (summary,) = verified(desk, capsys)
        assert (code, summary["contacts"], summary["events"]) == (0, 6, 83)
    assert "is of version 2, and this program reads 1 at most" in str(verified(desk, capsys))
