"""The simulated account's API: who may ask, how lists and searches are paged, what is refused, what each fault does."""

import asyncio
import base64
from typing import Any

import aiohttp
import pytest
from gateway_payments.stripe.simulator.api import READS

from plugins.payments.tests.stripe_shop import Answer, Shop, told


async def paid(shop: Shop, times: int = 1, **more: str) -> list[Any]:
    """Payments made by API, each a second later; their intents."""
    made = []
    for _ in range(times):
        shop.pass_(1)
        form = {"amount": "12900", "currency": "EUR", "payment_method": "pm_card_visa", "confirm": "true", **more}
        made.append((await shop.ask("payment_intents", form)).content)
    return made


def test_strangers_and_wrong_keys_learn_nothing() -> None:
    """401 without a key and with a wrong one; a key by basic authentication is one as well."""

    async def story(shop: Shop) -> None:
        base = shop.settings["base_url"]
        async with shop.session.get(f"{base}/v1/charges") as answer:
            assert answer.status == 401 and (await answer.json())["error"]["type"] == "invalid_request_error"
        wrong = await shop.ask("charges", key="sk_test_00000000000000000000")
        assert wrong.status == 401 and "sk_test_********0000" in wrong.error["message"]
        basic = base64.b64encode(f"{shop.settings['api_key']}:".encode()).decode()
        async with shop.session.get(f"{base}/v1/charges", headers={"Authorization": f"Basic {basic}"}) as answer:
            assert answer.status == 200
        for proof in ("Basic !", "Basic 4pyT", "Digest x", ""):
            async with shop.session.get(f"{base}/v1/charges", headers={"Authorization": proof}) as answer:
                assert answer.status == 401, proof

    told(story)


def test_a_restricted_key_reads_what_it_may() -> None:
    """It writes nothing, and can't see in another object what it may not read."""

    async def story(shop: Shop) -> None:
        (intent,) = await paid(shop)
        restricted = shop.settings["api_key"]
        written = await shop.ask("customers", {"email": "a@b.example"}, key=restricted)
        assert written.status == 403 and "rak_customer_write" in written.error["message"]
        shop.simulator.permit(READS - {"payment_intents"})
        assert (await shop.ask(f"charges/{intent['latest_charge']}")).status == 200
        for path in (f"payment_intents/{intent['id']}", f"charges/{intent['latest_charge']}?expand[]=payment_intent"):
            refused = await shop.ask(path)
            assert refused.status == 403 and "rak_payment_intent_read" in refused.error["message"]

    told(story)


def test_lists_are_paged_by_ids_in_both_directions() -> None:
    """The newest first, of one second what came last; going back gives the nearest."""

    async def story(shop: Shop) -> None:
        made = [intent["id"] for intent in await paid(shop, 7)][::-1]
        seen, after = [], ""
        while True:
            page = await shop.ask(f"payment_intents?limit=3{after}")
            seen += page.ids
            if not page.content["has_more"]:
                break
            after = f"&starting_after={page.ids[-1]}"
        assert seen == made
        back = await shop.ask(f"payment_intents?limit=2&ending_before={made[5]}")
        assert (back.ids, back.content["has_more"]) == (made[3:5], True)
        first = await shop.ask(f"payment_intents?limit=9&ending_before={made[2]}")
        assert (first.ids, first.content["has_more"]) == (made[:2], False)

    told(story)


def test_lists_are_filtered() -> None:
    """By equal fields, an address to the letter, and by when something was created."""

    async def story(shop: Shop) -> None:
        ada = (await shop.ask("customers", {"email": "Ada@Customer.example", "phone": "+49301"})).content["id"]
        bob = (await shop.ask("customers", {"email": "bob@customer.example"})).content["id"]
        first, second = await paid(shop, customer=ada), await paid(shop, customer=bob)
        assert (await shop.ask("customers?email=Ada@Customer.example")).ids == [ada]
        assert (await shop.ask("customers?email=ada@customer.example")).ids == []
        assert (await shop.ask(f"charges?customer={ada}")).ids == [first[0]["latest_charge"]]
        assert (await shop.ask(f"charges?payment_intent={second[0]['id']}")).ids == [second[0]["latest_charge"]]
        since = first[0]["created"]
        assert len((await shop.ask(f"charges?created[gt]={since}")).ids) == 1
        assert len((await shop.ask(f"charges?created[gte]={since}&created[lt]={since + 1}")).ids) == 1
        assert len((await shop.ask(f"charges?created={since}")).ids) == 1
        types = "types[]=customer.created&types[]=charge.succeeded"
        events = (await shop.ask(f"events?{types}")).content["data"]
        kinds = ["charge.succeeded", "customer.created"]
        assert [event["type"] for event in events] == [kind for kind in kinds for _ in range(2)]
        await shop.simulator.settled()
        assert len((await shop.ask("events?delivery_success=true&limit=100")).ids) == 8
        assert (await shop.ask("events?delivery_success=false")).ids == []

    told(story)


