"""Zendesk's words in ours: statuses, priorities, and the three vocabularies in which it names a channel.

The API says `web` and `email`, webhooks say `web_form` and `mail`, and either may give a number. A word that nobody
knows here is never an error: a status or priority stays unknown, a channel becomes `other`.
"""

from typing import NamedTuple

from gateway.plugin import UNSET, BadPayload, Channel, Direction, Json, Kind, Priority, Status, UnsetType, mapping


class Medium(NamedTuple):
    """How a ticket came."""

    kind: Kind
    channel: Channel
    direction: Direction = "inbound"


_STATUSES: dict[str, Status] = {
    "new": "new",
    "open": "open",
    "pending": "pending",
    "hold": "on_hold",
    "solved": "solved",
    "closed": "closed",
    "archived": "closed",
}
_ENDED = frozenset({"solved", "closed", "archived", "deleted", "scrubbed"})
_PRIORITIES: dict[str, Priority] = {"urgent": "urgent", "high": "high", "normal": "normal", "low": "low"}

_MEDIA: dict[Medium, str] = {
    Medium("ticket", "email"): "email mail mailgun",
    Medium("ticket", "web"): "web web_form web_widget helpcenter dropbox batch closed_ticket forum topic sample_ticket",
    Medium("ticket", "api"): "api web_service resource_push ticket_sharing blog import github",
    Medium("ticket", "in_app"): "mobile mobile_sdk iphone",
    Medium("call", "phone"): "voice voicemail phone_call_inbound api_voicemail api_phone_call_inbound",
    Medium("call", "phone", "outbound"): "phone_call_outbound api_phone_call_outbound",
    Medium("chat", "chat"): "chat chat_transcript chat_offline_message business_messaging_slack_connect logmein_rescue",
    Medium("chat", "in_app"): "native_messaging sunshine_conversations_api",
    Medium("chat", "whatsapp"): "whatsapp",
    Medium("chat", "sms"): "sms text_message messagebird_sms twilio_sms google_rcs",
    Medium("chat", "social"): "line wechat telegram viber kakaotalk apple_business_chat",
    Medium("mention", "social"): "twitter twitter_dm twitter_favorite facebook facebook_post facebook_message "
    "instagram_dm google_business_messages sunshine_conversations_facebook_messenger "
    "sunshine_conversations_twitter_dm any_channel",
}
_BY_WORD: dict[str, Medium] = {word: medium for medium, words in _MEDIA.items() for word in words.split()}
_SUNCO = "sunshine_conversations_"
"""Messaging by way of another network, more of which come every year."""

_BY_NUMBER: dict[int, str] = {
    0: "web_form",
    4: "mail",
    5: "web_service",
    8: "rule",
    9: "linked_problem",
    10: "group_deletion",
    11: "user_change",
    12: "user_deletion",
    13: "group_change",
    14: "resource_push",
    15: "iphone",
    16: "get_satisfaction",
    17: "dropbox",
    19: "merge",
    20: "batch",
    21: "recovered_from_suspended_tickets",
    22: "automatic_solution_suggestions",
    23: "twitter_favorite",
    24: "topic",
    25: "user_merge",
    26: "twitter_dm",
    27: "closed_ticket",
    28: "logmein_rescue",
    29: "chat",
    30: "twitter",
    31: "ticket_sharing",
    32: "macro_reference",
    33: "voicemail",
    34: "phone_call_inbound",
    35: "phone_call_outbound",
    36: "blog",
    37: "text_message",
    38: "facebook_post",
    39: "import",
    40: "github",
    41: "facebook_message",
    44: "api_voicemail",
    45: "api_phone_call_inbound",
    46: "api_phone_call_outbound",
    48: "web_widget",
    49: "mobile_sdk",
    50: "helpcenter",
    54: "satisfaction_prediction",
    55: "any_channel",
    56: "mobile",
    57: "sms",
    74: "whatsapp",
    75: "native_messaging",
}
_UNKNOWN = Medium("ticket", "other")
_MESSAGING = Medium("chat", "in_app")


def status_of(value: object) -> Status | UnsetType:
    """Our status; UNSET for one that isn't told or not known."""
    if value is None:
        return UNSET
    if not isinstance(value, str):
        raise BadPayload("status is no text")
    return _STATUSES.get(value.lower(), UNSET)


def ended(value: object) -> bool:
    """Whether a status means that a ticket is over, as far as Zendesk says; one that isn't known doesn't."""
    return isinstance(value, str) and value.lower() in _ENDED


def priority_of(value: object) -> Priority | UnsetType | None:
    """Our priority; None where there is none, UNSET for one that isn't known."""
    if value is None or value in ("", "-"):
        return None
    if not isinstance(value, str):
        raise BadPayload("priority is no text")
    return _PRIORITIES.get(value.lower(), UNSET)


def medium_of(ticket: Json) -> Medium:
    """Kind, channel and direction that a ticket's `via` tells."""
    via = ticket.get("via")
    channel = None if via is None else mapping(via, "via").get("channel")
    messaging = ticket.get("from_messaging_channel")
    if messaging is not None and not isinstance(messaging, bool):
        raise BadPayload("from_messaging_channel is neither true nor false")
    medium = _medium(channel)
    return _MESSAGING if messaging and medium.kind == "ticket" else medium


def by_rule(source: Json) -> bool:
    """Whether a trigger or an automation did this, not a person."""
    return via_word(source) == "rule"


def via_word(source: Json) -> str | None:
    """The word for how something came about, as webhooks say it, whether Zendesk gave a word or a number."""
    via = source.get("via")
    channel = None if via is None else mapping(via, "via").get("channel")
    if isinstance(channel, int) and not isinstance(channel, bool):
        return _BY_NUMBER.get(channel)
    return channel.lower() if isinstance(channel, str) else None


def _medium(channel: object) -> Medium:
    if channel is None:
        return _UNKNOWN
    if isinstance(channel, int) and not isinstance(channel, bool):
        return _BY_WORD.get(_BY_NUMBER.get(channel, ""), _UNKNOWN)
    if not isinstance(channel, str):
        raise BadPayload("via.channel is neither text nor a number")
    word = channel.lower()
    return _BY_WORD.get(word, Medium("chat", "social") if word.startswith(_SUNCO) else _UNKNOWN)
