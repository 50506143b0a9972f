"""The reference of the figures names exactly those that there are."""

import re
from typing import cast

from gateway.engine.attempt import Endpoint
from gateway.engine.supervise import Loop
from gateway.engine.world import EnricherLink
from gateway.kernel.signing import parse_secret
from gateway.plugin import Enricher
from gateway.web.metrics import RECORDS
from tests.support.prometheus import parsed
from tests.support.source import ROOT
from tests.web.test_pages import fetched, story
from tests.web.worlds import NOW, SECRET, Whole, run

_NAMED = re.compile(r"`((?:gateway|process)_[a-z_]+)(?:\{([a-z,]+)\})?`")


def test_every_figure_is_in_the_reference() -> None:
    """With its labels; and the reference names none that there isn't."""

    async def work(whole: Whole) -> None:
        await story(whole)
        meters = whole.gateway.world.meters
        meters.started_at = meters.judged_to = NOW
        whole.gateway.enrichers = {"payments": EnricherLink("payments", cast(Enricher, None), 5.0, 4, 3_600.0)}
        whole.gateway.enrichers["payments"].count("asked")
        meters.look_up_seconds.observe(0.1, "payments")
        meters.tried("helpdesk", "2xx", 0.1)
        meters.requests.add("shop", "accepted")
        meters.loop_failures.add("judge")
        meters.refusals.add("wrong")
        whole.gateway.loops = [Loop(whole.gateway.world, "judge", whole.gateway._judge)]
        whole.gateway.endpoints = {"helpdesk": Endpoint("helpdesk", "https://a.example/", (parse_secret(SECRET),))}
        for what in (*RECORDS, "datagrams"):
            whole.gateway.links["shop"].count(what)
        told = {}
        for family in parsed((await fetched(whole, "/metrics")).body.decode()):
            told[family.name] = {label for _, labels in family.samples for label, _ in labels if label != "le"}
        # Shown only while something waits.
        told |= {"gateway_inbox_waiting": {"connector"}, "gateway_inbox_oldest_seconds": {"connector"}}
        page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8").partition("## What to be woken for")[0]
        named = {name: set(labels.split(",")) - {""} for name, labels in _NAMED.findall(page)}

        assert named == told

    run(work)


def test_what_to_be_woken_for_names_figures_that_there_are() -> None:
    """Whoever copies a condition gets one that can become true."""
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    above, _, conditions = page.partition("## What to be woken for")
    used = set(re.findall(r"gateway_[a-z_]+", conditions))

    assert used
    assert used <= {name for name, _ in _NAMED.findall(above)}
