"""Enrichers in what a start needs: chosen or left out, and their facts typed in the policy."""

import asyncio
import os
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from gateway.connectors import BUILTIN
from gateway.daemon.daemon import Daemon
from gateway.daemon.findings import look_closely
from gateway.daemon.installed import facts_types, facts_types_in
from gateway.daemon.reload import last_reload
from gateway.daemon.setup import Setup, enrichers_left_out_by_name, load_setup
from gateway.kernel.document import Document
from gateway.kernel.problems import Problems
from gateway.plugin import hookimpl
from gateway.plugin.enricher import TTL_S
from gateway.plugin.manager import Broken, Plugins, find_plugins
from tests.support.purse import Purse, PurseFacts

SECRET = "whsec_" + "canary00" * 4
CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: policy.yaml
enrichers:
  payments:
    plugin: purse
    api_key: {env: SECRET}
    timeout: 800ms
    concurrency: 2
"""
POLICY = """\
severity:
  - {id: big, when: contact.facts.payments.paid > 3, severity: 1}
enrich:
  - {id: paid, enricher: payments}
"""


def installed(*enrichers: Any, broken: tuple[Broken, ...] = ()) -> Plugins:
    """The built-in connector and these enrichers."""
    module = ModuleType("t_enrichers")
    module.gateway_enrichers = hookimpl(lambda register: [register(kind) for kind in enrichers])  # type: ignore[attr-defined]
    module.gateway_enrichers.__name__ = "gateway_enrichers"
    found = find_plugins({**BUILTIN, **({"extra": module} if enrichers else {})}, [])
    found.broken.extend(broken)
    return found


def written(folder: Path, config: str = CONFIG, policy: str = POLICY) -> Path:
    """The files, in a folder."""
    (folder / "policy.yaml").write_text(policy)
    (folder / "gateway.yaml").write_text(config)
    return folder / "gateway.yaml"


def setup_in(folder: Path, config: str = CONFIG, policy: str = POLICY, plugins: Plugins | None = None) -> Setup:
    """The files, loaded."""
    return load_setup(written(folder, config, policy), {"SECRET": SECRET}, plugins or installed(Purse))


def wrong(folder: Path, config: str = CONFIG, policy: str = POLICY, plugins: Plugins | None = None) -> list[str]:
    """What is wrong, as `file:line:column: id: message`."""
    with pytest.raises(Problems) as caught:
        setup_in(folder, config, policy, plugins)
    assert SECRET not in str(caught.value)
    return [
        f"{Path(problem.file).name}:{problem.line}:{problem.column}: {problem.id}: {problem.message}"
        for problem in caught.value.problems
    ]


def test_what_can_be_asked_is_chosen(tmp_path: Path) -> None:
    """With its class, its checked settings and the core's limits; the policy knows its types."""
    setup = setup_in(tmp_path)
    (chosen,) = setup.enrichers

    assert (chosen.name, chosen.kind, chosen.timeout_s, chosen.concurrency) == ("payments", Purse, 0.8, 2)
    assert chosen.settings.api_key == SecretStr(SECRET)  # type: ignore[attr-defined]
    assert (setup.enrichers_left_out, facts_types(setup.config, setup.plugins)) == ((), {"payments": PurseFacts})
    assert b"paid" in setup.policy.facts
    assert SECRET not in repr(setup)


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ("purs", "no enricher 'purs' is installed; did you mean 'purse'?"),
        ("quite-different", "no enricher 'quite-different' is installed; installed: purse"),
        ("events", "the plugin 'events' is a connector, and no enricher: it belongs under `connectors`"),
    ],
)
def test_an_unknown_plugin_is_named_at_its_place(plugin: str, told: str, tmp_path: Path) -> None:
    """The policy isn't blamed for it: the enricher is configured, and its facts are untyped."""
    assert wrong(tmp_path, CONFIG.replace("plugin: purse", f"plugin: {plugin}")) == [
        f"gateway.yaml:8:13: unknown-plugin: {told}"
    ]


