"""Transaction signatures (RFC 8945): signing requests and checking single answers and transfers of many messages."""

import hashlib
import hmac
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from mcidns_rfc2136 import names, rdata
from mcidns_rfc2136.wire import ANY_CLASS, FIXED, Message

FUDGE = 300
MAX_UNSIGNED = 99
"""So many messages of a transfer may follow one another without a signature (RFC 8945 §5.3.1)."""

BADSIG, BADKEY, BADTIME, BADTRUNC = 16, 17, 18, 22

_WIRE_NAME = {"hmac-md5": "hmac-md5.sig-alg.reg.int."}
_FULL = {
    "hmac-md5": hashlib.md5,
    "hmac-sha1": hashlib.sha1,
    "hmac-sha224": hashlib.sha224,
    "hmac-sha256": hashlib.sha256,
    "hmac-sha384": hashlib.sha384,
    "hmac-sha512": hashlib.sha512,
}
_TRUNCATED = {"hmac-sha256-128": 16, "hmac-sha384-192": 24, "hmac-sha512-256": 32}
ALGORITHMS = (*_FULL, *_TRUNCATED)
"""The last three are the shortened forms of RFC 4635 §3.1: the whole algorithm's name, half of its digest."""

WEAK = frozenset({"hmac-md5"})


class BadSignature(Exception):
    """An answer cannot be trusted, or the server did not trust us; the text says which, and the remedy."""


class UnknownKey(BadSignature):
    """The server knows no such key; one that was negotiated may be negotiated anew."""


class Digest(Protocol):
    """What goes under one signature, as it comes."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Add bytes."""

    def mac(self) -> bytes:
        """Our signature over all of them, as it is sent."""

    def fits(self, mac: bytes) -> bool:
        """Whether this is the server's signature over all of them."""


class Signer(ABC):
    """A key as TSIG knows it: a name, an algorithm and a way to make and check signatures."""

    __slots__ = ()

    name: str
    """As the server has it, absolute."""
    algorithm: str
    """For people."""

    @property
    @abstractmethod
    def algorithm_owner(self) -> bytes:
        """The algorithm's name on the wire."""

    @property
    @abstractmethod
    def remedy(self) -> str:
        """What to look at when the server does not accept the key."""

    @abstractmethod
    def digest(self, prior: bytes = b"") -> Digest:
        """Begin one, with the signature that the message answers or follows."""

    @property
    def owner(self) -> bytes:
        """The key's name on the wire."""
        return names.to_wire(self.name)

    def variables(self, times: bytes, error: int = 0, other: bytes = b"") -> bytes:
        """The TSIG variables of RFC 8945 §4.3.3; `times` is the time signed and the fudge."""
        head = self.owner + struct.pack("!HI", ANY_CLASS, 0) + self.algorithm_owner
        return head + times + struct.pack("!HH", error, len(other)) + other

    def sign(self, message: bytes, now: float) -> tuple[bytes, bytes]:
        """The message with a TSIG behind it, and the signature that its answer must continue."""
        times = int(now).to_bytes(6, "big") + FUDGE.to_bytes(2, "big")
        digest = self.digest()
        digest.update(message)
        digest.update(self.variables(times))
        mac = digest.mac()
        data = self.algorithm_owner + times + struct.pack("!H", len(mac)) + mac + message[:2] + bytes(4)
        additional = int.from_bytes(message[10:12], "big") + 1
        record = self.owner + FIXED.pack(rdata.TSIG, ANY_CLASS, 0, len(data)) + data
        return message[:10] + additional.to_bytes(2, "big") + message[12:] + record, mac


@dataclass(frozen=True, slots=True)
class Key(Signer):
    """A shared key. `algorithm` is one of ALGORITHMS; `secret` is the decoded key itself."""

    name: str
    algorithm: str
    secret: bytes = field(repr=False)

    @property
    def algorithm_owner(self) -> bytes:
        """Shortened forms go by the whole algorithm's name."""
        return names.to_wire(_WIRE_NAME.get(self._whole, self._whole + "."))

    @property
    def remedy(self) -> str:
        """The fields and the Secret's key."""
        return "check tsigKeyName, tsigAlgorithm and the secret at both ends"

    def digest(self, prior: bytes = b"") -> Digest:
        """A keyed hash."""
        begun = hmac.new(self.secret, None, _FULL[self._whole])
        if prior:
            begun.update(len(prior).to_bytes(2, "big") + prior)
        return _Hash(begun, _TRUNCATED.get(self.algorithm) or begun.digest_size)

    @property
    def _whole(self) -> str:
        return self.algorithm if self.algorithm in _FULL else self.algorithm.rpartition("-")[0]


