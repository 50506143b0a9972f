"""The bench's Salesforce organisation answers what readers of cases ask: by query and by bulk job, and nothing else."""

import csv
import json
from typing import Any

import pytest
from gateway_salesforce.soql import CASE, After, page_query

from bench.sync.matters import changed_s, moment
from bench.sync.salesforce.cases import COLUMNS, RELATED, id18
from bench.sync.salesforce.org import RESULTS, ROOT, Org
from gateway.plugin import SECOND_MS, Instant

TICKETS = RESULTS + 100
NAMES = (*COLUMNS["Case"], *RELATED)


@pytest.fixture(scope="module")
def org() -> Org:
    """An organisation with more cases than a page of results has."""
    return Org(TICKETS, "http://account.example")


def asked(org: Org, query: str) -> dict[str, Any]:
    """The first page of a query."""
    answer = org.answer("GET", f"{ROOT}/query", {"q": query}, b"")
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_our_connector_goes_on_behind_the_last_row(org: Org) -> None:
    """By its instant and its id, within an instant too; up to the upper bound, which isn't reached."""
    until = Instant(changed_s(100) * SECOND_MS)
    for number in (1, 2, 3, 96):
        after = After(Instant(changed_s(number) * SECOND_MS), id18("500", number))
        page = asked(org, page_query(CASE, NAMES, after, until))

        assert [one["Id"] for one in page["records"]] == [id18("500", one) for one in range(number + 1, 100)]
        assert page["done"] is True


def test_every_reader_gets_what_ours_gets() -> None:
    """All that our connector asks of a case is there, and what is there beside it is only where a contact is found."""
    ours = {*CASE.columns, *(f"{name}.{one}" for name, of in CASE.relations.items() for one in of.columns)}

    assert set(NAMES) - ours == {"AccountId"}
    assert ours <= set(NAMES)


def test_a_window_has_its_first_second_and_not_its_last(org: Org) -> None:
    """As the sources of others ask, with an offset from Greenwich or without."""
    query = f"SELECT Id,Contact.Name FROM Case WHERE SystemModstamp >= {moment(changed_s(4))}"
    query += f" AND SystemModstamp < {moment(changed_s(10)).replace('Z', '.000+00:00')} ORDER BY SystemModstamp ASC"
    page = asked(org, query)

    assert [one["Id"] for one in page["records"]] == [id18("500", one) for one in range(4, 10)]
    assert page["records"][0]["Contact"]["Name"].startswith("Customer ")
    assert asked(org, "SELECT Id FROM Case WHERE IsDeleted = true LIMIT 5")["records"] == []


@pytest.mark.parametrize(
    "query",
    ["SELECT Id FROM Contact", "SELECT Nothing FROM Case", "SELECT Id FROM Case WHERE Status = 'New'", "",
     "SELECT Id FROM Case WHERE SystemModstamp > yesterday", "SELECT Id FROM Case OFFSET 5"],
)  # fmt: skip
def test_what_isnt_understood_is_refused(org: Org, query: str) -> None:
    """Never answered with something else."""
    answer = org.answer("GET", f"{ROOT}/query", {"q": query}, b"")

    assert (answer.status, json.loads(answer.body)[0]["errorCode"]) == (400, "MALFORMED_QUERY")


def test_a_bulk_job_gives_every_case_once(org: Org) -> None:
    """In pages of results, each behind the locator that the one before it tells."""
    made = org.answer("POST", f"{ROOT}/jobs/query", {}, json.dumps({"query": "SELECT Id,IsClosed FROM Case"}).encode())
    job = f"{ROOT}/jobs/query/{json.loads(made.body)['id']}"
    assert json.loads(org.answer("GET", job, {}, b"").body)["state"] == "JobComplete"
    locator, read = "0", []
    while locator != "null":
        answer = org.answer("GET", f"{job}/results", {"locator": locator}, b"")
        rows = list(csv.DictReader(answer.body.decode().splitlines()))
        assert answer.rows == len(rows) == int(answer.headers["Sforce-NumberOfRecords"])
        read += rows
        locator = answer.headers["Sforce-Locator"]

    assert [one["Id"] for one in read] == [id18("500", number) for number in range(1, TICKETS + 1)]
    assert {one["IsClosed"] for one in read} == {"true", "false"}
    assert org.answer("DELETE", job, {}, b"").status == 204
