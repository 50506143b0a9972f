"""Who is in the simulated org when it is opened, and the customers who come by and by."""

from dataclasses import dataclass, field
from typing import Final

from gateway.plugin import DAY_MS
from gateway_salesforce.simulator.org import Org
from gateway_salesforce.simulator.schema import STATUSES

AGE_MS: Final = 365 * DAY_MS
"""How long the org has been there."""

ORG_NAME: Final = "Acme"
USERNAME: Final = "gateway@acme.example"
SUPPORT: Final = "support@acme.example"


@dataclass(slots=True)
class People:
    """Users, queues and customers, by their ids. `reader`: the user by whom the gateway reads."""

    org: Org
    organization: str = ""
    reader: str = ""
    agent: str = ""
    colleague: str = ""
    robot: str = ""
    clerk: str = ""
    """The user by whom Salesforce files what comes in by mail and web, and in whose name its rules answer."""
    portal: str = ""
    queues: tuple[str, ...] = ()
    _contacts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = self.org.now() - AGE_MS
        add = self.org.add
        values = {
            "Name": ORG_NAME,
            "IsSandbox": False,
            "OrganizationType": "Enterprise Edition",
            "InstanceName": "SIM1",
        }
        self.organization = add("Organization", at, values).id
        self.reader = self._user("Gate Way", USERNAME, "Standard", at)
        self.agent = self._user("Agnes Agent", "agnes@acme.example", "Standard", at)
        self.colleague = self._user("Otto Agent", "otto@acme.example", "Standard", at)
        self.robot = self._user("Automated Process", "autoproc@acme.example", "AutomatedProcess", at)
        self.clerk = self._user("Case Clerk", "clerk@acme.example", "Standard", at)
        self.queues = tuple(
            add("Group", at, {"Name": name, "DeveloperName": name.replace(" ", "_"), "Type": "Queue"}).id
            for name in ("First Line", "Second Line")
        )
        for order, (label, closed) in enumerate(STATUSES.items(), 1):
            values = {"ApiName": label, "MasterLabel": label, "SortOrder": order, "IsDefault": order == 1}
            add("CaseStatus", at, {**values, "IsClosed": closed})
        pat = self.contact("Pat Portal", "pat@portal.example", at)
        self.portal = self._user("Pat Portal", "pat@portal.example", "CspLitePortal", at, contact=pat)

    def _user(self, name: str, address: str, type: str, at: int, contact: str | None = None) -> str:
        values = {"Name": name, "Username": address, "Email": address, "UserType": type, "IsActive": True}
        return self.org.add("User", at, {**values, "ContactId": contact}).id

    def contact(self, name: str, address: str, at: int) -> str:
        """Somebody by their address: known, or new; with an account of their company's name."""
        known = self._contacts.get(address)
        if known is not None:
            return known
        company = address.rpartition("@")[2].partition(".")[0].title()
        account = next((row for row in self.org.rows("Account") if row.values["Name"] == company), None)
        account = account or self.org.add("Account", at, {"Name": company})
        first, _, last = name.rpartition(" ")
        number = len(self._contacts) + 1
        values = {"Name": name, "FirstName": first or None, "LastName": last, "AccountId": account.id, "Email": address}
        row = self.org.add("Contact", at, {**values, "Phone": f"+4930{number:07d}"})
        self._contacts[address] = row.id
        return row.id
