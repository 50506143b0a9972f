"""The people who run a universe's gateway: what they do takes effect, and breaks no law."""

import pytest

from gateway.kernel.ports import NetRequest
from gateway.kernel.signing import parse_secret, sign
from tests.simulation import life
from tests.simulation.world import endpoints, operators, swarm
from tests.simulation.world.around import SECRET, Around, one, run
from tests.simulation.world.endpoints import STEADY
from tests.simulation.world.net import SimNet
from tests.simulation.world.swarm import Swarm
from tests.support.secrets import secret_of

DAYS = 0.4


def test_a_universe_of_busy_operators_breaks_no_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replays of all kinds, changed secrets, an endpoint that is enabled long before the end; nothing else is wrong."""
    told: list[str] = []
    monkeypatch.setattr(swarm, "drawn", lambda _: Swarm(shuffled=True, replays=150.0, endpoint_gone=True))
    monkeypatch.setattr(operators, "ROTATIONS_A_DAY", 20.0)
    monkeypatch.setattr(operators, "BETWEEN_S", (1_800.0, 3_600.0))
    monkeypatch.setattr(operators, "LOOKS_A_DAY", 24.0)
    monkeypatch.setattr(endpoints, "WITHIN_MS", 3 * 3_600_000)

    outcome = life.live(1, days=DAYS, tell=told.append)

    assert [str(violation) for violation in outcome.violations] == []
    assert outcome.faults["replay"] > 30
    assert outcome.faults["secrets"] > 3
    assert outcome.figures["doubled"] > 20
    healed = told.index(next(line for line in told if " healed" in line))
    assert any(" enabled " in line for line in told[:healed])
    for kind in ("delivery", "record", " of "):
        assert any(" replay " in line and kind in line for line in told[:healed])


def test_an_endpoint_that_changes_its_secret_takes_the_new_one_alone() -> None:
    """Also beside an old one; what only the old one signs is not proved any more."""

    async def story(around: Around) -> None:
        endpoint = one(around, STEADY)
        new = secret_of("new")

        async def sent(*texts: str) -> int:
            body = b"{}"
            headers = sign([parse_secret(text) for text in texts], "n1", around.now() // 1000, body)
            request = NetRequest("POST", endpoint.url, headers, body)
            return (await SimNet(around).request(request, deadline_s=15.0)).status

        assert await sent(new, SECRET) < 300
        endpoint.trust([new])
        assert await sent(new, SECRET) < 300
        assert await sent(new) < 300
        assert await sent(SECRET) == 401
        assert endpoint.known == [SECRET, new]

    run(story)
