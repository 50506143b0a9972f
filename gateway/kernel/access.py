"""Who may do what: tokens with a name and a role, and where they are kept.

Laws. A token's secret is in nobody's hands but its owner's: what is kept are the SHA-256 of the token and of the value
that a browser gets in its place, and 256 bits of chance need no slower hash. Nothing is said of a token before its
whole text is proved, and proofs are compared in constant time. A stranger's text is looked at only if it has exactly
the form of a token, so that its length costs nothing.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, get_args

import msgspec

from gateway.kernel.ports import Rng

Role = Literal["viewer", "operator", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""What a token may do, the least first: look; also act on contacts, deliveries and connectors; also see
who may and who did what.
Whoever may do more may do all that comes before."""

ADMIN: Final = "admin"
"""The name of the token that the configuration sets, or that is printed at the start; no other has it."""

NAME_MAX: Final = 64
TOKENS_MAX: Final = 1_000
"""Tokens that aren't revoked, at most: so many can be known at once."""

USED_EVERY_MS: Final = 3_600_000
"""How exactly the last use is kept: so that looking hardly ever writes."""

_ID_BYTES, _SECRET_BYTES = 5, 32
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?")
_TOKEN = re.compile(r"ogt_([a-z2-7]{8})_[a-z2-7]{52}")
_SESSION = re.compile(r"ogs_([a-z2-7]{8})_[0-9a-f]{64}")
_LONGEST = 4 + 8 + 1 + 64
_NOBODYS = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: the name of their token, and what it may do."""

    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        """Whether this role is enough."""
        return ROLES.index(self.role) >= ROLES.index(needed)


class AccessRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept. Times are milliseconds since the epoch; `last_used_at` is up to an hour behind."""

    id: str
    name: str
    role: Role
    token_hash: bytes
    session_hash: bytes
    created_at: int
    created_by: str
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None

    def __repr__(self) -> str:
        return f"AccessRow({self.id}, {self.name}, {self.role})"

    def expired(self, now: int) -> bool:
        """Whether its time is over: at `expires_at` it is."""
        return self.expires_at is not None and self.expires_at <= now

    def state(self, now: int) -> Literal["valid", "expired", "revoked"]:
        """What has become of it."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expired(now) else "valid"


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody shows: of which token it is, and what has to be on its row. Made by `proof_of`."""

    id: str
    kind: Literal["token", "session"]
    shown: bytes = field(repr=False)


def new_token(rng: Rng) -> str:
    """A new token, `ogt_<id>_<secret>`: 40 bits that find it, 256 that prove it."""
    return f"ogt_{_letters(rng.token(_ID_BYTES))}_{_letters(rng.token(_SECRET_BYTES))}"


def row_of(
    token: str, name: str, role: Role, *, created_at: int, created_by: str, expires_at: int | None = None
) -> AccessRow:
    """What is kept of a new token. Raises ValueError for a name or a text that can't be one."""
    proof = proof_of(token)
    if proof is None or proof.kind != "token":
        raise ValueError("this isn't a token")
    return AccessRow(
        id=proof.id,
        name=checked_name(name),
        role=role,
        token_hash=proof.shown,
        session_hash=_hashed(session_of(token)),
        created_at=created_at,
        created_by=created_by,
        expires_at=expires_at,
    )


def checked_name(name: str) -> str:
    """A name that a token may have. Raises ValueError, which says what it may have."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            f"{name[:NAME_MAX]!r} can't be a token's name: at most {NAME_MAX} small letters, digits and . _ @ + - "
            "between them, such as anna, wallboard-2 or anna@example.com"
        )
    if name == ADMIN:
        raise ValueError(f"{ADMIN} is the name of the token that the configuration sets; choose another name")
    return name


def session_of(token: str) -> str:
    """What a browser gets in place of a token, as the value of its cookie: it proves the same, and doesn't tell it."""
    return f"ogs_{token[4:12]}_{hmac.new(token.encode(), b'value of the cookie', hashlib.sha256).hexdigest()}"


def proof_of(text: str | None) -> Proof | None:
    """What a stranger's text could prove; None for one that isn't exactly a token or a browser's value."""
    if text is None or len(text) > _LONGEST:
        return None
    if found := _TOKEN.fullmatch(text):
        return Proof(found[1], "token", _hashed(text))
    if found := _SESSION.fullmatch(text):
        return Proof(found[1], "session", _hashed(text))
    return None


def proves(proof: Proof, row: AccessRow | None) -> bool:
    """Whether it is that token, whatever has become of it; for a row that isn't there in the same time."""
    kept = _NOBODYS if row is None else row.token_hash if proof.kind == "token" else row.session_hash
    return hmac.compare_digest(kept, proof.shown) and row is not None


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _letters(chance: bytes) -> str:
    return base64.b32encode(chance).decode().rstrip("=").lower()


class AccessShelf(Protocol):
    """The part of the Store port that is about people's tokens. Every write is durable when it is back."""

    async def add_access(self, row: AccessRow) -> bool:
        """Keep a new token; False, and nothing is kept, if its name or id is taken. The name of one that has expired
        by then is free: that one is revoked. Audited. Raises ValueError beyond TOKENS_MAX, and StoreFull."""
        ...

    async def access_tokens(self, *, revoked: bool = False) -> list[AccessRow]:
        """Every token that isn't revoked, by name; with `revoked` behind them the latest of the others, up to
        TOKENS_MAX."""
        ...

    async def revoke_access(self, name: str, now: int, by: str) -> bool:
        """Let the token of this name prove nothing any more; False if there is none. Audited. Raises StoreFull."""
        ...

    async def access_used(self, id: str, now: int) -> None:
        """Note that a token was used, unless that is noted for the last USED_EVERY_MS already."""
        ...
