"""A private RSA key as people have it: in PEM, made once."""

from functools import cache

from joserfc.jwk import RSAKey


@cache
def rsa_pem(number: int = 0) -> str:
    """The text of a key; another one for each `number`."""
    return RSAKey.generate_key(2048, private=True).as_pem(private=True).decode()
