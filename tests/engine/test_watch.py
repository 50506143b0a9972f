"""The log tells what lags and who is ill: once when it begins, once when it is over, and with no customer's data."""

import json
from typing import Any

from gateway.engine.watch import DELIVERIES_BEHIND_MS, INBOX_BEHIND_MS, JUDGING_BEHIND_MS, Watch
from tests.web.worlds import NOW, M, S, Whole, opened, run

CANARY = "canary-9c1f"


def told(whole: Whole) -> list[dict[str, Any]]:
    """The lines of the log since the last look."""
    lines = [json.loads(line) for line in whole.logged.getvalue().splitlines()]
    whole.logged.truncate(0)
    whole.logged.seek(0)
    return lines


def test_what_lags_is_told_once_and_so_is_its_end() -> None:
    """Records that nobody judges, and deliveries that nobody takes; however often it is looked at."""

    async def work(whole: Whole) -> None:
        watch = Watch(whole.gateway.world, whole.gateway.links)
        await whole.post(opened(1, NOW, subject=CANARY, tags=["outage"], customer={"email": f"{CANARY}@x.io"}))
        told(whole)
        whole.clock.at += INBOX_BEHIND_MS
        await watch.step()
        nothing = told(whole)
        whole.clock.at += S
        for _ in range(3):
            await watch.step()
        begun = told(whole)
        await whole.judge()
        await watch.step()
        ended = told(whole)
        whole.clock.at += 20 * M
        await whole.judge()
        whole.clock.at += DELIVERIES_BEHIND_MS + S
        await watch.step()
        behind = told(whole)

        assert nothing == []
        assert begun == [{"event": "inbox_behind", "connector": "shop", "waiting": 1, "oldest_s": 61}]
        assert ended == [{"event": "inbox_caught_up", "connector": "shop"}]
        assert [(line["event"], line["endpoint"]) for line in behind] == [("deliveries_behind", "helpdesk")]
        assert CANARY not in json.dumps([begun, ended, behind])

    run(work)


def test_a_connector_that_is_ill_and_judging_that_lags_are_told() -> None:
    """With the last fault, and no secret in it."""

    async def work(whole: Whole) -> None:
        watch = Watch(whole.gateway.world, whole.gateway.links)
        whole.gateway.world.meters.judged_to = NOW - JUDGING_BEHIND_MS - S
        for _ in range(5):
            whole.gateway.links["shop"].fault(RuntimeError("Bearer abcdefgh"))
        await watch.step()
        await watch.step()
        begun = told(whole)
        whole.gateway.links["shop"].worked()
        whole.gateway.world.meters.judged_to = NOW
        await watch.step()
        ended = told(whole)

        assert begun == [
            {"event": "judging_behind", "lag_s": 11},
            {"event": "connector_ill", "connector": "shop", "faults": 5, "fault": "RuntimeError: Bearer ***"},
        ]
        assert [line["event"] for line in ended] == ["connector_well", "judging_caught_up"]

    run(work)
