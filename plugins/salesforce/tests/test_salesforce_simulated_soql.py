"""The simulated org's reader of SOQL: what it reads, what it refuses, and that nothing a stranger writes stops it."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from gateway_salesforce.simulator.finding import Seeker
from gateway_salesforce.simulator.ids import DIGITS, Ids, as_long, long_id
from gateway_salesforce.simulator.org import Org
from gateway_salesforce.simulator.people import People
from gateway_salesforce.simulator.schema import Json, Schema
from gateway_salesforce.simulator.soql import (
    DEPTH_MAX,
    LENGTH_MAX,
    Comparison,
    Joined,
    Literal,
    Negated,
    Query,
    SoqlError,
    Sorting,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.plugin import parse_instant

NOW = int(parse_instant("2026-03-02T09:00:00Z"))
WORDS = (
    *("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER BY", "LIMIT", "OFFSET", "COUNT()"),
    *("(", ")", ",", "=", "!=", "<", ">", "'", "\\", ";", "é", "Id", "Case", "Contact.Name", "Histories", "Owner.Type"),
    *("'x'", "'500000000000001'", "2026-03-02T09:00:00Z", "7", "true", "null"),
)


class Asked:
    """An org of five cases, and somebody who asks it."""

    def __init__(self, *faults: str) -> None:
        self.org = Org(lambda: NOW)
        people = People(self.org)
        ada = people.contact("Ada O'Hara", "ada@customer.example", NOW)
        self.ids = [
            self.org.add(
                "Case",
                NOW - turn // 2 * 1_000,
                {"Subject": f"Case {turn}", "Status": "New", "OwnerId": people.queues[0], "IsClosed": turn == 0}
                | ({"ContactId": ada} if turn % 2 else {}),
            ).id
            for turn in range(5)
        ]
        for turn, text in enumerate(("one", "two", "three")):
            self.org.add("CaseComment", NOW + turn * 1_000, {"ParentId": self.ids[1], "CommentBody": text})

        def nested(rows: list[Json], told: Callable[[Json], Json]) -> Json | None:
            return {"totalSize": len(rows), "done": True, "records": [told(row) for row in rows]} if rows else None

        self.seeker = Seeker(self.org, Schema(set(faults)), "/v", nested)

    def rows(self, text: str, *, everything: bool = False) -> list[Json]:
        """The rows for a query."""
        found = self.seeker.find(parse(text), everything=everything)
        return [found.told(row) for row in found.rows]

    def subjects(self, where: str, rest: str = "ORDER BY Subject") -> list[str]:
        """The numbers of the cases that a condition holds for."""
        return [row["Subject"][-1] for row in self.rows(f"SELECT Subject FROM Case WHERE {where} {rest}")]


ASKED = Asked()


def refusal(text: str, *faults: str) -> tuple[str, str]:
    """Why a query can't be asked."""
    with pytest.raises(SoqlError) as error:
        Asked(*faults).rows(text)
    return error.value.code, error.value.message


def test_a_query_is_read() -> None:
    """Every part of it, whatever the case of its words."""
    text = (
        "select Id, Contact.Name, (SELECT Id FROM Histories WHERE Field IN ('Status','Owner') LIMIT 2) from Case "
        "Where (SystemModstamp = 2026-03-02T09:00:00Z and Id > '5005g0000000001AAA') or not IsClosed = TRUE "
        "order by SystemModstamp desc nulls last, Id limit 5 offset 2"
    )
    tracked = Comparison(("Field",), "in", (text_of("Status"), text_of("Owner")))
    nested = Query("Histories", (("Id",),), tracked, limit=2)
    tie = Comparison(("SystemModstamp",), "=", (Literal("instant", NOW),))
    behind = Comparison(("Id",), ">", (text_of("5005g0000000001AAA"),))
    closed = Comparison(("IsClosed",), "=", (Literal("boolean", True),))
    where = Joined(all=False, parts=(Joined(all=True, parts=(tie, behind)), Negated(closed)))
    order = (Sorting(("SystemModstamp",), descending=True, nulls_first=False), Sorting(("Id",), False, True))
    assert parse(text) == Query("Case", (("Id",), ("Contact", "Name"), nested), where, order, 5, 2)


