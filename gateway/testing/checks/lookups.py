"""Checks of an enricher's answers: of who is known, of who isn't, of who can't be anybody, and of odd answers."""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec

from gateway.plugin import Customer, Handle, VendorError
from gateway.plugin.manager import abilities
from gateway.testing.asking import Asker, asker
from gateway.testing.changed import changes
from gateway.testing.check import Unmet, check
from gateway.testing.places import package_folder, told, where
from gateway.testing.subject import Subject
from gateway.testing.transport import Fault, answer
from gateway.testing.watch import watching

FACTS_MAX: Final = 16 * 1024
"""Bytes of an answer as JSON: it goes into every notice about its contact."""

REQUESTS_MAX: Final = 30
"""Requests of one look-up."""

PATH_MAX: Final = 1_024
CHANGES_MAX: Final = 200
"""Changes of the other system's answers that are tried of each customer, evenly chosen."""

_LONG: Final = "x" * 10_000
_TOLD: Final = (
    "' OR '1'='1", '" OR email:"', "\\\" OR \\\"", "*", "%", "a' --", "$(id)", "{{7*7}}", "../../etc/passwd",
    "x?expand=all&limit=100", "x#fragment", "a\r\nHost: elsewhere.example", "a\x00b", "\udcff", "\u202eevil\u202c",
    "http://169.254.169.254/latest/meta-data", "//elsewhere.example/x", "@elsewhere.example", " ", "null", "0", "-1",
    "🦉" * 50, _LONG,
)  # fmt: skip
"""What a stranger may write where an identity is expected."""

_NOBODY: Final = Customer(name="Nobody At All")


@check(
    "stand-in-there", "It brings a stand-in of the system that it asks", level="bronze", since="1.2",
    of=("enricher",),
)  # fmt: skip
def stand_in_there(subject: Subject) -> None:
    """`simulator(settings, seed)` gives a `StandIn`: it listens on loopback, returns the settings that point an
    enricher at it, and names a customer that it knows at least.

    Why: the checks of what is answered, and of what isn't, need somebody who answers.
    Mend: write a small server after the vendor's documentation, with one customer in it.

    Example::

        @staticmethod
        def simulator(settings, seed):
            from .stand_in import AcmeStandIn

            return AcmeStandIn()
    """
    if "simulates" not in abilities(subject.kind):
        raise Unmet("it has no `simulator`", where=where(subject.kind))
    if subject.material.trouble:
        raise Unmet(f"its stand-in doesn't play: {subject.material.trouble}", where=where(subject.kind, "simulator"))
    if not any(customer.known for customer in subject.material.customers):
        raise Unmet("its stand-in knows nobody", where=where(subject.kind, "simulator"))


