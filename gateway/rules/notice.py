"""What goes out in a notice, field by field: the shape that `view.notice_body` fills and that is published.

Receivers take what they know and pass over the rest: a later version may add fields, and takes none away.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.model.event import FieldValue
from gateway.model.identity import Customer
from gateway.model.instant import format_instant
from gateway.model.judgement import ClockState, ContactNoticeType, NoticeType
from gateway.model.words import Channel, Direction, Kind, Life, Metric, Priority
from gateway.rules.coming import ComingKind

SEQUENCE_DIGITS: Final = 12
"""Digits of a sequence in a notice: with zeros before it, so that its texts are in the order of the numbers."""

Time = Annotated[str, Meta(description="RFC 3339 in UTC.", extra_json_schema={"format": "date-time"})]
Seconds = int | float


def _told(text: str) -> Meta:
    return Meta(description=text)


class NoticeRef(Struct, frozen=True):
    """A vendor's object that belongs to the contact."""

    connector: Annotated[str, _told("The connector that it came through.")]
    kind: Annotated[str, _told("What the vendor calls such an object.")]
    id: Annotated[str, _told("Its id at the vendor.")]


class NoticeRoute(Struct, frozen=True):
    """Where the contact belongs."""

    rule: Annotated[str, _told("The routing rule that says so.")]
    queue: Annotated[str, _told("The policy's queue.")]
    team: Annotated[str, _told("Who works on the queue.")]
    tier: Annotated[int, _told("How far up the queue is.")]
    skills: Annotated[list[str], _told("What whoever takes it must know.")]
    priority: Annotated[int, _told("Which of the queue's contacts comes first: the higher.")]


class NoticeClock(Struct, frozen=True, kw_only=True):
    """One promise and how it stands."""

    rule: Annotated[str, _told("The SLA rule that counts it, or counted it last.")]
    metric: Annotated[Metric, _told("What is counted.")]
    instance: Annotated[int, _told("From 1: which of the repeats.")]
    state: Annotated[ClockState, _told("How it stands.")]
    started_at: Annotated[Time, _told("When it started.")]
    due_at: Annotated[Time | None, _told("The deadline, if the present state goes on; null while paused.")]
    met_at: Annotated[Time | None, _told("When it was met.")]
    breached_at: Annotated[Time | None, _told("When it was broken: at its deadline.")]
    cancelled_at: Annotated[Time | None, _told("When it lost its object.")]
    target_s: Annotated[Seconds | None, _told("The target, in seconds of open time.")]
    elapsed_s: Annotated[Seconds, _told("What has been counted, in seconds of open time.")]
    calendar: Annotated[str | None, _told("The calendar that counts.")]
    reason: Annotated[str | UnsetType, _told("Why a running clock has no deadline.")] = UNSET


class NoticeEscalation(Struct, frozen=True, kw_only=True):
    """A call for more people."""

    id: Annotated[str, _told("Its id.")]
    rule: Annotated[str, _told("The escalation rule that raised it.")]
    chain: Annotated[str, _told("The chain that it follows.")]
    state: Annotated[Literal["active", "acknowledged", "resolved"], _told("How it stands.")]
    raised_at: Annotated[Time, _told("When it was raised.")]
    steps_fired: Annotated[int, _told("How many of the chain's steps have been taken.")]
    next_step_at: Annotated[Time | None, _told("When the next step or reminder is due.")]
    acknowledged_at: Annotated[Time | None, _told("When somebody took it.")]
    acknowledged_by: Annotated[str | None, _told("Who took it.")]
    resolved_at: Annotated[Time | None, _told("When it was over.")]
    resolved_by: Annotated[str | None, _told("Who said that it is over; null where its cause was.")]


class NoticeFacts(Struct, frozen=True, kw_only=True):
    """What an enricher was asked about the customer, and what it said. Nothing waits for it."""

    status: Annotated[
        Literal["asked", "ok", "unavailable"], _told("`asked`: no answer yet; `unavailable`: none could be had so far.")
    ]
    at: Annotated[Time, _told("When it answered; asked, when it was asked.")]
    reason: Annotated[str | None, _told("Why it is unavailable.")]
    known_at: Annotated[Time | None, _told("When what is known was said: by an answer before this one, maybe.")]
    known: Annotated[dict[str, Any] | None, _told("What it knows, as the enricher declares; null: nothing was said.")]


