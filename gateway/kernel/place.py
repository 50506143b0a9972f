"""Places in a listing as opaque texts. A text that no listing has given is told from one that has by its form alone: it
leads somewhere or raises BadPlace, and nothing else.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from gateway.kernel.board import BadPlace

PLACE_MAX: Final = 2_000
"""Characters of a place."""

_WIDTH: Final = 63
"""Bits of a number in a place; the sign comes on top."""


def written(listing: str, *numbers: int, id: str = "") -> str:
    """The place behind a row of a listing."""
    return urlsafe_b64encode(msgspec.msgpack.encode((listing, numbers, id))).rstrip(b"=").decode("ascii")


def read(place: str, listing: str, width: int) -> tuple[tuple[int, ...], str]:
    """The numbers and the id of a place of this listing. Raises BadPlace."""
    try:
        if len(place) > PLACE_MAX:
            raise ValueError("too long")
        packed = urlsafe_b64decode(place.encode("ascii") + b"=" * (-len(place) % 4))
        of, numbers, id = _decoder.decode(packed)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise BadPlace("this isn't a place that a listing has given") from None
    if of != listing:
        raise BadPlace("this is a place of another listing, or of another order of this one")
    if len(numbers) != width or any(number.bit_length() > _WIDTH for number in numbers):
        raise BadPlace("this isn't a place that a listing has given")
    return numbers, id


_decoder: Final = msgspec.msgpack.Decoder(tuple[str, tuple[int, ...], str])
