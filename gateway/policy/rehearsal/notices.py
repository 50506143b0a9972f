"""Compare a list of notices with what has gone out, entry by entry, and show where they part like a diff.

The two lists are laid side by side so that as many as possible agree; of those that don't, entries of one type that
stand in one place are told as one that differs.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from gateway.model.judgement import Implied
from gateway.policy.examples.moment import Moment, format_length
from gateway.policy.examples.shape import ExpectedNotice
from gateway.policy.rehearsal.report import Difference
from gateway.policy.rehearsal.seen import Seen, plain

Values = dict[str, Any]
"""What is expected of a notice, or what it has: times in ms."""

ALIGNED_MAX: Final = 40_000
"""Pairs of entries that are looked at; beyond that entries are compared by their place."""

_SHOWN: Final = ("rule", "metric", "instance", "mark", "chain", "step", "reminder", "roles")
_ALONE: Final = 12
"""What it costs to leave an entry without a counterpart; one of another type is none."""


def compare_notices(expected: Sequence[str | ExpectedNotice], seen: Seen) -> Iterator[Difference]:
    """At most one difference: that of the lists."""
    wanted = [_wanted(entry) for entry in expected]
    got = [_had(following, seen) for following in seen.notices()]
    if len(wanted) == len(got) and all(not _wrong(one, other) for one, other in zip(wanted, got, strict=True)):
        return
    entries: list[tuple[str, str]] = []
    for one, other in _aligned(wanted, got):
        if one is not None and other is not None and not _wrong(one, other):
            entries.append(("", _in_words(other, _keys_of(other, one), seen.offset)))
            continue
        if one is not None:
            kind = "missing" if other is None else "expected"
            entries.append((kind, _in_words(one, list(one), seen.offset)))
        if other is not None:
            kind = "unexpected" if one is None else "got"
            entries.append((kind, _in_words(other, _keys_of(other, one), seen.offset)))
    yield Difference(
        "notices",
        [_plain(one, list(one), seen.offset) for one in wanted],
        [_plain(other, _keys_of(other, None), seen.offset) for other in got],
        entries=tuple(entries),
        notes=("all of them went out, in another order",) if _are_out_of_order(wanted, got) else (),
    )


def _are_out_of_order(wanted: list[Values], got: list[Values]) -> bool:
    """Whether each expected entry has one of its own among those that went out, and none is left."""
    if len(wanted) != len(got) or len(wanted) ** 2 > ALIGNED_MAX:
        return False
    left = list(got)
    # Those of which more is expected choose first: they fit fewer.
    for one in sorted(wanted, key=len, reverse=True):
        found = next((other for other in left if not _wrong(one, other)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _wanted(entry: str | ExpectedNotice) -> Values:
    if isinstance(entry, str):
        return {"type": entry}
    return {key: getattr(entry, key) for key in type(entry).model_fields if key in entry.model_fields_set}


def _had(following: Implied, seen: Seen) -> Values:
    values: Values = {"type": following.type, "at": following.at, "after": following.at - seen.started_at}
    values |= {"rule": following.rule, "roles": list(following.roles)}
    return values | {key: following.detail[key] for key in _SHOWN if key in following.detail}


def _wrong(wanted: Values, had: Values) -> list[str]:
    """The keys that differ."""
    return [key for key, value in wanted.items() if had.get(key) != value]


def _keys_of(had: Values, wanted: Values | None) -> list[str]:
    """What is told of a notice: what tells it from others, and what was expected of it."""
    keys = ["type", "after", *(key for key in ("rule", "mark", "step", "reminder", "roles") if had.get(key))]
    return [*keys, *(key for key in wanted or () if key not in keys)]


def _plain(values: Values, keys: Sequence[str], offset: timedelta) -> Values:
    told = {}
    for key in keys:
        value = values.get(key)
        of = value.offset if isinstance(value, Moment) else offset
        told[key] = format_length(value) if key == "after" and value is not None else plain(key, value, of)
    return told


def _in_words(values: Values, keys: Sequence[str], offset: timedelta) -> str:
    told = _plain(values, keys, offset)
    type = told.pop("type", None)
    rest = ", ".join(f"{key}: {in_flow(value)}" for key, value in told.items())
    return f"{type or 'any'}" + (f" {{{rest}}}" if rest else "")


def in_flow(value: Any) -> str:
    """A plain value on one line, as a policy would have it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(in_flow, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {in_flow(inner)}" for key, inner in value.items()) + "}"
    return str(value)


def _aligned(wanted: list[Values], got: list[Values]) -> list[tuple[Values | None, Values | None]]:
    """Both lists side by side, None where one has no counterpart."""
    if len(wanted) * len(got) > ALIGNED_MAX:
        most = max(len(wanted), len(got))
        ones: list[Values | None] = [*wanted, *[None] * (most - len(wanted))]
        others: list[Values | None] = [*got, *[None] * (most - len(got))]
        return list(zip(ones, others, strict=True))
    costs = _costs(wanted, got)
    pairs: list[tuple[Values | None, Values | None]] = []
    one = other = 0
    while one < len(wanted) or other < len(got):
        here = costs[one][other]
        if (
            one < len(wanted)
            and other < len(got)
            and here == costs[one + 1][other + 1] + _cost(wanted[one], got[other])
        ):
            pairs.append((wanted[one], got[other]))
            one, other = one + 1, other + 1
        elif one < len(wanted) and here == costs[one + 1][other] + _ALONE:
            pairs.append((wanted[one], None))
            one += 1
        else:
            pairs.append((None, got[other]))
            other += 1
    return pairs


def _costs(wanted: list[Values], got: list[Values]) -> list[list[int]]:
    """What it costs at least to lay the rest of both lists side by side, from each pair of places."""
    costs = [[0] * (len(got) + 1) for _ in range(len(wanted) + 1)]
    for one in range(len(wanted), -1, -1):
        for other in range(len(got), -1, -1):
            left_one, left_other = len(wanted) - one, len(got) - other
            if not left_one or not left_other:
                costs[one][other] = _ALONE * (left_one + left_other)
                continue
            costs[one][other] = min(
                costs[one + 1][other + 1] + _cost(wanted[one], got[other]),
                costs[one + 1][other] + _ALONE,
                costs[one][other + 1] + _ALONE,
            )
    return costs


def _cost(wanted: Values, had: Values) -> int:
    wrong = _wrong(wanted, had)
    return 3 * _ALONE if "type" in wrong else 2 * len(wrong)
