"""Record sets as values, with record data in canonical wire form. Where they are stored never lives here."""

import struct
from bisect import insort
from dataclasses import dataclass, replace
from typing import NamedTuple

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from mcidns.nameserver.names import MalformedError, Name

A = int(dns.rdatatype.A)
NS = int(dns.rdatatype.NS)
CNAME = int(dns.rdatatype.CNAME)
SOA = int(dns.rdatatype.SOA)
TXT = int(dns.rdatatype.TXT)
AAAA = int(dns.rdatatype.AAAA)
DNAME = int(dns.rdatatype.DNAME)
OPT = int(dns.rdatatype.OPT)
DS = int(dns.rdatatype.DS)
TSIG = int(dns.rdatatype.TSIG)
IXFR = int(dns.rdatatype.IXFR)
AXFR = int(dns.rdatatype.AXFR)
ANY = int(dns.rdatatype.ANY)

IN = int(dns.rdataclass.IN)
CLASS_NONE = int(dns.rdataclass.NONE)
CLASS_ANY = int(dns.rdataclass.ANY)

# Types a name may own beside a CNAME (RFC 2181 §10.1, RFC 4034), and those of which a name owns one record at most.
BESIDE_CNAME = frozenset(int(kind) for kind in map(dns.rdatatype.from_text, ("SIG", "KEY", "NXT", "RRSIG", "NSEC")))
SINGLE = frozenset((CNAME, DNAME, SOA))


@dataclass(frozen=True, slots=True)
class RRset:
    """The records of one name and type: TTL in seconds and the sorted canonical record data."""

    ttl: int
    rdatas: tuple[bytes, ...]

    def with_rdata(self, rdata: bytes, ttl: int) -> "RRset":
        """This set with one more record; the new TTL holds for all of them (RFC 2181 §5.2)."""
        if rdata in self.rdatas:
            return self if ttl == self.ttl else replace(self, ttl=ttl)
        rdatas = list(self.rdatas)
        insort(rdatas, rdata)
        return RRset(ttl, tuple(rdatas))

    def without_rdata(self, rdata: bytes) -> "RRset | None":
        """This set with one record less; None when nothing is left."""
        rdatas = tuple(kept for kept in self.rdatas if kept != rdata)
        return replace(self, rdatas=rdatas) if rdatas else None


class Row(NamedTuple):
    """Records as they stand in a section of a message: owner, type, TTL in seconds, record data."""

    name: Name
    rdtype: int
    ttl: int
    rdatas: tuple[bytes, ...]


def canonical(rdtype: int, wire: bytes, offset: int, length: int) -> bytes:
    """Record data without compression and with its names in lower case; MalformedError when it is malformed for its type."""
    end = offset + length
    if end > len(wire):
        raise MalformedError("record data runs over the end of the message")
    if (rdtype == A and length == 4) or (rdtype == AAAA and length == 16):
        return bytes(wire[offset:end])
    if rdtype == TXT and _are_strings(wire, offset, end):
        return bytes(wire[offset:end])
    try:
        return _decoded(rdtype, wire, offset, length).to_digestable()
    except dns.exception.DNSException as error:
        raise MalformedError(f"record data of type {rdtype} is malformed") from error


def _decoded(rdtype: int, wire: bytes, offset: int, length: int) -> dns.rdata.Rdata:
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rdtype), wire, offset, length)


def _are_strings(wire: bytes, offset: int, end: int) -> bool:
    while offset < end:
        offset += wire[offset] + 1
    return offset == end


def rdata_text(rdtype: int, rdata: bytes) -> str:
    """Record data in master file form."""
    return _decoded(rdtype, rdata, 0, len(rdata)).to_text()


def is_meta(rdtype: int) -> bool:
    """Whether the type only exists in messages and no zone can hold it (RFC 6895 §3.1)."""
    return rdtype == OPT or 128 <= rdtype <= 255


def soa_serial(rdata: bytes) -> int:
    """The serial of an SOA's record data."""
    return int(struct.unpack_from("!I", rdata, len(rdata) - 20)[0])


def soa_minimum(rdata: bytes) -> int:
    """The TTL of negative answers that an SOA's record data asks for, seconds (RFC 2308 §4)."""
    return int(struct.unpack_from("!I", rdata, len(rdata) - 4)[0])


def soa_with_serial(rdata: bytes, serial: int) -> bytes:
    """The SOA's record data with another serial."""
    return rdata[:-20] + struct.pack("!I", serial) + rdata[-16:]


def next_serial(serial: int) -> int:
    """One step in serial arithmetic; zero is skipped, as some servers read it as "none" (RFC 2136 §4.2)."""
    return (serial + 1) % (1 << 32) or 1


def is_newer(serial: int, than: int) -> bool:
    """Whether a serial is ahead of another one (RFC 1982 §3.2)."""
    return 0 < (serial - than) % (1 << 32) < (1 << 31)


def rdtype(text: str) -> int:
    """The number of a type's mnemonic, such as "AAAA" or "TYPE65400"; ValueError when it is none."""
    try:
        return int(dns.rdatatype.from_text(text))
    except dns.exception.DNSException as error:
        raise ValueError(f"{text!r} is not a record type") from error
