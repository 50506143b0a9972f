"""The metrics: when each starts, in which statuses it runs, and what ends it. `deadline` has a file of its own."""

import pytest

from tests.language.words import clocks, judged, life, only, sla

CALL = "09:00 opened kind=call channel=phone"
OUTBOUND = "09:00 opened direction=outbound"
TIERS = """
queues: {low: {tier: 1}, high: {tier: 2}, high2: {tier: 2}, top: {tier: 3}}
routing:
  - {id: top, when: '"top" in contact.tags', queue: top}
  - {id: high, when: '"high" in contact.tags', queue: high}
  - {id: high2, when: '"high2" in contact.tags', queue: high2}
  - {id: low, queue: low}
"""


def promise(metric: str, more: str = "") -> str:
    """A policy of one promise: one hour, and four tiers of queues."""
    below = ", below: 60%" if metric == "csat_recovery" else ""
    return sla(f"metric: {metric}, within: 1h{below}{more}") + TIERS


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("09:00 opened", "running 09:00 due 10:00", id="starts-at-the-opening"),
        pytest.param(
            "09:00 opened; 09:10 customer", "running 09:00 due 10:00", id="inbound-the-message-starts-nothing"
        ),
        pytest.param(f"{OUTBOUND}; 09:10 agent", None, id="outbound-nobody-waits-yet"),
        pytest.param(f"{OUTBOUND}; 09:10 customer; 09:20 customer", "running 09:10 due 10:10", id="outbound-message"),
        pytest.param(f"{OUTBOUND}; 09:10 customer internal", None, id="outbound-internal-message"),
        pytest.param(
            f"{OUTBOUND}; 09:05 agent; 09:10 customer; 09:30 agent",
            "met 09:10 due 10:10 met 09:30",
            id="outbound-a-reply-before-is-none",
        ),
        pytest.param("09:00 opened; 09:20 agent; 09:40 agent", "met 09:00 due 10:00 met 09:20", id="the-first-reply"),
        pytest.param("09:00 opened; 09:00 agent", "met 09:00 due 10:00 met 09:00", id="the-opening-comes-first"),
        pytest.param("09:00 opened; 09:20 agent internal", "running 09:00 due 10:00", id="internal-is-no-reply"),
        pytest.param("09:00 opened; 09:20 agent auto", "running 09:00 due 10:00", id="automatic-is-no-reply"),
        pytest.param("09:00 opened; 09:20 bot", "running 09:00 due 10:00", id="a-bot-is-no-agent"),
        pytest.param("09:00 opened; 09:20 customer", "running 09:00 due 10:00", id="a-customer-is-no-agent"),
        pytest.param("09:00 opened; 09:20 system", "running 09:00 due 10:00", id="the-system-is-no-agent"),
        pytest.param("09:00 opened; 09:20 ack", "running 09:00 due 10:00", id="acknowledged-is-not-replied"),
        pytest.param(f"{CALL}; 09:20 ringing", "running 09:00 due 10:00", id="a-call-that-rings"),
        pytest.param(f"{CALL}; 09:20 answered", "met 09:00 due 10:00 met 09:20", id="a-call-that-is-answered"),
    ],
)
def test_first_reply(told: str, expected: str | None) -> None:
    """The first reply is waited for from the opening, or from the customer's first public message if we began, until an
    agent's first public reply after that, which no bot and no machine wrote; answering a call is one."""
    assert clocks(promise("first_reply"), told, "09:45") == ([f"r/1 {expected}"] if expected else [])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("09:00 opened; 09:20 bot", "met 09:00 due 10:00 met 09:20", id="public"),
        pytest.param("09:00 opened; 09:20 bot internal", "running 09:00 due 10:00", id="internal"),
        pytest.param("09:00 opened; 09:20 bot auto", "running 09:00 due 10:00", id="automatic"),
    ],
)
def test_a_bot_counts_where_the_rule_says_so(told: str, expected: str) -> None:
    """With `bots_count: true` a bot's public message is a reply, as long as it isn't marked automatic."""
    assert clocks(promise("first_reply", ", bots_count: true"), told, "09:45") == [f"r/1 {expected}"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("09:10 customer", [], id="not-before-the-first-reply"),
        pytest.param("09:10 customer; 09:20 agent", [], id="answered-by-the-first-reply"),
        pytest.param("09:20 agent; 09:30 customer; 09:40 customer", ["r/1 running 09:30 due 10:30"], id="the-oldest"),
        pytest.param("09:20 agent; 09:30 customer internal", [], id="internal-message"),
        pytest.param("09:20 agent; 09:30 bot; 09:35 system", [], id="message-of-no-customer"),
        pytest.param("09:20 agent; 09:30 customer; 09:40 agent internal", ["r/1 running 09:30 due 10:30"], id="a-note"),
        pytest.param(
            "09:20 agent; 09:30 customer; 09:40 customer; 09:50 agent", ["r/1 met 09:30 due 10:30 met 09:50"], id="met"
        ),
        pytest.param(
            "09:20 agent; 09:30 customer; 09:40 agent; 09:50 customer",
            ["r/1 met 09:30 due 10:30 met 09:40", "r/2 running 09:50 due 10:50"],
            id="repeats",
        ),
    ],
)
def test_next_reply(told: str, expected: list[str]) -> None:
    """After the first reply, the oldest public message of the customer that waits starts a clock, each time again."""
    assert clocks(promise("next_reply"), f"09:00 opened; {told}", "09:55") == expected


