"""The policy page: the map, its words, and the try-it box."""

from urllib.parse import urlencode

import msgspec

from gateway.policy.load import load_policy
from gateway.web.admin import admin_app
from tests.web.raw import ask, served
from tests.web.test_pages import HOSTILE, Page, fetched, got, story
from tests.web.worlds import POLICY, TOKEN, Whole, run


def test_the_page_tells_the_policy_in_force() -> None:
    """Its rules with their places and conditions, its promises and calendars, and what each did."""

    async def work(whole: Whole) -> None:
        await story(whole)
        page = await got(whole, "/policy")
        words = " ".join(page.text.split())
        assert "3 times a contact was routed in the last 24 hours, 2 of them by outage to engineers" in words
        assert "first reply within 15 min of always" in words
        assert 'contact.channel == "email"' in words
        assert "Europe/Berlin mon-fri 08:00-12:00, 13:00-18:00" in words
        assert "team t3 , tier 3" in words or "team t3, tier 3" in words
        assert page.all("svg")
        values = msgspec.json.decode((await fetched(whole, "/policy.json")).body)
        assert [rule["count_24h"] for rule in values["sections"]["routing"]] == [2, 1]
        line = values["sections"]["routing"][0]["line"]
        assert "id: outage, when: contact.severity" in POLICY.split("\n")[line - 1]
        assert {queue["id"]: queue["open"] for queue in values["queues"]} == {"general": 1, "engineers": 2}

    run(work)


def test_a_contact_is_tried_out_by_the_address_of_the_page() -> None:
    """The answer begins with what matches; times are those of the zone that was asked in."""

    async def work(whole: Whole) -> None:
        asked = {"channel": "email", "tags": "outage", "at": "2026-03-02T10:00", "zone": "Europe/Berlin"}
        page = await got(whole, f"/policy?{urlencode(asked)}")
        words = " ".join(page.text.split())
        assert "A ticket by email that opens at 2026-03-02 10:00:00, Europe/Berlin" in words
        assert "Severity 1 rule outage" in words
        assert "Queue engineers, team t3, tier 3 rule outage" in words
        assert "due 2026-03-02 10:15:00" in words
        assert "escalation raised, chain sev1" in words
        assert "lead → helpdesk" in words
        assert "box lit" in " ".join(element.get("class") or "" for element in page.all("g"))
        values = msgspec.json.decode((await fetched(whole, f"/policy.json?{urlencode(asked)}")).body)
        assert values["tried"]["route"]["queue"] == "engineers"
        fields = {element.get("name"): element.get("value") for element in page.all("input")}
        assert fields["at"] == "2026-03-02T10:00:00"
        told = await got(whole, f"/policy?{urlencode({'at': '2026-03-02T09:00:00Z', 'zone': 'Asia/Kolkata'})}")
        assert {element.get("name"): element.get("value") for element in told.all("input")}[
            "at"
        ] == "2026-03-02T14:30:00"
        contact = msgspec.json.encode({"channel": "email", "priority": "high"}).decode()
        pasted = await got(whole, f"/policy?{urlencode({'contact': contact})}")
        assert "Severity 2 rule paying" in " ".join(pasted.text.split())

    run(work)


def test_what_is_wrong_stands_beside_its_field() -> None:
    """And the form keeps what was typed."""

    async def work(whole: Whole) -> None:
        asked = {"channel": "emial", "at": "tomorrow", "fields": "a", "tags": "kept", "zone": "Europe/Berlin"}
        page = await got(whole, f"/policy?{urlencode(asked)}")
        fields = {
            element.get("name"): element for kind in ("input", "select", "textarea") for element in page.all(kind)
        }
        for name in ("channel", "at", "fields"):
            assert fields[name].get("aria-invalid") == "true"
            for told in (fields[name].get("aria-describedby") or "").split():
                assert told in {element.get("id") for element in page.all("span")}
        assert fields["tags"].get("value") == "kept"
        assert "did you mean 'email'?" in page.text
        assert "3 fields can't be used" in page.text
        json = await got(whole, f"/policy?{urlencode({'contact': '{'})}")
        assert "it is no JSON" in json.text

    run(work)


def test_hostile_texts_stay_texts() -> None:
    """In every field of the form, wrong or right, and pasted."""

    async def work(whole: Whole) -> None:
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            for text in HOSTILE:
                short = text[:100]
                right = {"tags": short.replace(",", ""), "subject": text[:300], "group": short}
                right |= {"fields": f"a={short}", "customer": f"name={short}", "facts": f"p.t={short}"}
                wrong = dict.fromkeys(("channel", "kind", "at", "zone", "fields", "customer", "facts"), short)
                pasted = [{"contact": text[:600]}, {"contact": "{}", "zone": short}, {"contact": f'{{"{short}": 1}}'}]
                for asked in (right, wrong, {"zone": short}, *pasted):
                    target = f"/policy?{urlencode(asked)}"
                    reply = await ask(port, "GET", target, authorization=f"Bearer {TOKEN}")
                    assert reply.status == 200, (asked, reply.body)
                    page = Page(reply.body.decode())
                    assert {script.get("src", "")[:8] for script in page.all("script")} == {"/static/"}
                    assert not page.all("img")
        assert "request_failed" not in whole.logged.getvalue()

    run(work)


def test_a_question_that_nobody_asks_is_refused() -> None:
    """By name, and a name that stands twice."""

    async def work(whole: Whole) -> None:
        assert (await fetched(whole, "/policy?colour=red")).status == 400
        assert (await fetched(whole, "/policy?tags=a&tags=b")).status == 400

    run(work)


def test_a_policy_that_cannot_be_read_is_said_to_be_so() -> None:
    """And the page stands all the same."""

    async def work(whole: Whole) -> None:
        hostile = POLICY.replace("team: t1", "team: '<b>&'").replace("name: test", "name: other")
        await whole.gateway.follow(load_policy(hostile, "<i>.yaml"))
        page = await got(whole, "/policy?tags=a")
        assert "team <b>&" in " ".join(page.text.split())
        assert "<i>.yaml" in page.text
        policies = whole.gateway.bench.policies
        for row in policies.rows:
            policies._sources[row.hash] = type(next(iter(policies._sources.values())))("p.yaml", "{")
        broken = await got(whole, "/policy")
        assert "can't be used: this program no longer reads it" in broken.text

    run(work)
