"""KubeFed's Domain and DNS records read into values, and their status into Memory; writing either lives elsewhere."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mcidns.hub import globalhost, metadata
from mcidns.hub.fields import Fields, short
from mcidns.hub.metadata import Metadata, Raw
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model import targets
from mcidns.model.decisions import Memory, Reason, Remembered
from mcidns.model.hosts import Host, HostKind, Readiness
from mcidns.model.kubefed import DEFAULT_TTL, Domain, Scheme
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.references import SourceKind, SourceRef
from mcidns.model.targets import InvalidTarget

COMPATIBILITY: Final = "mcidns.io/compatibility"
"""Annotation of a record; the value `kubefed` brings back what KubeFed did where mcidns does otherwise on purpose."""

LONGEST_TTL: Final = 2**31 - 1
"""Seconds (RFC 2181 §8); what lies above a zone's bounds is clamped there."""

MOST_TARGETS: Final = 100
"""KubeFed published every address."""


def domain(obj: Raw) -> Domain | Unreadable:
    """Read a Domain."""
    problems: list[Problem] = []
    about = metadata.read(obj, "Domain", problems)
    name = Fields(obj, "", problems).name("domain")
    if name is not None and name.is_wildcard:
        problems.append(Problem("domain", f"{name.relative} is a wildcard", "write a domain such as example.org"))
    return metadata.unreadable(about, problems) if problems or name is None else Domain(about.ref.name, name)


def service(obj: Raw, domains: Mapping[str, Domain | Unreadable], home: str) -> Host | Unreadable:
    """Read a ServiceDNSRecord. `domains` are the Domain objects of `home`, the namespace in which KubeFed looked for them."""
    problems: list[Problem] = []
    about = metadata.read(obj, "ServiceDNSRecord", problems)
    spec = Fields(obj, "", problems).child("spec")
    compatible = _as_kubefed(about, problems)
    readiness = Readiness(mode="Ignore") if spec.flag("allowServiceWithoutEndpoints") else Readiness()
    host = _host(about, "Service", spec, readiness, is_compatible=compatible)
    scheme = _scheme(about, spec, domains, home)
    return metadata.unreadable(about, problems) if problems else replace(host, scheme=scheme)


def ingress(obj: Raw) -> Host | Unreadable:
    """Read an IngressDNSRecord. A host that is no name stands in `invalid_hostnames`, the others are served."""
    problems: list[Problem] = []
    about = metadata.read(obj, "IngressDNSRecord", problems)
    spec = Fields(obj, "", problems).child("spec")
    # KubeFed did not look behind an Ingress.
    compatible = _as_kubefed(about, problems)
    host = _host(about, "Ingress", spec, Readiness(mode="Ignore") if compatible else Readiness(), is_compatible=compatible)
    names: list[DnsName] = []
    invalid: list[str] = []
    for text in spec.texts("hosts"):
        try:
            names.append(DnsName.parse(text))
        except InvalidName as error:
            invalid.append(str(error))
    if problems:
        return metadata.unreadable(about, problems)
    if not names and not invalid:
        invalid.append("no name is given; name at least one, such as www.example.org")
    return replace(host, hostnames=tuple(dict.fromkeys(names)), invalid_hostnames=tuple(dict.fromkeys(invalid)))


def memory(obj: Raw) -> Memory:
    """What a restart goes on from. Where only KubeFed's own part of the status is there, it tells the last addresses.

    So it is when KubeFed itself wrote it, or its own schema dropped the rest of ours.
    """
    found = globalhost.memory(obj)
    if found.clusters:
        return found
    entries = Fields(obj, "", []).child("status").children("dns")
    told = {entry.text("cluster"): entry for entry in entries if entry.text("cluster")}
    clusters = [
        Remembered(cluster, addresses, entry.text("region"), eligible=True, reason=Reason.READY.value)
        for cluster, entry in sorted(told.items())
        if (addresses := _addresses(entry))
    ]
    return replace(found, clusters=tuple(clusters))


def _as_kubefed(about: Metadata, problems: list[Problem]) -> bool:
    value = dict(about.annotations).get(COMPATIBILITY)
    if value not in (None, "kubefed"):
        field = f"metadata.annotations[{COMPATIBILITY}]"
        problems.append(Problem(field, f"is {short(str(value))!r}", "write kubefed, or remove the annotation"))
    return value == "kubefed"


def _host(about: Metadata, source: SourceKind, spec: Fields, readiness: Readiness, *, is_compatible: bool) -> Host:
    kind: HostKind = "ServiceDNSRecord" if source == "Service" else "IngressDNSRecord"
    return Host(
        namespace=about.ref.namespace,
        name=about.ref.name,
        uid=about.uid,
        created_at=about.created_at,
        generation=about.generation,
        source=SourceRef(source, about.ref.namespace, about.ref.name),
        ttl=spec.number("recordTTL", 0, 0, LONGEST_TTL) or DEFAULT_TTL,
        max_targets=MOST_TARGETS,
        readiness=readiness,
        when_none_healthy="Withdraw" if is_compatible else "ServeAll",
        kind=kind,
    )


def _scheme(about: Metadata, spec: Fields, domains: Mapping[str, Domain | Unreadable], home: str) -> Scheme:
    ref = spec.text("domainRef", need="required")
    label = spec.text("externalName")
    missing = f"spec.domainRef: there is no Domain {ref[:80]} in namespace {home}; create it there, or correct the reference"
    found = domains.get(ref)
    if isinstance(found, Unreadable):
        spec.refuse("domainRef", f"Domain {home}/{ref} cannot be used ({found.message})", "correct the Domain")
        found = None
    return Scheme(
        stem=f"{label or about.ref.name}.{about.ref.namespace}.{ref}.svc",
        domain=found.domain if found is not None else None,
        missing=missing if found is None else "",
        prefix=spec.text("dnsPrefix"),
        renamed=bool(label),
    )


def _addresses(entry: Fields) -> tuple[str, ...]:
    found = []
    for point in entry.child("loadBalancer").children("ingress"):
        text = point.text("ip") or point.text("hostname")
        try:
            target = targets.parse(text)
        except InvalidTarget:
            continue  # a status that somebody else has garbled
        found.append(target.relative if isinstance(target, DnsName) else str(target))
    return tuple(dict.fromkeys(found))
