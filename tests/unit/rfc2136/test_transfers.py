"""Transfers message by message: complete ones give the zone or the difference, and every other one gives nothing."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns_rfc2136 import delta, names, rdata, transfer, wire
from mcidns_rfc2136.transfer import Broken, Step, Steps, Transfer, TransferRefused, Whole
from mcidns_rfc2136.tsig import MAX_UNSIGNED, BadSignature, Key, Verifier
from mcidns_rfc2136.wire import Record

ZONE = DnsName("example.org.")
APEX = names.to_wire(ZONE.text)
IDENT = 9
KEY = Key("k.", "hmac-sha256", b"hushhush89abcdef")


def soa(serial: int) -> Record:
    """The zone's SOA."""
    return Record(APEX, rdata.SOA, wire.IN, 60, b"\0\0" + serial.to_bytes(4, "big") + bytes(16))


def address(host: str, value: str, ttl: int = 60) -> Record:
    """An A record."""
    return Record(names.to_wire(f"{host}.{ZONE}"), rdata.A, wire.IN, ttl, rdata.encode(rdata.A, value))


def message(*records: Record, rcode: int = 0, ident: int = IDENT) -> bytes:
    """One message of a transfer."""
    head = wire.HEADER.pack(ident, 0x8400 | rcode, 0, len(records), 0, 0)
    return head + b"".join(r.owner + wire.FIXED.pack(r.type, r.class_, r.ttl, len(r.data)) + r.data for r in records)


def transferred(*messages: bytes, held: int | None = None) -> Whole | Steps:
    """What these messages give; Broken if they end too early."""
    made = Transfer(APEX, IDENT, held, None)
    for raw in messages:
        if made.feed(raw):
            return made.result()
    raise Broken("the messages end")


def spelled(whole: Whole | Steps) -> dict[str, tuple[str, ...]]:
    """Names with their values."""
    assert isinstance(whole, Whole)
    return {name.text: sets[0].values for name, sets in whole.content.items()}


A, B = address("a", "192.0.2.1"), address("b", "192.0.2.2")


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([message(soa(5), A, B, soa(5))], id="in one message"),
        pytest.param([message(soa(5)), message(A), message(B), message(soa(5))], id="a record a message"),
        pytest.param([message(soa(5), A), message(), message(B, soa(5))], id="with an empty message"),
    ],
)
@pytest.mark.parametrize("held", [None, 3], ids=["asked for whole", "asked for the difference"])
def test_a_whole_zone_comes_in_any_number_of_messages(messages: list[bytes], held: int | None) -> None:
    result = transferred(*messages, held=held)
    assert result.serial == 5
    assert spelled(result) == {"a.example.org.": ("192.0.2.1",), "b.example.org.": ("192.0.2.2",)}


def test_a_zone_without_records_is_whole() -> None:
    assert spelled(transferred(message(soa(5), soa(5)))) == {}
    assert spelled(transferred(message(soa(5), soa(5)), held=3)) == {}


def test_what_the_server_keeps_is_left_out() -> None:
    kept = [Record(A.owner, type_, wire.IN, 60, bytes(20)) for type_ in (46, 47, 50, 51, 65534)]
    assert spelled(transferred(message(soa(5), A, *kept, soa(5)))) == {"a.example.org.": ("192.0.2.1",)}


REMOVED, ADDED = Step(A.owner, rdata.A, A.data, None), Step(B.owner, rdata.A, B.data, 60)


@pytest.mark.parametrize(
    ("messages", "result"),
    [
        pytest.param([message(soa(3))], Steps(3, ()), id="nothing new"),
        pytest.param([message(soa(5), soa(3), A, soa(5), B, soa(5))], Steps(5, (REMOVED, ADDED)), id="one step"),
        pytest.param([message(soa(5), soa(3), A, soa(4), soa(4), soa(5), B, soa(5))], Steps(5, (REMOVED, ADDED)), id="two steps"),
        pytest.param(
            [message(soa(5)), message(soa(3)), message(A, soa(5)), message(B), message(soa(5))],
            Steps(5, (REMOVED, ADDED)),
            id="spread over messages",
        ),
        pytest.param(
            [message(soa(1), soa(3), soa(2**31), soa(2**31), soa(3 * 2**30), soa(3 * 2**30), soa(1), B, soa(1))],
            Steps(1, (ADDED,)),
            id="over the wrap",
        ),
    ],
)
def test_a_difference_gives_its_steps_in_order(messages: list[bytes], result: Steps) -> None:
    assert transferred(*messages, held=3) == result


