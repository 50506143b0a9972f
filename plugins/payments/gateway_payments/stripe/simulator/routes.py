"""The endpoints of the simulated API: what can be read, and what can be done by it.

Every handler says which parameters it knows: any other is refused, as Stripe does, so that a misspelt filter is no
filter in silence.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from gateway.plugin import DAY_MS, SECOND_MS
from gateway_payments.stripe.simulator import errors, till
from gateway_payments.stripe.simulator.account import Json
from gateway_payments.stripe.simulator.api import Api
from gateway_payments.stripe.simulator.cards import TOKENS
from gateway_payments.stripe.simulator.desk import OPEN_DISPUTE, OPEN_INQUIRY, VERIFICATION, WARNING
from gateway_payments.stripe.simulator.errors import Failure
from gateway_payments.stripe.simulator.lists import STALE_S, newest_first, page, search
from gateway_payments.stripe.simulator.params import Asking

Handler = Callable[..., Json]

PAGING: Final = ("limit", "starting_after", "ending_before", "expand")
EVENTS_KEPT_MS: Final = 30 * DAY_MS
TYPES_MAX: Final = 20
_REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer")
_SEARCHED: Final = {
    "customer": ("email", "phone", "name"),
    "charge": ("customer", "currency", "status"),
    "payment_intent": ("customer", "currency", "status"),
}


def retrieve(api: Api, asking: Asking, kind: str, id: str) -> Json:
    """One object."""
    asking.only("expand")
    return _found(api, kind, id)


def every(api: Api, asking: Asking, kind: str, url: str, filters: tuple[str, ...] = ()) -> Json:
    """The objects of a kind, by fields that are equal and by when they were created."""
    asking.only(*PAGING, "created", *filters)
    within, wanted = asking.within("created"), {name: asking.text(name) for name in filters}
    for name in ("customer", "charge", "payment_intent"):
        if (id := wanted.get(name)) is not None and api.account.find(name, id) is None:
            raise errors.no_such(name, id, name, status=400)

    def fits(row: Json) -> bool:
        equal = all(value is None or row.get(name) == value for name, value in wanted.items())
        return equal and within.has(row.get("created", 0))

    rows = [row for row in newest_first(api.account.rows(kind)) if not row.get("deleted")]
    return page(asking, url, rows, fits)


def searched(api: Api, asking: Asking, kind: str, url: str) -> Json:
    """What a query finds."""
    asking.only("query", "limit", "page", "expand")
    rows = [row for row in newest_first(api.account.rows(kind)) if not row.get("deleted")]
    if "stale_search" in api.faults:
        fresh = api.now() // SECOND_MS - STALE_S
        rows = [row for row in rows if row["created"] <= fresh]
    return search(asking, url, rows, _SEARCHED[kind])


def events(api: Api, asking: Asking, url: str) -> Json:
    """What happened in the last thirty days."""
    asking.only(*PAGING, "created", "type", "types", "delivery_success")
    within, delivered = asking.within("created"), asking.flag("delivery_success")
    one, many = asking.text("type"), asking.texts("types", TYPES_MAX)
    if one is not None and many:
        raise errors.wrong("type", "You may only specify one of these parameters: type, types.")
    now = api.now()
    since, rows, types = (now - EVENTS_KEPT_MS) // SECOND_MS, [], {}
    for happening in api.account.newest_first():
        if happening.created < since:
            break
        if happening.shown_from <= now:
            rows.append({"id": happening.id, "created": happening.created, "happening": happening})
            types[happening.id] = happening.type

    def fits(row: Json) -> bool:
        waits = bool(row["happening"].waiting)
        told = delivered is None or delivered is not waits
        return told and within.has(row["created"]) and _is_type(types[row["id"]], one, many)

    answer = page(asking, url, rows, fits)
    answer["data"] = [row["happening"].body() for row in answer["data"]]
    return answer


def event(api: Api, asking: Asking, id: str) -> Json:
    """One event, while it is kept."""
    asking.only("expand")
    found = api.account.event(id)
    if found is None or found.created < (api.now() - EVENTS_KEPT_MS) // SECOND_MS or found.shown_from > api.now():
        raise errors.no_such("event", id)
    return found.body()


def _is_type(type: str, one: str | None, many: list[str]) -> bool:
    if many:
        return type in many
    if one is not None and one.endswith("*"):
        return type.startswith(one[:-1])
    return one is None or type == one


def new_customer(api: Api, asking: Asking) -> Json:
    """Somebody becomes a customer."""
    asking.only("email", "name", "phone", "expand")
    given = {name: asking.text(name) for name in ("email", "name", "phone")}
    return api.desk.customer(api.now(), **given)


def update_customer(api: Api, asking: Asking, id: str) -> Json:
    """A customer has other particulars."""
    asking.only("email", "name", "phone", "expand")
    row = _found(api, "customer", id)
    if row.get("deleted"):
        raise errors.no_such("customer", id)
    api.desk.update_customer(row, api.now(), **{name: asking.text(name) for name in asking.given if name != "expand"})
    return row


def delete_customer(api: Api, asking: Asking, id: str) -> Json:
    """A customer is deleted."""
    asking.only()
    row = _found(api, "customer", id)
    if not row.get("deleted"):
        api.desk.delete_customer(row, api.now())
    return row


def new_intent(api: Api, asking: Asking) -> Json:
    """A payment is to be made, and is at once where that is wanted."""
    asking.only("amount", "currency", "customer", "payment_method", "confirm", "payment_method_types", "expand")
    asking.texts("payment_method_types", 10)
    asking.needed("amount")
    amount, currency = asking.number("amount", 0, 1, 99_999_999), asking.needed("currency")
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise errors.wrong("currency", f"Invalid currency: {currency[:20]}.")
    customer = asking.text("customer")
    who = None if customer is None else _related(api, "customer", customer)
    if asking.flag("confirm"):
        _card(asking)
    intent = api.desk.intend(api.now(), amount, currency.lower(), who)
    return _confirmed(api, asking, intent) if asking.flag("confirm") else intent


def confirm_intent(api: Api, asking: Asking, id: str) -> Json:
    """A card is charged for it."""
    asking.only("payment_method", "return_url", "expand")
    return _confirmed(api, asking, _found(api, "payment_intent", id))


def _confirmed(api: Api, asking: Asking, intent: Json) -> Json:
    api.desk.attempt(intent, api.now(), TOKENS[_card(asking)])
    if intent["status"] != "succeeded":
        raise errors.declined(intent["last_payment_error"], intent)
    return intent


def _card(asking: Asking) -> str:
    token = asking.needed("payment_method")
    if token not in TOKENS:
        raise errors.no_such("PaymentMethod", token, "payment_method", status=400)
    return token


def new_refund(api: Api, asking: Asking) -> Json:
    """Money goes back."""
    asking.only("charge", "payment_intent", "amount", "reason", "expand")
    intent, id = asking.text("payment_intent"), asking.text("charge")
    if intent is not None:
        id = _related(api, "payment_intent", intent)["latest_charge"]
    if id is None:
        raise errors.missing("charge")
    charge, reason = _related(api, "charge", id), asking.text("reason")
    if reason not in (None, *_REASONS):
        raise errors.wrong("reason", f"Invalid reason: must be one of {', '.join(_REASONS)}")
    if charge["refunded"]:
        raise Failure(400, f"Charge {id} has already been refunded.", code="charge_already_refunded")
    amount = asking.number("amount", charge["amount"] - charge["amount_refunded"], 1, 99_999_999)
    last4 = charge["payment_method_details"]["card"]["last4"]
    way = next((card.refund for card in TOKENS.values() if card.last4 == last4), "succeeded")
    status = "pending" if way == "pending" else "succeeded"
    refund = api.desk.refund(charge, api.now(), amount, status=status, reason=reason)
    if way == "failed":
        api.desk.settle_refund(refund, api.now(), "failed")
    return refund


def answer_dispute(api: Api, asking: Asking, id: str) -> Json:
    """Evidence, submitted or not; two words of Stripe's own decide at once, as in its sandbox."""
    asking.only("evidence", "submit", "expand")
    dispute = _found(api, "dispute", id)
    evidence, submit = asking.tree("evidence", dispute["evidence"]), asking.flag("submit")
    # Without the word, evidence is submitted: as Stripe has it.
    api.desk.answer(dispute, api.now(), evidence, submit=submit is not False)
    decided = {"winning_evidence": "won", "losing_evidence": "lost"}.get(str(evidence.get("uncategorized_text")))
    if decided and submit is not False:
        api.desk.decide(dispute, api.now(), decided)
    return dispute


