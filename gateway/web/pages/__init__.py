"""The pages for people: server-rendered, each with a twin in JSON."""

from collections.abc import Iterator

from gateway.web.counted import Counted
from gateway.web.pages.acting import Acting
from gateway.web.pages.board import BoardPage
from gateway.web.pages.connectors import ConnectorsPage
from gateway.web.pages.contact import ContactPage
from gateway.web.pages.deeds import Deeds
from gateway.web.pages.deliveries import DeliveriesPages
from gateway.web.pages.endpoints import EndpointsPages
from gateway.web.pages.inbox import InboxPages
from gateway.web.pages.page import Frame
from gateway.web.pages.policy import PolicyPage
from gateway.web.pages.queues import QueuesPage
from gateway.web.pages.settings import SettingsPage
from gateway.web.pages.timeline import TimelinePage
from gateway.web.routes import Route


def page_routes(frame: Frame, counted: Counted) -> Iterator[Route]:
    """The addresses of every page."""
    settings = SettingsPage(frame)
    parts = (
        BoardPage(frame, counted),
        QueuesPage(frame),
        ContactPage(frame),
        TimelinePage(frame),
        PolicyPage(frame),
        ConnectorsPage(frame),
        DeliveriesPages(frame),
        EndpointsPages(frame),
        InboxPages(frame),
        settings,
    )
    for part in parts:
        for page in part.pages:
            yield from frame.routes(page)
    yield from Acting(frame).routes()
    yield from Deeds(frame).routes()
    yield from settings.routes()
