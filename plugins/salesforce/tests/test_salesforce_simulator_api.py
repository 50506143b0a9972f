"""The simulated org's API over HTTP: tokens, pages and their locators, rows that are written, limits and faults."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from gateway_salesforce.simulator import SalesforceSimulator
from gateway_salesforce.simulator.api import OPEN_MAX
from gateway_salesforce.simulator.oauth import IDLE_MS

from gateway.plugin import DAY_MS, HOUR_MS, ContactAssigned, StatusChanged, parse_instant

START = parse_instant("2026-03-02T09:00:00Z")
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DATA = "/services/data/v66.0"


class Client:
    """A simulated org under a told clock, and somebody who asks it with a token of their own."""

    def __init__(self, **options: Any) -> None:
        self.now, self.token = int(START), ""
        self.simulator = SalesforceSimulator(seed=3, **{"grant": "client_credentials", **options})

    async def start(self) -> None:
        self.settings = await self.simulator.start(lambda: self.now, None)
        self.session = aiohttp.ClientSession(self.settings["base_url"])
        if "client_secret" in self.settings:
            await self.log_in()

    async def stop(self) -> None:
        await self.session.close()
        await self.simulator.stop()

    async def post_form(self, form: dict[str, str], status: int = 200) -> Any:
        async with self.session.post("/services/oauth2/token", data=form) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def log_in(self) -> str:
        """A session of one's own; the token of the one before."""
        before = self.token
        names = ("client_id", "client_secret")
        form = {"grant_type": "client_credentials", **{name: self.settings[name] for name in names}}
        self.token = (await self.post_form(form))["access_token"]
        return before

    async def ask(self, path: str, status: int = 200, *, method: str = "GET", body: Any = None, **headers: str) -> Any:
        """What is answered; the headers are kept in `headers`."""
        sent = {
            "Authorization": f"Bearer {self.token}",
            **{name.replace("_", "-"): one for name, one in headers.items()},
        }
        path = path if path.startswith("/") else f"{DATA}/{path}"
        async with self.session.request(method, path, headers=sent, json=body) as answer:
            text = await answer.text()
            assert answer.status == status, text
            self.headers = answer.headers
            return json.loads(text) if text and "json" in answer.content_type else text

    async def query(self, text: str, status: int = 200, *, all: bool = False, **headers: str) -> Any:
        """The first page of a query."""
        return await self.ask(f"query{'All' if all else ''}?q={quote(text)}", status, **headers)

    async def code(self, path: str, status: int, **more: Any) -> str:
        """The code of the error that is answered, which is the only one of its list."""
        (error,) = await self.ask(path, status, **more)
        assert error["message"]
        return str(error["errorCode"])


def play(work: Callable[[Client], Awaitable[Any]], **options: Any) -> None:
    async def main() -> None:
        client = Client(**options)
        await client.start()
        try:
            await work(client)
        finally:
            await client.stop()

    asyncio.run(main())


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def assertion(key: Any, claims: dict[str, Any], algorithm: str = "RS256") -> str:
    """A JSON Web Token, signed with a key."""
    parts = (json.dumps(part).encode() for part in ({"alg": algorithm}, claims))
    text = ".".join(map(encoded, parts))
    return f"{text}.{encoded(key.sign(text.encode(), PKCS1v15(), SHA256()))}"


