"""The map of a policy: its rules as boxes, where they lead as links, and how often each was used. Pure.

What it shows stands in words beside it, and in the tree: the drawing has nothing of its own.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.kernel.board import QueueRow, Tally
from gateway.model.instant import length_words
from gateway.policy.outline import Outline, OutlineChain, OutlinePromise, OutlineRule, Placed
from gateway.web.pages.policy_layout import Area, Box, DrawnLink, Group, Layout, Link, layout
from gateway.web.words import clean

RULES_MAX: Final = 120
"""Rules that are drawn; of a policy with more there is the tree alone."""

LINKS_MAX: Final = 300
LETTERS: Final = 26
"""Letters of a line in a box."""

NAME_LETTERS: Final = 20

Key = tuple[str, str]


@dataclass(frozen=True)
class Used:
    """How often what was announced: of `contact.routed` by rule and queue, of clocks by type and rule, of escalations
    raised by rule and chain; `open` contacts by queue. Rules without an entry have 0."""

    routed: Mapping[Key, int] = field(default_factory=dict)
    rang: Mapping[Key, int] = field(default_factory=dict)
    raised: Mapping[Key, int] = field(default_factory=dict)
    open: Mapping[str, int] = field(default_factory=dict)

    def rule(self, section: str, rule: str) -> int | None:
        """How often a rule took effect; None for sections of which nobody counts it."""
        counted = {"routing": self.routed, "escalation": self.raised}.get(section)
        if section == "sla":
            return sum(count for (_, id), count in self.rang.items() if id == rule)
        return None if counted is None else sum(count for (id, _), count in counted.items() if id == rule)


def used_of(tallies: Iterable[Tally], queues: Iterable[QueueRow]) -> Used:
    """The sums that the map shows."""
    routed: Counter[Key] = Counter()
    rang: Counter[Key] = Counter()
    raised: Counter[Key] = Counter()
    waiting: Counter[str] = Counter()
    for tally in tallies:
        if tally.type == "contact.routed":
            routed[tally.rule, tally.target] += tally.count
        elif tally.type in ("sla.warned", "sla.breached", "sla.met"):
            rang[tally.type, tally.rule] += tally.count
        elif tally.type == "escalation.raised":
            raised[tally.rule, tally.target] += tally.count
    for row in queues:
        waiting[row.queue] += row.open
    return Used(dict(routed), dict(rang), dict(raised), dict(waiting))


@dataclass(frozen=True, slots=True)
class MapBox:
    """A box with its place: its name, the lines below it, and its words in full; `dead`: the id of the finding for
    which it never takes effect, `lit`: the contact that was tried takes it."""

    area: Area
    name: str
    lines: tuple[str, ...]
    title: str
    dead: str
    lit: bool


@dataclass(frozen=True, slots=True)
class MapLink:
    """A link with its place."""

    drawn: DrawnLink
    kind: str
    """`used`, `unused` (never in that time), or `possible` (nobody counts it)."""

    lit: bool


@dataclass(frozen=True, slots=True)
class PolicyMap:
    """The whole drawing."""

    layout: Layout
    boxes: tuple[MapBox, ...]
    links: tuple[MapLink, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A box before it has a place."""

    key: str
    placed: Placed
    lines: tuple[str, ...]
    says: str


def drawn(outline: Outline, used: Used, lit: Collection[str] = ()) -> PolicyMap | None:
    """The drawing; None where there is too much for one. `lit` has the keys of boxes, such as `routing/default`."""
    links = list(_links(outline, used))
    if sum(len(outline.rules[section]) for section in _DRAWN) > RULES_MAX or len(links) > LINKS_MAX:
        return None
    columns = _columns(outline, used)
    shown = {one.key: one for groups in columns for _, boxes in groups for one in boxes}
    placed = layout(
        [
            [Group(heading, tuple(Box(one.key, 1 + len(one.lines)) for one in boxes)) for heading, boxes in groups]
            for groups in columns
        ],
        links,
    )
    boxes = tuple(_box(shown[key], area, key in lit) for key, area in placed.boxes.items())
    return PolicyMap(
        placed,
        boxes,
        tuple(MapLink(one, _kind(one.link), one.link.source in lit and one.link.target in lit) for one in placed.links),
    )


