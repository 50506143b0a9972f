"""Keyset pages: what is asked, how far a page reaches, where it ends, and what is done without."""

import asyncio
import re
from typing import Any

import pytest
from gateway_salesforce.pull import LAG_S, OVERLAP_MAX_MS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from gateway.plugin import Permanent, RateLimited, Transient, parse_instant

NOW = parse_instant("2026-03-02T09:00:00Z")
SHOWN = NOW - LAG_S * 1000
MINUTE = 60_000
NAMES = ("Case", "CaseHistory", "EmailMessage", "CaseComment", "MessagingSession", "VoiceCall")


def rest(query: str) -> str:
    """What stands behind the columns of a query."""
    return query[query.rindex(" FROM ") + 1 :]


def test_a_first_page_is_bounded_on_both_sides(account: Any) -> None:
    """Up to a few seconds ago; a row that is younger may have others committed before it."""
    before = account({})
    assert before.pull().reached == SHOWN
    assert [rest(query) for query in before.org.queries()] == [
        "FROM Case WHERE SystemModstamp >= 2026-02-23T09:00:00Z AND SystemModstamp < 2026-03-02T08:59:55Z "
        "ORDER BY SystemModstamp, Id LIMIT 2000"
    ]


def test_a_page_goes_on_behind_the_last_row_by_time_and_id(account: Any, case: Any, make_id: Any, turns: Any) -> None:
    """Never by Salesforce's pointer to the next page, which dies with the token; ties are told apart by their ids."""
    short = {"records": [case(1), case(2)], "done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g-2000"}
    before = account({"Case": turns([short, [case(3)]])})
    first = before.pull()
    assert (first.more, first.reached) == (True, NOW - 30 * MINUTE)
    second = before.pull(cursor=first.cursor)
    assert (second.more, second.reached) == (False, SHOWN)
    assert before.org.asked[-1][0] == "query"
    assert rest(before.org.queries()[1]) == (
        f"FROM Case WHERE ((SystemModstamp = 2026-03-02T08:30:00Z AND Id > '{make_id('500', 2)}') "
        "OR SystemModstamp > 2026-03-02T08:30:00Z) AND SystemModstamp < 2026-03-02T08:59:55Z "
        "ORDER BY SystemModstamp, Id LIMIT 2000"
    )


def test_a_full_page_is_no_end(account: Any, case: Any) -> None:
    """Salesforce says `done` of the query, which has a limit: as many rows as that are not all."""
    page = account({"EmailMessage": [{**case(n), "ParentId": case(n)["Id"]} for n in range(200)]}).pull("EmailMessage")
    assert (len(page.records), page.more) == (200, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CaseHistory", "ORDER BY CreatedDate, Id LIMIT 2000"),
        (
            "CaseHistory",
            "AND Field IN ('Owner', 'ownerAccepted', 'ownerAssignment', 'ownerEscalated', 'Priority', 'Status')",
        ),
        ("EmailMessage", "AND ParentId != null ORDER BY SystemModstamp, Id LIMIT 200"),
        ("deleted", "FROM Case WHERE"),
        ("deleted", "AND IsDeleted = true ORDER BY"),
    ],
)
def test_each_object_is_asked_for_in_its_own_way(name: str, words: str, account: Any) -> None:
    """A history has no SystemModstamp; e-mails of no case are nobody's. What is deleted lies in the recycle bin, and so
    does its history, which comes back under its old times when the case is restored."""
    before = account({})
    before.pull(name)
    assert words in before.org.queries()[0]
    path = next(path for path, soql in before.org.asked if soql)
    assert path == ("query" if name == "EmailMessage" else "queryAll")


def test_the_next_run_begins_before_the_last_row(account: Any, case: Any) -> None:
    """By Salesforce's own times: our clock may be wrong. Never before the place where the stream began."""
    before = account({"Case": [case(1, NOW - 30 * MINUTE)]})
    cursor = before.pull(now=NOW).cursor
    before.pull(cursor=cursor)
    assert "SystemModstamp >= 2026-03-02T08:20:00Z" in before.org.queries()[1]
    young = account({"Case": [case(1, NOW - 2 * MINUTE)]}, backfill_days=0)
    began = young.org.queries() or young.pull().cursor
    young.pull(cursor=began)
    first, second = (re.findall(r">= (\S+)", query) for query in young.org.queries())
    assert first == second


def test_nothing_new_moves_nothing_back(account: Any) -> None:
    """A stream without rows stays where it began; after an hour it goes along, or a change of thousands would be read
    for ever."""
    before = account({}, backfill_days=0)
    cursor, now, begins = None, NOW, []
    for _ in range(4):
        cursor, now = before.pull(cursor=cursor, now=now).cursor, now + 30 * MINUTE
        begins.append(parse_instant(re.findall(r">= (\S+)", before.org.queries()[-1])[0]))
    assert begins[0] == begins[1] == begins[2] < begins[3] == NOW + 60 * MINUTE - LAG_S * 1000 - OVERLAP_MAX_MS