def test_a_token_is_given_for_an_assertion_that_our_key_has_signed() -> None:
    """For our app, the user who has approved it, this login, and now; anything else is refused in OAuth's words."""

    async def work(client: Client) -> None:
        given, now_s = client.settings, client.now // 1_000
        key = load_pem_private_key(given["private_key"].encode(), None)
        stranger = generate_private_key(65_537, 2_048)
        good = {"iss": given["client_id"], "sub": given["username"], "aud": given["base_url"], "exp": now_s + 180}

        async def asked(text: str, status: int = 400) -> Any:
            return await client.post_form({"grant_type": BEARER, "assertion": text}, status)

        for audience in (given["base_url"], "https://login.salesforce.com", "https://test.salesforce.com"):
            told = await asked(assertion(key, {**good, "aud": audience}), 200)
            assert (told["instance_url"], told["token_type"]) == (given["base_url"], "Bearer")
            assert "expires_in" not in told
        client.token = told["access_token"]
        assert (await client.ask("/services/oauth2/userinfo"))["preferred_username"] == given["username"]
        wrong = {
            "invalid_client_id": assertion(key, {**good, "iss": "another"}),
            "invalid assertion": assertion(stranger, good),
            "audience is invalid": assertion(key, {**good, "aud": "https://elsewhere.example"}),
            "user hasn't approved this consumer": assertion(key, {**good, "sub": "eve@acme.example"}),
            "the algorithm must be RS256": assertion(key, good, "none"),
            "assertion is not valid at this time": assertion(key, {**good, "exp": now_s}),
        }
        for why, text in wrong.items():
            refused = await asked(text)
            assert why in (refused["error"], refused["error_description"]) or why in refused["error_description"]
        for until in (now_s + 86_400, None, "soon", True):
            assert (await asked(assertion(key, {**good, "exp": until})))["error"] == "invalid_grant"
        for nonsense in ("", "a.b", "a.b.c", "é.é.é", "e30.e30.", "W10.W10.x", "." * 20_000):
            assert (await asked(nonsense))["error"] in ("invalid_grant", "invalid_client_id")
        assert client.simulator.api.doorman.given == 3

    play(work, grant="jwt_bearer")


def test_a_token_is_given_for_a_secret_and_for_no_other_grant() -> None:
    """The secret stands in the form or in the header; a token that is given back is worthless."""

    async def work(client: Client) -> None:
        form = {"grant_type": "client_credentials", "client_id": client.settings["client_id"]}
        assert (await client.post_form({**form, "client_secret": "x"}, 400))["error"] == "invalid_client"
        assert (await client.post_form({**form, "client_id": "x"}, 400))["error"] == "invalid_client_id"
        assert (await client.post_form({"grant_type": "password"}, 400))["error"] == "unsupported_grant_type"
        proof = aiohttp.encode_basic_auth(form["client_id"], client.settings["client_secret"])
        async with client.session.post(
            "/services/oauth2/token", data={"grant_type": "client_credentials"}, headers={"Authorization": proof}
        ) as answer:
            assert answer.status == 200
        token = await client.log_in()
        for status in (200, 400):
            async with client.session.post("/services/oauth2/revoke", data={"token": token}) as answer:
                assert answer.status == status
        client.token = token
        assert await client.code("limits", 401) == "INVALID_SESSION_ID"

    play(work)


def test_a_session_ends_when_nothing_is_asked_for_two_hours() -> None:
    """Each request keeps it; a fault ends all at once, and another takes whatever token is given."""

    async def work(client: Client) -> None:
        for _ in range(2):
            client.now += IDLE_MS - 1
            await client.ask("limits")
        client.now += IDLE_MS
        assert await client.code("limits", 401) == "INVALID_SESSION_ID"
        await client.log_in()
        client.simulator.fault("revoked")
        assert await client.code("limits", 401) == "INVALID_SESSION_ID"
        client.simulator.fault("unrecoverable")
        await client.log_in()
        assert await client.code("limits", 401) == "INVALID_SESSION_ID"
        client.simulator.fault("unrecoverable", on=False)
        await client.ask("limits")

    play(work)


def test_pages_are_turned_by_a_locator() -> None:
    """Every row once, in order; the locator of queryAll says `query`; a size may be wished for."""

    async def work(client: Client) -> None:
        cases = [client.simulator.open_ticket() for _ in range(7)]
        client.simulator.delete(cases[0])
        page = await client.query("SELECT Id FROM Case ORDER BY Id", all=True)
        found: list[str] = [row["Id"] for row in page["records"]]
        assert (page["totalSize"], page["done"], len(found)) == (7, False, 3)
        assert page["nextRecordsUrl"].startswith(f"{DATA}/query/01g")
        while not page["done"]:
            page = await client.ask(page["nextRecordsUrl"])
            found += [row["Id"] for row in page["records"]]
        assert found == cases
        assert "nextRecordsUrl" not in page
        assert (await client.query("SELECT Id FROM Case"))["totalSize"] == 6
        assert (await client.query("SELECT COUNT() FROM Case")) == {"totalSize": 6, "done": True, "records": []}

    play(work, page_size=3)


