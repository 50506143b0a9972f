"""simple-salesforce, somebody else's client, takes our simulated org for Salesforce: logins, queries, rows, limits.

What it can't show: the limit of a day and one of the moment are the same error to it; a 406 is its caller's to repeat.
"""

import asyncio
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from gateway_salesforce.simulator import SalesforceSimulator
from simple_salesforce import Salesforce, format_soql
from simple_salesforce import exceptions as errors

from gateway.plugin import DAY_MS, ContactDeleted, ContactOpened, MessageAdded, Ref, StatusChanged
from tests.acceptance.process import now_ms
from tests.clients.loopback import bound
from tests.support.rsa import rsa_pem

DOMAIN = "acme.my"
HOST = f"{DOMAIN}.salesforce.com"
VERSION = "66.0"


@dataclass(frozen=True)
class Office:
    """The org, and the settings that it gives."""

    simulator: SalesforceSimulator
    settings: dict[str, Any]

    def client(self, **more: Any) -> Any:
        """The client, logged in by what the settings prove."""
        proof = {
            "username": self.settings.get("username"),
            "privatekey": self.settings.get("private_key"),
            "consumer_key": self.settings["client_id"],
            "consumer_secret": self.settings.get("client_secret"),
        }
        where = {"instance_url": DOMAIN} if "private_key" in self.settings else {"domain": DOMAIN}
        session = bound(requests.Session(), HOST, self.settings["base_url"])
        return Salesforce(session=session, version=VERSION, **{**where, **proof, **more})

    async def logged_in(self, **more: Any) -> Any:
        """The same, from within a story."""
        return await to_thread(self.client, **more)


def told(story: Callable[[Office], Awaitable[None]], **org: Any) -> None:
    """Tell a story in an org of its own."""

    async def run() -> None:
        simulator = SalesforceSimulator(seed=12, **org)
        settings = dict(await simulator.start(now_ms, None))
        try:
            await story(Office(simulator, settings))
        finally:
            await simulator.stop()

    asyncio.run(run())


@pytest.mark.parametrize("grant", ["jwt_bearer", "client_credentials"])
def test_the_client_logs_in(grant: str) -> None:
    """By either grant; when its session is over it logs in again by itself, once."""

    async def story(office: Office) -> None:
        client = await office.logged_in()
        assert (await to_thread(client.query, "SELECT Id, Name FROM Organization"))["totalSize"] == 1
        assert await to_thread(client.is_sandbox) is False
        before = office.simulator.api.doorman.given
        office.simulator.fault("revoked")
        assert (await to_thread(client.query, "SELECT Id FROM Organization"))["done"] is True
        assert office.simulator.api.doorman.given == before + 1

    told(story, grant=grant)


@pytest.mark.filterwarnings(r"ignore:\s*If your connected app policy:UserWarning")  # what it says of another user
def test_a_wrong_proof_is_told_in_the_clients_own_words() -> None:
    """Another key, another user, another app; and whose session never is good."""

    async def story(office: Office) -> None:
        for wrong, code in (
            ({"privatekey": rsa_pem()}, "invalid_grant"),
            ({"username": "eve@acme.example"}, "invalid_grant"),
            ({"consumer_key": "another-app"}, "invalid_client_id"),
        ):
            with pytest.raises(errors.SalesforceAuthenticationFailed) as caught:
                await office.logged_in(**wrong)
            assert caught.value.code == code
        client = await office.logged_in()
        office.simulator.fault("unrecoverable")
        with pytest.raises(errors.SalesforceExpiredSession):
            await to_thread(client.query, "SELECT Id FROM Organization")

    told(story)


