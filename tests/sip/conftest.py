"""One gateway and one Kamailio for all tests here, and telephones that are cleared away however a test ends."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.sip.calls import PLANS, Plan
from tests.sip.kamailio import Kamailio, config
from tests.sip.peers import WANTED, Peers, found
from tests.sip.ports import HOST, free_port
from tests.sip.scenarios import SUPPORT, Step, scenario
from tests.sip.sipp import Phone
from tests.sip.site import PhoneSite, changed


class Telephone(Protocol):
    """Makes a telephone that does these steps: a port of its own unless told, one call unless more."""

    def __call__(self, name: str, *steps: Step, port: int | None = None, calls: int = 1) -> Phone: ...


@dataclass(frozen=True)
class Agents:
    """The ports of those who take redirected calls, and of the one who takes them when the gateway is silent."""

    default: int
    general: int
    overflow: int
    fallback: int


@dataclass(frozen=True)
class Made:
    """A call that is being made."""

    caller: Phone
    agent: Phone

    def ended(self) -> "Made":
        """Wait until both are through with it."""
        self.agent.ended()
        self.caller.ended()
        return self


@pytest.fixture(scope="session")
def peers() -> Peers:
    """Kamailio and SIPp."""
    here = found()
    assert here is not None, WANTED
    return here


@pytest.fixture(scope="session")
def agents() -> Agents:
    """Their ports."""
    return Agents(free_port(), free_port(), free_port(), free_port())


@pytest.fixture(scope="session")
def new_site(agents: Agents) -> Iterator[Callable[[Path], PhoneSite]]:
    """Makes sites that send calls to the agents; every gateway of theirs is ended, and had nothing to complain of."""
    sites: list[PhoneSite] = []

    def new(folder: Path) -> PhoneSite:
        site = PhoneSite(
            folder,
            default=f"sip:front@{HOST}:{agents.default}",
            general=f"sip:general@{HOST}:{agents.general}",
            overflow=f"sip:overflow@{HOST}:{agents.overflow}",
        )
        sites.append(site)
        site.write()
        return site

    yield new
    for site in sites:
        site.clear()
    assert [site.faults() for site in sites if site.faults()] == []


class NewKamailio(Protocol):
    """Starts a Kamailio beside a gateway, which need not run; `changes` puts other words into its configuration."""

    def __call__(self, site: PhoneSite, changes: Mapping[str, str] | None = None) -> Kamailio: ...


@pytest.fixture(scope="session")
def new_kamailio(peers: Peers, agents: Agents, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewKamailio]:
    """Starts them, and ends them."""
    started: list[Kamailio] = []

    def new(site: PhoneSite, changes: Mapping[str, str] | None = None) -> Kamailio:
        kamailio = Kamailio(peers.kamailio, tmp_path_factory.mktemp("kamailio"))
        started.append(kamailio)
        text = config(
            kamailio.address,
            hep=f"{HOST}:{site.hep}",
            redirect=f"{HOST}:{site.redirect}",
            fallback=f"{HOST}:{agents.fallback}",
        )
        kamailio.start(changed(text, changes or {}))
        return kamailio

    yield new
    for kamailio in started:
        kamailio.stop()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, new_site: Callable[[Path], PhoneSite]) -> PhoneSite:
    """The gateway, which listens."""
    site = new_site(tmp_path_factory.mktemp("site"))
    site.listens()
    return site


@pytest.fixture(scope="session")
def kamailio(site: PhoneSite, new_kamailio: NewKamailio) -> Kamailio:
    """The proxy, which sends its copies to the gateway."""
    return new_kamailio(site)


@pytest.fixture(scope="session")
def telephone(peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telephone]:
    """Makes telephones, and clears them away."""
    folder = tmp_path_factory.mktemp("phones")
    phones: list[Phone] = []

    def new(name: str, *steps: Step, port: int | None = None, calls: int = 1) -> Phone:
        phone = Phone(peers.sipp, folder, name, scenario(name, *steps), port or free_port(), calls)
        phones.append(phone)
        return phone

    yield new
    for phone in phones:
        phone.clear()


@pytest.fixture(scope="session")
def made(kamailio: Kamailio, telephone: Telephone) -> dict[str, Made]:
    """All calls of the plans, begun at once, straight to an agent each."""

    def begin(name: str, plan: Plan) -> Made:
        agent = telephone(f"{name}-agent", *plan.agent)
        agent.start()
        caller = telephone(name, *plan.caller)
        caller.calls(kamailio.address, f"{SUPPORT}@{agent.address}")
        return Made(caller, agent)

    return {name: begin(name, plan) for name, plan in PLANS.items()}
