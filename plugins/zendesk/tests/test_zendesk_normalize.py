"""What Zendesk's payloads mean: every sample, and every sample with something wrong in it."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateway_zendesk import Zendesk
from gateway_zendesk.reading import LAST
from gateway_zendesk.settings import ZendeskSettings
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.plugin import (
    UNSET,
    BadPayload,
    ContactAssigned,
    ContactDeleted,
    ContactMerged,
    ContactObserved,
    ContactOpened,
    ContactRedacted,
    Context,
    CsatReceived,
    Customer,
    Event,
    Fetch,
    Instant,
    MessageAdded,
    MessageEdited,
    Person,
    Record,
    Ref,
    StatusChanged,
    encode_event,
    parse_instant,
)

SAMPLES = Path(__file__).parent / "samples"
NAMES = sorted(path.name for path in SAMPLES.glob("*.json"))
NOW = parse_instant("2026-03-02T09:00:00Z")
TICKET = Ref("ticket", "42")
ADA = Customer(
    id="370000000021",
    email="ada@customer.example",
    phone="+14155550100",
    name="Ada Customer",
    verified=("ada@customer.example",),
)


def normalize(body: Any, form: Any = "push", received_at: int = NOW, **settings: Any) -> list[Any]:
    context: Any = Context(http=None)  # type: ignore[arg-type]
    connector = Zendesk("zendesk", ZendeskSettings(**{"subdomain": "acme", **settings}), context)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    record = Record(body=raw, form=form, received_at=Instant(received_at))
    return list(connector.normalize(record))


def form_of(name: str) -> str:
    return name.split("_")[0].removesuffix(".json")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


def said(name: str, **changes: Any) -> list[Any]:
    return normalize({**sample(name), **changes}, form_of(name))


def of_type(items: list[Any], kind: type) -> list[Any]:
    return [item for item in items if isinstance(item, kind)]


def at(text: str) -> int:
    return parse_instant(text)


def test_a_created_ticket_opens_and_is_looked_up() -> None:
    """A push of a creation tells what can't change, and the ticket as it was; the object is looked up."""
    opened, observed, fetch = said("push_created.json")
    assert opened == ContactOpened(
        id="ticket:42:opened",
        at=parse_instant("2026-03-02T08:30:00Z"),
        ref=TICKET,
        kind="ticket",
        channel="email",
        customer=Customer(id="370000000021"),
    )
    assert isinstance(observed, ContactObserved)
    assert (observed.rev, observed.priority, observed.status, observed.tags) == (0, "urgent", "new", ("login",))
    assert (observed.subject, observed.group, observed.assignee) == ("I can't log in", None, None)
    assert (type(fetch), fetch.ref) == (Fetch, TICKET)


def test_a_pushed_comment_is_the_message_that_the_log_tells_again() -> None:
    """Push and log give one id, one time and one author; the log's revision is higher, nothing else differs."""
    log = {event.id: event for event in said("fetched_audits.json")}
    for name in ("push_comment_agent.json", "push_comment_note.json"):
        (pushed,) = said(name)
        from_log = log[pushed.id]
        assert isinstance(pushed, MessageAdded)
        assert pushed.rev == 0 < from_log.rev
        assert encode_event(pushed) == encode_event(replace(from_log, rev=0))


@pytest.mark.parametrize("name", ["push_status.json", "push_tags.json", "push_unheard.json", "push_trigger.json"])
def test_a_push_without_the_facts_id_is_a_look_up(name: str) -> None:
    """A change that a push doesn't name by the log's id, an unknown type, and a trigger's own body: no event."""
    (fetch,) = said(name)
    assert isinstance(fetch, Fetch)
    assert fetch.ref == TICKET


