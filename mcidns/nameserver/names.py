"""Domain names as lower-case, uncompressed wire bytes: reading, ancestry, text. Records never live here.

Bytes instead of objects because they compare, hash and render for free; an update of a thousand records is then cheap.
"""

from collections.abc import Iterator

import dns.exception
import dns.name

Name = bytes
ROOT: Name = b"\0"
_POINTER = 0xC0


class MalformedError(Exception):
    """A message that cannot be read; it is answered with FORMERR."""


def parse(text: str) -> Name:
    """The name of an absolute or dot-less text; ValueError when it is none."""
    try:
        return dns.name.from_text(text).to_digestable()
    except dns.exception.DNSException as error:
        raise ValueError(f"{text!r} is not a domain name: {error}") from error


def text(name: Name) -> str:
    """The name in master file form, with the final dot."""
    return dns.name.from_wire(name, 0)[0].to_text()


def read(wire: bytes, offset: int) -> tuple[Name, int]:
    """The name at `offset`, decompressed, and the offset behind it (RFC 1035 §4.1.4); MalformedError when it is none."""
    labels = bytearray()
    end, lowest = -1, offset
    while (length := wire[offset]) != 0:
        if length >= _POINTER:
            target = (length & 0x3F) << 8 | wire[offset + 1]
            if target >= lowest:
                raise MalformedError("a compression pointer does not point backwards")
            end = offset + 2 if end < 0 else end
            lowest = offset = target
            continue
        if length > 63:
            raise MalformedError("a label has an unknown type")
        labels += wire[offset : offset + 1 + length]
        offset += 1 + length
    labels.append(0)
    if len(labels) > 255:
        raise MalformedError("a name is longer than 255 octets")
    return bytes(labels).lower(), offset + 1 if end < 0 else end


def lineage(name: Name) -> Iterator[Name]:
    """The name itself, then its parent, and so on down to the root."""
    while len(name) > 1:
        yield name
        name = name[name[0] + 1 :]
    yield name


def parent(name: Name) -> Name:
    """The name without its first label; the root is its own parent."""
    return name[name[0] + 1 :] if len(name) > 1 else name


def is_within(name: Name, zone: Name) -> bool:
    """Whether `name` is `zone` or below it, label by label."""
    if not name.endswith(zone):
        return False
    while len(name) > len(zone):
        name = name[name[0] + 1 :]
    return name == zone


def wildcard(encloser: Name) -> Name:
    """`*.` in front of a name."""
    return b"\x01*" + encloser
