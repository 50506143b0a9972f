"""Which objects the simulated org has, with which fields and relationships, and how `describe` shows them.

Laws. Names are found whatever their case, and told as they are written here. What a fault hides or takes away is not
there: neither described nor readable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

STATUSES: Final[dict[str, bool]] = {
    "New": False,
    "Working": False,
    "Escalated": False,
    "Waiting on Customer": False,
    "On Hold": False,
    "Waiting for documents": False,
    "Closed": True,
    "Closed - Duplicate": True,
}
"""The labels of a case's status, and whether a case that has it is closed."""

_AUDIT: Final = (
    "CreatedDate:datetime CreatedById>User LastModifiedDate:datetime LastModifiedById>User SystemModstamp:datetime "
    "IsDeleted:boolean"
)
_SPECS: Final[dict[str, tuple[str, str]]] = {
    "Account": ("001", f"Id:id Name:string Phone:phone Type:picklist {_AUDIT}"),
    "Contact": (
        "003",
        "Id:id AccountId>Account Name:string FirstName:string LastName:string Email:email Phone:phone "
        f"MobilePhone:phone {_AUDIT}",
    ),
    "User": (
        "005",
        "Id:id Name:string Username:string Email:email UserType:picklist IsActive:boolean ContactId>Contact "
        "CreatedDate:datetime SystemModstamp:datetime",
    ),
    "Group": (
        "00G",
        "Id:id Name:string DeveloperName:string Type:picklist Email:email CreatedDate:datetime SystemModstamp:datetime",
    ),
    "Organization": (
        "00D",
        "Id:id Name:string IsSandbox:boolean OrganizationType:picklist InstanceName:string CreatedDate:datetime "
        "SystemModstamp:datetime",
    ),
    "CaseStatus": (
        "0CS",
        "Id:id ApiName:string MasterLabel:string SortOrder:int IsDefault:boolean IsClosed:boolean "
        "CreatedDate:datetime SystemModstamp:datetime",
    ),
    "Case": (
        "500",
        "Id:id MasterRecordId>Case CaseNumber:string ContactId>Contact AccountId>Account ParentId>Case "
        "SuppliedName:string SuppliedEmail:email SuppliedPhone:phone Type:picklist Status:picklist Reason:picklist "
        "Origin:picklist Subject:string Priority:picklist Description:textarea IsClosed:boolean ClosedDate:datetime "
        f"IsEscalated:boolean OwnerId>User|Group ContactEmail:email ContactPhone:phone {_AUDIT}",
    ),
    "CaseHistory": (
        "017",
        "Id:id CaseId>Case CreatedDate:datetime CreatedById>User Field:picklist DataType:picklist OldValue:anyType "
        "NewValue:anyType IsDeleted:boolean",
    ),
    "CaseComment": ("00a", f"Id:id ParentId>Case IsPublished:boolean CommentBody:textarea {_AUDIT}"),
    "EmailMessage": (
        "02s",
        "Id:id ParentId>Case Subject:string FromName:string FromAddress:email ToAddress:string CcAddress:string "
        "TextBody:textarea HtmlBody:textarea Incoming:boolean Status:picklist MessageDate:datetime "
        f"MessageIdentifier:string ThreadIdentifier:string HasAttachment:boolean {_AUDIT}",
    ),
    "MessagingEndUser": (
        "0PA",
        f"Id:id Name:string MessagingPlatformKey:string MessageType:picklist ContactId>Contact {_AUDIT}",
    ),
    "MessagingSession": (
        "0Mw",
        "Id:id Name:string CaseId>Case MessagingEndUserId>MessagingEndUser EndUserContactId>Contact OwnerId>User|Group "
        "Status:picklist ChannelType:picklist Origin:picklist AgentType:picklist ConversationId:string "
        f"StartTime:datetime AcceptTime:datetime EndTime:datetime {_AUDIT}",
    ),
    "VoiceCall": (
        "0LQ",
        "Id:id CallType:picklist RelatedRecordId>Case OwnerId>User|Group UserId>User FromPhoneNumber:phone "
        "ToPhoneNumber:phone VendorCallKey:string CallStartDateTime:datetime CallAcceptDateTime:datetime "
        "CallConnectDateTime:datetime CallEndDateTime:datetime CallDurationInSeconds:int CallDisposition:picklist "
        f"{_AUDIT}",
    ),
    "Name": ("", "Id:id Name:string Type:picklist Email:email Username:string IsActive:boolean UserType:picklist"),
}
CHILDREN: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "Case": {
        "Histories": ("CaseHistory", "CaseId"),
        "EmailMessages": ("EmailMessage", "ParentId"),
        "CaseComments": ("CaseComment", "ParentId"),
        "MessagingSessions": ("MessagingSession", "CaseId"),
        "Cases": ("Case", "ParentId"),
    },
    "Contact": {"Cases": ("Case", "ContactId")},
    "Account": {"Cases": ("Case", "AccountId"), "Contacts": ("Contact", "AccountId")},
}
"""The lists that hang on an object: by name, of which object they are, and by which field."""

NAME: Final = "Name"
"""What an owner is who may be a user or a queue."""

