"""The metrics that a reply meets: when each starts, what meets it, and how it repeats."""

import pytest

from gateway.model.event import Event
from gateway.model.words import Metric
from gateway.rules.policy import Policy
from tests.rules.worlds import (
    D,
    H,
    M,
    agent,
    customer,
    event,
    judged,
    lines,
    opening,
    policy,
    said,
    sla,
    state_of,
    status,
)

FIRST = policy(sla("first_reply", 15 * M))
NEXT = policy(sla("next_reply", 15 * M))
PERIODIC = policy(sla("periodic_update", 15 * M))
PAUSABLE = policy(sla("pausable_update", 15 * M))
ACKNOWLEDGEMENT = policy(sla("acknowledgement", 15 * M))


def bot(after: int) -> Event:
    """A bot replies in public."""
    return event("message.added", after, author={"kind": "bot"})


# ── What counts as a reply ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reply", "counts"),
    [
        (agent(10 * M), True),
        (event("call.answered", 10 * M), True),
        (agent(10 * M, visibility="internal"), False),
        (agent(10 * M, auto=True), False),
        (customer(10 * M), False),
        (bot(10 * M), False),
        (event("message.added", 10 * M, author={"kind": "system"}), False),
        (event("contact.acknowledged", 10 * M, by="ada"), False),
        (status(10 * M, "pending"), False),
    ],
    ids=["public", "call", "internal", "auto", "customer", "bot", "system", "acknowledged", "status"],
)
def test_only_a_public_agent_reply_is_a_first_reply(reply: Event, counts: bool) -> None:
    """Public, by an agent and not automatic, or a call that is answered."""
    met = "first_reply#1 met from 0 due 15 met 10 used 10/15"
    running = "first_reply#1 running from 0 due 15 used 12/15"
    assert lines(FIRST, 12 * M, opening(), reply) == [met if counts else running]


def test_a_bot_counts_where_the_rule_says_so() -> None:
    """`bots_count` is each rule's own: the first reply is given, the acknowledgement still waited for."""
    rules = policy(sla("first_reply", 15 * M, bots_count=True), sla("acknowledgement", 15 * M))
    assert lines(rules, 12 * M, opening(), bot(10 * M)) == [
        "first_reply#1 met from 0 due 15 met 10 used 10/15",
        "acknowledgement#1 running from 0 due 15 used 12/15",
    ]


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize("metric", ["first_reply", "acknowledgement", "next_reply", "periodic_update"])
def test_whether_a_bot_counts_is_each_metrics_own(metric: Metric, counts: bool) -> None:
    """The metric's own rule says it, for no other metric."""
    rules = policy(
        *(
            sla(name, H, bots_count=counts == (name == metric))
            for name in ("first_reply", "acknowledgement", "next_reply", "periodic_update")
        )
    )
    alone = policy(sla(metric, H, bots_count=counts))
    replied = [agent(M), customer(2 * M)] if metric in ("next_reply", "periodic_update") else []
    for judging in (rules, alone):
        told = [line for line in lines(judging, 11 * M, opening(), *replied, bot(10 * M)) if line.startswith(metric)]
        assert told[0].split()[1] == ("met" if counts else "running")


def test_an_outbound_contacts_first_reply_names_the_message_that_began_it() -> None:
    """As every clock does: its notices are told apart by it."""
    first, *_ = state_of(judged(FIRST, H, opening(direction="outbound"), customer(M))).clocks[::-1]
    assert (first.metric, first.started_by) == ("first_reply", customer(M).id)


def test_a_bot_counts_by_the_rule_in_force_when_it_writes() -> None:
    """A rule that lets bots count and comes later makes no reply of what a bot wrote before."""
    strict, lenient = sla("first_reply", 15 * M, id="strict"), sla("first_reply", 15 * M, id="lenient", bots_count=True)
    rules = policy(strict, lenient, when={"strict": lambda facts: "easy" not in facts.contact.tags})
    easy = event("contact.observed", 5 * M, tags=["easy"])
    assert lines(rules, 8 * M, opening(), bot(4 * M), easy) == ["lenient#1 running from 0 due 15 used 8/15"]
    assert lines(rules, 8 * M, opening(), easy, bot(6 * M)) == ["lenient#1 met from 0 due 15 met 6 used 6/15"]