def test_an_enricher_is_no_connector(tmp_path: Path) -> None:
    """And says where it belongs; where no enricher is installed that is said, too."""
    config = CONFIG.replace("enrichers:", "connectors:").split("    timeout")[0]

    assert wrong(tmp_path, config, "name: none\n") == [
        "gateway.yaml:8:13: unknown-plugin: the plugin 'purse' is an enricher, and no connector: it belongs under "
        "`enrichers`"
    ]
    assert wrong(tmp_path, plugins=installed()) == [
        "gateway.yaml:8:13: unknown-plugin: no enricher 'purse' is installed; installed: none"
    ]


def test_a_broken_plugin_leaves_its_enrichers_out(tmp_path: Path) -> None:
    """The rest starts, by a policy whose facts are untyped; `check` counts it once."""
    plugins = installed(broken=(Broken("purse", "it is raining"),))
    setup = setup_in(tmp_path, plugins=plugins)

    ((name, problem),) = enrichers_left_out_by_name(setup).items()
    assert (name, problem.line, problem.column, problem.id) == ("payments", 8, 13, "broken-plugin")
    assert problem.message == "the plugin purse can't be used: it is raining"
    assert (setup.enrichers, facts_types(setup.config, plugins)) == ((), {"payments": None})
    told = look_closely(written(tmp_path), {"SECRET": SECRET}, plugins)
    assert [one.id for one in told.problems if one.id == "broken-plugin"] == ["broken-plugin"]


def test_its_settings_are_checked_by_its_plugin(tmp_path: Path) -> None:
    """Each mistake at its place, those of the policy beside it by the types all the same."""
    config = CONFIG.replace("api_key:", "api_kay:").replace("timeout: 800ms", "timeout: 1h")
    policy = POLICY.replace("> 3", "> true")

    assert [line.split(": ")[:2] for line in wrong(tmp_path, config, policy)] == [
        ["gateway.yaml:10:14", "bad-value"],
        ["policy.yaml:2:49", "bad-expression"],
    ]
    assert [line.split(": ")[:2] for line in wrong(tmp_path, config.replace("1h", "1s"), policy)] == [
        ["gateway.yaml:9:5", "unknown-key"],
        ["policy.yaml:2:49", "bad-expression"],
    ]


def test_who_is_asked_must_be_configured(tmp_path: Path) -> None:
    """In the policy, at its place; where the section can't be read nobody can say it."""
    nobody = CONFIG.partition("enrichers")[0]

    assert wrong(tmp_path, nobody) == [
        "policy.yaml:4:26: unknown-enricher: there is no enricher 'payments'; add it under `enrichers` in gateway.yaml"
    ]
    assert [line.split(": ")[1] for line in wrong(tmp_path, nobody + "enrichers: [payments]\n")] == ["bad-value"]
    assert [line.split(": ")[1] for line in wrong(tmp_path, nobody + "lissten: x\n")] == [
        "unknown-key",
        "unknown-enricher",
    ]


def test_facts_that_are_not_asked_are_a_warning(tmp_path: Path) -> None:
    """At the place where they are read."""
    path = written(tmp_path, policy=POLICY.partition("enrich")[0])
    told = look_closely(path, {"SECRET": SECRET}, installed(Purse))

    assert [(one.line, one.column) for one in told.problems if one.kind.code == "GW183"] == [(2, 28)]


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("policy: a\n", {}),
        ("enrichers: {}\n", {}),
        (
            "enrichers: {a: {plugin: purse}, b: {plugin: [1]}, c: 5, 6: {plugin: none}}\n",
            {"a": PurseFacts, "b": None, "c": None, "6": None},
        ),
        ("enrichers: 5\n", None),
        ("enrichers: null\n", None),
        ("a: 1\na: 2\nenrichers: {}\n", None),
        ("- enrichers\n", None),
    ],
)
def test_the_enrichers_of_a_file_that_may_be_wrong(text: str, types: Any) -> None:
    """By their names; None where it can't say which it means."""
    assert facts_types_in(Document.read(text, "gateway.yaml"), installed(Purse)) == types


