"""What else a ticket's log tells: merges, redactions, deletions in their three states, brands and custom statuses."""

from typing import Any

import pytest
from msgspec.structs import replace

from gateway.plugin import (
    BadPayload,
    ContactDeleted,
    ContactMerged,
    ContactObserved,
    ContactRedacted,
    CsatReceived,
    Fetch,
    MessageAdded,
    MessageEdited,
    Ref,
    StatusChanged,
    encode_event,
    parse_instant,
)

WHEN = "2026-03-02T08:48:00Z"
AGENT = {"id": 11, "role": "agent", "name": "Agnes"}
INTO = 'This request was closed and merged into request #41 "Login".'


def audit(*events: Any, **more: Any) -> dict[str, Any]:
    """One entry of the log of ticket 42."""
    numbered = [{"id": 100 + number, **event} for number, event in enumerate(events)]
    return {"id": 99, "ticket_id": 42, "created_at": WHEN, "author_id": 11, "events": numbered, **more}


def comment(body: str, *, public: bool = False) -> dict[str, Any]:
    return {"type": "Comment", "body": body, "public": public, "author_id": 11}


def change(field: str, value: Any, before: Any = None) -> dict[str, Any]:
    return {"type": "Change", "field_name": field, "value": value, "previous_value": before}


TAGGED = change("tags", ["a", "closed_by_merge"], ["a"])
CLOSED = change("status", "closed", "open")
BY_MERGE = {"via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": "merge"}}}


def log(account: Any, *audits: Any, **more: Any) -> list[Any]:
    """What a page of the log says."""
    return list(account({}).reads({"audits": list(audits), "users": [AGENT], "requester_id": 21, **more}))


MERGES = {
    "tag and words": audit(comment(INTO), TAGGED, CLOSED),
    "tags as text": audit(comment(INTO), change("tags", "a closed_by_merge", "a"), CLOSED),
    "via": audit(comment(INTO), CLOSED, **BY_MERGE),
    "via by its word": audit(comment(INTO), CLOSED, via={"channel": "merge"}),
    "via by its number": audit(comment(INTO), CLOSED, via={"channel": 19}),
    "via of the comment": audit({**comment(INTO), "via": {"channel": 19}}, CLOSED),
    "named by via": audit(TAGGED, CLOSED, via={"channel": 19, "source": {"to": {"ticket_id": "41"}}}),
    "the other one of via": audit(
        TAGGED, CLOSED, via={"channel": 19, "source": {"from": {"ticket_id": 42}, "to": {"ticket_id": 41}}}
    ),
    "other words": audit(comment("Diese Anfrage wurde mit Anfrage #41 zusammengelegt."), TAGGED, CLOSED),
    "a subject with a number": audit(comment(INTO.replace("Login", "Re: #7")), TAGGED, CLOSED),
}


@pytest.mark.parametrize("name", MERGES)
def test_the_log_tells_a_merge_whose_webhook_was_lost(name: str, account: Any) -> None:
    """It is the same fact as the webhook's, and it ends the ticket in place of the status."""
    said = log(account, MERGES[name])
    (merged,) = [item for item in said if isinstance(item, ContactMerged)]
    assert not [item for item in said if isinstance(item, StatusChanged)]
    push = {
        "type": "zen:event-type:ticket.merged",
        "time": "2026-03-02T08:48:00.123456789Z",
        "subject": "zen:ticket:42",
        "detail": {"id": "42"},
        "event": {"target_ticket_id": "41"},
    }
    (pushed,) = account({}).reads(push, "push")
    assert (merged.id, merged.into) == ("ticket:42:merged", Ref("ticket", "41"))
    assert encode_event(pushed) == encode_event(replace(merged, rev=0))


NO_MERGES = {
    "words alone": audit(comment(INTO, public=True), CLOSED),
    "words of a customer": audit({**comment(INTO, public=True), "author_id": 21}),
    "where others went": audit(comment("Request #43 was closed and merged into this request."), **BY_MERGE),
    "a tag that was there": audit(comment(INTO), change("tags", ["closed_by_merge"], ["closed_by_merge", "a"]), CLOSED),
    "no number": audit(comment("It went elsewhere."), TAGGED, CLOSED),
    "too many numbers": audit(comment("See #41 and #43."), TAGGED, CLOSED),
    "into itself": audit(comment(INTO.replace("41", "42")), TAGGED, CLOSED),
}


@pytest.mark.parametrize("name", NO_MERGES)
def test_what_only_looks_like_a_merge_is_none(name: str, account: Any) -> None:
    """Anybody can write the words; the tag is inherited by follow-ups; then the status counts."""
    said = log(account, NO_MERGES[name])
    assert not [item for item in said if isinstance(item, ContactMerged)]
    changed = any(event.get("field_name") == "status" for event in NO_MERGES[name]["events"])
    assert [item.to for item in said if isinstance(item, StatusChanged)] == (["closed"] if changed else [])


def test_the_snapshot_of_a_merged_ticket_leaves_its_status_to_the_log(account: Any) -> None:
    """Else `closed` would come after `merged`, and the merge would count as a resolution. Where no log is read, the
    snapshot's word is all there is; an open follow-up that inherited the tag is what it is."""
    ticket = {
        "id": 42,
        "created_at": WHEN,
        "updated_at": WHEN,
        "status": "closed",
        "tags": ["closed_by_merge"],
    }
    past = {"historical": True}
    for form, more, logs, told in (
        ("row", {}, "none", False),
        ("fetched", {}, "none", False),
        ("row", past, "open", False),
        ("row", past, "none", True),
    ):
        said = account({}, backfill_logs=logs).reads({"ticket": ticket}, form, **more)
        (observed,) = [item for item in said if isinstance(item, ContactObserved)]
        assert isinstance(observed.status, str) == told
        assert bool([item for item in said if isinstance(item, Fetch)]) == (form == "row" and not told)
    _, observed = account({}).reads({"ticket": {**ticket, "status": "open"}})
    assert observed.status == "open"


