"""The conversation of a messaging ticket: who said what, and that no comment counts twice."""

import json
from typing import Any

import pytest

from gateway.plugin import BadPayload, MessageAdded, Person, Record, Ref, parse_instant

WHEN = "2026-03-02T08:45:10.123Z"
TICKET = {
    "id": 42,
    "created_at": "2026-03-02T08:30:00Z",
    "updated_at": "2026-03-02T08:48:00Z",
    "status": "open",
    "requester_id": 21,
    "from_messaging_channel": True,
}
USERS = [{"id": 21, "role": "end-user", "name": "Ada"}, {"id": 11, "role": "agent", "name": "Agnes"}]
TICKET_REF = Ref("ticket", "42")
PATH = "/api/v2/tickets/42"


def said(kind: Any = "user", words: str | None = "Hello", **more: Any) -> dict[str, Any]:
    """One message of messaging."""
    return {
        "id": "01J9QN8DC6EV34VR3W0KGFY7TW",
        "type": "Messaging::ConversationMessage",
        "reference": "zen:sunco:conversation_message:67a1",
        "created_at": WHEN,
        "author": {"type": kind, "display_name": "Ada", "zen:sunco:user_id": "s1", "zen:support:user_id": 21},
        "content": {"type": "text", "text": words},
        "metadata": {},
        "attachments": [],
        **more,
    }


def comment(**more: Any) -> dict[str, Any]:
    """A comment as the conversation shows it."""
    return said(
        "agent",
        type="Comment",
        reference="zen:ticket_event:8639326502654",
        author={"type": "agent", "zen:support:user_id": 11, "display_name": "Agnes"},
        content={"type": "html", "body": '<div class="zd">A &lt;note&gt;<br></div>'},
        metadata={"public": False},
        **more,
    )


def read(account: Any, *entries: Any) -> list[Any]:
    """What a page of a conversation says."""
    body = {"conversation": list(entries), "ticket_id": 42, "requester_id": 21, "users": USERS}
    return list(account({}).reads(body))


def test_a_message_is_named_by_its_id_at_messaging(account: Any) -> None:
    """Seen again, it is the same message."""
    assert read(account, said()) == [
        MessageAdded(
            id="message:67a1",
            at=parse_instant("2026-03-02T08:45:10Z"),
            ref=TICKET_REF,
            rev=1,
            author=Person("customer", "21", "Ada"),
            text="Hello",
        )
    ]
    (unreferenced,) = read(account, said(reference=None))
    assert unreferenced.id == "message:01J9QN8DC6EV34VR3W0KGFY7TW"


@pytest.mark.parametrize(
    ("author", "person"),
    [
        ({"type": "bot", "display_name": "Helper", "zen:sunco:user_id": "b"}, Person("bot", "b", "Helper")),
        ({"type": "BOT"}, Person("bot")),
        ({"type": "agent", "zen:support:user_id": 11}, Person("agent", "11")),
        ({"type": "user", "zen:sunco:user_id": "s1"}, Person("customer", "s1")),
        ({"type": "end-user", "zen:support:user_id": 21}, Person("customer", "21")),
        ({"type": "oracle", "zen:support:user_id": 11}, Person("agent", "11")),
        ({"type": "oracle", "zen:support:user_id": 21}, Person("customer", "21")),
        ({"type": "oracle", "zen:support:user_id": 99}, Person("system")),
        ({"type": "oracle"}, Person("system")),
        ({"type": "agent", "zen:support:user_id": -1}, Person("system")),
        ({}, Person("system")),
        (None, Person("system")),
    ],
)
def test_an_author_is_who_they_are(author: Any, person: Person, account: Any) -> None:
    """Bots are bots, and whose kind isn't known meets no clock."""
    (message,) = read(account, said(author=author))
    assert message.author == person


def test_what_the_customer_does_not_see_is_internal(account: Any) -> None:
    """A message is public unless it says that it isn't; a comment only if it says so."""
    seen = [message.visibility for message in read(account, said(), said(metadata={"public": False}))]
    assert seen == ["public", "internal"]
    seen = [message.visibility for message in read(account, comment(), comment() | {"metadata": {"public": True}})]
    assert seen == ["internal", "public"]
    assert read(account, comment() | {"metadata": None})[0].visibility == "internal"


