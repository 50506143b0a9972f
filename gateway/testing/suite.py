"""The kit as a suite of pytest's: a test for each check, whose failures read like the command's.

class TestMine(ConnectorSuite):
    connector = Mine
    samples = Path(__file__).parent / "samples"

class TestOurs(EnricherSuite):
    enricher = Ours
    folder = Path(__file__).parent.parent
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from gateway.testing.check import CHECKS, LEVELS, Level, Sort
from gateway.testing.run import in_use, run_one
from gateway.testing.subject import Subject, kit_file


class _Suite:
    """What both suites have."""

    sort: ClassVar[Sort]
    samples: ClassVar[Path | None] = None
    folder: ClassVar[Path | None] = None

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
            metafunc.parametrize("check_id", [check.id for check in in_use(type(self).only, type(self).sort)])

    def test_check(self, check_id: str) -> None:
        """It does what the check asks."""
        import pytest

        __tracebackhide__ = True
        result = run_one(_subject(type(self)), CHECKS[check_id])
        if result.outcome == "failed" and LEVELS.index(result.check.level) > LEVELS.index(self.level):
            pytest.skip(f"above {self.level}: {result.what}")
        if result.outcome == "failed":
            pytest.fail(f"\n{result.text()}", pytrace=False)
        if result.outcome != "passed":
            pytest.skip(f"{result.outcome}: {result.what}")


class ConnectorSuite(_Suite):
    """Derive from it, under a name that begins with Test. Only `connector` must be set."""

    sort: ClassVar[Sort] = "connector"

    connector: ClassVar[Any] = None
    """The connector's class."""

    samples: ClassVar[Path | None] = None
    """The folder of its samples: FORM_*.json, with push, row or fetched as FORM."""

    folder: ClassVar[Path | None] = None
    """The folder of its distribution; unless given, the one above the samples that has a pyproject.toml."""


class EnricherSuite(_Suite):
    """Derive from it, under a name that begins with Test. Only `enricher` must be set."""

    sort: ClassVar[Sort] = "enricher"

    enricher: ClassVar[Any] = None
    """The enricher's class."""

    folder: ClassVar[Path | None] = None
    """The folder of its distribution, with pyproject.toml, README.md and tests/kit.toml."""


_SUBJECTS: dict[type, Subject] = {}


def _subject(suite: type[_Suite]) -> Subject:
    """The one subject of a suite: what its story brought serves all its tests."""
    if suite not in _SUBJECTS:
        kind = getattr(suite, suite.sort)
        if kind is None:
            raise TypeError(f"{suite.__name__} names no {suite.sort}: set `{suite.sort}` to its class")
        samples = suite.samples or (suite.folder / "tests" / "samples" if suite.folder else None)
        said = kit_file(samples)
        _SUBJECTS[suite] = Subject(
            kind,
            samples=samples,
            folder=suite.folder or folder_above(samples),
            excuses=said.get("excuses", {}),
            values=suite.settings or said.get("settings"),
            seeds=suite.seeds,
        )
    return _SUBJECTS[suite]


def folder_above(samples: Path | None) -> Path | None:
    """The nearest folder above the samples that holds a distribution."""
    above = () if samples is None else samples.resolve().parents
    return next((folder for folder in above if (folder / "pyproject.toml").is_file()), None)
