"""Ownership texts encrypted as ExternalDNS's `--txt-encrypt-aes-key` does; what such a text says is read in ownership."""

import base64
import binascii
import gzip
import hashlib
import hmac
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret
from mcidns.model.zones import Encryption

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY: Final = "aesKey"
"""The Secret's field that holds the key."""

_FIELD: Final = "spec.registry.encryption.secretRef"
_NONCE: Final = 12
_SHORTEST: Final = _NONCE + 16 + 20
_LARGEST: Final = 64 * 1024
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}\Z")


@dataclass(frozen=True, slots=True, eq=False)
class Seal:
    """AES-256-GCM over a gzip stream, in base64: 12 bytes of nonce, the ciphertext, 16 bytes of tag."""

    _cipher: "AESGCM"
    _key: Secret

    @classmethod
    def of(cls, encryption: Encryption) -> "Seal":
        """The key is 32 characters, or 32 bytes in standard base64. Raises ConfigError, which never shows it."""
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise ConfigError(
                _FIELD, "encrypted ownership needs the package cryptography", "pip install 'mcidns[encryption]'"
            ) from error
        if encryption.key is None:
            raise ConfigError(
                _FIELD,
                f"Secret {encryption.secret_name} of the controller's namespace has no text {KEY!r}",
                f"create it with the key of ExternalDNS's --txt-encrypt-aes-key as {KEY}",
            )
        key = _key_bytes(encryption.key.value.strip())
        return cls(AESGCM(key), Secret(key.hex()))

    def close(self, text: str, place: str) -> str:
        """The text, encrypted. Equal text at an equal place is equal again, so that a plan stays the same from day to day."""
        plain = gzip.compress(text.encode(), mtime=0)
        nonce = hmac.digest(bytes.fromhex(self._key.value), f"{place}\n{text}".encode(), hashlib.sha256)[:_NONCE]
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, plain, None)).decode()

    def open(self, sealed: str) -> str | None:
        """The text behind it; None where this key did not make it."""
        from cryptography.exceptions import InvalidTag

        if len(sealed) % 4 or len(sealed) * 3 < _SHORTEST * 4 or not _BASE64.match(sealed):
            return None
        content = base64.b64decode(sealed)
        try:
            plain = self._cipher.decrypt(content[:_NONCE], content[_NONCE:], None)
            return zlib.decompressobj(wbits=31).decompress(plain, _LARGEST).decode()
        except (InvalidTag, zlib.error, UnicodeDecodeError):
            return None


def _key_bytes(text: str) -> bytes:
    if len(text.encode()) == 32:
        return text.encode()
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ConfigError(_FIELD, f"{KEY} is no key of 32 bytes", "give 32 characters, or 32 bytes in standard base64")
    return key