# ── first_reply ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_reply_is_given_once() -> None:
    """Later messages of the customer start no other first reply."""
    events = opening(), agent(10 * M), customer(20 * M), agent(50 * M)
    assert lines(FIRST, H, *events) == ["first_reply#1 met from 0 due 15 met 10 used 10/15"]


def test_an_outbound_contact_waits_for_its_first_reply_from_the_customers_first_message() -> None:
    """What we send first is no reply to anything."""
    events = opening(direction="outbound"), agent(M), customer(30 * M), customer(35 * M), agent(40 * M)
    assert lines(FIRST, 29 * M, *events) == []
    assert lines(FIRST, 36 * M, *events) == ["first_reply#1 running from 30 due 45 used 6/15"]
    assert lines(FIRST, H, *events) == ["first_reply#1 met from 30 due 45 met 40 used 10/15"]


def test_a_reply_at_the_very_opening_is_the_first_reply() -> None:
    """The opening sorts before whatever else happened at its instant."""
    assert lines(FIRST, M, agent(0, id="a"), opening(id="z")) == ["first_reply#1 met from 0 due 15 met 0 used 0/15"]


def test_the_status_never_stops_a_reply_clock() -> None:
    """Waiting for the customer or a third party, the first reply runs on."""
    events = opening(), status(M, "pending"), status(2 * M, "on_hold")
    assert lines(FIRST, 10 * M, *events) == ["first_reply#1 running from 0 due 15 used 10/15"]


def test_an_end_cancels_the_first_reply_and_a_reopen_starts_another() -> None:
    """Neither met nor breached; the new instance is numbered on and counts from the reopen."""
    events = opening(), status(5 * M, "solved"), status(2 * H, "open")
    assert lines(FIRST, 2 * H + M, *events) == [
        "first_reply#1 cancelled from 0 cancelled 5 used 5/15",
        "first_reply#2 running from 120 due 135 used 1/15",
    ]
    assert said(judged(FIRST, D, *events), "sla.met") == []


def test_a_reply_during_the_end_counts_as_given() -> None:
    """No new first reply, and no new acknowledgement, at the reopen."""
    rules = policy(sla("first_reply", 15 * M), sla("acknowledgement", 15 * M))
    events = opening(), status(5 * M, "solved"), agent(6 * M), status(2 * H, "open")
    assert lines(rules, 3 * H, *events) == [
        "first_reply#1 cancelled from 0 cancelled 5 used 5/15",
        "acknowledgement#1 cancelled from 0 cancelled 5 used 5/15",
    ]


def test_a_reopen_asks_only_for_what_was_not_given() -> None:
    """An acknowledgement is no reply: the first reply begins anew, the acknowledgement doesn't."""
    rules = policy(sla("first_reply", 15 * M), sla("acknowledgement", 15 * M))
    taken = event("contact.acknowledged", M, by="ada")
    assert lines(rules, 61 * M, opening(), taken, status(5 * M, "solved"), status(H, "open")) == [
        "first_reply#1 cancelled from 0 cancelled 5 used 5/15",
        "first_reply#2 running from 60 due 75 used 1/15",
        "acknowledgement#1 met from 0 due 15 met 1 used 1/15",
    ]


def test_a_reopened_outbound_contact_owes_a_reply_only_to_a_customer_who_wrote() -> None:
    """Whoever was written to and never answered waits for nothing; somebody has to take it all the same."""
    rules = policy(sla("first_reply", 15 * M), sla("acknowledgement", 15 * M))
    before, after = opening(direction="outbound"), (status(5 * M, "solved"), status(H, "open"))
    assert [line.split()[0] for line in lines(rules, 61 * M, before, *after)] == [
        "acknowledgement#1",
        "acknowledgement#2",
    ]
    assert [line.split()[0] for line in lines(rules, 61 * M, before, customer(M), *after)] == [
        "first_reply#1",
        "first_reply#2",
        "acknowledgement#1",
        "acknowledgement#2",
    ]


def test_a_contact_that_is_opened_as_ended_starts_at_its_reopen() -> None:
    """No clock starts while the contact is ended; what would have starts at the reopen."""
    rules = policy(sla("first_reply", 15 * M), sla("resolution", H), sla("first_resolution", H))
    events = opening(status="solved"), status(30 * M, "open")
    assert lines(rules, 20 * M, *events) == []
    assert lines(rules, 31 * M, *events) == [
        "first_reply#1 running from 30 due 45 used 1/15",
        "resolution#1 running from 30 due 90 used 1/60",
        "first_resolution#1 running from 30 due 90 used 1/60",
    ]


