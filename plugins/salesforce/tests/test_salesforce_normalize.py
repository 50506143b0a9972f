"""What cases, and what hangs on them, say."""

from typing import Any

import pytest
from gateway_salesforce.reading import id18, moment
from gateway_salesforce.words import Dictionary, channel_of, channel_of_session, direction_of_call, direction_of_session
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from gateway.plugin import (
    UNSET,
    BadPayload,
    ContactAssigned,
    ContactDeleted,
    ContactMerged,
    ContactObserved,
    ContactOpened,
    Customer,
    Instant,
    MessageAdded,
    Person,
    StatusChanged,
    parse_instant,
)

NOW = parse_instant("2026-03-02T09:00:00Z")
MINUTE = 60_000


def of(body: Any, kind: Any, account: Any, **settings: Any) -> list[Any]:
    """The events of one class that a body tells."""
    return [event for event in account({}, **settings).reads(body) if isinstance(event, kind)]


def observed(row: Any, account: Any, **settings: Any) -> Any:
    """How a case is observed."""
    [found] = of({"object": "Case", "rows": [row]}, ContactObserved, account, **settings)
    return found


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("500D000000JVDhX", "500D000000JVDhXIAX"),
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("000000000000000", "000000000000000AAA"),
        ("zzzzzzzzzzzzzzz", "zzzzzzzzzzzzzzzAAA"),
        ("ZZZZZZZZZZZZZZZ", "ZZZZZZZZZZZZZZZ555"),
    ],
)
def test_an_id_of_fifteen_letters_is_the_one_of_eighteen(short: str, whole: str) -> None:
    """The last three say which of the others are capitals, five letters each."""
    assert id18(short, "it") == id18(whole, "it") == id18(short + whole[15:].lower(), "it") == whole


@pytest.mark.parametrize(
    "wrong", ["", "500", "500D000000JVDhXIAY", "500D000000JVDh'", "500D000000JVDh\u0661", None, 7, ["x"]]
)
def test_what_is_no_id_is_refused(wrong: Any) -> None:
    """So that nothing else gets into a query."""
    with pytest.raises(BadPayload):
        id18(wrong, "it")


@given(some.text(alphabet="0123456789abcXYZ", min_size=15, max_size=15))
def test_ids_that_differ_stay_apart(short: str) -> None:
    """Also for who compares without regard to case, which is what the longer form is for."""
    other = short.swapcase()
    assert (id18(short, "it").lower() == id18(other, "it").lower()) == (short == other)


def test_times_have_no_colon_in_their_zone() -> None:
    """`+0000`, which no standard knows; milliseconds stay."""
    assert moment({"at": "2024-09-03T09:56:05.123+0000"}, "at") == parse_instant("2024-09-03T09:56:05.123Z")
    assert moment({"at": "2024-09-03T11:56:05+0200"}, "at") == parse_instant("2024-09-03T09:56:05Z")
    assert moment({"at": None}, "at") is None
    for wrong in ("2024-09-03T09:56:05", "yesterday", "0000-00-00T00:00:00.000+0000"):
        with pytest.raises(BadPayload):
            moment({"at": wrong}, "at")


def test_a_case_opens_a_contact_and_is_observed(account: Any, case: Any, make_id: Any) -> None:
    """The opening holds what doesn't change; the observation stands at its version's time, behind its history."""
    opened, seen = account({}).reads({"object": "Case", "rows": [case(7)]})
    id = make_id("500", 7)
    assert (opened.id, opened.kind, opened.channel, opened.direction) == (
        f"case:{id}:opened",
        "ticket",
        "email",
        "inbound",
    )
    assert opened.customer == Customer(id=make_id("003", 1))
    assert opened.at == NOW - 60 * MINUTE
    assert seen.id == f"case:{id}:observed:{NOW - 30 * MINUTE}"
    assert (seen.at, seen.rev, seen.sequence) == (NOW - 30 * MINUTE, 1, 1)
    assert (seen.subject, seen.status, seen.priority) == ("Invoice is wrong", "open", "high")
    assert (seen.assignee, seen.group) == (make_id("005", 1), None)
    assert seen.customer == Customer(make_id("003", 1), "ada@example.com", "+442071838750", "Ada Lovelace")
    assert seen.fields == {
        "case_number": "00000007",
        "salesforce_status": "Working",
        "origin": "Email",
        "escalated": False,
        "account": "Analytical Engines Ltd",
        "link": f"https://acme.lightning.force.com/lightning/r/Case/{id}/view",
    }


