"""Messages as bytes: what we write, others read, and what others write, we read or refuse."""

import time

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcidns_rfc2136 import names, rdata, tsig, wire
from mcidns_rfc2136.tsig import ALGORITHMS, BadSignature, Key, Verifier
from mcidns_rfc2136.wire import BadMessage, Fresh, Record

APEX = names.to_wire("example.org.")
SECRET = b"hushhush89abcdef0123456789abcdef"
NOW = float(int(time.time()))


def an_answer() -> dns.message.Message:
    """An answer with every section and compressed names."""
    answer = dns.message.make_response(dns.message.make_query("www.example.org.", "ANY", id=7))
    answer.answer = [
        dns.rrset.from_text("www.example.org.", 60, "IN", "A", "192.0.2.1", "192.0.2.2"),
        dns.rrset.from_text("www.example.org.", 60, "IN", "MX", "10 mail.example.org."),
        dns.rrset.from_text("www.example.org.", 60, "IN", "SRV", "1 2 3 Mail.Example.ORG."),
    ]
    answer.authority = [dns.rrset.from_text("example.org.", 60, "IN", "SOA", "ns1.example.org. h.example.org. 9 1 2 3 4")]
    answer.additional = [dns.rrset.from_text("mail.example.org.", 60, "IN", "A", "192.0.2.3")]
    return answer


def test_an_answer_is_read_with_its_names_expanded() -> None:
    message = wire.parse(an_answer().to_wire())
    assert (message.id, message.rcode, message.question) == (7, 0, (names.to_wire("www.example.org."), 255))
    texts = [(names.to_text(r.owner), rdata.mnemonic(r.type), rdata.decode(r.type, r.data)) for r in message.answer]
    assert sorted(texts) == [
        ("www.example.org.", "A", "192.0.2.1"),
        ("www.example.org.", "A", "192.0.2.2"),
        ("www.example.org.", "MX", "10 mail.example.org."),
        ("www.example.org.", "SRV", "1 2 3 mail.example.org."),
    ]
    assert [record.type for record in message.authority] == [rdata.SOA]
    assert [names.to_text(record.owner) for record in message.additional] == ["mail.example.org."]


@given(st.data())
def test_damaged_messages_are_refused_and_nothing_else(data: st.DataObject) -> None:
    raw = bytearray(an_answer().to_wire())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    try:
        message = wire.parse(bytes(raw[:cut]))
    except BadMessage:
        return
    assert message.id == int.from_bytes(raw[:2], "big")


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_and_nothing_else(raw: bytes) -> None:
    try:
        wire.parse(raw)
    except BadMessage:
        return
    assert len(raw) >= 12


def test_a_name_that_points_at_itself_is_refused() -> None:
    with pytest.raises(BadMessage, match="forward"):
        wire.parse(wire.HEADER.pack(1, 0x8000, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1")


def test_an_update_reads_as_others_write_it() -> None:
    owner = names.to_wire("www.example.org.")
    absent = Record(owner, rdata.CNAME, wire.NONE, 0, b"")
    present = Record(names.to_wire("t.example.org."), rdata.TXT, wire.IN, 0, b"\1x")
    delete = Record(owner, rdata.A, wire.ANY_CLASS, 0, b"")
    one = Record(owner, rdata.AAAA, wire.NONE, 0, bytes(16))
    add = Record(APEX, rdata.A, wire.IN, 30, bytes((192, 0, 2, 1)))
    ours = dns.message.from_wire(b"\0\7" + wire.update(APEX, (absent, present), (delete, one, add)))

    theirs = dns.update.UpdateMessage("example.org.", id=7)
    theirs.absent("www", "CNAME")
    theirs.present("t", "TXT", '"x"')
    theirs.delete("www", "A")
    theirs.delete("www", "AAAA", "::")
    theirs.add("@", 30, "A", "192.0.2.1")
    assert isinstance(ours, dns.update.UpdateMessage)
    assert ours.to_text() == dns.message.from_wire(theirs.to_wire()).to_text()


@settings(max_examples=30)
@given(st.integers(1, 1200))
def test_names_are_written_right_on_both_sides_of_what_a_pointer_reaches(count: int) -> None:
    records = [Record(names.to_wire(f"host-number-{i}.example.org."), rdata.A, wire.IN, 1, bytes(4)) for i in range(count)]
    message = wire.parse(b"\0\1" + wire.update(APEX, records, records))
    assert message.answer == tuple(records)
    assert message.authority == tuple(records)


@settings(max_examples=30)
@given(st.integers(1, 1200))
def test_new_sets_are_written_right_on_both_sides_of_what_a_pointer_reaches(count: int) -> None:
    fresh = [Fresh(names.to_wire(f"host-number-{i}.example.org."), rdata.A, 1, (bytes(4), bytes([9] * 4))) for i in range(count)]
    message = wire.parse(b"\0\1" + wire.update(APEX, (), (), fresh))
    assert message.answer == tuple(
        Record(one.owner, absent, wire.NONE, 0, b"") for one in fresh for absent in (rdata.A, rdata.CNAME)
    )
    assert message.authority == tuple(Record(one.owner, rdata.A, wire.IN, 1, data) for one in fresh for data in one.data)


def theirs(key: Key) -> dns.tsig.Key:
    """The key as dnspython has it; a shortened algorithm only verifies there by its own name."""
    return dns.tsig.Key(key.name, key.secret, names.to_text(key.algorithm_owner))


@pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name.count("-") == 1])
def test_signatures_are_those_of_others_both_ways(algorithm: str) -> None:
    key = Key("Key.Example.", algorithm, SECRET)
    signed, mac = key.sign(b"\0\7" + wire.query(APEX, rdata.SOA), time.time())
    request = dns.message.from_wire(signed, keyring=theirs(key))
    assert request.had_tsig
    raw = dns.message.make_response(request).to_wire()
    message = wire.parse(raw)
    tsig.check_single(Verifier(key, mac, time.time), raw, message)
    with pytest.raises(BadSignature, match="not signed with key"):
        tsig.check_single(Verifier(key, mac[:-1] + bytes((mac[-1] ^ 1,)), time.time), raw, message)
    altered = raw[:3] + bytes((raw[3] ^ 0x20,)) + raw[4:]
    with pytest.raises(BadSignature, match="not signed with key"):
        tsig.check_single(Verifier(key, mac, time.time), altered, wire.parse(altered))


def test_an_answer_signed_at_another_time_names_the_difference() -> None:
    key = Key("k.", "hmac-sha256", SECRET)
    signed, mac = key.sign(b"\0\7" + wire.query(APEX, rdata.SOA), time.time())
    raw = dns.message.make_response(dns.message.from_wire(signed, keyring=theirs(key))).to_wire()
    with pytest.raises(BadSignature, match=r"\+\d+ s.*NTP"):
        tsig.check_single(Verifier(key, mac, lambda: NOW - 1000), raw, wire.parse(raw))


def test_an_answer_without_a_signature_is_not_trusted() -> None:
    key = Key("k.", "hmac-sha256", SECRET)
    _, mac = key.sign(b"\0\7" + wire.query(APEX, rdata.SOA), NOW)
    raw = an_answer().to_wire()
    with pytest.raises(BadSignature, match="without a signature"):
        tsig.check_single(Verifier(key, mac, lambda: NOW), raw, wire.parse(raw))


def test_a_key_never_shows_its_secret() -> None:
    assert repr(SECRET) not in repr(Key("k.", "hmac-sha256", SECRET))
