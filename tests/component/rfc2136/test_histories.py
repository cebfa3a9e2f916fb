"""Random histories: two writers on one zone, one of whom reads by difference; its mirror is the zone after every step."""

import random

import pytest

from mcidns.errors import Conflict
from mcidns.model.records import RecordSet
from mcidns.provider import Delta, Full, Unchanged
from mcidns_rfc2136 import Rfc2136Provider
from tests.component.rfc2136.parts import PEERS, ZONE, Mirror, change, name, provider, records, serving

FILLER = "".join(f"filler{i} IN A 10.9.0.{i}\n" for i in range(200))
START = f"$TTL 60\n@ IN SOA ns1 hostmaster 1 3600 600 86400 60\n@ IN NS ns1\nns1 IN A 127.0.0.1\n{FILLER}"


def a_set(dice: random.Random, host: str, type_: str) -> RecordSet:
    """Some values for a name and type."""
    if type_ == "CNAME":
        return records(host, type_, f"lb{dice.randrange(3)}.example.net.", ttl=dice.choice((30, 60)))
    if type_ == "TXT":
        return records(host, type_, *(f'"{dice.randrange(4)}"' for _ in range(2)), ttl=dice.choice((30, 60)))
    return records(host, type_, *(f"192.0.2.{dice.randrange(9)}" for _ in range(dice.randint(1, 4))), ttl=dice.choice((30, 60)))


def present(mirror: Mirror, host: str, type_: str) -> RecordSet | None:
    """The set that is held."""
    return next((one for one in mirror.at(name(host)) if one.type == type_), None)


def a_change(dice: random.Random, mirror: Mirror, host: str) -> list[tuple[RecordSet | None, RecordSet | None]]:
    """Edits of one name that make sense for what is held there: (old, new) pairs."""
    alias = present(mirror, host, "CNAME")
    becomes_alias = dice.random() < 0.3
    pairs: list[tuple[RecordSet | None, RecordSet | None]] = []
    for type_ in ("A", "TXT"):
        old = present(mirror, host, type_)
        new = None if becomes_alias or dice.random() < 0.3 else a_set(dice, host, type_)
        if old or new:
            pairs.append((old, new))
    new_alias = a_set(dice, host, "CNAME") if becomes_alias else None
    if alias or new_alias:
        pairs.append((alias, new_alias))
    return pairs


async def catch_up(dns: Rfc2136Provider, mirror: Mirror) -> Mirror:
    """The mirror after a reading by difference."""
    reading = await dns.read(ZONE, mirror.held)
    if isinstance(reading, Full):
        return Mirror(reading)
    assert isinstance(reading, Delta | Unchanged)
    mirror.lay(reading)
    return mirror


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("seed", range(3))
async def test_a_mirror_kept_by_own_writes_and_differences_is_the_zone(peer: str, seed: int) -> None:
    dice = random.Random(seed)
    async with serving(peer, START) as port, provider(port) as ours, provider(port) as theirs:
        full = await ours.read(ZONE, None)
        assert isinstance(full, Full)
        mine, foreign = Mirror(full), Mirror(full)
        conflicts = 0
        for _ in range(40):
            host = f"h{dice.randrange(4)}"
            if dice.random() < 0.4:
                foreign = await catch_up(theirs, foreign)
                pairs = a_change(dice, foreign, host)
                await theirs.apply(ZONE, [change(*pairs)] if pairs else [])
                continue
            pairs = a_change(dice, mine, host)
            if not pairs:
                continue
            made = change(*pairs)
            try:
                await ours.apply(ZONE, [made])
                mine.write(made)
            except Conflict:
                conflicts += 1
                mine = await catch_up(ours, mine)
        mine = await catch_up(ours, mine)
        whole = await ours.read(ZONE, None)
        assert isinstance(whole, Full)
        assert {owner: sets for owner, sets in mine.names.items() if sets} == dict(whole.names.items())
        assert conflicts > 0