def test_a_version_is_settled_when_its_second_is_over(account: Any, case: Any) -> None:
    """Until then the case may change again and keep it."""
    revs = []
    for read_at in (NOW, NOW + 1_999, NOW + 2_000):
        events = account({}).reads({"object": "Case", "rows": [case(changed=NOW)]}, received_at=read_at)
        revs.append(events[1].rev)
    assert revs == [0, 0, 1]


@pytest.mark.parametrize(
    ("label", "closed", "status"),
    [
        ("New", False, "new"),
        ("Working", False, "open"),
        ("Waiting on Customer", False, "pending"),
        ("Awaiting customer's answer", False, "pending"),
        ("Pending", False, "pending"),
        ("Customer replied", False, "open"),
        ("On Hold", False, "on_hold"),
        ("Waiting for third party", False, "on_hold"),
        ("With vendor", False, "on_hold"),
        ("Resolved", False, "solved"),
        ("Unresolved", False, "open"),
        ("Waiting for documents", False, "open"),
        ("Erledigt", True, "closed"),
        ("Closed in error, reopened", False, "open"),
        ("Closed", None, "closed"),
        ("BEI TECHNIK ", False, "on_hold"),
        ("bei technik", True, "closed"),
        (None, False, UNSET),
    ],
)
def test_an_organisations_own_statuses(label: Any, closed: Any, status: Any, account: Any, case: Any) -> None:
    """Whether a case is over Salesforce says itself; then come the settings, then the words of the label."""
    row = case(Status=label, **({} if closed is None else {"IsClosed": closed}))
    if closed is None:
        del row["IsClosed"]
    assert observed(row, account, statuses={"bei Technik": "on_hold"}).status == status


@pytest.mark.parametrize(
    ("label", "escalated", "priority"),
    [
        ("High", False, "high"),
        ("Medium", False, "normal"),
        ("Low", False, "low"),
        ("Critical", False, "urgent"),
        ("Low", True, "urgent"),
        ("Planning", False, "low"),
        ("P7", False, UNSET),
        (None, False, None),
    ],
)
def test_an_organisations_own_priorities(label: Any, escalated: bool, priority: Any, account: Any, case: Any) -> None:
    """An escalated case is urgent, whatever its label says; a label that nobody knows stays unknown."""
    row = case(Priority=label, IsEscalated=escalated)
    assert observed(row, account, priorities={"planning": "low"}).priority == priority


def test_a_case_without_a_contact_is_from_whom_it_says(account: Any, case: Any) -> None:
    """As forms on the web and mails of strangers fill it in."""
    said = {"SuppliedName": "Charles", "SuppliedEmail": "c@example.com", "SuppliedPhone": "+44"}
    seen = observed(case(ContactId=None, Contact=None, **said), account)
    assert seen.customer == Customer(email="c@example.com", phone="+44", name="Charles")
    assert observed(case(ContactId=None, Contact=None), account).customer is UNSET
    mobile = {"Name": "Ada", "Email": None, "Phone": None, "MobilePhone": "+4479"}
    assert observed(case(Contact=mobile, **said), account).customer.phone == "+4479"


def test_an_owner_is_a_person_or_a_queue(account: Any, case: Any, make_id: Any) -> None:
    """By the first letters of the id."""
    queue = observed(case(OwnerId=make_id("00G", 3)), account)
    assert (queue.assignee, queue.group) == (None, make_id("00G", 3))


def test_further_columns_become_fields(account: Any, case: Any) -> None:
    """Under their own names, and asked for with the others: once, and only if they are there and have a value."""
    settings = {"fields": ["Severity__c", "Seats__c", "Beta__c"]}
    seen = observed(case(Severity__c="S1", Seats__c=12.0, Beta__c=True), account, **settings)
    assert {name: seen.fields[name] for name in settings["fields"]} == {
        "Severity__c": "S1",
        "Seats__c": 12.0,
        "Beta__c": True,
    }
    with pytest.raises(BadPayload):
        observed(case(Severity__c={"street": "x"}), account, **settings)
    names = ("Id", "CreatedDate", "SystemModstamp", "Severity__c")
    compound = {"name": "Place__c", "type": "location"}
    described = {"fields": [*({"name": name, "type": "string"} for name in names), compound]}
    before = account({"describe Case": described}, fields=["Severity__c", "Id", "Place__c", "Gone__c"])
    before.pull()
    assert before.org.queries()[0].startswith("SELECT Id, CreatedDate, SystemModstamp, Severity__c FROM Case")


