"""The built-in resources every server starts with, as a table; their defaults and checks are in `admission`."""

from typing import Any, Final

from mcidns.emulator import events, fields
from mcidns.emulator.fields import Keyed, Names
from mcidns.emulator.resources import Column, Resource

_AGE: Final = Column("Age", ".metadata.creationTimestamp", "date")
_CONDITIONS: Final[dict[Names, Keyed]] = {("status", "conditions"): Keyed(("type",))}
_POD: Final[dict[Names, Keyed]] = {
    ("containers",): Keyed(("name",)),
    ("initContainers",): Keyed(("name",)),
    ("volumes",): Keyed(("name",)),
    ("containers", "env"): Keyed(("name",)),
    ("containers", "ports"): Keyed(("containerPort", "protocol"), (("protocol", "TCP"),)),
    ("containers", "volumeMounts"): Keyed(("mountPath",)),
    ("imagePullSecrets",): Keyed(("name",)),
}
_SELECTORS: Final = (("spec", "selector"),)


def _under(*prefix: str) -> dict[Names, Keyed]:
    return {prefix + names: keyed for names, keyed in _POD.items()}


_SERVICE: Final = fields.shape({("spec", "ports"): Keyed(("port", "protocol"), (("protocol", "TCP"),)), **_CONDITIONS}, _SELECTORS)
_PODS: Final = fields.shape({**_under("spec"), **_CONDITIONS})
_DEPLOYMENT: Final = fields.shape({**_under("spec", "template", "spec"), **_CONDITIONS}, _SELECTORS)
_ACCOUNT: Final = fields.shape({("secrets",): Keyed(("name",)), ("imagePullSecrets",): Keyed(("name",))})
_NODE: Final = fields.shape({**_CONDITIONS, ("status", "addresses"): Keyed(("type",)), ("spec", "podCIDRs"): Keyed()})
_CONDITIONED: Final = fields.shape(_CONDITIONS)


def _columns(*listed: tuple[str, str]) -> tuple[Column, ...]:
    return (*(Column(name, path) for name, path in listed), _AGE)


def _core(plural: str, kind: str, short: str = "", **more: Any) -> Resource:
    return Resource("", "v1", plural, kind, short_names=tuple(short.split()), **({"columns": (_AGE,)} | more))


def _grouped(group: str, plural: str, kind: str, short: str = "", **more: Any) -> Resource:
    return Resource(group, "v1", plural, kind, short_names=tuple(short.split()), **({"columns": (_AGE,)} | more))


def _rbac(plural: str, kind: str, *, namespaced: bool) -> Resource:
    return _grouped("rbac.authorization.k8s.io", plural, kind, namespaced=namespaced)


def _review(plural: str, kind: str, *, namespaced: bool = False) -> Resource:
    return _grouped("authorization.k8s.io", plural, kind, namespaced=namespaced, verbs=("create",))


_INVOLVED: Final = tuple(f"involvedObject.{key}" for key in ("kind", "namespace", "name", "uid", "apiVersion"))
_REGARDING: Final = tuple(f"regarding.{key}" for key in ("kind", "namespace", "name", "uid", "apiVersion"))
_EVENT: Final = _columns(("Type", ".type"), ("Reason", ".reason"), ("Object", ".involvedObject.name"), ("Message", ".message"))

CATALOGUE: Final[tuple[Resource, ...]] = (
    _core("namespaces", "Namespace", "ns", namespaced=False, status=True, shape=_CONDITIONED,
          columns=_columns(("Status", ".status.phase")), selectable=("status.phase",)),
    _core("services", "Service", "svc", status=True, keeps_generation=True, shape=_SERVICE, create_on_update=True,
          categories=("all",), selectable=("spec.clusterIP", "spec.type"), columns=_columns(
              ("Type", ".spec.type"), ("Cluster-IP", ".spec.clusterIP"),
              ("External-IP", ".status.loadBalancer.ingress[*].ip"), ("Port(s)", ".spec.ports[*].port"))),
    _core("secrets", "Secret", columns=_columns(("Type", ".type")), selectable=("type",)),
    _core("configmaps", "ConfigMap", "cm"),
    _core("pods", "Pod", "po", status=True, keeps_generation=True, shape=_PODS, categories=("all",),
          columns=_columns(("Status", ".status.phase")),
          selectable=("spec.nodeName", "status.phase", "spec.serviceAccountName", "status.podIP")),
    _core("nodes", "Node", "no", namespaced=False, status=True, shape=_NODE, selectable=("spec.unschedulable",)),
    _core("serviceaccounts", "ServiceAccount", "sa", shape=_ACCOUNT, extra={"token": "TokenRequest"}),
    _core("endpoints", "Endpoints", "ep", create_on_update=True,
          columns=_columns(("Endpoints", ".subsets[*].addresses[*].ip"))),
    _core("events", "Event", "ev", create_on_update=True, columns=_EVENT,
          selectable=("reason", "type", "reportingComponent", "source", *_INVOLVED)),
    _grouped("events.k8s.io", "events", "Event", "ev", create_on_update=True, selectable=("reason", "type", *_REGARDING),
             columns=_columns(("Type", ".type"), ("Reason", ".reason"), ("Object", ".regarding.name"), ("Message", ".note")),
             stored_as=("", "events"), to_stored=events.to_core, from_stored=events.from_core),
    _grouped("networking.k8s.io", "ingresses", "Ingress", "ing", status=True, keeps_generation=True, columns=_columns(
        ("Class", ".spec.ingressClassName"), ("Hosts", ".spec.rules[*].host"),
        ("Address", ".status.loadBalancer.ingress[*].ip"))),
    _grouped("networking.k8s.io", "ingressclasses", "IngressClass", namespaced=False, keeps_generation=True,
             columns=_columns(("Controller", ".spec.controller"))),
    _grouped("networking.k8s.io", "networkpolicies", "NetworkPolicy", "netpol", keeps_generation=True,
             columns=_columns(("Pod-Selector", ".spec.podSelector"))),
    _grouped("policy", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", status=True, keeps_generation=True, shape=_CONDITIONED,
             columns=_columns(("Max Unavailable", ".spec.maxUnavailable"))),
    _grouped("discovery.k8s.io", "endpointslices", "EndpointSlice", keeps_generation=True, columns=_columns(
        ("AddressType", ".addressType"), ("Ports", ".ports[*].port"), ("Endpoints", ".endpoints[*].addresses[*]"))),
    _grouped("coordination.k8s.io", "leases", "Lease", create_on_update=True, needs_version=True,
             columns=_columns(("Holder", ".spec.holderIdentity"))),
    _grouped("apps", "deployments", "Deployment", "deploy", status=True, keeps_generation=True, shape=_DEPLOYMENT,
             categories=("all",), columns=_columns(("Ready", ".status.readyReplicas"), ("Desired", ".spec.replicas"))),
    _rbac("roles", "Role", namespaced=True),
    _rbac("rolebindings", "RoleBinding", namespaced=True),
    _rbac("clusterroles", "ClusterRole", namespaced=False),
    _rbac("clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    _grouped("apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition", "crd crds", namespaced=False,
             status=True, keeps_generation=True, shape=_CONDITIONED,
             columns=(Column("Created At", ".metadata.creationTimestamp", "date"),)),
    _review("subjectaccessreviews", "SubjectAccessReview"),
    _review("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    _review("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
)  # fmt: skip
