"""Where members come from: one adapter per kind of fleet, each turning an object into the MemberCluster that it asks for."""

from collections.abc import Callable, Mapping
from typing import Final

from mcidns.hub.fleets import clusterprofile, karmada, kubeconfigs, kubefed, ocm
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.local import Local
from mcidns.hub.metadata import Raw
from mcidns.hub.unreadable import Unreadable

Offer = GeneratedMember | Unreadable | None
"""What an object asks for; None: no member (any more), which is a withdrawal. One that cannot be read changes nothing."""

Adapter = Callable[[Raw, Local], Offer]

ADAPTERS: Final[Mapping[str, Adapter]] = {
    "Secret": lambda obj, _: kubeconfigs.of_secret(obj),
    "KubeFedCluster": lambda obj, _: kubefed.of_kubefed_cluster(obj),
    "ClusterProfile": clusterprofile.of_cluster_profile,
    "Cluster": lambda obj, _: karmada.of_cluster(obj),
    "ManagedCluster": lambda obj, _: ocm.of_managed_cluster(obj),
}
"""By the kind of the object."""
