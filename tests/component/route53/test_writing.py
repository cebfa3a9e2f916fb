"""Writing to the strict service: atomic, compared with what was read, and with every culprit named."""

import pytest

from mcidns.errors import Conflict, Rejected, Throttled
from mcidns.model.records import Change, Edit, RecordSet, Urgency
from tests.component.route53 import parts
from tests.component.route53.parts import ZONE, at, change, content, creation, name, records, write
from tests.component.route53.rules import Set
from tests.component.route53.strict import Strict, error

OWNED = '"heritage=external-dns,external-dns/owner=mcidns,external-dns/resource=globalhost/shop/www"'
SAME = {"alias": "true", "target_hosted_zone": "same-zone"}


def raw(host: str, type_: str, *values: str, **fields: object) -> Set:
    return {"Name": f"{host}.example.org", "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": v} for v in values], **fields}


@pytest.mark.parametrize(
    "sets",
    [
        pytest.param([records("w", "A", "192.0.2.1", setid=i, weight=w) for i, w in (("eu", "10"), ("us", "0"))], id="weighted"),
        pytest.param([records("w", "A", "192.0.2.1", setid=r, region=r) for r in ("eu-south-1", "us-east-1")], id="latency"),
        pytest.param([records("w", "A", "192.0.2.1", setid=r, failover=r) for r in ("PRIMARY", "SECONDARY")], id="failover"),
        pytest.param(
            [
                records("w", "A", "192.0.2.1", setid="eu", geolocation_continent_code="EU"),
                records("w", "A", "192.0.2.2", setid="ca", geolocation_country_code="US", geolocation_subdivision_code="CA"),
                records("w", "A", "192.0.2.3", setid="all", geolocation_country_code="*"),
            ],
            id="geolocation",
        ),
        pytest.param([records("w", "A", f"192.0.2.{i}", setid=str(i), multi_value_answer="true") for i in (1, 2)], id="multivalue"),
        pytest.param(
            [
                records("w", "A", "192.0.2.1", setid="r", geoproximity_region="eu-south-1", geoproximity_bias="10"),
                records("w", "A", "192.0.2.2", setid="c", geoproximity_coordinates="45.46,9.19"),
            ],
            id="geoproximity",
        ),
        pytest.param(
            [records("o", "A", "192.0.2.1"), records("@", "A", "o.example.org.", ttl=0, **SAME)], id="alias at the apex to its zone"
        ),
        pytest.param(
            [
                records(
                    "w", "AAAA", "lb.example.net.", ttl=0, alias="true", target_hosted_zone="Z35SX", evaluate_target_health="true"
                ),
            ],
            id="alias to a load balancer",
        ),
        pytest.param(
            [
                records("w", "A", "lb.example.net.", ttl=0, setid="a", weight="3", alias="true", target_hosted_zone="Z35SX"),
                records("w", "A", "192.0.2.1", setid="b", weight="1"),
            ],
            id="weighted alias beside an address",
        ),
        pytest.param([records("w", "A", "192.0.2.1", ttl=0)], id="TTL 0"),
        pytest.param([records("*", "A", "192.0.2.1"), records("*", "TXT", '"star"')], id="wildcard"),
    ],
)
async def test_sets_of_every_policy_stand_change_and_go_one_by_one(service: Strict, sets: list[RecordSet]) -> None:
    parts.create_zone(service)
    async with parts.provider(service) as dns:
        await write(dns, creation(*sets))
        assert sorted(one for found in (await content(dns)).values() for one in found if one.type != "NS") == sorted(sets)
        for one in reversed(sets):
            await write(dns, change((one, None)))
        assert [one for found in (await content(dns)).values() for one in found if one.type != "NS"] == []