class Rows:
    """An object's rows as (instant, number), some of which are shown later than their own time; short pages."""

    def __init__(self, rows: list[tuple[int, int, int]], size: int, case: Any) -> None:
        self.rows, self.size, self.now, self.case = sorted(rows), size, NOW, case

    def __call__(self, soql: str) -> Any:
        begin = re.search(r">= (\S+) AND", soql)
        behind = re.search(r"= (\S+) AND Id > '(\w+)'", soql)
        until = parse_instant(re.findall(r" < (\S+)", soql)[0])
        found = []
        for at, number, late in self.rows:
            row = self.case(number, at)
            after = (
                (at, row["Id"]) > (parse_instant(behind[1]), behind[2])
                if behind
                else at >= parse_instant(begin[1] if begin else "")
            )
            if after and at < until and at + late <= self.now:
                found.append(row)
        return {"records": found[: self.size], "done": len(found) <= self.size}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=some.lists(
        some.tuples(
            some.integers(0, 90).map(lambda n: NOW + n * 20_000),
            some.integers(0, 599),
            some.booleans(),
        ),
        min_size=1,
        max_size=25,
    ),
    size=some.integers(1, 4),
)
def test_every_row_is_seen(rows: list[tuple[int, int, bool]], size: int, account: Any, case: Any) -> None:
    """Whatever the ties, however short the pages, and however late within the overlap a row is committed."""
    told = Rows([(at, n, late * 1000 if is_late else 0) for n, (at, late, is_late) in enumerate(rows)], size, case)
    before, cursor, seen = account({"Case": told}, backfill_days=0), None, set()
    for turn in range(16):
        told.now = NOW + turn * 3 * MINUTE
        page = before.pull(cursor=cursor, now=told.now)
        turned = 1
        while page.more:
            seen |= {record.key for record in page.records}
            page = before.pull(cursor=page.cursor, now=told.now)
            turned += 1
            assert turned < 60
        seen |= {record.key for record in page.records}
        cursor = page.cursor
    assert len(seen) == len(rows)


def test_what_takes_too_long_is_read_in_halves(account: Any, case: Any, refusal: Any) -> None:
    """Down to a stretch that Salesforce reads in time; then pieces grow again, and no row is left out."""
    widths = []

    def told(soql: str) -> Any:
        begin, until = (
            parse_instant(found[0]) for found in (re.findall(r">= (\S+)", soql), re.findall(r" < (\S+)", soql))
        )
        widths.append((until - begin) / 1000)
        return (
            refusal(400, "QUERY_TIMEOUT", "Your query request was running for too long.") if widths[-1] > 2**17 else []
        )

    before = account({"Case": told})
    page = before.pull()
    assert (page.more, page.records) == (True, [])
    turned = 0
    while page.more:
        page, turned = before.pull(cursor=page.cursor), turned + 1
        assert turned < 20
    assert page.reached == SHOWN
    assert max(widths) == 7 * 86_400 - LAG_S
    with pytest.raises(Permanent):
        account({"Case": refusal(400, "QUERY_TIMEOUT")}).pull()


def test_what_is_never_answered_is_asked_for_in_smaller_pieces(account: Any) -> None:
    """Our own patience may end before Salesforce's: without an answer the next try is for half of it."""
    before = account({"Case": Transient("no answer within 30 s")})
    for _ in range(3):
        with pytest.raises(Transient):
            before.pull()
    first, second, third = (parse_instant(re.findall(r" < (\S+)", query)[0]) for query in before.org.queries())
    begin = parse_instant("2026-02-23T09:00:00Z")
    assert (second - begin, third - begin) == ((first - begin) // 2, (first - begin) // 4)


def test_406_is_asked_again(account: Any, case: Any, refusal: Any, turns: Any) -> None:
    """It comes now and then and means nothing; where it stays it is told."""
    before = account({"Case": turns([refusal(406, ""), refusal(406, ""), [case()]])})
    assert len(before.pull().records) == 1
    with pytest.raises(Permanent):
        account({"Case": refusal(406, "")}).pull()


@pytest.mark.parametrize("name", NAMES)
def test_an_object_that_is_not_there_is_done_without(name: str, account: Any, refusal: Any) -> None:
    """It is asked for again an hour later; until then nothing is."""
    before = account({}, lacks=[name])
    page = before.pull(name)
    assert (page.records, page.cursor, page.more) == ([], None, False)
    before.pull(name)
    assert before.org.queries() == []
    hidden = account({f"describe {name}": refusal(403, "INSUFFICIENT_ACCESS")})
    assert hidden.pull(name).records == []
    before.org.lacks.clear()
    before.pull(name, now=NOW + 60 * MINUTE)
    assert len(before.org.queries()) == 1
    assert not [finding for finding in before.check() if name in finding.what and "without" in finding.what]


def test_columns_that_are_hidden_are_not_asked_for(account: Any, case: Any) -> None:
    """Field-level security hides columns from a user: `describe` tells, and no query is refused for it."""
    before = account({"Case": [case()]}, lacks=["Case.Priority", "Contact.Email", "Account"])
    before.pull()
    query = before.org.queries()[0]
    assert "Contact.Name" in query
    assert not [column for column in ("Priority", "Contact.Email", "Account.Name") if f" {column}," in query]
    told = [finding.what for finding in before.check()]
    assert any("Contact.Email" in what for what in told)


def test_a_column_that_is_refused_all_the_same_is_done_without(account: Any, case: Any, refusal: Any) -> None:
    """What was described may be hidden a minute later: the query is asked anew without it."""

    def told(soql: str) -> Any:
        if "MobilePhone" in soql:
            return refusal(400, "INVALID_FIELD", "No such column 'MobilePhone' on entity 'Contact'.")
        if "Account.Name" in soql:
            return refusal(400, "INVALID_FIELD", "Didn't understand relationship 'Account' in field path.")
        return [case()]

    before = account({"Case": told})
    assert len(before.pull().records) == 1
    assert len(before.org.queries()) == 3
    gone = account({"VoiceCall": refusal(400, "INVALID_TYPE", "sObject type 'VoiceCall' is not supported.")})
    assert gone.pull("VoiceCall").records == []
    with pytest.raises(Permanent):
        account({"Case": refusal(400, "INVALID_FIELD", "unexpected token: Case")}).pull()


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ("TotalRequests Limit exceeded.", 900.0),
        ("ConcurrentPerOrgLongTxn Limit exceeded.", 5.0),
        ("", 5.0),
    ],
)
def test_the_words_tell_how_long_a_limit_lasts(words: str, wait_s: float, account: Any, refusal: Any) -> None:
    """One code means a day that is spent, and too many requests at once: everybody rests as long as that takes."""
    before = account({"Case": refusal(403, "REQUEST_LIMIT_EXCEEDED", words)})
    with pytest.raises(RateLimited) as raised:
        before.pull()
    assert raised.value.retry_after_s == wait_s
    assert before.org.rests == [("/services/data/v66.0/query", wait_s, False)]


