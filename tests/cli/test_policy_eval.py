"""`gateway policy eval`: what people see of the rules, by the golden vectors and by hostile files."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.evaluate import evaluate, read_events
from gateway.policy.load import load_policy
from tests.cli.commands import Ended, gateway

POLICY = """\
version: 1
name: test
calendars:
  desk:
    timezone: {zone}
    hours: {{{days}: "{hours}"}}
    {holidays}
sla:
  - {{id: reply, metric: {metric}, within: {within}, calendar: desk, warn: [{warn}]}}
queues: {{general: {{team: t1}}}}
routing: [{{id: default, queue: general}}]
"""


def policy_text(
    hours: str,
    within: str,
    *,
    zone: str = "UTC",
    days: str = "mon-fri",
    metric: str = "first_reply",
    warn: str = "",
    holidays: str = "",
) -> str:
    """A policy of one rule on one calendar."""
    return POLICY.format(**locals())


def opened(at: str, **fields: Any) -> dict[str, Any]:
    """A ticket by e-mail."""
    return {"type": "contact.opened", "at": at, "kind": "ticket", "channel": "email", **fields}


def evaluated(text: str, events: list[dict[str, Any]], at: str, tmp: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """What the command prints, decoded; it must end well."""
    ended = asked(text, json.dumps(events).encode(), at, tmp, capsys)
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def asked(text: str, events: bytes, at: str, tmp: Path, capsys: pytest.CaptureFixture[str]) -> Ended:
    """Run the command on a policy's text and the bytes of an events file."""
    (tmp / "policy.yaml").write_text(text, encoding="utf-8")
    (tmp / "events.json").write_bytes(events)
    return gateway(
        capsys, "policy", "eval", "--policy", tmp / "policy.yaml", "--events", tmp / "events.json", "--at", at
    )


US = "holidays: [{country: US}]"
LA, NY = "America/Los_Angeles", "America/New_York"
EVENING = {"zone": NY, "days": "mon-sun"}