def test_next_reply_of_an_outbound_contact() -> None:
    """Where we began, what we wrote before the customer did is no first reply."""
    told = f"{OUTBOUND}; 09:05 agent; 09:10 customer; 09:20 customer"
    after = f"{told}; 09:30 agent; 09:40 customer"

    assert clocks(promise("next_reply"), told, "09:50") == []
    assert clocks(promise("next_reply"), after, "09:50") == ["r/1 running 09:40 due 10:40"]


@pytest.mark.parametrize("metric", ["periodic_update", "pausable_update"])
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("09:10 customer", [], id="not-before-a-reply"),
        pytest.param("09:10 agent", ["r/1 running 09:10 due 10:10"], id="a-reply-starts-it"),
        pytest.param("09:10 agent internal; 09:15 bot; 09:20 agent auto", [], id="no-reply"),
        pytest.param("09:10 agent; 09:20 customer", ["r/1 running 09:10 due 10:10"], id="a-customer-changes-nothing"),
        pytest.param(
            "09:10 agent; 09:40 agent",
            ["r/1 met 09:10 due 10:10 met 09:40", "r/2 running 09:40 due 10:40"],
            id="the-next-meets-and-starts",
        ),
    ],
)
def test_updates(metric: str, told: str, expected: list[str]) -> None:
    """Each public reply promises the next one."""
    assert clocks(promise(metric), f"09:00 opened; {told}", "09:50") == expected


def test_an_update_promised_while_pending() -> None:
    """A pausable update that starts while the contact waits for the customer is paused from its start."""
    told = "09:00 opened; 09:05 pending; 09:10 agent"

    assert clocks(promise("pausable_update"), told, "09:30") == ["r/1 paused 09:10"]
    assert clocks(promise("pausable_update"), f"{told}; 09:40 open", "09:50") == ["r/1 running 09:10 due 10:40"]


ANY = ("new", "open", "pending", "on_hold")
RUNS = {
    "first_reply": ANY,
    "next_reply": ANY,
    "periodic_update": ANY,
    "pausable_update": ("new", "open", "on_hold"),
    "requester_wait": ("new", "open", "on_hold"),
    "agent_work": ("new", "open"),
    "resolution": ANY,
    "first_resolution": ANY,
    "speed_of_answer": ANY,
    "acknowledgement": ANY,
    "csat_recovery": ANY,
    "handover_reply": ANY,
}
BEGINS = {
    "next_reply": "08:50 opened; 08:55 agent; 09:00 customer",
    "periodic_update": "08:50 opened; 09:00 agent",
    "pausable_update": "08:50 opened; 09:00 agent",
    "speed_of_answer": CALL,
    "csat_recovery": "08:50 opened; 09:00 csat 3",
    "handover_reply": "08:50 opened; 09:00 tags high",
}
"""How a clock of each metric starts at 09:00; the others start at an opening."""


