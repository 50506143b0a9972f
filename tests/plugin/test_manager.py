"""Finding plugins: a broken one is named and left out, and the others stay."""

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, ClassVar

import msgspec
import pytest
from pydantic import BaseModel

import gateway.plugin
from gateway.connectors import BUILTIN
from gateway.connectors.events import EventsConnector
from gateway.plugin import Context, Customer, Event, Fetch, Finding, Record, hookimpl
from gateway.plugin.manager import abilities, find_plugins


class Empty(BaseModel):
    pass


class Good:
    plugin: ClassVar[str] = "good"
    settings_type: ClassVar[type[BaseModel]] = Empty

    def __init__(self, name: str, settings: Empty, context: Context) -> None: ...

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        return iter(())

    async def check(self) -> Sequence[Finding]:
        return []


def module_of(name: str, hook: Callable[..., Any] | None, hook_name: str = "gateway_connectors") -> ModuleType:
    module = ModuleType(name)
    if hook is not None:
        setattr(module, hook_name, hookimpl(hook))
    return module


def registering(*kinds: Any) -> Callable[..., Any]:
    def gateway_connectors(register: Callable[[Any], None]) -> None:
        for kind in kinds:
            register(kind)

    return gateway_connectors


@pytest.fixture
def point(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, ModuleType], EntryPoint]:
    def make(name: str, module: ModuleType) -> EntryPoint:
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return EntryPoint(name, module.__name__, "gateway")

    return make


Maker = Callable[[str, ModuleType], EntryPoint]


def test_the_built_in_connector_comes_in_by_the_hook() -> None:
    """`events` is registered like any other, and alone it is all there is."""
    found = find_plugins(BUILTIN, [])
    assert found.connectors == {"events": EventsConnector}
    assert found.broken == []


def test_a_plugin_is_found_by_its_entry_point(point: Maker) -> None:
    """What an entry point registers is known by the class's own name."""
    found = find_plugins({}, [point("some-name", module_of("t_good", registering(Good)))])
    assert found.connectors == {"good": Good}
    assert found.broken == []


def raising(register: Callable[[Any], None]) -> None:
    register(Good)
    raise RuntimeError("halfway")


def misspelt(registre: Callable[[Any], None]) -> None: ...


@pytest.mark.parametrize(
    ("hook", "hook_name", "word"),
    [
        (None, "", "gateway_connectors"),
        (registering(), "gateway_connectors", "registers nothing"),
        (registering(Good), "gateway_conectors", "gateway_conectors"),
        (misspelt, "gateway_connectors", "registre"),
        (raising, "gateway_connectors", "halfway"),
        (registering(Good, 5), "gateway_connectors", "no connector"),
        (registering(object()), "gateway_connectors", "no connector"),
        (registering(type("NoName", (Good,), {"plugin": ""})), "gateway_connectors", "NoName"),
        (registering(type("NoSettings", (Good,), {"settings_type": dict})), "gateway_connectors", "settings_type"),
        (registering(type("NoCheck", (Good,), {"check": None})), "gateway_connectors", "check"),
        (registering(type("Twin", (Good,), {"plugin": "events"})), "gateway_connectors", "events"),
        (registering(Good, type("Twin", (Good,), {})), "gateway_connectors", "'good' twice"),
    ],
)
def test_a_broken_plugin_is_named_and_left_out(hook: Any, hook_name: str, word: str, point: Maker) -> None:
    """Nothing of a broken plugin remains, its name and the reason are told, and those around it work."""
    points = [
        point("bad", module_of("t_bad", hook, hook_name)),
        point("zgood", module_of("t_zgood", registering(type("Late", (Good,), {"plugin": "late"})))),
    ]
    found = find_plugins(BUILTIN, points)
    assert sorted(found.connectors) == ["events", "late"]
    assert [broken.name for broken in found.broken] == ["bad"]
    assert word in found.broken[0].reason


