"""A long policy as a large support department would write it: every section, comments, both styles of YAML."""

from collections.abc import Iterator
from itertools import count, islice
from typing import Final

from bench.rule_samples import METRICS, conditions, plain

_ZONES: Final = ("America/Los_Angeles", "Europe/Berlin", "Asia/Manila", "America/New_York", "Australia/Sydney")
_COUNTRIES: Final = ("US", "DE", "PH", "US", "AU")
_TESTS: Final = 40


def long_policy(lines: int) -> str:
    """A valid policy of at least so many lines, and at most a rule's length more."""
    fixed = [*_head(), *_calendars(), *_people(), *_tests()]
    rules: dict[str, list[str]] = {"sla": [], "severity": [], "routing": [], "escalation": []}
    written = len(fixed) + len(rules)
    for section, rule in _rules():
        if written >= lines:
            break
        rules[section] += rule
        written += len(rule)
    body = [line for section, part in rules.items() for line in (f"{section}:", *part)]
    return "\n".join([*fixed, *body]) + "\n"


def _head() -> list[str]:
    return ["# Who is answered within which time, and who hears of it when nobody answers.", "version: 1", "name: long"]


def _calendars() -> Iterator[str]:
    yield "calendars:"
    for zone, country, number in zip(_ZONES, _COUNTRIES, count(), strict=False):
        yield from (
            f"  office{number}:",
            f"    timezone: {zone}",
            "    hours:",
            '      mon-fri: ["08:00-12:00", "13:00-17:00"]',
            '      sat: ["10:00-14:00"]',
            "    holidays:",
            f"      - country: {country}",
            "      - {date: 2026-12-24, name: Christmas Eve}",
        )
    yield "  anywhere: {any_of: [office0, office1, office2]}"


def _people() -> Iterator[str]:
    yield "queues:"
    yield from (f"  queue{n}: {{team: team{n % 7}, tier: {n % 3 + 1}}}" for n in range(30))
    yield "roles:"
    yield from (f"  role{n}: {{endpoints: [helpdesk, pager{n}]}}" for n in range(10))
    yield "chains:"
    for n in range(10):
        yield from (f"  chain{n}:", f"    calendar: office{n % 5}", "    steps:")
        yield f"      - {{after: 0m, notify: [role{n}]}}"
        yield f"      - {{after: 30m, notify: [role{(n + 1) % 10}], reminder: 15m}}"


def _tests() -> Iterator[str]:
    yield "tests:"
    for n in range(_TESTS):
        yield f"  - name: a mail of the morning, {n}"
        yield "    given: {kind: ticket, channel: email, at: 2026-11-20T16:30:00-08:00, tags: [billing]}"
        yield "    expect: {queue: queue0}"


def _rules() -> Iterator[tuple[str, list[str]]]:
    """Rules without end, each with its section: eight of `sla`, then one of every other section."""
    for turn in count():
        texts = [text for text, _ in islice(iter(conditions(turn * 11 + 11)), turn * 11, None)]
        for n, text in enumerate(texts[:8], start=turn * 8):
            yield "sla", _sla(n, text)
        yield "severity", [f"  - id: severity{turn}", f"    when: {plain(texts[8])}", f"    severity: {turn % 4 + 1}"]
        yield (
            "routing",
            [
                f"  - id: route{turn}",
                f"    when: contact.severity < 3 && ({texts[9]})",
                f"    queue: queue{turn % 30}",
                f"    skills: [skill{turn % 9}, english]",
                "    priority: 10",
            ],
        )
        yield (
            "escalation",
            [
                f"  - id: escalation{turn}",
                f"    when: contact.severity == 1 && {texts[10]}",
                "    on: sla.breached",
                f"    chain: chain{turn % 10}",
            ],
        )


def _sla(n: int, text: str) -> list[str]:
    return [
        "",
        f"  # Rule {n}: agreed with the customers of this kind.",
        f"  - id: rule{n}",
        f"    when: {plain(text)}",
        f"    metric: {METRICS[n % 6]}",
        f"    within: {n % 48 + 1}h",
        f"    calendar: office{n % 5}",
        "    warn: [50%, 30m before]",
        "    objective: 95%",
    ]
