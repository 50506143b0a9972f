"""The section `enrichers` of gateway.yaml: the core's own keys, the plugin's settings, every mistake at its place."""

from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from gateway.config import Config, load_config
from gateway.config.load import Unloadable
from gateway.config.shown import shown_lines
from gateway.kernel.problems import Problems
from gateway.kernel.reach import INTERNET, PRIVATE_TOO
from tests.support.purse import PurseSettings
from tests.support.told import told

HEAD = "version: 1\npolicy: preset:orion\n"


def loaded(folder: Path, lines: str, name: str = "payments") -> Config:
    """A configuration whose one enricher has these lines."""
    path = folder / "gateway.yaml"
    path.write_text(f"{HEAD}enrichers:\n  {name}:\n    plugin: purse\n{lines}")
    return load_config(path, {"KEY": "canary-key"})


def wrong(folder: Path, lines: str, name: str = "payments") -> list[str]:
    """What is wrong with it, as `line:column: id: message`."""
    with pytest.raises(Problems) as caught:
        loaded(folder, lines, name).enricher_settings(name, PurseSettings)
    assert "canary" not in str(caught.value)
    return [told(problem).partition("gateway.yaml:")[2] for problem in caught.value.problems]


def test_what_may_be_left_out_has_a_default(tmp_path: Path) -> None:
    """Five seconds, four at once, the internet and nothing else; without the section there are none."""
    enricher = loaded(tmp_path, "").enrichers["payments"]
    (tmp_path / "gateway.yaml").write_text(HEAD)

    assert (enricher.name, enricher.plugin, enricher.timeout_s, enricher.concurrency) == ("payments", "purse", 5.0, 4)
    assert (enricher.reach, dict(enricher.settings)) == (INTERNET, {})
    assert load_config(tmp_path / "gateway.yaml", {}).enrichers == {}


def test_what_is_the_cores_is_not_the_plugins(tmp_path: Path) -> None:
    """Its own settings come as the plugin's type, secrets read; none shows."""
    lines = "    api_key: {env: KEY}\n    timeout: 800ms\n    concurrency: 32\n    allow_private: true\n"
    config = loaded(tmp_path, lines + "    base_url: http://127.0.0.1:4010\n    allow_ports: [25]\n")
    enricher = config.enrichers["payments"]
    settings = config.enricher_settings("payments", PurseSettings)

    assert (enricher.timeout_s, enricher.concurrency, enricher.reach.networks) == (0.8, 32, PRIVATE_TOO.networks)
    assert set(enricher.settings) == {"api_key", "base_url"}
    assert settings.api_key == SecretStr("canary-key")
    assert "canary" not in repr(config) + repr(settings)


@pytest.mark.parametrize(
    "name", ["a-b", "in", "'true'", "'null'", "'false'", "Payments", "a" * 64, "_a", "'a.b'", "''", "ä"]
)
def test_a_name_stands_behind_a_dot(name: str, tmp_path: Path) -> None:
    """What can't is refused at the name, with words."""
    (problem,) = wrong(tmp_path, "", name)

    assert problem.startswith("4:3: bad-name: a name begins with a lower-case letter")
    assert "it stands behind a dot in conditions" in problem


@pytest.mark.parametrize("name", ["a", "a_b1", "inn", "truest", "a" * 63])
def test_other_names_are_right(name: str, tmp_path: Path) -> None:
    """Words of the language of conditions are refused whole, not as a beginning."""
    assert list(loaded(tmp_path, "", name).enrichers) == [name]


@pytest.mark.parametrize(
    "value", ["5", "99ms", "61s", "60001ms", "0s", "-5s", "5 s", "1m", "5S", "''", "[5s]", "true", "9999999s", "५s"]
)
def test_a_time_out_of_its_bounds_is_refused(value: str, tmp_path: Path) -> None:
    """From 100ms to 60s, with its unit."""
    (problem,) = wrong(tmp_path, f"    timeout: {value}\n")

    assert problem == "6:14: bad-value: expected a time with its unit, such as 5s or 800ms, from 100ms to 60s"


@pytest.mark.parametrize(("value", "seconds"), [("100ms", 0.1), ("60s", 60.0), ("60000ms", 60.0)])
def test_a_time_at_its_bounds_is_taken(value: str, seconds: float, tmp_path: Path) -> None:
    """Both ends belong to it."""
    assert loaded(tmp_path, f"    timeout: {value}\n").enrichers["payments"].timeout_s == seconds


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ("    concurrency: 0\n", "6:18: bad-value"),
        ("    concurrency: 33\n", "6:18: bad-value"),
        ("    concurrency: '4'\n", "6:18: bad-value"),
        ("    allow_ports: [0]\n", "6:19: bad-value"),
        ("    api_key: canary-typed\n", "6:14: bad-secret"),
        ("    api_key: {env: MISSING}\n", "6:14: bad-secret"),
        ("    api_key: {env: KEY, file: canary}\n", "6:14: bad-secret"),
        ("    base_url: http://10.0.0.1/\n", "6:15: bad-url"),
        ("    base_url: https://u:canary@purse.example.com\n", "6:15: bad-url"),
        ("    api_kay: {env: KEY}\n", "6:5: unknown-key"),
    ],
)
def test_a_mistake_is_told_at_its_place(lines: str, place: str, tmp_path: Path) -> None:
    """The core's keys and the plugin's alike; nothing of a secret is said."""
    (problem,) = wrong(tmp_path, lines)

    assert problem.startswith(f"{place}: ")


def test_the_section_is_a_mapping(tmp_path: Path) -> None:
    """Of at most fifty, each of them a mapping with its plugin."""
    path = tmp_path / "gateway.yaml"
    many = "".join(f"  e{number}: {{plugin: purse}}\n" for number in range(51))
    for text, place in (
        ("enrichers: [payments]\n", "3:12"),
        ("enrichers: {a: {}}\n", "3:16"),
        (f"enrichers:\n{many}", "4:3"),
    ):
        path.write_text(HEAD + text)
        with pytest.raises(Problems) as caught:
            load_config(path, {})
        (problem,) = caught.value.problems
        assert f"{problem.line}:{problem.column}" == place


def test_what_is_right_is_looked_at_although_the_rest_is_wrong(tmp_path: Path) -> None:
    """An enricher of the right shape is in `rest`, one of a wrong shape isn't."""
    path = tmp_path / "gateway.yaml"
    path.write_text(
        f"{HEAD}lissten: here\nenrichers:\n  good: {{plugin: purse}}\n  bad: {{plugin: purse, timeout: 5}}\n"
    )

    with pytest.raises(Unloadable) as caught:
        load_config(path, {})

    assert list(caught.value.rest.enrichers) == ["good"]
    assert {problem.id for problem in caught.value.problems} == {"bad-value", "unknown-key"}


def test_a_stranger_of_settings_is_checked_as_a_connectors_are(tmp_path: Path) -> None:
    """A plugin that wants to know whether it may call private addresses is told."""

    class Asking(BaseModel):
        allow_private: bool = False

    assert loaded(tmp_path, "    allow_private: true\n").enricher_settings("payments", Asking).allow_private


def test_only_the_cores_own_values_are_shown() -> None:
    """Beside a mistake: what a plugin's keys hold is masked."""
    text = (
        "enrichers:\n  p:\n    plugin: purse\n    timeout: 5s\n    concurrency: 4\n    allow_ports: [25]\n"
        "    api_key: canary\n    base_url: canary"
    )

    assert "\n".join(line.text for line in shown_lines(text)) == text.replace("canary", "***")
