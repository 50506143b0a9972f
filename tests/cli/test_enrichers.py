"""Enrichers as commands see them: an installed plugin, a configuration that names it, a policy that reads its facts."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import gateway
from tests.support.installed import install

CONFIG = """\
version: 1
database: sqlite:///gateway.db
policy: policy.yaml
enrichers:
  payments: {plugin: purse, api_key: {env: PURSE_KEY}, timeout: 2s}
"""
POLICY = """\
name: paying
severity:
  - id: big
    when: contact.facts.payments.paid > 100
    severity: 1
  - {id: rest, severity: 4}
queues: {general: {team: t1}}
routing: [{id: default, queue: general}]
enrich:
  - {id: paid, enricher: payments, ttl: 1h}
tests:
  - name: who has paid much
    given:
      - {kind: ticket, channel: email, at: 2026-03-02T09:00:00Z}
      - {type: enrichment.received, enricher: payments, status: ok, facts: {paid: 200}, after: 1m}
    expect: {severity: 1}
"""
EVENTS = """\
[{"type": "contact.opened", "at": "2026-03-02T09:00:00Z", "id": "1", "ref": {"kind": "ticket", "id": "1"},
  "kind": "ticket", "channel": "email"}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which people stand; the plugin is installed, and its secret is known."""
    install(tmp_path / "site", "purse", "tests.support.purse_plugin")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PURSE_KEY", "canary")
    for name, text in (("gateway.yaml", CONFIG), ("policy.yaml", POLICY), ("events.json", EVENTS)):
        Path(name).write_text(text)
    return tmp_path


def test_all_is_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is counted, its check is the doctor's, and nothing shows the key."""
    checked = gateway(capsys, "check")
    doctored = gateway(capsys, "doctor", "--json")
    findings = [json.loads(line) for line in doctored.out.splitlines()]

    assert (checked.code, checked.out) == (0, "")
    assert "0 connectors, 1 enricher, 0 endpoints, policy paying" in checked.err
    assert [(one["level"], one["what"]) for one in findings if one["area"] == "enricher payments"] == [
        ("ok", "it has a key")
    ]
    assert "enrichers: 1, " in next(one["what"] for one in findings if one["area"] == "config")
    assert "canary" not in doctored.out + doctored.err + checked.err


def test_its_check_is_told_by_the_doctor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it finds wrong is exit 1, with what to do; offline nobody is asked."""
    Path("gateway.yaml").write_text(CONFIG.replace("api_key: {env: PURSE_KEY}, ", ""))
    asked, offline = (gateway(capsys, "doctor", *options) for options in ((), ("--offline",)))

    assert asked.code == 1
    assert "enricher payments" in asked.out and "it has no key" in asked.out and "give it one" in asked.out
    assert (offline.code, "enricher payments" in offline.out) == (0, False)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("paid > 100", 'paid > "x"', "policy.yaml:4:39: GW114"),
        ("payments.paid", "payments.payd", "policy.yaml:4:33: GW114"),
        ("enricher: payments", "enricher: paymnts", "policy.yaml:10:26: GW135"),
    ],
)
def test_a_mistake_over_facts_is_told_at_its_place(
    before: str, after: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever the configuration is known; a policy that is checked alone has untyped facts, and nobody is unknown."""
    Path("policy.yaml").write_text(POLICY.replace(before, after))
    commands = (
        ("check",),
        ("policy", "test"),
        ("policy", "test", "--policy", "policy.yaml"),
        ("policy", "eval", "--policy", "policy.yaml", "--events", "events.json", "--at", "2026-03-02T10:00:00Z"),
        ("policy", "whatif", "policy.yaml", "--events", "events.json"),
        ("run",),
    )
    for command in commands:
        ended = gateway(capsys, *command)
        assert (ended.code, told in ended.err.replace(f"{folder}/", "")) == (78, True), command
    alone = gateway(capsys, "check", "--policy", "policy.yaml")

    assert told not in alone.err
    assert (alone.code == 78) == (told.endswith("GW135") and "no field" in alone.err)


def test_types_decide_about_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fact that hasn't come has its default where types are known, and is a failure where they aren't."""
    Path("policy.yaml").write_text(POLICY.replace("> 100", "< 100"))
    told = ("policy", "eval", "--policy", "policy.yaml", "--events", "events.json", "--at", "2026-03-02T10:00:00Z")
    known = json.loads(gateway(capsys, *told).out)
    Path("gateway.yaml").unlink()
    ended = gateway(capsys, *told)

    assert (known["contact"]["severity"], json.loads(ended.out)["contact"]["severity"]) == (1, 4)
    assert "rule big could not be evaluated" in ended.err


def test_the_schema_has_its_settings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As this installation has the plugin."""
    schema = json.loads(gateway(capsys, "schema", "config").out)

    assert "api_key" in schema["$defs"]["enricher-purse"]["properties"]
