"""The link to a vendor's consent, and what is taken for its answer."""

import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.kernel.consent import ADDRESS_MAX, PENDING_MS, NotGranted, begin, code_in, link
from gateway.kernel.rng import SystemRng
from gateway.plugin import AuthorizationCode

NOW = 1_772_442_000_000
BACK = "http://127.0.0.1:8917/callback"
AUTH = AuthorizationCode(
    "https://acme.example.com/oauth/authorizations/new?brand=1", "https://acme.example.com/oauth/tokens",
    "desk", SecretStr("canary-secret"), "read tickets:write",
)  # fmt: skip
PENDING = begin(BACK, SystemRng(), NOW)


def refusal(address: str, now: int = NOW) -> NotGranted:
    """Why an address is no answer."""
    with pytest.raises(NotGranted) as found:
        code_in(PENDING, address, now)
    for hidden in (PENDING.state, PENDING.verifier, "canary"):
        assert hidden not in str(found.value)
    return found.value


def test_the_link_has_what_the_vendor_needs() -> None:
    """Ours beside what the vendor's address has already: scope, state, and the verifier's hash, never itself."""
    url = urlsplit(link(AUTH, PENDING))
    told = {name: values for name, values in parse_qs(url.query).items()}

    assert url._replace(query="").geturl() == "https://acme.example.com/oauth/authorizations/new"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(PENDING.verifier.encode()).digest()).rstrip(b"=").decode()
    assert told == {
        "brand": ["1"],
        "response_type": ["code"],
        "client_id": ["desk"],
        "redirect_uri": [BACK],
        "scope": ["read tickets:write"],
        "state": [PENDING.state],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
    }
    assert "scope" not in parse_qs(urlsplit(link(replace(AUTH, scope=""), PENDING)).query)
    assert 43 <= len(PENDING.verifier) <= 128
    with pytest.raises(ValueError, match="expected a URL"):
        link(replace(AUTH, authorize_url="javascript:alert(1)"), PENDING)


def test_every_question_is_another_one() -> None:
    """And none is shown."""
    other = begin(BACK, SystemRng(), NOW)
    assert {PENDING.state, PENDING.verifier}.isdisjoint({other.state, other.verifier})
    assert PENDING.state not in repr(PENDING)
    assert PENDING.verifier not in repr(PENDING)


def test_an_answer_is_taken() -> None:
    """As a path, as a whole address, with more in it and line ends around it; until it is too late."""
    query = f"code=canary-1&state={PENDING.state}"
    for address in (f"/callback?{query}", f"{BACK}?{query}&scope=read#_=_", f" {BACK}?{query}\r\n"):
        assert code_in(PENDING, address, NOW + PENDING_MS) == "canary-1"
    for late in (NOW - 1, NOW + PENDING_MS + 1):
        assert refusal(f"{BACK}?{query}", late).final


@pytest.mark.parametrize(
    ("query", "word", "final"),
    [
        ("", "whole address", False),
        ("code=canary", "whole address", False),
        ("code=canary&state=", "whole address", False),
        ("code=canary&state=é", "another question", False),
        ("code=canary&state=STATEx", "another question", False),
        ("code=canary&state=STATE&state=STATE", "whole address", False),
        ("error=access_denied&state=x", "another question", False),
        ("error=access_denied&state=STATE", "access_denied", True),
        ("error=%3Cb%3Ecanary&state=STATE", "an error", True),
        ("state=STATE", "no code", True),
        ("code=a&code=b&state=STATE", "no code", True),
        ("code=can%0D%0Aary&state=STATE", "no code", True),
        ("code=%C3%A9&state=STATE", "no code", True),
        (f"code={'a' * 5_000}&state=STATE", "no code", True),
        ("&".join(f"x{number}=1" for number in range(50)), "no address", False),
        (f"state=STATE&x={'a' * ADDRESS_MAX}", "no address", False),
    ],
)
def test_what_is_no_answer(query: str, word: str, final: bool) -> None:
    """Only what has the state can end the question, and only once in the address."""
    found = refusal(f"{BACK}?{query.replace('STATE', PENDING.state)}")
    assert (word in str(found), found.final) == (True, final), found


@given(st.binary(max_size=300).map(lambda chance: chance.decode("latin-1")))
def test_any_text_is_refused_in_words(text: str) -> None:
    """Whatever is pasted or knocks."""
    assert not refusal(text).final
    assert not refusal(f"{BACK}?state={quote(text)}").final
