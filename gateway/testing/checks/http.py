"""Checks of what a connector makes of its vendor's bad days: every fault is made under its HTTP client, and it must
come out as the error that the core knows what to do with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import httpx2

from gateway.plugin import (
    DAY_MS,
    OverBudget,
    Page,
    Permanent,
    RateLimited,
    Ref,
    Stream,
    Transient,
    Unauthorized,
    VendorError,
)
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.places import told, where, where_raised
from gateway.testing.stage import NAME, Reader
from gateway.testing.subject import Subject
from gateway.testing.transport import Fault, answer, cut_off, no_answer

STATUSES: Final = range(400, 600)
_GONE: Final = (404, 410)
_LACKING: Final = (403, 404, 410)
_LATER: Final = (408, 425)
ELSEWHERE: Final = "kit-elsewhere.example"
HTML: Final = b"<!doctype html><html><title>Maintenance</title>We will be back soon.</html>"
SHAPES: Final = (b"null", b"[]", b"42", b'"text"', b"[[1]]", b'{"kit": {"kit": []}}')
WAITS: Final = (None, "0", "120", "3600", "999999999999", "-1", "soon", "", "Mon, 02 Mar 2026 10:00:00 GMT")


@check("http-client", "It asks its vendor by the client that it is lent", level="bronze", needs=("simulates",))
async def http_client(subject: Subject) -> None:
    """What is pulled and looked up comes through `context.http`, and nothing else is connected to.

    Why: credentials, limits, retries, redaction and what may be reached are in that client, and in no other.
    Mend: use `context.http.get` and `post`; don't import an HTTP library.
    """
    if not {"pulls", "fetches"} & set(subject.able):
        raise NotApplicable("it asks its vendor for nothing")
    async with subject.stage(objects=3) as on, subject.reader(on) as ours:
        await on.acted(*sorted(on.simulator.acts))
        await ours.deliver(on.wire.taken())
        on.shown()
        await ours.sync()
        brought = [row for row in await ours.inbox() if row.form in ("row", "fetched")]
        if not brought:
            raise Unmet("nothing was pulled or looked up", where=where(subject.kind, "pull", "fetch"))
        if not ours.transport.asked:
            raise Unmet(f"{len(brought)} records came, and its client was asked nothing", where=where(subject.kind))


@check("http-statuses", "Every status becomes the right error", level="bronze", needs=("simulates",))
async def http_statuses(subject: Subject) -> None:
    """Each status from 400 to 599 makes `pull` and `fetch` raise what the client raised: Unauthorized for 401,
    RateLimited for 429, Transient for 408, 425 and 5xx, Permanent for the rest. A look-up may find nothing at 404, 410.
    A stream that the account hasn't got (403, 404) may be empty, if its cursor stays and `check` tells of it.

    Why: the core waits, goes on or gives up by the class of the error; a page in its place would lose what it lacks.
    Mend: let VendorError pass; catch only the status that has a meaning for this very request.

    Example::

        try:
            answer = await self._http.get(f"/tickets/{ref.id}")
        except Permanent as error:
            if error.status == 404:
                return []
            raise
    """
    async with _asking(subject) as ours:
        before, known = await _cursors(ours), {finding.what for finding in await ours.connector.check()}
        for member, ask in _asks(subject, ours):
            for status in STATUSES:
                ours.transport.fault = answer(status)
                found = await _came(subject, ours, member, ask, f"{member} at status {status}")
                if isinstance(found, RateLimited):
                    ours.stage.clock.pass_(2 * DAY_MS / 1000)  # what was closed for a while is open again
                if member == "fetch" and status in _GONE and found is None:
                    continue
                if found is None and member == "pull" and status in _LACKING and await _told(ours, before, known):
                    continue
                if found is None:
                    raise _unmet(subject, member, f"{member} at status {status} raises nothing")
                if type(found) is not (due := due_error(status)) and not (due is Permanent and _is_due(found, due)):
                    raise _unmet(subject, member, f"{member} at {status} raises {told(found)}, not {due.__name__}")


@check("http-retry-after", "It waits as long as the vendor asks", level="silver", needs=("simulates",))
async def http_retry_after(subject: Subject) -> None:
    """A 429 with a `Retry-After` in seconds, as a date, absurd, malformed or missing makes RateLimited with a wait of
    at most a day, and until that is over the vendor isn't asked again.

    Why: vendors ban accounts that go on asking.
    Mend: let RateLimited pass, and keep its `retry_after_s`.
    """
    async with _asking(subject) as ours:
        for member, ask in _asks(subject, ours):
            for wait in WAITS:
                ours.stage.clock.pass_(2 * DAY_MS / 1000)
                ours.transport.fault = _spent(wait)
                found = await _came(subject, ours, member, ask, f"{member} at 429")
                what = f"{member} at 429 with Retry-After {wait!r}"
                if not isinstance(found, RateLimited):
                    raise _unmet(subject, member, f"{what} raises {told(found) if found else 'nothing'}")
                if not 0 <= found.retry_after_s <= DAY_MS / 1000:
                    raise _unmet(subject, member, f"{what} asks to wait {found.retry_after_s} s")
                asked = len(ours.transport.asked)
                again = await _came(subject, ours, member, ask, what, waiting=False)
                if found.retry_after_s > 40 and len(ours.transport.asked) > asked:
                    raise _unmet(subject, member, f"{what}: it asked again at once")
                if again is None:
                    raise _unmet(subject, member, f"{what}, asked again at once: it raises nothing")


@check("http-broken", "A broken answer moves nothing", level="bronze", needs=("simulates",))
async def http_broken(subject: Subject) -> None:
    """A timeout, a reset, an answer that breaks off, HTML or nothing at 200 make `pull` and `fetch` raise Transient;
    JSON of another shape makes them raise a VendorError, or bring nothing. In no case does the cursor move.

    Why: an answer that can't be read is not an empty page; a cursor that moves over it loses what it held.
    Mend: read with `response.json()`, check the shape, and raise Transient for any other.

    Example::

        page = answer.json()
        if not isinstance(page, dict) or not isinstance(page.get("tickets"), list):
            raise Transient("the vendor answered JSON of another shape than its API has")
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
    ]
    async with _asking(subject) as ours:
        before = await _cursors(ours)
        for member, ask in _asks(subject, ours):
            for name, fault, transient in faults:
                ours.transport.fault = fault
                found = await _came(subject, ours, member, ask, f"{member} with {name}")
                if transient and not isinstance(found, Transient):
                    what = told(found) if found else "nothing"
                    raise _unmet(subject, member, f"{member} with {name} raises {what}, not Transient")
                if await _cursors(ours) != before:
                    raise _unmet(subject, member, f"{member} with {name}: the cursor moves")
        ours.transport.fault = None
        await ours.sync()


