"""Tickets as the API shows them: rows, logs, comments, conversations, measures and ratings."""

from collections.abc import Iterable
from typing import Any, Final

from gateway.plugin import MINUTE_MS, parse_instant
from gateway_zendesk.simulator.account import Account
from gateway_zendesk.simulator.desk import author_of
from gateway_zendesk.simulator.people import AGENT, BRANDS, FIELDS, FORM, user_json
from gateway_zendesk.simulator.ticket import Json, Ticket, second

_METADATA: Final = {"system": {"client": "simulated", "location": "London", "ip_address": "192.0.2.1"}, "custom": {}}


def ticket_json(ticket: Ticket, base: str, *, exported: bool = False) -> Json:
    """A ticket; `exported` adds what only the exports have."""
    known = ticket.fields or {}
    fields = [] if ticket.scrubbed else [{"id": id, "value": known.get(id)} for id in FIELDS]
    row: Json = {
        "url": f"{base}/api/v2/tickets/{ticket.id}.json",
        "id": ticket.id,
        "external_id": None,
        "via": {"channel": ticket.channel, "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": second(ticket.created),
        "updated_at": second(ticket.updated),
        "type": ticket.type,
        "subject": ticket.subject,
        "raw_subject": ticket.subject,
        "description": ticket.description,
        "priority": ticket.priority,
        "status": ticket.status,
        "recipient": None,
        "requester_id": ticket.requester,
        "submitter_id": ticket.submitter,
        "assignee_id": ticket.assignee,
        "organization_id": ticket.organization,
        "group_id": ticket.group,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": list(ticket.tags),
        "custom_fields": fields,
        "fields": fields,
        "satisfaction_rating": _rating(ticket),
        "sharing_agreement_ids": [],
        "custom_status_id": ticket.custom_status,
        "followup_ids": [],
        "ticket_form_id": FORM,
        "brand_id": ticket.brand,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": ticket.messaging,
        "support_type": ticket.support_type,
    }
    if exported:
        row["generated_timestamp"] = ticket.written
    return row


def _rating(ticket: Ticket) -> Json:
    if ticket.rating is None:
        return {"score": "offered" if ticket.status in ("solved", "closed") else "unoffered"}
    return {"id": ticket.rating.id, "score": ticket.rating.score, "comment": ticket.rating.comment}


def sideloads(account: Account, tickets: list[Ticket], wanted: frozenset[str], base: str) -> Json:
    """What the request wants beside the tickets; what belongs to each is put into `within`."""
    beside: Json = {}
    if "users" in wanted:
        beside["users"] = [user_json(user, base) for user in account.people_of(tickets)]
    if "brands" in wanted:
        beside["brands"] = [{"id": id, "name": name} for id, name in BRANDS.items()]
    if "metric_sets" in wanted:
        beside["metric_sets"] = [metric_json(account.whole(ticket.id), base) for ticket in tickets]
    return beside


def within(account: Account, ticket: Ticket, wanted: frozenset[str]) -> Json:
    """What the request wants in the ticket itself."""
    own: Json = {}
    if "comment_count" in wanted:
        own["comment_count"] = len(list(_comments(account.whole(ticket.id))))
    if "dates" in wanted:
        told = metric_json(account.whole(ticket.id), "")
        names = ("assignee_updated_at", "requester_updated_at", "status_updated_at", "initially_assigned_at")
        own["dates"] = {name: told[name] for name in (*names, "assigned_at", "solved_at", "latest_comment_added_at")}
    if "slas" in wanted:
        own["slas"] = {"policy_metrics": []}
    return own


def audit_json(account: Account, audit: Json) -> Json:
    """An entry of the log."""
    events = [_event_json(account, entry, audit) for entry in audit["events"]]
    return {**audit, "metadata": _METADATA, "events": events}


def _event_json(account: Account, entry: Json, audit: Json) -> Json:
    if entry["type"] == "Comment":
        return _comment_json(account, entry, audit)
    if entry["type"] == "Create" and entry["value"] is None:
        return {**entry, "value": None}
    return {"via": audit["via"], **entry} if entry["type"] == "Change" else entry


def _comment_json(account: Account, entry: Json, audit: Json) -> Json:
    body = entry["body"]
    return {
        "id": entry["id"],
        "type": "Comment",
        "author_id": author_of(account, entry, audit),
        "body": body,
        "html_body": f'<div class="zd-comment" dir="auto">{body}</div>',
        "plain_body": body,
        "public": entry["public"],
        "attachments": [],
        "audit_id": audit["id"],
        **({"via": entry["via"]} if "via" in entry else {}),
    }


def _comments(ticket: Ticket) -> Iterable[tuple[Json, Json]]:
    for audit in ticket.log or []:
        for entry in audit["events"]:
            if entry["type"] == "Comment":
                yield entry, audit


def comments_json(account: Account, ticket: Ticket) -> list[Json]:
    """The comments of a ticket; a conversation's messages are not among them."""
    return [
        {
            **_comment_json(account, entry, audit),
            "via": entry.get("via", audit["via"]),
            "created_at": audit["created_at"],
            "metadata": _METADATA,
        }
        for entry, audit in _comments(ticket)
    ]


def conversation_json(account: Account, ticket: Ticket) -> list[Json]:
    """What was said, by all ways, in the order of time."""
    said = [*(ticket.talk or []), *(_as_talk(account, entry, audit) for entry, audit in _comments(ticket))]
    return sorted(said, key=lambda one: (one["created_at"], one["id"]))


def _as_talk(account: Account, entry: Json, audit: Json) -> Json:
    id = author_of(account, entry, audit)
    user = account.users.get(id)
    kind = "bot" if user is None else "user" if user.role == "end-user" else "agent"
    return {
        "id": f"01J{entry['id']:023d}",
        "type": "Comment",
        "reference": f"zen:ticket_event:{entry['id']}",
        "created_at": audit["created_at"],
        "attachments": [],
        "author": {"type": kind, "display_name": "System" if user is None else user.name, "zen:support:user_id": id},
        "content": {"type": "html", "body": f"<p>{entry['body']}</p>"},
        "metadata": {"public": entry["public"]},
    }


def rating_json(ticket: Ticket, base: str) -> Json:
    """What a customer thinks of a ticket."""
    rating = ticket.rating
    assert rating is not None  # noqa: S101 - only rated tickets are asked for
    return {
        "id": rating.id,
        "url": f"{base}/api/v2/satisfaction_ratings/{rating.id}.json",
        "assignee_id": ticket.assignee or AGENT,
        "group_id": ticket.group or 0,
        "requester_id": ticket.requester,
        "ticket_id": ticket.id,
        "score": rating.score,
        "comment": rating.comment or "",
        "reason": "",
        "created_at": second(rating.at),
        "updated_at": second(rating.at),
    }


def metric_json(ticket: Ticket, base: str) -> Json:
    """How long things took, as Zendesk reckons it."""
    told = _Measures(ticket)
    return {
        "id": 366_000_000_000 + ticket.id,
        "url": f"{base}/api/v2/ticket_metrics/{366_000_000_000 + ticket.id}.json",
        "ticket_id": ticket.id,
        "created_at": second(ticket.created),
        "updated_at": second(ticket.updated),
        "group_stations": 0 if ticket.group is None else 1,
        "assignee_stations": 0 if ticket.assignee is None else 1,
        "reopens": told.reopens,
        "replies": len(told.replies),
        "assignee_updated_at": told.last(told.replies),
        "requester_updated_at": told.last(told.asked) or second(ticket.created),
        "status_updated_at": told.last(told.statuses) or second(ticket.created),
        "initially_assigned_at": told.first(told.assigned),
        "assigned_at": told.last(told.assigned),
        "solved_at": told.last(told.solved),
        "latest_comment_added_at": told.last(sorted([*told.replies, *told.asked])),
        "reply_time_in_minutes": told.minutes(told.replies[:1]),
        "first_resolution_time_in_minutes": told.minutes(told.solved[:1]),
        "full_resolution_time_in_minutes": told.minutes(told.solved[-1:]),
        "agent_wait_time_in_minutes": told.minutes([]),
        "requester_wait_time_in_minutes": told.minutes([]),
        "on_hold_time_in_minutes": told.minutes([]),
        "custom_status_updated_at": told.last(told.statuses) or second(ticket.created),
    }


class _Measures:
    """When what happened, from a ticket's log."""

    def __init__(self, ticket: Ticket) -> None:
        self.created = ticket.created
        self.replies: list[int] = []
        self.asked: list[int] = []
        self.statuses: list[int] = []
        self.solved: list[int] = []
        self.assigned: list[int] = []
        self.reopens = 0
        for audit in ticket.log or []:
            at = int(parse_instant(audit["created_at"]))
            for entry in audit["events"]:
                self._count(entry, audit, at, ticket)

    def _count(self, entry: Json, audit: Json, at: int, ticket: Ticket) -> None:
        if entry["type"] == "Comment":
            staff = entry.get("author_id", audit["author_id"]) != ticket.requester
            if entry["public"]:
                (self.replies if staff else self.asked).append(at)
        elif entry["type"] == "Change" and entry["field_name"] == "status":
            self.statuses.append(at)
            if entry["value"] in ("solved", "closed"):
                self.solved.append(at)
            elif entry["previous_value"] == "solved":
                self.reopens += 1
        elif entry["type"] == "Change" and entry["field_name"] == "assignee_id":
            self.assigned.append(at)

    def minutes(self, moments: list[int]) -> dict[str, Any]:
        """Minutes since the opening, by the calendar and in business hours."""
        whole = (moments[0] - self.created) // MINUTE_MS if moments else None
        return {"calendar": whole, "business": whole}

    def first(self, moments: list[int]) -> str | None:
        """The first of these."""
        return second(moments[0]) if moments else None

    def last(self, moments: list[int]) -> str | None:
        """The last of these."""
        return second(moments[-1]) if moments else None
