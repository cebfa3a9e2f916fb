"""Every Kubernetes kind we read or write, with its place in the API, once; what their objects mean lives elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind and where the API serves it; `group` is empty for the core group."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As in `apiVersion`: `v1`, `networking.k8s.io/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of an object, of a namespace's objects, or of all; `subresource` needs `name`."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        leaf = f"/{name}" if name else ""
        tail = f"/{subresource}" if subresource else ""
        return f"{root}{scope}/{self.plural}{leaf}{tail}"

    def of_version(self, version: str) -> "Kind":
        """The same kind in another version of its group."""
        return replace(self, version=version)

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


_OURS: Final = ("mcidns.io", "v1alpha1")

GLOBAL_HOST: Final = Kind(*_OURS, "GlobalHost", "globalhosts", namespaced=True)
MEMBER_CLUSTER: Final = Kind(*_OURS, "MemberCluster", "memberclusters", namespaced=False)
DNS_PROVIDER: Final = Kind(*_OURS, "DNSProvider", "dnsproviders", namespaced=False)
DNS_ZONE: Final = Kind(*_OURS, "DNSZone", "dnszones", namespaced=False)

DNS_ENDPOINT: Final = Kind("externaldns.k8s.io", "v1alpha1", "DNSEndpoint", "dnsendpoints", namespaced=True)

FEDERATED_INGRESS: Final = Kind("types.kubefed.io", "v1beta1", "FederatedIngress", "federatedingresses", namespaced=True)
FEDERATED_SERVICE: Final = Kind("types.kubefed.io", "v1beta1", "FederatedService", "federatedservices", namespaced=True)
KUBEFED_CLUSTER: Final = Kind("core.kubefed.io", "v1beta1", "KubeFedCluster", "kubefedclusters", namespaced=True)

CLUSTER_PROFILE: Final = Kind("multicluster.x-k8s.io", "v1alpha1", "ClusterProfile", "clusterprofiles", namespaced=True)
KARMADA_CLUSTER: Final = Kind("cluster.karmada.io", "v1alpha1", "Cluster", "clusters", namespaced=False)
MANAGED_CLUSTER: Final = Kind("cluster.open-cluster-management.io", "v1", "ManagedCluster", "managedclusters", namespaced=False)

GATEWAY_GROUP: Final = "gateway.networking.k8s.io"
GATEWAY: Final = Kind(GATEWAY_GROUP, "v1", "Gateway", "gateways", namespaced=True)
HTTP_ROUTE: Final = Kind(GATEWAY_GROUP, "v1", "HTTPRoute", "httproutes", namespaced=True)
GRPC_ROUTE: Final = Kind(GATEWAY_GROUP, "v1", "GRPCRoute", "grpcroutes", namespaced=True)
TLS_ROUTE: Final = Kind(GATEWAY_GROUP, "v1", "TLSRoute", "tlsroutes", namespaced=True)

GATEWAY_API: Final = (GATEWAY, HTTP_ROUTE, GRPC_ROUTE, TLS_ROUTE)
FLEETS: Final = (KUBEFED_CLUSTER, CLUSTER_PROFILE, KARMADA_CLUSTER, MANAGED_CLUSTER)
"""Kinds by which fleets list their clusters."""

_KUBEFED_DNS: Final = ("multiclusterdns.kubefed.io", "v1alpha1")

KUBEFED_DOMAIN: Final = Kind(*_KUBEFED_DNS, "Domain", "domains", namespaced=True)
SERVICE_DNS_RECORD: Final = Kind(*_KUBEFED_DNS, "ServiceDNSRecord", "servicednsrecords", namespaced=True)
INGRESS_DNS_RECORD: Final = Kind(*_KUBEFED_DNS, "IngressDNSRecord", "ingressdnsrecords", namespaced=True)
KUBEFED_ENDPOINT: Final = Kind(*_KUBEFED_DNS, "DNSEndpoint", "dnsendpoints", namespaced=True)

INGRESS: Final = Kind("networking.k8s.io", "v1", "Ingress", "ingresses", namespaced=True)
SERVICE: Final = Kind("", "v1", "Service", "services", namespaced=True)
ENDPOINT_SLICE: Final = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", namespaced=True)
SECRET: Final = Kind("", "v1", "Secret", "secrets", namespaced=True)
NAMESPACE: Final = Kind("", "v1", "Namespace", "namespaces", namespaced=False)
SERVICE_ACCOUNT: Final = Kind("", "v1", "ServiceAccount", "serviceaccounts", namespaced=True)
EVENT: Final = Kind("events.k8s.io", "v1", "Event", "events", namespaced=True)
CORE_EVENT: Final = Kind("", "v1", "Event", "events", namespaced=True)
LEASE_NAME: Final = "mcidns"
"""How the Lease is named if nobody says otherwise; a half alone has its word behind it."""
LEASE: Final = Kind("coordination.k8s.io", "v1", "Lease", "leases", namespaced=True)
DEPLOYMENT: Final = Kind("apps", "v1", "Deployment", "deployments", namespaced=True)
ACCESS_REVIEW: Final = Kind("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False)
OWN_ACCESS_REVIEW: Final = Kind(
    "authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False
)
CRD: Final = Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False)

_RBAC: Final = ("rbac.authorization.k8s.io", "v1")
CLUSTER_ROLE: Final = Kind(*_RBAC, "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING: Final = Kind(*_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False)

ALL: Final = (
    GLOBAL_HOST,
    MEMBER_CLUSTER,
    DNS_PROVIDER,
    DNS_ZONE,
    DNS_ENDPOINT,
    FEDERATED_INGRESS,
    FEDERATED_SERVICE,
    *FLEETS,
    *GATEWAY_API,
    KUBEFED_DOMAIN,
    SERVICE_DNS_RECORD,
    INGRESS_DNS_RECORD,
    KUBEFED_ENDPOINT,
    INGRESS,
    SERVICE,
    ENDPOINT_SLICE,
    SECRET,
    NAMESPACE,
    EVENT,
    CORE_EVENT,
    LEASE,
    DEPLOYMENT,
    ACCESS_REVIEW,
    OWN_ACCESS_REVIEW,
    CRD,
    SERVICE_ACCOUNT,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
)

HOSTS: Final[Mapping[str, Kind]] = {kind.kind: kind for kind in (GLOBAL_HOST, SERVICE_DNS_RECORD, INGRESS_DNS_RECORD)}
"""Kinds that claim names to be served by members, by name."""

TOLD: Final[Mapping[str, Kind]] = {
    **HOSTS,
    **{kind.kind: kind for kind in (KUBEFED_DOMAIN, MEMBER_CLUSTER, DNS_ZONE, DNS_PROVIDER, DNS_ENDPOINT)},
}
"""Kinds that have a status of ours, by name."""

CLAIMING: Final[Mapping[str, Kind]] = {
    kind.kind: kind for kind in (FEDERATED_INGRESS, FEDERATED_SERVICE, INGRESS, SERVICE, SECRET, *GATEWAY_API, *FLEETS)
}
"""Kinds whose objects ask for others, by name; they have no status of ours, so Events tell."""
