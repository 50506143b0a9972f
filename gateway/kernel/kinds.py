"""Every kind of problem and finding that files can have: its number, its name, how grave it is, and what it says.

The number is what people search for, allow in a comment, and open a page by: it never changes its meaning and is never
given twice. An *error* keeps a file from being used; a *warning* is most likely a mistake; a *note* may well be meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["error", "warning", "note"]

PAGES: Final = "docs/reference/problems"
"""The folder that has a page for each kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`code` is the number, such as GW131; `name` the same in words, such as unknown-queue; `title` is one sentence."""

    code: str
    name: str
    level: Level
    title: str

    @property
    def page(self) -> str:
        """Its page in the documentation."""
        return f"{PAGES}/{self.code}.md"


def _kinds(level: Level, *rows: tuple[int, str, str]) -> list[Kind]:
    return [Kind(f"GW{number}", name, level, title) for number, name, title in rows]


_ALL: Final = (
    # The file.
    *_kinds(
        "error",
        (101, "unreadable", "The file can't be read."),
        (102, "too-big", "The file, or what it means, is too big."),
        (103, "yaml-syntax", "The file is not YAML."),
        (104, "yaml-tag", "A tag of YAML that isn't understood."),
        (105, "yaml-alias", "An alias of YAML that leads nowhere, or to itself."),
        (106, "too-deep", "Nested too deeply."),
        (107, "duplicate-key", "The same key twice."),
        (108, "bad-key", "A key that can't stand there."),
    ),
    # Keys and values.
    *_kinds(
        "error",
        (110, "unknown-key", "A key that nothing reads."),
        (111, "missing-key", "A key that must be there."),
        (112, "bad-value", "A value that can't be."),
        (113, "bad-name", "A name that can't stand in an address."),
        (114, "bad-expression", "A condition that can't be evaluated."),
        (115, "bad-mark", "A warning's mark that says no time."),
        (116, "warning-after-breach", "A warning that would come after the breach."),
        (117, "notifies-nobody", "A step or a role that calls nobody."),
        (118, "duplicate-id", "Two rules of a section with one id."),
        (119, "duplicate-name", "Two tests with one name."),
        (120, "duplicate-date", "Two exceptions for one date."),
        (121, "bad-event", "An event of a test that can't be."),
    ),
    # Names that nothing has.
    *_kinds(
        "error",
        (130, "unknown-calendar", "No calendar has this name."),
        (131, "unknown-queue", "No queue has this name."),
        (132, "unknown-chain", "No chain has this name."),
        (133, "unknown-role", "No role has this name."),
        (134, "unknown-rule", "No rule has this id."),
        (135, "unknown-enricher", "No enricher has this name."),
        (136, "unknown-endpoint", "No endpoint has this name."),
        (137, "unknown-zone", "No time zone has this name."),
        (138, "unknown-country", "A country whose holidays aren't known."),
        (139, "unknown-subdivision", "A part of a country that isn't known."),
        (140, "unknown-notice", "No notice is of this type."),
        (141, "unknown-plugin", "No plugin of this name is installed."),
        (142, "unknown-preset", "No policy of this name comes along."),
    ),
    # Calendars.
    *_kinds(
        "error",
        (145, "never-opens", "A calendar that never opens."),
        (146, "circular-calendar", "A calendar that is made of itself."),
    ),
    # The configuration and what it reaches for.
    *_kinds(
        "error",
        (150, "bad-secret", "A secret that can't be one, or stands where anybody reads it."),
        (151, "bad-url", "An address that can't be called."),
        (152, "no-such-file", "No file is there."),
        (153, "no-such-folder", "No folder is there."),
        (154, "broken-plugin", "A plugin that can't be used."),
        (155, "needs-restart", "A change that a running gateway can't take over."),
    ),
    # Names that nobody uses.
    *_kinds(
        "warning",
        (160, "unused-calendar", "A calendar by which nothing counts."),
        (161, "unused-queue", "A queue to which nothing is routed."),
        (162, "unused-role", "A role that nobody calls."),
        (163, "unused-chain", "A chain that nothing starts."),
        (164, "unused-endpoint", "An endpoint that gets no notice."),
        (165, "idle-allowance", "A comment that allows what isn't found."),
    ),
    # Rules that don't do what they seem to.
    *_kinds(
        "warning",
        (170, "unreachable-rule", "A rule behind one that always matches."),
        (171, "shadowed-rule", "A rule behind others that take all it would match."),
        (172, "never-matches", "A condition that no contact can fulfil."),
        (173, "always-matches", "A condition that every contact fulfils."),
        (175, "unrouted", "Contacts that no routing rule takes."),
        (176, "warning-with-breach", "A warning that comes no earlier than the breach."),
        (177, "slow-chain", "A chain slower than the promise that it guards."),
        (178, "never-raised", "A rule that waits for clocks which no promise starts."),
        (179, "impossible-promise", "A promise that nobody can keep."),
        (180, "idle-unack", "A chain that has nothing to go on with."),
        (183, "facts-never-asked", "A condition on facts that nobody asks for."),
    ),
    *_kinds("warning", (181, "secret-in-file", "Something that looks like a secret.")),
    *_kinds(
        "note",
        (174, "uncovered-channel", "A channel for which nothing is promised."),
        (182, "fixed-zone", "A time zone without summer time."),
    ),
)

KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _ALL}
"""Every kind, by its name."""

CODES: Final[Mapping[str, Kind]] = {kind.code: kind for kind in sorted(_ALL, key=lambda kind: kind.code)}
"""Every kind, by its number, in that order."""
