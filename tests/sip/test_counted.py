"""A Kamailio that is set up wrongly is found by the words that the how-to explains."""

import socket
from contextlib import closing

import pytest

from tests.acceptance.process import eventually
from tests.sip.conftest import NewKamailio
from tests.sip.ports import HOST
from tests.sip.site import KEY, PhoneSite
from tests.support.pages import page, section


@pytest.mark.parametrize(
    ("word", "right", "wrong"),
    [
        ("refused_key", f'"auth_key", "{KEY}"', '"auth_key", "somebody-elses"'),
        ("old", '"hep_version", 3', '"hep_version", 1'),
        ("old", '"hep_version", 3', '"hep_version", 2'),
    ],
)
def test_a_mistake_has_a_word(site: PhoneSite, new_kamailio: NewKamailio, word: str, right: str, wrong: str) -> None:
    """Its copies are counted by it, and left."""
    before = site.counted().get(word, 0)

    new_kamailio(site, {right: wrong})

    eventually(lambda: site.counted().get(word, 0) > before, f"{word} is counted")


def test_what_is_no_capture_is_counted(site: PhoneSite) -> None:
    """Whatever else is sent to the port does no harm."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
        stranger.sendto(b"GET / HTTP/1.1\r\n\r\n", (HOST, site.hep))

    eventually(lambda: site.counted().get("foreign"), "it is counted")


@pytest.mark.usefixtures("made")
def test_the_page_explains_every_count(site: PhoneSite) -> None:
    """None that calls and mistakes bring about is left without a line."""
    explained = section(page("how-to/connect-kamailio.md"), "5. See that it works")
    eventually(lambda: site.counted().get("heard"), "calls are heard")

    ours = {word for word in site.counted() if word not in ("accepted", "duplicates")}
    assert [word for word in sorted(ours) if f"`{word}`" not in explained] == []
