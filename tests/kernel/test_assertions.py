"""Assertions: what they say, that they verify, and that keys which are none are told without being shown."""

import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from gateway.kernel.assertions import Signer, parse_rsa_key
from gateway.plugin import JwtBearer, RsaKey
from tests.support.rsa import rsa_pem

NOW = 1_772_442_000_999


def bearer(pem: str = "", **more: object) -> JwtBearer:
    """The proof of an account."""
    key = SecretStr(pem or rsa_pem())
    return JwtBearer("https://acme.example.com/token", "the-client", "ann@acme.example", "https://vendor", key, **more)


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: PrivateFormat, lock: bytes = b"") -> str:
    """A key in PEM."""
    locked: KeySerializationEncryption = BestAvailableEncryption(lock) if lock else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, locked).decode()


def private() -> rsa.RSAPrivateKey:
    """The key of `rsa_pem` itself."""
    key = RSAKey.import_key(rsa_pem()).private_key
    assert key is not None
    return key


def test_an_assertion_says_who_asks_for_whom() -> None:
    """Issuer, subject, audience, and a life in whole seconds from now on; whoever has the public key can verify it."""
    read = jwt.decode(Signer(bearer(life_s=90)).assertion(NOW), RSAKey.import_key(rsa_pem()), algorithms=["RS256"])
    assert read.header == {"typ": "JWT", "alg": "RS256"}
    assert read.claims == {
        "iss": "the-client",
        "sub": "ann@acme.example",
        "aud": "https://vendor",
        "iat": 1_772_442_000,
        "exp": 1_772_442_090,
    }


def test_a_key_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often an account signs."""
    read: list[SecretStr] = []

    def parse(pem: SecretStr) -> RSAKey:
        read.append(pem)
        return parse_rsa_key(pem)

    monkeypatch.setattr("gateway.kernel.assertions.parse_rsa_key", parse)
    signer = Signer(bearer())
    assert read == [], "who never signs never reads it"
    first, second = signer.assertion(NOW), signer.assertion(NOW + 1_000)
    assert first != second and len(read) == 1
    assert rsa_pem()[40:80] not in repr((signer, vars(signer)))


def test_an_assertion_of_another_key_does_not_verify() -> None:
    """The key is what proves."""
    with pytest.raises(BadSignatureError):
        jwt.decode(Signer(bearer(rsa_pem(1))).assertion(NOW), RSAKey.import_key(rsa_pem()), algorithms=["RS256"])


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_is_read_as_people_have_it(form: PrivateFormat) -> None:
    """In both forms that openssl writes; a blank line too many, and the ends of lines, don't matter."""
    pem = pem_of(private(), form)
    for text in (pem, pem.strip(), f"\n{pem}\n", pem.replace("\n", "\r\n")):
        assert parse_rsa_key(SecretStr(text)).thumbprint() == RSAKey.import_key(rsa_pem()).thumbprint()


def test_a_key_on_one_line_is_read() -> None:
    """Many files of environment variables hold a line each: the ends of the key's lines are written as `\\n` there."""
    whole = rsa_pem()
    read = parse_rsa_key(SecretStr(whole.replace("\n", "\\n")))
    assert read.as_dict() == parse_rsa_key(SecretStr(whole)).as_dict()


def test_keys_that_are_none_are_told_with_their_place_and_never_shown() -> None:
    """As a setting: the error has the setting's name and the reason; nothing of the key is in any text of it."""

    class Settings(BaseModel):
        model_config = ConfigDict(hide_input_in_errors=True)

        private_key: RsaKey

    whole = rsa_pem()
    body = whole.splitlines()[1:-1]
    public = private().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    short = pem_of(rsa.generate_private_key(65_537, 1_024), PrivateFormat.PKCS8)
    wrong = {
        "hunter2-hunter2": "no private key in PEM",
        "": "no private key in PEM",
        "\ud800": "no private key in PEM",
        "\n".join(body): "no private key in PEM",
        whole.replace(body[3], body[4]): "no private key in PEM",
        whole[: len(whole) // 2]: "no private key in PEM",
        public: "no private key in PEM",
        pem_of(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8): "none of RSA",
        pem_of(private(), PrivateFormat.PKCS8, b"hunter2"): "locked by a passphrase",
        short: "1024 bits",
    }
    for text, words in wrong.items():
        with pytest.raises(ValidationError) as caught:
            Settings(private_key=text)
        (error,) = caught.value.errors(include_input=False, include_context=False)
        assert error["loc"] == ("private_key",)
        assert words in error["msg"], text
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        lines = [line for line in text.splitlines() if len(line) > 12 and "-----" not in line]
        assert not [line for line in lines if line in told], words
    assert Settings(private_key=whole).private_key.get_secret_value() == whole
    assert "PRIVATE" not in repr((Settings(private_key=whole), bearer()))
