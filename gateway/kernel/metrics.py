"""What is counted while the gateway runs, and the text in which monitors read it (Prometheus' text format 0.0.4).

Laws. A label's value is a name out of the configuration or a fixed word, never anything that came from outside; a
family holds at most SERIES_MAX of them, and what comes beyond is counted under OTHER. To count costs one look into a
dict and can't fail.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

SERIES_MAX: Final = 2_000
"""Combinations of labels that one family holds."""

OTHER: Final = "other"
DELIVERY_BOUNDS_S: Final = (0.01, 0.05, 0.2, 1.0, 5.0)
"""Upper bounds of the buckets in which the durations of tries are counted, in seconds."""

_ACCEPTED, _UNAVAILABLE = 202, 503

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: the family's name with `suffix`, the labels, and the value."""

    value: float
    labels: Labels = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Figures of one name. `words` say what is counted, in which unit; the name ends with the unit, or `_total`."""

    name: str
    kind: Kind
    words: str
    samples: tuple[Sample, ...]


@dataclass(slots=True)
class Counter:
    """Counts up, for each combination of its labels."""

    name: str
    words: str
    labels: tuple[str, ...] = ()
    counted: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, *values: str, number: int = 1) -> None:
        """Count `number` more under these values of the labels."""
        key = _bounded(self.counted, values)
        self.counted[key] = self.counted.get(key, 0) + number

    def of(self, *values: str) -> int:
        """How many there were."""
        return self.counted.get(values, 0)

    def family(self) -> Family:
        """The figures as they are now."""
        samples = (Sample(count, _named(self.labels, key)) for key, count in sorted(self.counted.items()))
        return Family(self.name, "counter", self.words, tuple(samples))


@dataclass(slots=True)
class Histogram:
    """Counts values by size, for each combination of its labels; `bounds` are the upper ends of its buckets."""

    name: str
    words: str
    bounds: tuple[float, ...]
    labels: tuple[str, ...] = ()
    counted: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    sums: dict[tuple[str, ...], float] = field(default_factory=dict)

    def observe(self, value: float, *values: str) -> None:
        """Count one value under these values of the labels."""
        key = _bounded(self.counted, values)
        buckets = self.counted.get(key)
        if buckets is None:
            buckets = self.counted[key] = [0] * (len(self.bounds) + 1)
        buckets[bisect_left(self.bounds, value)] += 1
        self.sums[key] = self.sums.get(key, 0.0) + value

    def family(self) -> Family:
        """The figures as they are now: each bucket holds those below it too."""
        return Family(self.name, "histogram", self.words, tuple(self._samples()))

    def _samples(self) -> Iterator[Sample]:
        for key, buckets in sorted(self.counted.items()):
            labels, total = _named(self.labels, key), 0
            for bound, count in zip((*self.bounds, float("inf")), buckets, strict=True):
                total += count
                yield Sample(total, (*labels, ("le", number_text(bound))), "_bucket")
            yield Sample(self.sums[key], labels, "_sum")
            yield Sample(total, labels, "_count")


@dataclass(slots=True)
class Meters:
    """All that one gateway counts itself. It starts with the process, at nothing."""

    requests: Counter = field(
        default_factory=lambda: Counter(
            "gateway_requests_total",
            "Requests of vendors by what they were told: accepted, replied, refused, failed or unavailable (503).",
            ("connector", "outcome"),
        )
    )
    tries: Counter = field(
        default_factory=lambda: Counter(
            "gateway_delivery_tries_total",
            "Tries of deliveries by how they ended: 2xx, 3xx, 4xx, 429, 5xx, timeout, network or blocked.",
            ("endpoint", "outcome"),
        )
    )
    delivery_seconds: Histogram = field(
        default_factory=lambda: Histogram(
            "gateway_delivery_duration_seconds",
            "How long tries of deliveries took, answered or not.",
            DELIVERY_BOUNDS_S,
            ("endpoint",),
        )
    )
    look_up_seconds: Histogram = field(
        default_factory=lambda: Histogram(
            "gateway_enricher_duration_seconds",
            "How long look-ups of enrichers took, answered or not.",
            DELIVERY_BOUNDS_S,
            ("enricher",),
        )
    )
    refusals: Counter = field(
        default_factory=lambda: Counter(
            "gateway_access_refused_total",
            "Requests to pages and API that were refused: host, missing, wrong, expired, role or origin.",
            ("why",),
        )
    )
    loop_failures: Counter = field(
        default_factory=lambda: Counter("gateway_loop_failures_total", "Steps of a loop that failed.", ("loop",))
    )
    judged_to: int | None = None
    """The watermark that judging read last, in ms since the epoch; None before the first."""

    started_at: int | None = None
    """When the gateway started, in ms since the epoch."""

    def tried(self, endpoint: str, outcome: str, seconds: float) -> None:
        """Count a try of a delivery; `outcome` as `outcome_class` has it."""
        self.tries.add(endpoint, outcome)
        self.delivery_seconds.observe(seconds, endpoint)

    def families(self) -> tuple[Family, ...]:
        """All of it as it is now."""
        counted = (
            self.requests,
            self.tries,
            self.delivery_seconds,
            self.look_up_seconds,
            self.refusals,
            self.loop_failures,
        )
        return tuple(meter.family() for meter in counted)


def outcome_class(status: int | None, *, blocked: bool = False, timed_out: bool = False) -> str:
    """How a try ended, as a fixed word; `status` None: no answer came, because of the guard, the deadline or the
    network."""
    if status is not None:
        return "429" if status == 429 else f"{min(max(status // 100, 1), 5)}xx"
    if blocked:
        return "blocked"
    return "timeout" if timed_out else "network"


def request_outcome(status: int) -> str:
    """What a vendor's request was told, as a fixed word."""
    if status == _ACCEPTED:
        return "accepted"
    if status < 400:
        return "replied"
    if status < 500:
        return "refused"
    return "unavailable" if status == _UNAVAILABLE else "failed"


def exposition(families: Iterable[Family]) -> str:
    """The families as a monitor reads them; one without figures is left out."""
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines.append(f"# HELP {family.name} {_escaped(family.words)}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines.extend(_line(family.name, sample) for sample in family.samples)
    return "\n".join(lines) + "\n"


def number_text(number: float) -> str:
    """A number as the format writes it."""
    if number == float("inf"):
        return "+Inf"
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{label}="{_quoted(value)}"' for label, value in sample.labels)
    return f"{name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {number_text(sample.value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")


def _named(labels: tuple[str, ...], values: tuple[str, ...]) -> Labels:
    return tuple(zip(labels, values, strict=True))


def _bounded(counted: Mapping[tuple[str, ...], object], values: tuple[str, ...]) -> tuple[str, ...]:
    if values in counted or len(counted) < SERIES_MAX:
        return values
    return (OTHER,) * len(values)
