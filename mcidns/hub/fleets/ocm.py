"""Open Cluster Management's `cluster.open-cluster-management.io/v1` ManagedCluster turned into the MemberCluster it asks for."""

from typing import Final

from mcidns.hub import membercluster, metadata
from mcidns.hub.fields import Fields
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.metadata import Raw
from mcidns.hub.reach import AccessSpec, ByToken, SecretKey
from mcidns.hub.unreadable import Problem, Unreadable

CREDENTIALS: Final = "mcidns"
"""Name of the Secret in the cluster's namespace that a ManagedServiceAccount of that name makes (keys `token`, `ca.crt`)."""

_REGION: Final = "region.open-cluster-management.io"


def of_managed_cluster(obj: Raw) -> GeneratedMember | Unreadable | None:
    """The member of a ManagedCluster that the hub has accepted, as soon as its Secret is there; None for one not accepted."""
    problems: list[Problem] = []
    about = metadata.read(obj, "ManagedCluster", problems)
    top = Fields(obj, "", problems)
    spec = top.child("spec")
    accepted = spec.flag("hubAcceptsClient")
    if not accepted and not problems:
        return None
    configs = spec.children("managedClusterClientConfigs")
    if not configs:
        remedy = "set the url and caBundle of its API server there, which the hub does not know by itself"
        spec.refuse("managedClusterClientConfigs", "is missing or empty", remedy)
        return metadata.unreadable(about, problems)
    server, ca = membercluster.read_server(configs[0], "url", bare=True), membercluster.read_ca(configs[0])
    claims = {one.text("name"): one.text("value") for one in Fields(obj, "", []).child("status").children("clusterClaims")}
    if problems:
        return metadata.unreadable(about, problems)
    labels = dict(about.labels)
    token = SecretKey(CREDENTIALS, "token", about.ref.name)
    zone = labels.get(metadata.TOPOLOGY_ZONE, "")
    return GeneratedMember(
        name=about.ref.name,
        access=AccessSpec(ByToken(server, ca, token, None if ca else SecretKey(CREDENTIALS, "ca.crt", about.ref.name))),
        made_of=about.ref,
        region=metadata.region(about, claims.get(_REGION, ""), labels.get("region", "")),
        zones=(zone,) if zone else (),
        labels=metadata.passed_on(about),
        waits_for=token,
    )