class _Hash:
    __slots__ = ("_hash", "_length", "update")

    def __init__(self, begun: hmac.HMAC, length: int) -> None:
        self._hash = begun
        self._length = length
        self.update = begun.update  # called for every message of a transfer

    def mac(self) -> bytes:
        return self._hash.digest()[: self._length]

    def fits(self, mac: bytes) -> bool:
        return hmac.compare_digest(self.mac(), mac)


@dataclass(frozen=True, slots=True)
class _Tsig:
    """The data of a TSIG record in parts."""

    algorithm: bytes
    times: bytes
    mac: bytes
    original_id: bytes
    error: int
    other: bytes

    @classmethod
    def parse(cls, data: bytes) -> "_Tsig":
        end = 0
        while data[end]:
            end += 1 + data[end]
        end += 1
        length = int.from_bytes(data[end + 8 : end + 10], "big")
        after = end + 10 + length
        original, error, others = struct.unpack_from("!2sHH", data, after)
        return cls(
            data[:end].lower(), data[end : end + 8], data[end + 10 : after], original, error, data[after + 6 : after + 6 + others]
        )

    @property
    def signed_at(self) -> int:
        return int.from_bytes(self.times[:6], "big")


class Verifier:
    """Checks the messages that answer one signed request, in the order they come; `clock` gives unix seconds."""

    def __init__(self, key: Signer, request_mac: bytes, clock: Callable[[], float]) -> None:
        self._key = key
        self._clock = clock
        self._first = True
        self._unsigned = 0
        self._digest = key.digest(request_mac)

    def check(self, raw: bytes, tsig: bytes | None, tsig_at: int | None) -> None:
        """Take the next message; `tsig` is the data of its TSIG, which begins at `tsig_at`. Raises BadSignature."""
        if tsig is None or tsig_at is None:
            self._take_unsigned(raw)
            return
        try:
            parts = _Tsig.parse(tsig)
        except (IndexError, struct.error) as error:
            raise BadSignature("the server's TSIG cannot be read; is it a DNS server that knows TSIG?") from error
        if parts.error:
            raise (UnknownKey if parts.error == BADKEY else BadSignature)(self._complaint(parts))
        additional = int.from_bytes(raw[10:12], "big") - 1
        self._digest.update(parts.original_id + raw[2:10] + additional.to_bytes(2, "big"))
        self._digest.update(memoryview(raw)[12:tsig_at])
        self._digest.update(self._key.variables(parts.times) if self._first else parts.times)
        if parts.algorithm != self._key.algorithm_owner or not self._digest.fits(parts.mac):
            raise BadSignature(f"the server's answer is not signed with key {self._key.name}; {self._key.remedy}")
        skew = parts.signed_at - self._clock()
        if abs(skew) > FUDGE:
            raise BadSignature(f"the server's clock differs from ours by {skew:+.0f} s, more than {FUDGE} s; set both by NTP")
        self._digest = self._key.digest(parts.mac)
        self._first, self._unsigned = False, 0

    def finish(self) -> None:
        """Raises BadSignature if the last message was not signed."""
        if self._unsigned or self._first:
            raise BadSignature("the server's last message is not signed; check that nothing between us alters messages")

    def _take_unsigned(self, raw: bytes) -> None:
        self._unsigned += 1
        if self._first:
            raise BadSignature(
                f"the server answers without a signature; it does not know key {self._key.name} or refuses it: {self._key.remedy}"
            )
        if self._unsigned > MAX_UNSIGNED:
            raise BadSignature(f"more than {MAX_UNSIGNED} messages of the transfer follow one another without a signature")
        self._digest.update(raw)

    def _complaint(self, parts: _Tsig) -> str:
        key = self._key
        if parts.error == BADTIME:
            theirs = int.from_bytes(parts.other, "big") if len(parts.other) == 6 else None
            skew = "" if theirs is None else f" (the server's clock is {theirs - self._clock():+.0f} s from ours)"
            return f"BADTIME: our clock and the server's differ by more than {FUDGE} s{skew}; set both by NTP"
        if parts.error == BADKEY:
            return f"BADKEY: the server has no key {key.name} with {key.algorithm}; {key.remedy}"
        if parts.error == BADSIG:
            return f"BADSIG: the server has another secret for key {key.name}; check tsigSecret against its key"
        if parts.error == BADTRUNC:
            return f"BADTRUNC: the server wants a longer signature than {key.algorithm} gives; use the whole algorithm"
        return f"the server refuses our signature with key {key.name} (TSIG error {parts.error}); check the key at both ends"


def check_single(verifier: Verifier, raw: bytes, message: Message) -> None:
    """Check an answer of one message. Raises BadSignature."""
    verifier.check(raw, message.tsig.data if message.tsig else None, message.tsig_at)
