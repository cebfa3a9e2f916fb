"""Ownership handed over on real name servers: compare and set in their words, and encrypted TXTs through their zones."""

import pytest

from mcidns.model.secrets import Secret
from mcidns.model.zones import Encryption, Registry, Zone
from mcidns.program import adoption
from mcidns.program.adoption import Taking
from mcidns.program.errands import Errand
from tests.component.rfc2136.parts import EMPTY, PEERS, ZONE, at, creation, name, provider, records, serving

MARK = 'IN TXT "heritage=external-dns,external-dns/owner=old,external-dns/resource=ingress/shop/web"'
TEXT = f"{EMPTY}www IN A 192.0.2.1\nmcidns-a.www {MARK}\n"
KEY = Secret("hushhush, of just 32 characters!")


def zone(**registry: object) -> Zone:
    return Zone("example", ZONE, "mcidns-test", registry=Registry(**registry))  # type: ignore[arg-type]  # a builder


@pytest.mark.parametrize("peer", PEERS)
async def test_a_record_changes_hands_in_one_update_and_stays_as_it_is(peer: str) -> None:
    async with serving(peer, TEXT) as port, provider(port) as made:
        errand = Errand(zone(), made)
        await errand.read()
        (done,) = await errand.carry_out([name("www")], lambda host, held: adoption.adopt(errand.rules, host, held, Taking("old")))
        assert (done.written, done.failure) == (True, "")
        (mark,) = await at(made, "mcidns-a.www")
        assert [value.partition("owner=")[2].partition(",")[0] for value in mark.values] == ["mcidns-test"]
        assert [one.values for one in await at(made, "www")] == [("192.0.2.1",)]


@pytest.mark.parametrize("peer", PEERS)
async def test_whoever_marks_a_record_between_our_look_and_our_write_keeps_it(peer: str) -> None:
    async with serving(peer, f"{EMPTY}www IN A 192.0.2.1\n") as port, provider(port) as made, provider(port) as rival:
        errand = Errand(zone(), made)
        await errand.read()
        theirs = records("mcidns-a.www", "TXT", '"heritage=external-dns,external-dns/owner=rival"')
        await rival.apply(ZONE, [creation(theirs)])
        (done,) = await errand.carry_out([name("www")], lambda host, held: adoption.adopt(errand.rules, host, held, Taking()))
        assert done.written is False
        assert "belongs to rival" in done.outcome.refused[0]
        assert [one.values for one in await at(made, "mcidns-a.www")] == [theirs.values]


@pytest.mark.parametrize("peer", PEERS)
async def test_encrypted_ownership_goes_through_the_zone_and_is_taken_away_again(peer: str) -> None:
    async with serving(peer, f"{EMPTY}www IN A 192.0.2.1\n") as port, provider(port) as made:
        encrypted = zone(encryption=Encryption("txt-key", KEY, writes=True))
        errand = Errand(encrypted, made)
        await errand.read()
        await errand.carry_out([name("www")], lambda host, held: adoption.adopt(errand.rules, host, held, Taking()))
        (mark,) = await at(made, "mcidns-a.www")
        assert "heritage" not in mark.values[0]

        again = Errand(encrypted, made)
        await again.read()
        owned = adoption.census(again.rules, [name("www")], again.at)
        assert [(one.owner, one.sealed) for one in owned] == [("mcidns-test", True)]
        (done,) = await again.carry_out([name("www")], lambda host, held: adoption.release(again.rules, host, held))
        assert done.written
        assert await at(made, "mcidns-a.www") == ()
