"""Sealed values: AES-256-GCM under several keys, bound to the one place they were made for.

A value that was swapped, rolled back, cut, damaged or sealed under an unknown key is refused with SealBroken, which
says nothing else. No key is used for two purposes: each purpose has subkeys of its own (HKDF-SHA256, RFC 5869).

    envelope = version (1) | length of key id (1) | key id | nonce (12) | ciphertext and tag
"""

import os
from dataclasses import dataclass
from typing import NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import SealBroken

APPLICATION = "pagero-dashboard"
VERSION = 1
NONCE_BYTES = 12  # NIST SP 800-38D, 8.2.2: random nonces, fewer than 2^32 values per key
TAG_BYTES = 16
SUBKEY_BYTES = 32
TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value belongs. It opens nowhere else, and not for another owner or generation."""

    table: str
    column: str
    row_id: str
    generation: int = 0
    owner_id: str = ""


class KeyLike(Protocol):
    """A key of the settings: a public id and 32 secret bytes."""

    @property
    def id(self) -> str: ...
    @property
    def secret(self) -> bytes: ...


class Sealer:
    """Seals with the first key and opens with every key."""

    def __init__(self, keys: tuple[KeyLike, ...]) -> None:
        self._keys = keys
        self._ciphers: dict[str, dict[str, AESGCM]] = {}

    def __repr__(self) -> str:
        return f"Sealer({', '.join(self.key_ids)})"

    @property
    def key_id(self) -> str:
        """The id of the key that seals."""
        return self._keys[0].id

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the sealing one first."""
        return tuple(key.id for key in self._keys)

    def only(self, key_id: str) -> "Sealer":
        """A sealer that knows nothing but this key."""
        return Sealer(tuple(key for key in self._keys if key.id == key_id))

    def seal(self, plain: str | bytes, place: Place) -> bytes:
        """The envelope of a token for this place."""
        return self.seal_with(TOKENS, plain, place)

    def open(self, sealed: bytes | None, place: Place) -> str:
        """The token sealed for this place. Raises SealBroken."""
        return self.open_with(TOKENS, sealed, place)

    def seal_with(self, label: str, plain: str | bytes, place: Place) -> bytes:
        """As seal(), under the subkey for another purpose, such as "transaction"."""
        content = plain.encode() if isinstance(plain, str) else plain
        nonce = os.urandom(NONCE_BYTES)
        head = bytes((VERSION, len(self.key_id))) + self.key_id.encode()
        cipher = self._purpose(label)[self.key_id]
        return head + nonce + cipher.encrypt(nonce, content, _associated_data(self.key_id, place))

    def open_with(self, label: str, sealed: bytes | None, place: Place) -> str:
        """As open(), for a value of seal_with(). Raises SealBroken."""
        key_id, nonce, ciphertext = _parts(sealed)
        cipher = self._purpose(label).get(key_id)
        if cipher is None:
            _refuse()
        try:
            return cipher.decrypt(nonce, ciphertext, _associated_data(key_id, place)).decode()
        except (InvalidTag, UnicodeDecodeError):
            _refuse()

    def derive(self, label: str) -> tuple[bytes, ...]:
        """32 bytes per key for a purpose other than sealing, such as a MAC: make with the first, accept any."""
        return tuple(_subkey(key.secret, label) for key in self._keys)

    def _purpose(self, label: str) -> dict[str, AESGCM]:
        ciphers = self._ciphers.get(label)
        if ciphers is None:
            ciphers = {key.id: AESGCM(_subkey(key.secret, label)) for key in self._keys}
            self._ciphers[label] = ciphers
        return ciphers


def _subkey(secret: bytes, label: str) -> bytes:
    return HKDF(SHA256(), SUBKEY_BYTES, salt=None, info=f"{APPLICATION}/v{VERSION}/{label}".encode()).derive(secret)


def _associated_data(key_id: str, place: Place) -> bytes:
    """Every field with its length before it, so that no two places read alike."""
    fields = (str(VERSION), APPLICATION, place.table, place.column, place.row_id, place.owner_id)
    encoded = [field.encode() for field in (*fields, str(place.generation), key_id)]
    return b"".join(len(field).to_bytes(4) + field for field in encoded)


def _parts(sealed: bytes | None) -> tuple[str, bytes, bytes]:
    if not isinstance(sealed, bytes) or len(sealed) < 2 or sealed[0] != VERSION:  # noqa: PLR2004 - version and length
        _refuse()
    nonce_at = 2 + sealed[1]
    text_at = nonce_at + NONCE_BYTES
    key_id = sealed[2:nonce_at]
    if len(sealed) < text_at + TAG_BYTES or not key_id.isascii():
        _refuse()
    return key_id.decode("ascii"), sealed[nonce_at:text_at], sealed[text_at:]


def _refuse() -> NoReturn:
    raise SealBroken("a sealed value cannot be opened") from None
