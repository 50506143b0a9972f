"""The map of a policy: what stands in its boxes and on its links, and what it says in a sentence."""

from pathlib import Path

from gateway.kernel.board import QueueRow, Tally
from gateway.policy import presets
from gateway.policy.lint import findings
from gateway.policy.load import load_policy
from gateway.policy.outline import Outline, outline_of
from gateway.web.pages.policy_map import RULES_MAX, Used, caption, drawn, used_of
from gateway.web.pages.policy_values import map_values
from tests.web.worlds import POLICY


def outline(text: str = POLICY) -> Outline:
    """A policy's outline."""
    loaded = load_policy(text, "p.yaml")
    return outline_of(loaded, findings(loaded))


def row(queue: str, open: int) -> QueueRow:
    """So many open contacts of a queue."""
    return QueueRow(
        queue=queue,
        team="",
        channel="email",
        open=open,
        waiting=0,
        longest_since=None,
        breached=0,
        at_risk=0,
        soonest_due=None,
        unassigned=0,
        paused=0,
    )


USED = used_of(
    [
        Tally(hour=0, type="contact.routed", rule="default", target="general", count=9),
        Tally(hour=3_600_000, type="contact.routed", rule="default", target="general", count=3),
        Tally(hour=0, type="contact.routed", rule="outage", target="engineers", count=4),
        Tally(hour=0, type="sla.breached", rule="urgent-first-reply", target="first_reply", count=2),
        Tally(hour=0, type="sla.met", rule="work", target="agent_work", count=5),
        Tally(hour=0, type="escalation.raised", rule="outage-late", target="sev1", count=2),
        Tally(hour=0, type="escalation.stepped", rule="outage-late", target="sev1", count=7),
        Tally(hour=0, type="contact.opened", rule="", target="", count=99),
    ],
    [row("general", 3), row("general", 2), row("engineers", 1)],
)


def test_links_carry_the_counts_of_a_day() -> None:
    """Of routing by rule and queue, of clocks by rule, of escalations by rule and chain."""
    found = drawn(outline(), USED)
    assert found is not None
    words = {(link.drawn.link.source, link.drawn.link.target): link.drawn.link.word for link in found.links}
    assert words["routing/default", "queue/general"] == "12"
    assert words["sla/urgent-first-reply", "escalation/outage-late"] == "2 breached"
    assert words["escalation/outage-late", "chain/sev1"] == "2"
    assert words["severity/outage", "routing/outage"] == ""
    lines = {box.name: box.lines for box in found.boxes}
    assert "5 contacts open" in lines["general"]
    assert lines["work"] == ("agent work 3 d", "5 met")
    assert lines["email-first-reply"][-1] == "0 in 24 h"


def test_the_caption_states_what_the_map_shows() -> None:
    """And the words are right for one and for none."""
    assert caption(outline(), USED) == (
        "16 times a contact was routed in the last 24 hours, 12 of them by default to general; 2 escalations were "
        "raised, all of them by outage-late to sev1; 1 other rule did nothing in that time."
    )
    assert caption(outline(), Used()) == (
        "0 times a contact was routed in the last 24 hours; 0 escalations were raised; 6 other rules did nothing in "
        "that time."
    )
    one = Used(routed={("default", "general"): 1})
    assert caption(outline(), one).startswith("1 time a contact was routed in the last 24 hours, by default to general")


def test_a_rule_that_never_takes_effect_is_struck_with_its_finding() -> None:
    """And isn't told as one that happened to do nothing."""
    found = outline(POLICY + '  - {id: never, when: "false", on: matched, chain: sev1}\n')
    shown = drawn(found, USED)
    assert shown is not None
    assert {box.name: box.dead for box in shown.boxes}["never"] == "never-matches"
    assert "1 rule can never take effect" in caption(found, USED)
    values = map_values(found, USED)
    assert [rule["takes_effect"] for rule in values["sections"]["escalation"]] == [True, False]


def test_what_a_tried_contact_takes_is_lit() -> None:
    """Boxes, and the links between two of them."""
    found = drawn(outline(), USED, {"severity/outage", "routing/outage", "queue/engineers"})
    assert found is not None
    assert [box.name for box in found.boxes if box.lit] == ["outage", "outage", "engineers"]
    assert [link.drawn.link.target for link in found.links if link.lit] == ["routing/outage", "queue/engineers"]


def test_so_many_rules_are_drawn_and_no_more() -> None:
    """Beyond that the tree has them all."""
    rules = "".join(f"  - {{id: r{number}, when: contact.severity == 1, queue: q}}\n" for number in range(RULES_MAX))
    text = f"version: 1\nqueues: {{q: {{}}}}\nrouting:\n{rules}"
    assert drawn(outline(text), USED) is not None
    assert drawn(outline(text + "  - {id: last, queue: q}\n"), USED) is None


def test_the_presets_are_drawn() -> None:
    """Whole, and every name in them is in the drawing."""
    for name in ("orion", "orion-stars"):
        found = outline(Path(presets.__file__).with_name(f"{name}.yaml").read_text())
        shown = drawn(found, Used())
        assert shown is not None
        assert len(shown.boxes) == found.size + len(found.queues) + len(found.chains)