async def test_a_policy_changes_in_one_batch(service: Strict) -> None:
    parts.create_zone(service)
    async with parts.provider(service) as dns:
        latency = [records("w", "A", "192.0.2.1", setid=r, region=r) for r in ("eu-south-1", "us-east-1")]
        weighted = [records("w", "A", "192.0.2.1", setid=one.key.set_identifier, weight="1") for one in latency]
        await write(dns, creation(*latency))
        await write(dns, change(*zip(latency, weighted, strict=True)))
        assert await at(dns, "w") == tuple(weighted)
        assert len(service.batches) == 2


async def test_nothing_is_upserted_and_every_old_set_is_named_exactly(service: Strict) -> None:
    parts.create_zone(service)
    async with parts.provider(service) as dns:
        old, new = records("www", "A", "192.0.2.1", "192.0.2.2"), records("www", "A", "192.0.2.2", ttl=30)
        await write(dns, creation(old))
        await write(dns, change((old, new)))
    assert [(e["Action"], e["ResourceRecordSet"]["TTL"]) for e in service.batches[1]] == [("DELETE", 60), ("CREATE", 30)]


async def test_a_set_that_differs_by_ttl_or_spelling_alone_is_replaced_all_the_same(service: Strict) -> None:
    zone = parts.create_zone(service)
    async with parts.provider(service) as dns:
        old = [records("www", "A", "192.0.2.1"), records("c", "CNAME", "lb.example.net."), records("t", "TXT", r'"a;\195\169"')]
        await write(dns, creation(*old))
        parts.put(service, zone, raw("www", "A", "192.0.2.1", TTL=7), raw("c", "CNAME", "LB.Example.NET"))
        parts.put(service, zone, raw("t", "TXT", r'"a\073\303\251"'))
        for one in old:
            await write(dns, change((one, None)))
        assert await content(dns) == {}


async def test_a_ttl_that_was_mended_is_named_rightly_ever_after(service: Strict) -> None:
    zone = parts.create_zone(service)
    async with parts.provider(service) as dns:
        old = records("www", "A", "192.0.2.1")
        await write(dns, creation(old))
        parts.put(service, zone, raw("www", "A", "192.0.2.1", TTL=7))
        new = records("www", "A", "192.0.2.1", ttl=120)
        await write(dns, change((old, new)))
        before = service.counted
        await write(dns, change((new, records("www", "A", "192.0.2.2"))))
        assert service.counted - before == {"change_resource_record_sets": 1}


async def test_a_foreign_writer_between_reading_and_writing_is_a_conflict_that_names_the_change(service: Strict) -> None:
    zone = parts.create_zone(service)
    async with parts.provider(service) as dns:
        olds = [records(f"h{i}", "A", "192.0.2.1") for i in range(50)]
        await write(dns, *(creation(one) for one in olds))
        parts.put(service, zone, raw("h7", "A", "192.0.2.66"))
        before = service.counted
        moves = [change((one, records(f"h{i}", "A", "192.0.2.2"))) for i, one in enumerate(olds)]
        (batch,) = dns.pack(ZONE, moves)
        with pytest.raises(Conflict) as caught:
            await dns.apply(ZONE, batch)
        assert [culprit.name for culprit in caught.value.culprits] == [name("h7")]
        assert service.counted - before == {"change_resource_record_sets": 1, "list_resource_record_sets": 1}
        await dns.apply(ZONE, [one for one in moves if one.name != name("h7")])
        assert await at(dns, "h7") == (records("h7", "A", "192.0.2.66"),)
        assert await at(dns, "h8") == (records("h8", "A", "192.0.2.2"),)


async def test_all_culprits_of_a_batch_are_told_after_one_request(service: Strict) -> None:
    zone = parts.create_zone(service)
    parts.put(service, zone, raw("h3", "A", "192.0.2.66"), raw("h5", "CNAME", "x.example.net"))
    async with parts.provider(service) as dns:
        (batch,) = dns.pack(ZONE, [creation(records(f"h{i}", "A", "192.0.2.1")) for i in range(8)])
        with pytest.raises(Conflict) as caught:
            await dns.apply(ZONE, batch)
        told = {culprit.name: said for culprit, said in caught.value.culprits.items()}
        assert sorted(told) == [name("h3"), name("h5")]
        assert "already exists" in told[name("h3")]
        assert "conflicts with other records" in told[name("h5")]