@pytest.mark.parametrize(
    ("messages", "held"),
    [
        pytest.param([message(soa(5), A)], None, id="no closing SOA"),
        pytest.param([message(A, soa(5), soa(5))], None, id="no opening SOA"),
        pytest.param([message(soa(5), A, soa(6))], None, id="another serial at the end"),
        pytest.param([message(soa(5), A, soa(5), B)], None, id="records behind the end"),
        pytest.param([message(soa(5), A), message(B, soa(5), rcode=2)], None, id="an rcode in the middle"),
        pytest.param([message(soa(5), A), message(B, soa(5), ident=8)], None, id="another id"),
        pytest.param([message(soa(5), A, soa(5))[:-3]], None, id="a message cut short"),
        pytest.param([message(soa(5), A, soa(5))[:20]], None, id="a message cut in a record"),
        pytest.param([message()], None, id="nothing at all"),
        pytest.param([message(structs.replace(soa(5), owner=A.owner), soa(5))], None, id="the SOA of another name"),
        pytest.param([message(soa(5), soa(4), A, soa(5), B, soa(5))], 3, id="a difference from another serial"),
        pytest.param([message(soa(5), soa(3), A, soa(4), B)], 3, id="a difference without an end"),
        pytest.param([message(soa(5), soa(3), A, soa(2), B, soa(5))], 3, id="a difference that goes back"),
        pytest.param([message(soa(5), soa(3), A, soa(4), B, soa(3), soa(5))], 3, id="a difference with a gap"),
        pytest.param([message(A)], 3, id="a difference that begins with an address"),
    ],
)
def test_an_incomplete_or_inconsistent_transfer_gives_nothing(messages: list[bytes], held: int | None) -> None:
    with pytest.raises(Broken):
        transferred(*messages, held=held)


def test_a_refusal_is_no_broken_transfer() -> None:
    with pytest.raises(TransferRefused) as caught:
        transferred(message(rcode=5))
    assert caught.value.rcode == 5


@given(st.data())
def test_a_damaged_transfer_is_broken_or_right_in_length(data: st.DataObject) -> None:
    raw = bytearray(message(soa(5), A, B, soa(5)))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        result = transferred(bytes(raw), held=data.draw(st.sampled_from([None, 3])))
    except (Broken, TransferRefused):
        return
    assert isinstance(result, Whole | Steps)


class Signing:
    """A server's side of a signed transfer: signs the messages it is told to, over all since the last signature."""

    def __init__(self, request_mac: bytes) -> None:
        self._digest = KEY.digest(request_mac)
        self._first = True

    def unsigned(self, raw: bytes) -> bytes:
        """The message as it is."""
        self._digest.update(raw)
        return raw

    def signed(self, raw: bytes, now: int = 1000) -> bytes:
        """The message with a TSIG."""
        times = now.to_bytes(6, "big") + (300).to_bytes(2, "big")
        self._digest.update(raw)
        self._digest.update(KEY.variables(times) if self._first else times)
        mac = self._digest.mac()
        self._digest, self._first = KEY.digest(mac), False
        data = KEY.algorithm_owner + times + struct.pack("!H", len(mac)) + mac + raw[:2] + bytes(4)
        record = KEY.owner + wire.FIXED.pack(rdata.TSIG, wire.ANY_CLASS, 0, len(data)) + data
        return raw[:10] + b"\0\1" + raw[12:] + record


