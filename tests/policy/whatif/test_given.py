"""Events of many contacts out of a file: both forms, what belongs together, and what is refused with its place."""

import json
import re
from typing import Any

import pytest

from gateway.model.identity import StrandKey, contact_id
from gateway.policy.evaluate import BadEvents
from gateway.policy.whatif.given import read_given


def opened(ref: str | None, at: str = "2026-03-02T09:00:00Z", **more: Any) -> dict[str, Any]:
    """An opening by e-mail."""
    whose = {} if ref is None else {"ref": {"kind": "ticket", "id": ref}}
    return {"type": "contact.opened", "kind": "ticket", "channel": "email", "at": at, **whose, **more}


def listed(*events: object) -> bytes:
    """A JSON list."""
    return json.dumps(events).encode()


def lines(*events: object) -> bytes:
    """An event a line, with an empty line and a line's end of another system between them."""
    return b"\n\r\n".join(json.dumps(event).encode() for event in events) + b"\n"


@pytest.mark.parametrize("form", [listed, lines])
def test_events_belong_together_by_their_ref(form: Any) -> None:
    """Contacts by id, each with its events; without a ref there is one more contact."""
    reply = {"type": "message.added", "author": {"kind": "agent"}, "at": "2026-03-02T11:00:00Z"}
    ref = {"ref": {"kind": "ticket", "id": "1"}}
    apart = {"type": "agent.state_changed", "agent": {"id": "a"}, "state": "away", "at": "2026-03-09T09:00:00Z"}
    found = read_given(form(opened("2"), opened("1"), apart, {**reply, **ref}, opened(None), {**reply, **ref}))

    ids = [
        contact_id(StrandKey("events", kind, id)) for kind, id in (("ticket", "1"), ("ticket", "2"), ("contact", "1"))
    ]
    assert [recorded.id for recorded in found.contacts] == sorted(ids)
    assert {recorded.id: len(recorded.events) for recorded in found.contacts} == {ids[0]: 2, ids[1]: 1, ids[2]: 1}
    assert found.first is not None and found.last is not None
    assert found.last - found.first == 2 * 3_600_000


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[", "not a JSON list of events"),
        (b"[1]", "event 0: expected an object"),
        (b"{", "line 1: "),
        (b"\xff\xfe", "line 1: "),
        (b"[" * 100_000, "nests too deeply"),
        (b'{"type":' * 100_000, "line 1: "),
        (lines(opened("1"), {"type": "no.such"}), "line 3: "),
        (listed(opened("1"), opened("1", at="yesterday")), "event 1: "),
        (listed(opened("1"), opened("1", at="1999-01-01T00:00:00Z")), "event 1: `at` lies before"),
        (listed(opened("1", id="x"), opened("2", id="x")), "event 1: the id 'x' was used before"),
        (listed(opened("")), "event 0: `ref.id` has 0 characters"),
        (listed(opened("1", surprise=1)), "event 0: "),
        (listed(opened("1", sequence=10**400)), "event 0: "),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(body: bytes, told: str) -> None:
    """Never another exception, whatever the bytes are."""
    with pytest.raises(BadEvents, match=re.escape(told)):
        read_given(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"\n \n", b"\xef\xbb\xbf[]"])
def test_no_events_are_no_contacts(body: bytes) -> None:
    """Whoever asks says that there is nothing to judge."""
    found = read_given(body)

    assert (found.contacts, found.first, found.last) == ((), None, None)
