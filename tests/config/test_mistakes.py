"""A wrong gateway.yaml: every mistake at once, at its place, in words that say what to write, and no secret in them."""

import base64
from pathlib import Path

import pytest

from gateway.config import load_config
from gateway.kernel.document import Problems
from tests.support.told import told

KEY = "whsec_" + "canary00" * 4
PUBLIC = "whpk_" + base64.b64encode(bytes(32)).decode()
TEN = """\
version: 2
nmae: acme
listen: 8080
database: postgresql://localhost/gateway
policy: missing.yaml
body_limit: 1GB
connectors:
  Zendesk:
    plugin: zendesk
  chat:
    webhook_secret: {env: CHAT_SECRET}
endpoints:
  helpdesk:
    url: http://10.0.0.7/hooks
    secret: whsec_canary
    notices: ["slaa.*"]
"""


def problems_of(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong with this text as gateway.yaml, each as it is shown, the file's folder left out."""
    path = folder / "gateway.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Problems) as caught:
        load_config(path, environ or {})
    return [told(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def ids(problems: list[str]) -> list[str]:
    """Place and id of each problem, without the file and the words."""
    return [":".join(problem.split(": ", 2)[:2]).removeprefix("gateway.yaml:") for problem in problems]


def test_every_mistake_shows_at_its_place(tmp_path: Path) -> None:
    """A file with many mistakes shows each of them, in the file's order, as file:line:column."""
    problems = problems_of(tmp_path, TEN)

    assert ids(problems) == [
        "1:10:bad-value",
        "2:1:unknown-key",
        "3:9:bad-value",
        "4:11:bad-value",
        "5:9:no-such-file",
        "6:13:bad-value",
        "8:3:bad-name",
        "11:5:missing-key",
        "11:21:bad-secret",
        "14:10:bad-url",
        "15:13:bad-secret",
        "16:15:unknown-notice",
    ]
    assert all(problem.startswith("gateway.yaml:") for problem in problems)


def test_mistakes_say_what_to_write(tmp_path: Path) -> None:
    """The words lead to the right text, and repeat nothing that could be a secret."""
    shown = "\n".join(problems_of(tmp_path, TEN))

    for hint in (
        "did you mean 'name'",
        "HOST:PORT",
        "sqlite:///FILE",
        "CHAT_SECRET is not set",
        "allow_private: true",
        "write {env: NAME} or {file: PATH}",
        "1MiB",
    ):
        assert hint in shown
    assert "canary" not in shown


@pytest.mark.parametrize(
    ("setting", "places"),
    [
        ("allow_private: [10.20.0.1/16]", ["7:21:bad-value"]),
        ("allow_private: [10.0.0.0/8, nonsense, 1.2.3]", ["7:33:bad-value", "7:43:bad-value"]),
        ("allow_private: ['::ffff:10.0.0.0/104']", ["7:21:bad-value"]),
        ("allow_private: ['fe80::%1/10']", ["7:21:bad-value"]),
        ("allow_private: [10.0.0.0/255.0.0.0]", ["7:21:bad-value"]),
        ("allow_private: [10.0.0.0/33]", ["7:21:bad-value"]),
        ("allow_private: [7, null, [10.0.0.0/8]]", ["7:21:bad-value", "7:24:bad-value", "7:30:bad-value"]),
        ("allow_private: []", ["7:20:bad-value"]),
        ("allow_private: 'yes'", ["7:20:bad-value"]),
        ("allow_private: 1", ["7:20:bad-value"]),
        ("allow_private: {a: b}", ["7:20:bad-value"]),
        ("allow_ports: [0]", ["7:19:bad-value"]),
        ("allow_ports: [65536, '25', true]", ["7:19:bad-value", "7:26:bad-value", "7:32:bad-value"]),
        ("allow_ports: 25", ["7:18:bad-value"]),
    ],
)
def test_what_is_allowed_is_read_strictly(tmp_path: Path, setting: str, places: list[str]) -> None:
    """Networks without bits behind their prefix, IPv4 as IPv4, no scopes; ports as numbers; each mistake underlined."""
    entry = f"  e:\n    url: https://example.com/\n    secret: {{env: S}}\n    {setting}\n"
    text = f"version: 1\npolicy: preset:orion\nendpoints:\n{entry}"

    assert ids(problems_of(tmp_path, text, {"S": KEY})) == places


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/",
        "http://LOCALHOST./",
        "http://api.localhost/",
        "http://127.0.0.1/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd00::1]/",
        "http://0.0.0.0/",
        "ftp://example.com/",
        "https:///nohost",
        "https://user:canary@example.com/",
        "https://example.com/#part",
        "https://exa mple.com/",
        "https://[::1/",
        "https://example.com:99999/",
        "https://example.com:22/",
        "https://example.com:6379/",
        "https://example.com:080/",
        "https://2130706433/",
        "https://evil.example\\\\@127.0.0.1/",
        "https://127%2e0.0.1/",
        "https://example.com./",
        "example.com",
        "https://example.com/" + "x" * 3000,
    ],
)
def test_an_endpoint_is_called_at_a_public_address(tmp_path: Path, url: str) -> None:
    """Private and loopback hosts, other schemes, credentials and broken URLs are refused, and not repeated."""
    text = f'version: 1\npolicy: preset:orion\nendpoints: {{e: {{secret: {{env: S}}, url: "{url}"}}}}\n'

    problems = problems_of(tmp_path, text, {"S": KEY})

    assert ids(problems) == ["3:40:bad-url"]
    assert url not in problems[0]
    assert "canary" not in problems[0]


@pytest.mark.parametrize(
    ("secret", "hint"),
    [
        ("sk_live_canary", "write {env: NAME}"),
        ("''", "write {env: NAME}"),
        ("12345", "write {env: NAME}"),
        ("[]", "from 1 to 8"),
        ("[{env: S}, canary]", "write {env: NAME}"),
        ("[{env: S}, {env: S}, {env: S}, {env: S}, {env: S}, {env: S}, {env: S}, {env: S}, {env: S}]", "from 1 to 8"),
        ("{env: S, file: x}", "one place"),
        ("{env: [S]}", "one place"),
        ("{env: ''}", "one place"),
        ("{env: NOT_THERE}", "NOT_THERE is not set"),
        ("{env: sk-live-canary}", "environment variable is not set"),
        ("{env: EMPTY}", "empty"),
        ("{env: SHORT}", "24 to 64 random bytes"),
        ("{env: ODD}", "not base64"),
        ("[{env: S}, {env: PUBLIC}]", "can't sign"),
        ("{file: not-there}", "can't be read"),
        ("{file: .}", "can't be read"),
        ('{file: "a\\0b"}', "can't be read"),
        ("{file: big}", "16384 bytes"),
        ("{file: binary}", "UTF-8"),
        ("{file: blank}", "empty"),
        ("{path: x}", "write {env: NAME}"),
    ],
)
def test_a_secret_is_named_by_its_place(tmp_path: Path, secret: str, hint: str) -> None:
    """Text is refused, a place without a secret too; the words never hold what stands there."""
    (tmp_path / "big").write_bytes(b"canary" * 4_000)
    (tmp_path / "binary").write_bytes(b"canary\xff")
    (tmp_path / "blank").write_bytes(b" \n")
    text = f"version: 1\npolicy: preset:orion\nendpoints:\n  e:\n    url: https://example.com/\n    secret: {secret}\n"

    problems = problems_of(
        tmp_path, text, {"S": KEY, "EMPTY": " ", "SHORT": "whsec_canary", "PUBLIC": PUBLIC, "ODD": "whsec_canary*"}
    )

    assert len(problems) == 1
    assert problems[0].startswith("gateway.yaml:6:")
    assert hint in problems[0]
    assert "canary" not in problems[0]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("listen: localhost", "HOST:PORT"),
        ("listen: 127.0.0.1:65536", "HOST:PORT"),
        ("listen: [1]", "HOST:PORT"),
        ("listen: 127.0.0.1:8081", "its own port"),
        ("body_limit: 100", "from 1KiB"),
        ("body_limit: 1TiB", "512KiB"),
        ("body_limit: true", "512KiB"),
        ("body_limit: 65MiB", "to 64MiB"),
        ("database: sqlite://", "sqlite:///FILE"),
        ("database: 'sqlite:///:memory:'", "names no file"),
        ("database: sqlite:///nowhere/gateway.db", "make it first"),
        ("policy: 'preset:'", "preset:orion"),
        ("policy: .", "no such file"),
        ("policy: 7", "preset:orion"),
        ("name: ''", "pattern"),
        ("connectors: [zendesk]", "mapping"),
        ("connectors: {z: zendesk}", "mapping"),
        ("connectors: {z: {plugin: ../x}}", "pattern"),
        ("connectors: {1: {plugin: x}}", "quotes"),
        ("endpoints: nope", "mapping"),
        ("admin_token: canary", "write {env: NAME}"),
        ("admin_token: [{env: S}]", "write {env: NAME}"),
    ],
)
def test_a_wrong_value_is_one_problem(tmp_path: Path, line: str, hint: str) -> None:
    """Each wrong value gives one problem, at its line, that says what would be right."""
    lines = {"version": "version: 1", "policy": "policy: preset:orion", "admin": "admin: 127.0.0.1:8081"}
    lines[line.partition(":")[0]] = line
    text = "\n".join(lines.values()) + "\n"

    problems = problems_of(tmp_path, text, {"S": KEY})

    assert len(problems) == 1, problems
    assert hint in problems[0]
    assert "canary" not in problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "just text",
        "{",
        "version: 1\nversion: 1\n",
        "a: &a [*a]\n",
        "x: !!python/object/apply:os.system [id]\n",
        "a: &a [1,1,1,1,1,1,1,1,1]\n"
        + "".join(f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefg", "bcdefgh", strict=True)),
        "[" * 10_000,
        b"\xff\xfe\x00",
        b"version: 1\x00\n",
        b"# " + b"x" * 1_048_577,
        "version: 1\n---\nversion: 1\n",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_hostile_files_are_refused_in_words(tmp_path: Path, text: str | bytes) -> None:
    """Whatever the file holds, the answer is a list of problems."""
    assert problems_of(tmp_path, text)


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """A wrong path is told as such, and so is a folder."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(Problems, match="can't be read"):
            load_config(path, {})
