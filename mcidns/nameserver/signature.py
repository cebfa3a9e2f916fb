"""TSIG (RFC 8945): checking a request's signature and signing the messages of its answer.

Which requests need a signature is never decided here.
"""

import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import dns.rcode

from mcidns.nameserver import names, records
from mcidns.nameserver.names import MalformedError, Name
from mcidns.nameserver.request import Request, Tsig

BADSIG = int(dns.rcode.BADSIG)
BADKEY = int(dns.rcode.BADKEY)
BADTIME = int(dns.rcode.BADTIME)
BADTRUNC = int(dns.rcode.BADTRUNC)
_FUDGE = 300

# name in the TSIG record: (digest, octets of the MAC)
_ALGORITHMS: Mapping[Name, tuple[str, int]] = {
    names.parse(name): (digest, size)
    for name, digest, size in (
        ("hmac-md5.sig-alg.reg.int.", "md5", 16),
        ("hmac-sha1.", "sha1", 20),
        ("hmac-sha224.", "sha224", 28),
        ("hmac-sha256.", "sha256", 32),
        ("hmac-sha256-128.", "sha256", 16),
        ("hmac-sha384.", "sha384", 48),
        ("hmac-sha384-192.", "sha384", 24),
        ("hmac-sha512.", "sha512", 64),
        ("hmac-sha512-256.", "sha512", 32),
    )
}


@dataclass(frozen=True, slots=True)
class Key:
    """One shared key; the secret never shows in its repr."""

    name: Name
    algorithm: Name
    secret: bytes = field(repr=False)

    def mac(self, data: bytes) -> bytes:
        """The signature of `data`, cut to the algorithm's size."""
        digest, size = _ALGORITHMS[self.algorithm]
        return hmac.digest(self.secret, data, digest)[:size]


def key(name: str, algorithm: str, secret: bytes) -> Key:
    """A key from its parts, `algorithm` such as "hmac-sha256"; ValueError names the algorithms when it is none."""
    wanted = names.parse("hmac-md5.sig-alg.reg.int" if algorithm.rstrip(".").lower() == "hmac-md5" else algorithm)
    if wanted not in _ALGORITHMS:
        known = ", ".join(names.text(known).rstrip(".") for known in _ALGORITHMS)
        raise ValueError(f"key {name}: unknown algorithm {algorithm!r}; use one of {known}")
    return Key(names.parse(name), wanted, secret)


class Signer:
    """Signs the messages of the answer to one signed request; `error` is the TSIG error the request met, or 0.

    The first message is signed over the request's MAC, each later one over the MAC before it (RFC 8945 §5.3.1).
    """

    def __init__(self, tsig: Tsig, signing_key: Key | None, error: int, now: int) -> None:
        self.error = error
        self._tsig = tsig
        self._key = signing_key
        self._now = now
        self._previous = tsig.mac
        self._first = True

    @property
    def key_name(self) -> Name:
        """The name of the key that the request was signed with."""
        return self._tsig.owner

    @property
    def size(self) -> int:
        """How many octets a signature adds at most."""
        mac_size = 0 if self._key is None else _ALGORITHMS[self._key.algorithm][1]
        return len(self._tsig.owner) + len(self._tsig.algorithm) + 10 + 16 + mac_size + 6

    def sign(self, wire: bytes) -> bytes:
        """The message with its TSIG record; unsigned where the error says that no key is shared (§5.2.1, §5.2.2)."""
        late = self.error == BADTIME
        # A client whose clock is off can check the answer only against its own time; ours goes into the other data.
        time = _time(self._tsig.time if late else self._now)
        other = _time(self._now) if late else b""
        mac = b""
        if self._key is not None:
            mac = self._key.mac(self._digested(self._key, wire, time, other))
            self._previous = mac
            self._first = False
        ident = wire[:2]
        rdata = (
            self._tsig.algorithm
            + time
            + struct.pack("!HH", _FUDGE, len(mac))
            + mac
            + ident
            + struct.pack("!HH", self.error, len(other))
            + other
        )
        (count,) = struct.unpack_from("!H", wire, 10)
        head = struct.pack("!HHIH", records.TSIG, records.CLASS_ANY, 0, len(rdata))
        return wire[:10] + struct.pack("!H", count + 1) + wire[12:] + self._tsig.owner + head + rdata

    def _digested(self, signing_key: Key, wire: bytes, time: bytes, other: bytes) -> bytes:
        before = struct.pack("!H", len(self._previous)) + self._previous
        timers = time + struct.pack("!H", _FUDGE)
        if not self._first:
            return before + wire + timers
        return before + wire + _variables(signing_key, timers, self.error, other)


def verify(request: Request, keys: Mapping[Name, Key], now: int) -> Signer | None:
    """Check a request's signature at `now` (Unix seconds): None for an unsigned one, else a signer that knows the error.

    MalformedError when the MAC has a length that no algorithm allows (RFC 8945 §5.2.2.1).
    """
    tsig = request.tsig
    if tsig is None:
        return None
    found = keys.get(tsig.owner)
    if found is None or found.algorithm != tsig.algorithm:
        return Signer(tsig, None, BADKEY, now)
    size = _ALGORITHMS[found.algorithm][1]
    if tsig.mac and not max(10, size // 2) <= len(tsig.mac) <= size:
        raise MalformedError("the TSIG's MAC has an impossible length")
    count = struct.unpack_from("!H", request.wire, 10)[0] - 1
    head = struct.pack("!H", tsig.original_id) + request.wire[2:10] + struct.pack("!H", count)
    timers = _time(tsig.time) + struct.pack("!H", tsig.fudge)
    expected = found.mac(head + request.wire[12 : tsig.start] + _variables(found, timers, tsig.error, tsig.other))
    if not tsig.mac or not hmac.compare_digest(expected[: len(tsig.mac)], tsig.mac):
        return Signer(tsig, None, BADSIG, now)
    if len(tsig.mac) < size:
        return Signer(tsig, found, BADTRUNC, now)
    if abs(tsig.time - now) > tsig.fudge:
        return Signer(tsig, found, BADTIME, now)
    return Signer(tsig, found, 0, now)


def _variables(signing_key: Key, timers: bytes, error: int, other: bytes) -> bytes:
    head = signing_key.name + struct.pack("!HI", records.CLASS_ANY, 0) + signing_key.algorithm
    return head + timers + struct.pack("!HH", error, len(other)) + other


def _time(seconds: int) -> bytes:
    return seconds.to_bytes(6, "big")