@check(
    "lookup-known", "Who is known is found", level="bronze", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def lookup_known(subject: Subject) -> None:
    """Each customer whom the stand-in knows is found by the client that is lent: a `facts_type`, of the declared types,
    that says more than of nobody, the same when asked again, and no larger than 16 KiB as JSON.

    Why: what is said stands in rules, in notices and in front of agents; a wrong type is found in none of these places.
    Mend: return `facts_type(…)` with every value read and checked; count and cut what may be many.
    """
    async with asker(subject) as ours:
        nobody = await ours.found(_NOBODY, "a look-up of nobody")
        for customer in ours.customers:
            what = f"a look-up of {_shown(customer)}"
            before = len(ours.transport.asked)
            facts = await ours.found(customer, what)
            if facts != nobody and len(ours.transport.asked) == before:
                raise ours.unmet(f"{what} finds somebody, and the lent client was asked nothing")
            if facts == nobody:
                raise ours.unmet(f"{what} finds nobody, and the stand-in knows who it is")
            _fit(ours, facts, what)
            ours.clock.pass_(1)
            if await ours.found(customer, what) != facts:
                raise ours.unmet(f"{what} says another thing a second later")


@check(
    "lookup-unknown",
    "Who isn't known is an answer",
    level="bronze",
    needs=("simulates",),
    since="1.2",
    of=("enricher",),
)
async def lookup_unknown(subject: Subject) -> None:
    """A customer of whom there is only an id, an e-mail address, a phone number, a handle or a name, and whom the other
    system doesn't know, is answered like nobody, without an error; with nothing to ask by, nothing is asked.

    Why: most customers are unknown somewhere. An error says `unavailable`, and is asked again for a day.
    Mend: return `facts_type()` where nobody is found.
    """
    strange = (
        Customer(id="kit-nobody-4711"),
        Customer(email="kit.nobody@nowhere.example"),
        Customer(phone="+12025550100"),
        Customer(handles=(Handle("mastodon", "@kit-nobody"),)),
        Customer(id="kit-nobody-4711", email="kit.nobody@nowhere.example", phone="+12025550100", name="Nobody"),
    )
    async with asker(subject) as ours:
        nobody = await ours.found(_NOBODY, "a look-up of a name alone")
        if ours.transport.asked:
            raise ours.unmet("it asks the vendor about a customer without an identity")
        for customer in strange:
            what = f"a look-up of {_shown(customer)}"
            if await ours.found(customer, what) != nobody:
                raise ours.unmet(f"{what} finds somebody")


@check(
    "lookup-hostile", "An identity is never more than that", level="bronze", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def lookup_hostile(subject: Subject) -> None:
    """Quotes, wildcards, line breaks, paths, addresses, half of a surrogate, ten thousand letters as an id, an e-mail
    address, a phone number or a handle find nobody, become no part of a path, and end in an answer or a VendorError.

    Why: whoever writes to the helpdesk chooses these texts; they must not become a part of a query or of a path.
    Mend: ask only for what has the form of an identity; give it as a parameter, quote it, and never build a path of it.

    Example::

        if not re.fullmatch(r"cus_[A-Za-z0-9]+", customer.id or ""):
            return Facts()
    """
    async with asker(subject) as ours:
        nobody = await ours.found(_NOBODY, "a look-up of nobody")
        known = [one for one in (ours.customers[0].email, ours.customers[0].id) if one][:1]
        for text in (*_TOLD, *(f'{text}"' for text in known), *(f"{text}/.." for text in known)):
            for customer in _as(text):
                ours.transport.asked.clear()
                what = f"a look-up of {_shown(customer)}"
                facts = await ours.ask(customer, what)
                if not isinstance(facts, VendorError) and facts != nobody:
                    raise ours.unmet(f"{what} finds somebody")
                if paths := [one.path for one in ours.transport.asked if ".." in one.path or len(one.path) > PATH_MAX]:
                    raise ours.unmet(f"{what} asks for the path {paths[0][:60]!a}")


@check(
    "lookup-shapes", "An answer of another shape breaks nothing", level="bronze", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def lookup_shapes(subject: Subject) -> None:
    """The other system's answers with any one value dropped, null, in a list, of another type, negative or huge give
    facts of the declared types, or a VendorError, and nothing else.

    Why: vendors add words and drop keys without notice, and a proxy between answers for them.
    Mend: decode into a Struct with bounds, and raise Transient where that fails.

    Example::

        try:
            orders = msgspec.json.decode(answer.body, type=list[Order])
        except msgspec.MsgspecError:
            raise Transient("the shop answered JSON of another shape than its API has") from None
    """
    async with asker(subject) as ours:
        for customer in ours.customers[:2]:
            answers = await _answers(ours, customer)
            tries = [(url, *change) for url, body in answers.items() for change in changes(json.loads(body))]
            for url, place, changed in tries[:: len(tries) // CHANGES_MAX + 1]:
                body = json.dumps(changed).encode("utf-8", "surrogatepass")
                ours.transport.fault = _as_recorded({**answers, url: body})
                ours.clock.pass_(120)
                what = f"a look-up where the answer of {httpx2.URL(url).path} has {place}"
                facts = await ours.ask(customer, what)
                if not isinstance(facts, VendorError):
                    _fit(ours, facts, what)


@check(
    "lookup-bounded", "However much there is, an answer stays small", level="silver", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def lookup_bounded(subject: Subject) -> None:
    """Where every list of the other system has two hundred times the entries, and every page says that there is more, a
    look-up ends after 30 requests at most, in facts of no more than 16 KiB or a VendorError.

    Why: the customer with ten thousand orders is the one who complains, and nobody waits for the last page.
    Mend: read the newest so many, and say in a fact that there are more.
    """
    async with asker(subject) as ours:
        ours.transport.twist = _swollen
        for customer in ours.customers:
            ours.transport.asked.clear()
            ours.clock.pass_(120)
            what = f"a look-up of {_shown(customer)} with very much to read"
            facts = await ours.ask(customer, what)
            if len(ours.transport.asked) > REQUESTS_MAX:
                raise ours.unmet(f"{what} makes {len(ours.transport.asked)} requests")
            if not isinstance(facts, VendorError):
                _fit(ours, facts, what)


@check(
    "lookup-pure", "A look-up has no clock and no chance of its own", level="silver", needs=("simulates",), since="1.2",
    of=("enricher",),
)  # fmt: skip
async def lookup_pure(subject: Subject) -> None:
    """While customers are looked up, the package's own code reads no clock, chance, file or environment, and opens no
    socket.

    Why: `now` is an argument, so that what is said can be said again in a test and in a replay.
    Mend: reckon from `now`; ask by `context.http` only; keep no answers, the core does.
    """
    async with asker(subject) as ours:
        await ours.ask(ours.customers[0])
        with watching(package_folder(subject.kind)) as touched:
            for customer in ours.customers:
                await ours.ask(customer)
        if own := [line for line in touched if not _of_stand_in(subject.kind, line)]:
            raise Unmet(f"a look-up touches {own[0]}", where=own[0].rpartition(" at ")[2])


def _of_stand_in(kind: Any, line: str) -> bool:
    """Whether a touch is its stand-in's, which is a part of the package, too."""
    own, other = (Path(inspect.getfile(one)).resolve() for one in (kind, type(kind.simulator(None, 1))))
    place = Path(line.rpartition(" at ")[2].rpartition(":")[0]).resolve()
    return place == other != own or (other.parent != own.parent and place.is_relative_to(other.parent))


async def _answers(ours: Asker, customer: Customer) -> dict[str, bytes]:
    """The JSON that the other system answers while a customer is looked up, by the address that was asked for."""
    ours.transport.fault, seen = None, dict[str, bytes]()

    def kept(body: bytes, url: str) -> bytes:
        seen[url] = body
        return body

    ours.transport.twist = kept
    await ours.found(customer, f"a look-up of {_shown(customer)}")
    ours.transport.twist = None
    return seen


def _as_recorded(answers: Mapping[str, bytes]) -> Fault:
    """Who was asked before answers so again; whoever wasn't is asked."""
    said = {url: answer(200, body) for url, body in answers.items()}
    return lambda request: said[url](request) if (url := str(request.url)) in said else None


def _swollen(body: bytes, url: str) -> bytes:
    """The answer with two hundred times the entries in its lists, and more to come."""
    try:
        return json.dumps(_grown(json.loads(body))).encode()
    except ValueError:
        return body


def _grown(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _grown(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_grown(inner) for inner in value] * 200
    return True if "more" in key and isinstance(value, bool) else value


def _fit(ours: Asker, facts: Any, what: str) -> None:
    """Raise Unmet for facts that can't be kept, or are too large."""
    try:
        told_ = msgspec.to_builtins(facts)
        msgspec.convert(told_, type(facts), strict=True)
        size = len(msgspec.json.encode(told_))
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ours.unmet(f"{what} gives facts that aren't of their types: {told(error)}") from None
    if size > FACTS_MAX:
        raise ours.unmet(f"{what} gives facts of {size} bytes; {FACTS_MAX} are enough")


def _as(text: str) -> Iterator[Customer]:
    """The text in the place of each identity."""
    yield Customer(id=text)
    yield Customer(email=text)
    yield Customer(email=f"{text}@customer.example")
    yield Customer(phone=text)
    yield Customer(handles=(Handle("mastodon", text),))


def _shown(customer: Customer) -> str:
    """A customer in a few signs."""
    told_ = {name: value for name, value in msgspec.structs.asdict(customer).items() if value}
    return ascii({name: value if len(str(value)) <= 40 else f"{str(value)[:40]}…" for name, value in told_.items()})
