"""Whole policies to start from, as files beside this one: copy one, and make it yours."""

from importlib import resources
from typing import Final

from gateway.kernel.problems import did_you_mean

PRESETS: Final[tuple[str, ...]] = ("orion", "orion-stars")


def preset_text(name: str) -> str:
    """The text of a preset. Raises KeyError, whose argument tells which there are, for any other name."""
    return _text(name, f"{name}.yaml")


def preset_tests(name: str) -> str:
    """The text of the tests that come with a preset. Raises KeyError, as for the preset itself."""
    return _text(name, f"{name}.tests.yaml")


def _text(preset: str, file: str) -> str:
    if preset not in PRESETS:
        hint = did_you_mean(preset, PRESETS) or f"; there are {', '.join(PRESETS)}"
        raise KeyError(f"there is no preset {preset[:100]!r}{hint}")
    return resources.files(__name__).joinpath(file).read_text(encoding="utf-8")
