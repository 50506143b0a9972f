"""Checks of what may stand under a name in gateway.yaml, and of what is said about it."""

import re
import tomllib
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.plugin.manager import abilities
from gateway.testing.check import BOTH, NotApplicable, Unmet, check
from gateway.testing.places import where
from gateway.testing.settings import described, is_secret, secret_texts, sounds_secret, validated
from gateway.testing.subject import Subject

_PLUGIN = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_UNKNOWN = ("kit_unknown_one", "kit_unknown_two")
_CANARY = "kit-canary-value"


@check("plugin-named", "It has a name and says what it is", level="bronze", of=BOTH)
def plugin_named(subject: Subject) -> None:
    """`plugin` is a short name in lower case (`freshdesk`, `acme-desk`), and the class has a docstring.

    Why: the name stands in people's configurations and can't be changed later; the docstring is what lists show of it.
    Mend: set `plugin: ClassVar[str]` to letters, digits and hyphens, and write one line below `class`.
    """
    kind = subject.kind
    name = getattr(kind, "plugin", None)
    if not isinstance(name, str) or not _PLUGIN.fullmatch(name):
        raise Unmet(f"`plugin` is {name!r}", where=where(kind))
    if not (kind.__doc__ or "").strip():
        raise Unmet(f"the class {kind.__name__} has no docstring", where=where(kind))
    if subject.sort == "connector" and abilities(kind) == ():
        raise Unmet("it has no ability: it neither receives nor pulls nor fetches", where=where(kind))


@check("plugin-packaged", "It can be installed by itself", level="bronze", of=BOTH)
def plugin_packaged(subject: Subject) -> None:
    """Its pyproject.toml has a name, a version, a description, and the gateway among its dependencies, and an entry
    point of the group `gateway` leads to the package.

    Why: that is all that pip, the gateway and whoever looks for a connector know of it.
    Mend: fill in `[project]`, and add `[project.entry-points.gateway]`.

    Example::

        [project.entry-points.gateway]
        acme = "gateway_acme"
    """
    if subject.folder is None:
        raise NotApplicable("its folder isn't known: check it by its path")
    path = subject.folder / "pyproject.toml"
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError) as error:
        raise Unmet(f"pyproject.toml can't be read: {type(error).__name__}", where=str(path)) from None
    dynamic = project.get("dynamic", [])
    if lacking := [key for key in ("name", "version", "description") if not project.get(key) and key not in dynamic]:
        raise Unmet(f"[project] has no {_listed(lacking)}", where=str(path))
    if not any(re.match(r"orion[-_.]gateway\b(?![-_.]\w)", str(need)) for need in project.get("dependencies", [])):
        raise Unmet("it doesn't depend on orion-gateway", where=str(path))
    points = project.get("entry-points", {}).get("gateway", {})
    package = subject.kind.__module__.partition(".")[0]
    if not any(str(value).partition(":")[0].partition(".")[0] == package for value in points.values()):
        raise Unmet(f"no entry point of the group `gateway` leads to {package}", where=str(path))


@check("settings-described", "Every setting is described", level="bronze", of=BOTH)
def settings_described(subject: Subject) -> None:
    """Each field of `settings_type` has a description: text behind it in the class, or `Field(description=…)`.

    Why: the reference, the schema for editors and `gateway plugin try` show these texts; there are no others.
    Mend: write a string of one sentence on the line below the field.

    Example::

        every_s: Annotated[float, Field(ge=6, description="Seconds between two pulls.")] = 60.0
    """
    model = subject.kind.settings_type
    if bare := [name for name, text in described(model).items() if not text]:
        raise Unmet(f"nothing is said about {_listed(bare)}", where=where(model))