@pytest.mark.parametrize("text", ["raise ValueError('boom')", "raise SystemExit(3)", "import nowhere_at_all", "a b"])
def test_a_plugin_that_raises_at_import_is_left_out(text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception, an exit and a syntax error at import are all named."""
    (tmp_path / "t_raises.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "t_raises", raising=False)
    found = find_plugins(BUILTIN, [EntryPoint("raises", "t_raises", "gateway")])
    assert [broken.name for broken in found.broken] == ["raises"]
    assert found.broken[0].reason
    assert sorted(found.connectors) == ["events"]


def test_the_first_of_two_that_claim_a_name_keeps_it(point: Maker) -> None:
    """Two plugins with one connector's name: the second, by name of the entry point, is left out."""
    twin = type("Twin", (Good,), {})
    points = [point("b", module_of("t_b", registering(twin))), point("a", module_of("t_a", registering(Good)))]
    found = find_plugins({}, points)
    assert found.connectors == {"good": Good}
    assert [broken.name for broken in found.broken] == ["b"]


class Facts(msgspec.Struct):
    paid: int = 0


class GoodEnricher:
    plugin: ClassVar[str] = "purse"
    settings_type: ClassVar[type[BaseModel]] = Empty
    facts_type: ClassVar[type[msgspec.Struct]] = Facts

    def __init__(self, name: str, settings: Empty, context: Context) -> None: ...

    async def lookup(self, customer: Customer, now: int) -> Facts:
        return Facts()

    async def check(self) -> Sequence[Finding]:
        return []


Unresolved = type("Unresolved", (msgspec.Struct,), {"__annotations__": {"paid": "Nowhere"}, "paid": 0})


def enriching(*kinds: Any) -> Callable[..., Any]:
    def gateway_enrichers(register: Callable[[Any], None]) -> None:
        for kind in kinds:
            register(kind)

    return gateway_enrichers


def test_one_plugin_may_bring_both(point: Maker) -> None:
    """A connector and an enricher, of one name or of two: each is found under its own."""
    module = module_of("t_both", registering(Good))
    module.gateway_enrichers = hookimpl(enriching(type("E", (GoodEnricher,), {"plugin": "good"}), GoodEnricher))  # type: ignore[attr-defined]

    found = find_plugins({}, [point("both", module)])

    assert (list(found.connectors), sorted(found.enrichers), found.broken) == (["good"], ["good", "purse"], [])


@pytest.mark.parametrize(
    ("hook", "hook_name", "word"),
    [
        (enriching(), "gateway_enrichers", "registers nothing"),
        (enriching(GoodEnricher), "gateway_enricher", "gateway_enricher"),
        (enriching(object()), "gateway_enrichers", "no enricher"),
        (enriching(GoodEnricher, 5), "gateway_enrichers", "5 is no enricher: register the class"),
        (enriching(type("NoName", (GoodEnricher,), {"plugin": 5})), "gateway_enrichers", "no name in `plugin`"),
        (enriching(type("NoLookup", (GoodEnricher,), {"lookup": None})), "gateway_enrichers", "no method `lookup`"),
        (enriching(type("NoCheck", (GoodEnricher,), {"check": 1})), "gateway_enrichers", "no method `check`"),
        (enriching(type("NoStruct", (GoodEnricher,), {"facts_type": dict})), "gateway_enrichers", "no msgspec Struct"),
        (
            enriching(type("NoFacts", (GoodEnricher,), {"facts_type": Facts()})),
            "gateway_enrichers",
            "no msgspec Struct",
        ),
        (enriching(type("Odd", (GoodEnricher,), {"facts_type": Unresolved})), "gateway_enrichers", "Nowhere"),
        (enriching(type("Endless", (GoodEnricher,), {"ttl_s": float("inf")})), "gateway_enrichers", "`ttl_s`"),
        (enriching(type("NoNumber", (GoodEnricher,), {"ttl_s": float("nan")})), "gateway_enrichers", "`ttl_s`"),
        (enriching(type("NoSettings", (GoodEnricher,), {"settings_type": 5})), "gateway_enrichers", "settings_type"),
        (enriching(GoodEnricher, type("Twin", (GoodEnricher,), {})), "gateway_enrichers", "twice"),
        (enriching(Good), "gateway_enrichers", "Good is no enricher"),
    ],
)
def test_a_broken_enricher_is_named_and_left_out(hook: Any, hook_name: str, word: str, point: Maker) -> None:
    """Nothing of its plugin remains, connectors neither, and those around it work."""
    module = module_of("t_bad", hook, hook_name)
    module.gateway_connectors = hookimpl(registering(type("Beside", (Good,), {"plugin": "beside"})))  # type: ignore[attr-defined]
    if hook_name == "gateway_enrichers" and word == "registers nothing":
        del module.gateway_connectors
    late = type("Late", (GoodEnricher,), {"plugin": "late"})

    found = find_plugins(
        {}, [point("bad", module), point("zgood", module_of("t_z", enriching(late), "gateway_enrichers"))]
    )

    assert (found.connectors, found.enrichers) == ({}, {"late": late})
    assert [broken.name for broken in found.broken] == ["bad"]
    assert word in found.broken[0].reason


def test_the_first_of_two_enrichers_keeps_the_name(point: Maker) -> None:
    """A connector of the same name is none of them."""
    twin = type("Twin", (GoodEnricher,), {})
    same = type("Same", (Good,), {"plugin": "purse"})
    points = [
        point(name, module_of(f"t_{name}", hook, of))
        for name, hook, of in (
            ("b", enriching(twin), "gateway_enrichers"),
            ("a", enriching(GoodEnricher), "gateway_enrichers"),
            ("c", registering(same), "gateway_connectors"),
        )
    ]

    found = find_plugins({}, points)

    assert (found.enrichers, found.connectors) == ({"purse": GoodEnricher}, {"purse": same})
    assert [(broken.name, "purse" in broken.reason) for broken in found.broken] == [("b", True)]


def test_abilities_are_what_a_class_has() -> None:
    """Whoever has the members has the ability; half of them is not enough."""
    assert abilities(EventsConnector) == ("receives",)
    assert abilities(Good) == ()
    assert abilities(type("P", (Good,), {"pull": 1})) == ()
    whole = {"pull": 1, "streams": (), "fetch": 1, "auth": 1, "simulator": 1, "receive": 1}
    assert abilities(type("P", (Good,), whole)) == ("receives", "pulls", "fetches", "authenticates", "simulates")


def test_the_door_lists_what_it_has() -> None:
    """Every name in `__all__` is there, once."""
    assert len(set(gateway.plugin.__all__)) == len(gateway.plugin.__all__)
    assert all(hasattr(gateway.plugin, name) for name in gateway.plugin.__all__)
