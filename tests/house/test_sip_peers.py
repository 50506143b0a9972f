"""The peers of `make test-sip` are installed only where that is nobody's surprise, and no service comes with them."""

from collections.abc import Sequence

import pytest

from tests.sip.peers import AFTER, BEFORE, Peers, found, install, installing, may_install, missing

HERE = {"kamailio": "/usr/sbin/kamailio", "sipp": "/usr/bin/sipp", "apt-get": "/usr/bin/apt-get"}


def test_both_or_none() -> None:
    """One without the other is of no use."""
    assert found(HERE.get) == Peers("/usr/sbin/kamailio", "/usr/bin/sipp")
    assert found({"sipp": "/usr/bin/sipp"}.get) is None


def test_only_what_is_missing_is_installed() -> None:
    """What somebody has already stays as it is."""
    assert missing(HERE.get) == []
    assert missing({"kamailio": "/usr/sbin/kamailio"}.get) == ["sip-tester"]


@pytest.mark.parametrize(("user", "here", "may"), [(0, HERE, True), (1000, HERE, False), (0, {}, False)])
def test_only_root_installs(user: int, here: dict[str, str], may: bool) -> None:
    """With apt-get."""
    assert may_install(user, here.get) is may


def test_no_service_starts() -> None:
    """systemd may not start a Kamailio that we bring in; one that was there is left alone."""
    new = installing(["kamailio", "sip-tester"], systemd=True)

    assert (new[:1], new[-2:]) == (list(BEFORE), list(AFTER))
    assert not {*BEFORE, *AFTER} & {*installing(["sip-tester"], systemd=True), *installing(["kamailio"], False)}


def test_what_cannot_be_fetched_is_not_installed() -> None:
    """The first command that fails ends it."""
    ran: list[Sequence[str]] = []
    commands = installing(["kamailio"], systemd=False)

    assert not install(commands, lambda command: ran.append(command) or 1)
    assert ran == commands[:1]
