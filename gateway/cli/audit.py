"""`gateway audit`: who did what to deliveries and endpoints, and when."""

from typing import TYPE_CHECKING

from gateway.cli import output
from gateway.cli.options import CONFIG, AsJson, ConfigFile, Limit

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.kernel.store import AuditEntry, Store


def audit(config: ConfigFile = CONFIG, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List what people have done. Replays, endpoints enabled, keys changed, tokens made: the latest first."""
    from gateway.cli.table import table
    from gateway.cli.work import with_store
    from gateway.kernel.values import audit_values
    from gateway.model.instant import format_instant

    async def work(config: "Config", store: "Store") -> "list[AuditEntry]":
        return await store.audit(limit)

    entries = with_store(config, work)
    if as_json:
        for entry in entries:
            output.json_line(audit_values(entry))
        return
    if not entries:
        return output.say("nobody has done anything")
    cells = [
        (format_instant(entry.at - entry.at % 1_000), entry.actor, entry.action, entry.object, entry.detail)
        for entry in entries
    ]
    for line in table(("WHEN", "WHO", "DID", "TO", "WHAT"), cells):
        output.line(line)
