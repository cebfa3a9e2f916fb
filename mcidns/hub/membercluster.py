"""A MemberCluster read into a Cluster and the way to reach it; asking its API lives in observe/."""

import base64
import binascii
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from mcidns.hub import metadata, reach, times
from mcidns.hub.fields import Fields, short
from mcidns.hub.metadata import Metadata, Raw
from mcidns.hub.reach import AccessSpec, ByContext, ByKubeconfig, ByProvider, ByToken, SecretKey, Way
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.clusters import Cluster, Drain
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.routing import MAX_WEIGHT
from mcidns.model.targets import Address


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """One MemberCluster. `source` is the fleet object it was made of, None if by hand."""

    cluster: Cluster
    access: AccessSpec
    source: ObjectRef | None = None
    uid: str = ""
    generation: int = 0
    labels: metadata.Pairs = ()


def parse(obj: Raw) -> MemberSpec | Unreadable:
    """Read a MemberCluster."""
    problems: list[Problem] = []
    about = metadata.read(obj, "MemberCluster", problems)
    spec = Fields(obj, "", problems).child("spec")
    way = _way(spec.child("access"))
    member = None if way is None else _member(about, spec, way)
    return metadata.unreadable(about, problems) if problems or member is None else member


def _member(about: Metadata, spec: Fields, way: Way) -> MemberSpec:
    fields, source = spec.child("access"), spec.child("source")
    proxy = read_proxy(fields, "proxyURL")
    return MemberSpec(
        cluster=Cluster(
            name=ClusterName(about.ref.name),
            region=spec.text("region"),
            zones=tuple(dict.fromkeys(spec.texts("zones"))),
            weight=spec.number("weight", 1, 0, MAX_WEIGHT),
            address_map=_address_map(spec),
            labels=about.labels,
            drain=_drain(spec),
            created_at=about.created_at,
        ),
        access=AccessSpec(way, proxy, fields.text("impersonate"), fields.flag("insecureSkipTLSVerify")),
        source=ObjectRef(source.text("kind"), source.text("namespace"), source.text("name")) if spec.has("source") else None,
        uid=about.uid,
        generation=about.generation,
        labels=about.labels,
    )


_WAYS = ("kubeconfigSecretRef", "server", "context")
_OF_SERVER = ("caBundle", "caBundleSecretRef", "tokenSecretRef", "tlsServerName", "provider")


def _way(fields: Fields) -> Way | None:
    given = [key for key in _WAYS if fields.has(key)]
    if len(given) != 1:
        remedy = "give kubeconfigSecretRef, or server with tokenSecretRef or provider, or context"
        fields.refuse("", "needs exactly one way to the API", remedy)
        return None
    if given[0] != "server":
        for key in _OF_SERVER:
            if fields.has(key):
                fields.refuse(key, f"has no meaning beside {given[0]}", "remove it; the kubeconfig holds its own")
    if given[0] == "kubeconfigSecretRef":
        return ByKubeconfig(_secret_key(fields.child("kubeconfigSecretRef"), "kubeconfig"))
    if given[0] == "context":
        return ByContext(fields.text("context", need="required"))
    return _server(fields)


def _server(fields: Fields) -> Way | None:
    server = read_server(fields, "server")
    if fields.has("tokenSecretRef") == fields.has("provider"):
        remedy = "name the Secret that holds the token, or the access provider that gives one"
        fields.refuse("tokenSecretRef", "stands beside provider" if fields.has("provider") else "is missing", remedy)
        return None
    ca, name = read_ca(fields), fields.text("tlsServerName")
    if fields.has("provider"):
        provider = fields.child("provider")
        config = provider.raw("config")
        return ByProvider(
            server=server,
            ca=ca,
            provider=provider.text("name", need="required"),
            config=reach.canonical(config) if config is not None else "",
            args=provider.texts("args"),
            env=tuple((one.text("name", need="required"), one.text("value")) for one in provider.children("env")),
            tls_server_name=name,
        )
    ca_secret = _secret_key(fields.child("caBundleSecretRef"), "ca.crt") if fields.has("caBundleSecretRef") else None
    if ca and ca_secret is not None:
        fields.refuse("caBundleSecretRef", "stands beside caBundle", "remove one of them")
    return ByToken(server, ca, _secret_key(fields.child("tokenSecretRef"), "token"), ca_secret, name)


def _secret_key(fields: Fields, key: str) -> SecretKey:
    return SecretKey(fields.text("name", need="required"), fields.text("key") or key, fields.text("namespace"))


def read_server(fields: Fields, key: str, *, bare: bool = False) -> str:
    """The URL of an API server; `bare`: without a scheme it means https."""
    server = fields.text(key, need="required")
    if server and "://" not in server and bare:
        server = f"https://{server}"
    if server and not is_url(server, ("http", "https")):
        fields.refuse(key, f"{short(server)!r} is no URL of an API server", "write one such as https://api.example.org:6443")
    return server


def read_proxy(fields: Fields, key: str) -> str:
    """The URL of an HTTP proxy, empty if there is none."""
    proxy = fields.text(key)
    if proxy and not is_url(proxy, ("http", "https")):
        fields.refuse(key, f"{short(proxy)!r} is no proxy's URL", "write one such as http://proxy.example.org:3128")
    return proxy


def read_ca(fields: Fields, key: str = "caBundle") -> str:
    """The PEM text of a field in base64, empty if there is none."""
    text = fields.text(key)
    pem = decode_base64(text)
    if pem is None or not pem.isascii() or (text and b"-----BEGIN CERTIFICATE-----" not in pem):
        fields.refuse(key, "is not base64 of PEM certificates", "encode the whole PEM file once, with base64")
    if key == "caBundle" and text and fields.flag("insecureSkipTLSVerify"):
        fields.refuse("caBundle", "has no effect with insecureSkipTLSVerify", "remove one of them")
    return (pem or b"").decode("ascii", "replace")


def _address_map(spec: Fields) -> tuple[tuple[Address, Address], ...]:
    found: dict[Address, Address] = {}
    for entry in spec.children("addressMap"):
        pair = _address(entry, "from"), _address(entry, "to")
        if pair[0] is None or pair[1] is None:
            continue
        if found.setdefault(pair[0], pair[1]) != pair[1]:
            entry.refuse("from", f"{pair[0]} stands twice", "map each address once")
        if pair[0].version != pair[1].version:
            entry.refuse("to", f"{pair[1]} is of another family than {pair[0]}", "map IPv4 to IPv4 and IPv6 to IPv6")
    return tuple(found.items())


def _drain(spec: Fields) -> Drain | None:
    if not spec.has("drain"):
        return None
    fields = spec.child("drain")
    text = fields.text("until")
    until = times.parse(text) if text else None
    if text and until is None:
        fields.refuse("until", f"{short(text)!r} is no time", "write one such as 2026-03-01T06:00:00Z")
    return Drain(fields.text("reason"), until, fields.flag("force"))


def _address(entry: Fields, key: str) -> Address | None:
    text = entry.text(key, need="required")
    if not text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        entry.refuse(key, f"{short(text)!r} is no address", "write an IPv4 or IPv6 address")
        return None


def is_url(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether the text is a URL with a host and one of these schemes."""
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and text.isprintable() and " " not in text
    except ValueError:
        return False


def decode_base64(text: str) -> bytes | None:
    """The bytes, line breaks allowed; None if it is no base64."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