def test_a_comment_is_the_logs_own(account: Any) -> None:
    """The conversation shows the ticket's comments too, as HTML: the same fact, and what the log says wins."""
    (shown,) = read(account, comment())
    entry = {"id": 8639326502654, "type": "Comment", "body": "A <note>", "public": False, "author_id": 11}
    audit = {"id": 1, "ticket_id": 42, "created_at": "2026-03-02T08:45:10Z", "author_id": 11, "events": [entry]}
    (logged,) = account({}).reads({"audits": [audit], "users": USERS, "requester_id": 21})
    assert (shown.id, shown.at, shown.author, shown.text) == (logged.id, logged.at, logged.author, logged.text)
    assert shown.rev == 0 < logged.rev


def test_a_redacted_message_wins(account: Any) -> None:
    """What was redacted since has the greater rev, though its text may sort before the old one."""
    before, after = read(account, said(words="zz 4111"), said(words="aa ▇▇▇▇"))
    assert before.rev < after.rev


def test_what_is_no_text_is_a_message_all_the_same(account: Any) -> None:
    """A picture has no words, and counts; other entries than messages and comments are passed over."""
    picture = said(content={"type": "image", "mediaUrl": "https://x.example/a.png"})
    (message,) = read(account, picture, said(type="Messaging::Something"), said(type=None))
    assert message.text is None
    (long,) = read(account, said(words="x" * 20_000))
    assert len(long.text) == 8_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"created_at": None},
        {"created_at": "soon"},
        {"author": "x"},
        {"content": "x"},
        {"metadata": {"public": "yes"}},
        {"reference": 5},
        {"id": None, "reference": None},
    ],
)
def test_a_message_that_is_none_is_bad(wrong: dict[str, Any], account: Any) -> None:
    """What can't be read is parked, with a reason."""
    with pytest.raises(BadPayload):
        read(account, said(**wrong))
    with pytest.raises(BadPayload):
        read(account, comment() | {"reference": "zen:ticket_event:many"})


def pages(*entries: Any) -> list[dict[str, Any]]:
    """A conversation of one message a page."""
    last = len(entries) - 1
    return [
        {"events": [entry], "meta": {"has_more": at < last, "after_cursor": f"c{at}"}}
        for at, entry in enumerate(entries)
    ]


def test_a_messaging_ticket_is_looked_up_with_its_conversation(account: Any) -> None:
    """Every page of it; of other tickets nobody asks for one."""
    answers = {
        PATH: {"ticket": TICKET, "users": USERS},
        f"{PATH}/audits": {"audits": []},
        f"{PATH}/conversation_log": pages(said(), said(reference="zen:sunco:conversation_message:67a2")),
    }
    one = account(answers)
    records: list[Record] = one.look_up("ticket", "42")
    assert [item.id for item in one.says(records) if isinstance(item, MessageAdded)] == ["message:67a1", "message:67a2"]
    assert [asked.get("page[after]") for path, asked in one.api.asked if "conversation" in path] == [None, "c0"]
    answers[PATH] = {"ticket": {**TICKET, "from_messaging_channel": False}}
    one = account(answers)
    assert len(one.look_up("ticket", "42")) == 2
    assert one.api.times(f"{PATH}/conversation_log") == 0


def test_a_ticket_is_looked_up_without_a_conversation_that_is_not_there(
    account: Any, refusal: Any, gone: Any, no_such_api: Any
) -> None:
    """What the plan hasn't got is said by the check; a conversation that is gone isn't worth a word."""
    for error, told in ((no_such_api, True), (refusal(403, {"error": "Forbidden"}), True), (gone, False)):
        me = {"user": {"id": 1, "role": "admin"}}
        answers = {PATH: {"ticket": TICKET}, f"{PATH}/audits": {"audits": []}, "/api/v2/users/me": me}
        one = account({**answers, f"{PATH}/conversation_log": error})
        assert len(one.look_up("ticket", "42")) == 2
        assert any("conversation log" in finding.what for finding in one.check()) == told


def test_an_id_that_looks_like_a_card_stays(account: Any) -> None:
    """References are ids: nothing in them is hidden as a card number."""
    assert {"reference", "zen:sunco:user_id"} <= account({}).connector.id_keys
    assert json.loads(json.dumps(comment()))["reference"].endswith("8639326502654")
