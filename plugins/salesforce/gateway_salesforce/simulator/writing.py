"""What foreign clients write by the REST API: rows are made, changed and deleted, as if the org's people did it."""

from typing import Any, Final

from aiohttp import web

from gateway_salesforce.simulator.answers import Refusal, body_of, refusal
from gateway_salesforce.simulator.api import Api
from gateway_salesforce.simulator.desk import Desk
from gateway_salesforce.simulator.ids import as_long
from gateway_salesforce.simulator.org import Row
from gateway_salesforce.simulator.schema import READ_ONLY, STATUSES, Json, Object

TEXT_MAX: Final = 32_000
COMMENT_BYTES_MAX: Final = 4_000
_WRITABLE: Final = frozenset({"Account", "Case", "CaseComment", "Contact", "EmailMessage"})
_REQUIRED: Final = {
    "Account": "Name",
    "CaseComment": "ParentId",
    "Contact": "LastName",
    "EmailMessage": "ParentId",
}
_PYTHON: Final[dict[str, type]] = {"boolean": bool, "int": int}


async def create(api: Api, request: web.Request, object: Object) -> Json:
    """A new row of what the request brings. Raises Refusal."""
    values = _values(api, object, await body_of(request))
    required = _REQUIRED.get(object.name)
    if required is not None and not values.get(required):
        message = f"Required fields are missing: [{required}]"
        raise refusal(400, "REQUIRED_FIELD_MISSING", message, (required,))
    at, by = api.org.now(), api.people.reader
    if object.name == "Case":
        filled = {"Status": "New", **values}
        contact, origin = filled.pop("ContactId", None), filled.pop("Origin", None)
        row = Desk(api.org, api.people).open(at, origin=origin, contact=contact, by=by, **filled)
    else:
        defaults: Json = {"CaseComment": {"IsPublished": False}, "EmailMessage": {"Incoming": False}}
        if object.name == "Contact":
            values["Name"] = " ".join(filter(None, (values.get("FirstName"), values["LastName"])))
        row = api.org.add(object.name, at, {**defaults.get(object.name, {}), **values, "CreatedById": by})
    _tell(api, row)
    return {"id": row.id, "success": True, "errors": []}


async def update(api: Api, request: web.Request, object: Object, row: Row) -> None:
    """A row's values are others. Raises Refusal."""
    values = _values(api, object, await body_of(request))
    if object.name == "Case":
        Desk(api.org, api.people).change(row, api.org.now(), api.people.reader, **values)
    else:
        api.org.change(row, api.org.now(), values)
    _tell(api, row)


def delete(api: Api, object: Object, row: Row) -> None:
    """A row goes to the recycle bin. Raises Refusal."""
    _needs_writable(object)
    if object.name == "Case":
        Desk(api.org, api.people).delete(row, api.org.now())
    else:
        api.org.change(row, api.org.now(), {"IsDeleted": True})
    _tell(api, row)


def _tell(api: Api, row: Row) -> None:
    case = row.id if row.object == "Case" else row.values.get("ParentId")
    if row.object in ("Case", "CaseComment", "EmailMessage") and case:
        api.pusher.send([case])


def _needs_writable(object: Object) -> None:
    if object.name not in _WRITABLE:
        message = f"entity type {object.name} cannot be changed here"
        raise refusal(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, ())


def _values(api: Api, object: Object, given: Json) -> Json:
    """What a request wants a row to hold, by the fields' names. Raises Refusal."""
    _needs_writable(object)
    found: Json = {}
    for name, value in given.items():
        if name == "attributes":
            continue
        field = api.schema.field(object, name)
        if field is None:
            message = f"No such column '{name[:80]}' on sobject of type {object.name}"
            raise refusal(400, "INVALID_FIELD", message)
        if field.name in READ_ONLY:
            message = f"Unable to create/update fields: {field.name}. Please check the security settings of this field."
            raise refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, (field.name,))
        found[field.name] = _checked(api, field.type, field.name, value)
    if "Status" in found and object.name == "Case" and found["Status"] not in STATUSES:
        message = f"Status: bad value for restricted picklist field: {str(found['Status'])[:80]}"
        raise refusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ("Status",))
    comment = found.get("CommentBody")
    if isinstance(comment, str) and len(comment.encode()) > COMMENT_BYTES_MAX:
        message = f"Comment Body: data value too large (max length={COMMENT_BYTES_MAX})"
        raise refusal(400, "STRING_TOO_LONG", message, ("CommentBody",))
    return found


def _checked(api: Api, type: str, name: str, value: Any) -> Any:
    """A value as a field of this type holds it. Raises Refusal."""
    if value is None:
        return None
    if type == "reference":
        known = as_long(value) if isinstance(value, str) else None
        if known is None or api.org.row(known) is None:
            raise refusal(400, "MALFORMED_ID", f"{name}: id value of incorrect type: {str(value)[:40]}", (name,))
        return known
    if not isinstance(value, _PYTHON.get(type, str)) or type == "datetime":
        raise _unreadable(name)
    if isinstance(value, str) and len(value) > TEXT_MAX:
        raise refusal(400, "STRING_TOO_LONG", f"{name}: data value too large (max length={TEXT_MAX})", (name,))
    return value


def _unreadable(name: str) -> Refusal:
    return refusal(400, "JSON_PARSER_ERROR", f"Cannot deserialize the value of {name}", (name,))
