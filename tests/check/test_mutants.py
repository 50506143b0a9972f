"""Presets broken mechanically, one key or value at a time: the check never fails itself, and every place that it tells
is one of the file."""

import random
import re
from pathlib import Path

import pytest

from gateway.daemon.findings import look_at_policy
from gateway.kernel.problems import lines_of
from gateway.policy.presets import PRESETS, preset_text

SAMPLE = 40
"""Mutants of each preset."""

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
        lines = lines_of(text)
        assert [str(one) for one in problems if not one.message or one.file != str(path)] == []
        assert [
            str(one)
            for one in problems
            if not (1 <= one.line <= len(lines) and 1 <= one.column <= len(lines[one.line - 1]) + 1)
        ] == []

    assert found >= SAMPLE // 2