@check("settings-secrets", "Secrets are typed as secrets", level="bronze", of=BOTH)
def settings_secrets(subject: Subject) -> None:
    """A setting whose name ends in key, token, secret, password or the like is a `SecretStr` or `Secrets`, and no text
    of the settings (repr, str, JSON) shows it.

    Why: a plain `str` gets into logs, tracebacks and `gateway check` at the first opportunity.
    Mend: type it `SecretStr`, or `Secrets` where several must hold while one is changed.

    Example::

        api_key: SecretStr
        webhook_secret: Secrets | None = None
    """
    model = subject.kind.settings_type
    if plain := [name for name in model.model_fields if sounds_secret(name) and not is_secret(model, name)]:
        raise Unmet(f"{_listed(plain)} would be shown as plain text", where=where(model))
    try:
        settings = validated(subject.kind, subject.given)
    except NotApplicable:
        return
    secrets = {text for text in secret_texts(settings) if len(text) >= 6}
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        if any(text in shown for text in secrets):
            raise Unmet("the settings show a secret when they are printed", where=where(model, "__repr__", "__str__"))


@check("settings-strict", "Unknown settings are refused, all mistakes at once", level="bronze", of=BOTH)
def settings_strict(subject: Subject) -> None:
    """A key that the model doesn't know is refused; two of them are both named; the message repeats no value.

    Why: a misspelt key that is ignored is a setting that silently isn't there, and values may be secrets.
    Mend: `model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)`.

    Example::

        model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    """
    kind = subject.kind
    values: dict[str, Any] = {**_given(subject), **dict.fromkeys(_UNKNOWN, _CANARY)}
    try:
        validated(kind, values)
    except ValidationError as error:
        named = {str(part) for item in error.errors() for part in item["loc"]}
        if missing := [key for key in _UNKNOWN if key not in named]:
            raise Unmet(
                f"with two unknown keys, {_listed(missing)} isn't named", where=where(kind.settings_type)
            ) from None
        if _CANARY in str(error):
            raise Unmet("the message repeats the value of a wrong key", where=where(kind.settings_type)) from None
        return
    raise Unmet(f"an unknown key ({_UNKNOWN[0]}) is taken without a word", where=where(kind.settings_type))


@check("settings-base-url", "The vendor's address can be set", level="bronze", of=BOTH)
def settings_base_url(subject: Subject) -> None:
    """What asks a vendor has a setting `base_url`, and after validation it is never None.

    Why: sandboxes, proxies and simulators are reached by it, and the core opens the HTTP client for it.
    Mend: add `base_url: str`, with the vendor's public address as its default where there is one.
    """
    if not {"pulls", "fetches", "authenticates"} & set(subject.able) and subject.sort == "connector":
        raise NotApplicable("it asks its vendor for nothing")
    model: type[BaseModel] = subject.kind.settings_type
    if "base_url" not in model.model_fields:
        raise Unmet("the settings have no `base_url`", where=where(model))
    if not getattr(validated(subject.kind, subject.given), "base_url", None):
        raise Unmet("`base_url` is empty after validation", where=where(model))


@check("readme-settings", "The README names every setting", level="bronze", of=BOTH)
def readme_settings(subject: Subject) -> None:
    """The distribution has a README.md, and each setting stands in it in backquotes.

    Why: it is the first page that anybody sees of a plugin, on PyPI and in the repository.
    Mend: keep a table of the settings in README.md: name, default, what it is.
    """
    if subject.folder is None:
        raise NotApplicable("its folder isn't known: check it by its path")
    path = subject.folder / "README.md"
    if not path.is_file():
        raise Unmet("there is no README.md", where=str(path))
    text = path.read_text(encoding="utf-8", errors="replace")
    names = [name for name in described(subject.kind.settings_type) if name not in ("allow_private", "allow_ports")]
    if missing := [name for name in names if f"`{name}`" not in text]:
        raise Unmet(f"README.md doesn't name {_listed(missing)}", where=str(path))


def _given(subject: Subject) -> dict[str, Any]:
    """Settings that work, where there are any."""
    try:
        return dict(subject.given)
    except NotApplicable:
        return {}


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
