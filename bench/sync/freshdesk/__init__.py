"""A Freshdesk account: tickets by their list."""

from bench.sync.freshdesk.lists import LIST, Lists, following
from bench.sync.freshdesk.readers import PEERS, SINCE
from bench.sync.freshdesk.tickets import row
from bench.sync.shape import Shape

CONNECTOR = """\
base_url: %s
allow_private: true
api_key: {env: BENCH_SECRET}
backfill_days: 3650
backfill_conversations: none
list_per_minute: 10000
requests_per_minute: 100000
"""
"""Tickets and nothing else, as the others read; and no waiting for limits that this account doesn't have."""

SHAPE = Shape(
    name="freshdesk",
    # Below the 300 pages, behind which readers without windows would fail.
    tickets=25_000,
    row=row,
    site=Lists,
    first=f"{LIST}?updated_since={SINCE}&per_page=100&include=requester,stats,description",
    following=following,
    connector=CONNECTOR,
    peers=PEERS,
)
