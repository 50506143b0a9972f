"""Signing secrets for tests."""

import base64


def secret_of(word: str) -> str:
    """A signing secret that is found again wherever it turns up."""
    return "whsec_" + base64.b64encode(f"canary {word}".ljust(24, "!").encode()).decode()
