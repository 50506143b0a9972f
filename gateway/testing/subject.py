"""What is checked: a class, its samples, and what its simulator gave when a story was played with it once."""

import asyncio
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

import httpx2
from pydantic import BaseModel

from gateway.kernel.rng import SeededRng
from gateway.plugin import Context, Customer, Instant, Record, RecordForm, Request
from gateway.plugin.account import open_account
from gateway.plugin.manager import abilities
from gateway.testing.check import CHECKS, NotApplicable, Sort
from gateway.testing.clock import START, StoryClock
from gateway.testing.ear import Sent
from gateway.testing.places import told
from gateway.testing.settings import validated
from gateway.testing.stage import Reader, Stage, reader, stage
from gateway.testing.transport import KitTransport, no_answer

FORMS: Final[tuple[RecordForm, ...]] = tuple(form for form in get_args(RecordForm) if form not in ("events", "look_up"))
PARKED: Final = "_parked"
"""What the name of a sample ends in that can't be used, and must be said so."""

KIT_FILE: Final = "kit.toml"
"""Beside the folder of samples: `[excuses]`, a reason by the id of a check, and `[settings]` where there is no
simulator to give them."""

OBJECTS: Final = 6
WITHIN_S: Final = 60.0
"""A story that takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A record of the vendor's, by the name of its file, or of where it was recorded."""

    name: str
    record: Record
    parked: bool = False


@dataclass(slots=True)
class Material:
    """What a story brought: the settings, the webhooks, the records; `trouble` if it came to no end."""

    values: Mapping[str, Any] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    """What was sent to where it listens."""

    records: list[Sample] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    """Whom the stand-in of an enricher knows."""

    trouble: str = ""


@dataclass(slots=True)
class Subject:
    """A connector or an enricher under test. `folder` is its distribution's (pyproject.toml, README.md); `seeds` how
    many stories the checks tell that depend on chance."""

    kind: Any
    samples: Path | None = None
    folder: Path | None = None
    excuses: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] | None = None
    seeds: int = 24
    memory: dict[str, Any] = field(default_factory=dict)
    """What checks of one theme have found out once for all of them."""

    _material: Material | None = None

    def __post_init__(self) -> None:
        for id, reason in self.excuses.items():
            if id not in CHECKS:
                raise ValueError(f"an excuse for {id!r}: there is no such check")
            if not str(reason).strip():
                raise ValueError(f"the excuse for {id!r} gives no reason")

    @property
    def sort(self) -> Sort:
        """What it is: who looks customers up is an enricher."""
        return "enricher" if hasattr(self.kind, "lookup") and not hasattr(self.kind, "normalize") else "connector"

    @property
    def able(self) -> tuple[str, ...]:
        """Its abilities; to pull is none of them where the settings at hand name nothing to pull."""
        return tuple(word for word in abilities(self.kind) if word != "pulls" or self._has_streams())

    @property
    def material(self) -> Material:
        """What one story brought; it is told once."""
        if self._material is None:
            self._material = _gathered(self) if self.sort == "connector" else _introduced(self)
        return self._material

    @property
    def given(self) -> Mapping[str, Any]:
        """Settings that work, secrets as text. Raises NotApplicable where nobody gives them."""
        if self.values is not None:
            return self.values
        if "simulates" not in abilities(self.kind):
            raise NotApplicable(f"there are no settings to try it with: no simulator, and no [settings] in {KIT_FILE}")
        if not self.material.values:
            raise NotApplicable("the simulator gave no settings (simulator-works)")
        return self.material.values

    def _has_streams(self) -> bool:
        """Whether it pulls: a connector may have streams by its settings only."""
        if self.kind.streams or not isinstance(self.kind.streams, tuple):
            return True
        try:
            return bool(self.made().streams)
        except (NotApplicable, ValueError):
            return True

    def requests(self) -> list[Request]:
        """Webhooks of the simulator's. Raises NotApplicable if it sent none."""
        if not self.material.requests:
            raise NotApplicable("the simulator sent no webhook (simulator-works)")
        return self.material.requests

    def made(self, values: Mapping[str, Any] | None = None) -> Any:
        """One whose HTTP client reaches nothing."""
        settings = validated(self.kind, self.given if values is None else values)
        return self.kind("kit", settings, self.context(settings))

    def context(self, settings: BaseModel) -> Context:
        """What the core lends it, with a client that reaches nothing."""
        clock = StoryClock()
        transport = KitTransport(clock, fault=no_answer(httpx2.ConnectError))
        return Context(open_account(self.kind, settings, clock=clock, rng=SeededRng(1), transport=transport))

    def sampled(self) -> list[Sample]:
        """The files of the samples, by name."""
        found = sorted(self.samples.glob("*.json")) if self.samples is not None and self.samples.is_dir() else []
        return [_sample(path) for path in found if form_of(path.stem)]

    def known(self) -> list[Sample]:
        """The samples, and of what the simulator sent the first few of each form."""
        kept: dict[str, list[Sample]] = {}
        for sample in self.material.records if "simulates" in self.able else []:
            kept.setdefault(sample.record.form, []).append(sample)
        return [*self.sampled(), *(sample for samples in kept.values() for sample in samples[:3])]

    def play(self, story: Callable[[], Awaitable[None]]) -> None:
        """Tell a story to its end. Raises TimeoutError for one that hangs."""

        async def within() -> None:
            async with asyncio.timeout(WITHIN_S):
                await story()

        asyncio.run(within())

    def stage(self, **options: Any) -> Any:
        """A stage for this connector: see `gateway.testing.stage`."""
        if "simulates" not in abilities(self.kind):
            raise NotApplicable("it brings no simulator (simulator-there)")
        return stage(self.kind, **options)

    def reader(self, on: Stage, **options: Any) -> Any:
        """A reader on a stage."""
        return reader(on, **options)


