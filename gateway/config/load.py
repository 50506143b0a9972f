"""Reads gateway.yaml and everything that it refers to. Every mistake at once, each as `file:line:column`."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from gateway.config.config import Config, ConnectorConfig, EndpointConfig, EnricherConfig
from gateway.config.outward import loose_reach, why_not
from gateway.config.secret import Secrets, secret_lines
from gateway.config.shape import (
    ENRICHER_NAME,
    ENRICHERS_MAX,
    ENTRIES_MAX,
    ENTRY_NAME,
    ConnectorShape,
    EndpointShape,
    EnricherShape,
    FileShape,
)
from gateway.config.values import Preset, parse_address, parse_database, parse_policy
from gateway.kernel.document import Document, Problem, Problems, did_you_mean, read_text
from gateway.kernel.reach import Reach
from gateway.kernel.signing import parse_secret
from gateway.model.judgement import NoticeType
from gateway.rules.announce import subscribes

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
NOTICE_TYPES: tuple[str, ...] = tuple(
    sorted(word for part in get_args(NoticeType) for word in get_args(part) or (part,))
)
NOTICE_FAMILIES: tuple[str, ...] = ("*", *dict.fromkeys(f"{name.partition('.')[0]}.*" for name in NOTICE_TYPES))
"""The patterns that people write for many types at once."""

TOKEN_MIN = 16
"""Characters of an endpoint's token at least."""

_NAMES = {
    section: (
        re.compile(pattern),
        f"a name begins with a lower-case letter and goes on with those, digits{signs}",
    )
    for section, pattern, signs in (
        ("connectors", ENTRY_NAME, ", _ and -, at most 63 in all"),
        (
            "enrichers",
            ENRICHER_NAME,
            " and _, at most 63 in all: it stands behind a dot in conditions, where neither - nor the words false, in, "
            "null and true can stand",
        ),
        ("endpoints", ENTRY_NAME, ", _ and -, at most 63 in all"),
    )
}
_NOWHERE = "policy.yaml"


class Unloadable(Problems):
    """What is wrong with a configuration. `rest` has the connectors and enrichers that can be looked at further all the
    same."""

    def __init__(self, problems: Iterable[Problem], rest: Config) -> None:
        super().__init__(problems)
        self.rest = rest


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration in the file at `path`; `environ` is where `{env: NAME}` looks. Raises Problems.

    What is raised is Unloadable where the file can be read at all.
    """
    document = Document.read(read_text(path, "configuration"), str(path))
    folder = path.absolute().parent
    secrets = Secrets(document, folder, environ)
    document.data = _with_secrets(document.data, secrets)
    problems = [
        *secrets.problems,
        *_wrong_names(document),
        *_wrong_endpoints(document),
        *_wrong_places(document, folder),
    ]
    try:
        shape = document.validate(FileShape)
    except Problems as found:
        raise Unloadable(document.with_wrong([*problems, *found.problems]), _rest(document, folder)) from None
    if problems := document.with_wrong(problems):
        raise Unloadable(problems, _rest(document, folder))
    return _config(document, shape, folder)


def _rest(document: Document, folder: Path) -> Config:
    """A configuration of nothing but the connectors and enrichers whose own shape is right."""
    connectors = _right(_section(document, "connectors"), ConnectorShape, ENTRIES_MAX)
    enrichers = _right(_section(document, "enrichers"), EnricherShape, ENRICHERS_MAX)
    return _config(document, FileShape(version=1, policy=_NOWHERE, connectors=connectors, enrichers=enrichers), folder)


def _right(section: Mapping[Any, Any], shape: type[M], most: int) -> dict[str, M]:
    found: dict[str, M] = {}
    for name, raw in list(section.items())[:most]:
        try:
            found[str(name)] = shape.model_validate(raw)
        except ValidationError:
            continue
    return found


def _with_secrets(data: Any, secrets: Secrets) -> Any:
    """The data with its secrets read, in the only places where a secret can stand."""
    if not isinstance(data, dict):
        return data
    data = dict(data)
    for key in ("admin_token", "connectors", "enrichers"):
        if key in data:
            data[key] = secrets.resolved(data[key], (key,))
    if isinstance(endpoints := data.get("endpoints"), dict):
        data["endpoints"] = {
            name: _endpoint_with_secrets(endpoint, secrets, ("endpoints", name)) for name, endpoint in endpoints.items()
        }
    return data


def _endpoint_with_secrets(endpoint: Any, secrets: Secrets, loc: tuple[str | int, ...]) -> Any:
    if not isinstance(endpoint, dict):
        return endpoint
    places = {key: secrets.resolved(endpoint[key], (*loc, key)) for key in ("secret", "token") if key in endpoint}
    return {**endpoint, **places}


def _wrong_names(document: Document) -> Iterator[Problem]:
    """A connector's name stands in a URL, an endpoint's and an enricher's in the policy: all are plain words."""
    for section, (pattern, message) in _NAMES.items():
        for name in _section(document, section):
            if isinstance(name, str) and pattern.fullmatch(name) is None:
                yield document.problem((section, name), "bad-name", message, key=True)


