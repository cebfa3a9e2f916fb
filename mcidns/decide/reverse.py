"""PTR records for the addresses that names are served at, where that is asked for; what the names hold never depends on them.

One address has one PTR: of several names of one object the first has it, of several objects the oldest claim (by the rule for
rivals that holds for every name). A DNSZone under in-addr.arpa or ip6.arpa must hold the address, and let the namespace claim it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from msgspec import Struct

from mcidns.decide import admission
from mcidns.decide.admission import Refusal
from mcidns.model import targets
from mcidns.model.decisions import Condition, NameDecision, Programming, World
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.records import Intent, RecordSet, Untouched, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.targets import InvalidTarget
from mcidns.model.zones import Zone

PROPERTY = "record-type"
"""ExternalDNS's provider-specific property; its value `ptr` asks for PTR records of an A or AAAA record's addresses."""

SHOWN = 5
_UNTOLD = ("Pending", "the zones' workers have not taken it up yet")


class Forward(Struct, frozen=True, gc=False):
    """A name and the values it is served with, addresses or not; `ttl` in seconds. `why` is set while nothing may be written.

    `withdrawn` are values known to be served no more although others may still be (as in Wish).
    """

    name: DnsName
    values: tuple[str, ...]
    ttl: int
    withdrawn: tuple[str, ...] = ()
    why: str = ""


class Claimant(Struct, frozen=True, gc=False):
    """Whose names they are, as in Wish; `labels` are those of the namespace."""

    source: ObjectRef
    claimed_at: float
    labels: Mapping[str, str]
    orphan: bool = False


class Reverse(Struct, frozen=True, gc=False):
    """What the reverse zones are asked for, `programmed` the names among it that a provider serves, `refusals` the rest."""

    intents: tuple[Intent, ...] = ()
    programmed: tuple[DnsName, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def of(forward: Iterable[Forward], claimant: Claimant, zones: Sequence[Zone]) -> Reverse:
    """The PTR records of these names, in this order; a wildcard has none, for no address has its name.

    What is withdrawn is asked to hold nothing; of addresses that are not spoken of here the zone's worker knows whether the
    object could be judged wholly, and leaves their records until it could (law 1).
    """
    reverse_zones = [zone for zone in zones if zone.domain.is_reverse]
    intents: dict[DnsName, Intent] = {}
    programmed: list[DnsName] = []
    refusals: dict[DnsName, Refusal] = {}
    asked = [one for one in forward if not one.name.is_wildcard]
    for one in asked:
        for value in one.values:
            name = _name(value)
            if name is None or name in intents or name in refusals:
                continue
            zone = _zone(name, value, claimant, reverse_zones)
            if isinstance(zone, Refusal):
                refusals[name] = zone
                continue
            intents[name] = _intent(name, one, claimant, zone)
            if zone.provider is not None:
                programmed.append(name)
    withdrawn = {_name(value) for one in asked for value in one.withdrawn}
    for name in sorted(name for name in withdrawn if name is not None and name not in intents):
        intents[name] = Wish(claimant.source, name, (), claimant.claimed_at)
    return Reverse(tuple(intents.values()), tuple(programmed), tuple(refusals.values()))


def of_host(host: Host, names: Iterable[NameDecision], world: World) -> Reverse:
    """The PTR records of what a decision serves; none for a host that does not ask."""
    if not host.ptr:
        return Reverse()
    order = {name: place for place, name in enumerate(host.hostnames)}
    forward = []
    for decided in sorted(names, key=lambda one: (order.get(one.name, len(order)), one.name)):
        match decided.intent:
            case Untouched(why=why):
                forward.append(Forward(decided.name, decided.targets, decided.ttl, why=why))
            case Wish(withdrawn=withdrawn):
                forward.append(Forward(decided.name, decided.targets, decided.ttl, tuple(withdrawn)))
            case _:
                assert_never(decided.intent)
    labels = dict(world.namespace_labels)
    return of(forward, Claimant(host.ref, host.created_at, labels, host.deletion_policy == "Orphan"), world.zones)


def condition(found: Reverse, programming: Sequence[Programming]) -> Condition:
    """ReversePublished: the addresses that can have no PTR first, then what became of the others."""
    if found.refusals:
        told = "; ".join(_cut([refusal.message for refusal in found.refusals]))
        return Condition("ReversePublished", "False", found.refusals[0].reason, told)
    if not found.intents:
        return Condition("ReversePublished", "Unknown", "NothingToProgram", "no address is served that could have a PTR record")
    if not found.programmed:
        told = "the reverse zones have no provider: only the DNSEndpoint asks for PTR records, by the property record-type"
        return Condition("ReversePublished", "Unknown", "DNSEndpointOnly", told)
    seen = {entry.name: entry for entry in programming}
    entries = [seen.get(name) for name in found.programmed]
    bad = [entry for entry in entries if entry is not None and entry.state in {"Failed", "Held"}]
    if bad:
        told = "; ".join(_cut([f"{entry.name.relative}: {entry.message}" for entry in sorted(bad, key=lambda one: one.name)]))
        return Condition("ReversePublished", "False", bad[0].reason, told)
    if any(entry is None or entry.state == "Pending" for entry in entries):
        return Condition("ReversePublished", "Unknown", *_UNTOLD)
    return Condition("ReversePublished", "True", "Programmed", "every address served has its PTR record")


def _name(value: str) -> DnsName | None:
    try:
        target = targets.parse(value)
    except InvalidTarget:
        return None
    return None if isinstance(target, DnsName) else targets.reverse_name(target)


def _zone(name: DnsName, address: str, claimant: Claimant, zones: Sequence[Zone]) -> Zone | Refusal:
    zone = admission.match(name, zones)
    if isinstance(zone, Zone):
        return admission.refusal(zone, name, claimant.source.namespace, claimant.labels) or zone
    if zone.reason != "NoMatchingZone":
        return zone
    said = f"{address} has no PTR: no DNSZone holds {name.relative}; create one for a reverse zone above it, or ask for none"
    return Refusal("NoReverseZone", said)


def _intent(name: DnsName, forward: Forward, claimant: Claimant, zone: Zone) -> Intent:
    if forward.why:
        return Untouched(claimant.source, name, forward.why)
    pointer = RecordSet.of(name, "PTR", admission.clamp(forward.ttl, zone.ttl), [forward.name.text])
    return Wish(claimant.source, name, (pointer,), claimant.claimed_at, orphan=claimant.orphan)


def _cut(texts: Sequence[str]) -> list[str]:
    return [*texts[:SHOWN], *([f"and {len(texts) - SHOWN} more"] if len(texts) > SHOWN else [])]
