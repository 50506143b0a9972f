"""What is kept stays readable: bytes of every version that there has been, and no shape changes without a new one."""

from typing import Literal

import msgspec
import pytest

from gateway.kernel.store import StoreUnusable
from gateway.kernel.versioned import MARK, Versions
from gateway.model.event import MessageAdded, Person, encode_event
from gateway.model.identity import Ref
from gateway.model.instant import Instant
from gateway.model.judgement import LedgerEntry
from gateway.policy.kept import CALENDARS, Unreadable, load_kept, unpack_calendars
from gateway.store import coding
from tests.store import samples as small
from tests.store.samples import stored
from tests.store.samples.making import POLICY, kinds
from tests.store.samples.shapes import only_added, shape_of

KINDS = kinds()
TODO = "run `python -m tests.store.samples`"


@pytest.mark.parametrize("name", KINDS)
def test_every_version_is_read(name: str) -> None:
    """There are samples of each, and what is read of them is what it was."""
    kind = KINDS[name]

    assert stored.versions(name) == [*range(1, kind.versions.current + 1)], TODO
    for version in stored.versions(name):
        kept = stored.samples(name, version)
        assert kept
        for sample in kept:
            assert kind.read(sample.body) == sample.reads, f"version {version}: {sample.name}"


@pytest.mark.parametrize("name", KINDS)
def test_a_shape_changes_with_its_version(name: str) -> None:
    """It is as it was noted for the current version; the message says what to do."""
    kind = KINDS[name]
    shape, noted = kind.shape(), stored.shape(name, kind.versions.current)

    assert noted is not None, TODO
    assert shape == noted, stored.told_of_change(name, kind.versions.current, noted, shape)


@pytest.mark.parametrize("name", ["state", "ledger", "effect", "event"])
def test_samples_have_every_field(name: str) -> None:
    """What isn't in them could be lost unseen."""
    told = repr([sample.reads for sample in stored.samples(name, 1)])

    for lines in KINDS[name].shape().values():
        for line in lines[1:]:
            assert f"'{line.partition(':')[0]}': " in told


def test_a_kept_policy_is_read() -> None:
    """Its text, with the calendars that were kept beside it."""
    (sample,) = stored.samples("calendars", 1)

    policy = load_kept(POLICY, sample.body, b"", "kept")

    assert (policy.hash, policy.sla[0].calendar) == ("kept", policy.calendars["office"])


# ── What is noticed ──────────────────────────────────────────────────────────────────────────────────────────────────


class Before(msgspec.Struct, array_like=True):
    """What is kept today, in a test."""

    one: int
    two: str = "x"


class Middle(msgspec.Struct, array_like=True):
    one: int
    between: int = 0
    two: str = "x"


class OtherType(msgspec.Struct, array_like=True):
    one: int
    two: str | None = "x"


class OtherDefault(msgspec.Struct, array_like=True):
    one: int
    two: str = "y"


class Named(msgspec.Struct):
    one: int
    two: str = "x"


class Required(msgspec.Struct, array_like=True):
    one: int
    two: str


class Longer(msgspec.Struct, array_like=True):
    one: int
    two: str = "x"
    three: tuple[int, ...] = ()


class Spoken(msgspec.Struct, array_like=True):
    """What it says is one of some words."""

    said: Literal["a", "b"] | None = "a"


class MoreWords(msgspec.Struct, array_like=True):
    said: Literal["a", "b", "c"] | None = "a"


class FewerWords(msgspec.Struct, array_like=True):
    said: Literal["a", "c"] | None = "a"


class OtherWord(msgspec.Struct, array_like=True):
    said: Literal["a", "b", "c"] | None = "b"


class Holding(msgspec.Struct, array_like=True):
    """A struct in another one counts as well."""

    held: Before | None = None


def shaped(kind: type) -> dict[str, list[str]]:
    """The shape of a struct, under the name that it had before."""
    return {"Before": shape_of(kind)[kind.__name__]}


@pytest.mark.parametrize("kind", [Middle, OtherType, OtherDefault, Named, Required])
def test_a_change_is_noticed(kind: type) -> None:
    """A field in the middle, another type, another default, another layout: each needs a new version, and is told."""
    told = stored.told_of_change("thing", 1, shaped(Before), shaped(kind))

    assert not only_added(shaped(Before), shaped(kind))
    assert "make version 2: add an upcaster" in told and "+Before: " in told


def test_what_is_added_at_the_end_is_noted() -> None:
    """It needs no version, but has to be noted, so that it is noticed when it changes."""
    assert shaped(Before) != shaped(Longer) and only_added(shaped(Before), shaped(Longer))
    assert "Note it with" in stored.told_of_change("thing", 1, shaped(Before), shaped(Longer))
    assert shape_of(Holding).keys() == {"Holding", "Before"}