@pytest.mark.parametrize(
    ("path", "status", "code", "param"),
    [
        ("charges/ch_none", 404, "resource_missing", "id"),
        ("charges?customer=cus_none", 400, "resource_missing", "customer"),
        ("charges?starting_after=ch_none", 400, "resource_missing", "starting_after"),
        ("charges?starting_after=a&ending_before=b", 400, None, "ending_before"),
        ("charges?limit=0", 400, "parameter_invalid_integer", "limit"),
        ("charges?limit=101", 400, "parameter_invalid_integer", "limit"),
        ("charges?limit=many", 400, "parameter_invalid_integer", "limit"),
        ("charges?custmer=cus_1", 400, "parameter_unknown", "custmer"),
        ("charges?created[since]=1", 400, None, "created"),
        ("charges?created[gte]=x", 400, "parameter_invalid_integer", "created[gte]"),
        ("charges?[]=x", 400, "parameter_unknown", "[]"),
        ("charges?a[b][c][d][e][f]=x", 400, "parameter_unknown", "a[b][c][d][e][f]"),
        ("charges?expand=customer", 400, None, "expand"),
        ("charges?expand[]=data.colour", 400, None, None),
        ("charges?expand[]=data.payment_intent.latest_charge.payment_intent.customer", 400, None, None),
        ("events?type=a.b&types[]=c.d", 400, None, "type"),
        ("events?" + "&".join(["types[]=a.b"] * 21), 400, None, "types"),
        ("events/evt_none", 404, "resource_missing", "id"),
        ("customers/search", 400, "parameter_missing", "query"),
        ("customers/search?query=email", 400, None, "query"),
        ("customers/search?query=password:'x'", 400, None, "query"),
        ("customers/search?query=email:'a' AND name:'b' OR name:'c'", 400, None, "query"),
        ("customers/search?query=email:'a'&page=2", 400, None, "page"),
        ("weather", 404, None, None),
    ],
)
def test_what_cannot_be_used_is_said(path: str, status: int, code: str | None, param: str | None) -> None:
    """With what was wrong, in Stripe's form."""

    async def story(shop: Shop) -> None:
        await paid(shop)
        answer = await shop.ask(path)
        found = answer.error
        assert (answer.status, found.get("code"), found.get("param")) == (status, code, param)
        assert found["type"] == "invalid_request_error" and found["message"]
        assert answer.headers["Request-Id"].startswith("req_")

    told(story)


def test_other_objects_stand_in_the_place_of_their_ids() -> None:
    """As deep as four; a deleted customer is one of whom nothing but the id is left."""

    async def story(shop: Shop) -> None:
        ada = (await shop.ask("customers", {"email": "ada@customer.example"})).content["id"]
        (intent,) = await paid(shop, customer=ada, payment_method="pm_card_createDispute")
        (row,) = (await shop.ask("disputes?expand[]=data.charge.customer&expand[]=data.payment_intent")).content["data"]
        assert row["charge"]["customer"]["email"] == "ada@customer.example"
        assert row["payment_intent"]["latest_charge"] == row["charge"]["id"]
        (charge,) = (await shop.ask("charges?expand[]=data.dispute&expand[]=data.refunds")).content["data"]
        assert charge["dispute"]["id"] == row["id"] and charge["refunds"]["data"] == []
        assert "dispute" not in (await shop.ask(f"charges/{intent['latest_charge']}")).content
        await shop.ask(f"customers/{ada}", method="DELETE")
        gone = (await shop.ask(f"charges/{charge['id']}?expand[]=customer")).content["customer"]
        assert gone == {"id": ada, "object": "customer", "deleted": True}
        assert (await shop.ask("customers?email=ada@customer.example")).ids == []
        assert (await shop.ask(f"customers/{ada}")).content == gone

    told(story)


def test_a_search_finds_what_is_alike_and_may_be_behind() -> None:
    """Whatever the case; with AND and with OR; a page at a time; under its fault nothing that is new."""

    async def story(shop: Shop) -> None:
        forms = [{"email": f"ann{n}@b.example", "name": "Ann O'Hara", "phone": f"+4{n}"} for n in range(3)]
        ids = [(await shop.ask("customers", form)).content["id"] for form in forms][::-1]

        async def found(query: str, more: str = "") -> Answer:
            return await shop.ask(f"customers/search?query={query}{more}")

        assert (await found("email:'ANN1@b.example'")).ids == [ids[1]]
        assert (await found("phone:\"%2B40\" OR email:'ann2@b.example'")).ids == [ids[0], ids[2]]
        assert (await found("name~'o\\'hara' AND phone:'%2B41'")).ids == [ids[1]]
        page = await found("name~'ann'", "&limit=2")
        assert page.ids == ids[:2] and page.content["has_more"] and page.content["object"] == "search_result"
        assert (await found("name~'ann'", f"&limit=2&page={page.content['next_page']}")).ids == ids[2:]
        shop.simulator.fault("stale_search")
        assert (await found("name~'ann'")).ids == []
        shop.pass_(60)
        assert (await found("name~'ann'")).ids == ids

    told(story)


