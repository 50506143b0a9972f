"""Keeps records as samples for the kit, without what is personal: a few of each kind, none that has lost its sense."""

from pathlib import Path
from typing import Final

from msgspec.structs import replace

from gateway.cli.failures import UNAVAILABLE, Failed
from gateway.cli.plugin.trial.private import Redaction
from gateway.cli.plugin.trial.run import Outcome, Trial

PER_KIND: Final = 2
FILES_MAX: Final = 100
BYTES_MAX: Final = 256 * 1024


class Samples:
    """The folder that they are written to. Nothing that is there is written over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._redaction = Redaction()
        self._kinds: dict[tuple[object, ...], int] = {}
        self.written: list[Path] = []
        self.refused: dict[str, int] = {}
        """Why some weren't written, and how many."""

    def keep(self, outcome: Outcome, trial: Trial) -> None:
        """Write a record, if it shows something new. Raises Failed."""
        kind = (outcome.record.form, outcome.record.stream, bool(outcome.parked), *_types(outcome))
        if self._kinds.get(kind, 0) >= PER_KIND or len(self.written) >= FILES_MAX:
            return
        if len(outcome.record.body) > BYTES_MAX:
            return self._refuse(f"larger than {BYTES_MAX // 1024} KiB")
        try:
            body = self._redaction.body(outcome.record.body)
        except ValueError as error:
            return self._refuse(str(error))
        again = trial.becomes(replace(outcome.record, body=body))
        if _types(again) != _types(outcome) or bool(again.parked) != bool(outcome.parked):
            return self._refuse("without what is personal it would mean something else")
        self._kinds[kind] = self._kinds.get(kind, 0) + 1
        self._write(outcome, body)

    def _refuse(self, why: str) -> None:
        self.refused[why] = self.refused.get(why, 0) + 1

    def _write(self, outcome: Outcome, body: bytes) -> None:
        about = "".join(sign if sign.isalnum() else "_" for sign in (outcome.record.stream or "record")[:40])
        for number in range(1, 10_000):
            path = self._folder / f"{outcome.record.form}_{about}_{number}{'_parked' if outcome.parked else ''}.json"
            if path not in self.written and not path.exists():
                break
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(body)
        except OSError as error:
            raise Failed(UNAVAILABLE, f"{path}: {error.strerror or 'it cannot be written'}") from None
        self.written.append(path)


def _types(outcome: Outcome) -> tuple[str, ...]:
    tags = sorted({str(type(event).__struct_config__.tag) for event in outcome.events})
    return (*tags, *(["look-up"] if outcome.fetches else []))