class NoticeContact(Struct, frozen=True, kw_only=True):
    """The contact as it was when the notice became true."""

    id: Annotated[str, _told("Its id.")]
    kind: Annotated[Kind, _told("What it is.")]
    channel: Annotated[Channel, _told("The way by which it came.")]
    direction: Annotated[Direction, _told("Who began.")]
    status: Annotated[Life, _told("How it stands.")]
    severity: Annotated[int, _told("How grave it is, 1 the gravest.")]
    subject: Annotated[str | None, _told("Its title.")]
    priority: Annotated[Priority | None, _told("The vendor's priority.")]
    tags: Annotated[list[str], _told("The vendor's tags.")]
    group: Annotated[str | None, _told("The vendor's group.")]
    assignee: Annotated[str | None, _told("Who has it at the vendor.")]
    language: Annotated[str | None, _told("The customer's language.")]
    deadline: Annotated[Time | None, _told("By when the vendor's own rules demand an answer.")]
    fields: Annotated[dict[str, FieldValue], _told("The vendor's own fields.")]
    customer: Annotated[Customer, _told("Who asks; what is not known is left out.")]
    facts: Annotated[dict[str, NoticeFacts], _told("What others know of the customer, by enricher.")]
    refs: Annotated[list[NoticeRef], _told("The vendors' objects that it is made of.")]
    opened_at: Annotated[Time, _told("When it began.")]
    updated_at: Annotated[Time, _told("When something last happened to it.")]
    reopened: Annotated[int, _told("How often it came back after an end.")]
    queue: Annotated[str | None, _told("The policy's queue.")]
    route: Annotated[NoticeRoute | None, _told("Where it belongs, and why.")]
    clocks: Annotated[list[NoticeClock], _told("Its promises, in the policy's order.")]
    escalations: Annotated[list[NoticeEscalation], _told("Its escalations.")]
    cut: Annotated[dict[str, int] | UnsetType, _told("How many tags and fields the conditions did not see.")] = UNSET


class NoticePolicy(Struct, frozen=True):
    """The policy from which the notice follows."""

    name: Annotated[str, _told("Its name.")]
    hash: Annotated[str, _told("The name of its content.")]


class NoticeLinks(Struct, frozen=True):
    """Where people find more."""

    contact: Annotated[str, _told("The contact's page.")]


class NoticeSeverity(Struct, frozen=True):
    """How grave the contact is, and why."""

    severity: Annotated[int, _told("1 is the gravest.")]
    rule: Annotated[str | None, _told("The severity rule that says so; null where the priority does.")]


class NoticeChoice(Struct, frozen=True):
    """Where the contact belongs, and why."""

    queue: Annotated[str, _told("The policy's queue.")]
    rule: Annotated[str, _told("The routing rule that says so.")]


class NoticeCounted(Struct, frozen=True, kw_only=True):
    """The clock that raised the escalation; where its own condition did, or it is taken back: the one due first."""

    metric: Annotated[Metric, _told("What is counted.")]
    instance: Annotated[int, _told("From 1: which of the repeats.")]
    rule: Annotated[str, _told("The SLA rule that counts it, or counted it last.")]
    state: Annotated[ClockState, _told("How it stands.")]
    counted_s: Annotated[Seconds, _told("What has been counted, in seconds of open time.")]
    target_s: Annotated[Seconds, _told("The target, in seconds of open time.")]
    calendar: Annotated[str, _told("The calendar that counts.")]
    due_at: Annotated[Time | None, _told("The deadline; null while paused.")]


class NoticeStep(Struct, frozen=True):
    """How far the chain has come."""

    chain: Annotated[str, _told("The chain.")]
    step: Annotated[int, _told("The number of the step; 0: none yet.")]
    of: Annotated[int, _told("How many steps there are.")]


class NoticeNext(Struct, frozen=True, kw_only=True):
    """Something that happens if nothing else does."""

    at: Annotated[Time, _told("When.")]
    in_s: Annotated[Seconds, _told("How many seconds from the instant at which the notice is said.")]
    kind: Annotated[ComingKind, _told("What it is: `resumption` is an acknowledgement that runs out.")]
    rule: Annotated[str | None, _told("The rule whose it is.")]
    what: Annotated[str, _told("The same in words.")]


class NoticeExplanation(Struct, frozen=True, kw_only=True):
    """Why there is an escalation, and what comes next, in short; `gateway explain` tells the whole."""

    words: Annotated[list[str], _told("A few sentences for people: what the other fields say.")]
    severity: Annotated[NoticeSeverity, _told("How grave it is, and why.")]
    route: Annotated[NoticeChoice | None, _told("Where it belongs, and why.")]
    clock: Annotated[NoticeCounted | None, _told("The clock that it is about, where there is one.")]
    step: Annotated[NoticeStep | None, _told("How far the chain has come; null where the escalation is gone.")]
    next: Annotated[list[NoticeNext], _told("What comes if nothing else happens: the soonest three, in order.")]