def test_the_size_of_a_page_is_as_wished_within_the_apis_bounds() -> None:
    """Between 200 and 2,000; what is no number wishes nothing."""

    async def work(client: Client) -> None:
        for _ in range(2_001):
            client.simulator.desk.call(client.now, type="Inbound", number="+491701")
        sizes = {"batchSize=200": 200, "batchSize=7": 200, "batchSize = 500": 500, "batchSize=99999": 2_000}
        for wish, size in {**sizes, "batchSize=many": 2_000, "": 2_000}.items():
            page = await client.query("SELECT Id FROM VoiceCall", Sforce_Query_Options=wish)
            assert len(page["records"]) == size, wish

    play(work)


def test_a_locator_belongs_to_its_session() -> None:
    """It is worthless for another one, after as many others as a user may have open, and where it never was."""

    async def work(client: Client) -> None:
        for _ in range(3):
            client.simulator.open_ticket()
        text = "SELECT Id FROM Case"
        url = (await client.query(text))["nextRecordsUrl"]
        before = await client.log_in()
        assert await client.code(url, 400) == "INVALID_QUERY_LOCATOR"
        client.token = before
        assert len((await client.ask(url))["records"]) == 1
        for _ in range(OPEN_MAX):
            await client.query(text)
        assert await client.code(url, 400) == "INVALID_QUERY_LOCATOR"
        for other in ("query/01gxxxxxxxxxxxxxxx-2", "query/01g", f"{url.rpartition('-')[0]}-{'9' * 12}"):
            assert await client.code(other, 400) == "INVALID_QUERY_LOCATOR"

    play(work, page_size=2)


def test_what_hangs_on_a_row_has_pages_too() -> None:
    """As many as are told with it, and a locator for the rest."""

    async def work(client: Client) -> None:
        case = client.simulator.open_ticket(channel="web")
        for number in range(5):
            client.simulator.publish(case, f"{number}")
        text = f"SELECT Id, (SELECT CommentBody FROM CaseComments ORDER BY Id) FROM Case WHERE Id = '{case}'"
        comments = (await client.query(text))["records"][0]["CaseComments"]
        assert (comments["totalSize"], comments["done"], len(comments["records"])) == (5, False, 2)
        rest = await client.ask(comments["nextRecordsUrl"])
        assert [row["CommentBody"] for row in rest["records"]] == ["2", "3", "4"]

    play(work, nested_size=2)


def test_a_short_page_is_not_the_end() -> None:
    """Under the fault a page has fewer rows than it could have, and says that more follow."""

    async def work(client: Client) -> None:
        cases = {client.simulator.open_ticket() for _ in range(9)}
        client.simulator.fault("short_pages")
        page = await client.query("SELECT Id FROM Case")
        sizes, found = [len(page["records"])], {row["Id"] for row in page["records"]}
        while not page["done"]:
            page = await client.ask(page["nextRecordsUrl"])
            sizes.append(len(page["records"]))
            found |= {row["Id"] for row in page["records"]}
        assert found == cases
        assert len(sizes) > 3
        assert min(sizes) < 3

    play(work, page_size=3)


def test_queries_that_are_refused_are_a_list_of_errors() -> None:
    """With the code and the words of the reader."""

    async def work(client: Client) -> None:
        for text, code in {
            "SELECT": "MALFORMED_QUERY",
            "": "MALFORMED_QUERY",
            "SELECT Ghost FROM Case": "INVALID_FIELD",
            "SELECT Id FROM Ghost": "INVALID_TYPE",
        }.items():
            assert await client.code(f"query?q={quote(text)}", 400) == code
        client.simulator.fault("missing_objects")
        client.simulator.fault("hidden_fields")
        assert await client.code(f"query?q={quote('SELECT Id FROM VoiceCall')}", 400) == "INVALID_TYPE"
        assert await client.code("sobjects/VoiceCall/describe", 404) == "NOT_FOUND"
        fields = (await client.ask("sobjects/case/describe"))["fields"]
        assert "Priority" not in {field["name"] for field in fields}

    play(work)


