"""What the demo shows: a line an act or a notice, in words or as JSON, and the sum at the end."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import typer

from gateway.cli import output
from gateway.cli.demo.stage import PAYMENTS
from gateway.cli.demo.story import WRITES_TO_THREE, Act
from gateway.cli.explanation import explanation_lines
from gateway.engine.case import Case
from gateway.engine.explaining import explained
from gateway.web.receiver import Notice

SUBJECT_MAX = 24
HEADING_WIDTH = 80
PAID_INDENT = 34
"""Where the line with what the shop knows begins: under the name."""

ID_MAX = 10
SHORT_MAX = 5

_COLOURS = {"sla.breached": "red", "escalation.raised": "red", "escalation.stepped": "red", "sla.warned": "yellow"}
_WORDS = {
    "contact.opened": "the gateway has it",
    "contact.routed": "routed",
    "contact.reopened": "reopened",
    "contact.solved": "solved",
    "contact.closed": "closed",
    "sla.warned": "WARNING",
    "sla.breached": "BREACH",
    "sla.met": "kept",
    "sla.corrected": "corrected",
    "escalation.raised": "ESCALATED",
    "escalation.stepped": "ESCALATED",
    "escalation.acknowledged": "acknowledged",
    "escalation.resolved": "escalation over",
    "escalation.cancelled": "escalation taken back",
    "csat.recovery_required": "win them back",
}


@dataclass(slots=True)
class Lines:
    """Prints, and counts what was proved. `elapsed_s` is the demo's own time."""

    as_json: bool
    preset: str
    verified: set[str] = field(default_factory=set)
    breaches: int = 0
    escalations: int = 0
    contacts: set[str] = field(default_factory=set)
    escalated: list[str] = field(default_factory=list)
    breached: set[str] = field(default_factory=set)
    disputing: set[str] = field(default_factory=set)
    """The contacts whose escalation says what the customer has paid and disputes."""

    promised: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By account, when the first reply to who writes to three helpdesks is due, and what became of the promise."""

    def heading(self, board: str, vendors: Sequence[str]) -> None:
        """What this is, and where to look. `vendors`: the simulated ones, in words."""
        if self.as_json:
            output.json_line({"demo": {"board": board}})
            return
        what = f"Orion Gateway: {_listed(vendors)}, the policy preset:{self.preset}, its real deadlines."
        for line in wrap(what, HEADING_WIDTH):
            output.line(line)
        output.line("Nothing leaves this machine, nothing stays on it. Ctrl-C ends it.")
        output.line(f"\n  board  {board}\n")
        output.line("  ✓ a notice that the helpdesk has received, its signature verified\n")

    def earlier(self, tickets: int) -> None:
        """How many tickets of the hours before there are, of which no line is told."""
        if self.as_json:
            output.json_line({"earlier": {"tickets": tickets}})
        else:
            output.line(f"{_stamp(0)}  {tickets} tickets of the last hours are in the Zendesk accounts already")

    def act(self, elapsed_s: float, act: Act, ticket: int | str) -> None:
        """Somebody did something."""
        if self.as_json:
            output.json_line(
                {
                    "act": act.what,
                    "at_s": round(elapsed_s, 1),
                    "account": act.account,
                    "who": act.who,
                    "ticket": ticket,
                    "text": act.text,
                }
            )
            return
        urgency = f" ({act.priority})" if act.priority else ""
        since = f", {_ago(-act.at_s)} ago" if act.at_s < 0 else ""
        said = f': "{act.text}"' if act.text else ""
        name = f"{act.account:<6} #{_short(str(ticket)):<{SHORT_MAX}}"
        output.line(f"{_stamp(elapsed_s)}  {name} {act.who} {act.what}{urgency}{since}{said}")

    def notice(self, elapsed_s: float, notice: Notice) -> None:
        """The receiver got something."""
        data: dict[str, Any] = (notice.body or {}).get("data") or {}
        contact: dict[str, Any] = data.get("contact") or {}
        if notice.verified and not notice.duplicate:
            self.verified.add(notice.id)
            self.contacts.add(str(contact.get("id")))
            if notice.type == "sla.breached":
                self.breaches += 1
                self.breached.add(str(contact.get("id")))
            if notice.type in ("escalation.raised", "escalation.stepped"):
                self.escalations += 1
                self.escalated.append(str(contact.get("id")))
                if (_known(contact) or {}).get("open_disputes"):
                    self.disputing.add(str(contact.get("id")))
        if (contact.get("customer") or {}).get("email") == WRITES_TO_THREE[1]:
            self._promise(contact)
        if self.as_json:
            output.json_line(
                {
                    "notice": notice.type,
                    "at_s": round(elapsed_s, 1),
                    "id": notice.id,
                    "verified": notice.verified,
                    "duplicate": notice.duplicate,
                    "contact": contact.get("id"),
                    "ref": (contact.get("refs") or [None])[0],
                    "rule": data.get("rule"),
                    "reason": data.get("reason"),
                    "severity": contact.get("severity"),
                    "facts": contact.get("facts"),
                    "clocks": contact.get("clocks"),
                }
            )
            return
        word = f"{_WORDS.get(notice.type, notice.type):<18}"
        if sys.stdout.isatty() and notice.type in _COLOURS:
            word = typer.style(word, fg=_COLOURS[notice.type], bold=True)
        mark, doubt = ("✓", "") if notice.verified else ("✗", f" NOT VERIFIED: {notice.why}")
        output.line(
            f"{_stamp(elapsed_s)}      {mark} {word} {_name(contact)}{_detail(notice.type, data, contact)}{doubt}"
        )
        if notice.type in ("escalation.raised", "escalation.stepped") and (paid := _paid(contact)):
            output.line(f"{'':<{PAID_INDENT}}{paid}")

    def _promise(self, contact: dict[str, Any]) -> None:
        """What is promised to who writes to three helpdesks, as a notice tells it."""
        for clock in contact.get("clocks") or ():
            if clock["metric"] == "first_reply" and clock["rule"]:
                account = str((contact.get("refs") or [{}])[0].get("connector"))
                self.promised[account] = (str(clock["due_at"]), str(clock["state"]))

    @property
    def worst(self) -> str | None:
        """The contact that was escalated and has most to be explained: the promise was broken to a customer who
        disputes a payment, or to another one; else the first that was escalated."""
        found = (name for chosen in (self.disputing, self.breached) for name in self.escalated if name in chosen)
        return next(found, next(iter(self.escalated), None))

    def end(self, contacts: int, case: Case | None) -> bool:
        """The sum, and why the contact that was escalated was; whether an escalation was delivered and proved.

        As JSON the sum is the last line.
        """
        if case is not None and self.as_json:
            output.json_line({"explanation": explained(case)})
        self._sum(contacts)
        if case is not None and not self.as_json:
            output.line(f"\nWhy, as `gateway explain {case.row.id}` tells it:\n")
            for line in explanation_lines(case):
                output.line(line)
        return self.escalations > 0

    def _sum(self, contacts: int) -> None:
        total = {
            "contacts": contacts,
            "breaches": self.breaches,
            "escalations_delivered": self.escalations,
            "deliveries_verified": len(self.verified),
        }
        if self.as_json:
            output.json_line({"summary": total})
            return
        if len(self.promised) > 1:
            output.line(f"\n{_promises(self.promised)}")
        output.line(
            f"\n{contacts} contacts, {self.breaches} breaches, {self.escalations} escalations delivered; "
            f"{len(self.verified)} notices delivered, every signature verified by the receiver."
        )


def _name(contact: dict[str, Any]) -> str:
    """The ticket as people call it: its account, its number, the beginning of its subject."""
    ref = (contact.get("refs") or [{}])[0]
    id, subject = str(ref.get("id", "")), str(contact.get("subject") or "")
    if contact.get("kind") == "call":
        # The simulated exchange counts its calls, and puts the number first into what names them.
        id, subject = id.partition("-")[0], subject or "a call"
    short = subject if len(subject) <= SUBJECT_MAX else subject[: SUBJECT_MAX - 1] + "…"
    return f"{ref.get('connector', ''):<6} #{_short(id):<{SHORT_MAX}} {short:<{SUBJECT_MAX}}  "


def _short(id: str) -> str:
    """An id as it is, or its end where it is long: only that tells the ids of payments and cases apart."""
    return id if len(id) <= ID_MAX else f"…{id[-4:]}"


def _promises(promised: dict[str, tuple[str, str]]) -> str:
    """What became of one customer's promises, at each helpdesk."""
    who, dues = WRITES_TO_THREE[0], sorted({due for due, _ in promised.values()})
    ends = {"met": "kept", "breached": "broken", "running": "still to be kept"}
    told = ", ".join(f"{account} {ends.get(state, state)}" for account, (_, state) in promised.items())
    due = f"one promise, due {dues[0]}" if len(dues) == 1 else "promises of their own"
    return f"{who} wrote to {len(promised)} helpdesks, under {due}: {told}."


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _known(contact: dict[str, Any]) -> dict[str, Any] | None:
    """What the shop knows of the customer."""
    known: dict[str, Any] | None = _told(contact).get("known")
    return known


