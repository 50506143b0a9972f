"""Whatever a vendor or an operator writes stays text, on every page, drawn at once or brought in later."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.acceptance.process import contact_of, event, now_ms, opening
from tests.acceptance.receiver import Receiver
from tests.browser.conftest import sign_in
from tests.browser.elements import shown, strange
from tests.browser.hostile import HOSTILE
from tests.browser.places import places
from tests.browser.site import POLICY, WebSite, of_outside
from tests.browser.watch import Watch

Sight = Callable[..., Page]
COUNT = len(HOSTILE)
A_POST = 20

# A text that runs says so; a property that a template's constructor sets would be seen as well.
CANARY = """
window.addEventListener("securitypolicyviolation", (event) => { window.__violated = event.violatedDirective; });
"""
RAN = "() => [window.__pwned, window.__violated, ({}).__pwned].filter((one) => one !== undefined)"


BRING = "address => htmx.ajax('GET', address, {source: '#live', target: '#live', swap: 'innerHTML'})"
OPENED = 8
"""Of so many contacts one is opened as a page; every one is brought into a page that is open, which is quicker."""

PAUSE = """async (reason) => {
  await fetch("/connectors/zendesk/pause", {method: "POST", body: new URLSearchParams({reason})});
  await htmx.ajax("GET", "/connectors", {source: "#live", target: "#live", swap: "innerHTML"});
}"""
RESUME = "() => fetch('/connectors/zendesk/resume', {method: 'POST'})"


def text_of(contact: int, field: int) -> str:
    """Each field has another text, and over all contacts each field has had every text."""
    return HOSTILE[(contact + 29 * field) % COUNT]


def ticket(contact: int) -> str:
    """A vendor's name for an object, hostile where it may be: 200 characters and not empty."""
    return f"{contact}{text_of(contact, 0)}"[:200]


def coming(contact: int) -> Iterator[dict[str, Any]]:
    """All that a vendor may say of one contact, with a hostile text wherever there may be a text."""
    at, name = now_ms(), ticket(contact)
    text = [text_of(contact, field) for field in range(28)]
    customer = {
        "id": text[1],
        "email": f"{text[2]}@{text[3]}",
        "phone": text[4],
        "name": text[5],
        "handles": [{"network": text[6], "handle": text[7]}],
        "verified": [text[8]],
    }
    say = {"group": text[9], "assignee": text[10], "language": text[11], "fields": {text[12]: text[13]}}
    yield opening(
        name, at, id=f"o{contact}", subject=text[0], customer=customer, tags=["grave", text[14], text[15]], **say
    )
    yield event(
        "message.added",
        name,
        at + 1,
        f"m{contact}",
        author={"kind": "customer", "id": text[16], "name": text[17]},
        text=text[18],
    )
    yield event(
        "call.queued", name, at + 2, f"{contact}{text[19]}"[:200], agent=text[19], queue=text[20], reason=text[21]
    )
    yield event("contact.acknowledged", name, at + 3, f"a{contact}", by=text[22])
    yield event("bot.handed_over", name, at + 4, f"b{contact}", topic=text[23])
    knows = {"status": "ok", "facts": {text[24]: {text[25]: [text[26], {text[27]: 1}]}}}
    yield event("enrichment.received", name, at + 5, f"k{contact}", enricher="payments", **knows)
    fails = {"status": "unavailable", "reason": text[25]}
    yield event("enrichment.received", name, at + 6, f"u{contact}", enricher=f"e{text[24]}"[:200], **fails)