def test_what_is_deleted_or_merged_ends(account: Any, case: Any, make_id: Any) -> None:
    """Nothing of what it shows is told any more; a merge is told in place of the deletion."""
    opened, gone = account({}).reads({"object": "Case", "rows": [case(7, IsDeleted=True)]})
    assert isinstance(opened, ContactOpened)
    assert isinstance(gone, ContactDeleted)
    assert (gone.id, gone.at, gone.rev) == (f"case:{make_id('500', 7)}:deleted", NOW - 30 * MINUTE, 1)
    for gone in (True, False):  # an organisation may keep what it merges away, under a status
        row = case(7, IsDeleted=gone, MasterRecordId=make_id("500", 8))
        opened, merged = account({}).reads({"object": "Case", "rows": [row]})
        assert isinstance(opened, ContactOpened)
        assert isinstance(merged, ContactMerged)
        assert (merged.id, merged.into.id) == (f"case:{make_id('500', 7)}:merged", make_id("500", 8))


def history(field: str, new: Any, make_id: Any, written: Any, **more: Any) -> dict[str, Any]:
    """A row of a history, as a look-up shows it."""
    return {
        "Id": make_id("017", 1),
        "CaseId": make_id("500", 7),
        "Field": field,
        "OldValue": None,
        "NewValue": new,
        "CreatedDate": written(NOW - MINUTE),
        **more,
    }


def test_a_history_tells_statuses_owners_and_priorities(account: Any, make_id: Any, written: Any) -> None:
    """Of the two rows of a new owner the one with ids; whether a status ends a case stands beside it."""
    rows = [
        history("Status", "Erledigt", make_id, written),
        history("Status", "Waiting on Customer", make_id, written),
        history("Owner", make_id("00G", 3), make_id, written),
        history("Owner", "Grace Hopper", make_id, written),
        history("Owner", "005 is my name", make_id, written),
        history("Priority", "Low", make_id, written),
        history("created", None, make_id, written),
    ]
    said = account({}).reads({"object": "CaseHistory", "rows": rows, "closed": {"Erledigt": True}})
    assert {(event.id, event.at, event.ref.id) for event in said} == {
        (f"history:{make_id('017', 1)}", NOW - MINUTE, make_id("500", 7))
    }
    assert [event.to for event in said if isinstance(event, StatusChanged)] == ["closed", "pending"]
    assert [(event.assignee, event.group) for event in said if isinstance(event, ContactAssigned)] == [
        (None, make_id("00G", 3))
    ]
    assert [event.priority for event in said if isinstance(event, ContactObserved)] == ["low"]


@pytest.mark.parametrize("field", ["Owner", "ownerAccepted", "ownerAssignment", "ownerEscalated"])
def test_whatever_has_changed_the_owner_is_told(field: str, account: Any, make_id: Any, written: Any) -> None:
    """A case that somebody takes out of a queue, or that a rule assigns, stands in the history under another name."""
    row = history(field, make_id("005", 3), make_id, written)
    [said] = of({"object": "CaseHistory", "rows": [row]}, ContactAssigned, account)
    assert (said.assignee, said.group) == (make_id("005", 3), None)


def email(make_id: Any, written: Any, **more: Any) -> dict[str, Any]:
    """A row of an e-mail."""
    return {
        "Id": make_id("02s", 1),
        "ParentId": make_id("500", 7),
        "Incoming": True,
        "FromName": "Ada",
        "TextBody": "x" * 9_000,
        "Status": "1",
        "MessageDate": written(NOW - 2 * MINUTE),
        "CreatedById": make_id("005", 1),
        "CreatedDate": written(NOW - MINUTE),
        "CreatedBy": {"UserType": "Standard"},
        **more,
    }