def test_a_key_does_a_thing_once() -> None:
    """The same request is answered the same, another one refused, a declined card too; for a day."""

    async def story(shop: Shop) -> None:
        async def made(key: str, **form: str) -> Answer:
            return await shop.ask("customers", form, headers={"Idempotency-Key": key})

        first, again = await made("a", email="a@b.example"), await made("a", email="a@b.example")
        assert first.content == again.content and "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true" and again.headers["Idempotency-Key"] == "a"
        other = await made("a", email="other@b.example")
        assert (other.status, other.error["type"]) == (400, "idempotency_error")
        shop.pass_(86_400)
        assert (await made("a", email="other@b.example")).content["id"] != first.content["id"]

        card = {"amount": "100", "currency": "eur", "payment_method": "pm_card_visa_chargeDeclined", "confirm": "true"}
        declined = [await shop.ask("payment_intents", card, headers={"Idempotency-Key": "b"}) for _ in range(2)]
        assert [answer.status for answer in declined] == [402, 402]
        assert declined[0].error == declined[1].error and declined[0].error["decline_code"] == "generic_decline"
        assert len((await shop.ask("charges")).ids) == 1
        # What is refused before it begins uses up no key.
        assert (await made("c", emial="a@b.example")).status == 400
        assert (await made("c", email="a@b.example")).status == 200
        assert (await made("d" * 256, email="a@b.example")).status == 400

    told(story)


def test_a_key_whose_request_is_under_way_is_taken() -> None:
    """409 until it is answered."""

    async def story(shop: Shop) -> None:
        headers = {"Idempotency-Key": "k"}
        shop.simulator.fault("slow")
        first = asyncio.create_task(shop.ask("customers", {"email": "a@b.example"}, headers=headers))
        await shop.until(lambda: bool(shop.simulator.api.keys))
        second = await shop.ask("customers", {"email": "a@b.example"}, headers=headers)
        assert (second.status, second.error["code"]) == (409, "idempotency_key_in_use")
        assert second.headers["Stripe-Should-Retry"] == "true"
        shop.simulator.fault("slow", on=False)
        assert (await first).status == 200

    told(story)


def test_disputes_are_answered_and_given_up_by_the_api() -> None:
    """Evidence, submitted or not; words that decide at once; what is over can't be changed."""

    async def story(shop: Shop) -> None:
        await paid(shop, 3, payment_method="pm_card_createDispute")
        one, two, three = (await shop.ask("disputes")).ids
        noted = await shop.ask(f"disputes/{one}", {"evidence[customer_name]": "Ada", "submit": "false"})
        assert (noted.content["status"], noted.content["evidence"]["customer_name"]) == ("needs_response", "Ada")
        assert noted.content["evidence_details"]["has_evidence"]
        answered = await shop.ask(f"disputes/{one}", {"evidence[uncategorized_text]": "They had it."})
        assert answered.content["status"] == "under_review"
        assert answered.content["evidence_details"]["submission_count"] == 1
        won = await shop.ask(f"disputes/{two}", {"evidence[uncategorized_text]": "winning_evidence"})
        assert won.content["status"] == "won"
        assert (await shop.ask(f"disputes/{three}/close", {})).content["status"] == "lost"
        for path in (f"disputes/{three}/close", f"disputes/{three}"):
            assert (await shop.ask(path, {})).status == 400
        wrong = await shop.ask(f"disputes/{one}", {"evidence[colour]": "red"})
        assert wrong.error["param"] == "evidence[colour]"

    told(story)


def test_money_goes_back_by_the_api() -> None:
    """Some of it, all that is left, no more; pending and failing as the test cards have it."""

    async def story(shop: Shop) -> None:
        (intent,) = await paid(shop)
        charge = intent["latest_charge"]
        some = await shop.ask("refunds", {"charge": charge, "amount": "900"})
        assert (some.content["amount"], some.content["status"]) == (900, "succeeded")
        assert (await shop.ask("refunds", {"payment_intent": intent["id"], "amount": "12001"})).status == 400
        assert (await shop.ask("refunds", {"payment_intent": intent["id"]})).content["amount"] == 12_000
        assert (await shop.ask("refunds", {"charge": charge})).error["code"] == "charge_already_refunded"
        for card, status in (("pm_card_pendingRefund", "pending"), ("pm_card_refundFail", "failed")):
            (intent,) = await paid(shop, payment_method=card)
            assert (await shop.ask("refunds", {"payment_intent": intent["id"]})).content["status"] == status

    told(story)


