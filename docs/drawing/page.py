"""The parts of the page that are generated: each picture, and the same in words, between two markers.

Whoever can't see a picture, or wants to check it, finds every figure in the table, and the command that repeats it.
"""

import re
from dataclasses import dataclass

from docs.drawing import key, metrics, timeline
from docs.drawing.judged import judged
from docs.drawing.scenes import SCENES, Scene
from docs.drawing.telling import HELD, open_hours, told

_PART = re.compile(r"<!-- picture (\S+) -->\n.*?<!-- end of picture -->\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Picture:
    """A file under docs/pictures, and the words that stand below it in the page."""

    name: str
    title: str
    svg: str
    words: str


def pictures() -> list[Picture]:
    """Every picture, drawn now."""
    return [
        Picture("key", key.TITLE, key.drawn(), key.in_words()),
        Picture("metrics", metrics.TITLE, metrics.drawn(), _metrics_words()),
        *(Picture(scene.name, scene.title, timeline.drawn(scene), _scene_words(scene)) for scene in SCENES),
    ]


def renewed(page: str, drawn: list[Picture]) -> str:
    """The page with the generated parts as they are now. Raises KeyError for a picture that doesn't exist."""
    known = {picture.name: picture for picture in drawn}
    return _PART.sub(lambda match: _part(known[match[1]]), page)


def _part(picture: Picture) -> str:
    words = (
        f"\n\n<details>\n<summary>The same in words</summary>\n\n{picture.words}\n</details>" if picture.words else ""
    )
    return (
        f"<!-- picture {picture.name} -->\n![{picture.title}](../pictures/{picture.name}.svg){words}\n"
        "<!-- end of picture -->\n"
    )


def _metrics_words() -> str:
    rows = [f"| `{row.metric}` | {metrics.cells_in_words(row)} | {row.words} |\n" for row in metrics.rows()]
    return "| metric | statuses | starts, and is met |\n|---|---|---|\n" + "".join(rows)


def _scene_words(scene: Scene) -> str:
    parts = []
    for panel in scene.panels:
        story = judged(scene, panel)
        folder = f"docs/drawing/cases/{scene.name}"
        rows = [f"| open | {words} |\n" for words in open_hours(story)]
        rows += [f"| {line.time} | {line.words} |\n" for line in told(story)]
        parts.append(
            (f"{panel.caption}:\n\n" if panel.caption else "")
            + f"| {story.zone.key} | what happens |\n|---|---|\n{''.join(rows)}\n"
            + "```console\n"
            + f"$ gateway policy eval --policy {folder}/policy.yaml --events {folder}/{panel.events}.json "
            + f"--at {panel.now or panel.end}\n```\n"
        )
    return "\n".join(parts).replace(HELD, " ")
