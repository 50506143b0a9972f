"""Presets broken mechanically, one key or value at a time: the check never fails itself, and every place that it tells
is one of the file."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.daemon.findings import look_at_policy, look_closely
from gateway.daemon.setup import plugins_here
from gateway.kernel.problems import Problem, lines_of
from gateway.policy.presets import PRESETS, preset_text
from tests.support.checking import CONFIGURATION, ENVIRON, POLICY

SAMPLE = 40
"""Mutants of each preset."""

EXAMPLE = f"""\
name: acme
listen: 127.0.0.1:8080
admin: 127.0.0.1:8081
database: sqlite:///gateway.db
body_limit: 512KiB
{CONFIGURATION}    allow_private: [10.20.0.0/16]
    concurrency: 4
    rate: 10/s
connectors:
  shop:
    plugin: events
    secret: {{env: SHOP_SECRET}}
    live_from: 2026-03-02T09:00:00Z
"""
"""A configuration with most of its keys."""

_KEY = re.compile(r"([A-Za-z_][\w-]*)(?=: |:$)", re.MULTILINE)
_VALUE = re.compile(r"(?<=: )[^\s#{\[][^\n,#{}\[\]]*", re.MULTILINE)
_VALUES = ("", "x", "7", "-1s", "true", "[]", "{}", "2026-02-30", '"', "*x", "!y z", "nobody's", "&a *a")


def mutants(text: str, sample: int, seed: int) -> list[str]:
    """Texts that differ from this one in a key or a value: renamed, left out, replaced, or with its line twice."""
    chance = random.Random(seed)
    made = []
    keys, values = list(_KEY.finditer(text)), list(_VALUE.finditer(text))
    for number in range(sample):
        place = chance.choice(values if number % 4 == 3 else keys)
        start, end = place.span()
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", end) + 1 or len(text)
        made.append(
            (
                f"{text[:start]}{place.group()}x{text[end:]}",
                text[:first] + text[last:],
                text[:last] + text[first:last] + text[last:],
                text[:start] + chance.choice(_VALUES) + text[end:],
            )[number % 4]
        )
    return made


@pytest.mark.parametrize("preset", PRESETS)
def test_no_mutant_of_a_preset_is_too_much_for_the_check(preset: str, tmp_path: Path) -> None:
    """Whatever is broken: words at a place inside the file, and at least some of the mutants are told to be wrong."""
    path = tmp_path / "policy.yaml"
    found = 0
    for text in mutants(preset_text(preset), SAMPLE, seed=len(preset)):
        path.write_text(text)
        problems = look_at_policy(str(path)).problems
        found += bool(problems)
        assert astray(problems, path) == []

    assert found >= SAMPLE // 2


def test_no_mutant_of_a_configuration_is_too_much_for_the_check(tmp_path: Path) -> None:
    """The same for gateway.yaml; what the policy beside it is told then lies in the policy."""
    path, policy = tmp_path / "gateway.yaml", tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    plugins, found = plugins_here(), 0
    for text in mutants(EXAMPLE, SAMPLE, seed=1):
        path.write_text(text)
        problems = look_closely(path, ENVIRON, plugins).problems
        found += any(one.file == str(path) for one in problems)
        assert astray([one for one in problems if one.file != str(policy)], path) == []

    assert found >= SAMPLE // 2


def astray(problems: Sequence[Problem], path: Path) -> list[str]:
    """Those that say nothing, or whose place is none of the file."""
    lines = lines_of(path.read_text())
    return [
        str(one)
        for one in problems
        if not one.message
        or one.file != str(path)
        or not (1 <= one.line <= len(lines) and 1 <= one.column <= len(lines[one.line - 1]) + 1)
    ]
