"""Keys as text: new ones sign, and the receiver's half verifies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.kernel.keys import RANDOM_BYTES, KeyKind, kind_of, new_key
from gateway.kernel.signing import parse_secret

KINDS: tuple[KeyKind, ...] = ("hmac", "ed25519")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None)
@given(random=st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES), content=st.binary(max_size=50))
def test_what_a_new_key_signs_its_receiver_proves(kind: KeyKind, random: bytes, content: bytes) -> None:
    """Of a pair the receiver gets the public half, which can't sign."""
    key = new_key(kind, random)

    assert parse_secret(key.given).proves(content, parse_secret(key.secret).sign(content))
    assert kind_of(key.secret) == key.kind == kind
    if kind == "ed25519":
        with pytest.raises(ValueError, match="can't sign"):
            parse_secret(key.given).sign(content)


def test_no_key_shows_in_a_repr() -> None:
    """Neither half of either kind."""
    for kind in KINDS:
        key = new_key(kind, bytes(range(RANDOM_BYTES)))
        assert key.secret[6:20] not in repr(key)
        assert key.given[6:20] not in repr(key)
