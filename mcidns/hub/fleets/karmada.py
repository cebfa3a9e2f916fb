"""Karmada's `cluster.karmada.io/v1alpha1` Cluster turned into the MemberCluster that it asks for."""

from mcidns.hub import membercluster, metadata
from mcidns.hub.fields import Fields
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.metadata import Raw
from mcidns.hub.reach import AccessSpec, ByToken, SecretKey
from mcidns.hub.unreadable import Problem, Unreadable


def of_cluster(obj: Raw) -> GeneratedMember | Unreadable:
    """The member of a Cluster; token and CA are in the Secret that `secretRef` names (keys `token` and `caBundle`).

    The Secret of `impersonatorSecretRef` serves Karmada's own proxy: its account may only act for others, so it is not used.
    """
    problems: list[Problem] = []
    about = metadata.read(obj, "Cluster", problems)
    spec = Fields(obj, "", problems).child("spec")
    server, proxy = membercluster.read_server(spec, "apiEndpoint", bare=True), membercluster.read_proxy(spec, "proxyURL")
    insecure = spec.flag("insecureSkipTLSVerification")
    secret = spec.child("secretRef")
    if spec.has("secretRef"):
        name, namespace = secret.text("name", need="required"), secret.text("namespace", need="required")
    else:
        name = namespace = ""
        spec.refuse("secretRef", "is missing, as for a cluster in Pull mode", _REMEDY)
    zones = spec.texts("zones") or tuple(one for one in (spec.text("zone"),) if one)
    if problems:
        return metadata.unreadable(about, problems)
    ca = None if insecure else SecretKey(name, "caBundle", namespace)
    return GeneratedMember(
        name=about.ref.name,
        access=AccessSpec(ByToken(server, "", SecretKey(name, "token", namespace), ca), proxy, "", insecure),
        made_of=about.ref,
        region=metadata.region(about, spec.text("region")),
        zones=tuple(dict.fromkeys(zones)),
        labels=metadata.passed_on(about),
        problems=tuple(_left_out(spec)),
    )


_REMEDY = "register it with --report-secrets=KubeCredentials, or give mcidns a kubeconfig Secret labelled mcidns.io/cluster"


def _left_out(spec: Fields) -> list[Problem]:
    if not spec.has("proxyHeader"):
        return []
    remedy = "let the proxy do without, or give mcidns a kubeconfig Secret for another way"
    return [Problem(spec.at("proxyHeader"), "headers for the proxy are not sent", remedy)]
