"""The queries that are sent, in Salesforce's query language: nothing but ids and instants is ever put into one.

Laws. What comes from outside is in no query but as a literal of `id_literal` or `instant_literal`, which refuse
anything else; names of columns come from the lists here, from settings that a pattern holds, and never from an answer.
A page goes on behind the last row of the one before it, by its time and id: the vendor's own pointer to the next page
dies with the token.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.plugin import Instant, format_instant
from gateway_salesforce.reading import id18

ROWS_MAX: Final = 2_000
"""The most rows that Salesforce gives in one answer."""

LONG_ROWS_MAX: Final = 200
"""Rows of a page where each may hold a long text, and of what hangs on a case that is looked up."""


class Relation(NamedTuple):
    """Where a column leads: the object there, and which of its columns are read."""

    object: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What is read of one object: its own columns, those of objects that it points at by a relation's name, and the
    relation that leads to its case, whose columns are read whole.

    `by` is the column that its rows are ordered by; `where` what all rows meet that are read, `of_case` those of one
    case; `nested` is its name as a part of a case. `binned`: those in the recycle bin are read with the others.
    """

    object: str
    columns: tuple[str, ...]
    relations: Mapping[str, Relation]
    case: str = ""
    parent: str = ""
    nested: str = ""
    by: str = "SystemModstamp"
    where: str = ""
    of_case: str = ""
    rows: int = ROWS_MAX
    binned: bool = False


OWNER_FIELDS: Final = ("Owner", "ownerAccepted", "ownerAssignment", "ownerEscalated")
"""What a case's history calls a change of its owner: by hand, taken out of a queue, by an assignment rule, and by an
escalation rule."""

_TOLD: Final = f"Field IN ({', '.join(repr(name) for name in (*OWNER_FIELDS, 'Priority', 'Status'))})"
CASE: Final = Kind(
    "Case",
    (
        "Id",
        "CaseNumber",
        "Subject",
        "Status",
        "Priority",
        "Origin",
        "Type",
        "Reason",
        "OwnerId",
        "ContactId",
        "IsClosed",
        "IsEscalated",
        "SuppliedName",
        "SuppliedEmail",
        "SuppliedPhone",
        "IsDeleted",
        "MasterRecordId",
        "CreatedById",
        "CreatedDate",
        "SystemModstamp",
    ),
    {
        "Contact": Relation("Contact", ("Name", "Email", "Phone", "MobilePhone")),
        "Account": Relation("Account", ("Name",)),
    },
)
HISTORY: Final = Kind(
    "CaseHistory",
    ("Id", "CaseId", "Field", "NewValue", "CreatedById", "CreatedDate"),
    {},
    case="Case",
    parent="CaseId",
    nested="Histories",
    by="CreatedDate",
    where=_TOLD,
    of_case=_TOLD,
    # A case that is restored brings its history back under the old times, where no later page would look for it.
    binned=True,
)
EMAIL: Final = Kind(
    "EmailMessage",
    (
        "Id",
        "ParentId",
        "Incoming",
        "FromName",
        "TextBody",
        "Status",
        "MessageDate",
        "CreatedById",
        "CreatedDate",
        "SystemModstamp",
    ),
    {"CreatedBy": Relation("User", ("UserType",))},
    case="Parent",
    parent="ParentId",
    nested="EmailMessages",
    where="ParentId != null",
    rows=LONG_ROWS_MAX,
)
COMMENT: Final = Kind(
    "CaseComment",
    ("Id", "ParentId", "CommentBody", "IsPublished", "CreatedById", "CreatedDate", "SystemModstamp"),
    {"CreatedBy": Relation("User", ("Name", "UserType"))},
    case="Parent",
    parent="ParentId",
    nested="CaseComments",
)
SESSION: Final = Kind(
    "MessagingSession",
    (
        "Id",
        "Name",
        "Status",
        "ChannelType",
        "Origin",
        "AgentType",
        "CaseId",
        "OwnerId",
        "AcceptTime",
        "StartTime",
        "EndTime",
        "EndUserContactId",
        "CreatedDate",
        "SystemModstamp",
    ),
    {"MessagingEndUser": Relation("MessagingEndUser", ("Name", "MessagingPlatformKey"))},
)
CALL: Final = Kind(
    "VoiceCall",
    (
        "Id",
        "CallType",
        "CallStartDateTime",
        "CallAcceptDateTime",
        "CallConnectDateTime",
        "CallEndDateTime",
        "CallDisposition",
        "FromPhoneNumber",
        "ToPhoneNumber",
        "VendorCallKey",
        "OwnerId",
        "RelatedRecordId",
        "CreatedDate",
        "SystemModstamp",
    ),
    {},
)
CHILDREN: Final = (HISTORY, EMAIL, COMMENT)
KINDS: Final = {kind.object: kind for kind in (CASE, *CHILDREN, SESSION, CALL)}
STATUSES: Final = "SELECT ApiName, MasterLabel, IsClosed FROM CaseStatus LIMIT 200"

DELETED: Final = "IsDeleted = true"
NOT_DELETED: Final = "IsDeleted = false"


class After(NamedTuple):
    """A place in an object's rows: behind the row `id` of an instant, or at that instant where there is none."""

    at: Instant
    id: str = ""


def id_literal(id: str) -> str:
    """An id in quotes. Raises BadPayload for what is none."""
    return f"'{id18(id, 'the id')}'"


def instant_literal(at: Instant) -> str:
    """An instant as Salesforce reads it."""
    return format_instant(at)


def page_query(kind: Kind, columns: Sequence[str], after: After, until: Instant, where: str = "") -> str:
    """The rows of an object behind `after` and before `until`, the oldest first."""
    at = instant_literal(after.at)
    begins = f"{kind.by} >= {at}"
    if after.id:
        begins = f"(({kind.by} = {at} AND Id > {id_literal(after.id)}) OR {kind.by} > {at})"
    conditions = (begins, f"{kind.by} < {instant_literal(until)}", kind.where, where)
    return _select(columns, kind.object, conditions, f"{kind.by}, Id", kind.rows)


def one_query(kind: Kind, columns: Sequence[str], id: str, children: Mapping[str, Sequence[str]]) -> str:
    """One object with what hangs on it: `children` are the columns of each, by the object's name."""
    nested = [
        f"({_select(children[child.object], child.nested, (child.of_case, NOT_DELETED), 'Id', LONG_ROWS_MAX)})"
        for child in CHILDREN
        if child.object in children
    ]
    return _select([*columns, *nested], kind.object, (f"Id = {id_literal(id)}",), "", 1)


def children_query(child: Kind, columns: Sequence[str], case: str, after: str) -> str:
    """What hangs on a case, behind the id `after`."""
    conditions = (f"{child.parent} = {id_literal(case)}", f"Id > {id_literal(after)}", child.of_case)
    return _select(columns, child.object, conditions, "Id", LONG_ROWS_MAX)


def _select(columns: Sequence[str], source: str, conditions: Sequence[str], order: str, rows: int) -> str:
    where = " AND ".join(filter(None, conditions))
    ordered = f" ORDER BY {order}" if order else ""
    # Every part is of this module, a column's name that a pattern holds, or a literal that was checked.
    return f"SELECT {', '.join(columns)} FROM {source} WHERE {where}{ordered} LIMIT {rows}"  # noqa: S608 - see above