def batches(events: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """So many events at a time as a body may bring."""
    while batch := list(islice(events, A_POST)):
        yield batch


def hostile_policy() -> str:
    """Each text is a team's name, and what a rule compares a subject with, by which the contact is then routed."""
    queues = [f"  q{number}: {{team: {escaped(text[:100])}, tier: 1}}" for number, text in enumerate(HOSTILE)]
    routing = [
        f"  - {{id: r{number}, when: {escaped(f'contact.subject == {escaped(text)}')}, queue: q{number}}}"
        for number, text in enumerate(HOSTILE)
        if len(text) < 1_000
    ]
    text = POLICY.replace("\nqueues:\n", "\nqueues:\n" + "\n".join(queues) + "\n")
    return text.replace("\nrouting:\n", "\nrouting:\n" + "\n".join(routing) + "\n")


def escaped(text: str) -> str:
    """The text as YAML and CEL write it in quotes, with nothing in it but ASCII."""
    letters = [
        f"\\{letter}"
        if letter in '"\\'
        else letter
        if " " <= letter <= "~"
        else f"\\u{ord(letter):04x}"
        if ord(letter) < 0x10000
        else f"\\U{ord(letter):08x}"
        for letter in text
    ]
    return f'"{"".join(letters)}"'


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    """A gateway of which every vendor, customer and author of a policy means ill."""
    with Receiver() as receiver:
        site = WebSite(tmp_path_factory.mktemp("hostile"), endpoint=receiver.url, policy=hostile_policy())
        site.write()
        try:
            site.start()
            yield site
        finally:
            site.clear()
    assert site.faults() == []


@pytest.mark.timeout(180)
def test_no_text_is_ever_more_than_text(
    hostile: WebSite,
    see: Sight,
    contacts: dict[str, str],
    new_context: Callable[..., BrowserContext],
    watch: Watch,
    site: WebSite,
) -> None:
    """No script runs, nothing is asked for, no element or attribute appears that our templates don't have."""
    known = harmless(site, see, contacts)
    watch.origins.add(hostile.address)
    context = new_context()
    context.add_init_script(CANARY)
    page = context.new_page()
    sign_in(page, hostile)
    for contact in range(COUNT):
        for batch in batches(coming(contact)):
            hostile.post(*batch)
        hostile.push({"type": text_of(contact, 0), "id": text_of(contact, 1), "detail": {"id": text_of(contact, 2)}})
    expect(page.locator("#sums")).to_contain_text(str(COUNT), timeout=60_000)
    found = looked_at(page, known, "the board, brought in")
    while (further := page.locator("#next")).count():
        further.click()
        page.wait_for_url("**/?after=*")
        found += looked_at(page, known, f"the board, {page.url}")
    acknowledge(hostile)
    ids = [contact_of(ticket(contact)) for contact in range(COUNT)]
    for place in (*places(site_of(hostile, ids[0])), *(f"/contacts/{id}" for id in ids[::OPENED])):
        page.goto(f"{hostile.address}{place}")
        found += looked_at(page, known, place)
    for place in (*(f"/contacts/{id}" for id in ids), *asked(), *kept(hostile)):
        page.evaluate(BRING, place)
        found += looked_at(page, known, f"{place}, brought in")
    for text in HOSTILE[::OPENED]:
        page.evaluate(PAUSE, text[:200])
        found += looked_at(page, known, f"the connectors, paused because of {text[:40]}")
        page.evaluate(RESUME)

    assert found == [], "\n".join(found)
    assert [asked for asked in watch.requests if "pwned" in urlsplit(asked).path] == []


def harmless(site: WebSite, see: Sight, contacts: dict[str, str]) -> set[tuple[str, str]]:
    """What the pages have of which nobody means ill."""
    page, known = see("/"), set()
    for place in places(contacts):
        page.goto(f"{site.address}{place}")
        known |= shown(page)
    return known


def looked_at(page: Page, known: set[tuple[str, str]], where: str) -> list[str]:
    """What is wrong with a page."""
    return [f"{where}: {what}" for what in [*strange(page, known), *map(str, page.evaluate(RAN))]]


def site_of(site: WebSite, contact: str) -> dict[str, str]:
    """One of everything that pages are about."""
    one = {name: contact for name in ("wait", "grave", "quick", "paused", "done", "late")}
    return {**one, **of_outside(site)}


def asked() -> Iterator[str]:
    """Addresses in which a person looks for a hostile text, or tries a policy with one."""
    for text in HOSTILE:
        yield f"/?{urlencode({'text': text[:100], 'queue': text[:60]})}"
    for text in HOSTILE[::OPENED]:
        yield f"/policy?{urlencode({'channel': 'chat', 'subject': text[:200], 'tags': text[:100], 'zone': 'UTC'})}"


def kept(site: WebSite) -> Iterator[str]:
    """What vendors sent and couldn't be understood, and notices as they went out: both show what they hold."""
    for record in site.api("/api/v1/inbox?state=parked&limit=500").json["records"]:
        yield f"/inbox/{record['id']}"
    for delivery in site.api("/api/v1/deliveries?limit=500").json["deliveries"][::OPENED]:
        yield f"/deliveries/{delivery['id']}"


def acknowledge(site: WebSite) -> None:
    """Somebody with a hostile name acknowledges every escalation."""
    for contact in range(COUNT):
        name, at = ticket(contact), now_ms()
        shown = json.loads(site.api(f"/api/v1/contacts/{contact_of(name)}").body)
        calls = [escalation["id"] for escalation in shown["escalations"]]
        by = text_of(contact, 0) or "x"
        site.post(*(event("escalation.acknowledged", name, at, f"e{call}", escalation=call, by=by) for call in calls))
