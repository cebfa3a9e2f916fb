"""Values for the tests of mcidns.program, with defaults for whatever a test does not speak of."""

from collections.abc import Callable, Iterable

from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordSet, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Affix, Registry, RegistryType, Zone, ZonePolicy
from mcidns.program import ownership
from mcidns.program.standing import Rules
from mcidns.program.wanted import Wanted
from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES

OWNER = "mcidns-test"
Content = dict[DnsName, tuple[RecordSet, ...]]


def name(text: str) -> DnsName:
    """A name of example.org by its left part; empty for the apex; absolute names as they are."""
    return DnsName(text if text.endswith(".") else f"{text}.example.org." if text else "example.org.")


def ref(text: str = "web", kind: str = "GlobalHost", namespace: str = "shop") -> ObjectRef:
    return ObjectRef(kind, namespace, text)


def records(host: str, type_: str = "A", *values: str, ttl: int = 30) -> RecordSet:
    return RecordSet.of(name(host), type_, ttl, values or ("192.0.2.1",))


def txt(place: str, owner: str = OWNER, resource: str = "globalhost/shop/web", **labels: str) -> RecordSet:
    """An ownership TXT as mcidns writes it."""
    return records(place, "TXT", ownership.write(owner, resource, clusters=labels.get("clusters", ""), orphan="orphan" in labels))


def content(*sets: RecordSet) -> Content:
    found: Content = {}
    for one in sets:
        found[one.name] = tuple(sorted((*found.get(one.name, ()), one)))
    return found


def at(held: Content) -> ownership.At:
    return lambda wanted: held.get(wanted, ())


def zone(
    label: str = "example",
    domain: str = "example.org",
    *,
    policy: ZonePolicy = "Sync",
    registry: RegistryType = "TXT",
    **fields: object,
) -> Zone:
    affixes = {key: fields.pop(key) for key in ("write", "read_also", "former_owners", "encryption") if key in fields}
    base = Zone(label, DnsName.parse(domain), OWNER, policy=policy, registry=Registry(type=registry, **affixes))  # type: ignore[arg-type]  # a builder
    return base if not fields else _replaced(base, fields)


def _replaced(base: Zone, fields: dict[str, object]) -> Zone:
    from dataclasses import replace

    return replace(base, **fields)  # type: ignore[arg-type]  # a builder


def rules(base: Zone | None = None, capabilities: Capabilities | None = None) -> Rules:
    return Rules.of(base or zone(), capabilities or Capabilities(types=TYPES, compare_and_set=True))


def affix(prefix: str = "", suffix: str = "", wildcard: str = "") -> Affix:
    return Affix(prefix, suffix, wildcard)


def wanted(host: str, *sets: RecordSet, source: ObjectRef | None = None, **fields: object) -> Wanted:
    source = source or ref()
    label = ownership.resource_label(source)
    given: dict[str, object] = {"causes": (source,), "labels": frozenset({label}), "resource": label, **fields}
    return Wanted(name(host), sets, **given)  # type: ignore[arg-type]  # a builder


def wish(host: str, *values: str, source: ObjectRef | None = None, type_: str = "A", ttl: int = 30, **fields: object) -> Wish:
    """A wish for one set of values; no values: for nothing."""
    sets = (records(host, type_, *values, ttl=ttl),) if values else ()
    given: dict[str, object] = {"claimed_at": 1.0, **fields}
    return Wish(source or ref(), name(host), sets, **given)  # type: ignore[arg-type]  # a builder


def carried_out(held: Content, changes: Iterable[Change]) -> Content:
    """The content after the changes; every edit must find what it expects."""
    after = dict(held)
    for change in changes:
        for edit in change.edits:
            found = next((one for one in after.get(edit.key.name, ()) if one.key == edit.key), None)
            assert (found.values if found else None) == (edit.old.values if edit.old else None), f"{edit.key} is not as expected"
            others = tuple(one for one in after.get(edit.key.name, ()) if one.key != edit.key)
            left = others if edit.new is None else tuple(sorted((*others, edit.new)))
            after.pop(edit.key.name, None)
            if left:
                after[edit.key.name] = left
    return after


def written(changes: Iterable[Change]) -> dict[str, tuple[str, ...]]:
    """What the changes leave, by key; checks left out."""
    return {
        str(edit.key): edit.new.values if edit.new is not None else ()
        for change in changes
        for edit in change.edits
        if not edit.is_check
    }


Clock = Callable[[], float]