def signed_transfer(pattern: str) -> Whole | Steps:
    """A transfer whose messages are signed (s), unsigned (u) or altered after signing (x)."""
    server, made = Signing(b"mac"), Transfer(APEX, IDENT, None, Verifier(KEY, b"mac", lambda: 1000.0))
    for index, kind in enumerate(pattern):
        records = [soa(5)] if index in {0, len(pattern) - 1} else [address(f"h{index}", "192.0.2.1")]
        raw = server.unsigned(message(*records)) if kind == "u" else server.signed(message(*records))
        if kind == "x":
            raw = raw.replace(rdata.encode(rdata.A, "192.0.2.1"), rdata.encode(rdata.A, "192.0.2.6"))
        if made.feed(raw):
            return made.result()
    raise Broken("the messages end")


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("sss", id="every message signed"),
        pytest.param("suus", id="some unsigned between"),
        pytest.param("s" + "u" * MAX_UNSIGNED + "s", id="as many unsigned as may be"),
    ],
)
def test_a_signed_transfer_is_taken(pattern: str) -> None:
    assert len(spelled(signed_transfer(pattern))) == len(pattern) - 2


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        pytest.param("uss", "without a signature", id="the first unsigned"),
        pytest.param("ssu", "last message is not signed", id="the last unsigned"),
        pytest.param("s" + "u" * (MAX_UNSIGNED + 1) + "s", "more than 99", id="too many unsigned"),
        pytest.param("sxs", "not signed with key", id="one altered"),
    ],
)
def test_a_transfer_whose_signatures_do_not_hold_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(BadSignature, match=said):
        signed_transfer(pattern)


@pytest.mark.parametrize(
    ("serial", "than", "expected"),
    [
        pytest.param(2, 1, True, id="next"),
        pytest.param(1, 2, False, id="before"),
        pytest.param(1, 1, False, id="same"),
        pytest.param(0, 2**32 - 1, True, id="over the wrap"),
        pytest.param(2**31, 0, False, id="half the circle away"),
        pytest.param(2**31 - 1, 0, True, id="almost half"),
    ],
)
def test_serials_follow_one_another_on_a_circle(serial: int, than: int, expected: bool) -> None:
    assert transfer.newer(serial, than) is expected


def record_set(host: str, *values: str, ttl: int = 60) -> RecordSet:
    """An A set of the zone."""
    return RecordSet.of(DnsName(f"{host}.{ZONE}"), "A", ttl, values)


@pytest.mark.parametrize(
    ("held", "steps", "after"),
    [
        pytest.param((record_set("a", "192.0.2.1"),), (REMOVED,), (), id="the last value goes"),
        pytest.param((), (REMOVED,), (), id="what is not held goes"),
        pytest.param((), (Step(A.owner, 1, A.data, 30),), (record_set("a", "192.0.2.1", ttl=30),), id="a value comes"),
        pytest.param(
            (record_set("a", "192.0.2.1"),),
            (Step(A.owner, 1, A.data, 60),),
            (record_set("a", "192.0.2.1"),),
            id="what is held comes",
        ),
        pytest.param(
            (record_set("a", "192.0.2.1", "192.0.2.9"),),
            (REMOVED, Step(A.owner, 1, A.data, 5), Step(A.owner, 1, rdata.encode(1, "192.0.2.9"), 5)),
            (record_set("a", "192.0.2.1", "192.0.2.9", ttl=5),),
            id="another TTL",
        ),
        pytest.param(
            (record_set("a", "192.0.2.1"),),
            (Step(A.owner, 1, A.data, 60), REMOVED, Step(A.owner, 1, B.data, 60)),
            (record_set("a", "192.0.2.2"),),
            id="the last step on a record decides",
        ),
    ],
)
async def test_steps_laid_over_what_is_held_give_the_name(
    held: tuple[RecordSet, ...], steps: tuple[Step, ...], after: tuple[RecordSet, ...]
) -> None:
    found = await delta.touched(steps, lambda _: held)
    assert found == {DnsName(f"a.{ZONE}"): after}
    assert await delta.touched(steps, lambda _: after) == found
