"""No card number anywhere: after the corpus has come in by two doors, been judged, told to a receiver and shown, not
one is on the disk, in the log, in a webhook, on a page or in a backup.

The suite sends every 83rd number; `CARDS=all` sends all 5,000.
"""

import base64
import hashlib
import hmac
import html
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode

from gateway.model.instant import Instant, format_instant
from tests.acceptance.kept import is_quiet, wait_for_counts
from tests.acceptance.process import NOWHERE, Answer, Sender, Site, contact_of, event, now_ms, opening
from tests.acceptance.receiver import Receiver
from tests.support.card_corpus import Specimen, positives

ALL = os.environ.get("CARDS") == "all"
SECRET = "the-webhook-secret-of-a-zendesk"
TOKEN = "the-token-of-the-admin"
ADMIN = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
ZENDESK = f"""\
  zendesk:
    plugin: zendesk
    base_url: {NOWHERE}
    allow_private: true
    webhook_secret: {{env: ZENDESK_SECRET}}
    email: robot@example.com
    api_token: {{env: ZENDESK_TOKEN}}
"""
AT_ONCE = 250
"""So many are sent before all of them must be judged and told."""

SHORTEST = 12
FEW = 500
"""Fewer numbers are looked for one by one."""

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def numbers() -> list[Specimen]:
    """The specimens whose number would be known again: a stripe has its number, too."""
    found = list(positives())
    return found if ALL else found[3::83]


def test_no_card_number_is_anywhere(site: Site, receiver: Receiver) -> None:
    """Subjects, names, tags, fields, messages, bodies that nobody can read, people's reasons and searches."""
    sent = numbers()
    site.environ |= {"ZENDESK_SECRET": SECRET, "ZENDESK_TOKEN": "robot", "ADMIN_TOKEN": TOKEN}
    site.more = "admin_token: {env: ADMIN_TOKEN}\n"
    site.write()
    site.config.write_text(site.config.read_text().replace("endpoints:\n", f"{ZENDESK}endpoints:\n", 1))
    daemon = site.start()

    with Sender(daemon.listen) as sender:
        for chunk in in_chunks(list(enumerate(sent))):
            for place, card in chunk:
                assert sender.post(*told(place, card.text)).status == 202
                for body in pushed(place, card.text):
                    assert sender.ask("POST", "/in/zendesk", body, proof(body)).status == 202
            wait_for_counts(site.database_file, is_quiet, "all is judged")
    with Sender(daemon.admin) as sender:
        going_on = sender.ask("GET", "/api/v1/escalations?limit=12", headers=ADMIN).json["escalations"]
        calls = [one["escalation"]["id"] for one in going_on]
        done = [sender.ask("POST", *deed, ADMIN) for deed in deeds(calls, sent)]
        assert len(done) == 13
        assert {answer.status for answer in done} <= {200, 202}, [answer.body for answer in done]
        shown = [sender.ask("GET", path, headers=ADMIN) for path in paths(sent)]
    wait_for_counts(site.database_file, is_quiet, "what people did is judged")
    listed = [site.run(words, "--json").stdout for words in ("contacts list", "inbox list", "deliveries list", "audit")]
    running = copied(site, "running")
    assert daemon.stop() == 0

    assert {answer.status for answer in shown} == {200}
    wanted = {card.number for card in sent}
    begun: set[str] = set()
    stopped = copied(site, "stopped")
    told_outside = {
        "the log": daemon.said(),
        "webhooks": "\n".join(one.body.decode() for one in receiver.tries),
        "pages": "\n".join(text_of(answer) for answer in shown),
        "listings": "\n".join(listed),
    }
    for place, text in chain(texts_of(running), texts_of(stopped), told_outside.items()):
        assert found_in(text, wanted) == set(), place
        if any(card.number[:6] in digits_of(text) for card in sent[:1]):
            begun.add(place)
    assert {"gateway.db", "webhooks", "pages", "listings"} <= begun  # the looking works: what may stay is found
    assert len(receiver.contacts("contact.opened", "escalation.started")) >= len(sent)
    said = daemon.said()
    assert "cards_hidden" in said


