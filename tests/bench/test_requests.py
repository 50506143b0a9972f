"""The bench's load is what it says: signed webhooks that the gateway takes, each with an event of its own."""

import json
from itertools import islice

import pytest

from bench import server
from bench.load import whole
from bench.requests import APART, EVENTS_PER_CONTACT, LOUD_ONE_IN, SECRET, requests
from gateway.kernel.signing import parse_secret, verify
from gateway.model.event import convert_event
from gateway.policy.load import load_policy

STORED = 1_000


def parts(request: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}, body


@pytest.mark.parametrize("stored", [0, STORED])
def test_every_request_is_signed_and_brings_one_event(stored: int) -> None:
    """The signature holds, the length is that of the body, the event is one of ours, and no id comes twice."""
    ids = set()
    for request in islice(requests("run", stored=stored), 0, 3 * APART * EVENTS_PER_CONTACT, 97):
        headers, body = parts(request)
        verify([parse_secret(SECRET)], headers, body, int(headers["webhook-timestamp"]) * 1000)
        (event,) = json.loads(body)["events"]
        ids.add(convert_event(event).id)

        assert int(headers["content-length"]) == len(body)
        assert 2_000 <= len(body) <= 3_000

    assert len(ids) == len(range(0, 3 * APART * EVENTS_PER_CONTACT, 97))


@pytest.mark.parametrize("stored", [0, STORED])
def test_one_event_in_fifty_delivers(stored: int) -> None:
    """So many openings carry the tag that the policy makes a notice of, with and without stored contacts."""
    count = 2 * APART * EVENTS_PER_CONTACT
    loud = sum(b'"loud"' in request for request in islice(requests("run", stored=stored), count))

    assert loud == count // LOUD_ONE_IN


def test_a_contact_opens_before_its_messages() -> None:
    """The five events of a contact come in their order, and lie far apart."""
    refs: dict[str, list[str]] = {}
    for request in islice(requests("run"), APART * EVENTS_PER_CONTACT):
        (event,) = json.loads(parts(request)[1])["events"]
        refs.setdefault(event["ref"]["id"], []).append(event["type"])

    assert len(refs) == APART
    assert set(map(tuple, refs.values())) == {("contact.opened", *["message.added"] * 4)}


def test_half_of_the_events_are_about_stored_contacts() -> None:
    """They get messages only: their opening was stored beforehand."""
    events = [
        json.loads(parts(request)[1])["events"][0]
        for request in islice(requests("run", stored=STORED), APART * EVENTS_PER_CONTACT)
    ]
    held = [event for event in events if event["ref"]["id"].startswith("held-")]

    assert len(held) == len(events) // 2
    assert {event["type"] for event in held} == {"message.added"}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nX: y\r\n\r\nok", 202),
        (b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\no", None),
        (b"HTTP/1.1 503 Busy\r\nX: y\r\nContent-Length:0\r\n\r\n", 503),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 204 No Con", None),
        (b"", None),
    ],
)
def test_an_answer_counts_only_when_it_is_whole(answer: bytes, status: int | None) -> None:
    """A part of an answer is none yet."""
    assert whole(answer) == status


def test_the_policy_has_the_rules_that_the_table_names() -> None:
    """Twenty for the first reply, and one condition that makes a notice."""
    policy = load_policy(server.policy(), "policy.yaml").policy

    assert len(policy.sla_by_id) == server.RULES
    assert [rule.id for rule in policy.escalation] == ["grave"]
