"""How fast an endpoint may be sent to, as it stands in the file."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from gateway.config.shape import EndpointShape
from gateway.config.values import parse_rate

ENDPOINT: dict[str, Any] = {"url": "https://a.example/", "secret": SecretStr("whsec_x")}


@pytest.mark.parametrize(
    ("text", "per_s"), [("10/s", 10), ("1/s", 1), ("30/m", 0.5), ("1/m", 1 / 60), ("10000/s", 10_000)]
)
def test_a_rate_is_so_many_a_second_or_a_minute(text: str, per_s: float) -> None:
    """Read as sends a second."""
    assert parse_rate(text) == per_s


@pytest.mark.parametrize(
    "wrong", ["0/s", "10001/s", "-1/s", "1.5/s", "10", 10, "10/h", "", None, "1/s ", "9" * 999 + "/s", "١/s"]
)
def test_anything_else_is_refused_with_what_to_write(wrong: object) -> None:
    """No rate of nothing, none without end, none in another unit."""
    with pytest.raises(ValueError, match="such as 10/s or 30/m"):
        parse_rate(wrong)


@pytest.mark.parametrize("wrong", [0, 65, -1, "8", 1.5, True, None])
def test_a_concurrency_is_a_whole_number_from_1_to_64(wrong: object) -> None:
    """Eight, where nothing is said."""
    with pytest.raises(ValidationError, match="1 validation error for EndpointShape\nconcurrency"):
        EndpointShape.model_validate({**ENDPOINT, "concurrency": wrong})
    assert EndpointShape.model_validate(ENDPOINT).concurrency == 8
