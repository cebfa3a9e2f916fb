"""What stands at a name and whose it is; what should stand there is not known here."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.model.zones import RegistryType, Zone, ZonePolicy
from mcidns.program import fit, ownership
from mcidns.program.affixes import TYPES
from mcidns.program.fit import Adjust
from mcidns.program.registry import Names
from mcidns.provider import Adjusts, Capabilities

ADDRESSING = frozenset({"A", "AAAA", "CNAME"})
"""Types that decide together where a name leads: somebody else's of one of them keeps us from adding another."""
_BESIDE_CNAME = frozenset({"RRSIG", "NSEC", "NSEC3", "KEY"})


@dataclass(frozen=True, slots=True)
class Rules:
    """All that planning needs to know of a zone and its provider, made ready once."""

    zone: DnsName
    owner: str
    policy: ZonePolicy
    registry: RegistryType
    default_ttl: int
    names: Names
    capabilities: Capabilities
    adjust: Adjust | None = None

    @classmethod
    def of(cls, zone: Zone, capabilities: Capabilities, adjusts: Adjusts | None = None) -> "Rules":
        """`adjusts`: the provider, where it stores sets in its own way. Raises ConfigError for an owner id that nobody can read."""
        ownership.check_owner(zone.owner_id)
        return cls(
            zone=zone.domain,
            owner=zone.owner_id,
            policy=zone.policy,
            registry=zone.registry.type,
            default_ttl=zone.ttl.default,
            names=Names.of(zone.domain, zone.registry, zone.owner_id),
            capabilities=capabilities,
            adjust=None if adjusts is None else partial(adjusts.adjust, zone.domain),
        )


@dataclass(slots=True)
class Standing:
    """The record sets of one name: ours, with the TXT that says so, and other people's, with their owner where one is named."""

    own: dict[RecordKey, RecordSet] = field(default_factory=dict)
    holdings: dict[RecordKey, ownership.Holding] = field(default_factory=dict)
    foreign: dict[RecordKey, RecordSet] = field(default_factory=dict)
    owners: dict[RecordKey, str] = field(default_factory=dict)

    def in_the_way(self, key: RecordKey) -> RecordKey | None:
        """Somebody else's set that forbids adding ours of this key, or None (ExternalDNS's row rule, for addresses only)."""
        for other in self.foreign:
            if other.type == key.type and other.set_identifier == key.set_identifier:
                return other
            if "CNAME" in {key.type, other.type} and other.type != key.type and other.type not in _BESIDE_CNAME:
                return other
            if key.type in ADDRESSING and other.type in ADDRESSING and other.set_identifier == key.set_identifier:
                return other
            if other.type == key.type and not (other.set_identifier and key.set_identifier):
                return other  # a set without identifier stands alone
        return None


def survey(rules: Rules, name: DnsName, at: ownership.At, wished: Collection[RecordKey] = ()) -> Standing:
    """Sort the sets at a name by owner. Without a registry, addresses and what is wished for are ours, all else is not."""
    standing = Standing()
    for records in at(name):
        key = records.key
        if rules.registry == "None":
            mine = key.type in ADDRESSING or key in wished
            (standing.own if mine else standing.foreign)[key] = records
            continue
        holding = rules.names.find(key, at, alias=fit.ALIAS in records.properties) if key.type in TYPES else None
        if holding is not None and rules.names.owns(holding):
            standing.own[key] = records
            standing.holdings[key] = holding
            continue
        standing.foreign[key] = records
        if holding is not None and holding.claim is not None:
            standing.owners[key] = holding.claim.owner
    return standing


@dataclass(frozen=True, slots=True)
class Mark:
    """One of our ownership TXT sets for a name: the type it speaks for, None for the legacy form without type."""

    type: str | None
    holding: ownership.Holding


def marks(rules: Rules, name: DnsName, at: ownership.At, places: Iterable[DnsName]) -> tuple[Mark, ...]:
    """Our ownership TXT sets that speak for this name, sought at these registry names."""
    found: dict[RecordKey, Mark] = {}
    for place in sorted(places):
        types = [type_ for subject, type_ in rules.names.subjects(place) if subject == name]
        if not types:
            continue
        for records in at(place):
            if records.key.type != "TXT" or records.key in found:
                continue
            holding = rules.names.holding(records)
            if rules.names.owns(holding):
                found[records.key] = Mark(types[0], holding)
    return tuple(found.values())
