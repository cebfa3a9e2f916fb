"""A GlobalHost read into a Host, and its status into the Memory that a restart goes on from; writing either lives elsewhere."""

from typing import Final, get_args

from mcidns.hub import health as healths
from mcidns.hub import history, metadata, routing, selection, times
from mcidns.hub.fields import Fields, short
from mcidns.hub.metadata import Metadata, Raw
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.decisions import Memory, Reason, Remembered
from mcidns.model.hosts import (
    DeletionPolicy,
    Host,
    OnUnknown,
    Selection,
    StaticTarget,
    WhenNoneHealthy,
)
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.references import ClusterName, SourceKind, SourceRef
from mcidns.model.routing import MAX_WEIGHT

MAX_TTL: Final = 604_800

FAILBACK: Final = "mcidns.io/failback"
"""Annotation: clusters that failback has held back since this time (RFC 3339) or longer may serve again."""

_SOURCES: Final[tuple[SourceKind, ...]] = get_args(SourceKind)
_UNKNOWN: Final[tuple[OnUnknown, ...]] = get_args(OnUnknown)
_NONE_HEALTHY: Final[tuple[WhenNoneHealthy, ...]] = get_args(WhenNoneHealthy)
_DELETION: Final[tuple[DeletionPolicy, ...]] = get_args(DeletionPolicy)


def parse(obj: Raw) -> Host | Unreadable:
    """Read a GlobalHost. A name that is none stands in `invalid_hostnames`; any other mistake makes the object Unreadable."""
    problems: list[Problem] = []
    about = metadata.read(obj, "GlobalHost", problems)
    spec = Fields(obj, "", problems).child("spec")
    host = _host(about, spec)
    return metadata.unreadable(about, problems) if problems else host


def _host(about: Metadata, spec: Fields) -> Host:
    hostnames, invalid = _hostnames(spec)
    asked, unread = _failback(about)
    source, health = spec.child("source"), spec.child("health")
    host = Host(
        namespace=about.ref.namespace,
        name=about.ref.name,
        uid=about.uid,
        created_at=about.created_at,
        generation=about.generation,
        source=SourceRef(source.choice("kind", _SOURCES, "Ingress"), about.ref.namespace, source.text("name") or about.ref.name),
        hostnames=hostnames,
        invalid_hostnames=invalid,
        static_targets=_static_targets(spec),
        clusters=_clusters(spec.child("clusters")),
        ttl=spec.number("ttl", None, 1, MAX_TTL),
        max_targets=spec.number("maxTargets", 8, 1, 100),
        routing=routing.read(spec.child("routing")),
        readiness=healths.readiness(health.child("readiness")),
        probe=healths.probe(health),
        damping=healths.damping(health.child("damping")),
        on_unknown=health.choice("onUnknown", _UNKNOWN, "Keep"),
        stale_after=health.duration("staleAfter", 3600.0),
        address_grace=health.duration("addressGrace", 300.0),
        when_none_healthy=spec.choice("whenNoneHealthy", _NONE_HEALTHY, "ServeAll"),
        fallback=spec.targets("fallback"),
        min_healthy_clusters=spec.number("minHealthyClusters", 1, 0, 512),
        deletion_policy=spec.choice("deletionPolicy", _DELETION, "Delete"),
        ptr=spec.flag("ptr"),
        failback_asked=asked,
        unread=unread,
    )
    if host.when_none_healthy == "Fallback" and not host.fallback:
        spec.refuse("fallback", "is empty, and whenNoneHealthy is Fallback", "name at least one address, or choose another")
    return host


def _hostnames(spec: Fields) -> tuple[tuple[DnsName, ...], tuple[str, ...]]:
    names: list[DnsName] = []
    invalid: list[str] = []
    for path, item in spec.items("hostnames"):
        if not isinstance(item, str):
            invalid.append(f"{path.removeprefix('spec.')} is no text; write a host name such as www.example.org")
            continue
        try:
            names.append(DnsName.parse(item))
        except InvalidName as error:
            invalid.append(str(error))
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(invalid))


