"""What `gateway simulate` prints: the settings as a part of gateway.yaml, and what happens, line by line."""

import json
import re
import shlex
from collections.abc import Mapping
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any, Final

from gateway.cli import output
from gateway.cli.table import clean
from gateway.config.secret import written_as_text
from gateway.model.identity import Ref
from gateway.model.instant import format_instant
from gateway.plugin.manager import abilities

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./:-]*[A-Za-z0-9/]", re.ASCII)
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
"""What YAML, in one version or the other, doesn't take for text."""


class Teller:
    """Prints for people, or as data."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def started(self, kind: Any, settings: Mapping[str, Any], simulator: Any, push_to: str | None) -> None:
        """The settings; its secrets go into the environment, as a configuration wants it."""
        name = str(kind.plugin)
        part, environ = as_configured(kind, settings)
        if self._as_json:
            told = {"connector": name, "settings": part, "environment": environ, "push_to": push_to}
            return output.json_line(
                {"started": told, "acts": sorted(simulator.acts), "faults": sorted(simulator.faults)}
            )
        output.line("# In gateway.yaml:")
        output.line("connectors:")
        output.line(f"  {name}:")
        for key, value in part.items():
            output.line(f"    {key}: {_yaml(value)}")
        if environ:
            output.line("# In the gateway's environment:")
        for variable, value in environ.items():
            output.line(f"export {variable}={shlex.quote(value)}")
        if "listens" in abilities(kind):
            output.say("what happens is sent at once: start the gateway with these settings, and then let it happen")
        elif push_to is None:
            output.say(f"no webhooks are sent: --push-to http://127.0.0.1:8080/in/{name} sends them to a gateway here")
        names = f"acts: {', '.join(sorted(simulator.acts))}; faults: {', '.join(sorted(simulator.faults)) or 'none'}"
        for told_line in wrap(clean(names), get_terminal_size((120, 24)).columns, subsequent_indent="  "):
            output.say(told_line)
        output.say("type a name and Enter to let it happen; Ctrl-C ends\n")

    def acted(self, at: int, name: str, ref: Ref | None) -> None:
        """Something has happened."""
        if self._as_json:
            told = None if ref is None else {"kind": ref.kind, "id": ref.id}
            return output.json_line({"at": format_instant(at), "act": name, "ref": told})
        to = "to nothing: nothing is there yet" if ref is None else f"{clean(ref.kind)} {clean(ref.id)}"
        output.line(f"{_time(at)}  {clean(name)}  {to}")

    def switched(self, at: int, name: str, means: str, *, on: bool) -> None:
        """A fault is on, or off."""
        if self._as_json:
            return output.json_line({"at": format_instant(at), "fault": name, "on": on})
        output.line(f"{_time(at)}  {clean(name)} is {'on' if on else 'off'}{f': {means}' if on and means else ''}")

    def unknown(self, word: str, hint: str) -> None:
        """Somebody typed what is no name."""
        output.say(f"{clean(word)[:60]!r} is neither an act nor a fault{hint}")


def as_configured(kind: Any, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings as gateway.yaml has them, and the environment that their secrets stand in."""
    secret = {loc[0] for loc in written_as_text(kind.settings_type, settings, ())}
    prefix = str(kind.plugin).upper().replace("-", "_")
    part: dict[str, Any] = {"plugin": str(kind.plugin)}
    environ: dict[str, str] = {}
    for key, value in settings.items():
        if key not in secret:
            part[key] = value
            continue
        texts = list(value) if isinstance(value, list | tuple) else [value]
        names = [f"{prefix}_{key.upper()}{f'_{number}' if number > 1 else ''}" for number in range(1, len(texts) + 1)]
        environ |= {name: str(text) for name, text in zip(names, texts, strict=True)}
        part[key] = [{"env": name} for name in names] if len(names) > 1 else {"env": names[0]}
    return part, environ


def _yaml(value: Any) -> str:
    """A value on one line: JSON is YAML; a place of a secret without the quotes that nobody would type."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_yaml(item) for item in value)}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _time(at: int) -> str:
    return format_instant(at)[11:19]