def _told(contact: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = (contact.get("facts") or {}).get(PAYMENTS) or {}
    return told


def _paid(contact: dict[str, Any]) -> str:
    """The same in words, or why it is not known; empty where nobody was asked."""
    told, known = _told(contact), _known(contact)
    if known is None:
        why = told.get("reason") or ("no answer yet" if told and told["status"] == "asked" else "")
        return f"payments: {told['status']}{': ' if why else ''}{why}" if told else ""
    money = known["currency"]
    paid = f"paid {known['paid']:.2f} {money} in {known['payments']} payments" if known["payments"] else "never paid"
    parts = [paid if known["known"] else "not a customer of the shop"]
    if known["open_disputes"]:
        due = f", answer due {known['dispute_due_at']}" if known["dispute_due_at"] else ""
        parts.append(f"{known['disputed']:.2f} {money} disputed{due}")
    return f"payments: {'; '.join(parts)}"


def _detail(type: str, data: dict[str, Any], contact: dict[str, Any]) -> str:
    if type == "contact.routed":
        return f"severity {contact.get('severity')}, to the queue {data.get('queue')} (rule {data.get('rule')})"
    if type == "contact.opened":
        due = next((one["due_at"] for one in contact.get("clocks") or () if one["metric"] == "deadline"), None)
        way = "" if contact.get("channel") == "other" else f"by {contact.get('channel')}"
        return ", ".join(part for part in (way, f"evidence is due {due}" if due else "") if part)
    rule = f" (rule {data['rule']})" if data.get("rule") else ""
    return f"{data.get('reason', '')}{rule}"


def _stamp(seconds: float) -> str:
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes:02d}:{rest:02d}"


def _ago(seconds: float) -> str:
    if (days := int(seconds) // 86_400) > 1:
        return f"{days} days"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
