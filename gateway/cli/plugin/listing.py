"""`gateway plugin list`: the connectors that are installed, and what was left out."""

from gateway.cli import output
from gateway.cli.options import AsJson


def list_(as_json: AsJson = False) -> None:
    """List the connectors and what they can do; a broken plugin is named."""
    from gateway.cli.table import clean, table
    from gateway.daemon.setup import plugins_here
    from gateway.plugin.manager import abilities

    found = plugins_here()
    if as_json:
        for name, kind in sorted(found.connectors.items()):
            output.json_line(
                {
                    "connector": name,
                    "abilities": abilities(kind),
                    "from": kind.__module__,
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
        for broken in found.broken:
            output.say(f"broken: {clean(broken.name)}: {clean(broken.reason)}")
