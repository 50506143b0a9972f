"""What pyproject.toml allows is what requirements/ pins, so that tomorrow's `make` installs what today's did."""

import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.source import ROOT


def pins(text: str) -> dict[str, str]:
    """Version by name; a line that is no exact pin raises ValueError."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line or line.startswith(("#", "-r ")):
            continue
        name, equals, version = line.partition("==")
        if not equals or not version:
            raise ValueError(f"{line!r} pins no version")
        found[canonicalize_name(name)] = version
    return found


def unmet(wanted: list[str], pinned: dict[str, str]) -> list[str]:
    """The requirements that no pin meets."""
    return [text for text in wanted if not _met(Requirement(text), pinned)]


def _met(need: Requirement, pinned: dict[str, str]) -> bool:
    version = pinned.get(canonicalize_name(need.name))
    return version is not None and need.specifier.contains(version)


def _read(name: str) -> dict[str, str]:
    return pins((ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8"))


def _project(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_every_dependency_is_pinned() -> None:
    """The pins meet the ranges, for running, for developing, and for building."""
    project = _project(ROOT / "pyproject.toml")
    extras = project["project"]["optional-dependencies"]
    running, developing, building = _read("run"), _read("dev"), _read("build")

    assert unmet(project["project"]["dependencies"], running) == []
    assert unmet(extras["dev"], developing) == []
    assert unmet(extras["mutants"], _read("mutants")) == []
    assert unmet(extras["stripe"], _read("stripe")) == []
    assert unmet(extras["clients"], _read("clients")) == []
    assert unmet(extras["web"], _read("web")) == []
    assert unmet(extras["api"], _read("api")) == []
    assert unmet(project["build-system"]["requires"], building) == []


def test_plugins_build_with_the_same_backend() -> None:
    """One pinned backend builds them all."""
    for path in (ROOT / "plugins").glob("*/pyproject.toml"):
        assert unmet(_project(path)["build-system"]["requires"], _read("build")) == [], path


def test_a_pin_out_of_range_is_found() -> None:
    """A version that the range excludes is unmet, as is one that isn't pinned at all."""
    pinned = pins("# head\n-r run.txt\nPluggy==1.7.0\n")

    assert unmet(["pluggy>=1.7,<2"], pinned) == []
    assert unmet(["pluggy>=2", "aiohttp"], pinned) == ["pluggy>=2", "aiohttp"]
