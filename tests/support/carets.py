"""Broken files that say themselves what is wrong with them: a comment with a caret under the place, and the number.

    routing:
      - {id: default, queue: generel}
    #                        ^ GW131

The caret's column counts, on the nearest line above that is no such comment; a caret directly behind its `#` means the
column of that. Where no comment can stand: `# expect: 12:5 GW110` anywhere in the file.
"""

import re

from gateway.kernel.problems import lines_of

Place = tuple[int, int, str]
"""Line and column, from 1, and the number of the kind."""

GATEWAY = "# gateway.yaml"
"""How a file begins that is a configuration; all others are policies."""

_CARET = re.compile(r"\s*#\s*\^ (GW\d{3})\s*")
_HEADER = re.compile(r"# expect: (\d+):(\d+) (GW\d{3})\s*")


def expected(text: str) -> list[Place]:
    """What the file says of itself, in the order of its places."""
    places: list[Place] = []
    last = 0
    for number, line in enumerate(lines_of(text.removeprefix("\ufeff")), 1):
        if caret := _CARET.fullmatch(line):
            places.append((last, line.index("^") + (0 if "#^" in line else 1), caret[1]))
            continue
        last = number
        if header := _HEADER.fullmatch(line):
            places.append((int(header[1]), int(header[2]), header[3]))
    return sorted(places)
