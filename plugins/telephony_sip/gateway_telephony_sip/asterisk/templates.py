"""Fills in the address of a recording: a text with places such as {uniqueid}. Pure; what is filled in is escaped."""

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final
from urllib.parse import quote

from gateway.plugin import SECOND_MS
from gateway_telephony_sip.asterisk.rows import CdrRow

PLACES: Final = ("{uniqueid}", "{linkedid}", "{src}", "{dst}", "{queue}", "{date}", "{year}", "{month}", "{day}")
"""What may be filled in; the day is that of the call's start, in the zone of the CDR."""

_PLACE = re.compile(r"\{[^{}]*\}|[{}]")


def unknown_places(template: str) -> str:
    """The first place of a template that can't be filled in; empty if all can."""
    return next((found for found in _PLACE.findall(template) if found not in PLACES), "")


def filled(template: str, row: CdrRow, zone: tzinfo) -> str:
    """The address for one row; empty where the row lacks something that the template asks for."""
    day = datetime.fromtimestamp((row.start or row.end) // SECOND_MS, zone)
    values: Mapping[str, str] = {
        "{uniqueid}": row.uniqueid,
        "{linkedid}": row.linkedid,
        "{src}": row.src,
        "{dst}": row.dst,
        "{queue}": row.queue,
        "{date}": f"{day:%Y-%m-%d}",
        "{year}": f"{day:%Y}",
        "{month}": f"{day:%m}",
        "{day}": f"{day:%d}",
    }
    if any(not values[place] for place in _PLACE.findall(template)):
        return ""
    return _PLACE.sub(lambda place: quote(values[place[0]], safe=""), template)
