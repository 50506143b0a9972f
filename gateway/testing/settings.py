"""A connector's settings as the kit reads them: which are secret, which texts they hold, how they become a model."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, SecretBytes, SecretStr

from gateway.kernel.json_schema import attribute_texts

CORE_KEYS: Final = frozenset({"plugin", "allow_private", "allow_ports", "live_from"})
"""Keys of a connector's entry that the gateway reads itself, unless the model has a field of that name."""

WRONG: Final = "kit-wrong-credential-0123456789"
PEM: Final = " PRIVATE KEY-----"
"""What stands in the first line of every private key in PEM."""

_SECRET_NAME: Final = re.compile(
    r"(^|_)(api_?key|key|token|secrets?|passw(or)?d|pass|passphrase|credentials?|signature)$", re.IGNORECASE
)
_PUBLIC_NAME: Final = re.compile(r"(^|_)(id|url|header|name|every|days|public_key)$|_s$", re.IGNORECASE)


def validated(kind: Any, values: Mapping[str, Any]) -> BaseModel:
    """The model of these values. Raises pydantic's ValidationError."""
    fields = kind.settings_type.model_fields
    known = {name for field, info in fields.items() for name in (field, info.alias) if name}
    kept = {key: value for key, value in values.items() if key in known or key not in CORE_KEYS}
    made: BaseModel = kind.settings_type(**kept)
    return made


def described(model: type[BaseModel]) -> dict[str, str]:
    """What each field is said to be; empty where nothing is said."""
    texts = attribute_texts(model)
    return {
        info.alias or name: (info.description or texts.get(name) or "").strip()
        for name, info in model.model_fields.items()
    }


def sounds_secret(name: str) -> bool:
    """Whether a setting of this name must be a secret."""
    return bool(_SECRET_NAME.search(name)) and not _PUBLIC_NAME.search(name)


def is_secret(model: type[BaseModel], name: str) -> bool:
    """Whether a field is typed as a secret, or a list of them."""
    return "Secret" in repr(model.model_fields[name].annotation) or "Secret" in repr(model.model_fields[name].metadata)


def many_secrets(model: type[BaseModel], name: str) -> bool:
    """Whether a field takes several secrets at once, as it must for a rotation."""
    return "tuple[" in repr(model.model_fields[name].annotation) or "list[" in repr(model.model_fields[name].annotation)


def secret_fields(model: type[BaseModel]) -> list[str]:
    """The fields that are typed as secrets."""
    return [name for name in model.model_fields if is_secret(model, name)]


def secret_texts(settings: BaseModel) -> Iterator[str]:
    """The plain text of every secret in the settings, and of a key in PEM its lines, each of which tells some of it."""
    for text in _whole_texts(settings):
        yield text
        if PEM in text:
            yield from (line.strip() for line in text.splitlines() if line.strip() and "-----" not in line)


def _whole_texts(settings: BaseModel) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, SecretStr):
                yield one.get_secret_value()
            elif isinstance(one, SecretBytes):
                yield one.get_secret_value().decode("latin-1")


def wrong_secrets(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Secrets that are none of the account's, by name: in place of a key in PEM stands another key."""
    return {name: _another_key() if PEM in str(values[name]) else WRONG for name in names}


@cache
def _another_key() -> str:
    from joserfc.jwk import RSAKey

    return RSAKey.generate_key(2_048).as_pem(private=True).decode()


def token_urls(kind: Any, settings: BaseModel) -> frozenset[str]:
    """Where the account's tokens are fetched."""
    proves = getattr(kind, "auth", None)
    url = getattr(proves(settings), "token_url", "") if proves is not None else ""
    return frozenset({url} if url else ())