def test_ends_are_named_by_the_ticket() -> None:
    """Merging and deleting happen to a ticket once; a purge redacts as well."""
    when = parse_instant("2026-03-02T09:00:00Z")
    assert said("push_merged.json") == [
        ContactMerged(id="ticket:42:merged", at=when, ref=TICKET, sequence=LAST, into=Ref("ticket", "41"))
    ]
    assert said("push_deleted.json") == [
        ContactDeleted(id="ticket:42:deleted", at=when, ref=TICKET, sequence=LAST, rev=1)
    ]
    deleted, redacted = said("push_purged.json")
    assert isinstance(deleted, ContactDeleted)
    assert redacted == ContactRedacted(id="ticket:42:scrubbed", at=when, ref=TICKET, sequence=LAST, all=True)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "zen:event-type:user.deleted", "id": "x", "subject": "zen:user:7", "detail": {"id": "7"}},
        {"type": "zen:event-type:organization.created", "detail": {"id": "7"}},
        {"type": "zen:event-type:ticket.created", "detail": {"id": "0"}},
        {"type": "zen:event-type:ticket.created", "subject": "zen:ticket:"},
        {"id": "42"},
        {"ticket_id": ""},
        {"ticket_id": "-1"},
        {"ticket_id": "4 2"},
        {"ticket_id": "4²"},
        {"ticket_id": 4.2},
        {"ticket_id": True},
        {"ticket_id": 10**30},
        {"ticket": {"id": None}},
        {},
        [],
        None,
        "42",
    ],
)
def test_what_names_no_ticket_is_bad(body: Any) -> None:
    """A push from which no ticket can be told is BadPayload."""
    with pytest.raises(BadPayload):
        normalize(body)


@pytest.mark.parametrize("body", [{"ticket_id": 42}, {"ticket_id": "42"}, {"ticket": {"id": "42"}}])
def test_a_triggers_body_may_name_the_ticket_in_its_own_way(body: Any) -> None:
    """A number, text, or an object."""
    (fetch,) = normalize(body)
    assert fetch.ref == TICKET


@pytest.mark.parametrize(("name", "version"), [("row.json", 1772441281), ("fetched_ticket.json", 1772441280)])
def test_a_snapshot_is_an_opening_and_an_observation(name: str, version: int) -> None:
    """The opening carries what can't change, the observation the rest, at the version's time and under its name."""
    opened, observed, *rest = said(name)
    assert [type(item) for item in rest] == ([Fetch] if name == "row.json" else [])
    assert opened == ContactOpened(
        id="ticket:42:opened",
        at=parse_instant("2026-03-02T08:30:00Z"),
        ref=TICKET,
        rev=1,
        kind="ticket",
        channel="email",
        customer=Customer(id="370000000021"),
    )
    assert observed == ContactObserved(
        id=f"ticket:42:observed:{version}",
        at=Instant(version * 1000),
        ref=TICKET,
        rev=1,
        subject="I can't log in",
        customer=ADA,
        tags=("login", "fraud"),
        priority="urgent",
        group="370000000701",
        assignee="370000000011",
        fields={
            "370000000801": "gold",
            "370000000803": "a,b",
            "370000000804": True,
            "370000000805": 3.5,
            "custom_status": None,
            "link": "https://acme.zendesk.com/agent/tickets/42",
        },
        language="en-US",
        status="on_hold",
    )


def test_an_observation_within_its_second_is_not_final() -> None:
    """A version that was read before its second was surely over gives way to one that was read later."""
    body, version = sample("fetched_ticket.json"), at("2026-03-02T08:48:00Z")
    revs = [normalize(body, "fetched", version + ms)[1].rev for ms in (-5_000, 0, 1_999, 2_000, 60_000)]
    assert revs == [0, 0, 0, 1, 1]


def test_nothing_known_is_nothing_said() -> None:
    """What a snapshot lacks stays unknown, and null clears."""
    ticket = sample("row.json")["ticket"]
    for key in (
        "subject",
        "priority",
        "assignee_id",
        "group_id",
        "tags",
        "custom_fields",
        "requester_id",
        "custom_status_id",
    ):
        ticket.pop(key)
    hidden = {"subdomain": None, "base_url": "https://proxy.example"}
    opened, observed, _ = normalize({"ticket": ticket}, "row", **hidden)
    assert opened.customer is UNSET
    for name in ("subject", "priority", "assignee", "group", "tags", "fields", "customer", "language"):
        assert getattr(observed, name) is UNSET, name
    ticket.update(subject=None, priority=None, assignee_id=None, group_id=None)
    _, observed, _ = normalize({"ticket": ticket}, "row")
    for name in ("subject", "priority", "assignee", "group"):
        assert getattr(observed, name) is None, name


def test_staff_who_write_first_open_outbound() -> None:
    """A ticket that staff opened for somebody else is outbound."""
    body = sample("fetched_ticket.json")
    body["ticket"]["submitter_id"] = 370000000011
    assert normalize(body, "fetched")[0].direction == "outbound"
    body["users"] = []
    assert normalize(body, "fetched")[0].direction == "inbound"