@pytest.mark.parametrize("given", [agent(10 * M), event("contact.acknowledged", 10 * M, by="ada")])
def test_what_is_given_before_the_first_reopen_is_given(given: Event) -> None:
    """A contact that was opened as ended asks, once it is reopened, only for what nobody gave in the meantime."""
    rules = policy(sla("first_reply", 15 * M), sla("acknowledgement", 15 * M))
    told = lines(rules, 31 * M, opening(status="solved"), given, status(30 * M, "open"))
    replied = given.id == agent(10 * M).id
    assert told == ([] if replied else ["first_reply#1 running from 30 due 45 used 1/15"])


# ── next_reply ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_next_reply_waits_for_a_first_one() -> None:
    """A message before the first reply is the first reply's matter."""
    assert lines(NEXT, H, opening(), customer(M), customer(2 * M), agent(10 * M)) == []


def test_the_next_reply_counts_from_the_oldest_message_without_an_answer_and_repeats() -> None:
    """Each question is an instance of its own; a second message while the first waits moves nothing."""
    events = opening(), agent(M), customer(10 * M), customer(12 * M), agent(20 * M), customer(30 * M)
    assert lines(NEXT, 31 * M, *events) == [
        "next_reply#1 met from 10 due 25 met 20 used 10/15",
        "next_reply#2 running from 30 due 45 used 1/15",
    ]


def test_internal_and_automatic_messages_neither_ask_nor_answer() -> None:
    """An internal note by the customer's side asks nothing; an automatic reply answers nothing."""
    events = opening(), agent(M), customer(10 * M, visibility="internal"), customer(12 * M), agent(14 * M, auto=True)
    assert lines(NEXT, 20 * M, *events) == ["next_reply#1 running from 12 due 27 used 8/15"]


def test_a_bots_first_reply_leaves_the_question_before_it_open() -> None:
    """Where a bot's word is a first reply but no next reply, the customer waits on, since the message was written."""
    rules = policy(sla("first_reply", 15 * M, bots_count=True), sla("next_reply", 15 * M))
    events = opening(), customer(M), bot(4 * M)
    assert lines(rules, 5 * M, *events) == [
        "first_reply#1 met from 0 due 15 met 4 used 4/15",
        "next_reply#1 running from 1 due 16 used 4/15",
    ]


def test_an_end_settles_the_question_that_waited() -> None:
    """A message before the end starts nothing after a reopen."""
    events = opening(), agent(M), customer(10 * M), status(12 * M, "solved"), status(H, "open")
    assert lines(NEXT, 2 * H, *events) == ["next_reply#1 cancelled from 10 cancelled 12 used 2/15"]


def test_a_message_during_the_end_starts_at_the_reopen() -> None:
    """A customer's message on a solved contact is waited for from the reopen on."""
    events = opening(), agent(M), status(12 * M, "solved"), customer(20 * M), customer(22 * M), status(H, "open")
    assert lines(NEXT, 50 * M, *events) == []
    assert lines(NEXT, 61 * M, *events) == ["next_reply#1 running from 60 due 75 used 1/15"]


def test_a_message_during_the_end_that_was_answered_in_it_starts_nothing() -> None:
    """A reply during the end counts as given."""
    events = opening(), agent(M), status(12 * M, "solved"), customer(20 * M), agent(22 * M), status(H, "open")
    assert lines(NEXT, 2 * H, *events) == []


def test_merging_settles_what_waited_in_the_end() -> None:
    """It is an end too: a message before it starts nothing, one after it starts at the reopen."""
    merged = event("contact.merged", 20 * M, into={"kind": "ticket", "id": "2"})
    before = opening(), agent(M), status(12 * M, "solved"), customer(15 * M), merged, status(H, "open")
    after = opening(), agent(M), status(12 * M, "solved"), merged, customer(25 * M), status(H, "open")
    assert lines(NEXT, 61 * M, *before) == []
    assert lines(NEXT, 61 * M, *after) == ["next_reply#1 running from 60 due 75 used 1/15"]