def test_words_that_are_added_are_noted() -> None:
    """Whatever was kept is read as before; not so where one has gone, or the default is another."""
    said = shape_of(Spoken)["Spoken"]

    assert only_added({"it": said}, {"it": shape_of(MoreWords)["MoreWords"]})
    for kind in (FewerWords, OtherWord):
        assert not only_added({"it": said}, {"it": shape_of(kind)[kind.__name__]})


# ── A version that isn't there yet ───────────────────────────────────────────────────────────────────────────────────


def renamed(value: dict[str, object]) -> dict[str, object]:
    """What version 1 of events called `who` is the author."""
    return {"author" if name == "who" else name: kept for name, kept in value.items()}


MESSAGE = MessageAdded(at=Instant(small.T0), ref=Ref("ticket", "1"), id="m1", author=Person("agent"))
OLD = encode_event(MESSAGE).replace(b'"author"', b'"who"')


def test_an_event_of_an_earlier_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is brought up to date while it is read; a new one has its version in front, and nothing else is different."""
    monkeypatch.setattr(coding, "EVENT", Versions(renamed))

    new = coding.write_event(MESSAGE, b"")

    assert coding.read_event(OLD, "it") == coding.read_event(new, "it") == MESSAGE
    assert new == MARK + b"\x02" + encode_event(MESSAGE)


@pytest.mark.parametrize("rev", [1, 2**70])
def test_an_entry_of_an_earlier_version(monkeypatch: pytest.MonkeyPatch, rev: int) -> None:
    """In msgpack, and in JSON for numbers beyond 64 bits; through two steps, one of which changes nothing."""
    entry = LedgerEntry(id="a", type="sla.breached", at=rev, rule="r", times=3)
    old = coding.entries.encode(entry)
    last_first = Versions(lambda value: [*value[1:], value[0]], None, lambda value: [value[-1], *value[:-1]])
    monkeypatch.setattr(coding.entries, "versions", last_first)

    new = coding.entries.encode(entry)

    assert new == MARK + b"\x04" + old
    assert coding.entries.decode(old) == coding.entries.decode(new) == entry


def test_a_version_that_reads_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only a word is new, bytes of before need no bringing up to date."""
    old = coding.entries.encode(small.entry("a"))
    monkeypatch.setattr(coding.entries, "versions", Versions(None))

    assert coding.entries.decode(old) == coding.entries.decode(coding.entries.encode(small.entry("a")))


@pytest.mark.parametrize("name", ["state", "ledger", "effect", "strands", "event", "body"])
def test_a_later_version_is_refused(name: str) -> None:
    """Both versions are named, and what to do."""
    sample = stored.samples(name, 1)[0]
    words = "is of version 3, and this program reads 1 at most: it was written by a newer version; run that one"

    with pytest.raises(StoreUnusable, match=words):
        KINDS[name].read(MARK + b"\x03" + sample.body)


def test_later_calendars_are_refused() -> None:
    """The policy that they belong to can't be used, and says so."""
    with pytest.raises(Unreadable, match="are of version 3, and this program reads 1 at most"):
        unpack_calendars(MARK + b"\x03" + stored.samples("calendars", 1)[0].body)


@pytest.mark.parametrize("body", [MARK, MARK + b"\x00", MARK + b"\x01[]", b"", b"\xc0", b"[", b"\x93\x01"])
@pytest.mark.parametrize("versions", [Versions(), Versions(renamed), Versions(None)])
def test_bytes_of_no_version_are_damaged(monkeypatch: pytest.MonkeyPatch, body: bytes, versions: Versions) -> None:
    """Whatever an upcaster makes of them."""
    monkeypatch.setattr(coding, "EVENT", versions)
    monkeypatch.setattr(coding.entries, "versions", versions)

    for read in (lambda: coding.read_event(body, "it"), lambda: coding.entries.decode(body, "it")):
        with pytest.raises(StoreUnusable, match="the database is damaged: an e"):
            read()


def test_a_body_goes_out_as_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever version: a receiver may have had it already."""
    old, now = b'{"id":"a"}', Versions(lambda value: {**value, "more": 1})
    monkeypatch.setattr(coding, "BODY", now)

    assert coding.read_body(old, "a") == coding.read_body(coding.write_body(old), "a") == old


def test_calendars_of_an_earlier_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept calendars are brought up to date as well."""
    (sample,) = stored.samples("calendars", 1)
    renaming = Versions(lambda tables: {name.upper(): table for name, table in tables.items()})
    monkeypatch.setattr("gateway.policy.kept.CALENDARS", renaming)

    assert "OFFICE" in unpack_calendars(sample.body) and CALENDARS.current == 1
