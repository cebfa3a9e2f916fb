"""Record data between presentation text and uncompressed wire form; the frequent types by hand, odd ones through dnspython."""

import functools
import re
import socket
from collections.abc import Callable
from ipaddress import IPv6Address

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from mcidns_rfc2136 import names

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, DNAME = 1, 2, 5, 6, 12, 15, 16, 28, 33, 39
TKEY, TSIG, IXFR, AXFR, ANY = 249, 250, 251, 252, 255
DS, SPF = 43, 99

TYPES = (
    *("A", "AAAA", "CNAME", "TXT", "NS", "MX", "SRV", "PTR", "CAA"),
    *("NAPTR", "HTTPS", "SVCB", "TLSA", "SSHFP", "DNAME", "DS", "SPF"),
)
"""What may be written, the frequent ones first."""

KEPT_BY_SERVER = frozenset({SOA, 46, 47, 50, 51, 65534})
"""SOA and what a signing server maintains by itself: RRSIG, NSEC, NSEC3, NSEC3PARAM and BIND's signing state."""

MAX_STRING = 255
_LENGTHS = tuple(bytes((length,)) for length in range(MAX_STRING + 1))

_STRINGS = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))', re.DOTALL)
_PRINTABLE = re.compile(rb"[ !#-\[\]-~]*").fullmatch
_SIMPLE = re.compile(r'"([ !#-\[\]-~]{0,255})"').fullmatch
_ESCAPE = re.compile(rb"\\(?:([0-9]{3})|(.))", re.DOTALL)


class DataProblem(ValueError):
    """The text is no value of its type; the message says why."""


@functools.lru_cache(maxsize=512)
def number(mnemonic: str) -> int:
    """The type's number: `A` is 1, `TYPE65400` is 65400. Raises DataProblem."""
    try:
        return int(dns.rdatatype.from_text(mnemonic))
    except (dns.exception.DNSException, ValueError) as error:
        raise DataProblem(f"{mnemonic!r} is no record type; write a known one or TYPE and its number") from error


@functools.lru_cache(maxsize=512)
def mnemonic(type_: int) -> str:
    """The type's name, `TYPE65400` if it has none."""
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(type_))


def encode(type_: int, text: str) -> bytes:
    """The uncompressed wire form of one value. Raises DataProblem."""
    encoder = _ENCODERS.get(type_)
    try:
        return _encode_odd(type_, text) if encoder is None or text.startswith("\\#") else encoder(text)
    except names.NameProblem as error:
        raise DataProblem(str(error)) from error


def decode(type_: int, data: bytes) -> str:
    """The presentation format of one value, canonical; what cannot be read is spelled as RFC 3597 §5 says."""
    decoder = _DECODERS.get(type_)
    try:
        return _decode_odd(type_, data) if decoder is None else decoder(data)
    except (IndexError, ValueError, dns.exception.DNSException):
        return f"\\# {len(data)} {data.hex()}".rstrip()


def _encode_a(text: str) -> bytes:
    try:
        return socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError) as error:
        raise DataProblem("it is not an IPv4 address") from error


def _encode_aaaa(text: str) -> bytes:
    try:
        return socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError) as error:
        raise DataProblem("it is not an IPv6 address") from error


def _encode_txt(text: str) -> bytes:
    simple = _SIMPLE(text)
    if simple:
        plain = simple[1].encode()
        return _LENGTHS[len(plain)] + plain
    out = bytearray()
    position = 0
    while position < len(text.rstrip()):
        match = _STRINGS.match(text, position)
        if match is None:
            raise DataProblem('its quotes do not match; write each string as "..." with \\" and \\\\ inside')
        position = match.end()
        raw = _unescape((match[2] if match[1] is None else match[1]).encode())
        if len(raw) > MAX_STRING:
            raise DataProblem(f"it has a string of {len(raw)} bytes; split it into strings of at most {MAX_STRING}")
        out.append(len(raw))
        out += raw
    if not out:
        raise DataProblem('it is empty; write "" for an empty string')
    return bytes(out)