@pytest.mark.parametrize(
    ("told", "rests"),
    [
        ("api-usage=18/5000", []),
        ("api-usage=4000/5000", [(900.0, True)]),
        ("api-usage=4750/5000; per-app-api-usage=1/250(appName=x)", [(900.0, False)]),
        ("per-app-api-usage=250/250(appName=x)", []),
        ("api-usage=1/0", []),
        ("api-usage=many", []),
    ],
)
def test_who_is_over_a_share_of_the_day_rests(told: str, rests: list[Any], account: Any) -> None:
    """The past at four fifths, everything at 95 %."""
    before = account({}, headers={"sforce-limit-info": told})
    before.pull("VoiceCall")
    assert [(seconds, past) for _, seconds, past in before.org.rests[:1]] == rests


@pytest.mark.parametrize(
    "answer",
    [
        {"records": [], "done": False},
        {"records": [{"Id": "500"}], "done": False},
        {"records": "none", "done": True},
        {"records": []},
        [1],
        b"<html>",
    ],
)
def test_an_answer_of_another_shape_moves_nothing(answer: Any, account: Any) -> None:
    """It is ill weather, and asked again."""
    with pytest.raises(Transient):
        account({"Case": answer}).pull()


@pytest.mark.parametrize("changed", [NOW - 8 * 24 * 60 * MINUTE, NOW + 60 * MINUTE])
def test_rows_that_were_not_asked_for_lead_nowhere(changed: int, account: Any, case: Any) -> None:
    """The next page would begin behind them: before this one, or in a year when nobody lives."""
    with pytest.raises(Transient, match="shows nothing that is"):
        account({"Case": {"records": [case(1, changed)], "done": False}}).pull()


@pytest.mark.parametrize("odd", [{"name": "Id", "type": []}, {"name": {}, "type": "id"}, {}])
def test_columns_of_another_shape_are_none(odd: Any, account: Any) -> None:
    """Whatever Salesforce says of a column, it is no fault of ours."""
    assert account({"describe Case": {"fields": [odd]}}).pull().records == []


def test_rows_that_come_again_are_known(account: Any, case: Any) -> None:
    """By their id and time, and by their content: the same row with another case beside it is another."""
    before = account({"Case": [case(1)]})
    first, again = before.pull().records, before.pull().records
    assert [row.key for row in first] == [row.key for row in again] == [f"{case(1)['Id']}:{NOW - 30 * MINUTE}"]
    assert first[0].exact


def test_what_there_is_to_read_is_asked_once_for_all(account: Any) -> None:
    """All objects are pulled at the same time, and each wants to know of cases, contacts and accounts."""
    before = account({})

    async def all_at_once() -> None:
        connector = before.connector
        await asyncio.gather(*(connector.pull(stream, None, NOW) for stream in connector.streams))

    asyncio.run(all_at_once())
    described = [path for path, soql in before.org.asked if not soql]
    assert len(described) == len(set(described)) == 10
    before.pull(now=NOW + 60 * MINUTE)
    assert [path for path, soql in before.org.asked if not soql][10:] == [
        f"sobjects/{name}/describe" for name in ("Case", "Contact", "Account")
    ]
