"""A Salesforce organisation: cases by queries, and by bulk jobs."""

from urllib.parse import urlencode

from bench.sync.salesforce.cases import row
from bench.sync.salesforce.org import EVERYTHING, ROOT, Org, following
from bench.sync.salesforce.readers import PEERS
from bench.sync.shape import Shape

CONNECTOR = """\
base_url: %s
allow_private: true
grant: client_credentials
client_id: bench
client_secret: {env: BENCH_SECRET}
backfill_days: 3650
sessions: false
calls: false
requests_per_minute: 100000
"""
"""No waiting for limits that this account doesn't have. It has cases and nothing else, as the others read."""

SHAPE = Shape(
    name="salesforce",
    tickets=50_000,
    row=row,
    site=Org,
    first=f"{ROOT}/query?{urlencode({'q': EVERYTHING})}",
    following=following,
    connector=CONNECTOR,
    peers=PEERS,
)