def test_an_email_is_the_customers_where_it_came_in(account: Any, make_id: Any, written: Any) -> None:
    """Dated by when it was sent; a machine files what comes in, and nobody wrote what a machine sent."""
    machine = {"CreatedBy": {"UserType": "AutomatedProcess"}}
    rows = [
        email(make_id, written, **machine),
        email(make_id, written, Incoming=False, MessageDate=None),
        email(make_id, written, Incoming=False, **machine),
        email(make_id, written, Incoming=False, Status="5"),
    ]
    came, went, sent = of({"object": "EmailMessage", "rows": rows}, MessageAdded, account)
    assert (came.id, came.at, came.author) == (
        f"email:{make_id('02s', 1)}",
        NOW - 2 * MINUTE,
        Person(kind="customer", name="Ada"),
    )
    assert (len(came.text), came.visibility, came.auto) == (8_000, "public", False)
    assert (went.at, went.author) == (NOW - MINUTE, Person(kind="agent", id=make_id("005", 1), name="Ada"))
    assert (sent.auto, sent.author) == (True, Person(kind="system"))


@pytest.mark.parametrize("said", ["2099-01-01T00:00:00.000+0000", "1980-01-01T00:00:00.000+0000"])
def test_a_senders_clock_moves_no_email(said: str, account: Any, make_id: Any, written: Any) -> None:
    """Else a customer could keep a whole case from being read: nothing of a later day, or another century, is taken."""
    row = email(make_id, written, MessageDate=said)
    [came] = of({"object": "EmailMessage", "rows": [row]}, MessageAdded, account)
    assert came.at == NOW - MINUTE


@pytest.mark.parametrize(
    ("seconds", "case", "more", "auto"),
    [
        (1, {}, {}, True),
        (60, {}, {}, True),
        (61, {}, {}, False),
        (-1, {}, {}, False),
        (1, {"SuppliedEmail": None}, {}, False),
        (1, {"SuppliedEmail": None, "SuppliedName": "Ada"}, {}, True),
        (1, {"CreatedById": "other"}, {}, False),
        (1, {"CreatedDate": None}, {}, False),
        (999, {}, {"CreatedBy": {"UserType": "CSPLitePortal"}}, True),
        (999, {}, {"CreatedBy": {"UserType": "PowerPartner"}}, False),
        (1, {}, {"Incoming": True}, False),
    ],
)
@pytest.mark.parametrize("key", ["Parent", "case"])
def test_an_auto_response_is_no_reply(
    seconds: int, case: Any, more: Any, auto: bool, key: str, account: Any, make_id: Any, written: Any
) -> None:
    """It is an e-mail as any other, sent as the case came in, by the user who files what comes in; or by a portal's."""
    born = {
        "CreatedById": make_id("005", 1),
        "CreatedDate": written(NOW - seconds * 1_000),
        "SuppliedEmail": "ada@example.org",
        **case,
    }
    if born["CreatedById"] == "other":
        born["CreatedById"] = make_id("005", 2)
    row = email(make_id, written, CreatedDate=written(NOW), **{"Incoming": False, **more})
    if key == "Parent":
        whole = {"Id": make_id("500", 7), "SystemModstamp": written(NOW), **born}
        if born["CreatedDate"] is None:
            return  # a case has one; a look-up's part may lack it
        body = {"object": "EmailMessage", "rows": [{**row, "Parent": whole}]}
    else:
        body = {"object": "EmailMessage", "rows": [row], "case": born}
    [said] = of(body, MessageAdded, account)
    assert said.auto is auto
    assert (said.author.kind == "system") is auto


def test_a_comment_is_internal_unless_it_is_published(account: Any, make_id: Any, written: Any) -> None:
    """Its author is a customer where a portal's user wrote it; of two versions the later has the higher rev."""

    def comment(**more: Any) -> dict[str, Any]:
        by = {"Name": "Grace", "UserType": more.pop("kind", "Standard")}
        return {
            "Id": make_id("00a", 1),
            "ParentId": make_id("500", 7),
            "CommentBody": "Asked.",
            "IsPublished": False,
            "CreatedById": make_id("005", 1),
            "CreatedDate": written(NOW - MINUTE),
            "SystemModstamp": written(NOW - MINUTE),
            "CreatedBy": by,
            **more,
        }

    rows = [
        comment(),
        comment(IsPublished=True, SystemModstamp=written(NOW)),
        comment(kind="CspLitePortal", IsPublished=True),
        comment(kind="CSPLitePortal", IsPublished=True),
    ]
    note, published, customer, again = of({"object": "CaseComment", "rows": rows}, MessageAdded, account)
    assert (note.visibility, note.author.kind) == ("internal", "agent")
    assert (published.id, published.visibility) == (note.id, "public")
    assert published.rev > note.rev
    assert customer.author == again.author == Person(kind="customer", id=make_id("005", 1), name="Grace")


