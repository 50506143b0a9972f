"""Whole policies to start from, as files beside this one: copy one, and make it yours."""

from importlib import resources
from typing import Final

from gateway.kernel.problems import did_you_mean

PRESETS: Final[tuple[str, ...]] = ("orion", "orion-stars")


def preset_text(name: str) -> str:
    """The text of a preset. Raises KeyError, whose argument tells which there are, for any other name."""
    if name not in PRESETS:
        hint = did_you_mean(name, PRESETS) or f"; there are {', '.join(PRESETS)}"
        raise KeyError(f"there is no preset {name[:100]!r}{hint}")
    return resources.files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def preset_tests(name: str) -> str | None:
    """The text of the tests that come with a preset beside those in it; None where there are none. Raises KeyError."""
    preset_text(name)
    file = resources.files(__name__).joinpath(f"{name}.tests.yaml")
    return file.read_text(encoding="utf-8") if file.is_file() else None