def close_dispute(api: Api, asking: Asking, id: str) -> Json:
    """The company gives in."""
    asking.only("expand")
    dispute = _found(api, "dispute", id)
    if dispute["status"] not in (*OPEN_DISPUTE, *OPEN_INQUIRY):
        raise Failure(400, "This dispute is already closed.")
    api.desk.decide(dispute, api.now(), "lost")
    return dispute


def approve_review(api: Api, asking: Asking, id: str) -> Json:
    """Somebody has looked, and it is good."""
    asking.only("expand")
    review = _found(api, "review", id)
    api.desk.close_review(review, api.now(), "approved")
    return review


def new_endpoint(api: Api, asking: Asking) -> Json:
    """Webhooks go to one more address; its secret is told once."""
    asking.only("url", "enabled_events", "expand")
    types = asking.texts("enabled_events", 300)
    if not types:
        raise errors.missing("enabled_events")
    endpoint = api.subscribe(asking.needed("url"), None, tuple(types))
    return {**endpoint.row, "secret": endpoint.secrets[0][0]}


def delete_endpoint(api: Api, asking: Asking, id: str) -> Json:
    """Webhooks go there no more."""
    asking.only()
    _found(api, "webhook_endpoint", id)
    api.pusher.endpoints.pop(id, None)
    return api.account.take("webhook_endpoint", id)