def form_of(stem: str) -> RecordForm | None:
    """The form of the record in a sample, which its file's name begins with: `push_created.json`, `row.json`."""
    form = stem.partition("_")[0]
    return form if form in FORMS else None


def kit_file(samples: Path | None) -> dict[str, Any]:
    """What the author's file beside the samples says; nothing where there is none."""
    path = None if samples is None else samples.parent / KIT_FILE
    return tomllib.loads(path.read_text(encoding="utf-8")) if path is not None and path.is_file() else {}


def _sample(path: Path) -> Sample:
    form = form_of(path.stem)
    assert form is not None  # noqa: S101 - by its caller
    record = Record(body=path.read_bytes(), form=form, received_at=Instant(START))
    return Sample(path.name, record, path.stem.endswith(PARKED))


def _gathered(subject: Subject) -> Material:
    """Play everything once, and keep what comes; what fails is a check's to tell."""
    found = Material()

    async def story() -> None:
        async with subject.stage(objects=OBJECTS) as on:
            found.values = dict(on.values)
            for name in sorted(on.simulator.acts):
                await on.acted(name)
            found.requests = on.wire.taken()
            found.sent = on.sent()
            on.shown()
            async with subject.reader(on) as ours:
                try:
                    await ours.deliver(found.requests)
                    await ours.hear(found.sent)
                    await ours.sync()
                finally:
                    found.records = [_recorded(row) for row in await ours.inbox()]

    if "simulates" in abilities(subject.kind):
        try:
            subject.play(story)
        except Exception as error:  # told by the checks whose business it is
            found.trouble = told(error)
    return found


def _introduced(subject: Subject) -> Material:
    """Start the stand-in of an enricher once, and keep what it gives; what fails is a check's to tell."""
    found = Material()

    async def story() -> None:
        stand_in = subject.kind.simulator(None, 1)
        try:
            found.values = dict(await stand_in.start(StoryClock().now, None))
            found.customers = list(stand_in.customers())
        finally:
            await stand_in.stop()

    if "simulates" in abilities(subject.kind):
        try:
            subject.play(story)
        except Exception as error:  # told by the checks whose business it is
            found.trouble = told(error)
    return found


def record_of(row: Any) -> Record:
    """The record that a row of the inbox holds."""
    return Record(body=row.body, form=row.form, key=row.key, received_at=Instant(row.received_at))


def _recorded(row: Any) -> Sample:
    return Sample(f"record {row.id} of the simulator's", record_of(row))


__all__ = ["Material", "Reader", "Sample", "Stage", "Subject", "form_of", "kit_file", "record_of"]
