"""Writing through the provider, on every server this machine has: what was written stands, and what may not be is refused."""

import pytest

from mcidns.errors import Conflict, Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.provider import Full
from tests.component.rfc2136.parts import PEERS, ZONE, absent, at, change, content, creation, name, provider, records, serving

OWNED = '"heritage=external-dns,external-dns/owner=mcidns,external-dns/resource=ghost/default/www"'
on_every_server = pytest.mark.parametrize("peer", PEERS)


@on_every_server
async def test_a_host_and_its_ownership_are_created_changed_and_deleted(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        first, text = records("www", "A", "192.0.2.1", "192.0.2.2"), records("mcidns-a.www", "TXT", OWNED)
        await dns.apply(ZONE, [creation(first, text)])
        assert await content(dns) == {name("www"): (first,), name("mcidns-a.www"): (text,)}

        second = records("www", "A", "192.0.2.2", "192.0.2.3")
        await dns.apply(ZONE, [change((first, second), (text, text))])
        assert await at(dns, "www") == (second,)

        await dns.apply(ZONE, [change((second, None), (text, None))])
        assert await content(dns) == {}


@on_every_server
async def test_writing_what_is_there_already_is_no_error(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        made = creation(records("www", "A", "192.0.2.1"), records("mcidns-a.www", "TXT", OWNED))
        await dns.apply(ZONE, [made])
        before = await content(dns)
        await dns.apply(ZONE, [made])
        assert await content(dns) == before


@on_every_server
@pytest.mark.parametrize(
    "made",
    [
        pytest.param(records("www", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3"), id="several addresses"),
        pytest.param(records("www", "AAAA", "2001:db8::1", "2001:db8:0:1::"), id="AAAA"),
        pytest.param(records("www", "A", "192.0.2.1", ttl=0), id="TTL 0"),
        pytest.param(records("alias", "CNAME", "target.example.net."), id="CNAME"),
        pytest.param(records("*", "A", "192.0.2.9"), id="wildcard"),
        pytest.param(records("_acme-challenge.www", "TXT", '"token"'), id="underscore"),
        pytest.param(records("@", "A", "192.0.2.1"), id="apex"),
        pytest.param(records("@", "TXT", '"v=spf1 -all"', '"other"'), id="TXT at the apex"),
        pytest.param(records("t", "TXT", f'"{"x" * 255}" "{"y" * 40}"'), id="long TXT"),
        pytest.param(records("t", "TXT", r'"a;b \"quoted\" back\\slash"'), id="TXT with odd characters"),
        pytest.param(records("t", "TXT", r'"caf\195\169"'), id="TXT outside ASCII"),
        pytest.param(records("t", "TXT", '""'), id="empty TXT"),
        pytest.param(records("mail", "MX", "10 mx1.example.net.", "20 mx2.example.net."), id="MX"),
        pytest.param(records("_https._tcp", "SRV", "0 5 443 www.example.net."), id="SRV"),
        pytest.param(records("www", "CAA", '0 issue "letsencrypt.org"'), id="CAA"),
        pytest.param(records("child", "NS", "ns1.example.net.", "ns2.example.net."), id="NS below the apex"),
        pytest.param(records("1.2.0.192", "PTR", "www.example.net."), id="PTR"),
        pytest.param(records("www", "HTTPS", '1 . alpn="h2"'), id="HTTPS"),
        pytest.param(records("svc", "SVCB", '1 svc.example.net. alpn="h2" port="8443"'), id="SVCB"),
        pytest.param(records("odd", "TYPE65400", r"\# 3 abcdef"), id="a type that nobody knows"),
        pytest.param(records("www", "A", *(f"10.0.0.{i}" for i in range(100))), id="as many values as BIND takes"),
        pytest.param(records("a." * 60 + "deep", "A", "192.0.2.1"), id="a deep name"),
    ],
)
async def test_every_kind_of_record_stands_as_it_was_written(peer: str, made: RecordSet) -> None:
    async with serving(peer) as port, provider(port) as dns:
        await dns.apply(ZONE, [creation(made)])
        assert made in await at(dns, made.name.relative.removesuffix(f".{ZONE.relative}") if made.name != ZONE else "@")
        await dns.apply(ZONE, [change((made, None))])
        assert await content(dns) == {}


@on_every_server
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(records("w", "A", "192.0.2.1", "192.0.2.2"), records("w", "A", "192.0.2.1"), id="one address less"),
        pytest.param(records("w", "A", "192.0.2.1"), records("w", "A", "192.0.2.1", ttl=300), id="another TTL"),
        pytest.param(
            records("w", "A", "192.0.2.1"), records("w", "A", "192.0.2.1", "192.0.2.2", ttl=5), id="another TTL and one more"
        ),
        pytest.param(records("w", "A", "192.0.2.1"), records("w", "A", "192.0.2.8"), id="all others"),
        pytest.param(records("w", "CNAME", "a.example.net."), records("w", "CNAME", "b.example.net."), id="another target"),
        pytest.param(
            records("w", "MX", "1 a.example.net."), records("w", "MX", "1 a.example.net.", "2 b.example.net."), id="one more MX"
        ),
        pytest.param(records("w", "TXT", '"a"', '"b"'), records("w", "TXT", '"b"', '"c"'), id="one text for another"),
        pytest.param(records("@", "NS", "ns1.example.org."), records("@", "NS", "ns2.example.net."), id="the zone's own NS"),
    ],
)
async def test_a_set_becomes_exactly_the_new_one(peer: str, old: RecordSet, new: RecordSet) -> None:
    async with serving(peer) as port, provider(port) as dns:
        host = "@" if old.name == ZONE else "w"
        if old not in await at(dns, host):
            await dns.apply(ZONE, [creation(old)])
        await dns.apply(ZONE, [change((old, new))])
        assert [one for one in await at(dns, host) if one.key == new.key] == [new]


@on_every_server
async def test_addresses_become_a_cname_and_again_addresses_in_one_message_each(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        address, alias = records("www", "A", "192.0.2.1"), records("www", "CNAME", "lb.example.net.")
        await dns.apply(ZONE, [creation(address)])
        await dns.apply(ZONE, [change((None, alias), (address, None))])
        assert await at(dns, "www") == (alias,)
        await dns.apply(ZONE, [change((alias, None), (None, address))])
        assert await at(dns, "www") == (address,)


@on_every_server
async def test_a_foreign_change_between_reading_and_writing_is_a_conflict_and_nothing_is_written(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        ours, theirs = records("www", "A", "192.0.2.1"), records("www", "A", "192.0.2.66")
        await dns.apply(ZONE, [creation(ours)])
        await dns.apply(ZONE, [change((ours, theirs))])
        with pytest.raises(Conflict, match="not as it was read"):
            await dns.apply(ZONE, [change((ours, records("www", "A", "192.0.2.2"))), creation(records("other", "A", "192.0.2.3"))])
        assert await content(dns) == {name("www"): (theirs,)}


@on_every_server
@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        pytest.param(records("www", "A", "192.0.2.66"), records("www", "A", "192.0.2.1"), id="a foreign set of the same type"),
        pytest.param(records("www", "TXT", '"x"'), records("www", "CNAME", "lb.example.net."), id="a CNAME where a TXT stands"),
        pytest.param(
            records("www", "CNAME", "x.example.net."), records("www", "A", "192.0.2.1"), id="an address where a CNAME stands"
        ),
        pytest.param(records("www", "CNAME", "x.example.net."), records("www", "TXT", '"x"'), id="a TXT where a CNAME stands"),
    ],
)
async def test_what_stands_at_a_name_is_never_covered_or_silently_ignored(peer: str, present: RecordSet, wanted: RecordSet) -> None:
    async with serving(peer) as port, provider(port) as dns:
        await dns.apply(ZONE, [creation(present)])
        with pytest.raises(Conflict, match="www"):
            await dns.apply(ZONE, [creation(wanted)])
        assert await content(dns) == {name("www"): (present,)}


@on_every_server
async def test_an_address_does_not_become_a_cname_beside_foreign_data(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        address, foreign = records("www", "A", "192.0.2.1"), records("www", "TXT", '"foreign"')
        await dns.apply(ZONE, [creation(address, foreign)])
        with pytest.raises(Conflict, match="www"):
            await dns.apply(ZONE, [change((address, None), (None, records("www", "CNAME", "lb.example.net.")))])
        assert await at(dns, "www") == (address, foreign)


@on_every_server
async def test_a_cname_ignored_beside_data_of_an_unknown_type_is_never_reported_as_written(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        address, foreign = records("www", "A", "192.0.2.1"), records("www", "TYPE65400", r"\# 2 abcd")
        await dns.apply(ZONE, [creation(address, foreign)])
        with pytest.raises((Conflict, Rejected), match="www"):
            await dns.apply(ZONE, [change((address, None), (None, records("www", "CNAME", "lb.example.net.")))])
        # Knot does not answer ANY in full, so there only the read-back finds it, when the address is gone already.
        assert await at(dns, "www") in {(address, foreign), *([(foreign,)] if peer == "knot" else [])}


@on_every_server
async def test_a_check_alone_writes_nothing_and_fails_when_it_does_not_hold(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        epoch = records("mcidns-epoch", "TXT", '"7"')
        await dns.apply(ZONE, [creation(epoch)])
        await dns.apply(ZONE, [change((epoch, epoch))])
        stale = records("mcidns-epoch", "TXT", '"6"')
        with pytest.raises(Conflict):
            await dns.apply(ZONE, [change((stale, stale), (None, records("www", "A", "192.0.2.1")))])
        assert await content(dns) == {name("mcidns-epoch"): (epoch,)}


@on_every_server
async def test_a_set_that_was_thought_absent_must_be_absent(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        address = records("www", "A", "192.0.2.1")
        await dns.apply(ZONE, [creation(address)])
        guarded = creation(records("other", "A", "192.0.2.2"))
        guarded = type(guarded)(guarded.name, (*guarded.edits, absent("www", "A")), guarded.urgency)
        with pytest.raises(Conflict):
            await dns.apply(ZONE, [guarded])
        assert await content(dns) == {name("www"): (address,)}


@on_every_server
async def test_hundreds_of_changes_travel_in_few_messages(peer: str) -> None:
    changes = [
        creation(records(f"h{i}", "A", f"10.0.{i // 256}.{i % 256}"), records(f"mcidns-a.h{i}", "TXT", OWNED)) for i in range(400)
    ]
    async with serving(peer) as port, provider(port, timeout=30) as dns:
        batches = list(dns.pack(ZONE, changes))
        assert len(batches) == 2
        for batch in batches:
            await dns.apply(ZONE, batch)
        assert len(await content(dns)) == 800


@on_every_server
@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param(
            records("www", "A", "192.0.2.300"), "www.example.org A: value '192.0.2.300': it is not an IPv4", id="no address"
        ),
        pytest.param(records("x" * 64, "A", "192.0.2.1"), "label of 64 bytes", id="long label"),
        pytest.param(records(".".join(["x" * 60] * 4), "A", "192.0.2.1"), "at most 255", id="long name"),
        pytest.param(records("www", "TXT", f'"{"x" * 256}"'), "string of 256 bytes", id="long string"),
        pytest.param(records("www", "A", *(f"10.0.0.{i}" for i in range(101))), "101 values", id="too many values"),
        pytest.param(records("@", "CNAME", "lb.example.net."), "apex", id="CNAME at the apex"),
        pytest.param(records("www", "CNAME", "a.example.net.", "b.example.net."), "exactly one", id="two CNAMEs"),
        pytest.param(records("www", "CNAME", "relative"), "does not end in a dot", id="a relative target"),
    ],
)
async def test_what_no_server_would_take_is_refused_before_the_wire(peer: str, made: RecordSet, said: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        with pytest.raises(Rejected, match=said):
            await dns.apply(ZONE, [creation(made)])
        assert await content(dns) == {}


@on_every_server
async def test_a_name_outside_the_zone_is_refused_by_name_and_nothing_of_its_batch_is_written(peer: str) -> None:
    foreign = RecordSet.of(DnsName("www.example.net."), "A", 60, ["192.0.2.1"])
    async with serving(peer) as port, provider(port) as dns:
        with pytest.raises(Rejected, match=r"www\.example\.net A: the name is not in zone"):
            await dns.apply(ZONE, [creation(records("www", "A", "192.0.2.1")), creation(foreign)])
        assert await content(dns) == {}


@on_every_server
async def test_the_zones_own_records_cannot_be_deleted(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        own = await at(dns, "@")
        for gone in (*own, records("@", "SOA", "ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60")):
            with pytest.raises(Rejected, match=r"own"):
                await dns.apply(ZONE, [change((gone, None))])
        assert await at(dns, "@") == own


@on_every_server
async def test_deleting_what_is_gone_already_is_no_error(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        address = records("www", "A", "192.0.2.1")
        await dns.apply(ZONE, [change((address, None))])
        await dns.apply(ZONE, [creation(address)])
        await dns.apply(ZONE, [change((address, None))])
        await dns.apply(ZONE, [change((address, None))])
        assert await content(dns) == {}


@on_every_server
@pytest.mark.parametrize(
    "thought",
    [
        pytest.param(records("www", "A", "192.0.2.1"), id="a part of it"),
        pytest.param(records("www", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3"), id="more than it"),
    ],
)
async def test_a_set_must_be_exactly_as_it_was_read(peer: str, thought: RecordSet) -> None:
    async with serving(peer) as port, provider(port) as dns:
        stands = records("www", "A", "192.0.2.1", "192.0.2.2")
        await dns.apply(ZONE, [creation(stands)])
        for new in (None, records("www", "A", "192.0.2.9")):
            with pytest.raises(Conflict):
                await dns.apply(ZONE, [change((thought, new))])
        assert await content(dns) == {name("www"): (stands,)}


@on_every_server
async def test_one_message_is_one_serial_and_a_message_without_effect_is_none(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        first = await dns.read(ZONE, None)
        made = [creation(records(f"h{i}", "A", "192.0.2.1"), records(f"mcidns-a.h{i}", "TXT", OWNED)) for i in range(20)]
        await dns.apply(ZONE, made)
        await dns.apply(ZONE, made)
        second = await dns.read(ZONE, None)
        assert isinstance(first, Full)
        assert isinstance(second, Full)
        assert first.serial is not None
        assert second.serial == first.serial + 1
