"""Builders for the unit tests of the route53 provider: record sets of example.org and changes of them."""

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency

ZONE = DnsName("example.org.")


def records(host: str, type_: str, *values: str, ttl: int = 60, setid: str = "", **properties: str) -> RecordSet:
    """A set of the zone, `@` its apex; properties as `weight="10"` for `aws/weight`, `alias="true"` as it is."""
    name = ZONE if host == "@" else DnsName(f"{host}.{ZONE}")
    pairs = {key if key == "alias" else f"aws/{key.replace('_', '-')}": value for key, value in properties.items()}
    return RecordSet(RecordKey(name, type_, setid), ttl, tuple(sorted(values)), tuple(sorted(pairs.items())))


def change(*edits: tuple[RecordSet | None, RecordSet | None], urgency: Urgency = Urgency.ADD) -> Change:
    """One change of (old, new) pairs."""
    made = []
    for old, new in edits:
        either = new or old
        assert either is not None
        made.append(Edit(either.key, old, new))
    return Change(made[0].key.name, tuple(made), urgency)
