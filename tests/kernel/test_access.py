"""Tokens of people and programs: their form, what is kept of them, and what proves one."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.kernel.access import (
    ADMIN,
    ROLES,
    Who,
    checked_name,
    new_token,
    proof_of,
    proves,
    row_of,
    session_of,
)
from gateway.kernel.rng import SeededRng, SystemRng

TOKEN = new_token(SeededRng(1))
ROW = row_of(TOKEN, "anna", "operator", created_at=1, created_by="me", expires_at=100)


def test_a_token_has_one_form() -> None:
    """One word, that a double click takes whole; each with chance of its own."""
    made = {new_token(SystemRng()) for _ in range(100)}

    assert len({token[4:12] for token in made}) == len(made) == 100
    assert all(re.fullmatch(r"ogt_[a-z2-7]{8}_[a-z2-7]{52}", token) for token in made)


def test_what_is_kept_tells_no_token() -> None:
    """Neither the token nor the browser's value stands in the row, nor anything of their secrets in a text of it."""
    session = session_of(TOKEN)

    for secret in (TOKEN, session, TOKEN[13:], session[13:]):
        assert secret.encode() not in b"".join((ROW.token_hash, ROW.session_hash))
        assert secret not in f"{ROW!r} {proof_of(TOKEN)!r} {proof_of(session)!r}"
    assert ROW.token_hash.hex() not in repr(ROW)
    assert TOKEN[13:] not in session


def test_a_token_and_its_session_prove_it() -> None:
    """Each by its own hash alone: what lies in the database opens nothing."""
    for text in (TOKEN, session_of(TOKEN)):
        proof = proof_of(text)
        assert proof is not None
        assert proves(proof, ROW)
        assert not proves(proof, None)
        assert not proves(proof, row_of(new_token(SeededRng(2)), "ben", "admin", created_at=1, created_by="me"))
    for text in (f"ogs_{ROW.id}_{ROW.token_hash.hex()}", f"ogs_{ROW.id}_{ROW.session_hash.hex()}"):
        proof = proof_of(text)
        assert proof is not None
        assert not proves(proof, ROW)


@pytest.mark.parametrize("at", [0, 3, 4, 12, 13, -1])
def test_one_letter_off_is_another(at: int) -> None:
    """Wherever it is."""
    letters = [*TOKEN]
    letters[at] = "b" if letters[at] != "b" else "c"
    proof = proof_of("".join(letters))

    assert proof is None or not proves(proof, ROW)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "ogt_",
        TOKEN + " ",
        " " + TOKEN,
        TOKEN + "\n",
        TOKEN.upper(),
        TOKEN[:-1],
        TOKEN + "a",
        TOKEN.replace("_", "."),
        TOKEN.replace("_", "__"),
        "ogt_" * 100_000,
        "_" * 1_000_000,
        "." * 1_000_000,
        "ogt_ääääääää_" + "ä" * 52,
        "ogt_\udcff" + TOKEN[5:],
        TOKEN[:13] + "１" * 52,
    ],
)
def test_anything_else_is_no_proof(text: str | None) -> None:
    """However long, and whatever it is made of."""
    assert proof_of(text) is None


@settings(max_examples=50)
@given(st.text())
def test_no_text_raises(text: str) -> None:
    """Strangers write it."""
    assert proof_of(text) is None
    assert proof_of(f"ogt_{text}") is None


def test_who_may_more_may_all_that_is_less() -> None:
    """In the order of the roles."""
    may = {role: [needed for needed in ROLES if Who("x", role).may(needed)] for role in ROLES}

    assert may == {"viewer": ["viewer"], "operator": ["viewer", "operator"], "admin": ["viewer", "operator", "admin"]}


def test_a_token_ends_at_its_instant() -> None:
    """At `expires_at` it has expired; revoked comes first; one without an end stays."""
    assert [ROW.state(now) for now in (99, 100)] == ["valid", "expired"]
    assert row_of(TOKEN, "a", "viewer", created_at=1, created_by="me").state(10**15) == "valid"


@pytest.mark.parametrize("name", ["anna", "a", "wallboard-2", "anna.b@example.com", "x" * 64, "a+b_c"])
def test_names_that_can_be(name: str) -> None:
    """As people and machines are called."""
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "Anna", "-x", "x-", "a b", "a\n", "jürgen", "x" * 65, ADMIN, "a/b", "<b>", "a\udcff"]
)
def test_names_that_can_not_be(name: str) -> None:
    """They stand in commands, lists and notes, and one is taken."""
    with pytest.raises(ValueError, match="name"):
        checked_name(name)


def test_only_a_token_is_kept() -> None:
    """A browser's value is none."""
    for text in (session_of(TOKEN), "wrong", ""):
        with pytest.raises(ValueError, match="isn't a token"):
            row_of(text, "anna", "viewer", created_at=1, created_by="me")
