"""A DNSZone read into a Zone; which names fall into it is decided elsewhere."""

from typing import Final, Literal, get_args

from mcidns.hub import metadata, selection
from mcidns.hub.fields import Fields, short
from mcidns.hub.metadata import Metadata, Raw
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.hosts import Requirement
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.zones import DEFAULT_PREFIX, Affix, Encryption, Grant, Guard, Registry, RegistryType, TtlBounds, Zone, ZonePolicy

APPROVE_PLAN: Final = "mcidns.io/approve-plan"
"""Annotation by which a person lets a held plan pass; its value is the plan's digest."""

_POLICIES: Final[tuple[ZonePolicy, ...]] = get_args(ZonePolicy)
_REGISTRIES: Final[tuple[RegistryType, ...]] = get_args(RegistryType)
_WRITES: Final[tuple[Literal["Plain", "Encrypted"], ...]] = ("Plain", "Encrypted")
_MAX_TTL: Final = 2**31 - 1
_TEMPLATE: Final = "%{record_type}"


def parse(obj: Raw) -> Zone | Unreadable:
    """Read a DNSZone."""
    problems: list[Problem] = []
    about = metadata.read(obj, "DNSZone", problems)
    spec = Fields(obj, "", problems).child("spec")
    domain = spec.name("domain")
    if domain is not None and domain.is_wildcard:
        spec.refuse("domain", f"{domain.relative} is a wildcard", "name the zone itself, such as example.org")
    zone = None if domain is None else _zone(about, domain, spec)
    return metadata.unreadable(about, problems) if problems or zone is None else zone


def _zone(about: Metadata, domain: DnsName, spec: Fields) -> Zone:
    return Zone(
        name=about.ref.name,
        domain=domain,
        owner_id=_owner(spec),
        provider=spec.child("providerRef").text("name", need="required") if spec.has("providerRef") else None,
        policy=spec.choice("policy", _POLICIES, "Sync"),
        registry=_registry(spec.child("registry")),
        grants=tuple(_grant(fields) for fields in spec.children("grants")),
        allowed_targets=spec.networks("allowedTargets"),
        ttl=_bounds(spec.child("ttl")),
        guard=_guard(spec.child("guard")),
        resync=_resync(spec),
        generation=about.generation,
        approved_plan=dict(about.annotations).get(APPROVE_PLAN, "").strip(),
    )


def _owner(spec: Fields) -> str:
    owner = spec.text("ownerID", need="required")
    if owner and len(owner) < 4:
        spec.refuse("ownerID", f"{owner!r} has fewer than 4 characters", "choose one that no other controller uses")
    if owner == "default":
        spec.refuse("ownerID", "is what every ExternalDNS uses until told otherwise", "choose one of your own")
    if len(owner) > 64 or any(character in ',="\\' or not character.isprintable() or character.isspace() for character in owner):
        spec.refuse("ownerID", f"{short(owner)!r} cannot stand in a TXT record", "use at most 64 letters, digits, '.', '_' and '-'")
    return owner


def _registry(fields: Fields) -> Registry:
    affix = _affix(fields)
    if not fields.has("prefix") and not affix.suffix:
        affix = Affix(DEFAULT_PREFIX, "", affix.wildcard)
    return Registry(
        type=fields.choice("type", _REGISTRIES, "TXT"),
        write=affix,
        read_also=tuple(_affix(entry) for entry in fields.children("readAlso")),
        former_owners=_former(fields),
        encryption=_encryption(fields.child("encryption")) if fields.has("encryption") else None,
    )


def _former(fields: Fields) -> tuple[str, ...]:
    """ExternalDNS takes nearly any text for an owner id, and `default` is a frequent one."""
    found = fields.texts("formerOwners")
    for position, owner in enumerate(found):
        if not owner or len(owner) > 253 or any(c in ',="\\' or not c.isprintable() or c.isspace() for c in owner):
            fields.refuse(
                f"formerOwners[{position}]", f"{short(owner)!r} cannot stand in a TXT record", "write the id as it stands there"
            )
    return tuple(dict.fromkeys(found))


def _encryption(fields: Fields) -> Encryption:
    return Encryption(
        secret_name=fields.child("secretRef").text("name", need="required"),
        writes=fields.choice("write", _WRITES, "Plain") == "Encrypted",
    )


def _affix(fields: Fields) -> Affix:
    affix = Affix(fields.text("prefix"), fields.text("suffix"), fields.text("wildcardReplacement"))
    if affix.prefix and affix.suffix:
        fields.refuse("suffix", "stands beside prefix", "give prefix or suffix, not both")
    for key, text in (("prefix", affix.prefix), ("suffix", affix.suffix), ("wildcardReplacement", affix.wildcard)):
        plain = text.replace(_TEMPLATE, "")
        allowed = "-_" if key == "wildcardReplacement" else "-_."
        if not all(character in allowed or (character.isascii() and character.isalnum()) for character in plain):
            fields.refuse(key, f"{short(text)!r} cannot stand in a name", "use letters, digits, '-', '_' and, in an affix, '.'")
        elif plain != plain.lower():
            fields.refuse(key, f"{short(text)!r} has capitals, by which ownership would be lost", "write it in lower case")
    return affix


def _grant(fields: Fields) -> Grant:
    for path, item in fields.items("names"):
        try:
            DnsName.parse(item if isinstance(item, str) else "")
        except InvalidName as error:
            fields.problems.append(Problem(path, str(error), "write a name, or '*.' and a suffix"))
    return Grant(
        namespaces=tuple(sorted(set(fields.texts("namespaces")))),
        requirements=_requirements(fields),
        names=tuple(sorted(set(fields.texts("names")))),
    )


def _requirements(fields: Fields) -> tuple[Requirement, ...]:
    found = selection.read(fields.child("namespaceSelector"))
    if fields.has("namespaceSelector") and not found and fields.texts("namespaces"):
        # An empty selector selects every namespace; beside a list of names one of the two cannot be meant.
        fields.refuse("namespaceSelector", "is empty, which selects every namespace", "remove it, or remove namespaces")
    return found


def _bounds(fields: Fields) -> TtlBounds:
    low = fields.number("min", 1, 1, _MAX_TTL)
    high = fields.number("max", 86400, 1, _MAX_TTL)
    default = fields.number("default", 30, 1, _MAX_TTL)
    if low > high:
        fields.refuse("min", f"{low} is above max {high}", "set min to at most max")
    elif not low <= default <= high:
        fields.refuse("default", f"{default} is outside of {low} to {high}", "set default between min and max")
    return TtlBounds(low, high, default)


def _guard(fields: Fields) -> Guard:
    return Guard(fields.number("maxEmptiedPercent", 30, 0, 100), fields.number("minNames", 10, 1, 1_000_000))


def _resync(spec: Fields) -> float:
    seconds = spec.duration("resync", 300.0)
    if seconds < 1:
        spec.refuse("resync", f"{spec.text('resync')!r} is below 1s", "write a duration of at least 1s, such as 5m")
    return seconds
