"""Where gateway.yaml keeps its secrets, without reading them: for who looks at files' modes, or changes keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gateway.kernel.document import Document, read_text

Location = tuple[str | int, ...]
_KINDS = ("env", "file")


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """One secret's place. `name` is the environment variable, or the path as it stands in the file; `loc` is where."""

    loc: Location
    kind: Literal["env", "file"]
    name: str


def secret_places(config: Path) -> list[SecretPlace]:
    """Every place that the file names, in its order. Raises Problems if the file can't be read."""
    document = Document.parse(read_text(config, "configuration"), str(config))
    return list(_places(document.data, ()))


def endpoint_places(config: Path, endpoint: str) -> list[SecretPlace]:
    """The places of one endpoint's secrets, the first that signs first. Raises Problems."""
    begins = ("endpoints", endpoint, "secret")
    return [place for place in secret_places(config) if place.loc[: len(begins)] == begins]


def _places(value: Any, loc: Location) -> Iterator[SecretPlace]:
    if isinstance(value, dict):
        if len(value) == 1 and (found := _place(value, loc)) is not None:
            yield found
            return
        for key, inner in value.items():
            yield from _places(inner, (*loc, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*loc, index))


def _place(value: dict[Any, Any], loc: Location) -> SecretPlace | None:
    kind, name = next(iter(value.items()))
    if kind in _KINDS and isinstance(name, str) and name:
        return SecretPlace(loc, kind, name)
    return None
