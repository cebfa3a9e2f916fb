"""The host's Secret that makes a cluster a member, written and read back; what a fleet adapter makes of it lives in hub/."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from mcidns.errors import ConfigError
from mcidns.hub import metadata, reach, secret
from mcidns.hub.fleets.kubeconfigs import CLUSTER, KUBECONFIG
from mcidns.joining.rights import LABELS, Wanted
from mcidns.kube import kinds
from mcidns.kube.access import Access, Identity
from mcidns.kube.client import Object
from mcidns.model.secrets import Secret

TOKEN: Final = "mcidns.io/token-secret"  # noqa: S105  the name of an annotation
"""Annotation: namespace and name of the Secret in the member with which this token dies."""

CLUSTER_ID: Final = "mcidns.io/cluster-id"
"""Annotation: the id of the member, so that another cluster of that name is noticed."""


@dataclass(frozen=True, slots=True)
class Way:
    """What a person says of the way from the host to the member; what is empty is taken from what is known."""

    server: str = ""
    ca: str = ""
    proxy_url: str = ""
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """What was read of a Secret: the access in it, None where it holds none that can be used."""

    access: Access | None = None
    token_secret: str = ""
    cluster_id: str = ""


def read(obj: Object | None) -> Ticket:
    """What a Secret of ours says; what cannot be read counts as missing, as it is written anew."""
    if obj is None:
        return Ticket()
    notes: Mapping[str, Any] = obj["metadata"].get("annotations") or {}
    held = secret.content(obj.get("data")).get(KUBECONFIG)
    found: Access | None = None
    if held is not None:
        try:
            found = reach.read_kubeconfig(held)
        except ConfigError:
            found = None
    return Ticket(found, str(notes.get(TOKEN, "")), str(notes.get(CLUSTER_ID, "")))


def way(asked: Way, person: Access, known: Access | None) -> Access:
    """How the host shall reach the member, without a token: as asked, else as before, else as the person does.

    Raises ConfigError for a way on which the token could be taken.
    """
    server = asked.server or (known.server if known is not None else "") or person.server
    if known is not None and server == known.server != person.server:
        base = known
    else:
        base = Access(server, ca=person.ca, tls_server_name=person.tls_server_name if server == person.server else "")
    proxy = Secret(asked.proxy_url) if asked.proxy_url else known.proxy_url if known is not None else None
    insecure = asked.insecure or (known is not None and known.insecure and not asked.ca)
    found = replace(base, identity=Identity(), ca=asked.ca or base.ca, insecure=insecure, proxy_url=proxy)
    if found.insecure:
        return replace(found, ca="")
    if server.startswith("http:") and not is_local(server):
        remedy = "give an https address, or --insecure-skip-tls-verify if nobody can listen"
        raise ConfigError("--server", f"{server} is no https, so that anybody on the way could take the token", remedy)
    if person.insecure and not found.ca and server.startswith("https:"):
        remedy = "give its CA with --certificate-authority, or say --insecure-skip-tls-verify"
        raise ConfigError("--member-context", "it does not verify the member's certificate, so its CA is not known", remedy)
    return found


def is_local(server: str) -> bool:
    """The address means this machine, to whoever uses it."""
    host = urlsplit(server).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def with_token(access: Access, token: Secret) -> Access:
    """The same way, asked by this token and nothing else."""
    return replace(access, identity=Identity(token=token))


def kubeconfig(name: str, access: Access) -> str:
    """A kubeconfig with one context, all of it inside."""
    cluster: dict[str, Any] = {"server": access.server}
    if access.ca:
        cluster["certificate-authority-data"] = base64.b64encode(access.ca.encode()).decode("ascii")
    if access.insecure:
        cluster["insecure-skip-tls-verify"] = True
    if access.tls_server_name:
        cluster["tls-server-name"] = access.tls_server_name
    if access.proxy_url is not None:
        cluster["proxy-url"] = access.proxy_url.value
    token = access.identity.token
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token.value if token is not None else ""}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return yaml.safe_dump(content, sort_keys=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """What shall stand in the host's Secret. An empty region, and labels not named, stay as they are."""

    cluster: str
    namespace: str
    cluster_id: str
    region: str = ""
    labels: tuple[tuple[str, str], ...] = ()


def wanted(draft: Draft, access: Access, token_secret: str, there: Ticket) -> Wanted:
    """The Secret; a kubeconfig that means the same stays as it is written."""
    notes = {TOKEN: token_secret, CLUSTER_ID: draft.cluster_id, **({metadata.REGION: draft.region} if draft.region else {})}
    about = {
        "name": draft.cluster,
        "namespace": draft.namespace,
        "labels": {**dict(draft.labels), **LABELS, CLUSTER: draft.cluster},
        "annotations": notes,
    }
    body: Object = {"metadata": about}
    if there.access != access:
        text = kubeconfig(draft.cluster, access)
        body["data"] = {KUBECONFIG: base64.b64encode(text.encode()).decode("ascii")}
    return Wanted(kinds.SECRET, draft.namespace, draft.cluster, body)