@pytest.mark.parametrize("status", ANY)
@pytest.mark.parametrize("metric", RUNS)
def test_the_statuses_in_which_it_runs(metric: str, status: str) -> None:
    """Each metric runs in its statuses, and pauses in the others: what had elapsed by then stays, and goes on after."""
    begins = BEGINS.get(metric, "09:00 opened")
    before = "open" if status == "new" else "new"
    first = f"{begins}; 09:00 {before}; 09:10 {status}"
    runs = status in RUNS[metric]

    assert clocks(promise(metric), first, "09:30") == ["r/1 running 09:00 due 10:00" if runs else "r/1 paused 09:00"]
    assert only(promise(metric), first, "09:30")["elapsed_s"] == (30 if runs else 10) * 60
    assert clocks(promise(metric), f"{first}; 09:40 open", "09:45") == [
        "r/1 running 09:00 due 10:00" if runs else "r/1 running 09:00 due 10:30"
    ]


@pytest.mark.parametrize("ended", ["solved", "closed"])
@pytest.mark.parametrize("metric", ["requester_wait", "agent_work", "resolution", "first_resolution"])
def test_what_the_end_meets(metric: str, ended: str) -> None:
    """Solved or closed meets the waits, the work and the resolutions; nothing else does."""
    told = "09:00 opened; 09:10 agent; 09:15 ack; 09:20 customer"

    assert clocks(promise(metric), told, "09:30") == ["r/1 running 09:00 due 10:00"]
    assert clocks(promise(metric), f"{told}; 09:30 {ended}", "09:45") == ["r/1 met 09:00 due 10:00 met 09:30"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("", "running 09:00 due 10:00", id="the-opening"),
        pytest.param("09:05 ringing", "running 09:05 due 10:05", id="else-ringing"),
        pytest.param("09:05 ringing; 09:10 queued", "running 09:10 due 10:10", id="the-queue-before-ringing"),
        pytest.param("09:05 queued; 09:10 ringing", "running 09:05 due 10:05", id="ringing-after-the-queue"),
        pytest.param("09:05 queued; 09:20 answered", "met 09:05 due 10:05 met 09:20", id="answered"),
        pytest.param("09:05 queued; 09:20 agent; 09:25 ack", "running 09:05 due 10:05", id="only-an-answer-meets"),
        pytest.param("09:05 queued; 09:20 transferred; 09:25 held", "running 09:05 due 10:05", id="moved-about"),
    ],
)
def test_speed_of_answer(told: str, expected: str) -> None:
    """A call waits from the queue, else from ringing, else from its opening, until it is answered."""
    assert clocks(promise("speed_of_answer"), f"{CALL}; {told}", "09:45") == [f"r/1 {expected}"]


@pytest.mark.parametrize("kind", ["ticket", "chat", "mention"])
def test_speed_of_answer_is_for_calls(kind: str) -> None:
    """What isn't a call has no speed of answer."""
    assert clocks(promise("speed_of_answer"), f"09:00 opened kind={kind}; 09:05 queued", "09:30") == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            "09:10 customer; 09:15 bot; 09:20 agent internal", "running 09:00 due 10:00", id="nothing-of-both"
        ),
        pytest.param("09:20 agent; 09:30 ack", "met 09:00 due 10:00 met 09:20", id="replied"),
        pytest.param("09:20 ack; 09:30 agent", "met 09:00 due 10:00 met 09:20", id="acknowledged"),
        pytest.param("09:20 answered", "met 09:00 due 10:00 met 09:20", id="answered"),
    ],
)
def test_acknowledgement(told: str, expected: str) -> None:
    """A contact is acknowledged by an agent's first public reply, or by saying so."""
    assert clocks(promise("acknowledgement"), f"09:00 opened; {told}", "09:45") == [f"r/1 {expected}"]


