"""What several tests of the connector use: an organisation that answers as it is told, and the connector before it."""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from gateway_salesforce import Salesforce
from gateway_salesforce.reading import id18
from gateway_salesforce.settings import SalesforceSettings
from gateway_salesforce.soql import KINDS

from gateway.plugin import (
    Context,
    Instant,
    Permanent,
    Record,
    Ref,
    Transient,
    Unauthorized,
    VendorError,
    VendorResponse,
    format_instant,
    parse_instant,
)

NOW = parse_instant("2026-03-02T09:00:00Z")
STATUSES = [("New", False), ("Working", False), ("Waiting on Customer", False), ("Closed", True), ("Erledigt", True)]
_SOURCE = re.compile(r"FROM (\w+) WHERE|FROM (CaseStatus) ")


def refused(status: int, code: str, words: str = "", kind: type[VendorError] | None = None) -> VendorError:
    """How a refusal of the API reaches the connector."""
    body = json.dumps([{"errorCode": code, "message": words}]).encode()
    found = kind or (Unauthorized if status == 401 else Transient if status >= 500 else Permanent)
    return found(f"the vendor answered {status}", status=status, body=body)


def ident(prefix: str, number: int) -> str:
    """The id of the object with a number."""
    return id18(f"{prefix}gL{number:010d}", "the id")


def at(instant: int) -> str:
    """An instant as Salesforce writes it."""
    return format_instant(instant - instant % 1000).replace("Z", ".000+0000")


def columns_of(name: str) -> set[str]:
    """All columns of an object that the connector may want."""
    kinds = [kind for kind in KINDS.values() if kind.object == name]
    own = {column for kind in kinds for column in (*kind.columns, *(f"{relation}Id" for relation in kind.relations))}
    relations = (one for kind in KINDS.values() for one in kind.relations.values() if one.object == name)
    return own | {column for relation in relations for column in relation.columns}


class Turns(list[Any]):
    """Answers that are given one after the other."""


class Org:
    """Answers queries by the object that they read: with rows, an answer, an error, what a function of the query says,
    or the next of `Turns`. `lacks` are objects, or columns such as `Contact.Email`, that `describe` doesn't name."""

    def __init__(self, answers: Mapping[str, Any], lacks: Iterable[str] = (), headers: Mapping[str, str] | None = None):
        self.answers, self.lacks, self.headers = dict(answers), set(lacks), dict(headers or {})
        self.asked: list[tuple[str, str]] = []
        self.rests: list[tuple[str, float, bool]] = []

    def rest(self, path: str, seconds: float, *, past_only: bool = False) -> None:
        self.rests.append((path, seconds, past_only))

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> VendorResponse:
        soql = (params or {}).get("q", "")
        self.asked.append((path.removeprefix("/services/data/v66.0/"), soql))
        answer = self._described(path) if path.endswith("/describe") else self._told(path, soql)
        if callable(answer):
            answer = answer(soql)
        if isinstance(answer, VendorError):
            raise answer
        if isinstance(answer, list) and soql:
            answer = {"records": answer, "done": True, "totalSize": len(answer)}
        return VendorResponse(200, self.headers, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def _described(self, path: str) -> Any:
        name = path.split("/")[-2]
        if name in self.lacks:
            return refused(404, "NOT_FOUND")
        named = sorted(column for column in columns_of(name) if f"{name}.{column}" not in self.lacks)
        return self.answers.get(f"describe {name}", {"fields": [{"name": column} for column in named]})

    def _told(self, path: str, soql: str) -> Any:
        if not soql:
            known = {"/services/data": [{"version": "65.0"}, {"version": "66.0"}], **self.answers}
            return known.get(path, refused(404, "NOT_FOUND"))
        # The query's own object is the last that is named: those before it are of its parts.
        source = next(filter(None, _SOURCE.findall(soql)[-1]))
        if source == "CaseStatus" and source not in self.answers:
            return [{"ApiName": label, "MasterLabel": label, "IsClosed": closed} for label, closed in STATUSES]
        answer = self.answers.get(source, [])
        return answer.pop(0) if isinstance(answer, Turns) else answer

    def queries(self, source: str = "") -> list[str]:
        """The queries that were sent, of one object or of all but the statuses."""
        return [soql for _, soql in self.asked if soql and "CaseStatus" not in soql and f"FROM {source}" in soql]


class Account:
    """A connector before an organisation, and what they say to each other."""

    def __init__(self, answers: Mapping[str, Any], *, lacks: Any = (), headers: Any = None, **settings: Any) -> None:
        self.org = Org(answers, lacks, headers)
        http: Any = self.org
        given = {"domain": "acme", "grant": "client_credentials", "client_id": "an-id", "client_secret": "a-secret"}
        self.connector = Salesforce("salesforce", SalesforceSettings(**{**given, **settings}), Context(http=http))

    def look_up(self, kind: str, id: str, now: int = NOW) -> list[Record]:
        """What a look-up finds."""
        return list(asyncio.run(self.connector.fetch(Ref(kind, id), now)))

    def pull(self, name: str = "Case", cursor: str | None = None, now: int = NOW) -> Any:
        """One page of a stream."""
        stream = next(stream for stream in self.connector.streams if stream.name == name)
        return asyncio.run(self.connector.pull(stream, cursor, now))

    def check(self) -> list[Any]:
        """What the check finds."""
        return list(asyncio.run(self.connector.check()))

    def says(self, records: Any) -> list[Any]:
        """What records mean."""
        return [item for record in records for item in self.connector.normalize(record)]

    def reads(self, body: Any, form: Any = "fetched", *, received_at: int = NOW) -> list[Any]:
        """What one body means."""
        return self.says([Record(body=json.dumps(body).encode(), form=form, received_at=Instant(received_at))])


def a_case(number: int = 1, changed: int = NOW - 1_800_000, **changes: Any) -> dict[str, Any]:
    """A row of a case."""
    return {
        "Id": ident("500", number),
        "CaseNumber": f"{number:08d}",
        "Subject": "Invoice is wrong",
        "Status": "Working",
        "Priority": "High",
        "Origin": "Email",
        "OwnerId": ident("005", 1),
        "ContactId": ident("003", 1),
        "IsClosed": False,
        "IsEscalated": False,
        "IsDeleted": False,
        "MasterRecordId": None,
        "CreatedDate": at(NOW - 3_600_000),
        "SystemModstamp": at(changed),
        "Contact": {"Name": "Ada Lovelace", "Email": "ada@example.com", "Phone": "+442071838750", "MobilePhone": None},
        "Account": {"Name": "Analytical Engines Ltd"},
        **changes,
    }


@pytest.fixture
def account() -> Callable[..., Account]:
    """Makes organisations."""
    return Account


@pytest.fixture
def turns() -> type[Turns]:
    """Makes answers that are given one after the other."""
    return Turns


@pytest.fixture
def refusal() -> Callable[..., VendorError]:
    """Makes refusals."""
    return refused


@pytest.fixture
def case() -> Callable[..., dict[str, Any]]:
    """Makes rows of cases."""
    return a_case


@pytest.fixture
def make_id() -> Callable[[str, int], str]:
    """Makes ids."""
    return ident


@pytest.fixture
def written() -> Callable[[int], str]:
    """Writes instants as Salesforce does."""
    return at
