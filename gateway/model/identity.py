"""Who is who: references to vendors' objects, customers, and ids derived from what they name.

An id is a hash of its cause, never a counter or chance: deciding twice gives the same id.
"""

import hashlib

import msgspec


class Ref(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a fact lives at the vendor: the object's kind and its id, both as the vendor says them."""

    kind: str
    id: str


class StrandKey(msgspec.Struct, frozen=True, order=True):
    """One vendor object across the gateway: the connector's name and the object's ref."""

    connector: str
    kind: str
    id: str

    @property
    def ref(self) -> Ref:
        """The object as its own vendor names it."""
        return Ref(self.kind, self.id)

    def __str__(self) -> str:
        return f"{self.connector}:{self.kind}:{self.id}"


class Handle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's name on a network, such as `@ada` on mastodon."""

    network: str
    handle: str


class Customer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The person, by the identities that a vendor knows; `verified` lists the e-mail addresses it has proved."""

    id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    handles: tuple[Handle, ...] = ()
    verified: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is anything to find this person by."""
        return bool(self.id or self.email or self.phone or self.handles)

    @property
    def identities(self) -> "Customer":
        """What tells this person from others, however it was told: without a name, and what has no order in one."""
        handles = tuple(sorted(self.handles, key=lambda one: (one.network, one.handle)))
        return Customer(self.id, self.email, self.phone, None, handles, tuple(sorted(self.verified)))

    def replaces(self, before: "Customer") -> bool:
        """Whether what was known of `before` may be of somebody else: an identity is another one now, or none stayed.
        That one more is known changes nobody."""
        pairs = ((before.id, self.id), (before.email, self.email), (before.phone, self.phone))
        if any(was and now and was != now for was, now in pairs):
            return True
        stayed = any(was and was == now for was, now in pairs) or bool(set(before.handles) & set(self.handles))
        return before.known and not stayed

    @property
    def domain(self) -> str:
        """What follows the `@` of the e-mail address, in lower case; empty without one."""
        return (self.email or "").rpartition("@")[2].lower() if "@" in (self.email or "") else ""


_BASE_32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _BASE_32 for second in _BASE_32)
_SHIFTS = range(120, -1, -10)


def derived_id(prefix: str, *causes: object) -> str:
    """An id of 26 letters and digits behind `prefix`, the same for the same causes.

    Parts are joined with a length in front of each, so that no two lists of causes read alike. Holds no `.`: the
    signed content of a webhook is split by it.
    """
    digest = hashlib.sha256()
    for cause in causes:
        part = str(cause).encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(part))
        digest.update(part)
    bits = int.from_bytes(digest.digest()[:16], "big") << 2
    return f"{prefix}_{''.join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])}"


def contact_id(strand: StrandKey) -> str:
    """The id of a contact whose first strand is `strand`."""
    return derived_id("con", strand.connector, strand.kind, strand.id)
