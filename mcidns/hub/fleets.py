"""Members that a fleet lists, turned into the MemberClusters they ask for: labelled kubeconfig Secrets and KubeFedClusters."""

import re
from typing import Final

from mcidns.errors import ConfigError
from mcidns.hub import membercluster, metadata
from mcidns.hub.fields import Fields, short
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.membercluster import AccessSpec, ByKubeconfig, ByToken, SecretKey
from mcidns.hub.metadata import Metadata, Pairs, Raw
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.secrets import Secret

CLUSTER: Final = "mcidns.io/cluster"
"""Label of a Secret that holds a member's kubeconfig; its value is the member's name."""

REGION: Final = "mcidns.io/region"
"""Annotation or label of such a Secret."""

KUBECONFIG: Final = "kubeconfig"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\Z")
_OURS: Final = ("mcidns.io/", "app.kubernetes.io/")


def of_secret(obj: Raw) -> GeneratedMember | Unreadable | None:
    """The member of a Secret labelled `mcidns.io/cluster`; None without the label. Nothing of its data reaches a message."""
    problems: list[Problem] = []
    about = metadata.read(obj, "Secret", problems)
    labels = dict(about.labels)
    if CLUSTER not in labels:
        return metadata.unreadable(about, problems) if problems else None
    name = labels[CLUSTER]
    if not _NAME.match(name):
        problems.append(
            Problem(f"metadata.labels[{CLUSTER}]", f"{short(name)!r} is no name", "write the member's name, in lower case")
        )
    _check_kubeconfig(obj, problems)
    if problems:
        return metadata.unreadable(about, problems)
    return GeneratedMember(
        name=name,
        access=AccessSpec(ByKubeconfig(SecretKey(about.ref.name, KUBECONFIG, about.ref.namespace))),
        made_of=about.ref,
        region=dict(about.annotations).get(REGION, labels.get(REGION, "")),
        labels=_passed_on(about),
    )


def _check_kubeconfig(obj: Raw, problems: list[Problem]) -> None:
    text = Fields(obj, "", []).child("data").raw(KUBECONFIG)
    if not isinstance(text, str) or not text:
        problems.append(Problem(f"data.{KUBECONFIG}", "is missing", "put a whole kubeconfig file there"))
        return
    content = membercluster.decode_base64(text)
    if content is None:
        problems.append(Problem(f"data.{KUBECONFIG}", "is no base64", "create the Secret with kubectl create secret --from-file"))
        return
    try:
        membercluster.read_kubeconfig(Secret(content.decode("utf-8")))
    except UnicodeDecodeError:
        problems.append(Problem(f"data.{KUBECONFIG}", "is not UTF-8 text", "put a whole kubeconfig file there"))
    except ConfigError as error:
        problems.append(
            Problem(f"data.{KUBECONFIG} {error.field}".replace("kubeconfig kubeconfig", "kubeconfig"), error.problem, error.remedy)
        )


def of_kubefed_cluster(obj: Raw) -> GeneratedMember | Unreadable:
    """The member of a `core.kubefed.io/v1beta1` KubeFedCluster; its token is in a Secret of the same namespace."""
    problems: list[Problem] = []
    about = metadata.read(obj, "KubeFedCluster", problems)
    spec = Fields(obj, "", problems).child("spec")
    status = Fields(obj, "", []).child("status")
    server = spec.text("apiEndpoint", need="required")
    if server and "://" not in server:
        server = f"https://{server}"
    if server and not membercluster.is_url(server, ("http", "https")):
        spec.refuse(
            "apiEndpoint", f"{short(server)!r} is no URL of an API server", "write one such as https://api.example.org:6443"
        )
    proxy = spec.text("proxyURL")
    if proxy and not membercluster.is_url(proxy, ("http", "https")):
        spec.refuse("proxyURL", f"{short(proxy)!r} is no proxy's URL", "write one such as http://proxy.example.org:3128")
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
        labels=_passed_on(about),
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


def _passed_on(about: Metadata) -> Pairs:
    """Labels by which a claim may select the member; those about the object itself stay with it."""
    return tuple((key, value) for key, value in about.labels if not key.startswith(_OURS))
