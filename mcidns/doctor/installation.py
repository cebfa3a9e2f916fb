"""Pure checks of what a host cluster holds besides claims and zones: Secrets, Deployments, the Lease, members' objects."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mcidns.doctor import catalogue
from mcidns.doctor.findings import Finding, NotChecked, Outcome
from mcidns.doctor.site import DeploymentSeen, MemberSeen, Site, ZoneSeen, known
from mcidns.hub import times
from mcidns.hub.unreadable import Unreadable
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.zones import Zone

EXTERNAL_DNS: Final = "external-dns"
_DEFAULT_OWNER: Final = "default"
"""Of every ExternalDNS until it is told otherwise."""


def secrets(site: Site) -> Outcome:
    """Labelled Secrets of the controller's namespace: whether they can become members."""
    own = [one for one in known(site.labelled) if one.namespace == site.namespace]
    broken = [
        catalogue.SECRET_UNUSABLE.found(
            f"Secret {one.namespace}/{one.name}: {one.offer.message}", namespace=one.namespace, name=one.name
        )
        for one in own
        if isinstance(one.offer, Unreadable)
    ]
    return Outcome.of(broken, f"{len(own)} labelled")


def misplaced(site: Site) -> Outcome:
    """Labelled Secrets of other namespaces, which nobody reads."""
    labelled = known(site.labelled)
    if site.elsewhere_unseen:
        raise NotChecked(f"other namespaces than {site.namespace}: {site.elsewhere_unseen}")
    return Outcome.of(
        catalogue.SECRET_MISPLACED.found(
            f"Secret {one.namespace}/{one.name} is labelled mcidns.io/cluster and is not in {site.namespace}",
            found=one.namespace,
            name=one.name,
            namespace=site.namespace,
        )
        for one in labelled
        if one.namespace != site.namespace
    )


def controllers(site: Site) -> Outcome:
    """Whether mcidns runs, as far as a Deployment says so."""
    known(site.deployments)
    found = site.controllers
    if not found:
        return Outcome(note="no Deployment is labelled app.kubernetes.io/name=mcidns; it may run elsewhere")
    down = [
        catalogue.CONTROLLER_DOWN.found(
            f"Deployment {one.namespace}/{one.name} has {one.ready} of {one.wanted} replicas ready",
            namespace=one.namespace,
            name=one.name,
        )
        for one in found
        if not one.ready
    ]
    return Outcome.of(down, "; ".join(f"{one.namespace}/{one.name}: {one.ready} of {one.wanted} ready" for one in found))


def leader(site: Site) -> Outcome:
    """Whether somebody leads; without a Lease there is no election, and nothing to say."""
    found = known(site.leases)
    if not found:
        return Outcome(note="no Lease: no election")
    one = found[0]
    parts = {"namespace": site.namespace, "name": one.name}
    if not one.holder:
        return Outcome((catalogue.LEADER_STALE.found(f"Lease {site.namespace}/{one.name} has no holder", **parts),))
    age = site.now - one.renewed if one.renewed is not None else None
    if age is None or age > one.duration:
        when = "never" if age is None else f"{times.span(age)} ago"
        what = f"{one.holder} holds Lease {site.namespace}/{one.name}, renewed {when}; it is good for {one.duration:g} s"
        return Outcome((catalogue.LEADER_STALE.found(what, **parts),))
    return Outcome(note=f"{one.holder} leads")


def members(site: Site) -> Outcome:
    """Whether there is anybody to follow."""
    found, hosts = known(site.members), known(site.hosts)
    needy = [one for one in hosts if one.host is None or not (isinstance(one.host, Host) and one.host.static_targets)]
    if needy and not found:
        what = f"{len(needy)} object(s) claim names for sources in members, and there is no MemberCluster"
        return Outcome((catalogue.NO_MEMBERS.found(what, namespace=site.namespace),))
    return Outcome(note=f"{len(found)} members")


def member(one: MemberSeen, now: float) -> Outcome:
    """What a MemberCluster's own object says: a drain without an end, one cluster twice."""
    return Outcome.of((*_drain(one, now), *_twice(one)))


def _drain(one: MemberSeen, now: float) -> Iterator[Finding]:
    drain = one.spec.cluster.drain if not isinstance(one.spec, Unreadable) else None
    if drain is None or (drain.until is not None and drain.until > now):
        return
    since = one.told.of("Drained").since
    ago = f" for {times.span(now - since)}" if since is not None else ""
    end = f"until {times.render(drain.until)}, which has passed" if drain.until is not None else "without an end"
    reason = f" ({drain.reason})" if drain.reason else ""
    yield catalogue.DRAIN_ENDLESS.found(f"{one.name} is drained{ago} {end}{reason}", name=one.name)


