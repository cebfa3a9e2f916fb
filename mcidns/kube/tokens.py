"""What a bearer token says of itself and what of it may be told; whether it holds is the API server's to say."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

from mcidns.model.secrets import Secret

SOON: Final = 0.1
"""The last part of a token's life, in which somebody should have renewed it."""


class _Claims(msgspec.Struct):
    exp: float | None = None
    iat: float | None = None


_DECODER: Final = msgspec.json.Decoder(_Claims)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it may be shown. `fingerprint` tells two apart and leads to neither; empty: there is no token.

    `issued` and `expires` in unix seconds, None where it does not say (RFC 7519 `iat`, `exp`).
    """

    fingerprint: str = ""
    issued: float | None = None
    expires: float | None = None

    def ends_soon(self, now: float) -> bool:
        """Whether the last tenth of its life has begun; of a token that does not say how long it lives, never."""
        if self.expires is None or self.issued is None:
            return False
        return now >= self.expires - SOON * (self.expires - self.issued)


def read(token: Secret | None) -> Token:
    """What may be shown of a token; one that is no JWT has a fingerprint and no times."""
    if token is None:
        return Token()
    fingerprint = hashlib.sha256(token.value.encode()).hexdigest()[:16]
    payload = token.value.split(".")[1:2]
    try:
        claims = _DECODER.decode(base64.b64decode(payload[0] + "=" * (-len(payload[0]) % 4), altchars="-_", validate=True))
    except (IndexError, binascii.Error, ValueError, msgspec.DecodeError):
        return Token(fingerprint)
    return Token(fingerprint, claims.iat, claims.exp)
