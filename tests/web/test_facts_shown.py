"""What others know of a customer, on the page of a contact, in its explanation and in a terminal: whatever they say."""

import json
from typing import Any

import pytest

from gateway.cli.contact_views import shown
from gateway.cli.explanation import explanation_lines
from gateway.engine.explaining import Explaining, explained
from gateway.web.facts import DEPTH_MAX, LINES_MAX, TEXT_MAX, fact_lines
from tests.web.test_contact_page import HOSTILE, asked, words_of
from tests.web.test_pages import Page, got, name_of
from tests.web.worlds import NOW, POLICY, H, M, Whole, event, opened, run

RULES = (
    POLICY.replace(
        "severity:\n",
        "severity:\n  - {id: disputed, when: 'has(contact.facts.payments.disputed)', severity: 2}\n",
    )
    + "enrich:\n  - {id: who-pays, enricher: payments}\n"
)
KNOWN = {
    "customer": "cus_1",
    "disputed": True,
    "paid": ["1240.00 EUR", "12.00 USD"],
    "charges": 1234,
    "disputes": [{"id": "dp_1", "amount": "129.00 EUR", "due_by": "2026-03-04T09:00:00Z", "network": {"code": "10.4"}}],
}


def answer(at: int, enricher: str = "payments", **said: Any) -> dict[str, Any]:
    """What an enricher says of the first contact."""
    status = "ok" if "facts" in said else "unavailable"
    made = event("enrichment.received", 1, at, enricher=enricher, status=status, **said)
    return {**made, "id": f"{enricher}@{at}"}


async def told(whole: Whole, *answers: dict[str, Any]) -> None:
    """A contact an hour old, and what enrichers have said."""
    await whole.post(opened(1, NOW - H, customer={"email": "ada@x.example"}), *answers)
    await whole.judge()


def panel(page: Page) -> str:
    """The panel's words."""
    return words_of(page).partition("What others know")[2].partition("Clocks")[0]


def test_what_is_known_is_read_by_people() -> None:
    """Texts, numbers, truths, lists and what is nested, with an instant in the viewer's zone; how it was asked."""

    async def work(whole: Whole) -> None:
        await told(whole, answer(NOW - 50 * M, reason="no answer within 5 s"), answer(NOW - 40 * M, facts=KNOWN))
        text = panel(await got(whole, f"/contacts/{name_of(1)}"))

        for words in (
            "payments known 40 min ago",
            "disputed yes",
            "paid 1240.00 EUR, 12.00 USD",
            "charges 1,234",
            "due by 2026-03-04 09:00:00 UTC",
            "code 10.4",
            "08:00:00 asked by rule who-pays",
            "08:10:00 unavailable: no answer within 5 s",
            "payments.disputed became true",
        ):
            assert words in text, words
        early = panel(await got(whole, f"/contacts/{name_of(1)}?at=2026-03-02T08:15:00Z"))
        assert "unavailable at 2026-03-02 08:10:00 no answer within 5 s" in early
        assert "disputed yes" not in early

    run(work, policy=RULES)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((), "payments asked 1 h 00 min ago No answer yet."),
        ((answer(NOW - M, reason=""),), "payments unavailable 1 min 00 s ago it gave no reason"),
        ((answer(NOW - M, facts={}),), "payments known 1 min 00 s ago Nothing is known there."),
        (
            (answer(NOW - 2 * M, facts={"plan": "gold"}), answer(NOW - M, reason="429")),
            "payments unavailable 1 min 00 s ago 429 It said this before, 2 min 00 s ago: plan gold",
        ),
    ],
)
def test_the_states(answers: tuple[dict[str, Any], ...], words: str) -> None:
    """No answer is told as clearly as one; what was known before a failure stands."""

    async def work(whole: Whole) -> None:
        await told(whole, *answers)
        assert words in panel(await got(whole, f"/contacts/{name_of(1)}"))

    run(work, policy=RULES)


def test_hostile_answers_are_texts() -> None:
    """In names, values, reasons and the enricher's own name: none of it is markup or turns letters."""

    async def work(whole: Whole) -> None:
        hostile = {text: [text, {text: text}] for text in HOSTILE}
        names = [answer(NOW - M, enricher=text, reason=text) for text in HOSTILE]
        await told(whole, answer(NOW - M, facts=hostile), *names)
        reply = await asked(whole, "GET", f"/contacts/{name_of(1)}", role="viewer")
        body = reply.body.decode()

        assert reply.status == 200
        assert "<script>alert" not in body
        assert "<svg onload" not in body
        assert "<img" not in body
        assert "\u202e" not in body
        assert "{{ 7 * 7 }}" in body
        assert not [one for one in Page(body).all("a") if (one.get("href") or "").startswith("javascript")]

    run(work, policy=RULES)