def _twice(one: MemberSeen) -> Iterator[Finding]:
    said = one.told.of("Duplicate")
    if said.status == "True":
        yield catalogue.MEMBER_TWICE.found(said.message, name=one.name)


@dataclass(frozen=True, slots=True)
class Rival:
    """An ExternalDNS: whose records it takes for its own, and where it may write. No `domains`: everywhere."""

    deployment: DeploymentSeen
    owner: str
    domains: tuple[DnsName, ...]
    writes: bool


def rivals(site: Site) -> Outcome:
    """ExternalDNS beside us: our owner id, or our domain."""
    found = [rival for one in known(site.deployments) if (rival := external_dns(one)) is not None]
    zones = [one for one in known(site.zones) if isinstance(one.zone, Zone) and one.zone.provider is not None]
    listed = ", ".join(f"{one.deployment.namespace}/{one.deployment.name} as {one.owner}" for one in found)
    return Outcome.of(
        (finding for one in found if one.writes for zone in zones for finding in _rivalry(one, zone)),
        f"{listed}" if found else "no ExternalDNS in this cluster",
    )


def _rivalry(rival: Rival, seen: ZoneSeen) -> Iterator[Finding]:
    zone = seen.zone
    if isinstance(zone, Unreadable) or not _meets(rival, zone.domain):
        return
    place = f"{rival.deployment.namespace}/{rival.deployment.name}"
    parts = {"namespace": rival.deployment.namespace, "name": rival.deployment.name}
    if rival.owner in (zone.owner_id, *zone.registry.former_owners):
        yield catalogue.EXTERNAL_DNS_OWNER.found(
            f"Deployment {place} writes as owner {rival.owner!r}, which is an owner of DNSZone {seen.name}", **parts
        )
    else:
        where = "every domain" if not rival.domains else ", ".join(one.relative for one in rival.domains)
        yield catalogue.EXTERNAL_DNS_DOMAIN.found(
            f"Deployment {place} (owner {rival.owner!r}) may write in {where}, and so in DNSZone {seen.name}",
            **parts,
            domain=zone.domain.relative,
        )


def _meets(rival: Rival, domain: DnsName) -> bool:
    return not rival.domains or any(domain.inside(one) or one.inside(domain) for one in rival.domains)


def external_dns(deployment: DeploymentSeen) -> Rival | None:
    """A Deployment read as an ExternalDNS, by its image or its flags; its flags may stand in its environment too."""
    flags = _flags(deployment)
    by_image = any(EXTERNAL_DNS in image.rpartition("/")[2] for image in deployment.images)
    if not by_image and "txt-owner-id" not in flags:
        return None
    domains = [name for text in flags.get("domain-filter", ()) for part in text.split(",") if (name := _name(part)) is not None]
    policy = (flags.get("policy") or ("sync",))[-1]
    return Rival(
        deployment=deployment,
        owner=(flags.get("txt-owner-id") or (_DEFAULT_OWNER,))[-1],
        domains=tuple(domains),
        writes=deployment.wanted > 0 and "dry-run" not in flags and policy in ("sync", "upsert-only", "create-only"),
    )


def _flags(deployment: DeploymentSeen) -> dict[str, tuple[str, ...]]:
    """Flags with all their values, as `--flag=value`, `--flag value` or EXTERNAL_DNS_FLAG, where lines are values."""
    found: dict[str, tuple[str, ...]] = {}
    words = list(deployment.args)
    for position, word in enumerate(words):
        if not word.startswith("--"):
            continue
        flag, equals, value = word.removeprefix("--").partition("=")
        follows = words[position + 1] if position + 1 < len(words) and not words[position + 1].startswith("--") else ""
        found[flag] = (*found.get(flag, ()), value if equals else follows)
    for key, value in deployment.env:
        if key.startswith("EXTERNAL_DNS_") and value:
            flag = key.removeprefix("EXTERNAL_DNS_").lower().replace("_", "-")
            found.setdefault(flag, tuple(line for line in value.splitlines() if line))
    return found


def _name(text: str) -> DnsName | None:
    try:
        return DnsName.parse(text.strip().removeprefix("."))
    except InvalidName:
        return None
