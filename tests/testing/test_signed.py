"""The kit knows accounts that a signed assertion proves: it notices the same about them as about others."""

import pytest
from aiohttp import web
from gateway_desk import Desk, DeskSettings
from gateway_desk.simulator import DeskSimulator
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from gateway.plugin import JwtBearer, RsaKey
from gateway.testing import CHECKS, Subject
from gateway.testing.run import run_one
from tests.support.rsa import rsa_pem
from tests.testing.conftest import DESK


class SignedSettings(DeskSettings):
    """A desk that wants to see a key."""

    private_key: RsaKey
    """What signs."""


class SignedSimulator(DeskSimulator):
    """An account of it."""

    async def start(self, now, push_to):
        """Listen."""
        return {**await super().start(now, push_to), "private_key": rsa_pem()}

    async def token(self, request):
        """A token for who signed with the right key, now."""
        form = await request.post()
        try:
            claims = jwt.decode(form.get("assertion", ""), RSAKey.import_key(rsa_pem()), algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            claims = {}
        if not claims.get("iat", 0) - 60 <= self.now() // 1000 <= claims.get("exp", 0):
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = f"token-{self.random.getrandbits(128):032x}"
        self.tokens.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer"})


class Signed(Desk):
    """A desk's account, proved by a key."""

    settings_type = SignedSettings

    @staticmethod
    def auth(settings):
        """What is signed."""
        return JwtBearer(f"{settings.base_url}/token", "kit", "ann@acme.example", "desk", settings.private_key)

    @staticmethod
    def simulator(settings, seed):
        """A desk."""
        return SignedSimulator(seed)


class Printing(Signed):
    """It prints a line of its key."""

    async def pull(self, stream, cursor, now):
        print(self.settings.private_key.get_secret_value().splitlines()[5])
        return await super().pull(stream, cursor, now)


class GullibleSimulator(SignedSimulator):
    """It takes any signature."""

    async def token(self, request):
        """A token for everybody."""
        self.tokens.add("token-for-everybody")
        return web.json_response({"access_token": "token-for-everybody", "token_type": "Bearer"})


class Gullible(Signed):
    """Nobody is refused."""

    @staticmethod
    def simulator(settings, seed):
        """A desk."""
        return GullibleSimulator(seed)


@pytest.mark.parametrize(
    ("kind", "id", "outcome"),
    [
        *((Signed, id, "passed") for id in ("access-renewed", "access-refused", "check-tells", "secrets-hidden")),
        *((Signed, id, "passed") for id in ("settings-secrets", "webhooks-secret", "http-statuses")),
        (Printing, "secrets-hidden", "failed"),
        (Gullible, "access-refused", "failed"),
        (Gullible, "check-tells", "failed"),
    ],
)
def test_the_kit_knows_keys(kind: type, id: str, outcome: str) -> None:
    """A wrong credential is another key, and each line of one is a secret."""
    result = run_one(Subject(kind, DESK / "tests" / "samples", DESK, seeds=2), CHECKS[id])

    assert result.outcome == outcome, result.what
    assert not result.what.startswith("it raised")
