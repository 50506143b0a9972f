"""What the reference says is what the code does: the same names, none more and none fewer."""

import re
import tomllib

import msgspec
import pytest
from packaging.requirements import Requirement

from docs import api
from docs.generate import API, PAGES, SCHEMAS, generated, schema_file
from gateway.cli.schema import Named, schema_text
from gateway.config import Config
from gateway.config.load import NOTICE_TYPES
from gateway.config.shape import ConnectorShape, EndpointShape, FileShape
from gateway.model import words
from gateway.model.event import Event, EventBase
from gateway.policy.document import PolicyDocument, SlaEntry
from gateway.rules.metrics import METRICS
from tests.support.pages import named, page, rows, section
from tests.support.source import ROOT

FLAGS = re.MULTILINE | re.DOTALL
EVENTS = {cls.__struct_config__.tag: cls for cls in Event.__args__}
COMMON = {field.name for field in msgspec.structs.fields(EventBase)}


def test_every_event_has_a_row() -> None:
    """The types in the table are those that the gateway reads."""
    assert set(rows(section(page("reference/events.md"), "The types"))) == set(EVENTS)


def test_every_field_of_an_event_is_in_its_row() -> None:
    """A row names all the fields of its event, marks those that may be left out, and names no others."""
    table = rows(section(page("reference/events.md"), "The types"))
    for tag, cls in EVENTS.items():
        carried = table[tag].split(" | ")[1]
        fields = {field.name: field.required for field in msgspec.structs.fields(cls) if field.name not in COMMON}
        assert named(carried) == set(fields), tag
        required = {code for code in named(carried) if f"`{code}`" in carried}
        assert required == {name for name, needed in fields.items() if needed}, tag


def test_every_common_field_has_a_row() -> None:
    """What each event carries is in the table, and its type."""
    table = rows(section(page("reference/events.md"), "What each one carries"))

    assert set(table) == COMMON | {"type"}


def test_every_fixed_word_is_told() -> None:
    """The words that a field can have stand in its row."""
    text = section(page("reference/events.md"), "The words")
    for field, known in (
        ("`kind`", words.KINDS),
        ("`channel`", words.CHANNELS),
        ("`direction`", words.DIRECTIONS),
        ("`status`, `to`", words.STATUSES),
        ("`priority`", words.PRIORITIES),
    ):
        row = next(line for line in text.splitlines() if line.startswith(f"| {field} |"))
        assert [word for word in known if word not in row] == []


def test_every_notice_has_a_row() -> None:
    """The types that go out are those in the table."""
    table = rows(page("reference/notices.md"))

    assert {name for name in table if "." in name} == set(NOTICE_TYPES)


def test_every_setting_has_a_row() -> None:
    """The keys in the tables are those that gateway.yaml may have."""
    text = page("reference/configuration.md")
    whole = text.split("\n## ")[0]

    assert set(rows(whole)) == set(FileShape.model_fields) == set(Config.model_fields)
    assert set(rows(section(text, "Each connector"))) == set(ConnectorShape.model_fields)
    assert set(rows(section(text, "Each endpoint"))) == set(EndpointShape.model_fields)


def test_every_metric_has_a_row() -> None:
    """The metrics in the table are those that are counted; the others are named as not yet there."""
    text = section(page("reference/policy.md"), "Clocks")

    assert set(rows(text)) == set(METRICS)
    assert [metric for metric in words.METRICS if f"`{metric}`" not in text] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_are_those_of_the_code(name: str) -> None:
    """What `make docs` would write is what is there."""
    text = page(f"reference/{name}")

    assert "<!-- generated: " in text
    assert generated(text) == text


def test_every_key_of_a_policy_has_a_row() -> None:
    """Under a heading for each part of the file."""
    text = page("reference/policy.md")
    told = {heading: set(rows(part)) for heading, part in re.findall(r"^### (.+?)\n(.*?)(?=^#|\Z)", text, FLAGS)}

    assert told["The file"] == {info.alias or name for name, info in PolicyDocument.model_fields.items()}
    assert told["A rule of `sla`"] == set(SlaEntry.model_fields)
    assert told["A calendar"] >= {"timezone", "hours", "from", "any_of", "all_of"}


def test_every_dependency_has_a_reason() -> None:
    """Nothing is installed with the gateway that the page doesn't answer for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert set(rows(page("explanation/dependencies.md"))) == {
        Requirement(text).name for text in project["dependencies"]
    }


@pytest.mark.parametrize("what", SCHEMAS)
def test_a_published_schema_is_what_the_command_prints(what: Named) -> None:
    """Whoever has no gateway at hand finds the same in the repository; `make docs` writes it."""
    assert schema_file(what).read_text(encoding="utf-8") == schema_text(what)


def test_the_published_document_of_the_api_is_what_is_served() -> None:
    """Whoever generates a client of it needs no gateway; `make docs` writes it."""
    assert API.read_text(encoding="utf-8") == api.published()