def test_events_are_kept_for_thirty_days_and_may_be_shown_late() -> None:
    """Late ones stand in the place of their own time, when they come."""

    async def story(shop: Shop) -> None:
        await paid(shop)
        shop.simulator.fault("late_commit")
        await paid(shop)
        shop.simulator.fault("late_commit", on=False)
        await paid(shop)
        early = await shop.ask("events")
        shop.pass_(60)
        whole = await shop.ask("events")
        late = [id for id in whole.ids if id not in early.ids]
        assert (len(early.ids), len(whole.ids)) == (6, 9)
        assert whole.ids[3:6] == late
        shop.pass_(30 * 86_400)
        assert (await shop.ask("events")).ids == []
        assert (await shop.ask(f"events/{late[0]}")).status == 404

    told(story)


def test_faults_answer_in_the_place_of_the_account() -> None:
    """Each as Stripe would, and none any more when it is over."""

    async def story(shop: Shop) -> None:
        (intent,) = await paid(shop)
        path = f"payment_intents/{intent['id']}"
        for fault, status, code, header in (
            ("rate_limited", 429, "rate_limit", ("Stripe-Rate-Limited-Reason", "global-rate")),
            ("lock_timeout", 429, "lock_timeout", ("Stripe-Should-Retry", "true")),
            ("error_500", 500, None, ("Stripe-Should-Retry", "false")),
            ("revoked", 401, "api_key_expired", None),
            ("forbidden", 403, None, None),
        ):
            shop.simulator.fault(fault)
            answer = await shop.ask(path)
            assert (answer.status, answer.error.get("code")) == (status, code), fault
            assert header is None or answer.headers[header[0]] == header[1]
            shop.simulator.fault(fault, on=False)
            assert (await shop.ask(path)).content == intent
        shop.simulator.fault("lock_timeout")
        assert (await shop.ask("payment_intents")).status == 200  # a list locks nothing
        shop.simulator.fault("lock_timeout", on=False)
        shop.simulator.fault("down")
        assert (await shop.ask(path)).status == 503
        shop.simulator.fault("down", on=False)
        shop.simulator.fault("lying")
        base, proof = shop.settings["base_url"], {"Authorization": f"Bearer {shop.settings['api_key']}"}
        said = set()
        for _ in range(7):
            async with shop.session.get(f"{base}/v1/{path}", headers=proof) as answer:
                assert answer.status == 200
                said.add(await answer.read())
        assert len(said) == 7 and not any(intent["id"].encode() in body for body in said)

    told(story)


def test_a_slow_answer_takes_a_minute_of_the_accounts_own_time() -> None:
    """No more, and none when the fault is over; the simulator can be stopped meanwhile."""

    async def story(shop: Shop) -> None:
        shop.simulator.fault("slow")
        asked = asyncio.create_task(shop.ask("charges"))
        await shop.until(lambda: shop.simulator.api.calls["/v1/charges"] == 1)
        shop.pass_(59)
        done, _ = await asyncio.wait([asked], timeout=0.1)
        assert not done
        shop.pass_(1)
        assert (await asked).status == 200
        held = asyncio.create_task(shop.ask("charges"))
        await shop.until(lambda: shop.simulator.api.calls["/v1/charges"] == 2)
        await shop.simulator.stop()
        with pytest.raises(aiohttp.ClientError):
            await held
            await shop.ask("charges")

    told(story)


def test_so_many_requests_are_taken_in_a_second() -> None:
    """Of the account's own clock."""

    async def story(shop: Shop) -> None:
        assert [(await shop.ask("charges")).status for _ in range(4)] == [200, 200, 200, 429]
        shop.pass_(1)
        assert (await shop.ask("charges")).status == 200

    told(story, per_second=3)


def test_versions_are_echoed() -> None:
    """The one that was asked for, or the account's; what is none is refused."""

    async def story(shop: Shop) -> None:
        asked = await shop.ask("charges", headers={"Stripe-Version": "2024-06-20"})
        assert asked.headers["Stripe-Version"] == "2024-06-20"
        assert (await shop.ask("charges")).headers["Stripe-Version"].startswith("20")
        assert (await shop.ask("charges", headers={"Stripe-Version": "newest"})).status == 400
        assert (await shop.ask("charges")).headers["Date"] == "Mon, 02 Mar 2026 09:00:00 GMT"

    told(story)
