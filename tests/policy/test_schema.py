"""The JSON Schema of a policy: it takes whatever the loader takes, and refuses what an editor can tell is wrong."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from gateway.policy import durations, scalars
from gateway.policy.document import PolicyDocument
from gateway.policy.presets import PRESETS, preset_text
from gateway.policy.schema import policy_schema
from tests.policy.build import loaded, problems
from tests.policy.test_load import WHOLE
from tests.support.pages import blocks, page
from tests.support.schemas import as_json, open_objects, read, undescribed, wrongs

SCHEMA = policy_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

SPELLINGS = """\
version: 1
from: 2026-11-01
calendars:
  odd: {timezone: UTC, hours: {" Mon - FRI , sun ": "08:00 - 12:00", sat: [" 18:00-02:00 ", 22:00-24:00]}}
  round: {timezone: UTC, hours: 24x7, from: "2026-01-01"}
  days: {timezone: UTC, hours: {mon-sun: 24x7}, exceptions: [{date: 2026-12-24, hours: []}]}
severity:
  - {id: a, when: true, severity: 1}
  - {id: "1", when: "false", severity: 9}
sla:
  - {id: b, metric: first_reply, within: 0s, warn: [" 050% ", "0s before"], objective: 100.0 %, below: }
  - {id: c, metric: resolution, within: " 1d2h3m4s ", warn: [1h, 33.5%, 5s  before]}
tests:
  - name: t
    given: {kind: call, channel: phone, at: "2026-03-02 09:00:00.5+01:00", fields: {a: 1, b: ~, c: .5, d: false}}
    expect: {queue: ~, clocks: {b: {due_at: 2026-03-02T08:00Z}}}
""".replace(", below: }", "}")


def test_it_is_a_schema() -> None:
    """Draft 2020-12, with a name, a title, and a description of every key; no mapping of fixed keys takes another."""
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"] == "urn:orion-gateway:schema:policy"
    assert SCHEMA["title"]
    assert undescribed(SCHEMA) == []
    assert open_objects(SCHEMA) == []


def test_every_pattern_is_one_for_editors_too() -> None:
    """None has what only Python's expressions know."""
    patterns = [part for part in str(SCHEMA).split("'pattern': '")[1:]]

    assert len(patterns) > 10
    assert [
        text for text in patterns if any(sign in text.split("',")[0] for sign in ("(?P", "\\\\Z", "\\\\A", "(?i"))
    ] == []


@pytest.mark.parametrize("name", PRESETS)
def test_presets_pass(name: str) -> None:
    """A preset has nothing to underline, and its first line names the schema."""
    text = preset_text(name)

    assert wrongs(SCHEMA, read(text)) == []
    assert text.splitlines()[0] == "# yaml-language-server: $schema=policy.schema.json"


@pytest.mark.parametrize(
    "text", [WHOLE, SPELLINGS, "version: 1\n", "{}", *blocks(page("reference/policy.md"), "yaml")[:1]]
)
def test_what_the_loader_takes_passes(text: str) -> None:
    """Every key, every way to write a value, the examples of the reference."""
    loaded(text)

    assert wrongs(SCHEMA, read(text)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: orion", "nam: orion"),
        ("version: 1", "version: 2"),
        ("version: 1", "version: true"),
        ("version: 1", "from: 20261101"),
        ("version: 1", "from: '20261101'"),
        ("name: orion", "name: o/n"),
        ("mon-fri:", "mon-fry:"),
        ('"08:00-12:00"', '"8-12"'),
        ('"08:00-12:00"', '"24:00-12:00"'),
        ('"08:00-12:00"', '"08:00-24:01"'),
        ("severity: 1\nsla", "severity: 12\nsla"),
        ("severity: 1\nsla", "severity: high\nsla"),
        ("metric: first_reply\n", "metric: first_replly\n"),
        ("within: 20s", "within: 90"),
        ("within: 20s", "within: 30m1h"),
        ("within: 20s", "within: soon"),
        ("within: 20s", "within: ''"),
        ("operator: lt", "operator: '<'"),
        ("5s before", "5 before"),
        ("5s before", "5x"),
        ("50%, 75%", "50%, 50%"),
        ("objective: 90%", "objective: 0.9"),
        ("objective: 90%", "objective: 101%"),
        ("below: 60%}", "warn: [1h]}"),
        ("calendar: office}", "below: 50%}"),
        ("tier: 2", "tier: 0"),
        ("queue: fraud, skills", "skills"),
        ("[helpdesk, pager]", "[]"),
        ("reminder: 15m", "reminder: 0s"),
        ("unack_after: 1h", "unack_after: 0m"),
        ("on: sla.breached, m", "on: sla.breach, m"),
        ("on: matched, chain", "on: matched, metric: first_reply, chain"),
        ("when: contact.customer.known", "when: ~"),
        ("when: contact.customer.known", "when: 1"),
        ("do: {comment", "do: {} # {comment"),
        ("visibility: internal", "visibility: secret"),
        ("at: 2026-11-20T16:30:00-08:00", "at: 2026-11-20"),
        ("at: 2026-11-20T16:30:00-08:00", "at: 2026-11-20T16:30:00"),
        ("{kind: ticket,", "{kind: tiket,"),
        ("queues:\n", "queues: 3\nroles:\n"),
    ],
)
def test_what_is_wrong_fails(old: str, new: str) -> None:
    """The editor underlines what the loader would refuse, wherever one value tells."""
    assert old in WHOLE
    text = WHOLE.replace("roles:\n  lead", "roles_:\n  lead", 1) if "roles:" in new else WHOLE
    text = text.replace(old, new, 1)

    assert problems(text)
    assert wrongs(SCHEMA, read(text)) != []