def text_of(value: str) -> Literal:
    return Literal("text", value)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("IsClosed = false AND Status = 'new'", "1234"),
        ("NOT (IsClosed = true OR ContactId = null)", "13"),
        ("Contact.Name = 'ada o\\'hara'", "13"),
        ("Contact.Account.Name != null", "13"),
        ("Owner.Name LIKE '%line' AND Subject LIKE 'Case _'", "01234"),
        ("Subject LIKE 'Case%2'", "2"),
        ("Subject NOT IN ('Case 1', 'Case 2')", "034"),
        ("Subject >= 'Case 3'", "34"),
        ("Owner.Type = 'Queue' AND Case.Subject = 'case 4'", "4"),
        ("SystemModstamp < 2026-03-02T08:59:59Z", "4"),
        ("SystemModstamp = 2026-03-02T09:59:59.000+0100", "23"),
        ("SystemModstamp >= 2026-03-02T08:59:59.000Z AND SystemModstamp < 2026-03-02T09:00:00.5+00:00", "0123"),
        ("(SystemModstamp > 2026-03-02T08:59:59Z OR SystemModstamp < 2026-03-02T08:59:59Z) AND IsClosed = false", "14"),
        ("CreatedDate != null AND SuppliedEmail = null", "01234"),
    ],
)
def test_conditions_hold(where: str, found: str) -> None:
    """Each for the rows that it is true of; texts whatever their case, instants in whichever zone."""
    assert "".join(Asked().subjects(where)) == found


def test_ids_are_found_in_either_length() -> None:
    """Fifteen characters name the same row as eighteen; one that guards another id names none."""
    asked = Asked()
    second = asked.ids[1]
    assert asked.subjects(f"Id = '{second[:15]}'") == asked.subjects(f"Id IN ('{second}')") == ["1"]
    assert asked.subjects(f"Id > '{second}'") == ["2", "3", "4"]
    assert asked.subjects(f"ContactId = '{second}'") == []
    with pytest.raises(SoqlError, match="invalid ID field"):
        asked.subjects(f"Id = '{second[:15]}ABC'")


def test_rows_come_in_the_order_of_their_stamps_and_ids() -> None:
    """Ties by id; a limit and an offset count from there; backwards, and by what a row refers to, if that is wanted."""
    asked = Asked()
    assert asked.subjects("Id != null", "ORDER BY SystemModstamp, Id") == ["4", "2", "3", "0", "1"]
    assert asked.subjects("Id != null", "ORDER BY SystemModstamp, Id LIMIT 2 OFFSET 1") == ["2", "3"]
    assert asked.subjects("Id != null", "ORDER BY SystemModstamp DESC, Id") == ["0", "1", "2", "3", "4"]
    assert asked.subjects("Id != null", "ORDER BY Contact.Name, Subject") == ["0", "2", "4", "1", "3"]
    assert asked.subjects("Id != null", "ORDER BY Contact.Name NULLS LAST, Subject DESC") == ["3", "1", "4", "2", "0"]


def test_a_row_is_told_with_what_it_refers_to_and_what_hangs_on_it() -> None:
    """An object for a reference, null where there is none; a list with its size, null where it is empty."""
    asked = Asked()
    comments = "(SELECT CommentBody FROM CaseComments WHERE CreatedDate > 2026-03-02T09:00:00Z ORDER BY Id LIMIT 1)"
    text = f"SELECT id, Contact.Email, Contact.Account.Name, Owner.Type, CreatedDate, {comments} FROM Case ORDER BY Id"
    first, second, *_ = asked.rows(text)
    assert first["Contact"] is None
    assert first["CaseComments"] is None
    assert second["attributes"] == {"type": "Case", "url": f"/v/sobjects/Case/{asked.ids[1]}"}
    assert (second["Contact"]["Email"], second["Contact"]["Account"]["Name"]) == ("ada@customer.example", "Customer")
    assert (second["Owner"]["Type"], second["CreatedDate"]) == ("Queue", "2026-03-02T09:00:00.000+0000")
    assert second["CaseComments"]["totalSize"] == 1
    assert [row["CommentBody"] for row in second["CaseComments"]["records"]] == ["two"]


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        ("", "MALFORMED_QUERY", "expecting 'select'"),
        ("SELECT Id FROM Case WHERE Status = 'x", "MALFORMED_QUERY", "no viable alternative"),
        ("SELECT Id FROM Case LIMIT 1 LIMIT 2", "MALFORMED_QUERY", "unexpected token: 'LIMIT'"),
        ("SELECT Id FROM Case WHERE Status = 'a' AND Type = 'b' OR Type = 'c'", "MALFORMED_QUERY", "token: 'OR'"),
        ("SELECT Id FROM Case WHERE Status == 'a'", "MALFORMED_QUERY", "expecting a value"),
        ("SELECT Id FROM Case WHERE Status = '\\q'", "MALFORMED_QUERY", "escape"),
        ("SELECT Id FROM Case WHERE CreatedDate > 2026-13-45T99:00:00Z", "MALFORMED_QUERY", "no valid instant"),
        ("SELECT Id, Id FROM Case", "MALFORMED_QUERY", "duplicate field"),
        ("SELECT Id, (SELECT Id, (SELECT Id FROM X) FROM Histories) FROM Case", "MALFORMED_QUERY", "nesting"),
        ("SELECT Id, COUNT() FROM Case", "MALFORMED_QUERY", "alone"),
        ("SELECT Id FROM Case LIMIT 99999", "NUMBER_OUTSIDE_VALID_RANGE", "limit"),
        ("SELECT Id FROM Ghost", "INVALID_TYPE", "'Ghost'"),
        ("SELECT Id FROM Name", "INVALID_TYPE", "'Name'"),
        ("SELECT Id, (SELECT Id FROM Ghosts) FROM Case", "INVALID_TYPE", "'Ghosts'"),
        ("SELECT Ghost FROM Case", "INVALID_FIELD", "'Ghost'"),
        ("SELECT SystemModstamp FROM CaseHistory", "INVALID_FIELD", "'SystemModstamp'"),
        ("SELECT Ghost.Name FROM Case", "INVALID_FIELD", "relationship 'Ghost'"),
        ("SELECT Status.Name FROM Case", "INVALID_FIELD", "relationship 'Status'"),
        (f"SELECT {'Parent.' * 7}Id FROM Case", "INVALID_FIELD", "relationship"),
        ("SELECT Id FROM Case WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Case ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Id FROM Case WHERE CreatedDate > '2026-03-02T09:00:00Z'", "INVALID_FIELD", "type dateTime"),
        ("SELECT Id FROM Case WHERE IsClosed = 'true'", "INVALID_FIELD", "type boolean"),
        ("SELECT Id FROM Case WHERE IsClosed > true", "INVALID_FIELD", "invalid operator"),
        ("SELECT Id FROM Case WHERE Status = 7", "INVALID_FIELD", "type string"),
        ("SELECT Id FROM Case WHERE OwnerId LIKE '5005g0000000001'", "INVALID_FIELD", "invalid operator like"),
        ("SELECT Id FROM Case WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
    ],
)
def test_what_salesforce_refuses_is_refused(text: str, code: str, why: str) -> None:
    """With its code, and words that say where."""
    found, message = refusal(text)
    assert found == code
    assert why in message


