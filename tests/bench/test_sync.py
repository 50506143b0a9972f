"""The bench of reading is fair: every shape of account shows each ticket once to whoever asks rightly, and what a
reader loses, doubles or changes shows."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from gateway_freshdesk.normalize import Beside as BesideTicket
from gateway_freshdesk.normalize import ticket_events as freshdesk_events
from gateway_salesforce.normalize import Beside as BesideCase
from gateway_salesforce.normalize import case_events
from gateway_zendesk.normalize import Beside, ticket_events

from bench.sync.figures import figures
from bench.sync.freshdesk.tickets import CHOICES, included
from bench.sync.freshdesk.tickets import row_of as freshdesk_row
from bench.sync.freshdesk.tickets import ticket as freshdesk_ticket
from bench.sync.matters import PER_SECOND, changed_s
from bench.sync.measure import Round
from bench.sync.readers import record, rows
from bench.sync.salesforce.cases import case as salesforce_case
from bench.sync.salesforce.cases import row_of as salesforce_row
from bench.sync.shapes import SHAPES
from bench.sync.truth import Fault, Row, fault, found
from bench.sync.zendesk.tickets import row_of as zendesk_row
from bench.sync.zendesk.tickets import ticket as zendesk_ticket

TICKETS = 4_100
"""More than two pages, whatever the shape."""

BASE = "http://account.example"
READ: Mapping[str, Callable[[Any], Iterator[Row]]] = {
    "zendesk": lambda page: map(zendesk_row, page["tickets"]),
    "freshdesk": lambda page: map(freshdesk_row, page),
    "salesforce": lambda page: map(salesforce_row, page["records"]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_bare_download_gets_every_ticket_once(name: str) -> None:
    """From the first page by each page's own words about the next; every page says how many tickets it has."""
    shape = SHAPES[name]
    site, target, brought = shape.site(TICKETS, BASE), shape.first, []
    pages = 0
    while target:
        path, _, query = target.partition("?")
        answer = site.answer("GET", path, dict(parse_qsl(query)), b"")
        page = list(READ[name](json.loads(answer.body)))
        assert (answer.status, answer.rows) == (200, len(page))
        brought += page
        pages += 1
        target = shape.following(target, answer.body, {key.lower(): value for key, value in answer.headers.items()})

    assert pages > 2
    assert fault(found(brought), shape.truth(TICKETS)) == Fault(0, 0, False)


@pytest.mark.parametrize("name", SHAPES)
def test_what_a_reader_asks_beside_tickets_is_no_page_of_them(name: str) -> None:
    """So that a reader's time begins with its first tickets."""
    site = SHAPES[name].site(PER_SECOND, BASE)

    for path in ("/api/v2/users/me.json", "/api/v2/ticket_fields", "/services/data/v66.0/sobjects", "/nothing"):
        assert site.answer("GET", path, {}, b"").rows is None


def test_our_connectors_take_every_kind_of_ticket_that_there_is() -> None:
    """What each tells of a ticket is what is compared."""
    labels = {number: label for number, (label, _) in CHOICES.items()}
    for number in range(1, 100):
        read_at = (changed_s(number) + 60) * 1_000
        shown = [zendesk_ticket(number, BASE), freshdesk_ticket(number), salesforce_case(number)]
        for more in included(number).values():
            shown[1].update(more)
        shown = [json.loads(json.dumps(one)) for one in shown]
        told = [
            list(ticket_events(shown[0], Beside(), read_at, log_follows=False)),
            list(freshdesk_events(shown[1], BesideTicket(labels=labels), read_at)),
            list(case_events(shown[2], BesideCase(), read_at)),
        ]
        for events, shape in zip(told, SHAPES.values(), strict=True):
            observed: Any = events[-1]

            assert Row(observed.ref.id, observed.subject, observed.status) == shape.row(number)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda all_: all_, Fault(0, 0, False)),
        (lambda all_: all_[::-1], Fault(0, 0, False)),
        (lambda all_: all_[1:], Fault(1, 0, False)),
        (lambda all_: [*all_, all_[3], all_[3]], Fault(0, 2, False)),
        (lambda all_: [*all_[1:], all_[5]], Fault(1, 1, False)),
        (lambda all_: [all_[0]._replace(status="?"), *all_[1:]], Fault(0, 0, True)),
        (lambda all_: [*all_[1:], Row("", "", "")], Fault(0, 0, True)),
    ],
)
def test_what_is_lost_doubled_or_wrong_shows(change: Callable[[list[Row]], list[Row]], expected: Fault) -> None:
    """In any order; a row of nobody's is as wrong as one that is missing."""
    shape = SHAPES["zendesk"]
    every = [shape.row(number) for number in range(1, 21)]

    assert fault(found(change(every)), shape.truth(20)) == expected


def test_tickets_of_both_kinds_of_messages_are_read(tmp_path: Path) -> None:
    """Singer's and Airbyte's; all else that they print is passed over."""
    one = {"id": 7, "subject": "s", "status": "hold", "more": {}}
    lines = [
        {"type": "SCHEMA", "stream": "tickets"},
        {"type": "RECORD", "stream": "tickets", "record": one},
        {"type": "RECORD", "record": {"stream": "tickets", "data": one}},
        {"type": "STATE"},
    ]
    (tmp_path / "out.jsonl").write_text("\n".join(json.dumps(line) for line in lines))

    assert list(rows([tmp_path / "out.jsonl"], record, zendesk_row)) == [Row("7", "s", "on_hold")] * 2


ROUND = Round(
    per_second=1_000, start_s=1, took_s=1, cpu_ms=1, memory_mb=100, requests=1, pages=1, sent_mb=1, distinct=1,
    lost=0, doubled=0, wrong=False, others=0,
)  # fmt: skip


def test_the_goal_is_set_by_the_fastest_of_the_others() -> None:
    """Neither the bare download nor our second setting is one of them; without a round of ours nothing is said."""
    rounds = {
        "bare download": [replace(ROUND, per_second=90_000)],
        "slow": [replace(ROUND, per_second=100)],
        "quick": [replace(ROUND, per_second=500, cpu_ms=3)],
        "gateway": [replace(ROUND, lost=2, memory_mb=160)],
        "gateway plain": [replace(ROUND, per_second=2_000)],
    }
    by_name = {figure.what: figure for figure in figures(rounds)}

    assert by_name["gateway beside quick, the fastest: tickets a second"].met is False
    assert by_name["gateway beside quick, the fastest: tickets a processor second"].value == 3
    assert by_name["gateway beside slow: tickets a second"].cells()[1:] == ["10.00", "", "", ""]
    assert by_name["gateway plain beside quick: tickets a second"].value == 4
    assert by_name["gateway: tickets lost"].met is False
    assert by_name["gateway: memory at most"].met is False
    assert figures({"quick": [ROUND]}) == []
