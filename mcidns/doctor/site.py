"""A host cluster as an examination needs it: objects parsed once, and why some could not be seen; reading is in reading."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from mcidns.doctor.findings import NotChecked
from mcidns.hub import dnszone, globalhost, times
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.hub.fields import Fields
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.metadata import Raw
from mcidns.hub.unreadable import Unreadable
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.references import ObjectRef
from mcidns.model.secrets import Secret
from mcidns.model.zones import Zone

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unseen:
    """Objects that could not be listed, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """One condition of an object. `since` in unix seconds."""

    status: str
    reason: str
    message: str
    since: float | None = None


NOTHING_SAID = Said("", "", "")


@dataclass(frozen=True, slots=True)
class Told:
    """What the controller wrote of an object; `current` when that is about the object as it stands now."""

    conditions: tuple[tuple[str, Said], ...]
    current: bool

    def of(self, type_: str) -> Said:
        """A condition; empty where there is none."""
        return dict(self.conditions).get(type_, NOTHING_SAID)


@dataclass(frozen=True, slots=True)
class Row:
    """A record set that the controller published for a host, as its status tells."""

    name: DnsName
    type: str
    values: tuple[str, ...]
    ttl: int | None
    set_identifier: str


@dataclass(frozen=True, slots=True)
class HostSeen:
    """An object that claims names. Without `host` it is a record of KubeFed, of which only what was told counts."""

    ref: ObjectRef
    host: Host | Unreadable | None
    told: Told
    rows: tuple[Row, ...] = ()
    no_address: tuple[str, ...] = ()
    claimed: tuple[DnsName, ...] = ()

    @property
    def names(self) -> tuple[DnsName, ...]:
        """Every name that it claims, by its spec or, where they come from the source, by its status."""
        declared = self.host.hostnames if isinstance(self.host, Host) else ()
        return tuple(dict.fromkeys((*declared, *self.claimed)))


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """A MemberCluster."""

    name: str
    spec: MemberSpec | Unreadable
    told: Told


@dataclass(frozen=True, slots=True)
class ZoneSeen:
    """A DNSZone; `digest` is that of its last plan."""

    name: str
    zone: Zone | Unreadable
    told: Told
    digest: str


@dataclass(frozen=True, slots=True)
class ProviderSeen:
    """A DNSProvider."""

    name: str
    spec: ProviderSpec | Unreadable


@dataclass(frozen=True, slots=True)
class SecretSeen:
    """A Secret labelled as a member's; what it holds is only judged, not kept."""

    namespace: str
    name: str
    offer: GeneratedMember | Unreadable | None


@dataclass(frozen=True, slots=True)
class DeploymentSeen:
    """A Deployment as far as it may be mcidns or an ExternalDNS. `app` is its label app.kubernetes.io/name."""

    namespace: str
    name: str
    app: str
    account: str
    wanted: int
    ready: int
    images: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LeaseSeen:
    """The Lease by which one controller leads; times in seconds, `renewed` in unix seconds."""

    name: str
    holder: str
    renewed: float | None
    duration: float


@dataclass(frozen=True, slots=True)
class NamespaceSeen:
    """A Namespace."""

    name: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that was read of a host cluster. `secrets` are those of the controller's and the members' namespaces, by place.

    `elsewhere_unseen`: why labelled Secrets of other namespaces are not among `labelled`; empty where they are.
    `managed`: Open Cluster Management lists clusters here. `now` in unix seconds.
    """

    namespace: str
    now: float
    hosts: tuple[HostSeen, ...] | Unseen = ()
    members: tuple[MemberSeen, ...] | Unseen = ()
    zones: tuple[ZoneSeen, ...] | Unseen = ()
    providers: tuple[ProviderSeen, ...] | Unseen = ()
    labelled: tuple[SecretSeen, ...] | Unseen = ()
    elsewhere_unseen: str = ""
    deployments: tuple[DeploymentSeen, ...] | Unseen = ()
    leases: tuple[LeaseSeen, ...] | Unseen = ()
    namespaces: tuple[NamespaceSeen, ...] | Unseen = ()
    managed: bool = False
    secrets: Mapping[tuple[str, str], Mapping[str, Secret] | Unseen | None] = field(default_factory=dict, repr=False)

    @property
    def controllers(self) -> tuple[DeploymentSeen, ...]:
        """Deployments of mcidns, the controller's namespace first; none where they could not be seen."""
        found = self.deployments if not isinstance(self.deployments, Unseen) else ()
        return tuple(
            sorted((one for one in found if one.app == "mcidns"), key=lambda one: (one.namespace != self.namespace, one.name))
        )


