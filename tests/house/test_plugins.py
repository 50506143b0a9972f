"""Each folder under plugins/ is a template for the next: complete in itself."""

from pathlib import Path

import pytest

from tests.support.source import ROOT, packages, relative

NEEDED = ("pyproject.toml", "README.md", "CHANGELOG.md", "tests/samples")


def missing(folder: Path) -> list[str]:
    """What the folder of a plugin lacks; an empty file or folder counts as lacking."""
    return [name for name in NEEDED if not _has(folder / name)]


def _has(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.is_file() and path.stat().st_size > 0


@pytest.mark.parametrize("folder", [path.parent for path in packages()[1:]], ids=relative)
def test_a_plugin_is_complete(folder: Path) -> None:
    """A plugin has its own distribution, an introduction, a history, and samples that its tests read."""
    assert missing(folder) == []


def test_plugins_are_found() -> None:
    """Every folder under plugins/ holds a package, so that no check above passes over it."""
    folders = {
        path.name for path in (ROOT / "plugins").iterdir() if path.is_dir() and not path.name.startswith((".", "_"))
    }

    assert folders == {path.parent.name for path in packages()[1:]}
    assert folders


def test_an_incomplete_plugin_is_found(tmp_path: Path) -> None:
    """A README that is empty and a samples folder without samples are missing, as is what isn't there."""
    (tmp_path / "README.md").touch()
    (tmp_path / "tests" / "samples").mkdir(parents=True)
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n")

    assert missing(tmp_path) == ["pyproject.toml", "README.md", "tests/samples"]
