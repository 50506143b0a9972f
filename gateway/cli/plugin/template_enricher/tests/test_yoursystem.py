"""The kit's checks of the enricher, and what is Yoursystem's own."""

from pathlib import Path

from gateway.testing import EnricherSuite
from gateway_yoursystem import FORMS, Yoursystem


class TestYoursystem(EnricherSuite):
    """Every check of the kit is a test: `pytest -k hostile` runs those that have it in their id."""

    enricher = Yoursystem
    folder = Path(__file__).parent.parent


def test_an_address_is_asked_for_as_it_is_written() -> None:
    """A plus and accents are part of an address; a line break is not."""
    assert FORMS["email"].fullmatch("ada+shop@customer.example")
    assert FORMS["email"].fullmatch("åda@customer.example")
    assert not FORMS["email"].fullmatch("ada@customer.example\n")
