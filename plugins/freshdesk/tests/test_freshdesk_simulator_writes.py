"""What foreign clients write through the simulated account's API: it happens as if people did it, and bad wishes are
refused in Freshdesk's words."""

import json
from typing import Any

import pytest

from plugins.freshdesk.tests.helpdesk import Desk, play

ADA = {"email": "ada@customer.example", "name": "Ada"}


def test_a_ticket_lives_through_the_api() -> None:
    """Opened, changed, answered, noted, edited, deleted and restored: each is shown, and each is told by a webhook."""

    async def work(desk: Desk) -> None:
        wish = {**ADA, "subject": "Help", "description": "It broke.", "status": 3, "priority": 2, "tags": ["a", "b"]}
        status, made, _ = await desk.ask("tickets", "POST", json=wish)
        assert (status, made["status"], made["tags"], made["description_text"]) == (201, 3, ["a", "b"], "It broke.")
        path = f"tickets/{made['id']}"
        status, row, _ = await desk.ask(path, "PUT", json={"tags": ["c"], "status": 2, "custom_fields": {"cf_x": 1}})
        assert (status, row["tags"], row["status"], row["custom_fields"]) == (200, ["c"], 2, {"cf_x": 1})
        status, said, _ = await desk.ask(f"{path}/reply", "POST", json={"body": "Like this."})
        assert (status, said["private"], said["incoming"]) == (201, False, False)
        assert (await desk.ask(f"{path}/notes", "POST", json={"body": "Hm."}))[1]["private"] is True
        open_note = await desk.ask(f"{path}/notes", "POST", json={"body": "Hm.", "private": False})
        assert open_note[1]["private"] is False
        edited = await desk.ask(f"conversations/{said['id']}", "PUT", json={"body": "Like that."})
        assert (edited[0], edited[1]["body_text"]) == (200, "Like that.")
        assert (await desk.ask(path, "DELETE"))[0] == 204
        for method, part, sent in (("PUT", "", {"priority": 1}), ("POST", "/reply", {"body": "x"}), ("DELETE", "", {})):
            assert (await desk.ask(f"{path}{part}", method, json=sent))[0] == 405
        assert (await desk.ask(f"{path}/restore", "PUT"))[0] == 204
        assert (await desk.ask(f"{path}/restore", "PUT"))[0] == 404
        await desk.simulator.settled()
        assert [json.loads(body)["freshdesk_webhook"]["ticket_id"] for _, body in desk.pushed] == [made["id"]] * 8

    play(work)


def test_a_mail_to_a_customer_is_a_ticket() -> None:
    """Source 10; it wants an address, a subject and from where it is sent."""

    async def work(desk: Desk) -> None:
        wish = {"email": "bo@customer.example", "subject": "News", "description": "Hi", "email_config_id": 1}
        status, made, _ = await desk.ask("tickets/outbound_email", "POST", json=wish)
        assert (status, made["source"]) == (201, 10)
        del wish["email_config_id"]
        status, content, _ = await desk.ask("tickets/outbound_email", "POST", json=wish)
        assert (status, content["errors"][0]["field"]) == (400, "email_config_id")

    play(work)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"subject": "x"}, "email"),
        ({**ADA, "status": 99}, "status"),
        ({**ADA, "status": True}, "status"),
        ({**ADA, "priority": "high"}, "priority"),
        ({**ADA, "source": 77}, "source"),
        ({**ADA, "tags": "vip"}, "tags"),
        ({**ADA, "custom_fields": []}, "custom_fields"),
        ({**ADA, "colour": "red"}, "colour"),
    ],
)
def test_a_bad_wish_is_refused(wish: dict[str, Any], field: str) -> None:
    """400 with the field that is wrong, and nothing is there."""

    async def work(desk: Desk) -> None:
        status, content, _ = await desk.ask("tickets", "POST", json=wish)
        assert (status, content["description"]) == (400, "Validation failed")
        assert content["errors"][0]["field"] == field
        assert await desk.get("tickets") == []

    play(work)


def test_what_is_no_json_object_is_refused() -> None:
    """400, whatever it is; without words there is no reply; what isn't there can't be written to."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket()
        for sent in (b"", b"[]", b"{", b"\xff"):
            assert (await desk.ask("tickets", "POST", data=sent))[1]["code"] == "invalid_json"
        assert (await desk.ask(f"tickets/{ticket}/reply", "POST", json={"body": ""}))[0] == 400
        for path, method in (("tickets/9", "PUT"), ("tickets/9/notes", "POST"), ("conversations/9", "PUT")):
            assert (await desk.ask(path, method, json={"body": "x"}))[:2] == (404, b"")
        assert (await desk.ask("groups", "POST", json={}))[:2] == (404, b"")

    play(work)


def test_contacts_are_made_changed_and_deleted() -> None:
    """An address is taken once; a contact's change touches no ticket; who is deleted is in no list, and may be restored
    or deleted for good."""

    async def work(desk: Desk) -> None:
        status, made, _ = await desk.ask("contacts", "POST", json=ADA)
        assert (status, made["email"]) == (201, ADA["email"])
        assert (await desk.ask("contacts", "POST", json=ADA))[0] == 409
        ticket = desk.simulator.open_ticket(requester=(ADA["name"], ADA["email"]))
        desk.now += 60_000
        path = f"contacts/{made['id']}"
        assert (await desk.ask(path, "PUT", json={"phone": "+15551234"}))[1]["phone"] == "+15551234"
        row = await desk.get(f"tickets/{ticket}", include="requester")
        assert (row["requester"]["phone"], row["updated_at"]) == ("+15551234", "2026-03-02T09:00:00Z")
        assert (await desk.ask(f"{path}/restore", "PUT"))[0] == 404
        assert (await desk.ask(f"{path}/hard_delete", "DELETE"))[0] == 404
        assert (await desk.ask(path, "DELETE"))[0] == 204
        assert await desk.get("contacts") == []
        assert (await desk.get(path))["deleted"] is True
        assert (await desk.ask(f"{path}/restore", "PUT"))[0] == 204
        assert len(await desk.get("contacts")) == 1
        assert (await desk.ask(f"{path}/hard_delete?force=True", "DELETE"))[0] == 204
        assert (await desk.ask(path, "PUT", json={}))[:2] == (404, b"")
        row = await desk.get(f"tickets/{ticket}", include="requester")
        assert (row["requester_id"], row["requester"]) == (made["id"], None)
        assert await desk.get("tickets", email=ADA["email"]) == []

    play(work)


def test_a_contact_becomes_an_agent() -> None:
    """And is both; an agent is changed and removed."""

    async def work(desk: Desk) -> None:
        made = (await desk.ask("contacts", "POST", json=ADA))[1]
        status, both, _ = await desk.ask(f"contacts/{made['id']}/make_agent", "PUT", json={"occasional": False})
        assert (status, both["email"], both["agent"]["contact"]["email"]) == (200, ADA["email"], ADA["email"])
        path = f"agents/{both['agent']['id']}"
        assert (await desk.ask(path, "PUT", json={"job_title": "Lead"}))[1]["contact"]["job_title"] == "Lead"
        assert (await desk.ask(path, "DELETE"))[0] == 204
        assert (await desk.ask(path))[:2] == (404, b"")

    play(work)