def taken(kind: Any) -> Callable[[object], bool]:
    """Whether a value is taken for one of a kind."""
    model = type("One", (scalars.Shape,), {"__annotations__": {"value": kind}})

    def takes(value: object) -> bool:
        try:
            model.model_validate({"value": value})
        except ValidationError:
            return False
        return True

    return takes


def near(alphabet: str, *samples: str) -> st.SearchStrategy[str]:
    """Texts of an alphabet, and right ones with some characters changed."""
    changed = st.builds(
        lambda text, at, sign, drop: text[: at % (len(text) + 1)] + sign + text[at % (len(text) + 1) + drop :],
        st.sampled_from(samples),
        st.integers(0, 30),
        st.text(alphabet, max_size=1),
        st.integers(0, 1),
    )
    return st.one_of(st.sampled_from(samples), changed, st.text(alphabet, max_size=12))


SINGLE: list[tuple[Any, dict[str, Any], st.SearchStrategy[str]]] = [
    (scalars.Duration, durations.DURATION_SCHEMA, near("0123dhms ", "20s", "1h30m", "4h", "3d", "0s", " 5m ")),
    (scalars.PositiveDuration, durations.POSITIVE_SCHEMA, near("0123dhms ", "20s", "1h30m", "0s", "0h0m", "00m5s")),
    (scalars.Share, durations.SHARE_SCHEMA, near("0159.% ", "90%", "100%", "99.5 %", "000%", "100.0%", "101%")),
    (scalars.Name, scalars.NAME_SCHEMA, near("aZ09_.-/ é", "a", "sev1", "a-b.c_d")),
    (scalars.Hours, scalars.HOURS_SCHEMA, near("0123459:- x7", "08:00-12:00", "18:00 - 24:00", "24x7", "23:59-00:00")),
]
"""A type, its schema, and texts of which some are right."""


@pytest.mark.parametrize("case", SINGLE, ids=["duration", "positive", "share", "name", "hours"])
@given(data=st.data())
def test_a_single_value_is_judged_as_the_loader_judges_it(
    case: tuple[Any, dict[str, Any], st.SearchStrategy[str]], data: st.DataObject
) -> None:
    """Taken by both or refused by both, but for durations over the limit, which only the loader counts."""
    kind, schema, texts = case
    text = data.draw(texts)

    assert taken(kind)(text) == (wrongs(schema, text) == []) or (len(text.strip()) > 5 and "d" in text)


@given(near("montuewdhfriSA,- ", "mon", "mon-fri", "sat,sun", "Fri-mon", " mon , tue - wed ", "mon-", "-", ","))
def test_weekdays_are_judged_as_the_loader_judges_them(text: str) -> None:
    """Names of days in any case, with spaces around them."""
    try:
        scalars.read_days(text)
        right = True
    except ValueError:
        right = False

    assert right == (wrongs(scalars.DAY_KEY_SCHEMA, text) == [])


@given(near("0123%smh before.", "50%", "5s before", "24h", "1h30m  before", "100% before", " 5% "))
def test_marks_are_judged_as_the_loader_judges_them(text: str) -> None:
    """Within a target of ten years."""
    try:
        durations.read_mark(text, durations.DURATION_MAX_MS)
        right = 0 < len(text) <= 100
    except ValueError:
        right = False

    assert right == (wrongs(durations.MARK_SCHEMA, text) == [])