def test_a_message_at_the_instant_of_the_end_stands_where_its_order_puts_it() -> None:
    """At one instant the source's sequence decides whether the message came before the end or during it."""
    before = opening(), agent(M), customer(12 * M, sequence=1), status(12 * M, "solved", sequence=2), status(H, "open")
    during = opening(), agent(M), customer(12 * M, sequence=3), status(12 * M, "solved", sequence=2), status(H, "open")
    assert lines(NEXT, 61 * M, *before) == ["next_reply#1 cancelled from 12 cancelled 12 used 0/15"]
    assert lines(NEXT, 61 * M, *during) == ["next_reply#1 running from 60 due 75 used 1/15"]


# ── periodic_update and pausable_update ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rules", [PERIODIC, PAUSABLE], ids=["periodic", "pausable"])
def test_an_update_is_owed_after_every_reply(rules: Policy) -> None:
    """Each public agent reply meets the one before and starts the next; nothing is owed before the first."""
    name = rules.sla[0].id
    assert lines(rules, H, opening(), customer(M)) == []
    assert lines(rules, 13 * M, opening(), agent(M), agent(10 * M), agent(12 * M, visibility="internal")) == [
        f"{name}#1 met from 1 due 16 met 10 used 9/15",
        f"{name}#2 running from 10 due 25 used 3/15",
    ]


def test_only_a_pausable_update_waits_for_the_customer() -> None:
    """Pending stops the pausable one; on hold stops neither."""
    rules = policy(sla("periodic_update", 15 * M), sla("pausable_update", 15 * M))
    events = opening(), agent(0, id="r"), status(5 * M, "pending"), status(25 * M, "on_hold")
    assert lines(rules, 12 * M, *events) == [
        "periodic_update#1 running from 0 due 15 used 12/15",
        "pausable_update#1 paused from 0 used 5/15",
    ]
    assert lines(rules, 26 * M, *events) == [
        "periodic_update#1 breached from 0 due 15 breached 15 used 26/15",
        "pausable_update#1 running from 0 due 35 used 6/15",
    ]


def test_a_pausable_update_that_starts_while_pending_is_paused() -> None:
    """A reply that leaves the contact waiting for the customer starts a clock that stands."""
    events = opening(), status(M, "pending"), agent(2 * M)
    assert lines(PAUSABLE, H, *events) == ["pausable_update#1 paused from 2 used 0/15"]


def test_an_update_that_a_reply_during_the_end_owes_starts_at_the_reopen() -> None:
    """The end cancels the one before; two replies in it owe one."""
    events = opening(), agent(M), status(5 * M, "solved"), agent(6 * M), agent(7 * M), status(H, "open")
    assert lines(PERIODIC, 61 * M, *events) == [
        "periodic_update#1 cancelled from 1 cancelled 5 used 4/15",
        "periodic_update#2 running from 60 due 75 used 1/15",
    ]


# ── acknowledgement ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "given", [agent(10 * M), event("contact.acknowledged", 10 * M, by="ada")], ids=["reply", "ack"]
)
def test_a_reply_or_an_acknowledgement_meets_it(given: Event) -> None:
    """Whichever comes first."""
    assert lines(ACKNOWLEDGEMENT, H, opening(), given, agent(30 * M)) == [
        "acknowledgement#1 met from 0 due 15 met 10 used 10/15"
    ]


def test_an_acknowledgement_meets_no_reply() -> None:
    """`contact.acknowledged` meets the clock of its name and no more."""
    rules = policy(sla("first_reply", 15 * M), sla("next_reply", 15 * M))
    events = opening(), event("contact.acknowledged", M, by="ada")
    assert lines(rules, 2 * M, *events) == ["first_reply#1 running from 0 due 15 used 2/15"]


@pytest.mark.parametrize(("given", "again"), [(False, True), (True, False)])
def test_a_reopen_asks_for_an_acknowledgement_that_was_never_given(given: bool, again: bool) -> None:
    """An unmet one starts a new instance; what was acknowledged, even during the end, stays so."""
    told = [event("contact.acknowledged", 6 * M, by="ada")] if given else []
    events = opening(), status(5 * M, "closed"), *told, status(H, "open")
    assert (len(lines(ACKNOWLEDGEMENT, 61 * M, *events)) == 2) is again