UNFILTERED: Final = frozenset({"textarea", "anyType"})
"""Fields of these types can be read, but not compared or sorted by."""

LACKING: Final = frozenset({"MessagingEndUser", "MessagingSession", "VoiceCall"})
"""Objects that an org without the licences hasn't got."""

HIDDEN: Final = frozenset({("Case", "Priority"), ("Case", "SuppliedEmail"), ("Contact", "Email")})
"""Fields that an admin may hide from the one who reads."""

READ_ONLY: Final = frozenset(
    {
        *("Id", "CaseNumber", "MasterRecordId", "IsClosed", "ClosedDate", "IsDeleted", "ContactEmail", "ContactPhone"),
        *("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"),
    }
)
"""Fields that the org writes itself."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type, and of a reference to which objects."""

    name: str
    type: str
    to: tuple[str, ...] = ()

    @property
    def relationship(self) -> str:
        """By which name one goes on to what it refers to."""
        return self.name.removesuffix("Id") if self.to else ""

    @property
    def target(self) -> str:
        """Which object that is."""
        return self.to[0] if len(self.to) == 1 else NAME


@dataclass(frozen=True, slots=True)
class Object:
    """One object: its prefix, and its fields by their names in lower case."""

    name: str
    prefix: str
    fields: dict[str, Field]

    @property
    def stamp(self) -> str:
        """The field that says when a row was written."""
        return "SystemModstamp" if "systemmodstamp" in self.fields else "CreatedDate"


def _field(spec: str) -> Field:
    name, _, to = spec.partition(">")
    if to:
        return Field(name, "reference", tuple(to.split("|")))
    name, _, type = spec.partition(":")
    return Field(name, type)


def _object(name: str, prefix: str, spec: str) -> Object:
    return Object(name, prefix, {field.name.lower(): field for field in map(_field, spec.split())})


OBJECTS: Final = {name: _object(name, *spec) for name, spec in _SPECS.items()}
PREFIXES: Final = {found.prefix: name for name, found in OBJECTS.items() if found.prefix}
_BY_LOWER: Final = {name.lower(): found for name, found in OBJECTS.items()}


@dataclass(frozen=True, slots=True)
class Schema:
    """The org's objects, as far as the one who asks can see them."""

    faults: set[str]

    def object(self, name: str) -> Object | None:
        """An object, or None where there is none of that name."""
        found = _BY_LOWER.get(name.lower())
        lacks = found is not None and "missing_objects" in self.faults and found.name in LACKING
        return None if lacks else found

    def field(self, object: Object, name: str) -> Field | None:
        """A field of an object, or None."""
        found = object.fields.get(name.lower())
        return None if found is None or not self._seen(object, found) else found

    def fields(self, object: Object) -> list[Field]:
        """The fields of an object."""
        return [field for field in object.fields.values() if self._seen(object, field)]

    def names(self) -> Iterable[str]:
        """The objects."""
        return (name for name, found in OBJECTS.items() if found.prefix and self.object(name) is not None)

    def _seen(self, object: Object, field: Field) -> bool:
        return "hidden_fields" not in self.faults or (object.name, field.name) not in HIDDEN

    def describe(self, object: Object, base: str) -> Json:
        """All about one object, as `describe` tells it."""
        lists = CHILDREN.get(object.name, {})
        children = [
            {"childSObject": child, "field": field, "relationshipName": name, "cascadeDelete": child != "Case"}
            for name, (child, field) in lists.items()
            if self.object(child) is not None
        ]
        fields = [self._described(object, field) for field in self.fields(object)]
        return {**self.brief(object, base), "fields": fields, "childRelationships": children, "recordTypeInfos": []}

    def brief(self, object: Object, base: str) -> Json:
        """What the list of all objects says of one."""
        writable = object.name in ("Account", "Case", "CaseComment", "Contact", "EmailMessage")
        urls = {
            "sobject": f"{base}/sobjects/{object.name}",
            "describe": f"{base}/sobjects/{object.name}/describe",
            "rowTemplate": f"{base}/sobjects/{object.name}/{{ID}}",
        }
        able = dict.fromkeys(("createable", "updateable", "deletable", "undeletable"), writable)
        return {
            "name": object.name,
            "label": object.name,
            "labelPlural": f"{object.name}s",
            "keyPrefix": object.prefix,
            "custom": False,
            "queryable": True,
            "retrieveable": True,
            "replicateable": "isdeleted" in object.fields,
            **able,
            "urls": urls,
        }

    def _described(self, object: Object, field: Field) -> Json:
        plain = field.type not in UNFILTERED
        values = STATUSES if (object.name, field.name) == ("Case", "Status") else {}
        picks = [
            {"active": True, "defaultValue": label == "New", "label": label, "value": label, "validFor": None}
            for label in values
        ]
        writable = field.name not in READ_ONLY
        return {
            "name": field.name,
            "label": field.name,
            "type": field.type,
            "filterable": plain,
            "sortable": plain,
            "groupable": plain,
            "nillable": field.type not in ("id", "boolean"),
            "createable": writable,
            "updateable": writable,
            "custom": False,
            "referenceTo": list(field.to),
            "relationshipName": field.relationship or None,
            "picklistValues": picks,
        }