def test_a_viewer_sees_the_facts_where_they_see_the_customer() -> None:
    """Who may know who asks may know what they paid: the page and the API say both to every role."""

    async def work(whole: Whole) -> None:
        await told(whole, answer(NOW - M, facts=KNOWN))
        contact = json.loads((await asked(whole, "GET", f"/api/v1/contacts/{name_of(1)}", role="viewer")).body)

        assert contact["customer"] == {"email": "ada@x.example"}
        assert contact["facts"]["payments"]["status"] == "ok"
        assert contact["facts"]["payments"]["known"] == KNOWN

    run(work, policy=RULES)


def test_the_explanation_names_the_answer_as_the_cause() -> None:
    """As data and in a terminal: what was asked by which rule, the reason, and the fact that changed the severity."""

    async def work(whole: Whole) -> None:
        await told(whole, answer(NOW - 50 * M, reason="no answer\x1b[31m"), answer(NOW - 40 * M, facts=KNOWN))
        row = await whole.store.find_contact("shop:ticket:1")
        assert row is not None
        case = await Explaining(whole.store, whole.spawn).case(row, NOW)
        values, lines = explained(case), "\n".join(explanation_lines(case, all=True))

        assert [(one["kind"], one["rule"], one["reason"]) for one in values["enquiries"]] == [
            ("asked", "who-pays", None),
            ("unavailable", None, "no answer\x1b[31m"),
            ("ok", None, None),
        ]
        (turn,) = [one for one in values["turns"] if one["of"] == "severity" and one["before"]]
        assert (turn["after"], turn["cause"]["type"]) == ("2", "enrichment.received")
        assert turn["because"] == ["facts.payments.disputed became true"]
        assert values["read"]["facts.payments.disputed"] is True
        for words in (
            "payments: answered 40 min ago",
            "disputed: yes",
            "asked by rule who-pays",
            "facts.payments.disputed",
        ):
            assert words in lines, words
        assert "\x1b" not in lines
        assert "due by: 2026-03-04T09:00:00Z" in "\n".join(shown(case))

    run(work, policy=RULES)


def test_lines_are_for_people() -> None:
    """Amounts first, with their currency and its places, then what is short; what says nothing last."""
    known = {
        "a": {"currency": "KWD", "paid": 1.234, "payments": 2},
        "b": "",
        "c": [{"d": 1}, {"d": 2}],
        "currency": "EUR",
        "ratio_of": "1.5",
        "paid": 1240.0,
        "refunded": 0.5,
        "wait_s": 90,
        "ok": False,
    }
    lines, more = fact_lines(known)

    assert [f"{'.' * line.depth}{line.label}: {line.text}" for line in lines] == [
        "paid: 1,240.00 EUR",
        "refunded: 0.50 EUR",
        "currency: EUR",
        "ratio of: 1.5",
        "wait: 1 min 30 s",
        "ok: no",
        "a: ",
        ".paid: 1.234 KWD",
        ".currency: KWD",
        ".payments: 2",
        "c 1: ",
        ".d: 1",
        "c 2: ",
        ".d: 2",
        "b: none",
    ]
    assert not more


def nested(levels: int) -> dict[str, Any]:
    """As deep as that."""
    found: dict[str, Any] = {"end": 1}
    for _ in range(levels):
        found = {"in": [found]}
    return found


@pytest.mark.parametrize(
    "known",
    [
        {f"n{n}": n for n in range(5_000)},
        {"list": [{"a": n} for n in range(5_000)]},
        {"list": list(range(5_000))},
        {"text": "x" * 100_000, "y" * 10_000: None},
        nested(60),
        {"list": ["x" * 10_000] * 99},
        {"odd": [float("inf"), float("nan"), 10**400, True, None, "", [], {}], "_s": 1e300, "wait_s": -1},
        {"": {"": ""}, "\udfff": "\ud800", "2026-99-99T99:99:99Z": "2026-99-99T99:99:99Z"},
        {},
    ],
    ids=["many", "objects", "plain", "long", "deep", "long list", "odd", "broken", "none"],
)
def test_lines_have_their_bounds(known: dict[str, Any]) -> None:
    """However much is said, in whatever shape."""
    lines, more = fact_lines(known)

    assert len(lines) <= LINES_MAX
    assert more == (len(known) == 5_000 or (isinstance(known.get("list"), list) and isinstance(known["list"][0], dict)))
    assert all(line.depth <= DEPTH_MAX and len(line.text) <= TEXT_MAX for line in lines)
    assert all(line.text.isprintable() and line.label.encode() is not None for line in lines)
