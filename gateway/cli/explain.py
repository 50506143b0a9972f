"""`gateway explain CONTACT`: why a contact is where it is, every second of its clocks, and what happens next."""

from typing import TYPE_CHECKING

from gateway.cli import output
from gateway.cli.contacts import ContactName
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.daemon.setup import Setup
    from gateway.kernel.store import ContactRow, Store


def explain(contact: ContactName, config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """Say why a contact is where it is. Severity, route, clocks, escalations, and what happens next."""
    from gateway.cli.explanation import explained, explanation_lines
    from gateway.cli.work import the_contact, with_store
    from gateway.kernel.clock import SystemClock

    async def work(setup: "Setup", store: "Store") -> "tuple[Setup, ContactRow]":
        return setup, await the_contact(store, contact)

    setup, row = with_store(config, work)
    policy, now = setup.policy.policy, SystemClock().now()
    if as_json:
        output.json_line(explained(row, policy, now))
    else:
        for line in explanation_lines(row, policy, now):
            output.line(line)
