"""Write the samples of the current version of every kind: `python -m tests.store.samples`.

What is there stays: bytes that were written once are what a database out there holds. Samples that are missing are
added; a shape to which only fields with a default, or words, were added is noted, samples with them are written beside
the old ones, and what is read of those has the defaults too. Any other change of a shape needs a new version first
(CONTRIBUTING.md).
"""

import sys
from dataclasses import replace
from typing import Any

from tests.store.samples import stored
from tests.store.samples.making import kinds
from tests.store.samples.shapes import only_added


def main() -> int:
    """Write what is missing; 1 where a shape has changed without a new version."""
    refused = 0
    for name, kind in kinds().items():
        version = kind.versions.current
        shape, before = kind.shape(), stored.shape(name, version)
        if before is not None and not only_added(before, shape):
            print(stored.told_of_change(name, version, before, shape), file=sys.stderr)
            refused += 1
            continue
        is_longer = before is not None and before != shape
        known = stored.samples(name, version)
        if is_longer:
            known = [_with_defaults(sample, kind.read(sample.body)) for sample in known]
        names, bodies = {sample.name for sample in known}, {sample.body for sample in known}
        for title, value in kind.values():
            if kind.write(value) in bodies:
                continue
            while is_longer and title in names:
                title += ", longer"
            if title not in names:
                body = kind.write(value)
                known.append(stored.Sample(title, body, kind.read(body)))
                print(f"v{version}/{name}: {title}")
        stored.write(name, version, known, shape)
    return 1 if refused else 0


def _with_defaults(sample: stored.Sample, reads: Any) -> stored.Sample:
    """The sample with what is read of it now. Raises ValueError if that isn't what it was, with more fields."""
    if not _holds(reads, sample.reads):
        raise ValueError(f"{sample.name}: what was written before is misread")
    return replace(sample, reads=reads)


def _holds(now: Any, before: Any) -> bool:
    """Whether all that was read before is read now, at the same place."""
    if isinstance(now, dict) and isinstance(before, dict):
        return now.keys() >= before.keys() and all(_holds(now[key], value) for key, value in before.items())
    if isinstance(now, list) and isinstance(before, list):
        return len(now) == len(before) and all(map(_holds, now, before))
    return bool(now == before)


if __name__ == "__main__":
    sys.exit(main())
