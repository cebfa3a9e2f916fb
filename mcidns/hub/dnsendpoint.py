"""A DNSEndpoint of any origin read into rows; making record sets of them lives in program/."""

from dataclasses import dataclass
from typing import Final

from mcidns.hub import metadata
from mcidns.hub.fields import Fields
from mcidns.hub.metadata import Metadata, Raw
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.kube import kinds
from mcidns.model.references import ObjectRef

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "mcidns"

_PREFIXES: Final = {"ServiceDNSRecord": "service-", "IngressDNSRecord": "ingress-"}


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One entry of `spec.endpoints` as it stands there, names and values unchecked. `ttl` None: unset."""

    dns_name: str
    record_type: str
    targets: tuple[str, ...]
    ttl: int | None = None
    set_identifier: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointClaim:
    """One DNSEndpoint. A row that cannot be read is left out and told in `problems`; the others stand.

    `owner` is the GlobalHost or record that its owner references name. `managed_by_us`: it was made for that one.
    """

    ref: ObjectRef
    uid: str
    created_at: float
    generation: int
    labels: metadata.Pairs
    rows: tuple[EndpointRow, ...]
    managed_by_us: bool = False
    owner: ObjectRef | None = None
    problems: tuple[Problem, ...] = ()


def parse(obj: Raw) -> EndpointClaim | Unreadable:
    """Read a DNSEndpoint; Unreadable when the object as a whole is broken, not when a row is."""
    problems: list[Problem] = []
    about = metadata.read(obj, "DNSEndpoint", problems)
    spec = Fields(obj, "", problems).child("spec")
    entries = spec.items("endpoints")
    if problems:
        return metadata.unreadable(about, problems)
    rows: list[EndpointRow] = []
    told: list[Problem] = []
    for path, item in entries:
        mistakes: list[Problem] = []
        row = _row(Fields(item, path, mistakes))
        if mistakes:
            told += mistakes
        else:
            rows.append(row)
    owner = _owning_host(obj, about)
    managed = _is_ours(about, owner)
    return EndpointClaim(
        ref=about.ref,
        uid=about.uid,
        created_at=about.created_at,
        generation=about.generation,
        labels=about.labels,
        rows=tuple(rows),
        managed_by_us=managed,
        owner=owner,
        problems=tuple(sorted(set(told))),
    )


def name_for(host: ObjectRef) -> str:
    """The name of a host's DNSEndpoint: its own, and for records with the prefix that KubeFed gave it."""
    return _PREFIXES.get(host.kind, "") + host.name


def _is_ours(about: Metadata, owner: ObjectRef | None) -> bool:
    """Either mark will do, so that an object from which somebody took one is repaired and not taken for a stranger's."""
    if owner is not None:
        return name_for(owner) == about.ref.name
    return dict(about.labels).get(MANAGED_BY) == MANAGER


def _owning_host(obj: Raw, about: Metadata) -> ObjectRef | None:
    for reference in Fields(obj, "", []).child("metadata").children("ownerReferences"):
        kind = reference.text("kind")
        known = kinds.HOSTS.get(kind)
        if known is not None and reference.text("apiVersion").startswith(f"{known.group}/"):
            return ObjectRef(kind, about.ref.namespace, reference.text("name"))
    return None


def _row(fields: Fields) -> EndpointRow:
    ttl = fields.number("recordTTL", None, 0, 2**31 - 1)
    return EndpointRow(
        dns_name=fields.text("dnsName", need="required"),
        record_type=fields.text("recordType", need="required").upper(),
        targets=fields.texts("targets"),
        ttl=ttl or None,
        set_identifier=fields.text("setIdentifier"),
        labels=fields.pairs("labels"),
        properties=tuple(
            sorted((entry.text("name", need="required"), entry.text("value")) for entry in fields.children("providerSpecific"))
        ),
    )