async def test_a_refusal_that_no_reading_cures_is_rejected_by_name(service: Strict) -> None:
    parts.create_zone(service)
    async with parts.provider(service) as dns:
        bad = records("bad", "A", "192.0.2.1", health_check_id="unknown")
        good = records("good", "A", "192.0.2.1")
        (batch,) = dns.pack(ZONE, [creation(good), creation(bad)])
        with pytest.raises(Rejected, match="unknown"):
            await dns.apply(ZONE, batch)
        uneven = [
            records("w", "A", "192.0.2.1", setid="a", weight="1"),
            records("w", "A", "192.0.2.1", setid="b", weight="1", ttl=5),
        ]
        with pytest.raises(Rejected, match="same TTL") as caught:
            await dns.apply(ZONE, [creation(good), creation(*uneven)])
        assert [culprit.name for culprit in caught.value.culprits] == [name("w")]
        assert await content(dns) == {}


async def test_ownership_taken_over_meanwhile_stops_a_single_withdrawal(service: Strict) -> None:
    zone = parts.create_zone(service)
    async with parts.provider(service) as dns:
        old, text = records("www", "A", "192.0.2.1", "192.0.2.2"), records("mcidns-a.www", "TXT", OWNED)
        await write(dns, creation(old, text))
        parts.put(service, zone, raw("mcidns-a.www", "TXT", OWNED.replace("owner=mcidns", "owner=other")))
        move = change((old, records("www", "A", "192.0.2.1")), (text, text), urgency=Urgency.WITHDRAW)
        with pytest.raises(Conflict):
            await write(dns, move)
        assert await at(dns, "www") == (old,)


async def test_a_check_that_no_write_proves_is_looked_at_first(service: Strict) -> None:
    zone = parts.create_zone(service)
    async with parts.provider(service) as dns:
        made, free = records("www", "A", "192.0.2.1"), records("other", "A", "192.0.2.1")
        batch = [Change(name("www"), (Edit(made.key, None, made), Edit(free.key, None, None)), Urgency.ADD)]
        parts.put(service, zone, raw("other", "A", "192.0.2.66"))
        with pytest.raises(Conflict, match=r"other\.example\.org A"):
            await dns.apply(ZONE, batch)
        assert await at(dns, "www") == ()


async def test_a_zone_busy_with_another_change_is_throttled_for_itself_alone(service: Strict) -> None:
    parts.create_zone(service)
    async with parts.provider(service) as dns:
        await dns.read(ZONE, None)

        def busy(operation: str, moment: str) -> None:
            if operation == "change_resource_record_sets":
                raise error("PriorRequestNotComplete")

        service.hook = busy
        with pytest.raises(Throttled) as caught:
            await write(dns, creation(records("www", "A", "192.0.2.1")))
        assert caught.value.retry_after == 1.0
        assert not caught.value.unsure
        await dns.read(ZONE, None)


async def test_a_change_is_propagated_when_it_is_insync_and_asked_for_modestly(service: Strict) -> None:
    parts.create_zone(service)
    service.pending = 60.0
    now = [0.0]
    async with parts.provider(service, clock=lambda: now[0]) as dns:
        batch = [creation(records("www", "A", "192.0.2.1"))]
        receipt = await dns.apply(ZONE, batch)
        for now[0] in (0.0, 0.5, 1.5, 2.5, 3.5, 5.0):
            assert (await dns.confirm(ZONE, batch, receipt)).state == "Pending"
        assert service.counted["get_change"] == 2
        service.changes[receipt.token] = 0.0
        now[0] = 10.0
        assert (await dns.confirm(ZONE, batch, receipt)).state == "Propagated"
        service.changes.clear()
        now[0] = 20.0
        assert (await dns.confirm(ZONE, batch, receipt)).state == "Propagated"