def test_acknowledgement_of_an_outbound_contact() -> None:
    """An acknowledgement is due from the opening, whoever began."""
    assert clocks(promise("acknowledgement"), OUTBOUND, "09:45") == ["r/1 running 09:00 due 10:00"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("09:10 csat 5", ["r/1 running 09:10 due 10:10"], id="below"),
        pytest.param("09:10 csat 6", [], id="not-below"),
        pytest.param("09:10 csat 3 of 1..5", ["r/1 running 09:10 due 10:10"], id="half-of-a-scale-from-one"),
        pytest.param("09:10 csat 4 of 1..5", [], id="three-quarters-of-a-scale-from-one"),
        pytest.param("09:10 csat 5; 09:20 agent", ["r/1 met 09:10 due 10:10 met 09:20"], id="replied"),
        pytest.param("09:10 csat 5; 09:20 ack", ["r/1 met 09:10 due 10:10 met 09:20"], id="acknowledged"),
        pytest.param("09:10 csat 5; 09:20 csat 1", ["r/1 running 09:10 due 10:10"], id="a-second-one-meanwhile"),
        pytest.param("09:10 csat 5; 09:20 csat 10", ["r/1 running 09:10 due 10:10"], id="a-good-one-heals-nothing"),
        pytest.param(
            "09:10 csat 5; 09:20 agent; 09:30 csat 1",
            ["r/1 met 09:10 due 10:10 met 09:20", "r/2 running 09:30 due 10:30"],
            id="repeats",
        ),
        pytest.param("09:10 solved; 09:20 csat 1", ["r/1 running 09:20 due 10:20"], id="starts-in-the-end"),
        pytest.param("09:10 csat 1; 09:20 closed", ["r/1 running 09:10 due 10:10"], id="runs-on-in-the-end"),
        pytest.param("09:10 solved; 09:20 csat 1; 09:30 agent", ["r/1 met 09:20 due 10:20 met 09:30"], id="met-there"),
    ],
)
def test_csat_recovery(told: str, expected: list[str]) -> None:
    """A verdict below the rule's share of its scale starts a recovery, on an ended contact too, until somebody replies
    or acknowledges; another bad one starts nothing while a recovery runs."""
    assert clocks(promise("csat_recovery"), f"09:00 opened; {told}", "09:45") == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("09:00 opened tags=top", [], id="the-first-route-is-no-handover"),
        pytest.param("09:00 opened; 09:10 tags high", ["r/1 running 09:10 due 10:10"], id="up"),
        pytest.param("09:00 opened tags=high; 09:10 tags high2", [], id="the-same-tier"),
        pytest.param("09:00 opened tags=high; 09:10 tags", [], id="down"),
        pytest.param("09:00 opened; 09:10 tags high; 09:20 tags", ["r/1 running 09:10 due 10:10"], id="up-and-down"),
        pytest.param("09:00 opened; 09:10 tags high; 09:20 ack", ["r/1 running 09:10 due 10:10"], id="no-reply"),
        pytest.param(
            "09:00 opened; 09:10 tags high; 09:20 agent", ["r/1 met 09:10 due 10:10 met 09:20"], id="the-next-reply"
        ),
        pytest.param(
            "09:00 opened; 09:10 tags high; 09:20 tags top; 09:30 agent",
            ["r/1 met 09:10 due 10:10 met 09:30", "r/2 met 09:20 due 10:20 met 09:30"],
            id="each-has-its-own-and-one-reply-meets-both",
        ),
        pytest.param(
            "09:00 opened; 09:10 tags high; 09:20 tags; 09:30 tags high",
            ["r/1 running 09:10 due 10:10", "r/2 running 09:30 due 10:30"],
            id="up-down-up",
        ),
    ],
)
def test_handover_reply(told: str, expected: list[str]) -> None:
    """Each routing to a higher tier than before starts a clock of its own; the next public reply meets all of them."""
    assert clocks(promise("handover_reply"), told, "09:45") == expected


def test_a_metric_has_its_own_instances() -> None:
    """Repeats are numbered from 1 in each metric; the list goes by the policy's rules, then by number."""
    policy = sla(
        "id: update, metric: periodic_update, within: 2h",
        "id: next, metric: next_reply, within: 1h",
        "id: first, metric: first_reply, within: 1h",
    )
    told = "09:00 opened; 09:10 agent; 09:20 customer; 09:30 agent; 09:40 customer"

    assert clocks(policy, told, "09:45") == [
        "update/1 met 09:10 due 11:10 met 09:30",
        "update/2 running 09:30 due 11:30",
        "next/1 met 09:20 due 10:20 met 09:30",
        "next/2 running 09:40 due 10:40",
        "first/1 met 09:00 due 10:00 met 09:10",
    ]


def test_the_first_rule_of_a_metric() -> None:
    """Of each metric the first rule that matches promises; a later one of the same metric does nothing."""
    policy = sla(
        'id: chat, when: contact.channel == "chat", metric: first_reply, within: 20m',
        "id: any, metric: first_reply, within: 1h",
        "id: never, metric: first_reply, within: 5m",
        "id: work, metric: agent_work, within: 2h",
    )

    assert clocks(policy, "09:00 opened", "09:10") == [
        "any/1 running 09:00 due 10:00",
        "work/1 running 09:00 due 11:00",
    ]
    assert clocks(policy, "09:00 opened channel=chat", "09:10") == [
        "chat/1 running 09:00 due 09:20",
        "work/1 running 09:00 due 11:00",
    ]