def test_what_hangs_on_a_case_tells_of_the_case(account: Any, case: Any, make_id: Any, written: Any) -> None:
    """A pulled row holds its case, whole: an old case's first e-mail in years opens it without a look-up."""
    for kind, key in (("EmailMessage", "Parent"), ("CaseComment", "Parent"), ("CaseHistory", "Case")):
        row = {**email(make_id, written), **history("Owner", "x", make_id, written), key: case(7)}
        said = account({}).reads({"object": kind, "rows": [row]}, "row")
        assert [event.id for event in said[:2]] == [
            event.id for event in account({}).reads({"object": "Case", "rows": [case(7)]})
        ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"object": "Case"},
        {"object": "Case", "rows": []},
        {"object": "Lead", "rows": [{}]},
        {"object": "Case", "rows": [{}]},
        {"object": "Case", "rows": [{"Id": "500D000000JVDhX"}]},
        {"object": "CaseHistory", "rows": [{"Id": "017D000000JVDhX"}]},
        {"object": "CaseHistory", "rows": [{"Field": "Status", "NewValue": "x"}], "closed": {"x": 1}},
        {"object": "VoiceCall", "rows": [{"Id": "0LQD000000JVDhX", "CreatedDate": "soon"}]},
    ],
)
def test_nonsense_is_refused(body: Any, account: Any) -> None:
    """With the place and the reason."""
    with pytest.raises(BadPayload):
        account({}).reads(body)


@pytest.mark.parametrize(
    ("origin", "channel"),
    [
        ("Email", "email"),
        ("Phone", "phone"),
        ("Web", "web"),
        ("Chat", "chat"),
        ("WhatsApp", "whatsapp"),
        ("SMS", "sms"),
        ("Facebook", "social"),
        ("Mobile App", "in_app"),
        ("API", "api"),
        ("Community", "web"),
        ("Brieftaube", "other"),
        (None, "other"),
    ],
)
def test_an_origin_is_a_channel(origin: Any, channel: str) -> None:
    """By the words in it."""
    assert channel_of(origin) == channel


def test_sessions_and_calls_have_words_of_their_own() -> None:
    """Also those that come with a later version."""
    kinds = ("Text", "WhatsApp", "Facebook", "EmbeddedMessaging", "Unheard", None)
    assert [channel_of_session(kind) for kind in kinds] == ["sms", "whatsapp", "social", "in_app", "chat", "chat"]
    assert [direction_of_session(one) for one in ("AgentInitiated", "TriggeredOutbound", "InboundInitiated", None)] == [
        "outbound",
        "outbound",
        "inbound",
        "inbound",
    ]
    assert [direction_of_call(one) for one in ("Outbound", "Callback", "Inbound", "Transfer", None)] == [
        "outbound",
        "outbound",
        "inbound",
        "inbound",
        "inbound",
    ]
    assert Dictionary().status("x" * 1_000_000, closed=False) == "open"


def call(make_id: Any, written: Any, **more: Any) -> dict[str, Any]:
    """A row of a voice call that came in, was taken and is over."""
    return {
        "Id": make_id("0LQ", 1),
        "CallType": "Inbound",
        "CallStartDateTime": written(NOW - 5 * MINUTE),
        "CallAcceptDateTime": written(NOW - 4 * MINUTE),
        "CallEndDateTime": written(NOW - MINUTE),
        "FromPhoneNumber": "+4420",
        "ToPhoneNumber": "+4430",
        "OwnerId": make_id("005", 1),
        "CreatedDate": written(NOW - 5 * MINUTE),
        "SystemModstamp": written(NOW - MINUTE),
        **more,
    }


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ["answered", "ended"]),
        ({"CallEndDateTime": None}, ["answered"]),
        ({"CallAcceptDateTime": None, "CallConnectDateTime": "2026-03-02T08:56:00.000+0000"}, ["answered", "ended"]),
        ({"CallAcceptDateTime": None}, ["abandoned"]),
        ({"CallAcceptDateTime": None, "CallType": "Outbound"}, ["ended"]),
        ({"CallAcceptDateTime": None, "CallEndDateTime": None}, []),
    ],
)
def test_a_call_is_answered_abandoned_or_ended(more: Any, told: Any, account: Any, make_id: Any, written: Any) -> None:
    """One that came in and that nobody took was given up; one of ours that nobody took has merely ended."""
    row = call(make_id, written, **more)
    said = account({}).reads({"object": "VoiceCall", "rows": [row]})
    number = row["ToPhoneNumber" if row["CallType"] == "Outbound" else "FromPhoneNumber"]
    assert (said[0].kind, said[0].customer) == ("call", Customer(phone=number))
    names = {"opened", *told}
    assert {event.id.split(":")[2] for event in said} - {"observed"} == names


