"""Where a command's policy comes from: a path, a preset's name, or what the configuration says. Imports little."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.cli.failures import CONFIGURATION, USAGE, Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.policy.load import Loaded

PRESET: Final = "preset:"
POLICY: Final = "policy.yaml"


def load(name: str, config: Path) -> "Loaded":
    """Read a policy by its path, or a preset by its name; the enrichers that it may ask are those of the configuration,
    where there is one that can be read. Raises Problems."""
    from gateway.kernel.document import read_text
    from gateway.policy.load import load_policy
    from gateway.policy.presets import preset_text

    enrichers = _enrichers(config)
    if not name.startswith(PRESET):
        return load_policy(read_text(Path(name), "policy"), name, enrichers=enrichers)
    try:
        text = preset_text(name.removeprefix(PRESET))
    except KeyError as error:
        raise Failed(CONFIGURATION, error.args[0]) from None
    return load_policy(text, name, enrichers=enrichers)


def _enrichers(config: Path) -> "Mapping[str, type | None] | None":
    """The facts types of the enrichers that a configuration names; None where nobody knows. Nothing else there need be
    right, nor a plugin be installed."""
    from gateway.kernel.document import Document, Problems, read_text

    if not config.is_file():
        return None
    try:
        document = Document.read(read_text(config, "configuration"), str(config))
    except Problems:
        return None
    if isinstance(document.data, dict) and not document.wrong and not document.data.get("enrichers", {}):
        return {}
    from gateway.daemon.installed import facts_types_in

    return facts_types_in(document)


def configured(config: Path) -> str:
    """The policy that a configuration names, else `policy.yaml` in its folder. Nothing else of the configuration is
    read: neither its secrets nor its plugins need be there. Raises Problems, and Failed where there is no policy."""
    from gateway.config.values import Preset, parse_policy
    from gateway.kernel.document import Document, Problems, read_text

    beside = config.parent / POLICY
    if not config.exists() and beside.is_file():
        return str(beside)
    if not config.exists():
        hint = "name one with --policy FILE, or --policy preset:orion"
        raise Failed(USAGE, f"there is neither {config} nor {beside}", hint)
    document = Document.parse(read_text(config, "configuration"), str(config))
    values = document.data if isinstance(document.data, dict) else {}
    if "policy" not in values:
        raise Problems([document.problem((), "missing-key", "the key 'policy' is missing")])
    try:
        named = parse_policy(values["policy"])
    except ValueError as error:
        raise Problems([document.problem(("policy",), "bad-value", str(error))]) from None
    return f"{PRESET}{named.name}" if isinstance(named, Preset) else str(config.parent / named)
