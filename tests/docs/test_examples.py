"""The examples in the documentation work as they stand."""

import ast
import json
import tomllib
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from gateway.config import load_config
from gateway.kernel.signing import new_secret, parse_secret, verify
from gateway.model.event import convert_event
from gateway.policy.load import load_policy
from gateway.policy.rehearsal import run as rehearse
from gateway.policy.rehearsal.files import read_tests
from gateway.testing import CHECKS
from tests.support.pages import blocks, links, page, pages, rows
from tests.support.source import relative

SECRET = new_secret(b"a key that only tests have")
NOW_S = 1_772_442_000


def run(code: str) -> dict[str, Any]:
    """What the code defines."""
    names: dict[str, Any] = {}
    exec(compile(code, "example", "exec"), names)
    return names


def test_the_configuration_loads(tmp_path: Path) -> None:
    """The example is a whole gateway.yaml, and has every key."""
    (example,) = blocks(page("reference/configuration.md"), "yaml")
    path = tmp_path / "gateway.yaml"
    path.write_text(example)
    environ = {name: SECRET for name in ("GATEWAY_ADMIN_TOKEN", "SHOP_SECRET", "STRIPE_API_KEY", "HELPDESK_SECRET")}

    config = load_config(path, environ)

    assert config.name == "acme-support"
    assert [key for key in type(config).model_fields if f"\n{key}:" not in f"\n{example}"] == []


def test_the_policy_loads() -> None:
    """The first example is a whole policy, conditions included."""
    example, _ = blocks(page("reference/policy.md"), "yaml")

    policy = load_policy(example, "policy.yaml").policy

    assert [rule.id for rule in policy.sla] == ["email-first-reply"]


def test_the_policys_tests_hold() -> None:
    """The second example tests the first one, and covers all of it."""
    example, tests = blocks(page("reference/policy.md"), "yaml")
    loaded = load_policy(example, "policy.yaml")

    report = rehearse(loaded, read_tests(loaded, tests, "policy.tests.yaml"))

    assert [outcome.missed for outcome in report.outcomes if outcome.missed] == []
    assert (report.passed, report.coverage.missed) == (2, ())


def test_sent_events_are_proved() -> None:
    """What the example signs is right for us and for the reference library, and its event is one."""
    signing, event = blocks(page("how-to/send-events.md"), "python")
    body = json.dumps({"events": [run(event)["opened"]]}).encode()

    headers = run(signing)["signed"](SECRET, "msg_1", NOW_S, body)

    assert verify([parse_secret(SECRET)], headers, body, NOW_S * 1_000) == "msg_1"
    assert convert_event(run(event)["opened"]).ref.id == "1001"


def test_the_example_of_a_notice_has_the_fields_that_the_page_tells() -> None:
    """Each field of the example is explained."""
    text = page("reference/notices.md")
    example, *_ = blocks(text, "json")

    explained = set(rows(text)) | {"time", "timestamp", "specversion"}
    assert set(json.loads(example)) <= explained


@pytest.mark.parametrize("path", pages(), ids=relative)
def test_links_lead_somewhere(path: Path) -> None:
    """Every link to another file of the project has one at its end."""
    targets = links(path.read_text(encoding="utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("id", [id for id, check in CHECKS.items() if check.example])
def test_the_example_of_a_check_can_be_copied(id: str) -> None:
    """It is code as it would stand in a connector, or in its pyproject.toml."""
    example = CHECKS[id].example
    if example.startswith("["):
        assert tomllib.loads(example)
        return
    compile(f"async def somewhere():\n{indent(example, '    ')}", id, "exec", ast.PyCF_ONLY_AST)
