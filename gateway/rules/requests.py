"""What is asked of others: of enrichers who the customer is, of connectors to write on the contact.

Laws. An enricher is asked at the opening and when the customer's identities change, once each time, by the first rule
that matches and names it; nobody waits for the answer. Who the customer is belongs to what is asked: an opening that
is read again, with another one, asks again. An action is asked for when its trigger comes true, after
everything else of that instant.
"""

from gateway.model.contact import Contact
from gateway.model.instant import seconds_of
from gateway.rules import triggers
from gateway.rules.draft import Draft


def is_other_customer(before: Contact, after: Contact) -> bool:
    """Whether the customer's identities differ, in whatever order they are told; a name is none."""
    return before.customer != after.customer and before.customer.identities != after.customer.identities


def ask_enrichers(draft: Draft, at: int, cause: str) -> None:
    """Ask what can be known of the customer; `cause` is the id of the event that named it."""
    draft.asked = {}
    for rule in draft.policy.enrich:
        if rule.enricher in draft.asked or f"enrich/{rule.id}" not in draft.matching:
            continue
        draft.asked[rule.enricher] = at
        draft.say(
            "enrichment.requested",
            at,
            cause,
            str(draft.contact.customer.identities),
            rule=rule.id,
            reason=f"rule {rule.id} matched",
            enricher=rule.enricher,
            ttl_s=None if rule.ttl_ms is None else seconds_of(rule.ttl_ms),
        )


def request_actions(draft: Draft, at: int) -> bool:
    """At the end of an instant: ask for the actions that are set off. Whether there were any."""
    anything = False
    for rule in draft.policy.actions:
        for clock in triggers.set_off(draft, "actions", rule):
            anything = True
            cause = ("matched", draft.opened_by) if clock is None else (clock.metric, clock.started_by)
            why = f"rule {rule.id} matched" if clock is None else f"{rule.on} under rule {clock.rule}"
            draft.say(
                "action.requested",
                at,
                *cause,
                rule=rule.id,
                reason=why,
                by_policy=triggers.brought_by_policy(draft, at, "actions", rule.id, clock),
                connector=rule.connector,
                comment=rule.do.comment,
                visibility=rule.do.visibility,
                tags_add=list(rule.do.tags_add),
                sla=None if clock is None else clock.rule,
            )
    return anything
