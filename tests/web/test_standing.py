"""What pages and API say of the policy, and that each contact is read by the one that judged it."""

import re

import pytest

from tests.support.policies import loaded
from tests.web.test_api import data
from tests.web.test_pages import fetched, got, name_of, story
from tests.web.worlds import NOW, POLICY, D, M, Whole, event, opened, run

CHANGED = POLICY.replace("name: test", "name: changed").replace("within: 15m", "within: 45m")
TALKATIVE = """
version: 1
name: talkative
severity:
  - {id: tagged, when: '"t1" in contact.tags', severity: 2}
sla:
  - {id: next, metric: next_reply, within: 1h}
"""


@pytest.mark.parametrize("target", ["/", "/deliveries", "/inbox", "contact"])
def test_every_page_names_the_policy_in_force(target: str) -> None:
    """Name, the beginning of its hash, and since when; with what comes next, all in a part that keeps up to date."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.gateway.follow(loaded(f"{CHANGED}\nfrom: 2026-03-05\n"))
        page = await got(whole, f"/contacts/{name_of(1)}" if target == "contact" else target)
        hash = whole.gateway.bench.policies.rows[0].hash
        words = " ".join(page.text.split())

        assert f"Policy test {hash[:8]} in force for" in words
        assert "then changed in 2 d" in words
        assert "still to be judged" not in words
        assert "hx-swap-oob" not in next(attributes for attributes in page.all("p") if attributes.get("id") == "policy")

    run(work)


def test_a_stranger_is_not_told() -> None:
    """The page of a failure names no policy."""

    async def work(whole: Whole) -> None:
        page = await got(whole, "/nothing", 404)

        assert "Policy" not in page.text

    run(work)


def test_a_contact_is_read_by_the_policy_that_judged_it() -> None:
    """While a new policy takes over, who isn't judged again yet keeps the old one's targets and deadlines; pages and
    figures count who is left, and afterwards say nothing of it."""

    async def work(whole: Whole) -> None:
        await story(whole)
        whole.clock.at += 1
        await whole.gateway.follow(loaded(CHANGED))
        head, contact = await got(whole, "/"), await got(whole, f"/contacts/{name_of(2)}")
        before, left = await data(whole, "/api/v1/contacts/shop:ticket:2"), await data(whole, "/api/v1/policy")
        figures = (await fetched(whole, "/metrics")).body.decode()
        whole.clock.at += 1
        while await whole.gateway.judge_once():
            pass
        judged_head, judged = await got(whole, "/"), await got(whole, f"/contacts/{name_of(2)}")
        after, none_left = await data(whole, "/api/v1/contacts/shop:ticket:2"), await data(whole, "/api/v1/policy")

        assert "3 open contacts still to be judged by it" in " ".join(head.text.split())
        assert "of 15 min of calendar always counted" in contact.text
        assert "an earlier policy; to be judged again" in contact.text
        assert (before["clocks"][0]["target_s"], after["clocks"][0]["target_s"]) == (900, 2700)
        assert (left["left"], left["in_force"]["name"], left["to_come"]) == (3, "changed", None)
        assert "\ngateway_contacts_outdated 3\n" in figures
        assert none_left == {**left, "left": 0}
        assert "still to be judged" not in judged_head.text
        assert "of 45 min of calendar always counted" in judged.text
        assert "to be judged again" not in judged.text

    run(work)


def test_what_has_ended_keeps_its_judgement() -> None:
    """A closed contact is told by its own policy for ever, and waits for no other."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW - M, tags=["outage"]), event("status.changed", 1, NOW, to="closed"))
        await whole.judge()
        whole.clock.at += D
        await whole.gateway.follow(loaded(CHANGED))
        while await whole.gateway.judge_once():
            pass
        page = await got(whole, f"/contacts/{name_of(1)}")

        assert "of 15 min of calendar always counted" in page.text
        assert "to be judged again" not in page.text

    run(work)


def test_what_a_page_leaves_out_is_counted() -> None:
    """Finished clocks that the state no longer carries, and tags that the conditions did not see."""

    async def work(whole: Whole) -> None:
        talk = [
            event("message.added", 1, NOW - 90 * M + number * M, author={"kind": "agent" if number % 2 else "customer"})
            for number in range(1, 81)
        ]
        await whole.post(opened(1, NOW - 90 * M, tags=[f"x{number}" for number in range(70)]), *talk)
        await whole.judge()
        words = " ".join((await got(whole, f"/contacts/{name_of(1)}")).text.split())
        carried = len((await data(whole, "/api/v1/contacts/shop:ticket:1"))["clocks"])

        assert carried < 40
        drawn = len(re.findall("The same as a table", words))
        assert (drawn, f"Finished earlier: {40 - drawn} clocks" in words) == (6, True)
        assert "and 4 before them" in words
        assert "did not get to see 6 of its tags" in words

    run(work, policy=TALKATIVE)


def test_before_the_first_policy_there_is_none() -> None:
    """Its date is still to come: the pages say that none is in force, and a contact that nobody judges by rules."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW))
        await whole.judge()
        whole.gateway.bench.policies.rows = ()
        head = await got(whole, "/deliveries")
        answer = await data(whole, "/api/v1/policy")

        assert "No policy is in force yet" in head.text
        assert answer == {"in_force": None, "to_come": None, "left": 0}
        assert (await fetched(whole, f"/contacts/{name_of(1)}")).status == 200

    run(work)