def lit_of(path: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """The boxes that a tried contact takes, from the path of `outcome_view`."""
    found: set[str] = set()
    for step in path:
        section, leads_to = str(step["section"]), str(step["leads_to"])
        found.add(f"{section}/{step['rule']}")
        if section == "routing":
            found.add(f"queue/{leads_to}")
        elif section == "escalation":
            found.add(f"chain/{leads_to}")
    return frozenset(found)


def caption(outline: Outline, used: Used) -> str:
    """What the map shows, in a sentence or two."""
    routed, raised = sum(used.routed.values()), sum(used.raised.values())
    parts = [
        f"{_number(routed, 'time', 'times')} a contact was routed in the last 24 hours{_most(used.routed, routed)}",
        f"{_number(raised, 'escalation was raised', 'escalations were raised')}{_most(used.raised, raised)}",
    ]
    dead = sum(rule.dead is not None for rules in outline.rules.values() for rule in rules)
    idle = sum(
        used.rule(section, rule.id) == 0 and rule.dead is None
        for section in ("routing", "sla", "escalation")
        for rule in outline.rules.get(section, ())
    )
    parts.append(_number(dead, "rule can never take effect", "rules can never take effect") if dead else "")
    parts.append(f"{_number(idle, 'other rule', 'other rules')} did nothing in that time" if idle else "")
    return "; ".join(filter(None, parts)) + "."


def _most(counts: Mapping[Key, int], sum: int) -> str:
    """Which rule did most of it."""
    if not sum:
        return ""
    (rule, target), most = max(counts.items(), key=lambda item: item[1])
    much = "" if sum == 1 else "all of them " if most == sum else f"{most} of them "
    return f", {much}by {rule} to {target}"


def _number(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


_DRAWN: Final = ("severity", "routing", "sla", "escalation")


def _columns(outline: Outline, used: Used) -> list[list[tuple[str, list[_Shown]]]]:
    rules = outline.rules
    columns: list[list[tuple[str, list[_Shown]]]] = [
        [("Severity", [_rule(rule, "severity", rule.says) for rule in rules["severity"]])],
        [("Routing", [_rule(rule, "routing", "") for rule in rules["routing"]])],
        [
            ("Queues", [_queue(queue.id, queue, queue.team, queue.tier, used) for queue in outline.queues]),
            ("Promises", [_promise(rule, used) for rule in outline.promises]),
        ],
        [("Escalation", [_rule(rule, "escalation", _on(rule)) for rule in rules["escalation"]])],
        [("Chains", [_chain(chain) for chain in outline.chains])],
    ]
    return [[group for group in groups if group[1]] for groups in columns]


def _rule(rule: OutlineRule, section: str, says: str) -> _Shown:
    lines = tuple(filter(None, (rule.condition or "always", says)))
    return _Shown(f"{section}/{rule.id}", rule, lines, rule.says)


def _on(rule: OutlineRule) -> str:
    """What a rule of escalation waits for."""
    if rule.on == "matched":
        return "as soon as it matches"
    _, _, metric = rule.says.partition(f"{rule.on} of ")
    return f"{metric or 'any promise'} {rule.on.removeprefix('sla.')}"


def _queue(name: str, placed: Placed, team: str, tier: int, used: Used) -> _Shown:
    waiting = _number(used.open.get(name, 0), "contact open", "contacts open")
    whose = f"team {team}, tier {tier}" if team else f"tier {tier}"
    return _Shown(f"queue/{name}", placed, (whose, waiting), f"{whose}, {waiting}")


def _promise(rule: OutlinePromise, used: Used) -> _Shown:
    target = rule.says if rule.within is None else f"{rule.says} {length_words(rule.within)}"
    rang = [(word, used.rang.get((f"sla.{word}", rule.id), 0)) for word in ("met", "warned", "breached")]
    counts = ", ".join(f"{count} {word}" for word, count in rang if count) or "0 in 24 h"
    return _Shown(f"sla/{rule.id}", rule, (target, counts), f"{target}, {counts}")


def _chain(chain: OutlineChain) -> _Shown:
    lines = []
    for step in chain.steps:
        roles = ", ".join(name for name, _ in step.roles)
        lines.append(f"{'at once' if not step.after else f'+{length_words(step.after)}'}: {roles}")
    endpoints = dict.fromkeys(name for step in chain.steps for _, names in step.roles for name in names)
    lines.append(f"to {', '.join(endpoints)}")
    return _Shown(f"chain/{chain.id}", chain, tuple(lines), "; ".join(lines))


def _box(shown: _Shown, area: Area, lit: bool) -> MapBox:
    dead = shown.placed.dead
    return MapBox(
        area=area,
        name=clean(shown.placed.id, NAME_LETTERS),
        lines=tuple(clean(line, LETTERS) for line in shown.lines),
        title=clean(f"{shown.placed.id}: {shown.says}", 400),
        dead="" if dead is None else dead.id,
        lit=lit,
    )


def _links(outline: Outline, used: Used) -> Iterable[Link]:
    rules, flow = outline.rules, outline.flow
    for severity, route in flow.routed:
        yield Link(f"severity/{rules['severity'][severity].id}", f"routing/{rules['routing'][route].id}")
    for rule in rules["routing"]:
        count = sum(number for (id, queue), number in used.routed.items() if (id, queue) == (rule.id, rule.target))
        yield Link(f"routing/{rule.id}", f"queue/{rule.target}", count, _word(count))
    for queue, escalation in flow.raised:
        yield Link(f"queue/{queue}", f"escalation/{rules['escalation'][escalation].id}")
    for promise, escalation in flow.rung:
        rule, on = outline.promises[promise], rules["escalation"][escalation].on
        count = used.rang.get((on, rule.id), 0)
        yield Link(f"sla/{rule.id}", f"escalation/{rules['escalation'][escalation].id}", count, _rang(count, on))
    for rule in rules["escalation"]:
        count = used.raised.get((rule.id, rule.target), 0)
        yield Link(f"escalation/{rule.id}", f"chain/{rule.target}", count, _word(count))


def _word(count: int) -> str:
    return str(count) if count else "0 in 24 h"


def _rang(count: int, on: str) -> str:
    return f"{count} {on.removeprefix('sla.')}"


def _kind(link: Link) -> str:
    if link.count is None:
        return "possible"
    return "used" if link.count else "unused"