def test_a_redaction_wins_over_what_was_read_before(account: Any) -> None:
    """The log shows a comment as it is now, under its old id: what was redacted or hidden since has the greater rev,
    whatever its text."""
    readings = ["zz 4111", "zz ▇▇▇1", "▇▇ ▇▇▇▇"]
    revs = []
    for words in readings:
        (message,) = log(account, audit(comment(words, public=True)))
        revs.append(message.rev)
    (hidden,) = log(account, audit(comment("zz 4111", public=False)))
    assert revs == sorted(set(revs))
    assert 0 < revs[0] < hidden.rev


@pytest.mark.parametrize(
    "kind", ["CommentRedactionEvent", "CommentRedactEvent", "AttachmentRedactionEvent", "CommentPrivacyChange"]
)
def test_what_was_changed_about_a_comment_is_told(kind: str, account: Any) -> None:
    """Each is an edit of the comment that it names, and nothing where it names none."""
    said = log(account, audit({"type": kind, "comment_id": "7"}, {"type": kind}))
    assert said == [
        MessageEdited(
            id="audit:99:100",
            at=parse_instant(WHEN),
            ref=Ref("ticket", "42"),
            sequence=100,
            rev=1,
            message="comment:7",
        )
    ]


@pytest.mark.parametrize("name", ["comment_redacted", "attachment_redacted_from_comment", "undeleted", "csat_received"])
def test_a_webhook_of_it_reads_the_log_again(name: str, account: Any) -> None:
    """Without a version, so that it is read although the ticket may look the same."""
    push = {"type": f"zen:event-type:ticket.{name}", "time": WHEN, "subject": "zen:ticket:42", "detail": {"id": "42"}}
    (fetch,) = account({}).reads(push, "push")
    assert (type(fetch), fetch.ref, fetch.version) == (Fetch, Ref("ticket", "42"), None)


def test_a_ticket_that_comes_back_is_open_again(account: Any) -> None:
    """Deleted and restored in the log, or in a row: the end, then the status that it has."""
    restored = audit(change("status", "open", "deleted"), created_at="2026-03-02T08:50:00Z")
    deleted, back = log(account, audit(change("status", "deleted", "open")), restored)
    assert isinstance(deleted, ContactDeleted)
    assert isinstance(back, StatusChanged)
    assert (deleted.id, back.to, deleted.at < back.at) == ("ticket:42:deleted", "open", True)


def test_a_purge_redacts_and_a_scrubbed_row_says_the_same(account: Any) -> None:
    """Permanently deleted, or scrubbed by Zendesk a month later: one order to redact, whoever brings it."""
    push = {
        "type": "zen:event-type:ticket.permanently_deleted",
        "time": WHEN,
        "subject": "zen:ticket:42",
        "detail": {"id": "42"},
    }
    row = {"id": 42, "created_at": WHEN, "updated_at": WHEN, "status": "deleted", "subject": "SCRUBBED"}
    for said in (account({}).reads(push, "push"), account({}).reads({"ticket": row}, "row")):
        (redacted,) = [item for item in said if isinstance(item, ContactRedacted)]
        assert (redacted.id, redacted.all) == ("ticket:42:scrubbed", True)
        assert not [item for item in said if isinstance(item, MessageAdded)]
        assert not [item for item in said if isinstance(item, ContactObserved) and item.tags != ()]


def test_brands_and_custom_statuses_in_the_log_have_their_names(account: Any) -> None:
    """The label is kept, and never one that is over; the status itself is the category, which has its own entry."""
    names = {"brands": {"7": "Acme"}, "custom_statuses": {"9": "At the carrier"}}
    changes = (change("brand_id", 7), change("custom_status_id", 9), change("custom_status_id", 8))
    said = log(account, audit(*changes), names=names)
    told = [{"brand_id": "7", "brand": "Acme"}, {"custom_status": "At the carrier"}, {"custom_status": None}]
    assert [item.fields for item in said] == told


def test_a_rating_is_told_by_the_log_alone(account: Any) -> None:
    """A snapshot shows a rating without the id that the log has for it: it would count twice. So the log is read, of
    what has ended long ago too."""
    ticket = {"id": 42, "created_at": WHEN, "updated_at": WHEN, "satisfaction_rating": {"id": 5, "score": "good"}}
    said = account({}).reads({"ticket": {**ticket, "status": "closed"}}, "row", historical=True)
    assert not [item for item in said if isinstance(item, CsatReceived)]
    assert [item.ref.id for item in said if isinstance(item, Fetch)] == ["42"]
    rated = [{"type": "SatisfactionRating", "score": score} for score in ("offered", "good", "badwithcomment", None)]
    assert [item.score for item in log(account, audit(*rated))] == [1.0, 0.0]
    with pytest.raises(BadPayload):
        log(account, audit({"type": "SatisfactionRating", "score": 1}))


@pytest.mark.parametrize("names", ["x", {"brands": []}, {"brands": {"7": 5}}])
def test_names_that_are_none_are_bad(names: Any, account: Any) -> None:
    """A record that somebody has damaged."""
    with pytest.raises(BadPayload):
        log(account, audit(change("brand_id", 7)), names=names)
