"""Contacts that no routing rule takes, with an example that is one; and channels for which nothing is promised."""

import pytest

from tests.policy.lint.finds import found, places

ROUTES = """
queues: {{q: {{}}}}
severity:
  - {{id: s, when: '"x" in contact.tags', severity: 1}}
routing:
{}
"""


def routes(*conditions: str) -> str:
    """A policy that routes by these conditions."""
    return ROUTES.format("\n".join(f"  - {{id: r{n}, queue: q, when: '{one}'}}" for n, one in enumerate(conditions)))


@pytest.mark.parametrize(
    ("conditions", "example"),
    [
        (['contact.kind == "call"'], "kind ticket, channel email, priority none"),
        (['contact.channel in ["email", "web", "phone"]'], "kind chat, channel chat, priority none"),
        (["contact.severity == 3"], "kind ticket, channel email, priority urgent"),
        (['contact.priority == "none"', "contact.severity > 1"], "kind ticket, channel email, priority urgent"),
        (
            ["contact.severity != 1", 'contact.priority == "urgent"'],
            "kind ticket, channel email, priority none, tagged x",
        ),
        (['contact.direction == "inbound"'], "kind ticket, channel email, priority none, direction outbound"),
        (['contact.status != "open"'], "kind ticket, channel email, priority none, status open"),
        (['contact.subject == "x"'], "kind ticket, channel email, priority none"),
        (["contact.fields.x == 1 || !(contact.fields.x == 1)"], "kind ticket, channel email, priority none"),
        (["!contact.customer.known"], "kind ticket, channel email, priority none, its other fields filled"),
        (["contact.fields.x == 1", "!has(contact.fields.x)"], ""),
    ],
)
def test_unrouted(conditions: list[str], example: str) -> None:
    """Told at the key of the section, with a contact that the rules have been asked of; none is made up."""
    lines = found(routes(*conditions), "unrouted")

    assert bool(lines) == bool(example)
    assert all(
        line.startswith("4:1: unrouted: ") and f"a contact of {example} matches no rule" in line for line in lines
    )


@pytest.mark.parametrize(
    "conditions",
    [
        ["true"],
        ['contact.kind in ["ticket", "call"]', 'contact.kind in ["chat", "mention"]'],
        ["contact.severity < 3", "contact.severity >= 3"],
        ['contact.subject == ""', 'contact.subject != ""'],
        ["contact.subject.size() == 0", "contact.subject.size() > 0"],
        ['!(contact.status in ["solved", "closed", "merged", "deleted"])'],
    ],
)
def test_everything_is_routed(conditions: list[str]) -> None:
    """No gap, whatever the search can't know; a contact that is over needs no queue."""
    assert places(routes(*conditions), "unrouted") == []


def test_no_routing_at_all() -> None:
    """A policy that doesn't route owes nobody a queue."""
    assert places("severity:\n  - {id: s, severity: 1}\n", "unrouted", "uncovered-channel") == []


def test_uncovered_channels() -> None:
    """They are named in one finding at the key; a rule for calls covers no channel that it excludes."""
    text = """
    name: x
    sla:
      - {id: a, metric: first_reply, within: 1h, when: 'contact.channel in ["email", "web", "phone", "other", "api"]'}
      - {id: b, metric: speed_of_answer, within: 1h, when: 'contact.kind == "call" && contact.channel == "sms"'}
      - {id: c, metric: resolution, within: 1h, when: 'contact.channel == "social" && contact.severity == 9'}
    """

    assert found(text, "uncovered-channel") == [
        "2:1: uncovered-channel: nothing is promised for chat, in_app, whatsapp, social; "
        "add a rule if something should be"
    ]


def test_every_channel_is_covered() -> None:
    """A rule without a channel in its condition covers all."""
    assert places("sla:\n  - {id: a, metric: resolution, within: 1h, when: contact.severity == 1}\n") == []
