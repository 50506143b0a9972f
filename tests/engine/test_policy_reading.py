"""The policy in force, read for people: with its places and findings, and tried out."""

import pytest

from gateway.engine.policies import Source
from gateway.kernel.store import StoreUnusable
from gateway.policy.lint import findings
from gateway.policy.load import load_policy
from gateway.policy.tryout.asked import Asked
from tests.web.worlds import NOW, POLICY, Whole, run


def test_a_policy_is_read_once_with_its_places_and_findings() -> None:
    """Until another one comes into force."""

    async def work(whole: Whole) -> None:
        reading = whole.gateway.reading
        first = await reading.in_force(NOW)
        assert first is not None
        assert first is await reading.in_force(NOW)
        assert first.loaded.source is not None
        assert first.policy.hash == first.row.hash
        text = POLICY + '  - {id: never, when: "false", on: matched, chain: sev1}\n'
        await whole.gateway.follow(load_policy(text, "new.yaml"))
        second = await reading.in_force(whole.clock.now())
        assert second is not None
        assert second.file == "new.yaml"
        dead = second.outline.rules["escalation"][-1].dead
        assert dead is not None
        assert dead.id == "never-matches"

    run(work)


def test_what_the_file_allows_is_not_told_unless_a_rule_is_dead() -> None:
    """A queue that nobody uses is allowed; a rule that never takes effect stays one."""

    async def work(whole: Whole) -> None:
        text = (
            POLICY.replace("queues:\n", "queues:\n  spare: {}  # gateway: allow GW103\n")
            + '  - {id: never, when: "false", on: matched, chain: sev1}  # gateway: allow GW120\n'
        )
        loaded = load_policy(text, "policy.yaml")
        codes = {one.id: one.kind.code for one in findings(loaded)}
        text = text.replace("GW103", codes["unused-queue"]).replace("GW120", codes["never-matches"])
        await whole.gateway.follow(load_policy(text, "policy.yaml"))
        read = await whole.gateway.reading.in_force(whole.clock.now())
        assert read is not None
        assert not any(queue.notes for queue in read.outline.queues)
        assert read.outline.rules["escalation"][-1].dead is not None

    run(work)


def test_the_file_as_it_stands_now_has_the_places() -> None:
    """A comment changes no policy, but every line behind it."""

    async def work(whole: Whole) -> None:
        await whole.gateway.follow(load_policy("# a comment\n" + POLICY, "policy.yaml"))
        read = await whole.gateway.reading.in_force(NOW)
        assert read is not None
        assert read.loaded.text.startswith("# a comment")
        assert read.file == "policy.yaml"

    run(work)


def test_the_policy_in_force_is_tried_out() -> None:
    """By the calendars that were kept with it."""

    async def work(whole: Whole) -> None:
        view = await whole.gateway.reading.tried_view(Asked(at=NOW, tags=("outage",)), NOW)
        assert view is not None
        assert view["route"]["queue"] == "engineers"
        assert await whole.gateway.reading.tried_view(Asked(at=NOW), -1) is None

    run(work)


def test_a_policy_that_can_not_be_read_any_more_is_told() -> None:
    """By an older program, say."""

    async def work(whole: Whole) -> None:
        policies = whole.gateway.bench.policies
        await whole.gateway.follow(load_policy(POLICY.replace("15m", "16m"), "policy.yaml"))
        policies._sources = {policies.rows[-1].hash: Source("policy.yaml", "{")}
        with pytest.raises(StoreUnusable, match="can't be used: this program no longer reads it"):
            await whole.gateway.reading.in_force(whole.clock.now())

    run(work)