def test_a_case_lives_in_the_clients_own_words() -> None:
    """Opened, commented, changed and deleted by the client; and it has happened: the org's truth says it."""

    async def story(office: Office) -> None:
        client = await office.logged_in()
        made = await to_thread(client.Case.create, {"Subject": "No water", "Priority": "High", "Origin": "Web"})
        id = made["id"]
        assert made["success"] is True and len(id) == 18
        await to_thread(client.CaseComment.create, {"ParentId": id, "CommentBody": "We look.", "IsPublished": True})
        letter = {"ParentId": id, "TextBody": "Thank you.", "Incoming": True, "FromAddress": "ada@customer.example"}
        await to_thread(client.EmailMessage.create, letter)
        assert await to_thread(client.Case.update, id, {"Status": "On Hold"}) == 204
        row = await to_thread(client.Case.get, id)
        assert (row["Subject"], row["Status"], row["IsClosed"]) == ("No water", "On Hold", False)
        assert row["attributes"]["type"] == "Case" and row["CreatedDate"].endswith("+0000")
        text = "SELECT OldValue, NewValue FROM CaseHistory WHERE CaseId = {} AND Field = 'Status'"
        (history,) = (await to_thread(client.query, format_soql(text, id)))["records"]
        assert (history["OldValue"], history["NewValue"]) == ("New", "On Hold")
        true = [event for event in office.simulator.truth() if event.ref == Ref("case", id)]
        for kind in (ContactOpened, MessageAdded, StatusChanged):
            assert any(isinstance(event, kind) for event in true), kind
        start = datetime.now(UTC) - timedelta(hours=1)
        end = start + timedelta(hours=2)
        assert id in (await to_thread(client.Case.updated, start, end))["ids"]
        assert await to_thread(client.Case.delete, id) == 204
        gone = await to_thread(client.Case.deleted, start, end)
        assert [one["id"] for one in gone["deletedRecords"]] == [id]
        query = format_soql("SELECT Id, IsDeleted FROM Case WHERE Id = {}", id)
        assert (await to_thread(client.query_all, query))["records"] == []
        (kept,) = (await to_thread(client.query_all, query, include_deleted=True))["records"]
        assert kept["IsDeleted"] is True
        assert any(isinstance(event, ContactDeleted) for event in office.simulator.truth())

    told(story)


def test_queries_are_turned_to_their_end() -> None:
    """Each row once, however short the pages are; with parents, children, literals of every kind; a row at a time."""

    async def story(office: Office) -> None:
        office.simulator.seed(70, since=now_ms() - 60 * DAY_MS)
        client = await office.logged_in()
        for short in (False, True):
            office.simulator.fault("short_pages", on=short)
            found = await to_thread(client.query_all, "SELECT Id, SystemModstamp FROM Case ORDER BY SystemModstamp, Id")
            ids = [row["Id"] for row in found["records"]]
            due = {row.id for row in office.simulator.org.rows("Case") if not row.values.get("IsDeleted")}
            assert len(ids) == len(set(ids)) and set(ids) == due and len(due) > 40
            stamps = [row["SystemModstamp"] for row in found["records"]]
            assert stamps == sorted(stamps)
        first = await to_thread(client.query, "SELECT Id FROM Case ORDER BY Id")
        assert first["done"] is False and first["totalSize"] == len(due)
        locator = first["nextRecordsUrl"].rpartition("/")[2]
        second = await to_thread(client.query_more, locator)
        assert not {row["Id"] for row in first["records"]} & {row["Id"] for row in second["records"]}
        edge = datetime.now(UTC) - timedelta(days=20)
        text = "SELECT Id, Contact.Email, Owner.Name, (SELECT Id FROM CaseComments) FROM Case WHERE CreatedDate > {}"
        late = await to_thread(client.query_all, format_soql(text + " AND Status IN {}", edge, ["New", "Closed"]))
        assert 0 < len(late["records"]) < len(due)
        lazily = await to_thread(lambda: [row["Id"] for row in client.query_all_iter("SELECT Id FROM Case")])
        assert set(lazily) == due

    told(story, page_size=7)