class NoticeData(Struct, frozen=True, kw_only=True):
    """What it is about. The fields behind `links` come with some types only."""

    contact: Annotated[NoticeContact, _told("The contact as it was then.")]
    rule: Annotated[str | None, _told("The rule from which it follows.")]
    reason: Annotated[str, _told("Why, in words.")]
    late_by_s: Annotated[Seconds, _told("How many seconds after the instant it is said.")]
    policy: Annotated[NoticePolicy, _told("The policy from which it follows.")]
    links: Annotated[NoticeLinks, _told("Where people find more.")]
    metric: Annotated[Metric | UnsetType, _told("Of a clock: what is counted.")] = UNSET
    instance: Annotated[int | UnsetType, _told("Of a clock: which of the repeats.")] = UNSET
    mark: Annotated[str | UnsetType, _told("Of a warning: the mark that was reached.")] = UNSET
    escalation: Annotated[str | UnsetType, _told("The id of an escalation.")] = UNSET
    chain: Annotated[str | UnsetType, _told("The chain of an escalation.")] = UNSET
    step: Annotated[int | UnsetType, _told("The number of a step; 0: none yet.")] = UNSET
    reminder: Annotated[int | UnsetType, _told("The number of a step's reminder; 0: the step itself.")] = UNSET
    queue: Annotated[str | UnsetType, _told("Of a route: the queue.")] = UNSET
    before: Annotated[str | UnsetType | None, _told("Of a route: the queue before it.")] = UNSET
    passed_over: Annotated[list[str] | UnsetType, _told("Of a route: the rules before it that did not match.")] = UNSET
    corrects: Annotated[str | UnsetType, _told("The id of the notice that proved wrong.")] = UNSET
    explanation: Annotated[NoticeExplanation | UnsetType, _told("Of an escalation: why, and what comes next.")] = UNSET
    corrected_type: Annotated[ContactNoticeType | UnsetType, _told("The type of that notice.")] = UNSET


class EndpointData(Struct, frozen=True, kw_only=True):
    """What a notice of a type `endpoint.*` is about: a receiver, not a contact."""

    endpoint: Annotated[str, _told("The endpoint's name.")]
    reason: Annotated[str, _told("What has happened and what to do, in words.")]
    failing_since: Annotated[Time | None, _told("The first failure since the last success.")]
    last_success_at: Annotated[Time | None, _told("When it last took a notice.")]


class Notice(Struct, frozen=True, kw_only=True):
    """A notice: one object that is both a CloudEvent in structured mode and a Standard Webhooks payload."""

    specversion: Annotated[Literal["1.0"], _told("The version of CloudEvents.")]
    id: Annotated[str, _told("The effect's id, the same on every try; also the header `webhook-id`.")]
    source: Annotated[str, _told("The gateway's `name`.")]
    type: Annotated[NoticeType, _told("What became true.")]
    time: Annotated[Time, _told("The instant at which it became true, not that of the sending.")]
    timestamp: Annotated[Time, _told("The same instant.")]
    subject: Annotated[str, _told("The contact's id; of a type `endpoint.*` the endpoint's name.")]
    sequence: Annotated[
        str,
        Meta(
            description="The number of the notice at this endpoint, from 1, contiguous: no number is left out.",
            pattern=f"^[0-9]{{{SEQUENCE_DIGITS}}}$",
        ),
    ]
    datacontenttype: Annotated[Literal["application/json"], _told("What `data` is.")]
    data: Annotated[NoticeData, _told("What it is about.")]
    """Of a type `endpoint.*`: EndpointData."""


def enveloped(id: str, source: str, type: str, at: int, subject: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """One object that is both a CloudEvent in structured mode and a Standard Webhooks payload; `at` in ms."""
    time = format_instant(at)
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": type,
        "time": time,
        "timestamp": time,
        "subject": subject,
        "datacontenttype": "application/json",
        "data": data,
    }


def numbered(body: bytes, sequence: int) -> bytes:
    """A notice's body with the `sequence` of one delivery as its first field: the same bytes on every try."""
    return b'{"sequence":"%0*d",%b' % (SEQUENCE_DIGITS, sequence, body[1:])
