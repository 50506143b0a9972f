"""Spoilt packets of SIP and HEPv3, a few of them: no exception but the declared ones, whatever is asked of them.

`python -m tests.fuzz_sip --packets 1000000` reads as many as wanted; a failure names the packet's number.
"""

from collections import Counter

import pytest
from gateway_telephony_sip import headers
from gateway_telephony_sip.message import BadSip, Message

from tests.fuzz_sip import reading
from tests.fuzz_sip.__main__ import main
from tests.fuzz_sip.packets import BYTES_MAX, bombs, packet, seeds
from tests.fuzz_sip.reading import read_all
from tests.fuzz_sip.telling import tell_story

PACKETS = 3_000
STORIES = 100


def test_spoilt_packets_are_read_or_refused() -> None:
    """And enough of each happens for this to say something."""
    good = seeds()
    became = Counter(read_all(packet(number, good)) for number in range(PACKETS))

    assert became.total() == PACKETS
    assert became["understood"] > PACKETS // 4
    assert min(became["broken"], became["no message"], became["nested"]) > 0


def test_one_thing_over_and_over_is_read() -> None:
    """An eighth of what the command reads, which holds each of them against the time that it takes."""
    assert {read_all(bomb) for bomb in bombs(BYTES_MAX // 8)} <= {"understood", "no message"}


def test_stories_of_spoilt_packets_are_told() -> None:
    """In any order, and twice, they are the same call, and can be stored and told."""
    good = seeds()
    became = Counter(tell_story(number, good) for number in range(STORIES))

    assert became.total() == STORIES
    assert became["told"] > STORIES // 2


def test_a_number_names_one_packet() -> None:
    """The same number is the same packet again."""
    good = seeds()
    first, second = ([packet(number, good) for number in range(50)] for _ in range(2))

    assert first == second
    assert len(set(first)) > 40


# ── It can fail ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_that_raises_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names the packet, and what was raised."""

    def hasty(message: Message) -> int:
        return int(headers.number(message, "max-forwards") or message.first("max-forwards"))

    monkeypatch.setattr(reading, "READERS", (hasty,))

    assert main(["--packets", "100"]) == 1
    assert "ValueError" in capsys.readouterr().err


def test_a_law_that_is_broken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that refuses what was read is as bad as a reader that raises."""

    def strict(message: Message) -> bytes:
        raise BadSip("I don't like it")

    monkeypatch.setattr(reading, "write_sip", strict)

    with pytest.raises(AssertionError):
        read_all(seeds()[0])
