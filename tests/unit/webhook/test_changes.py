"""ExternalDNS's changes become ours: ownership together with its record, resting on what was read."""

from collections.abc import Sequence

from mcidns.model.names import DnsName
from mcidns.model.records import Edit, RecordKey, RecordSet
from mcidns.provider import Capabilities
from mcidns.webhook import wire
from mcidns.webhook.adjusting import ZoneOf
from mcidns.webhook.changes import Desk, Work, work
from mcidns.webhook.wire import Endpoint, Property

ZONE = DnsName("example.org.")
HERITAGE = '"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/shop/web"'
CAN = Capabilities(types=frozenset({"A", "CNAME", "TXT"}), compare_and_set=True)


def stands(name: str, type_: str, *values: str, ttl: int = 60) -> RecordSet:
    """A set in the mirror."""
    return RecordSet.of(DnsName(f"{name}.example.org."), type_, ttl, values)


def one(name: str, type_: str, *targets: str, owns: str = "", ttl: int = 0) -> Endpoint:
    """An endpoint of the zone; `owns` is the record that an ownership TXT speaks for."""
    labels = {"ownedRecord": f"{owns}.example.org"} if owns else None
    return Endpoint(f"{name}.example.org", targets, type_, record_ttl=ttl or None, labels=labels)


def planned(posted: wire.Changes, *standing: RecordSet) -> Work:
    """The work, given what stands."""
    mirror = {records.key: records for records in standing}
    return work(posted, Desk(ZoneOf([ZONE]), mirror.get, CAN))


def edits(done: Work) -> Sequence[tuple[Edit, ...]]:
    """The edits of each change in the one zone."""
    assert done.problems == []
    assert list(done.zones) in ([ZONE], [])
    return [change.edits for change in done.zones.get(ZONE, ())]


def test_a_record_and_the_text_that_owns_it_are_one_change() -> None:
    posted = wire.Changes(
        create=[
            one("www", "A", "192.0.2.1", ttl=30),
            one("api", "A", "192.0.2.2"),
            one("a-www", "TXT", HERITAGE, owns="www"),
            one("a-api", "TXT", HERITAGE, owns="api"),
        ]
    )
    www, api = edits(planned(posted))
    assert [edit.new for edit in www] == [stands("a-www", "TXT", HERITAGE, ttl=300), stands("www", "A", "192.0.2.1", ttl=30)]
    assert [edit.old for edit in www] == [None, None]
    assert [edit.key.name.relative for edit in api] == ["a-api.example.org", "api.example.org"]


def test_an_update_rests_on_what_external_dns_believes() -> None:
    posted = wire.Changes(update_old=[one("www", "A", "192.0.2.1")], update_new=[one("www", "A", "192.0.2.2")])
    believed = stands("www", "A", "192.0.2.1", ttl=300)
    ((stale,),) = edits(planned(posted, stands("www", "A", "192.0.2.66")))
    assert stale == Edit(believed.key, believed, stands("www", "A", "192.0.2.2"))


def test_where_the_mirror_agrees_its_own_set_is_expected() -> None:
    standing = stands("www", "A", "192.0.2.1", ttl=77)
    posted = wire.Changes(delete=[one("www", "A", "192.0.2.1", ttl=5)])
    assert edits(planned(posted, standing)) == [(Edit(standing.key, standing, None),)]


def test_an_unset_ttl_keeps_the_one_that_stands() -> None:
    posted = wire.Changes(update_old=[one("www", "A", "192.0.2.1")], update_new=[one("www", "A", "192.0.2.2")])
    ((edit,),) = edits(planned(posted, stands("www", "A", "192.0.2.1", ttl=77)))
    assert edit.new == stands("www", "A", "192.0.2.2", ttl=77)


def test_a_change_of_type_is_one_change() -> None:
    old = stands("www", "CNAME", "lb.example.net.")
    posted = wire.Changes(delete=[one("www", "CNAME", "lb.example.net")], create=[one("www", "A", "192.0.2.1")])
    ((first, second),) = edits(planned(posted, old))
    assert (first, second.new) == (Edit(old.key, old, None), stands("www", "A", "192.0.2.1", ttl=300))


def test_ownership_that_is_spelled_otherwise_is_deleted_as_it_stands() -> None:
    standing = stands("a-www", "TXT", '"heritage=external-dns,external-dns/owner=me,mcidns/clusters=garr"')
    posted = wire.Changes(delete=[one("a-www", "TXT", HERITAGE, owns="www")])
    assert edits(planned(posted, standing)) == [(Edit(standing.key, standing, None),)]


def test_what_stands_beside_an_ownership_stays() -> None:
    standing = stands("a-www", "TXT", HERITAGE, '"v=spf1 -all"')
    ((gone,),) = edits(planned(wire.Changes(delete=[one("a-www", "TXT", HERITAGE)]), standing))
    assert gone == Edit(standing.key, standing, stands("a-www", "TXT", '"v=spf1 -all"'))
    next_ = HERITAGE.replace("owner=me", "owner=you")
    posted = wire.Changes(update_old=[one("a-www", "TXT", HERITAGE)], update_new=[one("a-www", "TXT", next_)])
    ((handed,),) = edits(planned(posted, standing))
    assert handed == Edit(standing.key, standing, stands("a-www", "TXT", next_, '"v=spf1 -all"'))


def test_ownership_of_somebody_else_is_never_expected() -> None:
    standing = stands("a-www", "TXT", HERITAGE.replace("owner=me", "owner=rival"))
    ((edit,),) = edits(planned(wire.Changes(delete=[one("a-www", "TXT", HERITAGE)]), standing))
    assert edit.old == stands("a-www", "TXT", HERITAGE, ttl=300)


def test_a_name_that_cannot_be_worked_on_is_told_and_the_others_go_on() -> None:
    done = planned(
        wire.Changes(
            create=[
                one("bad", "A", "192.0.2.300"),
                one("a-bad", "TXT", HERITAGE, owns="bad"),
                Endpoint("www.example.net", ["192.0.2.1"], "A"),
                one("www", "A", "192.0.2.1"),
            ]
        )
    )
    assert [change.name.relative for change in done.zones[ZONE]] == ["www.example.org"]
    assert [problem.split(":")[0] for problem in done.problems] == ["bad.example.org A", "www.example.net"]


def test_policies_the_provider_has_not_are_dropped() -> None:
    given = Endpoint("www.example.org", ["192.0.2.1"], "A", "eu", provider_specific=[Property("aws/weight", "1")])
    ((edit,),) = edits(planned(wire.Changes(create=[given])))
    assert edit.key == RecordKey(DnsName("www.example.org."), "A")
    assert edit.new == stands("www", "A", "192.0.2.1", ttl=300)
