"""What is sealed opens with its key, for its purpose, unchanged, and in no other way."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.kernel.likely_secrets import could_be_secret
from gateway.kernel.log import hide_secrets
from gateway.kernel.rng import SystemRng
from gateway.kernel.sealing import KEY_PREFIX, KeyMissing, Seal, SealError, WrongKey, make_key_file, new_key, read_key


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    """A seal with a key of its own."""
    return made(tmp_path / "gateway.key")


def made(path: Path) -> Seal:
    """A seal with a new key."""
    make_key_file(path, SystemRng())
    return Seal(path, SystemRng())


def test_what_is_sealed_opens(seal: Seal) -> None:
    """Every time another text on the disk, and the same behind it; an empty one too."""
    for plain in (b"", b"a", b"\0" * 9_999):
        one, two = seal.seal(plain, "a"), seal.seal(plain, "a")
        assert one != two
        assert (seal.open(one, "a"), seal.open(two, "a")) == (plain, plain)


def test_another_purpose_or_key_opens_nothing(seal: Seal, tmp_path: Path) -> None:
    """A value of one connector is none of another's; the words tell a wrong key from damage."""
    sealed = seal.seal(b"canary", "tokens of a")
    with pytest.raises(WrongKey, match="of another connector"):
        seal.open(sealed, "tokens of b")
    with pytest.raises(WrongKey, match="sealed with another key than that in .*other.key"):
        made(tmp_path / "other.key").open(sealed, "tokens of a")


@settings(max_examples=30)
@given(st.data())
def test_a_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Wherever it is; so is a value that was cut."""
    seal = made(tmp_path_factory.mktemp("key") / "gateway.key")
    sealed = bytearray(seal.seal(b"canary", "a"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(WrongKey) as found:
        seal.open(bytes(sealed), "a")
    assert "canary" not in str(found.value)
    with pytest.raises(WrongKey):
        seal.open(bytes(sealed[:place]), "a")


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_only_a_key_is_taken_for_one(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever stands in the file, the answer is a key of 32 bytes or a SealError, and none of it is told."""
    path = tmp_path_factory.mktemp("key") / "gateway.key"
    path.write_bytes(KEY_PREFIX.encode() + content)
    path.chmod(0o600)
    with pytest.raises(SealError, match="holds no key") as found:
        read_key(path)
    assert len(content) < 8 or content.decode("latin-1") not in str(found.value)


def test_what_can_not_be_a_key_file(tmp_path: Path) -> None:
    """None, one that others may open, a folder, a pipe that nobody writes into, a key with more behind it."""
    with pytest.raises(KeyMissing, match="there is no key file"):
        read_key(tmp_path / "none")
    open_one = tmp_path / "open"
    open_one.write_text(new_key(SystemRng()))
    for mode in (0o604, 0o640, 0o620):
        open_one.chmod(mode)
        with pytest.raises(SealError, match=f"mode {mode:o}"):
            read_key(open_one)
    open_one.chmod(0o600)
    assert len(read_key(open_one)) == 32
    open_one.write_text(open_one.read_text() * 2)
    with pytest.raises(SealError, match="holds no key"):
        read_key(open_one)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for odd in (tmp_path, pipe):
        with pytest.raises(SealError, match="is no file"):
            read_key(odd)


def test_a_key_is_hidden_wherever_it_turns_up() -> None:
    """In a log, and beside a mistake in the configuration."""
    key = new_key(SystemRng())
    assert hide_secrets(f"the key is {key}.") == f"the key is {KEY_PREFIX}***."
    assert could_be_secret(key)


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    """Nor is a link followed."""
    path = tmp_path / "gateway.key"
    make_key_file(path, SystemRng())
    before = path.read_text()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for there in (path, tmp_path / "link"):
        with pytest.raises(FileExistsError):
            make_key_file(there, SystemRng())
    assert (path.read_text(), (tmp_path / "elsewhere").exists()) == (before, False)
    assert path.stat().st_mode & 0o777 == 0o600