def _wrong_endpoints(document: Document) -> Iterator[Problem]:
    for name, endpoint in _section(document, "endpoints").items():
        if not isinstance(endpoint, dict):
            continue
        if isinstance(url := endpoint.get("url"), str) and (why := why_not(url, loose_reach(endpoint))):
            yield document.problem(("endpoints", name, "url"), "bad-url", why)
        yield from _wrong_keys(document, endpoint.get("secret"), ("endpoints", name, "secret"))
        yield from _wrong_token(document, endpoint.get("token"), ("endpoints", name, "token"))
        patterns = endpoint.get("notices")
        for index, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
            if isinstance(pattern, str) and not any(subscribes([pattern], type) for type in NOTICE_TYPES):
                hint = did_you_mean(pattern, (*NOTICE_FAMILIES, *NOTICE_TYPES))
                message = f"{pattern[:60]!r} means no type of notice{hint}"
                yield document.problem(("endpoints", name, "notices", index), "unknown-notice", message)


def _wrong_keys(document: Document, secret: Any, loc: tuple[str | int, ...]) -> Iterator[Problem]:
    """Secrets that were read but can't sign a notice."""
    if isinstance(secret, list):
        for index, item in enumerate(secret):
            yield from _wrong_keys(document, item, (*loc, index))
    elif isinstance(secret, SecretStr):
        lines = secret_lines(secret)
        for number, line in enumerate(lines, 1):
            try:
                if text := line.get_secret_value():
                    parse_secret(text).sign(b"")
            except ValueError as error:
                where = f"secret {number} of {len(lines)} there: " if len(lines) > 1 else ""
                yield document.problem(loc, "bad-secret", f"{where}{error}")


def _wrong_token(document: Document, token: object, loc: tuple[str | int, ...]) -> Iterator[Problem]:
    """A token that was read but can't be what opens a door."""
    if isinstance(token, SecretStr) and (text := token.get_secret_value()):
        admin = document.data.get("admin_token")
        if len(text) < TOKEN_MIN or not (text.isascii() and text.isprintable()) or " " in text:
            message = f"a token has at least {TOKEN_MIN} printable ASCII characters, and no spaces"
            yield document.problem(loc, "bad-secret", message)
        elif isinstance(admin, SecretStr) and admin.get_secret_value() == text:
            message = "this is the admin token, which opens everything: give the endpoint one of its own"
            yield document.problem(loc, "bad-secret", message)


def _section(document: Document, name: str) -> dict[Any, Any]:
    section = document.data.get(name) if isinstance(document.data, dict) else None
    return section if isinstance(section, dict) else {}


def _wrong_places(document: Document, folder: Path) -> Iterator[Problem]:
    """What the file names outside itself, looked at only where the words for it are right."""
    values = document.data if isinstance(document.data, dict) else {}
    listen, admin = _read_as(parse_address, values.get("listen")), _read_as(parse_address, values.get("admin"))
    if listen is not None and listen == admin and listen.port != 0:
        yield document.problem(("admin",), "bad-value", "the same address as `listen`: give each its own port")
    policy = _read_as(parse_policy, values.get("policy"))
    if isinstance(policy, str) and not (folder / policy).is_file():
        yield document.problem(("policy",), "no-such-file", "no such file; a path starts at the folder of this file")
    database = _read_as(parse_database, values.get("database"))
    if database is not None and not (folder / database).parent.is_dir():
        yield document.problem(
            ("database",), "no-such-folder", "the folder of the database doesn't exist: make it first"
        )


def _read_as(parse: Callable[[object], T], value: object) -> T | None:
    try:
        return parse(value)
    except ValueError:
        return None


def _config(document: Document, shape: FileShape, folder: Path) -> Config:
    return Config.of(
        document,
        version=shape.version,
        name=shape.name,
        listen=shape.listen,
        admin=shape.admin,
        database=folder / shape.database,
        key_file=folder / shape.key_file,
        policy=shape.policy if isinstance(shape.policy, Preset) else folder / shape.policy,
        body_limit=shape.body_limit,
        connectors={name: _connector(name, connector) for name, connector in shape.connectors.items()},
        enrichers={name: _enricher(name, enricher) for name, enricher in shape.enrichers.items()},
        endpoints={name: _endpoint(name, endpoint) for name, endpoint in shape.endpoints.items()},
        admin_token=shape.admin_token,
    )


def _connector(name: str, shape: ConnectorShape) -> ConnectorConfig:
    return ConnectorConfig(
        name=name,
        plugin=shape.plugin,
        reach=Reach(shape.allow_private, frozenset(shape.allow_ports)),
        live_from=shape.live_from,
        settings=shape.model_extra or {},
    )


def _enricher(name: str, shape: EnricherShape) -> EnricherConfig:
    return EnricherConfig(
        name=name,
        plugin=shape.plugin,
        reach=Reach(shape.allow_private, frozenset(shape.allow_ports)),
        timeout_s=shape.timeout / 1_000,
        concurrency=shape.concurrency,
        settings=shape.model_extra or {},
    )


def _endpoint(name: str, shape: EndpointShape) -> EndpointConfig:
    return EndpointConfig(
        name=name,
        url=shape.url,
        secrets=shape.secret,
        notices=shape.notices,
        concurrency=shape.concurrency,
        rate=shape.rate,
        reach=Reach(shape.allow_private, frozenset(shape.allow_ports)),
        token=shape.token,
    )