def in_chunks(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """As many as are sent at once."""
    for at in range(0, len(things), AT_ONCE):
        yield things[at : at + AT_ONCE]


def told(place: int, text: str) -> Iterator[dict[str, Any]]:
    """An urgent ticket whose every text is this, and a message of it."""
    at = now_ms()
    person = {"kind": "customer", "name": text}
    yield opening(
        f"card{place}",
        at,
        priority="urgent",
        subject=text,
        customer={"id": f"u{place}", "name": text, "email": f"c{place}@example.com"},
        tags=[text],
        fields={"note": text},
    )
    yield event("message.added", f"card{place}", at, author=person, text=text)


def pushed(place: int, text: str) -> Iterator[bytes]:
    """What Zendesk sends of a ticket: that it was made, a comment; and in turns what a trigger's author thought up."""
    at = format_instant(Instant(now_ms()))
    detail = {
        "id": str(place + 1),
        "created_at": at,
        "updated_at": at,
        "priority": "URGENT",
        "status": "NEW",
        "subject": text,
        "description": text,
        "tags": [text],
        "requester_id": str(place + 1),
        "via": {"channel": "mail"},
    }
    comment = {
        "id": f"{place + 7}",
        "is_public": True,
        "body": text,
        "author": {"id": "9", "is_staff": False, "name": text},
    }
    for name, said in (("created", {}), ("comment_added", {"comment": comment})):
        push = {
            "type": f"zen:event-type:ticket.{name}",
            "id": f"{name}-{place}",
            "time": at,
            "subject": f"zen:ticket:{place + 1}",
            "detail": detail,
            "event": said,
        }
        yield json.dumps(push, ensure_ascii=place % 2 == 0).encode()
    if place % 2:
        yield text.encode() if place % 4 == 1 else urlencode({"title": f"Ticket {place}", "text": text}).encode()


def proof(body: bytes) -> dict[str, str]:
    """The headers by which Zendesk proves a push."""
    timestamp = format_instant(Instant(now_ms()))
    mark = hmac.new(SECRET.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return {
        "x-zendesk-webhook-signature": base64.b64encode(mark).decode(),
        "x-zendesk-webhook-signature-timestamp": timestamp,
    }


def deeds(calls: Sequence[str], sent: Sequence[Specimen]) -> Iterator[tuple[str, bytes]]:
    """What people do, and write a card number into the reason of, or into the name of who does it."""
    for call, card in zip(calls, sent, strict=False):
        told = {"reason": card.text[:150], "by": card.text[:150]}
        yield f"/api/v1/escalations/{call}/resolve", json.dumps(told).encode()
    yield "/api/v1/connectors/zendesk/pause", json.dumps({"reason": sent[0].text, "by": sent[1].text}).encode()


def paths(sent: Sequence[Specimen]) -> Iterator[str]:
    """Pages, and what the API says."""
    yield from ("/", "/inbox", "/deliveries", "/connectors", "/endpoints", "/api/v1/inbox?limit=200", "/metrics")
    yield from ("/api/v1/contacts?limit=200", "/api/v1/deliveries?limit=200", "/api/v1/connectors", "/api/v1/audit")
    yield "/api/v1/contacts.csv?limit=200"
    for place in range(6):
        contact = contact_of(f"card{place}")
        yield f"/contacts/{contact}"
        yield from (f"/api/v1/contacts/{contact}{more}" for more in ("", "/explain", "/timeline"))
    for record in range(1, 12):
        yield f"/inbox/{record}"


def copied(site: Site, name: str) -> Path:
    """A backup of the folder, as it lies there at this moment: database, log of changes, whatever is beside it."""
    return Path(shutil.copytree(site.folder, site.folder.parent / f"{site.folder.name}-{name}"))


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of a backup: its name, and what can be read in it."""
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        yield file.name, file.read_bytes().decode("utf-8", "replace")


def text_of(answer: Answer) -> str:
    """A page's text."""
    return answer.body.decode()


def digits_of(text: str) -> str:
    """All digits of a text in one row, whatever stands between them, of any script, escaped or not: an oracle of its
    own, which knows nothing of how card numbers are found."""
    text = html.unescape(_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text))
    text = re.sub(r"[^\d•·]+", "", text)
    return text if text.isascii() else re.sub(r"\d(?<![0-9])", lambda digit: str(int(digit[0])), text)


def found_in(text: str, numbers: set[str]) -> set[str]:
    """The numbers that can be read out of a text."""
    found: set[str] = set()
    for digits in {digits_of(text), digits_of(unquote_plus(text)) if "%" in text else ""}:
        if len(numbers) < FEW:
            found |= {number for number in numbers if number in digits}
            continue
        begun: dict[str, list[str]] = {}
        for number in numbers:
            begun.setdefault(number[:SHORTEST], []).append(number)
        for at in range(len(digits) - SHORTEST + 1):
            found.update(
                number for number in begun.get(digits[at : at + SHORTEST], ()) if digits.startswith(number, at)
            )
    return found


def test_the_search_finds_what_is_there() -> None:
    """In every spelling: else the search above would prove nothing."""
    specimens = list(positives(400))
    for write in (str, json.dumps, lambda text: urlencode({"text": text})):
        for one in specimens:
            assert found_in(f"id 42: {write(one.text)} 7", {one.number}) == {one.number}, one
            assert not found_in(write(one.left), {one.number})
