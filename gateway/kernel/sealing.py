"""Seals what must not be read from a stolen disk or backup: AES-256-GCM under a key that lies in a file of its own.

A sealed value: one byte of version, four that name the key, twelve of nonce, then the ciphertext with its tag. What it
is sealed for (a connector's name) is authenticated with it: a value that is moved to another row can't be opened.

Law: no message holds the key or what was sealed.
"""

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path

from gateway.kernel.ports import Rng

KEY_BYTES = 32
KEY_PREFIX = "gwkey1_"
"""How the text of a key begins; the number is its version."""

_VERSION = b"\x01"
_NAME_BYTES, _NONCE_BYTES, _TAG_BYTES = 4, 12, 16
_FILE_MODE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FILE_BYTES_MAX = 256


class SealError(Exception):
    """The key can't be used, or doesn't open what is there. The message says why, and what to do."""


class KeyMissing(SealError):
    """There is no key file."""


class WrongKey(SealError):
    """A sealed value is of another key, was meant for another place, or is damaged."""


class Seal:
    """Seals and opens with the key in a file, which is read when it is first needed: only who needs it must have it."""

    def __init__(self, path: Path, rng: Rng) -> None:
        self.path = path
        self._rng = rng
        self._key: bytes | None = None

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """The value sealed for `purpose`. Raises SealError."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key, nonce = self._loaded(), self._rng.token(_NONCE_BYTES)
        return _VERSION + _name(key) + nonce + AESGCM(key).encrypt(nonce, plain, _context(purpose))

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """What was sealed for `purpose`. Raises WrongKey, or SealError where the key can't be read."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._loaded()
        head = len(_VERSION) + _NAME_BYTES
        if len(sealed) < head + _NONCE_BYTES + _TAG_BYTES or sealed[:1] != _VERSION:
            raise WrongKey("what is kept sealed is damaged, or a newer version has sealed it")
        if sealed[1:head] != _name(key):
            self._key = None  # the file may be put right while we run
            raise WrongKey(f"what is kept was sealed with another key than that in {self.path}: put that key back")
        nonce, rest = sealed[head : head + _NONCE_BYTES], sealed[head + _NONCE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, rest, _context(purpose))
        except InvalidTag:
            raise WrongKey("what is kept sealed is damaged, or of another connector") from None

    def check(self) -> None:
        """Raise SealError if the key can't be used."""
        self._key = None
        self._loaded()

    def _loaded(self) -> bytes:
        if self._key is None:
            self._key = read_key(self.path)
        return self._key


def new_key(rng: Rng) -> str:
    """The text of a new key."""
    return KEY_PREFIX + base64.urlsafe_b64encode(rng.token(KEY_BYTES)).decode()


def make_key_file(path: Path, rng: Rng) -> None:
    """Write a new key, for its owner only. Raises FileExistsError: a key is never written over; and OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{new_key(rng)}\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path) -> bytes:
    """The key in a file that is its owner's alone. Raises SealError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyMissing(f"there is no key file {path}: put it back from where you keep a copy of it") from None
    except OSError as error:
        raise SealError(f"the key file {path} can't be read: {error.strerror}") from None
    try:
        told = os.fstat(handle)
        if not stat.S_ISREG(told.st_mode):
            raise SealError(f"the key file {path} is no file")
        if told.st_mode & _OTHERS:
            mode = stat.S_IMODE(told.st_mode)
            raise SealError(f"the key file {path} may be opened by others (mode {mode:o}): chmod 600 {path}")
        content = os.read(handle, _FILE_BYTES_MAX + 1)
    finally:
        os.close(handle)
    return _parsed(content, path)


def _parsed(content: bytes, path: Path) -> bytes:
    text = content.strip()
    prefix = KEY_PREFIX.encode()
    try:
        key = base64.b64decode(text.removeprefix(prefix), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(content) > _FILE_BYTES_MAX or not text.startswith(prefix) or len(key) != KEY_BYTES:
        raise SealError(f"{path} holds no key: `gateway init` makes one, a line that begins with {KEY_PREFIX}")
    return key


def _name(key: bytes) -> bytes:
    """Which key it is: tells a wrong key from damage, and nothing of the key."""
    return hashlib.sha256(b"orion-gateway key name\0" + key).digest()[:_NAME_BYTES]


def _context(purpose: str) -> bytes:
    return b"orion-gateway sealed v1\0" + purpose.encode()