def balance(api: Api, asking: Asking) -> Json:
    """What the account holds: what was paid and not given back."""
    asking.only("expand")
    rows = api.account.rows("charge")
    return till.balance("eur", sum(row["amount_captured"] - row["amount_refunded"] for row in rows))


def company(api: Api, asking: Asking) -> Json:
    """Whose account it is."""
    asking.only("expand")
    return till.account("acct_1OrionSimulated00", api.account.created, "eur")


def _found(api: Api, kind: str, id: str) -> Json:
    found = api.account.find(kind, id)
    if found is None:
        raise errors.no_such(kind, id)
    return found


def _related(api: Api, kind: str, id: str) -> Json:
    found = api.account.find(kind, id)
    if found is None or found.get("deleted"):
        raise errors.no_such(kind, id, kind, status=400)
    return found


_KINDS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("customers", "customer", ("email",)),
    ("charges", "charge", ("customer", "payment_intent")),
    ("payment_intents", "payment_intent", ("customer",)),
    ("payment_methods", "payment_method", ("customer", "type")),
    ("disputes", "dispute", ("charge", "payment_intent")),
    ("radar/early_fraud_warnings", WARNING, ("charge",)),
    ("reviews", "review", ()),
    ("refunds", "refund", ("charge", "payment_intent")),
    ("payouts", "payout", ("status",)),
    ("identity/verification_sessions", VERIFICATION, ("status", "related_customer")),
    ("webhook_endpoints", "webhook_endpoint", ()),
)

_ID: Final = r"(?P<id>\w{1,100})"


def _reading() -> list[tuple[str, str, Handler]]:
    rows: list[tuple[str, str, Any]] = []
    for path, kind, filters in _KINDS:
        url = f"/v1/{path}"
        if kind in _SEARCHED:
            rows.append(("GET", f"{path}/search", partial(searched, kind=kind, url=f"{url}/search")))
        rows.append(("GET", path, partial(every, kind=kind, url=url, filters=filters)))
        rows.append(("GET", f"{path}/{_ID}", partial(retrieve, kind=kind)))
    return rows


ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    *_reading(),
    ("GET", "events", partial(events, url="/v1/events")),
    ("GET", f"events/{_ID}", event),
    ("GET", "balance", balance),
    ("GET", "account", company),
    ("POST", "customers", new_customer),
    ("POST", f"customers/{_ID}", update_customer),
    ("DELETE", f"customers/{_ID}", delete_customer),
    ("POST", "payment_intents", new_intent),
    ("POST", f"payment_intents/{_ID}/confirm", confirm_intent),
    ("POST", "refunds", new_refund),
    ("POST", f"disputes/{_ID}", answer_dispute),
    ("POST", f"disputes/{_ID}/close", close_dispute),
    ("POST", f"reviews/{_ID}/approve", approve_review),
    ("POST", "webhook_endpoints", new_endpoint),
    ("DELETE", f"webhook_endpoints/{_ID}", delete_endpoint),
)
"""Method, path behind /v1/, and who answers."""
