"""What the documentation says that events take of the disk is what they take."""

import re
from typing import Any

import pytest

from gateway.store.library import Connection
from tests.support.pages import page, section
from tests.web.worlds import NOW, S, Whole, event, opened, run

CONTACTS = 150
MESSAGES = 2
_ROW = re.compile(r"^\| a message of ([\d,]+) characters \| ([\d.]+) KB \|$", re.MULTILINE)
_WORDS = "My parcel has not come, and the page says that it has. Where is it? "
TOLD = {int(length.replace(",", "")): float(size) for length, size in _ROW.findall(page("how-to/size-a-gateway.md"))}


def used(connection: Connection) -> int:
    """Bytes of the database's pages, without those that are free."""
    count, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (count - free) * size


def messages(length: int, number: int) -> list[dict[str, Any]]:
    """What the customer of each contact writes, one message each."""
    text, at = (_WORDS * 100)[:length], NOW + number * S
    written = {"author": {"kind": "customer"}, "text": text}
    return [event("message.added", contact, at, **written) for contact in range(CONTACTS)]


def test_the_page_has_sizes() -> None:
    """Those that are looked at here."""
    assert len(TOLD) == 4
    assert "| a contact, with its opening |" in section(page("how-to/size-a-gateway.md"), "Disk")


@pytest.mark.parametrize("length", TOLD)
def test_a_message_takes_what_the_page_says(length: int) -> None:
    """Within a quarter: once as it came, once as it was understood, and what else it changes."""

    async def work(whole: Whole) -> None:
        await whole.post(*(opened(contact, NOW) for contact in range(CONTACTS)))
        await whole.judge()
        before = await whole.store.writer.write("used", used)
        for number in range(1, MESSAGES + 1):
            whole.clock.at = NOW + number * S
            await whole.post(*messages(length, number))
            await whole.judge()
        grown = await whole.store.writer.write("used", used) - before

        assert grown / CONTACTS / MESSAGES / 1000 == pytest.approx(TOLD[length], rel=0.25)

    run(work)
