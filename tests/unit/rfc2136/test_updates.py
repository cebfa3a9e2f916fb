"""Changes become prerequisites and updates, and batches that fit one message."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns_rfc2136 import convert, names, packing, rdata, wire
from mcidns_rfc2136.convert import Update
from mcidns_rfc2136.wire import Record

ZONE = DnsName("example.org.")
APEX = names.to_wire(ZONE.text)


def records(host: str, type_: str, *values: str, ttl: int = 60) -> RecordSet:
    """A set of the zone."""
    return RecordSet.of(DnsName(f"{host}.{ZONE}") if host != "@" else ZONE, type_, ttl, values)


def change(*edits: tuple[RecordSet | None, RecordSet | None]) -> Change:
    """One change of (old, new) pairs."""
    made = tuple(Edit(either.key, old, new) for old, new in edits if (either := new or old) is not None)
    return Change(made[0].key.name, made, Urgency.ADD)


def spelled(items: tuple[Record, ...]) -> list[str]:
    """Records as short lines: `host type class ttl value`."""
    classes = {wire.IN: "IN", wire.NONE: "NONE", wire.ANY_CLASS: "ANY"}
    lines = []
    for one in items:
        host = names.to_text(one.owner).removesuffix(ZONE.text).removesuffix(".") or "@"
        value = rdata.decode(one.type, one.data) if one.data else ""
        lines.append(f"{host} {rdata.mnemonic(one.type)} {classes[one.class_]} {one.ttl} {value}".rstrip())
    return lines


def asked(update: Update) -> list[str]:
    """What the message demands, as short lines."""
    return spelled(_message(update).answer)


def written(update: Update) -> list[str]:
    """What the message does, as short lines."""
    return spelled(_message(update).authority)


def _message(update: Update) -> wire.Message:
    return wire.parse(b"\0\1" + body(update))


def body(update: Update) -> bytes:
    """The message without its id."""
    return wire.update(APEX, update.prerequisites, update.updates, update.fresh)


def of(*changes: Change) -> Update:
    """The update of the changes."""
    return convert.update(ZONE, changes)


OLD, NEW = records("w", "A", "192.0.2.1", "192.0.2.2"), records("w", "A", "192.0.2.2", "192.0.2.3")
ALIAS = records("w", "CNAME", "lb.example.net.")


@pytest.mark.parametrize(
    ("made", "prerequisites", "updates"),
    [
        pytest.param(
            change((None, OLD)),
            ["w A NONE 0", "w CNAME NONE 0"],
            ["w A IN 60 192.0.2.1", "w A IN 60 192.0.2.2"],
            id="creation",
        ),
        pytest.param(
            change((OLD, NEW)),
            ["w A IN 0 192.0.2.1", "w A IN 0 192.0.2.2"],
            ["w A NONE 0 192.0.2.1", "w A IN 60 192.0.2.3"],
            id="change",
        ),
        pytest.param(change((OLD, None)), ["w A IN 0 192.0.2.1", "w A IN 0 192.0.2.2"], ["w A ANY 0"], id="deletion"),
        pytest.param(change((OLD, OLD)), ["w A IN 0 192.0.2.1", "w A IN 0 192.0.2.2"], [], id="a check"),
        pytest.param(
            change((records("w", "A", "192.0.2.1"), records("w", "A", "192.0.2.1", ttl=9))),
            ["w A IN 0 192.0.2.1"],
            ["w A ANY 0", "w A IN 9 192.0.2.1"],
            id="another TTL",
        ),
        pytest.param(
            change((None, ALIAS)), ["w CNAME NONE 0", "w ANY NONE 0"], ["w CNAME IN 60 lb.example.net."], id="a new CNAME"
        ),
        pytest.param(
            change((ALIAS, None), (None, OLD)),
            ["w CNAME IN 0 lb.example.net.", "w A NONE 0"],
            ["w CNAME ANY 0", "w A IN 60 192.0.2.1", "w A IN 60 192.0.2.2"],
            id="a CNAME becomes addresses",
        ),
        pytest.param(
            change((None, OLD), (None, records("w", "AAAA", "2001:db8::1"))),
            ["w A NONE 0", "w CNAME NONE 0", "w AAAA NONE 0"],
            ["w A IN 60 192.0.2.1", "w A IN 60 192.0.2.2", "w AAAA IN 60 2001:db8::1"],
            id="two types of one name ask once for the CNAME",
        ),
        pytest.param(
            change((records("@", "NS", "a.test."), records("@", "NS", "b.test."))),
            ["@ NS IN 0 a.test."],
            ["@ NS IN 60 b.test.", "@ NS NONE 0 a.test."],
            id="the zone's NS are never absent",
        ),
    ],
)
def test_a_change_becomes_prerequisites_and_the_least_updates(made: Change, prerequisites: list[str], updates: list[str]) -> None:
    update = of(made)
    assert asked(update) == prerequisites
    assert written(update) == updates


def test_an_address_that_becomes_a_cname_asks_for_every_neighbour_and_reads_back() -> None:
    update = of(change((OLD, None), (None, ALIAS)))
    demanded = asked(update)
    assert {"w AAAA NONE 0", "w TXT NONE 0", "w MX NONE 0", "w NS NONE 0"} <= set(demanded)
    assert "w A NONE 0" not in demanded
    assert written(update) == ["w A ANY 0", "w CNAME IN 60 lb.example.net."]
    assert update.doubtful == (ALIAS,)
    assert update.alone == ((ALIAS.key, frozenset({"A", "CNAME"})),)


def test_deletions_come_before_additions_across_changes() -> None:
    update = of(change((None, OLD)), change((ALIAS, None)))
    assert written(update)[0] == "w CNAME ANY 0"


def test_a_check_joins_a_change_of_the_same_set() -> None:
    update = of(change((OLD, OLD), (None, records("x", "A", "192.0.2.9"))), change((OLD, NEW)))
    assert written(update) == ["w A NONE 0 192.0.2.1", "w A IN 60 192.0.2.3", "x A IN 60 192.0.2.9"]
    assert asked(update).count("w A IN 0 192.0.2.1") == 1


def test_ttls_are_raised_to_the_floor() -> None:
    update = convert.update(ZONE, [change((None, records("w", "A", "192.0.2.1", ttl=5)))], min_ttl=30)
    assert written(update) == ["w A IN 30 192.0.2.1"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param(
            change((None, RecordSet.of(DnsName("w.other.test."), "A", 60, ["192.0.2.1"]))), "not in zone", id="foreign name"
        ),
        pytest.param(
            change((None, RecordSet.of(DnsName("fooexample.org."), "A", 60, ["192.0.2.1"]))), "not in zone", id="suffix only"
        ),
        pytest.param(change((None, RecordSet.of(ZONE, "A", 60, ["192.0.2.1"], "blue"))), "set identifiers", id="set identifier"),
        pytest.param(change((None, records("w", "NOPE", "x"))), "no record type", id="unknown type"),
        pytest.param(change((None, records("@", "SOA", "a. b. 1 2 3 4 5"))), "server's own", id="SOA"),
        pytest.param(change((None, records("w", "ANY", "x"))), "server's own", id="a type for questions"),
        pytest.param(change((None, records("w", "A"))), "without values", id="no values"),
        pytest.param(change((None, records("w", "A", "192.0.2.1", ttl=2**31))), "TTL 2147483648", id="TTL"),
        pytest.param(change((records("@", "NS", "a.test."), None)), "lose its own NS", id="the zone's NS"),
        pytest.param(change((None, ALIAS), (None, OLD)), "beside A", id="CNAME and address"),
        pytest.param(change((OLD, OLD), (None, ALIAS)), "beside A", id="CNAME and an address that stays"),
        pytest.param(change((OLD, NEW), (NEW, OLD)), "two changes", id="contradiction"),
    ],
)
def test_what_cannot_be_written_is_rejected_naming_the_record(made: Change, said: str) -> None:
    with pytest.raises(Rejected, match=said) as caught:
        of(made)
    assert str(made.edits[0].key) in str(caught.value) or str(made.edits[1].key) in str(caught.value)


HOSTS = st.integers(0, 30).map(lambda i: f"h{i}")
SETS = st.one_of(
    st.builds(lambda h, v: records(h, "A", *v), HOSTS, st.lists(st.ip_addresses(v=4).map(str), min_size=1, max_size=20)),
    st.builds(lambda h, t: records(h, "TXT", rdata.decode(16, bytes((len(t),)) + t)), HOSTS, st.binary(max_size=255)),
    st.builds(lambda h: records(h, "CNAME", "lb.example.net."), HOSTS),
    st.builds(lambda h, n: records(h, "HTTPS", f"1 . ipv6hint={','.join(['::1'] * n)}"), HOSTS, st.integers(1, 100)),
)
EDITS = st.one_of(
    SETS.map(lambda made: (None, made)),
    SETS.map(lambda made: (made, None)),
    SETS.map(lambda made: (made, made)),
    SETS.map(lambda made: (made, RecordSet(made.key, made.ttl + 1, made.values))),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(change, EDITS), max_size=60), st.integers(1, 50))
def test_batches_keep_the_order_the_limits_and_never_contradict_themselves(changes: list[Change], limit: int) -> None:
    batches = list(packing.batches(ZONE, changes, limit))
    assert [one for batch in batches for one in batch] == changes
    for batch in batches:
        assert 0 < len(batch) <= limit
        update = convert.update(ZONE, batch)
        size = len(body(update))
        message = packing._Message(ZONE)
        assert all(message.takes(one) for one in batch) or len(batch) == 1
        assert size <= message.size + 100


def test_what_all_changes_rest_on_takes_room_once() -> None:
    fence = records("fence", "TXT", '"' + "x" * 200 + '"')
    plain = [change((None, records(f"h{i}", "A", "192.0.2.1"))) for i in range(3000)]
    fenced = [structs.replace(one, edits=(*one.edits, Edit(fence.key, fence, fence))) for one in plain]
    without, with_fence = list(packing.batches(ZONE, plain, 9000)), list(packing.batches(ZONE, fenced, 9000))
    assert len(with_fence[0]) >= len(without[0]) - 5
    assert [one for batch in with_fence for one in batch] == fenced
    update = convert.update(ZONE, with_fence[0])
    assert len(body(update)) < wire.MAX_MESSAGE - 600


def test_batches_are_cut_by_bytes() -> None:
    text = '"' + "x" * 250 + '"'
    changes = [change((None, records(f"h{i}", "TXT", text))) for i in range(1000)]
    batches = list(packing.batches(ZONE, changes, 2000))
    assert len(batches) > 3
    for batch in batches:
        update = convert.update(ZONE, batch)
        assert len(body(update)) < wire.MAX_MESSAGE - 600
    assert min(len(batch) for batch in batches[:-1]) > 150


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(change((None, OLD)), change((OLD, NEW)), id="created, then changed"),
        pytest.param(change((OLD, NEW)), change((NEW, None)), id="changed, then deleted"),
        pytest.param(change((None, ALIAS)), change((None, OLD)), id="a CNAME, then addresses"),
        pytest.param(change((None, OLD)), change((None, ALIAS)), id="addresses, then a CNAME"),
    ],
)
def test_what_contradicts_itself_goes_into_two_messages(first: Change, second: Change) -> None:
    assert list(packing.batches(ZONE, [first, second], 300)) == [(first,), (second,)]


def test_checks_of_one_set_share_a_message() -> None:
    epoch = records("epoch", "TXT", '"7"')
    changes = [change((epoch, epoch), (None, records(f"h{i}", "A", "192.0.2.1"))) for i in range(10)]
    (batch,) = packing.batches(ZONE, changes, 300)
    assert asked(of(*batch)).count('epoch TXT IN 0 "7"') == 1


def test_one_bad_change_does_not_keep_others_from_being_packed() -> None:
    bad = change((None, records("w", "A", "not an address")))
    assert list(packing.batches(ZONE, [bad], 300)) == [(bad,)]


def test_holding_asks_for_sets_and_for_absence() -> None:
    found = convert.holding(ZONE, [OLD, RecordKey(DnsName(f"x.{ZONE}"), "A")])
    assert spelled(found) == ["w A IN 0 192.0.2.1", "w A IN 0 192.0.2.2", "x A NONE 0"]
