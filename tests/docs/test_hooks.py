"""The reference of hooks and abilities has every one that there is, with every member; so have connectors' pages."""

import inspect
import re
from typing import Any

import pluggy
import pytest

import gateway.plugin
from docs import connectors, door
from gateway.daemon.setup import plugins_here
from gateway.plugin import connector, listening, spec
from gateway.plugin.manager import ABILITIES, abilities
from tests.support.pages import page, rows, section

PAGE = "reference/hooks.md"
PROTOCOLS = {
    name: kind
    for module in (connector, listening)
    for name, kind in vars(module).items()
    if inspect.isclass(kind) and name in gateway.plugin.__all__ and getattr(kind, "_is_protocol", False)
}
ALIASES = {
    *("Auth", "Event", "Receipt", "Instant", "Ref", "Customer", "Handle", "Person", "FieldValue", "UnsetType"),
    *("Channel", "Direction", "Kind", "Priority", "RecordForm", "Status", "Visibility"),
}
"""What is made of what is told, and the fields of events, which their own page has."""


def told_of(name: str) -> str:
    """What stands under the heading of a class."""
    _, found, rest = page(PAGE).partition(f"\n### `{name}`\n")
    assert found, f"no heading {name!r}"
    return rest.split("\n## ")[0].split("\n### ")[0]


def members(kind: Any) -> list[str]:
    """What a class of the door asks for."""
    methods = [
        name for name, value in vars(kind).items() if inspect.isfunction(value) or isinstance(value, staticmethod)
    ]
    named = [*inspect.get_annotations(kind), *methods]
    own = "__init__" in vars(kind) and "def __init__" in inspect.getsource(kind)
    return [name for name in named if not name.startswith("_") or (name == "__init__" and own) or name == "__call__"]


def test_every_hook_is_told() -> None:
    """Those that pluggy finds, with what they are given."""
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    text = section(page(PAGE), "Hooks")
    found = {name: getattr(spec, name) for name in vars(manager.hook) if not name.startswith("_")}

    assert found
    assert set(re.findall(r"^### `(\w+)`$", text, re.MULTILINE)) == set(found)
    for name, hook in found.items():
        (head,) = re.findall(rf"^def {name}\((.*)\)", text, re.MULTILINE)
        assert [part.partition(":")[0] for part in head.split(", ")][: len(inspect.signature(hook).parameters)] == list(
            inspect.signature(hook).parameters
        )


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_ability_has_its_members(name: str) -> None:
    """Each member of each Protocol, with the arguments that it takes, and a sentence."""
    text, kind = told_of(name), PROTOCOLS[name]

    assert inspect.cleandoc(kind.__doc__ or "?") in text
    assert members(kind)
    for member in members(kind):
        if member in inspect.get_annotations(kind):
            assert f"\n{member}: " in text
            continue
        (head,) = re.findall(rf"^(?:async )?def {member}\((.*)\)(?: ->.*)?$", text, re.MULTILINE)
        assert [word for word in inspect.signature(vars(kind)[member]).parameters if word not in head] == []
        assert inspect.cleandoc(vars(kind)[member].__doc__ or "") in text


def test_every_word_for_an_ability_leads_to_it() -> None:
    """The words of `gateway plugin list`."""
    table = rows(section(page(PAGE), "Abilities"))

    assert set(table) == set(ABILITIES)
    for word, members in ABILITIES.items():
        assert f"[`{door.ability_of(word)}`](#{door.ability_of(word).lower()})" in table[word]
        assert [member for member in members if f"`{member}`" not in table[word]] == []


def test_every_class_of_the_door_is_told_or_stands_elsewhere() -> None:
    """Whoever reads `gateway.plugin` finds each class here, or as an event."""
    text = page(PAGE) + page("reference/events.md")
    events = {kind.__name__ for kind in gateway.plugin.Event.__args__}
    named = {name for name in gateway.plugin.__all__ if name[0].isupper() and not name.isupper()}

    assert {name for name in named - events - ALIASES if f"`{name}`" not in text} == set()


def test_every_connector_of_ours_has_a_page() -> None:
    """Those that are installed with the gateway; the index leads there."""
    index = page("index.md")

    assert set(connectors.CONNECTORS) == set(plugins_here().connectors)
    for name, kind in connectors.CONNECTORS.items():
        text = page(f"reference/connectors/{name}.md")
        assert set(kind.settings_type.model_fields) - {"allow_private"} == set(rows(section(text, "Settings")))
        assert all(f"[`{door.ability_of(word)}`]" in text for word in abilities(kind))
        assert f"](reference/connectors/{name}.md)" in index
