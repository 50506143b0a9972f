"""The kit as a suite of pytest's: a test for each check, whose failures read like the command's.

class TestMine(ConnectorSuite):
    connector = Mine
    samples = Path(__file__).parent / "samples"
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from gateway.testing.check import CHECKS, LEVELS, Level
from gateway.testing.run import in_use, run_one
from gateway.testing.subject import Subject, kit_file


class ConnectorSuite:
    """Derive from it, under a name that begins with Test. Only `connector` must be set."""

    connector: ClassVar[Any] = None
    """The connector's class."""

    samples: ClassVar[Path | None] = None
    """The folder of its samples: FORM_*.json, with push, row or fetched as FORM."""

    folder: ClassVar[Path | None] = None
    """The folder of its distribution; unless given, the one above the samples that has a pyproject.toml."""

    settings: ClassVar[Mapping[str, Any] | None] = None
    """Settings to try it with, secrets as text; those that its simulator gives unless given."""

    seeds: ClassVar[int] = 24
    """How many stories the checks tell that depend on chance."""

    level: ClassVar[Level] = "bronze"
    """The level to reach: a check above it that fails is told as skipped."""

    only: ClassVar[tuple[str, ...]] = ()
    """The ids of the checks to run; all unless given."""

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """A test for each check."""
        if "check_id" in metafunc.fixturenames:
            metafunc.parametrize("check_id", [check.id for check in in_use(type(self).only)])

    def test_check(self, check_id: str) -> None:
        """The connector does what the check asks."""
        import pytest

        __tracebackhide__ = True
        result = run_one(_subject(type(self)), CHECKS[check_id])
        if result.outcome == "failed" and LEVELS.index(result.check.level) > LEVELS.index(self.level):
            pytest.skip(f"above {self.level}: {result.what}")
        if result.outcome == "failed":
            pytest.fail(f"\n{result.text()}", pytrace=False)
        if result.outcome != "passed":
            pytest.skip(f"{result.outcome}: {result.what}")


_SUBJECTS: dict[type, Subject] = {}


def _subject(suite: type[ConnectorSuite]) -> Subject:
    """The one subject of a suite: what its story brought serves all its tests."""
    if suite not in _SUBJECTS:
        if suite.connector is None:
            raise TypeError(f"{suite.__name__} names no connector: set `connector` to its class")
        said = kit_file(suite.samples)
        _SUBJECTS[suite] = Subject(
            suite.connector,
            samples=suite.samples,
            folder=suite.folder or folder_above(suite.samples),
            excuses=said.get("excuses", {}),
            values=suite.settings or said.get("settings"),
            seeds=suite.seeds,
        )
    return _SUBJECTS[suite]


def folder_above(samples: Path | None) -> Path | None:
    """The nearest folder above the samples that holds a distribution."""
    above = () if samples is None else samples.resolve().parents
    return next((folder for folder in above if (folder / "pyproject.toml").is_file()), None)
