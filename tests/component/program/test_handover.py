"""Another owner id, or another controller's records: every name is answered at every moment while it changes hands."""

from dataclasses import replace

import pytest
from msgspec import structs

from mcidns.program import adoption, ownership
from mcidns.program.adoption import Taking
from mcidns.program.errands import Errand
from mcidns.testing.memory import MemoryProvider
from tests.component.program.bench import Bench, provider, running
from tests.unit.program.builders import OWNER, affix, name, records, ref, txt, wish, zone

pytestmark = pytest.mark.looptime

FORMER = "former-hub"
HOSTS = tuple(f"h{number}" for number in range(40))
THEIRS = tuple(one for host in HOSTS for one in (records(host), txt(f"mcidns-a.{host}", FORMER, f"globalhost/shop/{host}")))


class Watched:
    """Notes whenever one of the records is not as it was, at each point where the server is asked or answers."""

    def __init__(self, server: MemoryProvider, *hosts: str) -> None:
        self.gaps: list[str] = []

        def look(*_: object) -> None:
            held = server.zone("example.org")
            self.gaps += [host for host in hosts if records(host) not in held.at(name(host))]

        server.hook = look


def owner_of(bench: Bench, host: str, place: str = "mcidns-a.{}") -> set[str]:
    values = bench.values(place.format(host), "TXT")
    return {claim.owner for value in values if (claim := ownership.read(value)) is not None}


async def wished(bench: Bench) -> None:
    for host in HOSTS:
        bench.wish(wish(host, "192.0.2.1", source=ref(host)))
    await bench.idle()


async def test_another_owner_id_with_the_former_one_named_hands_over_without_a_gap():
    server = provider(*THEIRS)
    watched = Watched(server, *HOSTS)
    async with running(server, served=zone(former_owners=(FORMER,)), settled=False) as bench:
        await wished(bench)
        bench.programmer.settled()
        await bench.idle()
        assert watched.gaps == []
        assert {owner for host in HOSTS for owner in owner_of(bench, host)} == {OWNER}
        assert {bench.word(ref(host)).state for host in HOSTS} == {"Programmed"}


async def test_a_running_controller_takes_another_owner_id_over_without_a_gap():
    server = provider()
    async with running(server, served=replace(zone(), owner_id=FORMER)) as bench:
        await wished(bench)
        watched = Watched(server, *HOSTS)
        bench.programmer.set_zone(zone(former_owners=(FORMER,)), server)
        await bench.idle()
        assert watched.gaps == []
        assert {owner for host in HOSTS for owner in owner_of(bench, host)} == {OWNER}


async def test_without_it_the_records_stay_and_every_object_is_told():
    server = provider()
    async with running(server, served=replace(zone(), owner_id=FORMER)) as bench:
        await wished(bench)
        watched = Watched(server, *HOSTS)
        bench.programmer.set_zone(zone(), server)
        await bench.idle()
        assert watched.gaps == []
        assert {(word.state, word.reason) for host in HOSTS for word in bench.programmer.programming(ref(host))} == {
            ("Failed", "NotOwner")
        }


async def test_adopting_everything_beside_the_running_controller_leaves_no_gap_either():
    server = provider(*THEIRS)
    watched = Watched(server, *HOSTS)
    async with running(server) as bench:
        await wished(bench)
        assert bench.word(ref("h0")).reason == "NotOwner"
        errand = Errand(zone(), server)
        await errand.read()
        wanted = [name(host) for host in HOSTS]
        done = await errand.carry_out(wanted, lambda host, at: adoption.adopt(errand.rules, host, at, Taking(FORMER)))
        assert all(one.written for one in done)
        bench.programmer.set_zone(replace(zone(), owner_id="someone-else"), server)
        bench.programmer.set_zone(zone(), server)
        await bench.idle()
        assert watched.gaps == []
        assert {bench.word(ref(host)).state for host in HOSTS} == {"Programmed"}


async def test_what_a_former_owner_left_and_nobody_wishes_for_goes_like_our_own():
    async with running(provider(*THEIRS[:2]), served=zone(former_owners=(FORMER,))) as bench:
        await bench.idle()
        assert bench.content.sets == {}


async def test_two_values_of_which_one_is_a_former_owners_are_ours_and_become_one():
    both = records("mcidns-a.foo", "TXT", *(ownership.write(owner, "globalhost/shop/web") for owner in (FORMER, OWNER)))
    async with running(provider(records("foo"), both), served=zone(former_owners=(FORMER,))) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.values("mcidns-a.foo", "TXT") == txt("mcidns-a.foo").values


async def test_externaldnss_records_under_its_own_affix_move_to_ours_in_one_change_each():
    server = provider(records("foo"), txt("a-foo", "default", "ingress/shop/web"))
    watched = Watched(server, "foo")
    async with running(server, served=zone(former_owners=("default",), read_also=(affix(),))) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert watched.gaps == []
        assert (owner_of(bench, "foo"), bench.values("a-foo", "TXT"), len(bench.provider.batches)) == ({OWNER}, (), 1)


async def test_a_former_owners_mark_without_type_goes_once_ours_stands_for_every_type():
    six = records("foo", "AAAA", "2001:db8::1")
    held = (records("foo"), six, txt("foo", "default", "ingress/shop/web"), txt("aaaa-foo", "default"))
    async with running(provider(*held), served=zone(former_owners=("default",), read_also=(affix(),))) as bench:
        bench.wish(structs.replace(wish("foo"), sets=(records("foo"), six)))
        await bench.idle()
        assert {place.relative.partition(".example")[0] for place in bench.content.sets} == {
            "foo",
            "mcidns-a.foo",
            "mcidns-aaaa.foo",
        }
        assert (bench.values("foo"), bench.values("foo", "AAAA"), bench.values("foo", "TXT")) == (("192.0.2.1",), six.values, ())
