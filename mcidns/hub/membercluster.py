"""A MemberCluster read into a Cluster and the way to reach it; asking its API lives in observe/."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from mcidns.errors import ConfigError
from mcidns.hub import metadata, times
from mcidns.hub.fields import Fields, short
from mcidns.hub.metadata import Metadata, Raw
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.kube import access
from mcidns.kube.access import Access
from mcidns.model.clusters import Cluster, Drain
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.secrets import Secret
from mcidns.model.targets import Address

Secrets = Callable[[str, str], Mapping[str, Secret] | None]
"""The content of a Secret by namespace and name, None where there is none."""


@dataclass(frozen=True, slots=True, order=True)
class SecretKey:
    """One key of a Secret; an empty namespace is the controller's own."""

    name: str
    key: str
    namespace: str = ""

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"key {self.key} of Secret {where}"


@dataclass(frozen=True, slots=True)
class ByKubeconfig:
    """A kubeconfig kept in a Secret."""

    secret: SecretKey


@dataclass(frozen=True, slots=True)
class ByToken:
    """A server's URL, the CA in PEM (empty: the system's), and a bearer token kept in a Secret."""

    server: str
    ca: str
    token: SecretKey


@dataclass(frozen=True, slots=True)
class AccessSpec:
    """How a member's API is reached, Secrets by reference."""

    way: ByKubeconfig | ByToken
    proxy_url: str = ""
    impersonate: str = ""
    insecure: bool = False

    @property
    def secret(self) -> SecretKey:
        """The Secret that must be known before the member can be asked."""
        return self.way.secret if isinstance(self.way, ByKubeconfig) else self.way.token


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


def _member(about: Metadata, spec: Fields, way: ByKubeconfig | ByToken) -> MemberSpec:
    fields, source = spec.child("access"), spec.child("source")
    proxy = fields.text("proxyURL")
    if proxy and not is_url(proxy, ("http", "https")):
        fields.refuse("proxyURL", f"{short(proxy)!r} is no proxy's URL", "write one such as http://proxy.example.org:3128")
    return MemberSpec(
        cluster=Cluster(
            name=ClusterName(about.ref.name),
            region=spec.text("region"),
            zones=tuple(dict.fromkeys(spec.texts("zones"))),
            address_map=_address_map(spec),
            labels=about.labels,
            drain=_drain(spec),
        ),
        access=AccessSpec(way, proxy, fields.text("impersonate"), fields.flag("insecureSkipTLSVerify")),
        source=ObjectRef(source.text("kind"), source.text("namespace"), source.text("name")) if spec.has("source") else None,
        uid=about.uid,
        generation=about.generation,
        labels=about.labels,
    )


def _way(fields: Fields) -> ByKubeconfig | ByToken | None:
    if fields.has("kubeconfigSecretRef") == fields.has("server"):
        fields.refuse("", "needs exactly one way to the API", "give kubeconfigSecretRef, or server with tokenSecretRef")
        return None
    if fields.has("kubeconfigSecretRef"):
        for key in ("caBundle", "tokenSecretRef"):
            if fields.has(key):
                fields.refuse(key, "has no meaning beside kubeconfigSecretRef", "remove it; the kubeconfig holds its own")
        return ByKubeconfig(_secret_key(fields.child("kubeconfigSecretRef"), "kubeconfig"))
    server = fields.text("server", need="required")
    if server and not is_url(server, ("http", "https")):
        fields.refuse("server", f"{short(server)!r} is no URL of an API server", "write one such as https://api.example.org:6443")
    if not fields.has("tokenSecretRef"):
        fields.refuse("tokenSecretRef", "is missing", "name the Secret that holds the token")
    return ByToken(server, read_ca(fields), _secret_key(fields.child("tokenSecretRef"), "token"))


def _secret_key(fields: Fields, key: str) -> SecretKey:
    return SecretKey(fields.text("name", need="required"), fields.text("key") or key, fields.text("namespace"))


def read_ca(fields: Fields) -> str:
    """The PEM text of `caBundle`, empty if there is none."""
    text = fields.text("caBundle")
    pem = decode_base64(text)
    if pem is None or not pem.isascii() or (text and b"-----BEGIN CERTIFICATE-----" not in pem):
        fields.refuse("caBundle", "is not base64 of PEM certificates", "encode the whole PEM file once, with base64")
    if text and fields.flag("insecureSkipTLSVerify"):
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


def reach(spec: AccessSpec, secrets: Secrets, namespace: str) -> Access:
    """Put in the Secrets' content; `namespace` is the controller's. Raises ConfigError, which shows nothing of it."""
    wanted = spec.secret
    content = secrets(wanted.namespace or namespace, wanted.name)
    if content is None:
        raise ConfigError("spec.access", f"Secret {wanted.namespace or namespace}/{wanted.name} does not exist", "create it")
    value = content.get(wanted.key)
    if value is None or not value.value.strip():
        raise ConfigError("spec.access", f"{wanted} is empty or missing", "put it there, or correct the reference")
    match spec.way:
        case ByToken(server, ca, _):
            proxy = Secret(spec.proxy_url) if spec.proxy_url else None
            return access.from_token(server, ca, value, proxy_url=proxy, impersonate=spec.impersonate, insecure=spec.insecure)
        case ByKubeconfig():
            return _over(read_kubeconfig(value), spec)


def read_kubeconfig(value: Secret) -> Access:
    """A kubeconfig from a Secret. Raises ConfigError, whatever the text is."""
    try:
        return access.from_kubeconfig(value.value)
    except (ValueError, RecursionError):
        # YAML that is well formed but holds impossible dates or endless nesting; the error's text would quote it.
        raise ConfigError("kubeconfig", "cannot be read", "put a whole kubeconfig file into the Secret") from None


def _over(found: Access, spec: AccessSpec) -> Access:
    """What the MemberCluster says stands above what the kubeconfig says."""
    identity = replace(found.identity, impersonate=spec.impersonate) if spec.impersonate else found.identity
    proxy = Secret(spec.proxy_url) if spec.proxy_url else found.proxy_url
    return replace(found, identity=identity, insecure=spec.insecure or found.insecure, proxy_url=proxy)
