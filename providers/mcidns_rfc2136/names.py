"""Domain names between their wire form and the text of `DnsName`; compression and messages live in wire.py."""

import re
from functools import lru_cache

_PLAIN = re.compile(rb"[a-z0-9_*/=+:,~#%&'!?<>|{}\[\]^`-]+").fullmatch
_ESCAPED = re.compile(rb"\\([0-9]{3}|.)|([^\\])", re.DOTALL)
_SPECIAL = frozenset(b'"().;\\@$')
MAX_NAME = 255
MAX_LABEL = 63
_LENGTHS = tuple(bytes((length,)) for length in range(MAX_LABEL + 1))


class NameProblem(ValueError):
    """The text is no name that fits the wire; the message says why."""


def to_wire(text: str) -> bytes:
    """The wire form (RFC 1035 §3.1), lower case, of an absolute name in presentation format. Raises NameProblem."""
    if text == ".":
        return b"\0"
    first, _, rest = text.partition(".")
    if rest and 0 < len(first) <= MAX_LABEL and "\\" not in text and first.isascii():
        try:
            wire = _LENGTHS[len(first)] + first.lower().encode() + _ending(rest)
            if len(wire) <= MAX_NAME:
                return wire
        except NameProblem:
            pass  # told of the whole name
    return _whole(text)


@lru_cache(maxsize=4096)
def _ending(text: str) -> bytes:
    """The names of a zone end alike, so that their ends are remembered; to remember the names costs more than it saves."""
    return to_wire(text)


def _whole(text: str) -> bytes:
    if not _ends_in_dot(text):
        raise NameProblem(f"{_short(text)} does not end in a dot: write the whole name")
    return _joined(text, text[:-1])


def _ends_in_dot(text: str) -> bool:
    """An escaped dot is part of the last label, one behind an escaped backslash is not."""
    front = text.removesuffix(".")
    return front != text and (len(front) - len(front.rstrip("\\"))) % 2 == 0


def _joined(text: str, front: str) -> bytes:
    """The labels of `front`, a text without its final dot, and the root."""
    if not front.isascii():
        raise NameProblem(f"{_short(text)} holds characters outside ASCII: write it in its xn-- form")
    plain = front.lower().encode()
    wire = b""
    for label in _labels(plain) if b"\\" in plain else plain.split(b"."):
        length = len(label)
        if not 0 < length <= MAX_LABEL:
            raise NameProblem(f"{_short(text)} has a label of {length} bytes: a label has 1 to {MAX_LABEL}")
        wire += _LENGTHS[length] + label
    wire += b"\0"
    if len(wire) > MAX_NAME:
        raise NameProblem(f"{_short(text)} takes {len(wire)} bytes: a name takes at most {MAX_NAME}")
    return wire


def to_text(wire: bytes) -> str:
    """The presentation format of an uncompressed lower-case wire name; odd bytes are escaped as RFC 1035 §5.1 says."""
    labels = []
    position = 0
    while length := wire[position]:
        end = position + 1 + length
        label = wire[position + 1 : end]
        labels.append(label.decode("ascii") if _PLAIN(label) else _escape(label))
        position = end
    return ".".join(labels) + "."


def _escape(label: bytes) -> str:
    def spell(byte: int) -> str:
        if byte in _SPECIAL:
            return "\\" + chr(byte)
        return chr(byte) if 0x20 < byte < 0x7F else f"\\{byte:03d}"

    return "".join(spell(byte) for byte in label)


def _labels(escaped: bytes) -> list[bytes]:
    labels = [bytearray()]
    end = 0
    for match in _ESCAPED.finditer(escaped):
        end = match.end()
        code, plain = match.groups()
        if plain == b".":
            labels.append(bytearray())
        elif plain is not None:
            labels[-1] += plain
        elif len(code) == 1:
            labels[-1] += code
        elif int(code) < 256:
            labels[-1].append(int(code))
        else:
            raise NameProblem(f"{_short(escaped.decode())} has the escape \\{code.decode()}: it goes from \\000 to \\255")
    if end != len(escaped):
        raise NameProblem(f"{_short(escaped.decode())} ends in a lone backslash")
    return [bytes(label).lower() for label in labels]


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:60] + "…")
