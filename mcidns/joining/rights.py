"""What mcidns is in a member: its account and its rights, from the one file that says them; putting them there lives in join."""

from dataclasses import dataclass, field
from typing import Any, Final

from mcidns.doctor import shipped
from mcidns.hub.dnsendpoint import MANAGED_BY, MANAGER
from mcidns.kube import kinds
from mcidns.kube.client import Object
from mcidns.kube.kinds import Kind

NAMESPACE: Final = "mcidns-system"
ACCOUNT: Final = "mcidns"
ROLE: Final = "mcidns-member"
LABELS: Final = {MANAGED_BY: MANAGER}

_KINDS: Final = {
    kind.kind: kind for kind in (kinds.NAMESPACE, kinds.SERVICE_ACCOUNT, kinds.CLUSTER_ROLE, kinds.CLUSTER_ROLE_BINDING)
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object that shall be there; `body` is all that is asked of it. `shared`: one of somebody else's will do."""

    kind: Kind
    namespace: str
    name: str
    body: Object = field(repr=False)
    shared: bool = False

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


def manifests(namespace: str = NAMESPACE) -> tuple[Wanted, ...]:
    """The member's objects in the order in which they need each other, with the account in this namespace."""
    return tuple(_placed(obj, namespace) for obj in shipped.roles("member"))


def binding_name(namespace: str) -> str:
    """The ClusterRoleBinding of the account in this namespace: there may be one for each."""
    return ROLE if namespace == NAMESPACE else f"{ROLE}-{namespace}"


def _placed(obj: Any, namespace: str) -> Wanted:
    kind, metadata = _KINDS[obj["kind"]], dict(obj["metadata"])
    inside = ""
    match kind:
        case kinds.NAMESPACE:
            metadata["name"] = namespace
        case kinds.SERVICE_ACCOUNT:
            inside = metadata["namespace"] = namespace
        case kinds.CLUSTER_ROLE_BINDING:
            metadata["name"] = binding_name(namespace)
            obj = obj | {"subjects": [{**one, "namespace": namespace} for one in obj["subjects"]]}
    body = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")} | {"metadata": metadata}
    return Wanted(kind, inside, metadata["name"], body, shared=kind is kinds.NAMESPACE)
