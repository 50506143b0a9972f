"""Leads a foreign reader's requests for its vendor's hosts to the account instead: its addresses are fixed in its code.

Python imports this at a reader's start (it stands in PYTHONPATH). Everything else is as installed.
"""

import os

import requests.adapters  # type: ignore[import-untyped, unused-ignore]

BASE = os.environ["BENCH_SYNC_BASE"]
HOSTS = (".zendesk.com", ".freshdesk.com", ".salesforce.com")
_send = requests.adapters.HTTPAdapter.send


def _led(self, request, *given, **named):  # type: ignore[no-untyped-def]
    scheme, _, rest = request.url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme != "https" or not host.endswith(HOSTS):
        return _send(self, request, *given, **named)
    sent = request.copy()
    sent.url = f"{BASE}{slash}{path}"
    answer = _send(self, sent, *given, **named)
    # To the reader all is as if the vendor had answered: it looks at the address.
    answer.request, answer.url = request, request.url
    return answer


requests.adapters.HTTPAdapter.send = _led
