"""Hostile and broken input: whatever the octets, the name server answers or stays silent, and its zone is unharmed."""

import dns.exception
import dns.message
import dns.name
import dns.rcode
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcidns.nameserver import names
from mcidns.nameserver.faults import Faults
from mcidns.nameserver.service import Service
from mcidns.nameserver.signature import key
from mcidns.nameserver.zone import Zone
from tests.component.nameserver.peers import KEY, ZONE, ZONE_TEXT, an_update, signed_at


async def _nothing() -> None:
    """These faults have no sockets."""


def a_service() -> tuple[Service, Zone]:
    zone = Zone(names.parse(ZONE), ZONE_TEXT)
    known = key("mcidns.", "hmac-sha256", KEY.secret)
    return Service({zone.origin: zone}, {known.name: known}, Faults(_nothing, _nothing), lambda: 1_000_000.0), zone


def a_signed_update() -> bytes:
    update = an_update(None)
    update.present("www", "A")
    update.add("new", 60, "TXT", "x")
    update.use_edns(0)
    update.id = 4711
    return signed_at(update, KEY, 1_000_000.0)[0]


SEEDS = (
    dns.message.make_query("www.example.org.", "A", use_edns=0, payload=1232, id=1).to_wire(),
    dns.message.make_query("example.org.", "IXFR", id=2).to_wire(),
    a_signed_update(),
)


@given(st.binary(max_size=200), st.booleans())
def test_any_octets_are_answered_with_a_message_or_not_at_all(wire: bytes, udp: bool) -> None:
    service, zone = a_service()

    messages = list(service.respond(wire, udp=udp).messages)

    assert all(message[:2] == wire[:2] and message[2] & 0x80 for message in messages)
    assert zone.serial == 7


@given(st.sampled_from(SEEDS), st.data(), st.booleans())
def test_a_request_with_octets_changed_never_changes_the_zone(seed: bytes, data: st.DataObject, udp: bool) -> None:
    service, zone = a_service()
    wire = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        # The id is not part of what is signed: only the original id in the TSIG record is.
        wire[data.draw(st.integers(2, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
    # Names are signed in lower case (RFC 8945 §4.3.3), so a TSIG record's may be spelled in any.
    assume(bytes(wire).lower() != seed.lower())

    messages = list(service.respond(bytes(wire), udp=udp).messages)

    assert all(message[:2] == seed[:2] and message[2] & 0x80 for message in messages)
    assert zone.serial == 7


def test_the_request_that_the_mutations_start_from_does_change_the_zone() -> None:
    service, zone = a_service()

    assert len(list(service.respond(a_signed_update(), udp=False).messages)) == 1
    assert zone.serial == 8


@given(st.lists(st.text("abcXYZ019-_*", min_size=1, max_size=20), min_size=1, max_size=8))
def test_a_name_reads_back_as_it_was_written(labels: list[str]) -> None:
    text = ".".join(labels) + "."

    name = names.parse(text)

    assert names.read(name, 0) == (name, len(name))
    assert names.text(name) == dns.name.from_text(text).to_text().lower()


@pytest.mark.parametrize(
    ("wire", "offset"),
    [
        pytest.param(b"\xc0\x00", 0, id="a pointer to itself"),
        pytest.param(b"\x01a\xc0\x00", 0, id="a pointer into its own name"),
        pytest.param(b"\xc0\x02\xc0\x00", 2, id="two pointers at each other"),
        pytest.param(b"\xc0\x02\x00", 0, id="a pointer forwards"),
        pytest.param(b"\x40abc\x00", 0, id="a label type that is none"),
        pytest.param((b"\x3f" + b"a" * 63) * 4 + b"\x00", 0, id="too long"),
    ],
)
def test_a_malformed_name_is_refused(wire: bytes, offset: int) -> None:
    with pytest.raises(names.MalformedError):
        names.read(wire, offset)


def test_secrets_do_not_show_in_a_keys_text() -> None:
    assert "guess" not in repr(key("k.", "hmac-sha256", b"guess"))


@pytest.mark.parametrize(
    ("name", "zone", "within"),
    [
        pytest.param("a.example.org", "example.org", True, id="below"),
        pytest.param("example.org", "example.org", True, id="itself"),
        pytest.param("notexample.org", "example.org", False, id="ends alike"),
        pytest.param("org", "example.org", False, id="above"),
        pytest.param("a.example.org", ".", True, id="everything is in the root"),
        # Its last label holds the octets of a length and a name, as an attacker might spell them.
        pytest.param("a\\007example\\003org\\000.org", "example.org", False, id="looks alike in octets"),
    ],
)
def test_being_within_a_zone_goes_by_labels(name: str, zone: str, within: bool) -> None:
    assert names.is_within(names.parse(name), names.parse(zone)) is within
