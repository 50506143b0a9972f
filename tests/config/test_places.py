"""Where secrets are kept, told without reading them."""

from pathlib import Path

import pytest

from gateway.config.places import SecretPlace, endpoint_places, secret_places
from gateway.kernel.problems import Problems

TEXT = """
version: 1
admin_token: {env: TOKEN}
connectors:
  shop: {plugin: events, secret: [{env: A}, {file: b/c.key}], file: not-a-secret, env: [x]}
endpoints:
  desk: {url: "https://a.example", secret: {file: desk.key}}
  wall: {url: "https://a.example", secret: [{env: NEW}, {env: OLD}]}
  odd: {url: "https://a.example", secret: {env: 1}}
"""


def test_every_place_is_told_in_order(tmp_path: Path) -> None:
    """One or a list of them, with where it stands; what isn't a place is none."""
    config = tmp_path / "gateway.yaml"
    config.write_text(TEXT)

    assert secret_places(config) == [
        SecretPlace(("admin_token",), "env", "TOKEN"),
        SecretPlace(("connectors", "shop", "secret", 0), "env", "A"),
        SecretPlace(("connectors", "shop", "secret", 1), "file", "b/c.key"),
        SecretPlace(("endpoints", "desk", "secret"), "file", "desk.key"),
        SecretPlace(("endpoints", "wall", "secret", 0), "env", "NEW"),
        SecretPlace(("endpoints", "wall", "secret", 1), "env", "OLD"),
    ]
    assert [place.name for place in endpoint_places(config, "wall")] == ["NEW", "OLD"]
    assert endpoint_places(config, "nobody") == []


def test_a_file_that_is_none_is_a_problem(tmp_path: Path) -> None:
    """Not there, or no YAML."""
    config = tmp_path / "gateway.yaml"
    with pytest.raises(Problems):
        secret_places(config)
    config.write_text("a: [")
    with pytest.raises(Problems):
        secret_places(config)
    config.write_text("just text")

    assert secret_places(config) == []
