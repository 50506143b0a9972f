"""Whole policies to start from, as files beside this one: copy one, and make it yours."""

from importlib import resources
from typing import Final

PRESETS: Final[tuple[str, ...]] = ("orion", "orion-stars")


def preset_text(name: str) -> str:
    """The text of a preset. Raises KeyError for a name that is none of PRESETS."""
    if name not in PRESETS:
        raise KeyError(name)
    return resources.files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
