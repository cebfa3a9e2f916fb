"""Claims by annotation (`mcidns.io/hostname` and its kin) turned into the GlobalHost they ask for; applying it lives in publish/.

The family on FederatedIngress, FederatedService, Ingress, Service, Gateway and the routes of the Gateway API: `hostname` (names,
comma between; `auto`: those of the rules, or those that listeners and routes share), `ttl` (seconds, or a duration), `target`
(addresses or a host name in place of what the members report: one static target, and no member takes part), `probe-path` (asked
for by HTTP, or by HTTPS where an Ingress of the host cluster has TLS), and those on routing, which policies.py reads.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mcidns.hub import annotated, generated, metadata, policies, templates
from mcidns.hub.fields import Fields
from mcidns.hub.generated import GeneratedHost, Owner, ProbeAsked
from mcidns.hub.metadata import Metadata, Pairs, Raw
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.hosts import Selection
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.references import GATEWAY_KINDS, ROUTES, ObjectRef, SourceKind, SourceRef
from mcidns.model.routing import Routing
from mcidns.model.targets import Target

PREFIX: Final = "mcidns.io/"
EXTERNAL_DNS: Final = ("external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/")
SHARED: Final = ("hostname", "ttl", "target")
"""Those that ExternalDNS has too."""
KEYS: Final = (*SHARED, "probe-path", "ptr", *policies.KEYS)
AUTO: Final = "auto"

_SOURCES: Final[Mapping[str, SourceKind]] = {
    "FederatedIngress": "Ingress",
    "FederatedService": "Service",
    "Ingress": "Ingress",
    "Service": "Service",
    "Gateway": "Gateway",
    **{kind: kind for kind in ROUTES},
}


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """An object whose annotations claim no name: what was made of it goes. `problems` are keys that therefore do nothing."""

    ref: ObjectRef
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberObject:
    """A source of one member, as far as claims go. `rule_hosts` are the names of its rules, or those it shares with listeners."""

    cluster: str
    source: SourceRef
    annotations: Pairs
    rule_hosts: tuple[str, ...] = ()


_NAMELESS: Final = "no name is shared by the route and the listeners of a Gateway that accepted it"

Claimed = GeneratedHost | Unreadable | Unclaimed


@dataclass(frozen=True, slots=True)
class _Asked:
    hostnames: tuple[DnsName, ...]
    ttl: int | None
    targets: tuple[Target, ...]
    probe_path: str = ""
    ptr: bool = False
    routing: Routing | None = None


def of_object(obj: Raw, kind: str, *, external_dns: bool = False) -> Claimed:
    """The claim of an object of the host cluster.

    `external_dns`: ExternalDNS's annotations count where ours are absent.
    """
    problems: list[Problem] = []
    about = metadata.read(obj, kind, problems)
    given = _given(about.annotations, external_dns=external_dns)
    stray = _stray(about.annotations, given)
    if "hostname" not in given:
        return Unclaimed(about.ref, stray)
    spec = Fields(obj, "", problems).child("spec")
    federated = kind.startswith("Federated")
    template = spec.child("template").child("spec") if federated else spec
    source_kind = _SOURCES[kind]
    clusters = templates.placement(spec.child("placement")) if federated else None
    hosts = templates.rule_hosts(template) if source_kind == "Ingress" else ()
    if problems:
        return metadata.unreadable(about, problems)
    told = list(stray)
    # What the listeners of each member make of a route's names shows only there: no names means those of the source.
    from_source = source_kind in GATEWAY_KINDS and given["hostname"][1].strip().lower() == AUTO
    asked = _asked(given, hosts, source_kind, told, from_source=from_source)
    if asked is None:
        return metadata.unreadable(about, told)
    return GeneratedHost(
        namespace=about.ref.namespace,
        name=about.ref.name,
        source_kind=source_kind,
        origin=kind,
        owner=_owner(obj, about),
        hostnames=asked.hostnames,
        ttl=asked.ttl,
        targets=asked.targets,
        routing=asked.routing,
        clusters=Selection(()) if asked.targets else clusters,
        probe=_probe(asked.probe_path, secured=source_kind == "Ingress" and bool(template.children("tls"))),
        ptr=asked.ptr,
        problems=tuple(sorted(set(told))),
    )


def of_members(objects: Iterable[MemberObject], *, external_dns: bool = False) -> Claimed | None:
    """The one claim of an object that bears annotations in several members: all names, the lowest TTL.

    None without objects. Members are not named in it, so that one that cannot be asked is not taken out.
    """
    present = sorted(objects, key=lambda item: item.cluster)
    if not present:
        return None
    source = present[0].source
    ref = ObjectRef(source.kind, source.namespace, source.name)
    told: list[Problem] = []
    asked: list[_Asked] = []
    claiming = False
    for item in present:
        given = _given(item.annotations, external_dns=external_dns)
        mistakes = list(_stray(item.annotations, given))
        if "hostname" in given:
            claiming = True
            found = _asked(given, item.rule_hosts, source.kind, mistakes)
            asked += [found] if found is not None else []
        told += [Problem(f"{item.cluster}: {one.field}", one.problem, one.remedy) for one in mistakes]
    if not asked:
        problems = tuple(sorted(set(told)))
        return Unreadable(ref, "", 0, problems) if claiming else Unclaimed(ref, problems)
    routing = _agreed(present[0].cluster, asked, told)
    ttls = [one.ttl for one in asked if one.ttl is not None]
    replaced = generated.order(tuple(target for one in asked for target in one.targets))
    return GeneratedHost(
        namespace=source.namespace,
        name=source.name,
        source_kind=source.kind,
        origin=f"member-{source.kind}",
        hostnames=tuple(sorted({name for one in asked for name in one.hostnames})),
        ttl=min(ttls, default=None),
        targets=replaced,
        routing=routing,
        clusters=Selection(()) if replaced else None,
        probe=_probe(max(one.probe_path for one in asked), secured=False),
        ptr=any(one.ptr for one in asked),
        problems=tuple(sorted(set(told))),
    )


def _agreed(cluster: str, asked: Sequence[_Asked], told: list[Problem]) -> Routing | None:
    """The policy of the first that names one; the copies in the other members should not say otherwise."""
    found = [one.routing for one in asked if one.routing is not None]
    if len(set(found)) > 1:
        where = f"{cluster} and others: {annotated.path(PREFIX + 'routing')}"
        told.append(Problem(where, "differs between the members", "annotate all copies alike, or only one"))
    return found[0] if found else None


def _given(annotations: Pairs, *, external_dns: bool) -> dict[str, tuple[str, str]]:
    """Per key of the family the annotation's full name and value; our own stand above ExternalDNS's."""
    values = dict(annotations)
    found: dict[str, tuple[str, str]] = {}
    for prefix in (PREFIX, *(EXTERNAL_DNS if external_dns else ())):
        for key in KEYS if prefix == PREFIX else SHARED:
            if prefix + key in values:
                found.setdefault(key, (prefix + key, values[prefix + key]))
    return found


def _stray(annotations: Pairs, given: Mapping[str, tuple[str, str]]) -> tuple[Problem, ...]:
    keys = {name.removeprefix(PREFIX) for name, _ in annotations if name.startswith(PREFIX)}
    unknown = [
        Problem(annotated.path(PREFIX + key), "is no annotation that this version knows", f"remove it; known are {', '.join(KEYS)}")
        for key in keys.difference(KEYS)
    ]
    if "hostname" not in given:
        unknown += [
            Problem(annotated.path(PREFIX + key), f"does nothing without {PREFIX}hostname", f"add {PREFIX}hostname, or remove it")
            for key in keys.intersection(KEYS)
        ]
    return tuple(sorted(unknown))


def _asked(
    given: Mapping[str, tuple[str, str]],
    hosts: Sequence[str],
    kind: SourceKind,
    told: list[Problem],
    *,
    from_source: bool = False,
) -> _Asked | None:
    """What the annotations ask for; None where no name, or no target of a wanted override, can be read.

    `from_source`: no names are to be found here, as the source in the members has them.
    """
    names = () if from_source else _hostnames(*given["hostname"], hosts, kind, told)
    replaced = annotated.targets(*given["target"], told) if "target" in given else ()
    if from_source and replaced:
        told.append(
            Problem(annotated.path(given["target"][0]), "stands beside auto, which no member then answers", "write the names")
        )
        return None
    if not (names or from_source) or replaced is None:
        return None
    ttl = annotated.ttl(*given["ttl"], told) if "ttl" in given else None
    ptr = "ptr" in given and annotated.truth(*given["ptr"], told)
    probe_path = annotated.probe_path(*given["probe-path"], told) if "probe-path" in given else ""
    return _Asked(names, ttl, replaced, probe_path, ptr, policies.read(given, told))


def _hostnames(key: str, value: str, hosts: Sequence[str], kind: SourceKind, told: list[Problem]) -> tuple[DnsName, ...]:
    wanted: list[str] = []
    for text in annotated.parts(value):
        if text.lower() != AUTO:
            wanted.append(text)
        elif kind == "Service":
            told.append(Problem(annotated.path(key), "is auto, but a Service has no rules that name hosts", "write the names"))
        elif not hosts and kind in GATEWAY_KINDS:
            told.append(Problem(annotated.path(key), f"is auto, but {_NAMELESS}", "write the names, or only auto"))
        elif not hosts:
            told.append(
                Problem(annotated.path(key), "is auto, but no rule of the Ingress names a host", "write the names, or add a rule")
            )
        else:
            wanted.extend(hosts)
    if not annotated.parts(value):
        told.append(Problem(annotated.path(key), "is empty", "write a host name, or auto, or remove the annotation"))
    names: list[DnsName] = []
    for text in wanted:
        try:
            names.append(DnsName.parse(text))
        except InvalidName as error:
            told.append(Problem(annotated.path(key), str(error), "correct the name"))
    return tuple(dict.fromkeys(names))


def _probe(path: str, *, secured: bool) -> ProbeAsked | None:
    return ProbeAsked("HTTPS" if secured else "HTTP", path) if path else None


def _owner(obj: Raw, about: Metadata) -> Owner | None:
    version = obj.get("apiVersion")
    if not about.uid or not isinstance(version, str):
        return None
    return Owner(version, about.ref.kind, about.ref.name, about.uid)