@given(st.one_of(st.dates(), near("0123-", "2026-12-24", "2000-01-01", "2099-12-31", "1999-12-31", "2100-01-01")))
def test_dates_that_the_loader_takes_pass(value: date | str) -> None:
    """A date that isn't in the calendar (February 30) only the loader knows."""
    if taken(scalars.Date)(value):
        assert wrongs(scalars.DATE_SCHEMA, as_json(value)) == []


@given(
    near(
        "0123456789-:.,TtZz+ W", "2026-03-02T09:00:00Z", "2026-W10-1T09:00+01:00", "20260302T09Z", "2026-03-02 09:00-08"
    )
)
def test_instants_that_the_loader_takes_pass(text: str) -> None:
    """However they are written."""
    if taken(scalars.At)(text):
        assert wrongs(scalars.AT_SCHEMA, text) == []


JUNK = st.one_of(st.none(), st.booleans(), st.integers(-1, 12), st.floats(0, 2), st.text(max_size=3), st.dates())
WORDS = st.sampled_from(
    [
        *(
            "office",
            "always",
            "24x7",
            "US",
            "UTC",
            "first_reply",
            "csat_recovery",
            "resolution",
            "matched",
            "sla.warned",
        ),
        *("20s", "1h30m", "0s", "90%", "50%", "5s before", "lt", "le", "contact.severity == 1", "public", "ticket"),
        *("email", "08:00-12:00", "2026-12-24", "2026-03-02T09:00:00Z", "running", "urgent", "open", "a", ""),
    ]
)
KEYS = st.sampled_from(
    sorted(
        {name for part in SCHEMA["$defs"].values() for name in part.get("properties", {})}
        | set(SCHEMA["properties"])
        | {"mon-fri", "sat,sun", "office", "x y"}
    )
)


def values(depth: int) -> st.SearchStrategy[Any]:
    """Values that could stand somewhere in a policy."""
    single = st.one_of(WORDS, WORDS, JUNK)
    if depth == 0:
        return single
    inner = values(depth - 1)
    return st.one_of(single, st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=3))


def of(schema: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are nearly what a part of the schema asks for."""
    if schema is True:
        return values(1)
    if "$ref" in schema:
        return of(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], depth)
    if depth > 8:
        return JUNK
    if "enum" in schema:
        right: st.SearchStrategy[Any] = st.sampled_from(schema["enum"])
    elif "const" in schema:
        right = st.just(schema["const"])
    elif "anyOf" in schema:
        right = st.one_of([of(choice, depth + 1) for choice in schema["anyOf"]])
    elif schema.get("type") == "array":
        right = st.lists(of(schema["items"], depth + 1), min_size=schema.get("minItems", 0), max_size=2)
    elif "properties" in schema:
        optional = {key: of(told, depth + 1) for key, told in schema["properties"].items()}
        required = {key: optional.pop(key) for key in schema.get("required", ())}
        right = st.fixed_dictionaries(required, optional=optional)
    elif schema.get("type") == "object":
        right = st.dictionaries(KEYS, of(schema["additionalProperties"], depth + 1), max_size=2)
    elif "examples" in schema:
        right = st.sampled_from(schema["examples"])
    else:
        right = {"integer": st.integers(1, 9), "boolean": st.booleans(), "null": st.none()}.get(
            schema.get("type"), WORDS
        )
    return st.integers(0, 40).flatmap(lambda roll: values(2) if roll == 0 else right)


@pytest.mark.parametrize("section", sorted(SCHEMA["properties"]))
@given(data=st.data())
def test_any_policy_that_the_loader_takes_passes(section: str, data: st.DataObject) -> None:
    """Whatever a section holds: right by the shape is right by the schema."""
    document = {section: data.draw(of(SCHEMA["properties"][section]))}
    try:
        PolicyDocument.model_validate(document)
    except ValidationError:
        return
    told = [error for error in VALIDATOR.iter_errors(as_json(document)) if not _by_references(error)]

    assert [error.message for error in told] == []


def _by_references(error: Any) -> bool:
    """Whether it is one that the loader tells after the shape: `below`, `within`, `metric`, marks, nothing to do."""
    path = list(error.absolute_path)
    return (
        "warn" in path
        or error.validator in ("then", "else", "uniqueItems", "minProperties")
        or error.message.startswith(("False schema", "'below' is a required", "'within' is a required"))
    )