# ── While it runs ────────────────────────────────────────────────────────────────────────────────────────────────────


class Unmakeable(Purse):
    """Raises where it is made, and says what it was given."""

    def __init__(self, name: str, settings: Any, context: Any) -> None:
        raise KeyError(SECRET)


class OddLife(Purse):
    """Its answers are good for no time at all."""

    ttl_s = "long"


class Short(Purse):
    """Its answers are good for a minute."""

    ttl_s = 60


def test_the_engine_gets_those_that_can_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that can't are left out and named, without a secret, and the rest runs."""

    async def story() -> None:
        setup = setup_in(tmp_path)
        (whole,) = setup.enrichers
        others = [replace(whole, name=kind.__name__.lower(), kind=kind) for kind in (Unmakeable, OddLife, Short)]
        daemon = Daemon(replace(setup, enrichers=(*others, whole)))
        await daemon.start()
        try:
            links = daemon.gateway.enrichers
            assert {name: link.ttl_s for name, link in links.items()} == {"short": 60.0, "payments": TTL_S}
            link = links["payments"]
            assert (link.timeout_s, link.concurrency, link.budget is not None) == (0.8, 2, True)
            assert sorted(daemon.gateway.enrichers_left_out) == ["oddlife", "unmakeable"]
        finally:
            await daemon.stop()

    asyncio.run(story())
    said = "".join(capsys.readouterr())
    assert said.count("enricher_left_out") == 2
    assert SECRET not in said


OTHER = POLICY.replace("> 3", "> 4")


class Purse2(Purse):
    """A purse that tells otherwise."""

    plugin = "purse2"
    facts_type = msgspec.defstruct("Facts2", [("paid", int, 0), ("owed", int, 0)])


@pytest.mark.parametrize(
    ("config", "policy", "told"),
    [
        (CONFIG, OTHER, ""),
        (CONFIG + "  more: {plugin: purse}\n", OTHER, ""),
        (CONFIG.replace("800ms", "1s"), OTHER, ""),
        (
            CONFIG + "  more: {plugin: purse}\n",
            POLICY + "  - {id: more, enricher: more}\n",
            "the policy uses the enricher 'more', which the running gateway doesn't have: restart it",
        ),
        (
            CONFIG.replace("purse", "purse2"),
            OTHER,
            "the facts of the enricher 'payments' have other types than in the running gateway: restart it",
        ),
        (CONFIG.partition("enrichers")[0], OTHER, "there is no enricher 'payments'"),
    ],
)
def test_a_reload_takes_no_other_enrichers(
    config: str, policy: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy that needs others is refused and says to restart; any other comes into force."""
    plugins = installed(Purse, Purse2)
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("gateway.daemon.setup.plugins_here", lambda: plugins)

    async def story() -> None:
        daemon = Daemon(load_setup(written(tmp_path), os.environ))
        await daemon.start()
        try:
            before = daemon.setup
            written(tmp_path, config, policy)
            await daemon.reload()
            reloaded = await last_reload(daemon.store)
            assert reloaded is not None
            assert reloaded.outcome == ("refused" if told else "in force")
            assert told in "".join(reloaded.problems)
            assert (daemon.setup.enrichers, daemon.setup.config.enrichers) == (
                before.enrichers,
                before.config.enrichers,
            )
        finally:
            await daemon.stop()

    asyncio.run(story())


def test_an_installed_plugin_is_found_by_its_entry_point() -> None:
    """By the hook, as a connector's is."""
    found = find_plugins(BUILTIN, [EntryPoint("purse", "tests.support.purse_plugin", "gateway")])

    assert found.enrichers == {"purse": Purse}
