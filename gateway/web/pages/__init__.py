"""The pages for people: server-rendered, each with a twin in JSON."""

from collections.abc import Iterator

from gateway.web.counted import Counted
from gateway.web.pages.board import BoardPage
from gateway.web.pages.contact import ContactPage
from gateway.web.pages.outgoing import OutgoingPages
from gateway.web.pages.page import Frame
from gateway.web.pages.policy import PolicyPage
from gateway.web.pages.settings import SettingsPage
from gateway.web.routes import Route


def page_routes(frame: Frame, counted: Counted) -> Iterator[Route]:
    """The addresses of every page."""
    policy, settings = PolicyPage(frame), SettingsPage(frame)
    for part in (BoardPage(frame, counted), ContactPage(frame), OutgoingPages(frame), policy, settings):
        for page in part.pages:
            yield from frame.routes(page)
    yield from settings.routes()