def test_an_object_is_described() -> None:
    """Its fields with their types, what they refer to, and what hangs on it; the statuses that a case can have."""

    async def work(client: Client) -> None:
        told = await client.ask("sobjects/Case/describe")
        fields = {field["name"]: field for field in told["fields"]}
        assert (fields["OwnerId"]["referenceTo"], fields["ContactId"]["relationshipName"]) == (
            ["User", "Group"],
            "Contact",
        )
        assert (fields["Description"]["filterable"], fields["Status"]["filterable"]) == (False, True)
        assert "On Hold" in {value["value"] for value in fields["Status"]["picklistValues"]}
        assert {"CaseComments", "EmailMessages", "Histories"} <= {
            child["relationshipName"] for child in told["childRelationships"]
        }
        listed = {one["name"]: one for one in (await client.ask("sobjects"))["sobjects"]}
        assert (listed["Case"]["keyPrefix"], listed["CaseHistory"]["createable"]) == ("500", False)
        assert "Name" not in listed
        assert (await client.ask("sobjects/Case"))["objectDescribe"]["name"] == "Case"
        assert "SystemModstamp" not in {
            one["name"] for one in (await client.ask("sobjects/CaseHistory/describe"))["fields"]
        }

    play(work)


def test_rows_are_made_changed_and_deleted() -> None:
    """As a client writes them, with the history and the truth of the org's own people."""

    async def work(client: Client) -> None:
        sim = client.simulator
        contact = await client.ask(
            "sobjects/Contact",
            201,
            method="POST",
            body={"LastName": "Lovelace", "FirstName": "Ada", "Email": "a@b.example"},
        )
        body = {"Subject": "By API", "Origin": "Email", "ContactId": contact["id"], "Priority": "High"}
        made = await client.ask("sobjects/Case", 201, method="POST", body=body)
        assert (made["success"], made["errors"]) == (True, [])
        row = await client.ask(f"sobjects/Case/{made['id'][:15]}")
        assert (row["Subject"], row["Status"], row["ContactEmail"]) == ("By API", "New", "a@b.example")
        await client.ask(f"sobjects/Case/{made['id']}", 204, method="PATCH", body={"Status": "Working"})
        comment = {"ParentId": made["id"], "CommentBody": "Hello", "IsPublished": True}
        await client.ask("sobjects/CaseComment", 201, method="POST", body=comment)
        picked = await client.ask(f"sobjects/Case/{made['id']}?fields=Status,Contact.Name")
        assert (picked["Status"], picked["Contact"]["Name"]) == ("Working", "Ada Lovelace")
        assert [event.to for event in sim.truth() if isinstance(event, StatusChanged)] == ["open"]
        await client.ask(f"sobjects/Case/{made['id']}", 204, method="DELETE")
        assert await client.code(f"sobjects/Case/{made['id']}", 404) == "ENTITY_IS_DELETED"
        stretch = "start=2026-03-02T08:00:00%2B00:00&end=2026-03-02T10:00:00%2B00:00"
        assert [one["id"] for one in (await client.ask(f"sobjects/Case/deleted/?{stretch}"))["deletedRecords"]] == [
            made["id"]
        ]

    play(work)


