"""What the rounds of all readers say together: ours beside the others', and each reader's own figures. Pure."""

import statistics

from bench.sync.measure import Round
from bench.sync.readers import Reader
from bench.table import Figure, markdown

GATEWAY, PLAIN, CEILING = "gateway", "gateway plain", "bare download"
TIMES, MEMORY_MB = 5.0, 150.0
Rounds = dict[str, list[Round]]


def figures(rounds: Rounds) -> list[Figure]:
    """Ours beside each of the others, round by round, the fastest first; what was lost or doubled; memory."""
    others = [name for name, those in rounds.items() if those and name not in (GATEWAY, PLAIN, CEILING)]
    others.sort(key=lambda name: -_median(rounds[name]))
    mine = rounds.get(GATEWAY, [])
    found: list[Figure] = []
    for place, name in enumerate(others):
        found += _beside(GATEWAY, mine, name, rounds[name], fastest=place == 0)
    if others:
        found += _beside(PLAIN, rounds.get(PLAIN, []), others[0], rounds[others[0]], fastest=False)
    if mine:
        wrong = tuple(float(one.wrong) for one in mine)
        found += [
            _none("tickets lost", tuple(float(one.lost) for one in mine)),
            _none("tickets doubled", tuple(float(one.doubled) for one in mine)),
            _none("rounds with a wrong subject or status", wrong),
            Figure(
                f"{GATEWAY}: memory at most",
                tuple(one.memory_mb for one in mine),
                "MB",
                goal=MEMORY_MB,
                bound="at most",
                digits=0,
            ),
        ]
    return found


def _beside(ours: str, mine: list[Round], name: str, theirs: list[Round], *, fastest: bool) -> list[Figure]:
    pairs = list(zip(mine, theirs, strict=False))
    if not pairs:
        return []
    what = f"{ours} beside {name}" + (", the fastest" if fastest else "")
    noise = max(one.others for pair in pairs for one in pair)
    return [
        Figure(
            f"{what}: tickets a second",
            tuple(a.per_second / b.per_second for a, b in pairs),
            goal=TIMES if fastest else None,
            note=f"others took up to {noise:.0%} of the readers' processor",
            noise=noise,
        ),
        Figure(f"{what}: tickets a processor second", tuple(b.cpu_ms / a.cpu_ms for a, b in pairs)),
    ]


def _none(what: str, values: tuple[float, ...]) -> Figure:
    return Figure(f"{GATEWAY}: {what}", values, goal=0, bound="at most", digits=0)


def _median(those: list[Round]) -> float:
    return statistics.median(one.per_second for one in those)


def table(readers: list[Reader], rounds: Rounds) -> str:
    """Each reader's own figures: medians of the rounds, the spread of the rate, the worst of what went wrong."""
    head = [
        "reader", "setting", "tickets a second", "rounds", "processor ms each", "start s", "requests", "MB sent",
        "memory MB", "lost", "doubled",
    ]  # fmt: skip
    return "\n".join(markdown(head, [_cells(one, rounds[one.name]) for one in readers]))


def _cells(reader: Reader, those: list[Round]) -> list[str]:
    median = statistics.median
    rates = [one.per_second for one in those]
    keeps = reader.name != CEILING
    return [
        reader.name,
        reader.about,
        f"{median(rates):,.0f}",
        f"{min(rates):,.0f} to {max(rates):,.0f}",
        f"{median(one.cpu_ms for one in those):.3f}",
        f"{median(one.start_s for one in those):.1f}",
        f"{median(one.requests for one in those):,.0f}",
        f"{median(one.sent_mb for one in those):,.0f}",
        f"{max(one.memory_mb for one in those):,.0f}",
        f"{max(one.lost for one in those):,}" + (" (others wrong)" if any(one.wrong for one in those) else "")
        if keeps
        else "",
        f"{max(one.doubled for one in those):,}" if keeps else "",
    ]
