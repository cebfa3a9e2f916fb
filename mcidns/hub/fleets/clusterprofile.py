"""The Cluster Inventory API's ClusterProfile turned into the MemberCluster it asks for, by access providers (KEP-5339)."""

from collections.abc import Sequence
from typing import Final

from mcidns.hub import membercluster, metadata, reach
from mcidns.hub.fields import Fields
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.local import Local, Provider
from mcidns.hub.metadata import Pairs, Raw
from mcidns.hub.reach import AccessSpec, ByProvider
from mcidns.hub.unreadable import Problem, Unreadable

CONFIG: Final = "client.authentication.k8s.io/exec"
ARGS: Final = "clusterprofiles.multicluster.x-k8s.io/exec/additional-args"
ENV: Final = "clusterprofiles.multicluster.x-k8s.io/exec/additional-envs"
"""Reserved names of a cluster's extensions: what the program is told of the cluster, and what is added to its call."""

_REGIONS: Final = (metadata.TOPOLOGY_REGION, "region", "location")
_ZONES: Final = (metadata.TOPOLOGY_ZONE, "zone")


def of_cluster_profile(obj: Raw, local: Local) -> GeneratedMember | Unreadable | None:
    """The member of a ClusterProfile, by the first provider of ours that it offers. None while no provider is configured at all.

    Its conditions do not count: that a control plane is unwell is no reason to withdraw what runs in the cluster.
    """
    if not local.providers:
        return None
    problems: list[Problem] = []
    about = metadata.read(obj, "ClusterProfile", problems)
    status = Fields(obj, "", problems).child("status")
    offered = _offered(status)
    provider = next((one for one in local.providers if one.name in offered), None)
    if provider is None:
        status.refuse("accessProviders", _unknown(tuple(offered), local), "add one to the file of --clusterprofile-provider-file")
        return metadata.unreadable(about, problems)
    access = _access(provider, offered[provider.name].child("cluster"))
    known = dict(_properties(status))
    if problems:
        return metadata.unreadable(about, problems)
    return GeneratedMember(
        name=about.ref.name,
        access=access,
        made_of=about.ref,
        region=metadata.region(about, *(known.get(name, "") for name in _REGIONS)),
        zones=tuple(dict.fromkeys(known[name] for name in _ZONES if known.get(name))),
        labels=metadata.passed_on(about),
    )


def _offered(status: Fields) -> dict[str, Fields]:
    # credentialProviders is the former name of the list; where both have a provider, the present one counts.
    both = (*status.children("credentialProviders"), *status.children("accessProviders"))
    return {entry.text("name", need="required"): entry for entry in both}


def _unknown(offered: Sequence[str], local: Local) -> str:
    ours = ", ".join(one.name for one in local.providers)
    return f"offers {', '.join(sorted(offered)[:5]) or 'none'}, of which none is configured here ({ours})"


def _access(provider: Provider, cluster: Fields) -> AccessSpec:
    insecure = cluster.flag("insecure-skip-tls-verify")
    ca = membercluster.read_ca(cluster, "certificate-authority-data")
    if cluster.has("certificate-authority"):
        cluster.refuse("certificate-authority", "names a file", "put the certificates into certificate-authority-data")
    extensions = {entry.text("name"): entry for entry in cluster.children("extensions")}
    config, args, env = (extensions.get(name) for name in (CONFIG, ARGS, ENV))
    way = ByProvider(
        server=membercluster.read_server(cluster, "server", bare=True),
        ca="" if insecure else ca,
        provider=provider.name,
        config=reach.canonical(config.raw("extension")) if config is not None and config.has("extension") else "",
        args=args.texts("extension") if args is not None and provider.args != "Ignore" else (),
        env=env.pairs("extension") if env is not None and provider.env != "Ignore" else (),
        tls_server_name=cluster.text("tls-server-name"),
    )
    return AccessSpec(way, membercluster.read_proxy(cluster, "proxy-url"), "", insecure)


def _properties(status: Fields) -> Pairs:
    return tuple((entry.text("name"), entry.text("value")) for entry in status.children("properties"))
