"""A Zendesk account: tickets by the incremental export."""

from bench.sync.shape import Shape
from bench.sync.zendesk.export import CURSOR, Export, following
from bench.sync.zendesk.readers import PEERS
from bench.sync.zendesk.tickets import row

CONNECTOR = """\
base_url: %s
allow_private: true
client_id: bench
client_secret: {env: BENCH_SECRET}
backfill_days: 3650
backfill_logs: none
follow_users: false
export_per_minute: 1000
requests_per_minute: 100000
"""
"""Tickets and nothing else, as the others read; and no waiting for limits that this account doesn't have."""

SHAPE = Shape(
    name="zendesk",
    tickets=50_000,
    row=row,
    site=Export,
    first=f"{CURSOR}?include=users&start_time=0",
    following=following,
    connector=CONNECTOR,
    peers=PEERS,
)