@pytest.mark.parametrize(
    ("object", "body", "code"),
    [
        ("Case", [], "JSON_PARSER_ERROR"),
        ("Case", {"Ghost": "x"}, "INVALID_FIELD"),
        ("Case", {"IsClosed": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Case", {"Status": "Gone fishing"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Case", {"Status": None}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Case", {"ContactId": "003000000000001"}, "MALFORMED_ID"),
        ("Case", {"ContactId": 7}, "MALFORMED_ID"),
        ("Case", {"Subject": 7}, "JSON_PARSER_ERROR"),
        ("Case", {"Subject": "x" * 40_000}, "STRING_TOO_LONG"),
        ("Case", {"IsEscalated": "yes"}, "JSON_PARSER_ERROR"),
        ("CaseComment", {"CommentBody": "x"}, "REQUIRED_FIELD_MISSING"),
        ("CaseComment", {"CommentBody": "é" * 2_001}, "STRING_TOO_LONG"),
        ("Contact", {"FirstName": "Ada"}, "REQUIRED_FIELD_MISSING"),
        ("EmailMessage", {"ParentId": None}, "REQUIRED_FIELD_MISSING"),
        ("User", {"Name": "Eve"}, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"),
    ],
)
def test_what_cant_be_written_is_refused(object: str, body: Any, code: str) -> None:
    """With the code that a client looks for, and nothing is written."""

    async def work(client: Client) -> None:
        assert await client.code(f"sobjects/{object}", 400, method="POST", body=body) == code
        assert client.simulator.truth() == []

    play(work)


def test_every_answer_tells_what_is_left_of_the_day() -> None:
    """What is spent is 403 and no longer counted; a day later there is room again. Logging in costs nothing."""

    async def work(client: Client) -> None:
        for number in range(1, 4):
            told = await client.ask("limits")
            assert client.headers["Sforce-Limit-Info"] == f"api-usage={number}/3"
            assert told["DailyApiRequests"] == {"Max": 3, "Remaining": 3 - number}
        (error,) = await client.ask("limits", 403)
        assert (error["errorCode"], error["message"]) == ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        client.now += DAY_MS
        await client.log_in()
        await client.ask("limits")
        client.simulator.fault("concurrent_limit")
        (error,) = await client.ask("limits", 403)
        assert "Concurrent" in error["message"]
        client.simulator.fault("concurrent_limit", on=False)
        client.simulator.fault("daily_limit")
        assert await client.code("limits", 403) == "REQUEST_LIMIT_EXCEEDED"
        assert client.headers["Sforce-Limit-Info"] == "api-usage=3/3"

    play(work, daily_limit=3)


def test_a_query_over_too_long_a_time_takes_too_long() -> None:
    """Half the time may do, however many rows it has; without the fault all is answered."""

    async def work(client: Client) -> None:
        for hour in range(4):
            client.simulator.open_ticket(at=client.now - hour * HOUR_MS)
        client.simulator.fault("query_timeout")
        text = "SELECT Id FROM Case WHERE SystemModstamp >= 2026-03-02T{}:00:00Z"
        (error,) = await client.query(text.format("06"), 400)
        assert error["errorCode"] == "QUERY_TIMEOUT"
        assert (await client.query(text.format("08")))["totalSize"] == 2
        client.simulator.fault("query_timeout", on=False)
        assert (await client.query(text.format("06")))["totalSize"] == 4

    play(work)


def test_paths_that_are_not_there() -> None:
    """404 in the API's words, 405 for another method, and no answer to a stranger but the versions."""

    async def work(client: Client) -> None:
        for path in (
            "ghost",
            "sobjects/Ghost/describe",
            "sobjects/Case/500000000000001AAA",
            "/services/data/v20.0/limits",
        ):
            assert await client.code(path, 404) == "NOT_FOUND"
        assert await client.code("sobjects/Case/5005g0000000001", 404) == "NOT_FOUND"
        assert await client.code("limits", 405, method="POST") == "METHOD_NOT_ALLOWED"
        assert await client.code("sobjects/Case/deleted?start=x&end=y", 400) == "INVALID_REPLICATION_DATE"
        assert "sobjects" in await client.ask("")
        client.token = "nobody's"
        assert {"version": "66.0", "url": DATA, "label": "Release 66"} in await client.ask("/services/data")
        assert await client.code("limits", 401) == "INVALID_SESSION_ID"
        assert await client.code("/services/oauth2/userinfo", 401) == "INVALID_SESSION_ID"

    play(work)


def test_the_faults_of_a_bad_day() -> None:
    """Errors in JSON and in HTML, a 406 that is gone a moment later, an answer that breaks off, one that is slow."""

    async def work(client: Client) -> None:
        sim, text = client.simulator, "SELECT Id FROM Case"
        for fault, status, kind in (
            ("error_500", 500, "json"),
            ("unavailable", 503, "json"),
            ("down", 503, "html"),
        ):
            sim.fault(fault)
            await client.ask("limits", status)
            assert kind in client.headers["Content-Type"]
            sim.fault(fault, on=False)
        sim.fault("not_acceptable")
        await client.query(text, 406)
        assert (await client.query(text))["done"]
        await client.ask("limits")
        sim.fault("not_acceptable", on=False)
        sim.fault("slow")
        await client.ask("limits")
        sim.fault("truncate")
        with pytest.raises(aiohttp.ClientError):
            await client.ask("limits")

    play(work, slow_s=0.0)


def test_what_a_client_reassigns_is_told() -> None:
    """A queue is an owner like a person."""

    async def work(client: Client) -> None:
        sim = client.simulator
        case = sim.open_ticket()
        body = {"OwnerId": sim.people.queues[1]}
        await client.ask(f"sobjects/Case/{case}", 204, method="PATCH", body=body)
        (assigned,) = [event for event in sim.truth() if isinstance(event, ContactAssigned)]
        assert assigned.group == sim.people.queues[1]
        found = await client.query("SELECT Owner.Name, Owner.Type FROM Case")
        owner = found["records"][0]["Owner"]
        assert (owner["Name"], owner["Type"], owner["attributes"]["type"]) == ("Second Line", "Queue", "Group")

    play(work)
