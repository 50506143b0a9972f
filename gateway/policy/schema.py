"""The JSON Schemas of a policy file and of its tests, for editors.

What only the whole file tells (names that must exist, marks within their target, conditions) is for the loader.
"""

from typing import Any, Final

from gateway.kernel.json_schema import model_schema
from gateway.kernel.published import event_schema
from gateway.policy.document import PolicyDocument
from gateway.policy.durations import DURATION_SCHEMA
from gateway.policy.examples.shape import GivenEvent, TestsDocument
from gateway.policy.scalars import AT_SCHEMA

_TIMES: Final[dict[str, Any]] = {
    key: {**schema, "description": told}
    for key, schema, told in (
        ("at", AT_SCHEMA, "When it happened: a time with its zone."),
        ("after", DURATION_SCHEMA, "The same, counted from the first event that is given."),
    )
}


def policy_schema() -> dict[str, Any]:
    """The schema of a policy file."""
    return _with_events(model_schema(PolicyDocument, "policy", "A policy of Orion Gateway"))


def tests_schema() -> dict[str, Any]:
    """The schema of a file of tests beside a policy."""
    return _with_events(model_schema(TestsDocument, "policy-tests", "Tests of a policy of Orion Gateway"))


def _with_events(schema: dict[str, Any]) -> dict[str, Any]:
    """Put in place of an event of any type those that there are, each with its own fields; none needs an id."""
    published = event_schema()
    events = {name: told for name, told in published["$defs"].items() if name != "Request"}
    for told in events.values():
        if "type" not in told["properties"]:
            continue
        told["properties"] |= _TIMES
        if "escalation" in told["properties"]:
            told["properties"]["escalation"]["description"] = "The id of the rule that raised the escalation."
        told["required"] = [key for key in told["required"] if key not in ("at", "id", "ref")]
    given = {"description": schema["$defs"][GivenEvent.__name__]["description"], "anyOf": published["oneOf"]}
    return {**schema, "$defs": {**events, **schema["$defs"], GivenEvent.__name__: given}}
