"""What enrichers know of a contact's customer as lines for people, and how they were asked. Pure."""

import textwrap
from shutil import get_terminal_size

from gateway.cli.path_lines import told
from gateway.cli.table import clean, relative
from gateway.model.instant import parse_instant
from gateway.model.judgement import State
from gateway.rules.asked import View, facts_view
from gateway.rules.trace.path import Trace
from gateway.web.facts import FactLine, enquiry_words, fact_lines

LINES_SHOWN = 12
ENQUIRIES_SHOWN = 6
"""Lines of one enricher, and questions to all of them with their answers, the latest, unless all are told."""

PLACES = 120


def known_lines(state: State, now: int, *, all: bool) -> list[str]:
    """By enricher how it stands and what it knows; nothing where none was asked."""
    lines = []
    for name, view in facts_view(state).items():
        lines += _wrapped(f"{clean(name)}: {_standing(view, now)}", 2)
        known, more = fact_lines(view["known"] or {})
        shown = known if all else known[:LINES_SHOWN]
        for line in shown:
            lines += _wrapped(f"{line.label}: {_value(line, now)}".rstrip(), 4 + 2 * line.depth)
        if len(shown) < len(known):
            lines.append(f"    … {len(known) - len(shown)} more lines; --all tells them")
        elif more:
            lines.append("    … and more, that is not told")
    return lines


def enquiry_lines(trace: Trace | None, *, all: bool) -> list[str]:
    """What enrichers were asked and have said, each with its time."""
    if trace is None:
        return []
    enquiries = trace.enquiries if all else trace.enquiries[-ENQUIRIES_SHOWN:]
    left_out = len(trace.enquiries) - len(enquiries)
    lines = [f"    … {left_out} before these; --all tells them"] if left_out else []
    for one in enquiries:
        lines += told(one.at, f"{one.enricher}: {enquiry_words(one)}")
    if all and trace.enquiries_left_out:
        lines.append(f"    … and {trace.enquiries_left_out} in the middle that are not told")
    return lines


def _standing(view: View, now: int) -> str:
    at = relative(int(parse_instant(view["at"])), now)
    if view["status"] == "ok":
        return f"answered {at}"
    before = "" if view["known_at"] is None else f"; {relative(int(parse_instant(view['known_at'])), now)} it said"
    if view["status"] == "asked":
        return f"asked {at}, no answer yet{before}"
    return f"unavailable {at}: {clean(view['reason'])[:400]}{before}"


def _value(line: FactLine, now: int) -> str:
    return clean(line.text) if line.at is None else f"{clean(line.text)} ({relative(line.at, now)})"


def _wrapped(words: str, indent: int) -> list[str]:
    room = max(get_terminal_size((PLACES, 24)).columns, 60)
    before = " " * indent
    return textwrap.wrap(before + words, room, subsequent_indent=f"{before}  ", break_on_hyphens=False)
