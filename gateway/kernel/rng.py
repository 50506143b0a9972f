"""The Rng of the running gateway, which nobody can guess, and one under a seed, which anybody can repeat."""

import random
import secrets


class SystemRng:
    """Chance from the operating system."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high]."""
        return self._random.uniform(low, high)

    def token(self, size: int) -> bytes:
        """`size` bytes that nobody can guess."""
        return secrets.token_bytes(size)


class SeededRng:
    """The same numbers for the same seed: for simulations and tests, never for secrets."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high]."""
        return self._random.uniform(low, high)

    def token(self, size: int) -> bytes:
        """`size` bytes that follow from the seed."""
        return self._random.randbytes(size)