def _unescape(raw: bytes) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        if match[1] is None:
            return match[2]
        if int(match[1]) > 255:
            raise DataProblem(f"it has the escape \\{match[1].decode()}; escapes go from \\000 to \\255")
        return bytes((int(match[1]),))

    return _ESCAPE.sub(plain, raw) if b"\\" in raw else raw


def _number(text: str, bits: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) >= 1 << bits:
        raise DataProblem(f"{text!r} is not a number from 0 to {(1 << bits) - 1}")
    return int(text)


def _encode_numbered(text: str, count: int, form: str) -> bytes:
    words = text.split()
    if len(words) != count + 1:
        raise DataProblem(f"it does not have the form {form!r}")
    return b"".join(_number(word, 16).to_bytes(2, "big") for word in words[:-1]) + names.to_wire(words[-1])


def _encode_odd(type_: int, text: str) -> bytes:
    kind = dns.rdatatype.RdataType.make(type_)
    try:
        data = dns.rdata.from_text(dns.rdataclass.IN, kind, text, relativize=False)
        return data.to_wire() or b""
    except (dns.exception.DNSException, ValueError, ArithmeticError) as error:
        raise DataProblem(f"it is no {mnemonic(type_)} value ({error})") from error


def _decode_a(data: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET, data)


def _decode_aaaa(data: bytes) -> str:
    # The C library spells some of these with a dotted part; ours is RFC 5952's general form, as `ipaddress` of 3.11 writes it.
    if data.startswith(b"\0\0\0\0\0\0\0\0"):
        address = IPv6Address(data)
        return f"::ffff:{int(address) >> 16 & 0xFFFF:x}:{int(address) & 0xFFFF:x}" if address.ipv4_mapped else str(address)
    return socket.inet_ntop(socket.AF_INET6, data)


def _decode_txt(data: bytes) -> str:
    if len(data) == data[0] + 1 and _PRINTABLE(data, 1):
        return '"' + data[1:].decode("ascii") + '"'
    strings = []
    position = 0
    while position < len(data):
        end = position + 1 + data[position]
        if end > len(data):
            raise DataProblem("a string reaches beyond the data")
        strings.append('"' + "".join(map(_spell, data[position + 1 : end])) + '"')
        position = end
    return " ".join(strings)


def _spell(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03d}"


def _decode_numbered(data: bytes, count: int) -> str:
    if len(data) <= 2 * count:
        raise DataProblem("too short")
    numbers = [str(int.from_bytes(data[2 * i : 2 * i + 2], "big")) for i in range(count)]
    return " ".join((*numbers, names.to_text(data[2 * count :].lower())))


def _decode_name(data: bytes) -> str:
    return names.to_text(data.lower())


def _decode_odd(type_: int, data: bytes) -> str:
    kind = dns.rdatatype.RdataType.make(type_)
    return dns.rdata.from_wire(dns.rdataclass.IN, kind, data, 0, len(data)).to_text()


_ENCODERS: dict[int, Callable[[str], bytes]] = {
    A: _encode_a,
    AAAA: _encode_aaaa,
    TXT: _encode_txt,
    SPF: _encode_txt,
    **dict.fromkeys((NS, CNAME, PTR, DNAME), names.to_wire),
    MX: lambda text: _encode_numbered(text, 1, "10 mail.example.org."),
    SRV: lambda text: _encode_numbered(text, 3, "0 5 443 host.example.org."),
}
_DECODERS: dict[int, Callable[[bytes], str]] = {
    A: _decode_a,
    AAAA: _decode_aaaa,
    TXT: _decode_txt,
    SPF: _decode_txt,
    **dict.fromkeys((NS, CNAME, PTR, DNAME), _decode_name),
    MX: lambda data: _decode_numbered(data, 1),
    SRV: lambda data: _decode_numbered(data, 3),
}
