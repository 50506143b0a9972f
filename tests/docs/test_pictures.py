"""Pictures and figures are what the code draws now, and people can read them: on a phone, in the dark, aloud."""

import re
from xml.etree import ElementTree

import pytest

from docs.drawing import explaining, metrics, svg
from docs.drawing import judged as judging
from docs.drawing.page import Picture, pictures, renewed
from docs.drawing.scenes import FOLDER, SCENES, Panel, Scene
from docs.drawing.telling import HELD, duration, told
from gateway.model.instant import HOUR_MS, MINUTE_MS
from gateway.rules.metrics import BEGUN_AGAIN, ON_ANY_REPLY, ON_OPENING, ON_REPLY
from tests.support.pages import page
from tests.support.source import ROOT

PAGE = "explanation/how-sla-clocks-count.md"
NAMESPACE = "{http://www.w3.org/2000/svg}"
FIGURE = re.compile(r"\b\d{1,2}:\d{2}\b|\b\d+ (?:h|min|s)\b")
PANELS = [(scene, panel) for scene in SCENES for panel in scene.panels]
DRAWN = pictures()
ON_PAPER = (("ink", "sheet"), ("quiet", "sheet"), ("ink", "open"), ("ink", "closed"), ("ink", "odd-soft"))
ON_SIGNS = (("ink", "good-soft"), ("on-used", "used"), ("on-bad", "bad"), ("on-badge", "badge"))
SIGNS = ("used", "come", "bad", "odd", "good", "quiet", "badge")


def panels() -> pytest.MarkDecorator:
    """Each panel of each scene."""
    return pytest.mark.parametrize(
        ("scene", "panel"), PANELS, ids=[f"{scene.name}-{panel.events}" for scene, panel in PANELS]
    )


@pytest.mark.parametrize("picture", DRAWN, ids=lambda picture: picture.name)
def test_the_file_is_what_is_drawn_now(picture: Picture) -> None:
    """A picture in the repository is, byte for byte, what the code draws; `make docs` draws it again."""
    assert (ROOT / "docs/pictures" / f"{picture.name}.svg").read_bytes() == picture.svg.encode()


def test_no_picture_is_left_over() -> None:
    """Every file beside the pictures is one of them, or of the pages; every scene has a folder of its own."""
    drawn = {f"{picture.name}.svg" for picture in DRAWN}
    assert {path.name for path in (ROOT / "docs/pictures").iterdir()} - {"screens"} == drawn
    assert {path.name for path in FOLDER.iterdir()} == {scene.name for scene in SCENES}


def test_the_page_has_every_picture_and_its_figures() -> None:
    """Each picture is shown once, with the words that belong to it now."""
    text = page(PAGE)

    assert renewed(text, DRAWN) == text
    assert sorted(re.findall(r"\.\./pictures/(\S+)\.svg", text)) == sorted(picture.name for picture in DRAWN)


def test_the_page_has_what_explain_prints() -> None:
    """Each explanation that the page shows is what the command's code says now, and stands in it once."""
    text = page(PAGE)

    assert explaining.renewed(text) == text
    assert re.findall(r"<!-- explained (\S+) -->", text) == [name for name, _ in explaining.SHOWN]
    assert [explaining.part(name) in text for name, _ in explaining.SHOWN] == [True]


def test_a_figure_in_the_prose_is_one_of_its_picture() -> None:
    """A time or a duration that the page speaks of stands in the judgement of the same section."""
    for part in page(PAGE).split("\n## "):
        generated = "".join(re.findall(r"<!-- picture.*?<!-- end of picture -->", part, re.DOTALL))
        told = r"<!-- picture.*?<!-- end of picture -->|<!-- explained.*?<!-- end of explained -->|`[^`]*`"
        prose = re.sub(told, "", part, flags=re.DOTALL)
        assert set(FIGURE.findall(prose)) <= set(FIGURE.findall(generated)), part.splitlines()[0]


