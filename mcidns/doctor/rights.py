"""Rights one by one, as RBAC rules grant them and access reviews ask for them; asking lives in asking."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from mcidns.doctor import shipped
from mcidns.kube import kinds

Half = Literal["both", "decide", "program"]

_PROGRAM: Final = frozenset(
    (kind.group, kind.plural) for kind in (kinds.NAMESPACE, kinds.DNS_PROVIDER, kinds.DNS_ZONE, kinds.DNS_ENDPOINT, kinds.CRD)
)
_PROVIDERS: Final = (kinds.DNS_PROVIDER.group, kinds.DNS_PROVIDER.plural)
_READS: Final = frozenset({"get", "list", "watch"})
_MANAGED: Final = "mcidns-managed-clusters"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource; without `namespace` in the whole cluster, with `name` on the object of that name only."""

    group: str
    resource: str
    verb: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        """As `resourceAttributes` of an access review."""
        given = {"group": self.group, "resource": self.resource, "verb": self.verb, "subresource": self.subresource}
        return {key: value for key, value in {**given, "namespace": self.namespace, "name": self.name}.items() if value}

    @property
    def place(self) -> str:
        """What the verb is on, as people name it."""
        sub = f"/{self.subresource}" if self.subresource else ""
        group = f".{self.group}" if self.group else ""
        name = f" {self.name}" if self.name else ""
        return f"{self.resource}{sub}{group}{name}" + (f" in {self.namespace}" if self.namespace else "")


def of_rules(rules: Iterable[Mapping[str, Any]], namespace: str = "") -> Iterator[Right]:
    """What RBAC rules grant, within a namespace if one is given."""
    for rule in rules:
        for group in rule["apiGroups"]:
            for whole in rule["resources"]:
                resource, _, sub = whole.partition("/")
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames") or ("",):
                        yield Right(group, resource, verb, sub, namespace, name)


def of_host(
    half: Half, own: str, secrets_in: Iterable[str] = (), *, managed: bool = False, lease: str | None = None
) -> tuple[Right, ...]:
    """What docs/host-rbac.yaml says that a half needs, its Role in its `own` namespace.

    Secrets are read in these others too, and in those of `managed` clusters where OCM has them. `lease` is what `--lease` says,
    None for its default.
    """
    found: set[Right] = set()
    for role in shipped.roles("host"):
        if role["kind"] == "Role":
            found.update(right for one in of_rules(role["rules"], own) if (right := _of_lease(one, half, lease)) is not None)
            for namespace in secrets_in:
                found.update(one for one in of_rules(role["rules"], namespace) if one.resource == kinds.SECRET.plural)
        elif role["metadata"]["name"] != _MANAGED or (managed and half != "program"):
            found.update(right for right in of_rules(role["rules"]) if right.name or _is_of(half, right))
    return tuple(sorted(found))


def _of_lease(right: Right, half: Half, lease: str | None) -> Right | None:
    """The right as it is needed on the Lease of this name; none with `--lease=off`."""
    if right.resource != kinds.LEASE.plural:
        return right
    if lease == "off":
        return None
    default = kinds.LEASE_NAME if half == "both" else f"{kinds.LEASE_NAME}-{half}"
    return replace(right, name=lease or default) if right.name else right


def _is_of(half: Half, right: Right) -> bool:
    place = (right.group, right.resource)
    match half:
        case "both":
            return True
        case "decide":
            return place != _PROVIDERS
        case "program":
            told = place == (kinds.EVENT.group, kinds.EVENT.plural)
            status = right.subresource == "status" and place in _PROGRAM
            return told or status or (place in _PROGRAM and not right.subresource and right.verb in _READS)


def of_member(*, gateways: bool = True) -> tuple[Right, ...]:
    """What docs/member-rbac.yaml grants; without those on the Gateway API where the member does not serve it."""
    [role] = [one for one in shipped.roles("member") if one["kind"] == "ClusterRole"]
    found = of_rules(role["rules"])
    return tuple(sorted(right for right in found if gateways or right.group != kinds.GATEWAY_GROUP))


def spelled(missing: Iterable[Right]) -> str:
    """Rights for people: verbs joined by what they are on."""
    by_place: dict[str, list[str]] = {}
    for right in sorted(missing):
        by_place.setdefault(right.place, []).append(right.verb)
    return "; ".join(f"{', '.join(verbs)} {place}" for place, verbs in by_place.items())
