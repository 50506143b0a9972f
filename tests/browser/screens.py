"""Photographs the pages of a demo for the documentation: `python -m tests.browser.screens`.

It is the stage of `gateway demo` with its own story, and with an hour of everyday tickets before it, so that the board
is as full as boards are. The pictures are taken once the story's promise is broken and somebody has been called.
"""

import asyncio
import io
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from gateway.cli.demo.stage import Stage
from gateway.cli.demo.story import BREACH_AT_S, TOO_LATE_S, Act, calls, everyday, story
from gateway.kernel.rng import SeededRng
from gateway.model.instant import Instant
from gateway.policy.load import load_policy
from gateway.policy.presets import preset_text
from gateway.web.receiver import Notice
from tests.browser.chromium import UNAVAILABLE, WANTED, found
from tests.support.source import ROOT

FOLDER = ROOT / "docs" / "pictures" / "screens"
PRESET = "orion-stars"
SLOWER = 40
"""Everyday tickets come every few seconds in the demo; the past that is shown is slower by so much."""

EVERYDAY_S = 220.0
WAIT_S = 90.0
DESK, PHONE = (1280, 1000), (390, 844)
HIGHEST = 1400
COLOURS = 96
BYTES_MAX = 1_500_000


@dataclass(frozen=True)
class Screen:
    """A picture's name, the page's path, and how it is looked at. `{contact}` is the escalated one."""

    name: str
    path: str
    dark: bool = False
    phone: bool = False


SCREENS = (
    Screen("board", "/"),
    Screen("contact", "/contacts/{contact}"),
    Screen("board-dark", "/", dark=True),
    Screen("contact-dark", "/contacts/{contact}", dark=True),
    Screen("board-phone", "/", phone=True),
    Screen("contact-phone", "/contacts/{contact}", phone=True),
    Screen("timeline", "/timeline"),
    Screen("queues", "/queues"),
    Screen("policy", "/policy"),
    Screen("policy-try", "/policy?channel=chat&tags=fraud&subject=My+account+was+emptied"),
    Screen("connectors", "/connectors"),
    Screen("deliveries", "/deliveries"),
    Screen("endpoints", "/endpoints"),
    Screen("inbox", "/inbox"),
    Screen("settings", "/settings"),
)


def past(start_s: float) -> list[Act]:
    """The everyday acts of the time before, from `start_s` until now."""
    acts = takewhile(lambda act: act.at_s < 0, everyday(start_s, SeededRng(11)))
    return [replace(act, at_s=act.at_s * SLOWER) for act in acts]


@asynccontextmanager
async def performed(folder: Path) -> AsyncIterator[tuple[Stage, str]]:
    """The stage, and the contact whose promise is broken and for which somebody was called."""
    called: asyncio.Queue[str] = asyncio.Queue()

    def heard(notice: Notice) -> None:
        body = notice.body or {}
        if notice.type == "escalation.raised" and "login" in stage.tickets:
            refs = body["data"]["contact"]["refs"]
            if any((ref["connector"], ref["id"]) == ("acme", str(stage.tickets["login"])) for ref in refs):
                called.put_nowait(body["subject"])

    stage = Stage(folder, PRESET, heard)
    policy = load_policy(preset_text(PRESET), PRESET).policy
    acts = story(policy)
    await stage.open_accounts()
    for act in sorted([*past(-EVERYDAY_S), *(act for act in acts if act.at_s < 0)], key=lambda act: act.at_s):
        stage.play(act)
    await stage.start()
    # Of the callers one has got through; the others wait, for their picture.
    rung = [act for act in calls(policy, Instant(stage.started_at)) if act.what == "calls" or act.ticket == "in time"]
    for act in (act for act in rung if act.at_s < 0):
        stage.play(act)
    acts = sorted([*acts, *rung], key=lambda act: act.at_s)
    going = asyncio.create_task(go_on(stage, [act for act in acts if 0 <= act.at_s < TOO_LATE_S]))
    try:
        async with asyncio.timeout(WAIT_S):
            contact = await called.get()
        yield stage, contact
    finally:
        going.cancel()
        await stage.stop()


async def go_on(stage: Stage, acts: list[Act]) -> None:
    """What happens in the demo before the answer comes that is too late; then it stands still for its pictures."""
    for act in acts:
        await asyncio.sleep(max(0.0, stage.started_at / 1000 + act.at_s - stage.clock.now() / 1000))
        stage.play(act)


async def take(browser: Browser, stage: Stage, contact: str, screen: Screen) -> None:
    """One picture."""
    width, height = PHONE if screen.phone else DESK
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if screen.dark else "light",
        timezone_id="America/New_York",
    )
    page = await context.new_page()
    await page.goto(f"{stage.daemon.admin_url}/?token={stage.daemon.token}")
    answer = await page.goto(f"{stage.daemon.admin_url}{screen.path.format(contact=contact)}")
    if answer is None or answer.status != 200:
        raise SystemExit(f"{screen.path} isn't there")
    await settled(page)
    tall = (
        int(await page.evaluate("document.querySelector('main').lastElementChild.getBoundingClientRect().bottom")) + 24
    )
    room = {"x": 0, "y": 0, "width": width, "height": min(tall, HIGHEST)}
    await keep(await page.screenshot(full_page=True, clip=room, animations="disabled"), FOLDER / f"{screen.name}.png")
    await context.close()


async def settled(page: Page) -> None:
    """Come back when the page is live, and has its own times."""
    await page.locator("#pulse", has_text="Live").wait_for()
    await page.evaluate("document.fonts.ready")


async def keep(picture: bytes, path: Path) -> None:
    """Write it with few colours: a page has no more."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    small = image.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


async def main() -> int:
    """Take all pictures, or those whose names were given."""
    path = found(os.environ)
    if path is None:
        print(WANTED, file=sys.stderr)
        return UNAVAILABLE
    wanted = [screen for screen in SCREENS if screen.name in sys.argv[1:] or not sys.argv[1:]]
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"the demo plays; its promise is broken after {BREACH_AT_S} seconds", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="orion-gateway-screens-") as folder:
        async with performed(Path(folder)) as (stage, contact), async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for screen in wanted:
                await take(browser, stage, contact, screen)
                print(f"{screen.name}.png  {(FOLDER / f'{screen.name}.png').stat().st_size:,} bytes")
            await browser.close()
    total = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    print(f"{total:,} bytes together, {BYTES_MAX:,} are allowed", file=sys.stderr)
    return 0 if total <= BYTES_MAX else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
