"""KubeFed's `core.kubefed.io/v1beta1` KubeFedCluster turned into the MemberCluster that it asks for."""

from mcidns.hub import membercluster, metadata
from mcidns.hub.fields import Fields, short
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.metadata import Raw
from mcidns.hub.reach import AccessSpec, ByToken, SecretKey
from mcidns.hub.unreadable import Problem, Unreadable


def of_kubefed_cluster(obj: Raw) -> GeneratedMember | Unreadable:
    """The member of a `core.kubefed.io/v1beta1` KubeFedCluster; its token is in a Secret of the same namespace."""
    problems: list[Problem] = []
    about = metadata.read(obj, "KubeFedCluster", problems)
    spec = Fields(obj, "", problems).child("spec")
    status = Fields(obj, "", []).child("status")
    server, proxy = membercluster.read_server(spec, "apiEndpoint", bare=True), membercluster.read_proxy(spec, "proxyURL")
    secret = spec.child("secretRef").text("name", need="required")
    disabled = spec.texts("disabledTLSValidations")
    insecure = "*" in disabled
    ca = "" if insecure else membercluster.read_ca(spec)
    if problems:
        return metadata.unreadable(about, problems)
    return GeneratedMember(
        name=about.ref.name,
        access=AccessSpec(ByToken(server, ca, SecretKey(secret, "token", about.ref.namespace)), proxy, "", insecure),
        made_of=about.ref,
        region=status.text("region"),
        zones=tuple(dict.fromkeys(status.texts("zones"))),
        labels=metadata.passed_on(about),
        problems=tuple(_kept_checks(spec, disabled)) if not insecure else (),
    )


def _kept_checks(spec: Fields, disabled: tuple[str, ...]) -> list[Problem]:
    return [
        Problem(
            spec.at("disabledTLSValidations"),
            f"{short(one)} cannot be left out alone, so the whole certificate is checked",
            "renew the certificate, or write '*' to check nothing",
        )
        for one in sorted(set(disabled))
    ]