def test_words_of_this_folder() -> None:
    """The words of these tests mean the events that they seem to."""
    assert life("Tue 09:00 opened; 09:10:30 agent internal; 09:20 tags a b") == [
        {"type": "contact.opened", "kind": "ticket", "channel": "email", "at": "2026-03-03T09:00:00Z"},
        {
            "type": "message.added",
            "author": {"kind": "agent"},
            "visibility": "internal",
            "at": "2026-03-02T09:10:30Z",
        },
        {"type": "contact.observed", "tags": ["a", "b"], "at": "2026-03-02T09:20:00Z"},
    ]
    assert judged(sla(), "09:00 opened", "09:00")["contact"]["opened_at"] == "2026-03-02T09:00:00Z"


@pytest.mark.parametrize(
    ("metric", "told", "expected"),
    [
        pytest.param("periodic_update", "09:10 answered", "running 09:10 due 10:10", id="starts-an-update"),
        pytest.param(
            "next_reply",
            "09:05 answered; 09:10 customer; 09:20 answered",
            "met 09:10 due 10:10 met 09:20",
            id="next-reply",
        ),
        pytest.param("csat_recovery", "09:10 csat 1; 09:20 answered", "met 09:10 due 10:10 met 09:20", id="recovery"),
        pytest.param(
            "handover_reply", "09:10 tags high; 09:20 answered", "met 09:10 due 10:10 met 09:20", id="handover"
        ),
        pytest.param("speed_of_answer", "09:10 answered; 09:20 queued", "met 09:00 due 10:00 met 09:10", id="once"),
    ],
)
def test_answering_is_a_reply(metric: str, told: str, expected: str) -> None:
    """Answering a call is an agent's public reply, for every metric that waits for one; a call is answered once."""
    assert clocks(promise(metric), f"{CALL}; {told}", "09:45") == [f"r/1 {expected}"]


@pytest.mark.parametrize(
    ("metric", "told", "expected"),
    [
        pytest.param("periodic_update", "09:10 bot", "running 09:10 due 10:10", id="starts-an-update"),
        pytest.param("acknowledgement", "09:10 bot", "met 09:00 due 10:00 met 09:10", id="acknowledges"),
        pytest.param(
            "next_reply", "09:05 agent; 09:10 customer; 09:20 bot", "met 09:10 due 10:10 met 09:20", id="next"
        ),
        pytest.param("handover_reply", "09:10 tags high; 09:20 bot", "met 09:10 due 10:10 met 09:20", id="handover"),
        pytest.param("csat_recovery", "09:10 csat 1; 09:20 bot", "met 09:10 due 10:10 met 09:20", id="recovery"),
    ],
)
def test_a_bot_counts_for_every_metric(metric: str, told: str, expected: str) -> None:
    """`bots_count` makes a bot's public message a reply for every metric that has it."""
    assert clocks(promise(metric, ", bots_count: true"), f"09:00 opened; {told}", "09:45") == [f"r/1 {expected}"]


def test_a_bot_that_gives_the_first_reply() -> None:
    """The first reply after which a next one is waited for is that of `first_reply`, by a bot if its rule says so."""
    first = "id: first, metric: first_reply, within: 1h"
    told = "09:00 opened; 09:10 bot; 09:20 customer"

    assert clocks(sla(f"{first}, bots_count: true", "id: next, metric: next_reply, within: 1h"), told, "09:30") == [
        "first/1 met 09:00 due 10:00 met 09:10",
        "next/1 running 09:20 due 10:20",
    ]
    assert clocks(sla(first, "id: next, metric: next_reply, within: 1h"), told, "09:30") == [
        "first/1 running 09:00 due 10:00"
    ]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("acknowledgement", "met 09:00 due 10:00 met 09:10"), ("periodic_update", "running 09:10 due 10:10")],
)
def test_what_we_write_first(metric: str, expected: str) -> None:
    """On a contact that we began our own first message is a reply, for all metrics that don't wait for the customer."""
    assert clocks(promise(metric), f"{OUTBOUND}; 09:10 agent", "09:45") == [f"r/1 {expected}"]
