"""What the reference says of the kit, made of its registry: a table of all checks, and a section for each."""

from gateway.testing import CHECKS, KIT_VERSION, LEVELS, Check, Sort
from gateway.testing.checks import THEMES
from gateway.testing.run import in_use

HEADINGS = {
    "settings": "Settings and names",
    "imports": "Imports",
    "normalize": "Samples and `normalize`",
    "simulator": "The simulator",
    "webhooks": "Webhooks",
    "listening": "Listening",
    "assembling": "Objects in pieces",
    "pulling": "Pulling and looking up",
    "truth": "The truth",
    "http": "A vendor's bad days",
    "access": "Credentials and secrets",
    "limits": "Limits",
    "facts": "Facts",
    "lookups": "Look-ups",
    "unavailable": "Unavailable",
}
"""The heading over the checks of each module."""


def connectors() -> str:
    """Every check of a connector in a line, by level."""
    return _table("connector")


def enrichers() -> str:
    """Every check of an enricher in a line, by level."""
    return _table("enricher")


def _table(sort: Sort) -> str:
    ours = in_use(sort=sort)
    lines = [f"Version {KIT_VERSION} of the kit has {len(ours)} checks of {sort}s.", ""]
    lines += ["| check | asks that | level | needs | since |", "|---|---|---|---|---|"]
    for check in sorted(ours, key=lambda check: LEVELS.index(check.level)):
        needs = ", ".join(f"`{need}`" for need in check.needs)
        title = check.title[:1].lower() + check.title[1:]
        lines.append(f"| [`{check.id}`](#{check.id}) | {title} | {check.level} | {needs} | {check.since} |")
    return "\n".join(lines)


def sections() -> str:
    """What each check asks, why, and how to mend what it finds."""
    parts: list[str] = []
    for theme in THEMES:
        parts.append(f"## {HEADINGS[theme]}")
        for check in CHECKS.values():
            if check.theme == theme:
                parts += _section(check)
    return "\n\n".join(parts)


def _section(check: Check) -> list[str]:
    of = "" if check.of == ("connector",) else f" Of {' and '.join(f'{sort}s' for sort in check.of)}."
    parts = [f"### {check.id}", f"**{check.title}.** {check.level.capitalize()}.{of}"]
    if check.deprecated:
        parts.append(f"Not run any more: see [{check.deprecated}](#{check.deprecated}).")
    parts.append(check.told("what"))
    for word, part in (("Why", check.told("why")), ("Mend", check.told("mend"))):
        parts += [f"*{word}:* {part}"] if part else []
    if example := check.example:
        language = "toml" if example.startswith("[") else "python"
        parts.append(f"```{language}\n{example}\n```")
    return parts
