"""`gateway explain CONTACT`: why a contact is where it is, every second of its clocks, and what happens next."""

from typing import TYPE_CHECKING

from gateway.cli import output
from gateway.cli.contacts import AllEarlier, ContactName
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.cli.case import Case
    from gateway.config import Config
    from gateway.kernel.store import Store


def explain(
    contact: ContactName, config: ConfigFile = CONFIG, all: AllEarlier = False, as_json: AsJson = False
) -> None:
    """Say why a contact is where it is. Severity, route, clocks, escalations, and what happens next."""
    from gateway.cli.case import case_of
    from gateway.cli.explanation import explained, explanation_lines
    from gateway.cli.work import with_store
    from gateway.kernel.clock import SystemClock

    async def work(config: "Config", store: "Store") -> "Case":
        return await case_of(store, contact, SystemClock().now(), all=all)

    case = with_store(config, work)
    if as_json:
        output.json_line(explained(case))
    else:
        for line in explanation_lines(case):
            output.line(line)
