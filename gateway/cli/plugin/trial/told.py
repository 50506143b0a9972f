"""What `gateway plugin try` prints: for people a few lines for each step, as data one line for each record."""

from collections import Counter
from typing import Any

import msgspec

from gateway.cli import output
from gateway.cli.plugin.trial.private import event_shown
from gateway.cli.plugin.trial.run import Outcome, Step
from gateway.cli.table import clean
from gateway.model.event import Event
from gateway.model.instant import format_instant

PARKED_SHOWN = 5
"""Reasons that are shown of each step; the others are counted."""


class Teller:
    """Prints steps as they end. `ok` as long as nothing is wrong."""

    def __init__(self, *, as_json: bool, show_text: bool, in_full: bool) -> None:
        self._as_json, self._show_text, self._in_full = as_json, show_text, in_full
        self.ok = True

    def step(self, step: Step) -> None:
        """One step."""
        parked = [outcome for outcome in step.outcomes if outcome.parked]
        self.ok = self.ok and not (step.failed or parked or any(not finding.ok for finding in step.findings))
        if self._as_json:
            self._data(step)
        else:
            self._words(step, parked)

    def _data(self, step: Step) -> None:
        for outcome in step.outcomes:
            output.json_line({"step": step.what, **self._outcome(outcome)})
        output.json_line(
            {
                "step": step.what,
                "findings": [{"ok": one.ok, "what": one.what, "hint": one.hint or None} for one in step.findings],
                "records": len(step.outcomes),
                "parked": sum(bool(outcome.parked) for outcome in step.outcomes),
                "more": step.more,
                "requests": [{"method": one.method, "path": one.path, "status": one.status} for one in step.requests],
                "took_ms": round(step.took_s * 1000),
                "failed": step.failed or None,
                **({} if step.facts is None else {"facts": step.facts}),
            }
        )

    def _outcome(self, outcome: Outcome) -> dict[str, Any]:
        return {
            "key": outcome.record.key,
            "form": outcome.record.form,
            "events": [event_shown(event, show_text=self._show_text) for event in outcome.events],
            "look_ups": [
                {"kind": one.ref.kind, "id": one.ref.id, "reason": one.reason, "version": one.version}
                for one in outcome.fetches
            ],
            "parked": outcome.parked or None,
        }

    def _words(self, step: Step, parked: list[Outcome]) -> None:
        asked = f"{len(step.requests)} request{'' if len(step.requests) == 1 else 's'}, {step.took_s:.1f} s"
        output.line(f"{clean(step.what)}: {_many(step)}{asked}")
        for request in step.requests:
            if not 200 <= request.status < 300:
                output.line(f"  {request.method} {clean(request.path)}: {request.status or 'no answer'}")
        for finding in step.findings:
            hint = f": {finding.hint}" if finding.hint and not finding.ok else ""
            output.line(f"  {'ok ' if finding.ok else 'bad'} {clean(finding.what)}{clean(hint)}")
        for name, value in (step.facts or {}).items():
            output.line(f"  {clean(name)} = {clean(msgspec.json.encode(value).decode())}")
        if step.outcomes:
            output.line(f"  become {_counted(step)}")
        if self._in_full or len(step.outcomes) == 1:
            for outcome in step.outcomes:
                self._record(outcome)
        for outcome in parked[:PARKED_SHOWN]:
            output.line(f"  can't be used: {clean(outcome.record.key or 'without a key')}: {clean(outcome.parked)}")
        if len(parked) > PARKED_SHOWN:
            output.line(f"  can't be used: {len(parked) - PARKED_SHOWN} more")
        if step.failed:
            output.line(f"  failed: {clean(step.failed)}")
        elif step.more:
            output.line("  there is more behind it")

    def _record(self, outcome: Outcome) -> None:
        output.line(f"  {clean(outcome.record.form)} {clean(outcome.record.key or 'without a key')}")
        for event in outcome.events:
            output.line(f"    {clean(_in_words(event, show_text=self._show_text))}")
        for fetch in outcome.fetches:
            output.line(f"    a look-up of {clean(fetch.ref.kind)} {clean(fetch.ref.id)}: {clean(fetch.reason)}")


def _in_words(event: Event, *, show_text: bool) -> str:
    shown = event_shown(event, show_text=show_text)
    type, ref = shown.pop("type"), shown.pop("ref")
    for key in ("id", "at", "sequence", "rev"):
        shown.pop(key, None)
    said = ", ".join(f"{key}={_short(value)}" for key, value in shown.items())
    return f"{format_instant(event.at)}  {type}  {ref['kind']} {ref['id']}{f'  {said}' if said else ''}"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_short(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    return str(value)


def _counted(step: Step) -> str:
    types = Counter(type(event).__struct_config__.tag for outcome in step.outcomes for event in outcome.events)
    words = [f"{count} {name}" for name, count in sorted(types.items())]
    look_ups = sum(len(outcome.fetches) for outcome in step.outcomes)
    if look_ups:
        words.append(f"{look_ups} look-up{'' if look_ups == 1 else 's'}")
    return ", ".join(words) or "nothing"


def _many(step: Step) -> str:
    count = len(step.outcomes)
    return "" if not count else f"{count} record{'' if count == 1 else 's'}, "
