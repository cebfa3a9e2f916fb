"""Why a host's targets are served or not, read off what the controller wrote of its one Decision; nothing is decided again here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcidns.hub import times
from mcidns.hub.fields import Fields
from mcidns.model.decisions import Reason
from mcidns.model.hosts import Host

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was looked at: what it says, in words, and for how many seconds it has; None where nobody noted that."""

    name: str
    value: str
    age: float | None = None


@dataclass(frozen=True, slots=True)
class TargetAccount:
    """One cluster of a host. `age` is that of the verdict, in seconds; `rule` the rule that decided, `remedy` what changes it."""

    cluster: str
    region: str
    addresses: tuple[str, ...]
    serves: bool
    eligible: bool
    verdict: str
    age: float | None
    message: str
    signals: tuple[Signal, ...]
    rule: str
    remedy: str


@dataclass(frozen=True, slots=True)
class NameAccount:
    """What one name holds in DNS, one entry per record set."""

    name: str
    record_type: str
    targets: tuple[str, ...]
    ttl: int | None
    set_identifier: str = ""


@dataclass(frozen=True, slots=True)
class HostAccount:
    """Everything there is to say on a host. `stale` when its status speaks of an older generation of the spec."""

    namespace: str
    name: str
    names: tuple[NameAccount, ...]
    targets: tuple[TargetAccount, ...]
    conditions: tuple[tuple[str, str, str, str], ...]
    lost: tuple[tuple[str, str], ...]
    stale: bool


def of(host: Host, obj: Object, members: Mapping[str, Object], now: float) -> HostAccount:
    """Read a GlobalHost and the MemberClusters it names; `now` in unix seconds."""
    status = Fields(dict(obj), "", []).child("status")
    return HostAccount(
        namespace=host.namespace,
        name=host.name,
        names=tuple(_name(row) for row in status.children("hostnames")),
        targets=tuple(_target(host, row, members, now) for row in status.children("targets")),
        conditions=tuple(
            (one.text("type"), one.text("status"), one.text("reason"), one.text("message")) for one in status.children("conditions")
        ),
        lost=tuple((one.text("hostname"), one.text("winner")) for one in status.children("claims")),
        stale=status.number("observedGeneration", 0, 0, 2**63 - 1) < host.generation,
    )


def _name(row: Fields) -> NameAccount:
    ttl = row.number("ttl", 0, 0, 2**31) or None
    return NameAccount(row.text("name"), row.text("recordType"), row.texts("targets"), ttl, row.text("setIdentifier"))


def _target(host: Host, row: Fields, members: Mapping[str, Object], now: float) -> TargetAccount:
    reason, role, cluster = row.text("reason"), row.text("role"), row.text("cluster")
    eligible = row.flag("eligible")
    serves = eligible and role in ("", "Serving")
    decisive = reason if serves or not eligible else role
    return TargetAccount(
        cluster=cluster,
        region=row.text("region"),
        addresses=row.texts("addresses"),
        serves=serves,
        eligible=eligible,
        verdict=decisive,
        age=_age(row, "since" if decisive == reason else "roleSince", now),
        message=row.text("message"),
        signals=_signals(host, row, members.get(cluster), now),
        rule=RULES.get(decisive, ""),
        remedy=_remedy(decisive, host, cluster),
    )


def _signals(host: Host, row: Fields, member: Object | None, now: float) -> tuple[Signal, ...]:
    found = [_api(row, member, now)]
    blank = _age(row, "blankSince", now)
    found.append(Signal("load balancer", ", ".join(row.texts("addresses")) or "no address", None))
    if blank is not None:
        found[-1] = Signal("load balancer", "its status shows no address", blank)
    total = row.number("total", 0, 0, 2**63 - 1)
    if total:
        ready = row.number("ready", 0, 0, 2**63 - 1)
        found.append(Signal("endpoints", f"{ready} of {total} ready; {_readiness(host)}", _age(row, "turningSince", now)))
    if host.probe is not None:
        found += _probes(row, now)
    penalty = row.number("penalty", 0, 0, 2**63 - 1)
    if penalty and host.damping is not None:
        age = _age(row, "penaltySince", now) or 0.0
        left = round(penalty * 0.5 ** (age / host.damping.half_life))
        found.append(Signal("damping", f"{left} points, suppressed above {host.damping.suppress_above}", age))
    drain = _drain(member)
    if drain:
        found.append(Signal("drain", drain))
    if row.text("role"):
        found.append(Signal("routing", row.text("role"), _age(row, "roleSince", now)))
    return tuple(found)


def _api(row: Fields, member: Object | None, now: float) -> Signal:
    unknown = _age(row, "unknownSince", now)
    condition = _condition(member, "Reachable")
    why = f" ({condition.get('reason')}: {condition.get('message')})" if condition.get("status") == "False" else ""
    if unknown is not None:
        return Signal("cluster API", f"silent{why}", unknown)
    if member is None:
        return Signal("cluster API", "not a member of the fleet" if not row.flag("static") else "not a Kubernetes cluster")
    return Signal("cluster API", f"silent{why}" if why else "answers", _since(condition, now))


def _probes(row: Fields, now: float) -> list[Signal]:
    found = [
        Signal(
            f"probe of {one.text('address')}", f"{one.text('state')}: {one.text('detail')}".rstrip(": "), _age(one, "since", now)
        )
        for one in row.children("probes")
    ]
    if not found:
        found.append(Signal("probe", row.text("probe") or "passing"))
    return found