def test_a_deleted_row_ends_and_a_scrubbed_one_redacts() -> None:
    """Deletion is dated by `updated_at`, in both rows alike; a scrubbed row tells nothing that it has overwritten."""
    opened, observed, deleted = said("row_deleted.json")
    assert (opened.rev, observed.status, observed.tags) == (1, UNSET, ("login", "fraud"))
    scrubbed = said("row_scrubbed.json")
    assert scrubbed[1] == deleted
    assert deleted == ContactDeleted(
        id="ticket:42:deleted", at=parse_instant("2026-03-02T08:48:00Z"), ref=TICKET, sequence=LAST, rev=1
    )
    assert scrubbed[2].all is True
    assert (scrubbed[0].rev, scrubbed[0].customer) == (0, Customer(id="370000000021"))
    assert (scrubbed[3].tags, scrubbed[3].subject, scrubbed[3].status) == ((), UNSET, UNSET)


def test_the_log_says_everything_under_its_own_ids() -> None:
    """Each entry of the log is an event under its own id; kinds that nobody knows are passed over."""
    items = {item.id: item for item in said("fetched_audits.json")}
    assert set(items) == {
        "comment:2000000001",
        "comment:2000000101",
        "comment:2000000102",
        "comment:2000000131",
        "comment:2000000141",
        "audit:2000000100:2000000002",
        "audit:2000000100:2000000003",
        "audit:2000000100:2000000004",
        "audit:2000000100:2000000005",
        "audit:2000000110:2000000103",
        "audit:2000000110:2000000104",
        "audit:2000000110:2000000105",
        "audit:2000000130:2000000132",
        "audit:2000000130:2000000133",
        "audit:2000000130:2000000134",
        "audit:2000000130:2000000135",
        "audit:2000000130:2000000137",
        "audit:2000000130:2000000138",
    }
    common = {"ref": TICKET, "rev": 1}
    late: Any = {**common, "at": parse_instant("2026-03-02T08:48:00Z")}
    answer: Any = {**common, "at": parse_instant("2026-03-02T08:45:10Z")}
    assert items["audit:2000000110:2000000103"] == StatusChanged(
        id="audit:2000000110:2000000103", sequence=2000000103, to="open", **answer
    )
    assert items["audit:2000000110:2000000104"] == ContactAssigned(
        id="audit:2000000110:2000000104", sequence=2000000104, assignee="370000000011", **answer
    )
    assert items["audit:2000000130:2000000138"].to == "on_hold"
    assert items["audit:2000000130:2000000133"].fields == {"370000000801": None}
    assert items["audit:2000000130:2000000134"].customer == ADA
    assert items["audit:2000000130:2000000135"] == CsatReceived(
        id="audit:2000000130:2000000135", sequence=2000000135, score=0.0, min=0.0, max=1.0, **late
    )
    assert items["audit:2000000130:2000000137"] == MessageEdited(
        id="audit:2000000130:2000000137", sequence=2000000137, message="comment:2000000001", **late
    )


def test_authors_are_who_they_are() -> None:
    """Customer, agent, note and system are told apart; what a rule wrote is automatic."""
    messages = {item.id: item for item in of_type(said("fetched_audits.json"), MessageAdded)}
    customer, agent, note, rule = (messages[f"comment:20000{n}"] for n in ("00001", "00101", "00102", "00131"))
    assert (customer.author.kind, customer.visibility, customer.auto) == ("customer", "public", False)
    assert (agent.author, agent.visibility) == (Person("agent", "370000000011", "Agnes Agent"), "public")
    assert (note.author.kind, note.visibility) == ("agent", "internal")
    assert (rule.author.kind, rule.auto) == ("system", True)
    in_an_agents_name = messages["comment:2000000141"]
    assert (in_an_agents_name.author.kind, in_an_agents_name.auto) == ("agent", True)


def test_who_is_not_known_meets_no_clock() -> None:
    """Without roles, a public author counts as a customer, and a comment that doesn't say who sees it as internal."""
    body = sample("fetched_audits.json")
    body["users"] = []
    kinds = {m.id: m.author.kind for m in of_type(normalize(body, "fetched"), MessageAdded)}
    assert kinds["comment:2000000101"] == "customer"
    assert kinds["comment:2000000102"] == "agent"
    del body["audits"][1]["events"][0]["public"]
    silent = {m.id: m.visibility for m in of_type(normalize(body, "fetched"), MessageAdded)}
    assert silent["comment:2000000101"] == "internal"


