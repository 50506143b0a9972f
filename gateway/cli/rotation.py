"""Changing the key with which notices to an endpoint are signed, so that its receiver never meets one it can't verify.

Laws. A new key is written in front of those that are there, all of which sign until `finish` takes the old ones out. A
file is replaced whole, for its owner alone, or stays as it is. What stands in the environment is nobody's to change
from here: then it is only told what to set.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cli.failures import FOUND, TEMPORARY, UNAVAILABLE, USAGE, Failed
from gateway.config import Config, EndpointConfig
from gateway.config.places import SecretPlace, endpoint_places, secret_places
from gateway.config.secret import SECRETS_MAX
from gateway.kernel.keys import RANDOM_BYTES, Key, KeyKind, kind_of, new_key
from gateway.kernel.ports import Rng
from gateway.kernel.problems import did_you_mean

_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file with the keys of an endpoint, one a line, the newest first."""

    path: Path
    content: bytes = field(repr=False)

    @property
    def keys(self) -> list[str]:
        """The keys as they stand there."""
        return [line.strip() for line in self.content.decode("utf-8").splitlines() if line.strip()]


def the_endpoint(config: Config, name: str) -> EndpointConfig:
    """The endpoint of that name. Raises Failed."""
    if name not in config.endpoints:
        hint = did_you_mean(name, config.endpoints) or f"; there are {', '.join(config.endpoints) or 'none'}"
        raise Failed(USAGE, f"no endpoint {name[:100]!r} is configured{hint}")
    return config.endpoints[name]


def key_file(config: Path, endpoint: str) -> KeyFile | None:
    """The first file among the places of an endpoint's secret; None where all are in the environment. Raises Failed."""
    place = next((place for place in endpoint_places(config, endpoint) if place.kind == "file"), None)
    if place is None:
        return None
    path = _behind(config, place)
    for other in secret_places(config):
        if other.kind == "file" and other.loc[:2] != ("endpoints", endpoint) and _behind(config, other) == path:
            what = f"the file {path} is also that of {'.'.join(map(str, other.loc))}"
            raise Failed(FOUND, what, "give each a file of its own: a key that is changed here would change there")
    try:
        return KeyFile(path, path.read_bytes())
    except OSError as error:
        raise Failed(UNAVAILABLE, f"the file {path} can't be read: {error.strerror}") from None


def _behind(config: Path, place: SecretPlace) -> Path:
    """The file itself: where the path is a link, what it leads to is replaced, and the link stays."""
    return Path(os.path.realpath(config.absolute().parent / place.name))


def made(endpoint: EndpointConfig, kind: KeyKind | None, rng: Rng) -> Key:
    """A new key, of the kind of the one that signs first unless told otherwise. Raises Failed where there are too
    many."""
    if len(endpoint.secrets) >= SECRETS_MAX:
        hint = f"`gateway endpoints rotate {endpoint.name} --finish` removes the old ones"
        raise Failed(FOUND, f"{endpoint.name} has {len(endpoint.secrets)} secrets already, which is the most", hint)
    return new_key(kind or kind_of(endpoint.secrets[0].get_secret_value()), rng.token(RANDOM_BYTES))


def replaced(file: KeyFile, keys: Sequence[str]) -> None:
    """Put `keys` into the file in place of what is there, in one step. Raises Failed; then it is as it was."""
    _write(file.path, ("\n".join(keys) + "\n").encode())


def restored(file: KeyFile) -> None:
    """Put back what was there."""
    _write(file.path, file.content)


def lines_to_write(places: Sequence[SecretPlace], endpoint: str, variable: str) -> list[str]:
    """The lines of gateway.yaml with another variable in front of those places."""
    listed = [f"{{env: {variable}}}", *(f"{{{place.kind}: {place.name}}}" for place in places)]
    return ["endpoints:", f"  {endpoint}:", f"    secret: [{', '.join(listed)}]"]


def new_variable(places: Sequence[SecretPlace]) -> str:
    """A name for the variable of the new key, which none of the places has."""
    taken = {place.name for place in places}
    base = next((place.name for place in places), "ENDPOINT_SECRET").rstrip("0123456789").rstrip("_")
    return next(name for number in range(2, 100) if (name := f"{base}_{number}") not in taken)


def _write(path: Path, content: bytes) -> None:
    """Replace a file whole; the new one is its old owner's, and nobody else's to read."""
    new = path.with_name(f".{path.name}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE)
    except FileExistsError:
        hint = f"another one is under way, or was cut off: then remove {new}"
        raise Failed(TEMPORARY, f"the file {path} is being changed already", hint) from None
    except OSError as error:
        raise Failed(UNAVAILABLE, f"the file {new} can't be made: {error.strerror}", _MOUNTED) from None
    try:
        with os.fdopen(handle, "wb") as file:
            _give_to_owner(file.fileno(), path)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise Failed(UNAVAILABLE, f"the file {path} can't be replaced: {error.strerror}", _MOUNTED) from None
    _sync_folder(path.parent)


_MOUNTED = "where secrets are mounted by another program, let that one put the new key in front of the old ones"


def _give_to_owner(handle: int, path: Path) -> None:
    before = path.stat()
    if (before.st_uid, before.st_gid) != (os.fstat(handle).st_uid, os.fstat(handle).st_gid):
        os.fchown(handle, before.st_uid, before.st_gid)
    os.fchmod(handle, stat.S_IMODE(_PRIVATE))


def _sync_folder(folder: Path) -> None:
    """Let the new name be on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
