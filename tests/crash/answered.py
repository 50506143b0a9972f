"""What must hold of enrichers when all is quiet: who was asked about was answered, once, and is who the customer is."""

from collections.abc import Iterator

from gateway.model.event import EnrichmentReceived
from tests.acceptance.kept import Kept, Story


def answers(found: Kept) -> list[str]:
    """The ids of what enrichers are known to have said: those that follow from what was asked, each once."""
    return [f"{request}/{outcome}" for story in found.stories.values() for request, outcome in _said(story)]


def not_answered(found: Kept) -> Iterator[str]:
    """Every contact with a customer knows what the enricher says of that one, asked and answered by what follows; those
    that were read in hindsight, too: what falls due of them later needs it."""
    for id, story in found.stories.items():
        contact = story.row.state.contact if story.row.state else None
        if contact is not None and contact.customer.known and not contact.ended:
            last = contact.answers.get("who")
            if last is None or last.reason:
                yield f"contact {id} was never answered: {last}"
            elif contact.facts["who"]["email"] != contact.customer.email:
                yield f"contact {id} has the facts of somebody else"


def _said(story: Story) -> set[tuple[str, str]]:
    """What was said of a contact, by request and outcome, as far as it was asked."""
    asked = {entry.id for entry in story.said("enrichment.requested") if not entry.suppressed}
    events = (entry.event for entry in story.history)
    said = {(event.id.partition("/")[0], event.status) for event in events if isinstance(event, EnrichmentReceived)}
    return {one for one in said if one[0] in asked}