@pytest.mark.parametrize(
    ("text", "start", "due"),
    [
        (policy_text("09:00-17:00", "1h"), "2026-03-06T16:30:00Z", "2026-03-09T09:30:00Z"),
        (policy_text("08:00-17:00", "4h", zone=LA), "2025-03-07T16:00:00-08:00", "2025-03-10T18:00:00Z"),
        (policy_text("08:00-17:00", "4h", zone=LA, holidays=US), "2025-07-03T16:00:00-07:00", "2025-07-07T18:00:00Z"),
        (policy_text("06:00-02:00", "1h", **EVENING), "2026-03-03T01:30:00-05:00", "2026-03-03T11:30:00Z"),
        (policy_text("18:00-02:00", "8h", **EVENING), "2025-03-08T18:00:00-05:00", "2025-03-09T07:00:00Z"),
        (policy_text("18:00-02:00", "9h", **EVENING), "2025-11-01T18:00:00-04:00", "2025-11-02T07:00:00Z"),
    ],
    ids=["weekend", "clocks change", "holiday", "past midnight", "short evening", "long evening"],
)
def test_golden_deadlines(text: str, start: str, due: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A deadline is the earliest instant at which the calendar has been open for the target."""
    view = evaluated(text, [opened(start)], start, tmp_path, capsys)

    assert [clock["due_at"] for clock in view["clocks"]] == [due]
    assert view["next_due"] == due


def test_a_warning_before_the_deadline_counts_open_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`1h before` is target minus an hour of the calendar: due Tuesday 11:00, warned Tuesday 10:00."""
    text = policy_text("08:00-18:00", "4h", warn="1h before")

    view = evaluated(text, [opened("2026-03-02T17:00:00Z")], "2026-03-03T10:30:00Z", tmp_path, capsys)

    assert view["clocks"][0]["due_at"] == "2026-03-03T11:00:00Z"
    assert [(said["type"], said["at"]) for said in view["effects"] if said["type"].startswith("sla")] == [
        ("sla.warned", "2026-03-03T10:00:00Z")
    ]


def test_pausing_in_closed_hours_moves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`agent_work` that is on hold from closing to opening keeps its deadline."""
    text = policy_text("09:00-17:00", "10h", metric="agent_work")
    start = opened("2026-03-02T09:00:00Z", id="o")
    night = [
        {"type": "status.changed", "at": "2026-03-02T17:00:00Z", "to": "on_hold", "id": "h"},
        {"type": "status.changed", "at": "2026-03-03T09:00:00Z", "to": "open", "id": "r"},
    ]
    at = "2026-03-03T10:00:00Z"

    held = evaluated(text, [start, *night], at, tmp_path, capsys)["clocks"][0]
    not_held = evaluated(text, [start], at, tmp_path, capsys)["clocks"][0]

    assert held["due_at"] == not_held["due_at"] == "2026-03-03T11:00:00Z"
    assert held["elapsed_s"] == not_held["elapsed_s"] == 9 * 3600


def test_the_breach_is_at_the_deadline_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked at the deadline with nothing that meets it, a clock is breached; a millisecond earlier it runs."""
    text = policy_text("09:00-17:00", "1h")
    events = [opened("2026-03-06T16:30:00Z")]

    before = evaluated(text, events, "2026-03-09T09:29:59.999Z", tmp_path, capsys)
    then = evaluated(text, events, "2026-03-09T09:30:00Z", tmp_path, capsys)

    assert (before["clocks"][0]["state"], before["clocks"][0]["elapsed_s"]) == ("running", 3599.999)
    assert (then["clocks"][0]["state"], then["next_due"]) == ("breached", None)


def test_the_output_has_its_parts_in_a_fixed_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The parts come as documented, and a clock has every field, `null` where there is nothing."""
    view = evaluated(
        policy_text("09:00-17:00", "1h"), [opened("2026-03-06T16:30:00Z")], "2026-03-06T16:45:00Z", tmp_path, capsys
    )

    assert list(view) == ["contact", "clocks", "route", "escalations", "effects", "next_due"]
    assert view["clocks"] == [
        {
            "rule": "reply",
            "metric": "first_reply",
            "instance": 1,
            "state": "running",
            "started_at": "2026-03-06T16:30:00Z",
            "due_at": "2026-03-09T09:30:00Z",
            "met_at": None,
            "breached_at": None,
            "cancelled_at": None,
            "target_s": 3600,
            "elapsed_s": 900,
            "calendar": "desk",
        }
    ]
    assert {"rule": "default", "queue": "general", "skills": [], "priority": 0}.items() <= view["route"].items()
    assert [said["type"] for said in view["effects"]] == ["contact.opened", "contact.routed"]


@pytest.mark.parametrize("events", [[], [opened("2026-03-02T10:00:00.001Z")]], ids=["none", "later"])
def test_without_an_opening_there_is_no_contact(
    events: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An opening after the instant is checked, not applied: nobody is there yet, and nothing is due."""
    view = evaluated(policy_text("09:00-17:00", "1h"), events, "2026-03-02T10:00:00Z", tmp_path, capsys)

    assert view == {"contact": None, "clocks": [], "route": None, "escalations": [], "effects": [], "next_due": None}


def test_events_after_the_instant_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong event is an error wherever it stands in time, and a right one that comes later changes nothing."""
    text, at = policy_text("09:00-17:00", "1h"), "2026-03-02T10:00:00Z"
    start = opened("2026-03-02T09:30:00Z", id="o")
    later: dict[str, Any] = {"type": "message.added", "at": "2026-03-02T10:05:00Z", "author": {"kind": "agent"}}

    alone = evaluated(text, [start], at, tmp_path, capsys)
    assert evaluated(text, [start, later], at, tmp_path, capsys) == alone
    assert alone["next_due"] == "2026-03-02T10:30:00Z"

    later["author"] = {"kind": "nobody"}
    ended = asked(text, json.dumps([start, later]).encode(), at, tmp_path, capsys)
    assert ended.code == 1
    assert "event 1: " in ended.err


STORY: list[dict[str, Any]] = [
    opened("2026-03-02T09:00:00Z", tags=["a"], fields={"x": 1, "y": True}),
    {"type": "message.added", "at": "2026-03-02T09:00:00Z", "id": "m1", "author": {"kind": "customer"}},
    {"type": "message.added", "at": "2026-03-02T09:20:00Z", "id": "m2", "author": {"kind": "agent"}},
    {"type": "status.changed", "at": "2026-03-02T09:20:00Z", "id": "s1", "to": "pending"},
    {"type": "status.changed", "at": "2026-03-02T09:20:00Z", "id": "s2", "to": "open", "sequence": 2},
    {"type": "contact.observed", "at": "2026-03-02T10:00:00Z", "id": "c", "fields": {"y": 2, "x": 3}},
    {"type": "contact.observed", "at": "2026-03-02T10:00:00Z", "id": "c", "fields": {"x": 3, "y": 2}},
    {"type": "csat.received", "at": "2026-03-02T11:00:00Z", "score": 1, "min": 0, "max": 5, "rev": 1, "id": "k"},
    {"type": "csat.received", "at": "2026-03-02T11:00:00Z", "score": 1, "min": 0, "max": 5, "id": "k"},
    {"type": "status.changed", "at": "2026-03-02T12:00:00Z", "id": "s3", "to": "solved"},
]
LOADED = load_policy(policy_text("09:00-17:00", "30m", warn="50%"), "policy.yaml").policy
AT = 1_772_460_000_000


def printed(events: list[dict[str, Any]]) -> bytes:
    """What would be printed of these events, in this order."""
    import msgspec

    return msgspec.json.encode(evaluate(read_events(json.dumps(events).encode()), LOADED, AT).view)


@given(st.permutations(STORY))
def test_any_order_gives_the_same_bytes(events: list[dict[str, Any]]) -> None:
    """The same events in any order, some told twice in other words, give the same output, byte for byte."""
    assert printed(events) == printed(STORY)


def test_the_command_prints_the_same_bytes_in_any_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What holds for the values holds for what is printed."""
    text = policy_text("09:00-17:00", "30m", warn="50%")
    orders = [STORY, STORY[::-1], STORY[5:] + STORY[:5]]

    outs = {asked(text, json.dumps(order).encode(), "2026-03-02T14:00:00Z", tmp_path, capsys).out for order in orders}

    assert len(outs) == 1
    assert json.loads(outs.pop())["contact"]["status"] == "solved"


def test_ids_are_hashes_of_the_content() -> None:
    """Two events without an id are two facts if they differ, and one if they don't."""
    first, second = opened("2026-03-02T09:00:00Z"), opened("2026-03-02T09:00:00Z", subject="other")

    ids = [event.id for event in read_events(json.dumps([first, second, first]).encode())]

    assert ids[0] == ids[2] != ids[1]


REF, OTHER = {"kind": "ticket", "id": "1"}, {"kind": "ticket", "id": "2"}
START = opened("2026-03-02T09:00:00Z", id="o", ref=REF)


def test_events_without_a_ref_belong_to_the_one_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ref` is optional: all events are of one contact."""
    reply = {"type": "message.added", "at": "2026-03-02T09:10:00Z", "id": "m", "author": {"kind": "agent"}}

    view = evaluated(policy_text("09:00-17:00", "1h"), [reply, START], "2026-03-02T10:00:00Z", tmp_path, capsys)

    assert view["contact"]["refs"] == [{"connector": "events", "kind": "ticket", "id": "1"}]
    assert view["clocks"][0]["state"] == "met"


WRONG = [
    (b"", "not JSON"),
    (b"[1", "not JSON"),
    (b"\xff\xfe[]", "not JSON"),
    (b'["\xff"]', "UTF-8"),
    (b"[NaN]", "not JSON"),
    (b"[" * 100_000, "nests too deeply"),
    (b'{"events": []}', "expected a list"),
    (b"[5]", "event 0: expected an object"),
    (b'[{"facts": ' + b"[" * 70 + b"]" * 70 + b"}]", "event 0: it nests deeper than 64 levels"),
    (b"[{}]", "event 0: "),
    (json.dumps([START, {"type": "nothing.known"}]).encode(), "event 1: Invalid value 'nothing.known'"),
    (json.dumps([START, {**START, "type": ["x"]}]).encode(), "event 1: "),
    (json.dumps([START, {**START, "id": 5}]).encode(), "event 1: Expected `str`"),
    (json.dumps([START, {**START, "id": "x" * 201}]).encode(), "event 1: Expected `str` of length <= 200"),
    (
        json.dumps([START, {**START, "at": "2026-03-02T09:00:00"}]).encode(),
        "event 1: '2026-03-02T09:00:00' has no zone",
    ),
    (json.dumps([START, {**START, "at": 5}]).encode(), "event 1: a time is text"),
    (json.dumps([START, {**START, "at": "1999-12-31T23:59:59Z"}]).encode(), "event 1: `at` lies before 2000"),
    (json.dumps([START, {**START, "at": "0001-01-01T00:00:00+14:00"}]).encode(), "event 1: "),
    (json.dumps([START, {**START, "sequence": 2**63}]).encode(), "event 1: `sequence` is out of range"),
    (json.dumps([START, {**START, "rev": -1}]).encode(), "event 1: `rev` is out of range"),
    (json.dumps([START, {**START, "colour": "red"}]).encode(), "event 1: Object contains unknown field `colour`"),
    (json.dumps([START, {**START, "ref": OTHER}]).encode(), "event 1: its `ref` is another one"),
    (json.dumps([{**START, "ref": {"kind": "", "id": "1"}}]).encode(), "event 0: `ref.kind` has 0 characters"),
    (json.dumps([START, {**START, "subject": "other"}]).encode(), "event 1: the id 'o' was used before"),
    (json.dumps([START, {**START, "rev": 1, "subject": "other"}]).encode(), "event 1: the id 'o' was used before"),
]


@pytest.mark.parametrize(("content", "why"), WRONG, ids=[why for _, why in WRONG])
def test_wrong_events_are_named_by_their_position(
    content: bytes, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands in the file, the command ends with 1, says where and why in one line, and prints no data."""
    ended = asked(policy_text("09:00-17:00", "1h"), content, "2026-03-02T10:00:00Z", tmp_path, capsys)

    assert (ended.code, ended.out) == (1, "")
    assert why in ended.err
    assert ended.err.count("\n") == 1


def test_a_wrong_policy_shows_every_error_at_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 78, and each mistake as file:line:column: id: message."""
    text = policy_text("09:00-17:00", "soon", metric="wait").replace("desk, warn", "nowhere, warn")

    ended = asked(text, b"[]", "2026-03-02T10:00:00Z", tmp_path, capsys)

    assert (ended.code, ended.out) == (78, "")
    places = [line.rsplit("policy.yaml:", 1)[1].split(":")[:2] for line in ended.err.splitlines()]
    assert len(places) == 3
    assert all(line == "9" and column.isdigit() for line, column in places)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"\xff\xfe\x00", "not text in UTF-8"), (b"a: [" * 5_000, ""), (b"\x00", ""), (b"- 1\n", ""), (b"", "")],
    ids=["no text", "nested", "null", "list", "empty"],
)
def test_a_hostile_policy_is_refused(
    content: bytes, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes that are no policy end with 78 and a place, never with a fault."""
    path = tmp_path / "hostile.yaml"
    path.write_bytes(content)
    (tmp_path / "events.json").write_bytes(b"[]")

    ended = gateway(
        capsys, "policy", "eval", "--policy", path, "--events", tmp_path / "events.json", "--at", "2026-03-02T10:00:00Z"
    )

    assert ended.code == 78
    assert f"{path}:" in ended.err
    assert why in ended.err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that isn't there is a wrong policy (78), events that aren't there a wrong command (2)."""
    (tmp_path / "policy.yaml").write_text(policy_text("09:00-17:00", "1h"))
    at = ("--at", "2026-03-02T10:00:00Z")

    policy = gateway(capsys, "policy", "eval", "--policy", tmp_path / "no", "--events", tmp_path / "no", *at)
    events = gateway(capsys, "policy", "eval", "--policy", tmp_path / "policy.yaml", "--events", tmp_path / "no", *at)

    assert (policy.code, events.code) == (78, 2)
    assert policy.err.startswith(f"{tmp_path / 'no'}:1:1: GW101: ")
    assert "No such file" in events.err


@pytest.mark.parametrize("at", ["yesterday", "2026-03-02", "2026-03-02T10:00:00", "", "2026-13-02T10:00:00Z"])
def test_an_instant_that_is_none_is_a_wrong_command(
    at: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--at` takes RFC 3339 with a zone, and nothing else."""
    ended = asked(policy_text("09:00-17:00", "1h"), b"[]", at, tmp_path, capsys)

    assert (ended.code, ended.out) == (2, "")
    assert "--at" in ended.err


def test_presets_are_policies_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`preset:NAME` is a policy that comes along; one that doesn't is wrong, with a hint."""
    (tmp_path / "events.json").write_text(json.dumps([opened("2026-03-02T09:00:00Z", priority="urgent")]))
    rest = ("--events", tmp_path / "events.json", "--at", "2026-03-02T10:00:00Z")

    known = gateway(capsys, "policy", "eval", "--policy", "preset:orion", *rest)
    unknown = gateway(capsys, "policy", "eval", "--policy", "preset:orin", *rest)

    assert known.code == 0
    assert json.loads(known.out)["contact"]["severity"] == 1
    assert unknown.code == 78
    assert "did you mean 'orion'?" in unknown.err


def test_a_rule_that_fails_is_named_and_the_others_decide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A condition that divides by zero counts as false, is told on standard error, and the next rule still matches."""
    text = policy_text("09:00-17:00", "1h").replace(
        "sla:\n", "sla:\n  - {id: bad, when: '1 / size(contact.tags) > 0', metric: first_reply, within: 5m}\n"
    )

    ended = asked(text, json.dumps([START]).encode(), "2026-03-02T09:30:00Z", tmp_path, capsys)

    assert ended.code == 0
    assert [clock["rule"] for clock in json.loads(ended.out)["clocks"]] == ["reply"]
    assert "rule bad could not be evaluated" in ended.err
