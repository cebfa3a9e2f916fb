"""CRDs of other projects with open schemas, to be installed into a server that shall serve their kinds; ours are in crds/."""

from typing import Final

from mcidns.emulator.statuses import Json

_GATEWAY: Final = "gateway.networking.k8s.io"


def open_definition(group: str, version: str, kind: str, plural: str, *, namespaced: bool = True) -> Json:
    """A definition of a kind that takes any content and has a status of its own."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        # A real server takes a definition in a group of Kubernetes' own only with this word.
        "metadata": {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, an open schema"}},
        "spec": {
            "group": group,
            "scope": "Namespaced" if namespaced else "Cluster",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
            ],
        },
    }


def gateway_api(*, tls_routes: str = "v1") -> tuple[Json, ...]:
    """The Gateway API's kinds that mcidns reads; TLSRoute came to v1 late, so its version can be chosen."""
    return (
        open_definition(_GATEWAY, "v1", "Gateway", "gateways"),
        open_definition(_GATEWAY, "v1", "HTTPRoute", "httproutes"),
        open_definition(_GATEWAY, "v1", "GRPCRoute", "grpcroutes"),
        open_definition(_GATEWAY, tls_routes, "TLSRoute", "tlsroutes"),
    )


def fleets() -> tuple[Json, ...]:
    """The kinds by which Karmada, Open Cluster Management and the Cluster Inventory API list clusters."""
    return (
        open_definition("multicluster.x-k8s.io", "v1alpha1", "ClusterProfile", "clusterprofiles"),
        open_definition("cluster.karmada.io", "v1alpha1", "Cluster", "clusters", namespaced=False),
        open_definition("cluster.open-cluster-management.io", "v1", "ManagedCluster", "managedclusters", namespaced=False),
    )