def _readiness(host: Host) -> str:
    rule = host.readiness
    if rule.mode == "Ignore":
        return "not looked at (mode Ignore)"
    percent = f" and {rule.min_ready_percent} %" if rule.min_ready_percent else ""
    return f"{rule.min_ready}{percent} wanted of {'any' if rule.mode == 'Any' else 'every'} Service"


def _drain(member: Object | None) -> str:
    wanted = Fields(dict(member or {}), "", []).child("spec")
    if not wanted.has("drain"):
        return ""
    drain = wanted.child("drain")
    until = f", until {drain.text('until')}" if drain.has("until") else ""
    return f"asked for{until}: {drain.text('reason') or 'no reason given'}"


def _condition(member: Object | None, type_: str) -> Mapping[str, Any]:
    rows: Sequence[Any] = ((member or {}).get("status") or {}).get("conditions") or ()
    return next((row for row in rows if isinstance(row, Mapping) and row.get("type") == type_), {})


def _since(condition: Mapping[str, Any], now: float) -> float | None:
    moment = times.parse(str(condition.get("lastTransitionTime", "")))
    return None if moment is None else max(0.0, now - moment)


def _age(row: Fields, key: str, now: float) -> float | None:
    moment = times.parse(row.text(key))
    return None if moment is None else max(0.0, now - moment)


RULES: Mapping[str, str] = {
    Reason.READY: "its API answers, enough endpoints are ready, and no probe speaks against it",
    Reason.STALE: "its API does not answer; unknown is not unhealthy, so its last known addresses stay",
    Reason.LAST_ADDRESS: "its load balancer shows no address for the moment; the last one stays for addressGrace",
    Reason.STATIC: "it is listed in spec.staticTargets",
    Reason.NOT_READY: "too few endpoints were ready for `fall` observations",
    Reason.PROBE_FAILED: "probes of its address failed `fall` times in a row",
    Reason.NOT_PROBED: "a new address waits for `rise` probes that pass",
    Reason.SUPPRESSED: "it fell too often and stays out until it has been steady (damping)",
    Reason.DRAINED: "a person took the cluster out of service",
    Reason.NO_ADDRESS: "its load balancer shows no address, and addressGrace is over",
    Reason.NOT_PLACED: "the object does not stand there, or placement or spec.clusters leaves the cluster out",
    Reason.CLUSTER_GONE: "the cluster left the fleet",
    Reason.UNKNOWN: "its API has not answered for longer than staleAfter, and onUnknown is Withdraw",
    Reason.NEVER_SEEN: "it was never read, and nothing is remembered of it",
    Reason.NOT_PERMITTED: "its addresses may not be published in this zone",
    Reason.UNRESOLVED: "the host name of its load balancer does not resolve",
    "Standby": "others before it in routing.failover.order serve",
    "HeldBack": "it is well again, but failback is manual or its delay is not over",
    "NotInOrder": "routing.failover.order names neither it nor its region",
    "LastResort": "its weight is 0, so it serves only when no other can",
    "NotInRules": "no rule of routing.geo names it",
    "NoRegion": "routing by latency needs its region, and it has none",
}
"""What decided, by the word in status: the rules of design §3, and the roles that a routing policy gives."""


def _remedy(word: str, host: Host, cluster: str) -> str:
    rule = host.readiness
    remedies: Mapping[str, str] = {
        Reason.READY: f"fewer than {rule.min_ready} ready endpoints {rule.fall} time(s) in a row would take it out",
        Reason.STALE: _stale(host),
        Reason.LAST_ADDRESS: f"an address in its status; after {host.address_grace:g} s without one it is withdrawn",
        Reason.STATIC: "only a change of spec.staticTargets",
        Reason.NOT_READY: f"at least {rule.min_ready} ready endpoint(s) {rule.rise} time(s) in a row; look at the Pods there",
        Reason.PROBE_FAILED: f"{host.probe.rise if host.probe else 1} probes in a row that pass; ask the address as the probe does",
        Reason.NOT_PROBED: f"{host.probe.rise if host.probe else 1} probes that pass; on a hub without a way to it none ever will",
        Reason.SUPPRESSED: "time without another fall; spec.health.damping sets how much",
        Reason.DRAINED: f"mcidns undrain {cluster}",
        Reason.NO_ADDRESS: "an address in the status of its Ingress or Service; look at its load balancer controller",
        Reason.NOT_PLACED: "the object in that cluster, in its placement, and selected by spec.clusters",
        Reason.CLUSTER_GONE: "the cluster joining the fleet again",
        Reason.UNKNOWN: f"its API answering again; kubectl get mc {cluster} says why it does not",
        Reason.NEVER_SEEN: f"its API answering once; kubectl get mc {cluster} says why it does not",
        Reason.NOT_PERMITTED: "an address within allowedTargets of the DNSZone",
        Reason.UNRESOLVED: "the name resolving again",
        "Standby": "one before it in the order failing",
        "HeldBack": f"mcidns failback {host.namespace}/{host.name}, or the end of the delay",
        "NotInOrder": "its name or region in routing.failover.order",
        "LastResort": "every other cluster failing, or a weight above 0",
        "NotInRules": "its name in a rule or in the default of routing.geo",
        "NoRegion": f"spec.region of MemberCluster {cluster}",
    }
    return remedies.get(word, "")


def _stale(host: Host) -> str:
    if host.on_unknown == "Keep":
        return "its API answering again; until then its addresses stay (onUnknown: Keep)"
    return f"its API answering again; after {host.stale_after:g} s of silence it is withdrawn (onUnknown: Withdraw)"