def test_every_judgement_can_be_repeated() -> None:
    """Below each timeline stands the command that repeats it, over files that are there."""
    commands = re.findall(r"--policy (\S+) --events (\S+) --at (\S+)", page(PAGE))

    assert len(commands) == len(PANELS)
    assert [path for *paths, _ in commands for path in paths if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("picture", DRAWN, ids=lambda picture: picture.name)
def test_a_picture_stands_alone(picture: Picture) -> None:
    """Well-formed; a title and a description for those who listen; no script, and nothing fetched from elsewhere."""
    root = ElementTree.fromstring(picture.svg)
    tags = {element.tag.removeprefix(NAMESPACE) for element in root.iter()}
    attributes = {name for element in root.iter() for name in element.attrib}

    assert root.findtext(f"{NAMESPACE}title") == picture.title
    assert len(root.findtext(f"{NAMESPACE}desc") or "") > 40
    assert tags <= {"svg", "title", "desc", "style", "rect", "line", "path", "circle", "text"}
    assert not any("href" in name or name.startswith("on") for name in attributes)
    assert "url(" not in picture.svg and "@import" not in picture.svg
    assert picture.svg.count("://") == 1


@pytest.mark.parametrize("picture", DRAWN, ids=lambda picture: picture.name)
def test_words_stay_inside_and_apart(picture: Picture) -> None:
    """No word leaves the paper, and no two on one line touch, measured with room to spare."""
    root = ElementTree.fromstring(picture.svg)
    seen: list[tuple[float, float, float, str]] = []
    for text in root.iter(f"{NAMESPACE}text"):
        named = text.get("class", "").split()
        size = 17 if "title" in named else 13 if "small" in named else 12 if "on-badge" in named else 14.5
        words = text.text or ""
        wide = svg.width_of(words, size * 0.9)
        x, y = float(text.get("x", 0)), float(text.get("y", 0))
        left = x - wide / 2 if text.get("text-anchor") == "middle" else x
        assert left >= 0 and left + wide <= svg.WIDTH, words
        touching = [other for low, start, end, other in seen if low == y and left < end and start < left + wide]
        assert touching == [], words
        seen.append((y, left, left + wide, words))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_can_be_told_apart(mode: str) -> None:
    """Words have a contrast of 4.5 to what they stand on, signs of 3 to the paper, in both modes (WCAG AA)."""
    light, dark = svg.STYLE.split("@media")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light if mode == "light" else dark.split("text {")[0]))

    assert [pair for pair in (*ON_PAPER, *ON_SIGNS) if contrast(*(colours[name] for name in pair)) < 4.5] == []
    assert [name for name in SIGNS if contrast(colours[name], colours["sheet"]) < 3] == []


@panels()
def test_every_event_leaves_a_trace(scene: Scene, panel: Panel) -> None:
    """What a scene's events say is told at their instant: an event that means nothing to the rules has no place."""
    story = judging.judged(scene, panel)
    words = {line.at: line.words for line in told(story)}

    assert [event.id for event in story.events if not words.get(int(event.at))] == []


@panels()
def test_the_stretches_add_up(scene: Scene, panel: Panel) -> None:
    """What is drawn as counted is what the judgement says has elapsed."""
    story = judging.judged(scene, panel)
    final = story.at(story.now)
    for name in story.clocks():
        drawn = sum(
            stretch.end - stretch.start for stretch in story.stretches(name) if stretch.kind in ("used", "late")
        )
        clock = final.clock(name)
        assert clock is not None and drawn == clock["elapsed_s"] * 1_000


def test_the_trial_finds_what_the_tables_say() -> None:
    """What starts a metric, found by trial, is what the tables of starts have."""
    starts = {row.metric: row.starts for row in metrics.rows()}

    assert {metric for metric, words in starts.items() if "the contact opens" in words} == set(ON_OPENING)
    assert {metric for metric, words in starts.items() if "each reply" in words} == set(ON_REPLY)
    assert {metric for metric, words in starts.items() if "is reopened unanswered" in words} == set(BEGUN_AGAIN)
    assert all(starts.values())
    met_by_reply = {row.metric for row in metrics.rows() if "a reply" in row.met_by}
    assert set(ON_ANY_REPLY) | set(ON_REPLY) < met_by_reply


def test_a_changed_picture_would_be_found() -> None:
    """The page is renewed between its markers, and nowhere else; a picture that doesn't exist is an error."""
    text = "before\n<!-- picture one -->\nold\n<!-- end of picture -->\nafter\n"
    one = Picture("one", "One", "<svg/>", "")

    assert renewed(text, [one]) == (
        "before\n<!-- picture one -->\n![One](../pictures/one.svg)\n<!-- end of picture -->\nafter\n"
    )
    with pytest.raises(KeyError):
        renewed(text, [])


def test_durations_are_whole_words() -> None:
    """Units that are zero are left out; a figure and its unit are never parted."""
    assert duration(HOUR_MS + 30 * MINUTE_MS) == f"1{HELD}h{HELD}30{HELD}min"
    assert duration(0) == f"0{HELD}min"


def contrast(one: str, other: str) -> float:
    """The ratio of the luminances of two colours, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, from 0 to 1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