def test_what_is_hidden_or_lacking_is_not_there() -> None:
    """A field that the reader may not see, and an object without a licence."""
    assert refusal("SELECT Priority FROM Case", "hidden_fields")[0] == "INVALID_FIELD"
    assert refusal("SELECT Contact.Email FROM Case", "hidden_fields")[0] == "INVALID_FIELD"
    assert refusal("SELECT Id FROM VoiceCall", "missing_objects")[0] == "INVALID_TYPE"
    assert refusal("SELECT Id, (SELECT Id FROM MessagingSessions) FROM Case", "missing_objects")[0] == "INVALID_TYPE"
    assert Asked().rows("SELECT Priority, Contact.Email FROM Case")


def test_what_is_too_long_or_too_deep_is_refused() -> None:
    """Length, parentheses, NOT and subqueries have their ends; just before them a query is read."""
    plain = "SELECT Id FROM Case WHERE "
    assert refusal(plain + "(" * (DEPTH_MAX + 2) + "Id = null" + ")" * (DEPTH_MAX + 2))[0] == "QUERY_TOO_COMPLICATED"
    assert refusal(plain + "NOT " * (DEPTH_MAX + 2) + "Id = null")[0] == "QUERY_TOO_COMPLICATED"
    assert refusal(plain + "Subject = '" + "x" * LENGTH_MAX + "'")[0] == "QUERY_TOO_COMPLICATED"
    assert refusal("SELECT " + "(SELECT Id FROM Histories), " * 21 + "Id FROM Case")[0] == "MALFORMED_QUERY"
    assert Asked().rows(plain + "(" * DEPTH_MAX + "Id != null" + ")" * DEPTH_MAX)


def test_a_pattern_of_many_signs_takes_no_more_time() -> None:
    """Whoever writes `%a%a%a…` waits as long as anybody."""
    asked, steps = Asked(), 0
    org: Any = asked.org
    org.add("Case", NOW, {"Subject": "a" * 200, "Status": "New", "OwnerId": None, "IsClosed": False})

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        assert asked.subjects(f"Subject LIKE '{'%a' * 60}b'") == []
    finally:
        sys.setprofile(None)
    assert steps < 100_000


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    """Nothing but a SoqlError comes of nonsense, and of what is read nothing else."""
    try:
        ASKED.rows(text)
    except SoqlError as error:
        assert error.code
        assert error.message


def test_ids_grow_in_the_order_of_their_characters() -> None:
    """As a keyset by id needs it; each has its guard, and one that is changed has not."""
    ids = Ids("500")
    found = [ids.next() for _ in range(len(DIGITS) ** 2 + 2)]
    assert found == sorted(set(found))
    assert {len(id) for id in found} == {18}
    assert all(as_long(id[:15]) == as_long(id) == id for id in found)
    assert as_long(found[11].swapcase()) is None
    assert long_id("001D000000IqhSL") == "001D000000IqhSLIAZ"  # of Salesforce's own documentation
    for wrong in ("", "500", "001D000000IqhSLIAX", "001D000000IqhSé", "001D000000IqhSL; x"):
        assert as_long(wrong) is None