def test_a_page_does_not_outlive_its_session() -> None:
    """The client logs in again by itself, and where its next page was is nothing any more: it would have to begin
    anew."""

    async def story(office: Office) -> None:
        office.simulator.seed(20, since=now_ms() - DAY_MS)
        client = await office.logged_in()
        first = await to_thread(client.query, "SELECT Id FROM Case ORDER BY Id")
        office.simulator.fault("revoked")
        with pytest.raises(errors.SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
            await to_thread(client.query_more, first["nextRecordsUrl"], identifier_is_url=True)
        assert (await to_thread(client.query, "SELECT Id FROM Case ORDER BY Id"))["records"] == first["records"]

    told(story, page_size=7)


def test_objects_and_limits_are_described() -> None:
    """What there is, each field with its type, and how many requests are left, in the answer and in its header."""

    async def story(office: Office) -> None:
        client = await office.logged_in()
        names = {one["name"] for one in (await to_thread(client.describe))["sobjects"]}
        assert names >= {"Case", "CaseComment", "CaseHistory", "EmailMessage", "MessagingSession", "VoiceCall"}
        fields = {one["name"]: one["type"] for one in (await to_thread(client.Case.describe))["fields"]}
        assert (fields["Id"], fields["SystemModstamp"], fields["IsClosed"]) == ("id", "datetime", "boolean")
        assert (await to_thread(client.Case.metadata))["objectDescribe"]["keyPrefix"] == "500"
        daily = (await to_thread(client.limits))["DailyApiRequests"]
        await to_thread(client.query, "SELECT Id FROM Case")
        usage = client.api_usage["api-usage"]
        assert usage.total == daily["Max"] and usage.used == daily["Max"] - daily["Remaining"] + 1
        office.simulator.fault("missing_objects")
        with pytest.raises(errors.SalesforceResourceNotFound):
            await to_thread(client.VoiceCall.describe)

    told(story)


def test_every_error_is_of_the_clients_own_kind() -> None:
    """A list of one, with Salesforce's name of it."""

    async def story(office: Office) -> None:
        client = await office.logged_in()
        case = office.simulator.open_ticket()

        async def refused(kind: type[Exception], call: Callable[..., Any], *given: Any) -> str:
            with pytest.raises(kind) as caught:
                await to_thread(call, *given)
            (error,) = caught.value.content  # type: ignore[attr-defined]
            return str(error["errorCode"])

        malformed, absent = errors.SalesforceMalformedRequest, errors.SalesforceResourceNotFound
        assert await refused(malformed, client.query, "SELECT Id FROM") == "MALFORMED_QUERY"
        assert await refused(malformed, client.query, "SELECT Nothing FROM Case") == "INVALID_FIELD"
        assert await refused(malformed, client.query, "SELECT Id FROM Nothing") == "INVALID_TYPE"
        assert await refused(malformed, client.query_more, "01g000000000000-7") == "INVALID_QUERY_LOCATOR"
        assert await refused(absent, client.Case.get, "500000000000000AAA") == "NOT_FOUND"
        assert await refused(malformed, client.Case.create, {"Nothing": 1}) == "INVALID_FIELD"
        await to_thread(client.Case.delete, case)
        assert await refused(absent, client.Case.update, case, {"Status": "New"}) == "ENTITY_IS_DELETED"
        for fault, kind, code in (
            ("daily_limit", errors.SalesforceRefusedRequest, "REQUEST_LIMIT_EXCEEDED"),
            ("concurrent_limit", errors.SalesforceRefusedRequest, "REQUEST_LIMIT_EXCEEDED"),
            ("error_500", errors.SalesforceGeneralError, "UNKNOWN_EXCEPTION"),
            ("unavailable", errors.SalesforceGeneralError, "SERVER_UNAVAILABLE"),
        ):
            office.simulator.fault(fault)
            assert await refused(kind, client.query, "SELECT Id FROM Case") == code
            office.simulator.fault(fault, on=False)

    told(story)