def test_a_session_is_accepted_and_ends(account: Any, make_id: Any, written: Any) -> None:
    """Its customer is a contact, or a name with a number where the channel has one."""
    row = {
        "Id": make_id("0Mw", 1),
        "Status": "Ended",
        "ChannelType": "WhatsApp",
        "Origin": "InboundInitiated",
        "OwnerId": make_id("005", 1),
        "StartTime": None,
        "AcceptTime": written(NOW - 3 * MINUTE),
        "EndTime": written(NOW - MINUTE),
        "CreatedDate": written(NOW - 5 * MINUTE),
        "SystemModstamp": written(NOW - MINUTE),
        "MessagingEndUser": {"Name": "Ada", "MessagingPlatformKey": "whatsapp:+442071838750"},
    }
    opened, accepted, answered, seen, ended = account({}).reads({"object": "MessagingSession", "rows": [row]})
    assert (opened.kind, opened.channel, opened.at, opened.customer) == ("chat", "whatsapp", NOW - 5 * MINUTE, UNSET)
    assert (accepted.id, accepted.assignee) == (f"session:{make_id('0Mw', 1)}:accepted", make_id("005", 1))
    assert (answered.id, answered.at, answered.agent) == (
        f"session:{make_id('0Mw', 1)}:answered",
        NOW - 3 * MINUTE,
        make_id("005", 1),
    )
    for nobody in ("Bot", "System"):
        said = account({}).reads({"object": "MessagingSession", "rows": [{**row, "AgentType": nobody}]})
        assert answered.id not in [event.id for event in said]
    assert seen.customer == Customer(phone="+442071838750", name="Ada")
    assert seen.status is UNSET
    assert (ended.to, ended.at) == ("closed", Instant(NOW - MINUTE))
    web = {**row, "ChannelType": "EmbeddedMessaging", "EndUserContactId": make_id("003", 1), "EndTime": None}
    *_, seen = account({}).reads({"object": "MessagingSession", "rows": [web]})
    assert seen.customer == Customer(id=make_id("003", 1), name="Ada")


@pytest.mark.parametrize(
    ("object", "prefix", "changes"),
    [
        ("Case", "500", {"Origin": "Phone"}),
        ("Case", "500", {"ContactId": None}),
        ("MessagingSession", "0Mw", {"OwnerId": "005gL0000000009QAA"}),
        ("MessagingSession", "0Mw", {"StartTime": "2026-03-02T08:55:07.000+0000"}),
        ("VoiceCall", "0LQ", {"OwnerId": "005gL0000000009QAA", "FromPhoneNumber": "+4499"}),
    ],
)
def test_what_a_later_version_says_counts(
    object: str, prefix: str, changes: Any, account: Any, case: Any, make_id: Any, written: Any
) -> None:
    """Whoever saw both keeps what whoever sees the later one alone is told, in whatever order they came."""
    times = {"AcceptTime": written(NOW - 3 * MINUTE), "EndTime": written(NOW - 2 * MINUTE)}
    row = {**case(1), **call(make_id, written), **times, "Id": make_id(prefix, 1)}
    later = {**row, **changes, "SystemModstamp": written(NOW - MINUTE + 1000)}
    reader = account({})
    before, after = (
        {event.id: event for event in reader.reads({"object": object, "rows": [one]})} for one in (row, later)
    )
    differing = [id for id in before.keys() & after.keys() if before[id] != replace(after[id], rev=before[id].rev)]
    assert differing
    assert all(after[id].rev > before[id].rev for id in differing)
