"""`gateway plugin list`: the connectors and enrichers that are installed, and what was left out."""

from typing import TYPE_CHECKING

from gateway.cli import output
from gateway.cli.options import AsJson

if TYPE_CHECKING:
    from gateway.plugin import Enricher


def list_(as_json: AsJson = False) -> None:
    """List the connectors and what they can do, and the enrichers and what they tell; a broken plugin is named."""
    from gateway.cli.table import clean, table
    from gateway.daemon.installed import plugins_here
    from gateway.plugin.manager import abilities
    from gateway.policy.facts_types import facts_type_of

    found = plugins_here()
    if as_json:
        for name, kind in sorted(found.connectors.items()):
            output.json_line(
                {
                    "connector": name,
                    "enricher": None,
                    "abilities": abilities(kind),
                    "from": kind.__module__,
                    "broken": False,
                    "reason": None,
                }
            )
        for name, enricher in sorted(found.enrichers.items()):
            output.json_line(
                {
                    "connector": None,
                    "enricher": name,
                    "facts": facts_type_of(enricher.facts_type),
                    "from": enricher.__module__,
                    "broken": False,
                    "reason": None,
                }
            )
        for broken in found.broken:
            output.json_line(
                {"connector": broken.name, "abilities": [], "from": None, "broken": True, "reason": broken.reason}
            )
    else:
        rows = [(name, kind.__module__, ", ".join(abilities(kind))) for name, kind in sorted(found.connectors.items())]
        for line in table(("CONNECTOR", "FROM", "CAN"), rows):
            output.line(line)
        if found.enrichers:
            output.line("")
            told = [(name, kind.__module__, _facts(kind)) for name, kind in sorted(found.enrichers.items())]
            for line in table(("ENRICHER", "FROM", "TELLS"), told):
                output.line(line)
        for broken in found.broken:
            output.say(f"broken: {clean(broken.name)}: {clean(broken.reason)}")


def _facts(kind: "type[Enricher]") -> str:
    """The fields of the facts, as conditions read them."""
    from msgspec.structs import fields

    return ", ".join(field.encode_name for field in fields(kind.facts_type))