@check("http-redirects", "A redirect to elsewhere is not followed", level="bronze", needs=("simulates",))
async def http_redirects(subject: Subject) -> None:
    """A redirect to another host makes `pull` and `fetch` raise Permanent, and that host is asked nothing.

    Why: it would be sent the account's credentials.
    Mend: follow links by the client only; it stays on the host of `base_url`.
    """
    async with _asking(subject) as ours:
        for member, ask in _asks(subject, ours):
            for status in (301, 302, 307, 308):
                ours.transport.fault = answer(status, b"", location=f"https://{ELSEWHERE}/api")
                found = await _came(subject, ours, member, ask, f"{member} at a redirect")
                if not isinstance(found, Permanent):
                    what = told(found) if found else "nothing"
                    raise _unmet(subject, member, f"{member} at a redirect elsewhere raises {what}, not Permanent")
        if any(asked.host == ELSEWHERE for asked in ours.transport.asked):
            raise Unmet("the host of a redirect was asked", where=where(subject.kind, "pull", "fetch"))


@asynccontextmanager
async def _asking(subject: Subject) -> AsyncIterator[Reader]:
    """A reader that has read an account once, and so has a token and cursors."""
    if not {"pulls", "fetches"} & set(subject.able):
        raise NotApplicable("it asks its vendor for nothing")
    async with subject.stage(objects=3) as on, subject.reader(on) as ours:
        await ours.sync()
        if "fetches" in subject.able:
            await ours.connector.fetch(_known(ours), on.clock.now())
        yield ours


def _spent(wait: str | None) -> Fault:
    """A 429 that asks to wait so."""
    return answer(429) if wait is None else answer(429, retry_after=wait)


def _asks(subject: Subject, ours: Reader) -> list[tuple[str, Any]]:
    """The ways to ask its vendor something: by the engine where there is a cursor to move."""
    asks: list[tuple[str, Any]] = []
    if "pulls" in subject.able:
        asks += [("pull", lambda stream=stream: _pulled(ours, stream)) for stream in ours.streams]
    if "fetches" in subject.able:
        asks.append(("fetch", lambda: _fetched(ours)))
    return asks


async def _pulled(ours: Reader, stream: Stream) -> Page | None:
    """A page behind the cursor that is stored; a page that says what is known already is none."""
    from gateway.engine.pull import pull_once

    before = await ours.store.cursor(NAME, stream.name)
    pulled = await pull_once(ours.world, ours.link, replace(stream))
    after = await ours.store.cursor(NAME, stream.name)
    return Page([], after, False) if after != before or pulled.accepted else None


async def _fetched(ours: Reader) -> None:
    await ours.connector.fetch(_known(ours), ours.stage.clock.now())


def _known(ours: Reader) -> Ref:
    true = ours.stage.simulator.truth()
    return true[0].ref if true else Ref("ticket", "1")


async def _came(
    subject: Subject, ours: Reader, member: str, ask: Any, what: str, *, waiting: bool = True
) -> VendorError | None:
    """The error of the vendor's that asking raises; None for none. Any other is a failure of the check. What our own
    budget holds back is waited for, unless it is what is asked about."""
    try:
        await ask()
    except OverBudget as error:
        if not waiting:
            return error
        ours.stage.clock.pass_(error.retry_after_s + 1)
        return await _came(subject, ours, member, ask, what, waiting=False)
    except VendorError as error:
        return error
    except Exception as error:  # foreign code: whatever it raises is what was found
        raise Unmet(f"{what} raises {told(error)}", where=where_raised(subject.kind, error, member)) from None
    return None


async def _cursors(ours: Reader) -> list[str | None]:
    return [await ours.store.cursor(NAME, stream.name) for stream in ours.streams]


async def _told(ours: Reader, before: list[str | None], known: set[str]) -> bool:
    """Whether a stream that the account lacks moved nothing, and `check` tells of it."""
    ours.transport.fault = None
    said = {finding.what for finding in await ours.connector.check()}
    return await _cursors(ours) == before and not said <= known


def due_error(status: int) -> type[VendorError]:
    """The error that a status means."""
    if status == 401:
        return Unauthorized
    if status == 429:
        return RateLimited
    return Transient if status >= 500 or status in _LATER else Permanent


def _is_due(found: VendorError, due: type[VendorError]) -> bool:
    return isinstance(found, due) and not isinstance(found, Unauthorized)


def _unmet(subject: Subject, member: str, what: str) -> Unmet:
    return Unmet(what, where=where(subject.kind, member))