@pytest.mark.parametrize(
    ("channel", "kind", "ours"),
    [
        ("email", "ticket", "email"),
        ("mail", "ticket", "email"),
        (4, "ticket", "email"),
        ("web", "ticket", "web"),
        ("web_form", "ticket", "web"),
        (0, "ticket", "web"),
        ("api", "ticket", "api"),
        ("web_service", "ticket", "api"),
        ("voice", "call", "phone"),
        (34, "call", "phone"),
        ("phone_call_outbound", "call", "phone"),
        ("chat", "chat", "chat"),
        (29, "chat", "chat"),
        ("WHATSAPP", "chat", "whatsapp"),
        ("native_messaging", "chat", "in_app"),
        (57, "chat", "sms"),
        ("twitter_dm", "mention", "social"),
        ("something_new", "ticket", "other"),
        (999, "ticket", "other"),
        (-1, "ticket", "other"),
        (None, "ticket", "other"),
    ],
)
def test_a_channel_has_three_vocabularies(channel: Any, kind: str, ours: str) -> None:
    """The API's words, the webhooks' words and the numbers give one channel; an unknown one is `other`."""
    ticket = {**sample("row.json")["ticket"], "via": {"channel": channel}}
    opened = normalize({"ticket": ticket}, "row")[0]
    assert (opened.kind, opened.channel) == (kind, ours)
    assert opened.direction == ("outbound" if channel == "phone_call_outbound" else "inbound")


def test_messaging_is_a_chat_whatever_its_channel() -> None:
    """A ticket of Zendesk's messaging is a chat in the app."""
    ticket = {**sample("row.json")["ticket"], "via": {"channel": "web_widget"}, "from_messaging_channel": True}
    opened = normalize({"ticket": ticket}, "row")[0]
    assert (opened.kind, opened.channel) == ("chat", "in_app")


@pytest.mark.parametrize(("word", "ours"), [("hold", "on_hold"), ("NEW", "new"), ("archived", "closed")])
def test_a_status_is_ours(word: str, ours: str) -> None:
    """`hold` is on_hold, in either case."""
    ticket = {**sample("row.json")["ticket"], "status": word}
    assert normalize({"ticket": ticket}, "row")[1].status == ours


def test_an_unknown_status_or_priority_stays_unknown() -> None:
    """A word that Zendesk invents later is no error."""
    ticket = {**sample("row.json")["ticket"], "status": "dreaming", "priority": "whenever"}
    observed = normalize({"ticket": ticket}, "row")[1]
    assert (observed.status, observed.priority) == (UNSET, UNSET)


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*here, key)
        yield from paths(part, (*here, key))


def changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    whole = copy.deepcopy(value)
    part = whole
    for key in path[:-1]:
        part = part[key]
    if change is DROP:
        del part[path[-1]]
    else:
        part[path[-1]] = change
    return whole


DROP = object()
CHANGES = [DROP, None, [], {}, "", "0", 0, -1, True, "x", 10**30, 1e300, [[]], [None], "9" * 50, "\x00", "é"]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_with_anything_wrong_is_events_or_bad(name: str) -> None:
    """Every key of every sample dropped, nulled, or turned into something else: events, look-ups or BadPayload, and the
    events can be written down."""
    whole = sample(name)
    tried = 0
    for path in paths(whole):
        for change in CHANGES:
            tried += 1
            try:
                items = normalize(changed(whole, path, change), form_of(name))
            except BadPayload as error:
                assert str(error)
                continue
            for item in items:
                if not isinstance(item, Fetch):
                    assert len(item.id) <= 200
                    assert encode_event(item)
    assert tried >= len(CHANGES)


@pytest.mark.parametrize("form", ["push", "row", "fetched"])
@pytest.mark.parametrize("body", [b"", b"nope", b"\xff", b"[]", b"null", b"5", b"[" * 5000, b"{}", b'{"tickets": 5}'])
def test_nonsense_is_bad(form: str, body: bytes) -> None:
    """Whatever is signed or answered and can't be read is BadPayload."""
    with pytest.raises(BadPayload):
        normalize(body, form)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_sample_with_any_value_anywhere_is_events_or_bad(data: st.DataObject) -> None:
    """Any JSON at any place of any sample: events, look-ups or BadPayload."""
    name = data.draw(st.sampled_from(NAMES))
    whole = sample(name)
    path = data.draw(st.sampled_from(sorted(paths(whole), key=str)))
    try:
        normalize(changed(whole, path, data.draw(json_values)), form_of(name))
    except BadPayload:
        return


def test_normalizing_twice_says_the_same() -> None:
    """A record always means the same."""
    for name in NAMES:
        first: list[Event | Fetch] = said(name)
        assert first == said(name)
