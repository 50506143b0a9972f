"""Write the samples of the current version of every kind: `python -m tests.store.samples`.

What is there stays: bytes that were written once are what a database out there holds. Samples that are missing are
added; a shape to which only fields with a default were added is noted, and samples with them are written
beside the old ones. Any other change of a shape needs a new version first (CONTRIBUTING.md).
"""

import sys

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
        names = {sample.name for sample in known}
        for title, value in kind.values():
            while is_longer and title in names:
                title += ", longer"
            if title not in names:
                body = kind.write(value)
                known.append(stored.Sample(title, body, kind.read(body)))
                print(f"v{version}/{name}: {title}")
        stored.write(name, version, known, shape)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
