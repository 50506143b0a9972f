"""Answers that are remembered: the same as those that aren't, for equal values only, and not without end."""

from typing import Any

import pytest

from gateway.model.contact import Contact, Csat, Facts, Strand
from gateway.model.identity import Customer, Ref
from gateway.policy import together
from gateway.policy.load import load_policy
from gateway.policy.remembered import LENGTH_MAX, key_of

RULES = """
version: 1
name: remembering
queues: {a: {}}
routing:
  - {id: one, when: 'contact.fields.n == true', queue: a}
  - {id: two, when: 'contact.fields.n == 1.0', queue: a}
  - {id: vip, when: 'contact.customer.domain == "x.example" && "vip" in contact.tags', queue: a}
  - {id: low, when: 'contact.csat.ratio < 0.5 && contact.csat.given', queue: a}
  - {id: phone, when: 'contact.customer.phone.startsWith("+1")', queue: a}
  - {id: fails, when: '1 / size(contact.tags) == 1', queue: a}
"""


def contact(**more: Any) -> Contact:
    """A ticket by e-mail."""
    tags = more.pop("tags", ("vip",))
    strand = Strand("desk", Ref("ticket", more.pop("ticket", "1")), "new", tags)
    fields = {"kind": "ticket", "channel": "email", "direction": "inbound", "opened_at": 0, "updated_at": 0}
    return Contact(**{**fields, "strands": (strand,), **more})


CONTACTS = [
    contact(fields={"n": value}, customer=Customer(email=email), tags=tags, csat=csat)
    for value in (True, 1, 1.0, "1", None, False, 0)
    for email in ("a@x.example", "b@y.example", None)
    for tags in ((), ("vip",), ("vip", "x"), ("x" * 99,) * 70, ("vip", "y" * (LENGTH_MAX + 1)))
    for csat in (Csat(), Csat(True, 0.2))
]


def test_what_is_remembered_is_what_would_be_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """`true` is not 1, a failure stays a failure with its reason, whatever was asked before."""
    remembering = load_policy(RULES, "policy.yaml").policy.matcher
    monkeypatch.setattr(together, "key_of", lambda *_: None)
    forgetting = load_policy(RULES, "policy.yaml").policy.matcher

    for each in (*CONTACTS, *CONTACTS[::-1]):
        facts = Facts(contact=each)
        assert remembering.verdict("routing", facts) == forgetting.verdict("routing", facts)


def test_keys_tell_values_apart_and_stay_small() -> None:
    """A long text, too many tags, or a field that hardly comes twice has no key."""
    by_field = key_of(("tags",), {"n"})
    assert by_field is not None
    keys = [by_field(contact(fields={"n": value})) for value in (True, 1, 1.0, "1", None)]
    assert len(set(keys)) == 5
    assert by_field(contact()) not in keys
    assert by_field(contact(tags=("x" * (LENGTH_MAX + 1),))) is None
    assert by_field(contact(tags=("x",) * 65)) is None
    assert by_field(contact(fields={str(number): 1 for number in range(101)})) is None
    one, other = (contact(customer=Customer(email=f"{name}@x.example")) for name in "ab")
    by_domain, by_all = key_of(("customer",), (), {"domain"}), key_of(("customer",), ())
    assert by_domain is not None
    assert by_all is not None
    assert by_domain(one) == by_domain(other)
    assert by_all(one) != by_all(other)
    assert key_of(("subject",), ()) is None
    assert key_of(("facts",), ()) is None
    assert key_of(("opened_at",), ()) is None


def test_so_many_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was asked for least lately goes first."""
    monkeypatch.setattr(together, "REMEMBERED_MAX", 3)
    matcher: Any = load_policy(RULES, "policy.yaml").policy.matcher
    group = matcher._sections["routing"].group
    for number in (1, 2, 3, 1, 4):
        matcher.verdict("routing", Facts(contact=contact(fields={"n": number})))

    remembered = [key[1][-1][0][1] for key in group._remembered]
    assert remembered == [3, 1, 4]