def _static_targets(spec: Fields) -> tuple[StaticTarget, ...]:
    found: dict[str, StaticTarget] = {}
    for entry in spec.children("staticTargets"):
        name = entry.text("name", need="required")
        addresses = entry.targets("addresses")
        if not addresses:
            entry.refuse("addresses", "holds no address", "name at least one address, or remove the entry")
        if name in found:
            entry.refuse("name", f"{name!r} stands twice", "give each static target a name of its own")
        found[name] = StaticTarget(name, addresses, entry.text("region"), entry.number("weight", 1, 0, MAX_WEIGHT))
    return tuple(found.values())


def _clusters(fields: Fields) -> Selection:
    if not fields.has("names"):
        return Selection(None, selection.read(fields.child("selector")))
    if fields.has("selector"):
        fields.refuse("selector", "stands beside names", "give names or selector, not both")
    return Selection(tuple(sorted({ClusterName(name) for name in fields.texts("names")})))


def _failback(about: Metadata) -> tuple[float | None, tuple[str, ...]]:
    """The time that was asked for. A mistyped one must not take the whole object out of work while regions fail."""
    text = dict(about.annotations).get(FAILBACK, "").strip()
    asked = times.parse(text) if text else None
    if not text or asked is not None:
        return asked, ()
    return None, (f"metadata.annotations[{FAILBACK}]: {short(text)!r} is no time; use `mcidns failback {about.ref.name}`",)


def memory(obj: Raw) -> Memory:
    """Read back what publish.status wrote; whatever somebody else has garbled is not remembered."""
    status = Fields(obj, "", []).child("status")
    return Memory(
        clusters=tuple(_remembered(entry) for entry in status.children("targets") if entry.text("cluster")),
        published=_published(status),
        served=status.texts("served"),
        hostnames=_claimed(status),
        resolved=_by_name(status, "resolved", "addresses"),
        withdrawn=_by_name(status, "withdrawn", "values"),
    )


def _remembered(entry: Fields) -> Remembered:
    reason = entry.text("reason")
    return Remembered(
        cluster=entry.text("cluster"),
        targets=entry.texts("addresses"),
        region=entry.text("region"),
        eligible=entry.flag("eligible"),
        reason=reason,
        since=_time(entry, "since") or 0.0,
        blank_since=_time(entry, "blankSince"),
        unknown_since=_time(entry, "unknownSince"),
        ready=entry.number("ready", 0, 0, 2**63 - 1),
        total=entry.number("total", 0, 0, 2**63 - 1),
        static=entry.flag("static") or reason == Reason.STATIC,
        history=history.read(entry),
        role=entry.text("role"),
        role_since=_time(entry, "roleSince"),
    )


def _published(status: Fields) -> tuple[tuple[DnsName, tuple[str, ...]], ...]:
    found: dict[DnsName, tuple[str, ...]] = {}
    for entry in status.children("hostnames"):
        name = _name(entry)
        if name is not None and entry.has("targets"):
            found[name] = (*found.get(name, ()), *entry.texts("targets"))
    return tuple(sorted(found.items()))


def _claimed(status: Fields) -> tuple[DnsName, ...]:
    entries = [entry for entry in status.children("hostnames") if entry.raw("claimed") is not False]
    return tuple(dict.fromkeys(name for entry in entries if (name := _name(entry)) is not None))


def _by_name(status: Fields, key: str, values: str) -> tuple[tuple[DnsName, tuple[str, ...]], ...]:
    return tuple((name, entry.texts(values)) for entry in status.children(key) if (name := _name(entry)) is not None)


def _name(entry: Fields) -> DnsName | None:
    text = entry.text("name")
    try:
        return DnsName.parse(text)
    except InvalidName:
        return None


def _time(entry: Fields, key: str) -> float | None:
    return times.parse(entry.text(key))
