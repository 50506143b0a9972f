"""Secrets stand in gateway.yaml as places, never as text: `{env: NAME}`, `{file: PATH}`, or a list of such.

Law: what was read is in a SecretStr from its first moment, and no message holds any of it.
"""

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticCustomError

from gateway.kernel.document import Document, Problem

SECRET_BYTES_MAX = 16_384
SECRETS_MAX = 8
"""How many may be listed: the first signs, all of them verify."""

WHAT_TO_WRITE: Final = "a secret is never written here as text: write {env: NAME} or {file: PATH}"
_PLACES = frozenset({"env", "file"})
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
Location = tuple[str | int, ...]


@dataclass(slots=True)
class Secrets:
    """Reads the secrets that a document names; problems gather in `problems`, and an empty secret, which no place can
    give, stands in meanwhile."""

    document: Document
    folder: Path
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def resolved(self, value: Any, loc: Location) -> Any:
        """The value with a SecretStr for every mapping that names a secret's place."""
        if isinstance(value, dict):
            if _PLACES & value.keys():
                return self._read(value, loc)
            return {key: self.resolved(inner, (*loc, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolved(inner, (*loc, index)) for index, inner in enumerate(value)]
        return value

    def _read(self, place: dict[Any, Any], loc: Location) -> SecretStr:
        try:
            return SecretStr(self._text(place))
        except ValueError as error:
            self.problems.append(self.document.problem(loc, "bad-secret", str(error)))
            return SecretStr("")

    def _text(self, place: dict[Any, Any]) -> str:
        if len(place) != 1 or not all(isinstance(name, str) and name for name in place.values()):
            raise ValueError("a secret has one place: write {env: NAME} or {file: PATH}")
        text = self._variable(place["env"]) if "env" in place else self._file(place["file"])
        if not text.strip():
            raise ValueError("this secret is empty")
        return text.strip()

    def _variable(self, name: str) -> str:
        # Who mistakes the name for the secret itself must not find it in a log.
        shown = f" {name}" if _VARIABLE.fullmatch(name) else ""
        if name not in self.environ:
            raise ValueError(f"the environment variable{shown} is not set")
        return self.environ[name]

    def _file(self, name: str) -> str:
        try:
            with (self.folder / name).open("rb") as file:
                content = file.read(SECRET_BYTES_MAX + 1)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is no path"
            raise ValueError(f"the secret's file can't be read: {reason}") from None
        if len(content) > SECRET_BYTES_MAX:
            raise ValueError(f"the secret's file has more than {SECRET_BYTES_MAX} bytes")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("the secret's file is not text in UTF-8") from None


def as_secrets(value: object) -> tuple[SecretStr, ...]:
    """One secret or a list of them, as read; each place may hold several, one a line. Raises ValueError for text and
    for anything else."""
    listed = value if isinstance(value, list) else [value]
    read = [secret for secret in listed if isinstance(secret, SecretStr)]
    if len(read) != len(listed):
        raise PydanticCustomError("bad_secret", WHAT_TO_WRITE)
    secrets = tuple(line for secret in read for line in secret_lines(secret))
    if not 1 <= len(secrets) <= SECRETS_MAX:
        raise ValueError(f"list from 1 to {SECRETS_MAX} secrets")
    return secrets


def secret_lines(secret: SecretStr) -> list[SecretStr]:
    """The secrets of one place: a line each, empty lines left out; of an empty one itself."""
    lines = [SecretStr(line.strip()) for line in secret.get_secret_value().splitlines() if line.strip()]
    return lines or [secret]


def as_secret(value: object) -> SecretStr:
    """Exactly one secret, as read. Raises ValueError for text and for anything else."""
    if not isinstance(value, SecretStr):
        raise PydanticCustomError("bad_secret", WHAT_TO_WRITE)
    return value


def written_as_text(model: type[BaseModel], value: Mapping[str, Any], loc: Location) -> Iterator[Location]:
    """Where `value` holds text although `model` asks for a secret."""
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key in value:
            yield from _text_at(info.annotation, value[key], (*loc, key))


def _text_at(kind: Any, value: Any, loc: Location) -> Iterator[Location]:
    is_class = isinstance(kind, type) and not isinstance(kind, types.GenericAlias)
    if is_class and issubclass(kind, SecretStr) and isinstance(value, str):
        yield loc
    elif is_class and issubclass(kind, BaseModel) and isinstance(value, dict):
        yield from written_as_text(kind, value, loc)
    for inner in get_args(kind):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _text_at(inner, item, (*loc, index))
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from _text_at(inner, item, (*loc, key))
        yield from _text_at(inner, value, loc)