def known(found: tuple[T, ...] | Unseen) -> tuple[T, ...]:
    """What was seen. Raises NotChecked with the reason where it was not."""
    if isinstance(found, Unseen):
        raise NotChecked(found.why)
    return found


def told(obj: Raw) -> Told:
    """The conditions of an object, and whether they are about its present generation."""
    status, about = Fields(obj, "", []).child("status"), Fields(obj, "", []).child("metadata")
    rows = status.children("conditions")
    said = tuple(
        (
            one.text("type"),
            Said(one.text("status"), one.text("reason"), one.text("message"), times.parse(one.text("lastTransitionTime"))),
        )
        for one in rows
    )
    most = 2**63 - 1
    generation = about.number("generation", 0, 0, most)
    seen = [status.number("observedGeneration", -1, -1, most), *(one.number("observedGeneration", -1, -1, most) for one in rows)]
    return Told(said, bool(said) and max(seen) >= generation)


def host_seen(ref: ObjectRef, obj: Raw) -> HostSeen:
    """A GlobalHost or one of KubeFed's records."""
    status = Fields(obj, "", []).child("status")
    if ref.kind != "GlobalHost":
        return HostSeen(ref, None, told(obj))
    found = globalhost.parse(obj)
    rows = tuple(row for entry in status.children("hostnames") if (row := _row(entry)) is not None)
    return HostSeen(
        ref=ref,
        host=found,
        told=told(obj),
        rows=rows,
        no_address=tuple(
            one.text("cluster") for one in status.children("targets") if one.text("reason") in ("NoAddress", "LastAddress")
        ),
        claimed=globalhost.memory(obj).hostnames,
    )


def zone_seen(obj: Raw, name: str) -> ZoneSeen:
    """A DNSZone."""
    plan = Fields(obj, "", []).child("status").child("lastPlan")
    return ZoneSeen(name, dnszone.parse(obj), told(obj), plan.text("digest"))


def _row(entry: Fields) -> Row | None:
    type_ = entry.text("recordType")
    if not type_ or not entry.has("targets"):
        return None
    try:
        name = DnsName.parse(entry.text("name"))
    except InvalidName:
        return None
    ttl = entry.number("ttl", 0, 0, 2**31) or None
    return Row(name, type_, entry.texts("targets"), ttl, entry.text("setIdentifier"))


def deployment(obj: Raw) -> DeploymentSeen:
    """A Deployment."""
    top = Fields(obj, "", [])
    about, spec = top.child("metadata"), top.child("spec")
    pod = spec.child("template").child("spec")
    containers = pod.children("containers")
    return DeploymentSeen(
        namespace=about.text("namespace"),
        name=about.text("name"),
        app=_app(dict(about.pairs("labels"))),
        account=pod.text("serviceAccountName") or "default",
        wanted=spec.number("replicas", 1, 0, 2**31),
        ready=top.child("status").number("readyReplicas", 0, 0, 2**31),
        images=tuple(one.text("image") for one in containers),
        args=tuple(text for one in containers for text in (*one.texts("command"), *one.texts("args"))),
        env=tuple((entry.text("name"), entry.text("value")) for one in containers for entry in one.children("env")),
    )


def _app(labels: dict[str, str]) -> str:
    """By name; what the chart installs under another name is still a part of mcidns."""
    part_of = labels.get("app.kubernetes.io/part-of", "")
    return part_of if part_of == "mcidns" else labels.get("app.kubernetes.io/name", "")


def lease(obj: Raw) -> LeaseSeen:
    """A Lease."""
    spec = Fields(obj, "", []).child("spec")
    name = Fields(obj, "", []).child("metadata").text("name")
    duration = spec.number("leaseDurationSeconds", 15, 0, 2**31)
    return LeaseSeen(name, spec.text("holderIdentity"), times.parse(spec.text("renewTime")), float(duration))
