"""Checks of an enricher whose vendor has a bad day: each fault comes out as the reason that the core can tell."""

import asyncio
from typing import Any, Final

import httpx2

from gateway.plugin import DAY_MS, Finding, Limit, Permanent, RateLimited, Transient, Unauthorized, VendorError
from gateway.testing.asking import Asker, asker
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.checks.access import listening, not_ok
from gateway.testing.checks.http import ELSEWHERE, HTML, SHAPES, STATUSES, WAITS, due_error
from gateway.testing.places import told, where, where_raised
from gateway.testing.settings import secret_fields, secret_texts, wrong_secrets
from gateway.testing.subject import Subject
from gateway.testing.transport import Fault, answer, cut_off, no_answer

REQUESTS_MAX: Final = 12
"""So many requests are enough to learn that credentials are refused."""

_UNKNOWN_AT: Final = (404, 410)
_SHORT: Final = 8


@check(
    "unavailable-statuses", "Every status becomes the right reason", level="bronze", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def unavailable_statuses(subject: Subject) -> None:
    """Each status from 400 to 599 makes a look-up raise what the client raised: Unauthorized for 401, RateLimited for
    429, Transient for 408, 425 and 5xx, Permanent for the rest. At 404 and 410 it may find nobody.

    Why: an answer in the place of an error says of a good customer that nobody knows him, for as long as it is kept.
    Mend: let VendorError pass; catch only the status that has a meaning for this very request.
    """
    async with asker(subject) as ours:
        for status in STATUSES:
            ours.transport.fault = answer(status)
            ours.clock.pass_(2 * DAY_MS / 1000)
            found = await ours.ask(ours.customers[0], f"a look-up at status {status}")
            due = due_error(status)
            if status in _UNKNOWN_AT and not isinstance(found, VendorError):
                continue
            if type(found) is not due:
                came = told(found) if isinstance(found, VendorError) else "nothing"
                raise ours.unmet(f"a look-up at status {status} raises {came}, not {due.__name__}")


@check(
    "unavailable-broken", "A broken answer is no answer", level="bronze", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def unavailable_broken(subject: Subject) -> None:
    """A timeout, a reset, an answer that breaks off, HTML or nothing at 200 make a look-up raise Transient; JSON of
    another shape, and five megabytes of it, make it raise a VendorError.

    Why: an answer that can't be read says nothing about a customer, not even that nobody knows him.
    Mend: read with `answer.json()` or msgspec, and raise Transient for any shape but the API's.
    """
    faults: list[tuple[str, Fault, bool]] = [
        ("a timeout", no_answer(httpx2.ReadTimeout), True),
        ("a reset", no_answer(httpx2.ReadError), True),
        ("a refused connection", no_answer(httpx2.ConnectError), True),
        ("an answer that breaks off", cut_off(), True),
        ("HTML at 200", answer(200, HTML, content_type="text/html"), True),
        ("nothing at 200", answer(200, b""), True),
        ("half of JSON", answer(200, b'{"a": [1, {"b"'), True),
        *((f"{body.decode()} at 200", answer(200, body), False) for body in SHAPES),
        ("a list of a million zeros", answer(200, b"[" + b"0,\n" * 1_000_000 + b"0]"), False),
    ]
    async with asker(subject) as ours:
        for name, fault, transient in faults:
            ours.transport.fault = fault
            ours.clock.pass_(120)
            found = await ours.ask(ours.customers[0], f"a look-up with {name}")
            due = Transient if transient else VendorError
            if not isinstance(found, due):
                came = told(found) if isinstance(found, VendorError) else "nothing"
                raise ours.unmet(f"a look-up with {name} raises {came}, not {due.__name__}")
        ours.transport.fault = None
        ours.clock.pass_(120)
        await ours.found(ours.customers[0], "a look-up after it")


@check(
    "unavailable-waits", "It waits as long as the vendor asks", level="silver", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def unavailable_waits(subject: Subject) -> None:
    """A 429 with a `Retry-After` in seconds, as a date, absurd, malformed or missing makes RateLimited with a wait of
    at most a day, and until that is over the vendor isn't asked again.

    Why: vendors ban accounts that go on asking.
    Mend: let RateLimited pass, and keep its `retry_after_s`.
    """
    async with asker(subject) as ours:
        for wait in WAITS:
            ours.clock.pass_(2 * DAY_MS / 1000)
            ours.transport.fault = answer(429) if wait is None else answer(429, retry_after=wait)
            what = f"a look-up at 429 with Retry-After {wait!r}"
            found = await ours.ask(ours.customers[0], what)
            if not isinstance(found, RateLimited) or not 0 <= found.retry_after_s <= DAY_MS / 1000:
                came = told(found) if isinstance(found, VendorError) else "nothing"
                raise ours.unmet(f"{what} raises {came}, not RateLimited with a wait of up to a day")
            ours.transport.asked.clear()
            if found.retry_after_s > 1:
                await ours.ask(ours.customers[0], what)
                if ours.transport.asked:
                    raise ours.unmet(f"{what}: the vendor is asked again at once")


@check(
    "unavailable-redirects", "A redirect to elsewhere is not followed", level="bronze", needs=("simulates",),
    since="1.2", of=("enricher",),
)  # fmt: skip
async def unavailable_redirects(subject: Subject) -> None:
    """A redirect to another host makes a look-up raise Permanent, and that host is asked nothing.

    Why: it would be sent the account's credentials, and the customer's address.
    Mend: follow links by the client only; it stays on the host of `base_url`.
    """
    async with asker(subject) as ours:
        for status in (301, 302, 307, 308):
            ours.transport.fault = answer(status, b"", location=f"https://{ELSEWHERE}/api")
            found = await ours.ask(ours.customers[0], "a look-up at a redirect")
            if not isinstance(found, Permanent):
                came = told(found) if isinstance(found, VendorError) else "nothing"
                raise ours.unmet(f"a look-up at a redirect elsewhere raises {came}, not Permanent")
        if any(one.host == ELSEWHERE for one in ours.transport.asked):
            raise ours.unmet("the host of a redirect was asked")


@check(
    "unavailable-refused", "Wrong credentials end in Unauthorized", level="bronze", since="1.2",
    needs=("simulates", "authenticates"), of=("enricher",),
)  # fmt: skip
async def unavailable_refused(subject: Subject) -> None:
    """With wrong credentials a look-up raises Unauthorized after a few requests.

    Why: only Unauthorized tells people to renew their credentials; a loop of attempts locks the account.
    Mend: let Unauthorized pass, and try nothing again on it. The stand-in must mind its credentials.
    """
    async with asker(subject, _wrong(subject)) as ours:
        found = await ours.ask(ours.customers[0], "a look-up with wrong credentials")
        if not isinstance(found, Unauthorized):
            came = told(found) if isinstance(found, VendorError) else "nothing"
            raise Unmet(f"with wrong credentials it raises {came}, not Unauthorized", where=where(subject.kind, "auth"))
        if len(ours.transport.asked) > REQUESTS_MAX:
            raise ours.unmet(f"{len(ours.transport.asked)} requests were sent with wrong credentials")


@check(
    "unavailable-cancelled", "It lets go when its time is over", level="bronze", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def unavailable_cancelled(subject: Subject) -> None:
    """A look-up whose vendor never answers ends at once when it is cancelled, leaves nothing running, and the next one
    works.

    Why: the core gives a look-up the time that `timeout` says, and tells `unavailable` at the end of it.
    Mend: let CancelledError pass: never catch BaseException, and start no task that nobody waits for.
    """
    async with asker(subject) as ours:
        owner, before, inner = asyncio.current_task(), asyncio.all_tasks(), ours.transport._inner
        silent = _Silent(owner)
        ours.transport._inner = silent  # type: ignore[assignment]
        try:
            await ours.enricher.lookup(ours.customers[0], ours.clock.now())
            came = "ends as if it hadn't been"
        except asyncio.CancelledError:
            came = ""
        except Exception as error:  # foreign code: whatever it raises is what was found
            came = f"raises {told(error)}"
        while owner is not None and owner.cancelling():
            owner.uncancel()
        if not silent.asked:
            raise ours.unmet("a look-up ends without having asked anybody")
        if came:
            raise ours.unmet(f"a look-up that is cancelled {came}")
        if left := asyncio.all_tasks() - before:
            for task in left:
                task.cancel()
            await asyncio.wait(left)
            raise ours.unmet("a look-up that is cancelled leaves a task that goes on")
        ours.transport._inner = inner
        await ours.found(ours.customers[0], "a look-up after one that was cancelled")


@check(
    "unavailable-checked", "check tells good accounts from bad ones", level="bronze", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def unavailable_checked(subject: Subject) -> None:
    """`check` finds everything ok with the stand-in's settings; with wrong credentials, a vendor that is down, resets,
    or answers HTML, it returns findings that aren't ok, each with words and a hint. It raises VendorError at most.

    Why: it is what `gateway doctor` shows to somebody whose account doesn't work.
    Mend: ask the vendor for what look-ups need, and say for each refusal what to do about it.
    """
    async with asker(subject) as ours:
        good = await _findings(ours, "with good settings")
        if wrong := [finding.what for finding in good if not finding.ok]:
            raise ours.unmet(f"with good settings: {wrong[0]}", "check")
        if not good:
            raise ours.unmet("it finds nothing to say", "check")
        for name, fault in (
            ("a vendor that is down", answer(503)),
            ("a connection that is reset", no_answer(httpx2.ReadError)),
            ("HTML at 200", answer(200, b"<html>")),
            ("JSON of another shape", answer(200, b"[]")),
        ):
            ours.transport.fault = fault
            ours.clock.pass_(90_000)
            not_ok(subject, await _findings(ours, f"with {name}"), f"with {name}")
    if "authenticates" in subject.able:
        async with asker(subject, _wrong(subject)) as ours:
            not_ok(subject, await _findings(ours, "with wrong credentials"), "with wrong credentials")


@check(
    "unavailable-hides", "No secret gets out of a look-up", level="bronze", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def unavailable_hides(subject: Subject) -> None:
    """After look-ups on good days and bad ones, no log line, printed text, error, fact, finding or `repr` holds a
    secret of the settings; and no error repeats the customer's address.

    Why: the reason of `unavailable` stands in notices, logs and pages.
    Mend: never put a header, a URL with its query, settings or an answer's body into words.
    """
    secrets: set[str] = set()
    with listening() as heard:
        async with asker(subject) as ours:
            for fault in (None, answer(500), answer(401), answer(200, b"nonsense"), no_answer(httpx2.ReadError)):
                ours.transport.fault = fault
                ours.clock.pass_(90_000)
                for customer in ours.customers:
                    found = await ours.ask(customer)
                    heard.append("" if isinstance(found, VendorError) else repr(found))
                heard += [f"{finding.what} {finding.hint}" for finding in await _findings(ours, "on a bad day")]
            heard += [repr(ours.enricher), repr(ours.settings), repr(ours.http)]
            secrets |= {*secret_texts(ours.settings), *ours.transport.tokens}
            people = {one.email for one in ours.customers if one.email}
            if any(person in said for said in ours.heard for person in people):
                raise ours.unmet("an error repeats the customer's address")
    for said in (*heard, *ours.heard):
        if any(len(text) >= _SHORT and text in said for text in secrets):
            raise Unmet("a secret of the settings is told", where=where(subject.kind, "lookup"))


@check(
    "unavailable-limits", "It says what its vendor allows", level="silver", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def unavailable_limits(subject: Subject) -> None:
    """An enricher has `limits(settings)`: at least one, each of one request or more; and one look-up of each customer
    keeps within them.

    Why: a hundred escalations at once are a hundred look-ups; the core spreads them within limits that it knows.
    Mend: write down what the vendor's documentation says; take the lower value where plans differ.
    """
    limits: Any = getattr(subject.kind, "limits", None)
    async with asker(subject) as ours:
        named = list(limits(ours.settings)) if limits is not None else []
        if not named or not all(isinstance(one, Limit) for one in named):
            raise Unmet("it names no limits", where=where(subject.kind, "limits"))
        for customer in ours.customers:
            ours.clock.pass_(max(one.per_s for one in named))
            await ours.found(customer, "a look-up within the limits")


class _Silent(httpx2.AsyncBaseTransport):
    """A vendor that takes a request and never answers; whose patience ends at that moment."""

    def __init__(self, owner: "asyncio.Task[Any] | None") -> None:
        self._owner = owner
        self.asked = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Never an answer; somebody who is cancelled and asks again is sent away."""
        self.asked += 1
        if self.asked == 1 and self._owner is not None:
            self._owner.cancel()
            await asyncio.Event().wait()
        raise httpx2.ConnectError("by the kit", request=request)


def _wrong(subject: Subject) -> dict[str, Any]:
    """Every secret of the settings, replaced. Raises NotApplicable if there is none."""
    given = subject.given
    fields = [name for name in secret_fields(subject.kind.settings_type) if name in given]
    if not fields:
        raise NotApplicable("its settings hold no credentials")
    return wrong_secrets(given, fields)


async def _findings(ours: Asker, what: str) -> list[Finding]:
    try:
        found = list(await ours.enricher.check())
    except VendorError as error:
        return [Finding(False, str(error), "it raised")]
    except Exception as error:  # foreign code: whatever it raises is what was found
        raise Unmet(f"{what} it raises {told(error)}", where=where_raised(ours.kind, error, "check")) from None
    if odd := [one for one in found if not isinstance(one, Finding)]:
        raise ours.unmet(f"{what} it gives {type(odd[0]).__name__}, and should give a Finding", "check")
    return found
