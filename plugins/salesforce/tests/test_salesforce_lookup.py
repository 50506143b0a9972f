"""Look-ups: what is asked for one thing, and what is read on."""

import re
from typing import Any

import pytest
from gateway_salesforce.soql import HISTORY

from gateway.plugin import ContactDeleted, MessageAdded, Permanent, StatusChanged, Transient, parse_instant

NOW = parse_instant("2026-03-02T09:00:00Z")


def part(rows: list[Any], *, done: bool = True) -> dict[str, Any]:
    """Rows that stand inside a row."""
    return {"totalSize": 1_000, "done": done, "records": rows}


def test_a_case_is_asked_for_with_all_that_hangs_on_it(account: Any, case: Any, make_id: Any, written: Any) -> None:
    """One query, the recycle bin included; nested rows are records of their own."""
    row = {"CreatedDate": written(NOW), "SystemModstamp": written(NOW)}
    status = {"Id": make_id("017", 1), "CaseId": make_id("500", 7), "Field": "Status", "NewValue": "Erledigt", **row}
    comment = {"Id": make_id("00a", 1), "ParentId": make_id("500", 7), **row}
    found = case(7, Histories=part([status]), EmailMessages=None, CaseComments=part([comment]))
    before = account({"Case": [found]})
    said = before.says(before.look_up("case", make_id("500", 7)[:15]))
    assert [event.to for event in said if isinstance(event, StatusChanged)] == ["closed"]
    assert [event.id for event in said if isinstance(event, MessageAdded)] == [f"comment:{make_id('00a', 1)}"]
    [(path, query)] = [(path, soql) for path, soql in before.org.asked if "FROM Case WHERE" in soql]
    assert path == "queryAll"
    assert query.endswith(f" FROM Case WHERE Id = '{make_id('500', 7)}' LIMIT 1")
    assert re.findall(r"FROM (\w+) WHERE (.+?) ORDER BY Id LIMIT 200\)", query) == [
        ("Histories", f"{HISTORY.of_case} AND IsDeleted = false"),
        ("EmailMessages", "IsDeleted = false"),
        ("CaseComments", "IsDeleted = false"),
    ]


def test_what_is_not_told_whole_is_read_on_behind_its_last_id(
    account: Any, case: Any, make_id: Any, written: Any, turns: Any
) -> None:
    """A part of a row may end early: the rest is asked for by ids, never by Salesforce's pointer."""

    def comments(*numbers: int) -> list[dict[str, Any]]:
        return [{"Id": make_id("00a", n), "ParentId": make_id("500", 7), "CreatedDate": written(NOW)} for n in numbers]

    more = turns([{"records": comments(3), "done": False}, comments(4)])
    before = account({"Case": [case(7, CaseComments=part(comments(1, 2), done=False))], "CaseComment": more})
    said = before.says(before.look_up("case", make_id("500", 7)))
    assert [event.id[-18:] for event in said if isinstance(event, MessageAdded)] == [
        make_id("00a", n) for n in (1, 2, 3, 4)
    ]
    assert [query.rpartition(" FROM ")[2] for query in before.org.queries("CaseComment ")] == [
        f"CaseComment WHERE ParentId = '{make_id('500', 7)}' AND Id > '{make_id('00a', n)}' ORDER BY Id LIMIT 200"
        for n in (2, 3)
    ]
    with pytest.raises(Transient):
        account({"Case": [case(7, CaseComments=part([], done=False))]}).look_up("case", make_id("500", 7))
    endless = {"Case": [case(7, CaseComments=part(comments(1), done=False))]}
    endless["CaseComment"] = {"records": comments(2), "done": False}  # type: ignore[assignment]
    with pytest.raises(Permanent, match="more than 200 pages of CaseComment"):
        account(endless).look_up("case", make_id("500", 7))


@pytest.mark.parametrize(
    ("kind", "id"),
    [
        ("case", "500gL0000000007"),
        ("session", "0MwgL0000000007"),
        ("call", "0LQgL0000000007"),
        ("lead", "00QgL0000000007"),
        ("case", "7"),
        ("case", "' OR Id != '"),
        ("case", "500gL0000000007AAA"),
        ("case", ""),
        ("case", "x" * 10_000),
    ],
)
def test_what_is_gone_or_strange_gives_nothing(kind: str, id: str, account: Any) -> None:
    """And what is no id is never asked for."""
    before = account({})
    assert before.look_up(kind, id) == []
    assert all(id in query for query in before.org.queries())


def test_a_deleted_case_says_so(account: Any, case: Any, make_id: Any) -> None:
    """As the organisation may push the id of what it has just deleted."""
    before = account({"Case": [case(7, IsDeleted=True)]})
    said = before.says(before.look_up("case", make_id("500", 7)))
    assert [type(event) for event in said[1:]] == [ContactDeleted]


def test_what_is_not_there_is_left_out(account: Any, case: Any, make_id: Any, refusal: Any) -> None:
    """By `describe`, or by a refusal in spite of it."""
    before = account({"Case": [case(7)]}, lacks=["CaseComment"])
    before.look_up("case", make_id("500", 7))
    assert "CaseComments" not in before.org.queries()[0]
    assert account({}, lacks=["VoiceCall"]).look_up("call", make_id("0LQ", 7)) == []

    def told(soql: str) -> Any:
        if "EmailMessages" in soql:
            return refusal(
                400, "INVALID_TYPE", "Didn't understand relationship 'EmailMessages' in FROM part of query call."
            )
        return [case(7)]

    before = account({"Case": told})
    assert len(before.look_up("case", make_id("500", 7))) == 1
    with pytest.raises(Permanent):
        account({"Case": refusal(400, "MALFORMED_QUERY")}).look_up("case", make_id("500", 7))
