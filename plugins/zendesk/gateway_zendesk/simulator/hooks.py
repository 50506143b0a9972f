"""The webhooks that an act in a simulated account sets off, as Zendesk writes them.

Ids as text, `"0"` for null, enums in upper case, nine digits of a second, printed with indentation and a line's end.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from gateway.plugin import SECOND_MS
from gateway_zendesk.simulator.account import Account
from gateway_zendesk.simulator.desk import author_of
from gateway_zendesk.simulator.people import FORM, SYSTEM
from gateway_zendesk.simulator.story import MEDIA
from gateway_zendesk.simulator.ticket import Json, Ticket, second

ACCOUNT_ID: Final = 22_129_848
TICKET: Final = "zen:event-type:ticket."
MESSAGE: Final = "zen:event-type:messaging_ticket.message_added"
_NAMES: Final = """
created status_changed custom_status_changed priority_changed type_changed subject_changed description_changed
tags_changed agent_assignment_changed group_assignment_changed requester_changed submitter_changed organization_changed
brand_changed form_changed external_id_changed followers_changed email_ccs_changed problem_link_changed
task_due_at_changed schedule_changed sla_policy_changed ola_policy_changed next_sla_breach_changed custom_field_changed
comment_added comment_made_private comment_redacted attachment_linked_to_comment attachment_redacted_from_comment
csat_requested csat_received merged marked_as_spam soft_deleted permanently_deleted undeleted
"""
KINDS: Final = tuple(f"{TICKET}{name}" for name in _NAMES.split())
"""Every event about tickets that a webhook can be subscribed to."""

_CHANGES: Final = {
    "status": "status_changed",
    "priority": "priority_changed",
    "type": "type_changed",
    "subject": "subject_changed",
    "custom_status_id": "custom_status_changed",
    "assignee_id": "agent_assignment_changed",
    "group_id": "group_assignment_changed",
    "requester_id": "requester_changed",
    "organization_id": "organization_changed",
    "brand_id": "brand_changed",
}
_ENUMS: Final = ("status", "priority", "type")


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook: what it is about, and its bytes."""

    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Hooks:
    """Writes the webhooks of one account."""

    account: Account
    random: Random

    def of_audit(self, audit: Json, ticket: Ticket, at: int) -> Iterator[Hook]:
        """What an entry of the log sets off."""
        if any(entry["type"] == "Create" for entry in audit["events"]):
            yield self.of("created", {}, ticket, at)
            return
        for entry in audit["events"]:
            name, event = self._of_entry(entry, audit, ticket)
            yield self.of(name, event, ticket, at)
        if (audit["via"]["source"]["to"] or {}).get("ticket_id") is not None:
            yield self.of("merged", {"target_ticket_id": str(ticket.merged_into)}, ticket, at)

    def of_message(self, said: Json, ticket: Ticket, at: int) -> Hook:
        """What a message of a conversation sets off."""
        author = said["author"]
        kind = {"user": "end_user", "agent": "agent"}.get(author["type"], "system")
        actor = {
            "id": str(author.get("zen:support:user_id", "zd:answerBot")),
            "name": author["display_name"],
            "type": kind,
        }
        message = {"id": said["reference"].rpartition(":")[2], "body": said["content"]["text"]}
        event = {"actor": actor, "conversation_id": f"{ticket.id:024x}", "message": message}
        return Hook(MESSAGE, self._body(MESSAGE, event, {"id": str(ticket.id)}, ticket, at))

    def of(self, name: str, event: Json, ticket: Ticket, at: int) -> Hook:
        """The webhook of this name."""
        kind = f"{TICKET}{name}"
        return Hook(kind, self._body(kind, event, _detail(ticket), ticket, at))

    def _of_entry(self, entry: Json, audit: Json, ticket: Ticket) -> tuple[str, Json]:
        match entry["type"]:
            case "Comment":
                return "comment_added", {"comment": self._comment(entry, audit)}
            case "SatisfactionRating":
                return "csat_received", {"current": entry["score"].upper(), "previous": "OFFERED"}
            case "CommentRedactionEvent":
                return "comment_redacted", {"comment": {"id": str(entry["comment_id"])}}
            case _:
                return _change(entry, ticket)

    def _comment(self, entry: Json, audit: Json) -> Json:
        id = author_of(self.account, entry, audit)
        user = self.account.users.get(id)
        staff = id == SYSTEM or (user is not None and user.role != "end-user")
        return {
            "id": str(entry["id"]),
            "body": entry["body"],
            "is_public": entry["public"],
            "author": {"id": str(id), "is_staff": staff, "name": "System" if user is None else user.name},
        }

    def _body(self, kind: str, event: Json, detail: Json, ticket: Ticket, at: int) -> bytes:
        fraction = f"{at % SECOND_MS:03d}{self.random.randrange(10**6):06d}"
        content = {
            "account_id": ACCOUNT_ID,
            "detail": detail,
            "event": event,
            "id": f"{self.random.getrandbits(128):032x}",
            "subject": f"zen:ticket:{ticket.id}",
            "time": f"{second(at).removesuffix('Z')}.{fraction}Z",
            "type": kind,
            "zendesk_event_version": "2022-11-06",
        }
        return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _change(entry: Json, ticket: Ticket) -> tuple[str, Json]:
    name, value, before = entry["field_name"], entry["value"], entry["previous_value"]
    match name:
        case "status" if value == "deleted":
            return ("marked_as_spam" if ticket.spam else "soft_deleted"), {}
        case "status" if before == "deleted":
            return "undeleted", {}
        case "tags":
            added = [tag for tag in value if tag not in before]
            return "tags_changed", {"tags_added": added, "tags_removed": [tag for tag in before if tag not in value]}
        case _ if name in _CHANGES:
            pair = {"current": value, "previous": before}
            upper = name in _ENUMS
            return _CHANGES[name], {key: written(item, upper=upper) for key, item in pair.items()}
        case _:
            field = {"id": name, "title": "Order number", "type": "TEXT"}
            changed = {"current": {"value": value or ""}, "previous": {"value": before or ""}}
            return "custom_field_changed", {"custom_field": field, **changed}


def written(value: Any, *, upper: bool) -> str:
    """A value as webhooks write it."""
    if value is None:
        return "" if upper else "0"
    return str(value).upper() if upper else str(value)


def _detail(ticket: Ticket) -> Json:
    word, _ = MEDIA[ticket.channel]
    ids = {
        "id": ticket.id,
        "requester_id": ticket.requester,
        "submitter_id": ticket.submitter,
        "assignee_id": ticket.assignee,
        "group_id": ticket.group,
        "organization_id": ticket.organization,
        "brand_id": ticket.brand,
        "custom_status": ticket.custom_status,
        "form_id": FORM,
        "actor_id": ticket.assignee or ticket.submitter,
    }
    enums = {"status": ticket.status, "priority": ticket.priority, "type": ticket.type}
    return {
        **{key: written(value, upper=False) for key, value in ids.items()},
        **{key: written(value, upper=True) for key, value in enums.items()},
        "external_id": "",
        "subject": ticket.subject or "",
        "description": ticket.description,
        "tags": list(ticket.tags),
        "is_public": True,
        "created_at": second(ticket.created),
        "updated_at": second(ticket.updated),
        "via": {"channel": word},
    }
