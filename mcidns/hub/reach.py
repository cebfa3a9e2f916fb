"""How a member's API is reached: as its MemberCluster says, Secrets by reference; and with their content put in."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mcidns.errors import ConfigError
from mcidns.hub.local import NOTHING, Local
from mcidns.kube import access
from mcidns.kube.access import Access, ExecPlugin, Identity
from mcidns.model.secrets import Secret

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
    """A server's URL, the CA in PEM or kept in a Secret (neither: the system's), and a bearer token kept in a Secret."""

    server: str
    ca: str
    token: SecretKey
    ca_secret: SecretKey | None = None
    tls_server_name: str = ""


@dataclass(frozen=True, slots=True)
class ByProvider:
    """A server's URL, the CA in PEM (empty: the system's), and the access provider whose program gives the credential.

    The program is the controller's configuration (KEP-5339). `config` is JSON handed to it, `args` and `env` are added to its
    own as far as its configuration allows.
    """

    server: str
    ca: str
    provider: str
    config: str = ""
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    tls_server_name: str = ""


@dataclass(frozen=True, slots=True)
class ByContext:
    """A context of the kubeconfig that the controller was started with."""

    context: str


Way = ByKubeconfig | ByToken | ByProvider | ByContext


@dataclass(frozen=True, slots=True)
class AccessSpec:
    """How a member's API is reached, Secrets by reference."""

    way: Way
    proxy_url: str = ""
    impersonate: str = ""
    insecure: bool = False

    @property
    def secrets(self) -> tuple[SecretKey, ...]:
        """The Secrets that must be known before the member can be asked."""
        match self.way:
            case ByKubeconfig(secret):
                return (secret,)
            case ByToken(token=token, ca_secret=ca):
                return (token,) if ca is None else (token, ca)
            case ByProvider() | ByContext():
                return ()


def reach(spec: AccessSpec, secrets: Secrets, namespace: str, local: Local = NOTHING) -> Access:
    """Put in the Secrets' content; `namespace` is the controller's. Raises ConfigError, which shows nothing of it."""
    match spec.way:
        case ByToken(server, ca, token, ca_secret, name):
            return access.from_token(
                server,
                _content(ca_secret, secrets, namespace).value if ca_secret is not None and not spec.insecure else ca,
                _content(token, secrets, namespace),
                proxy_url=_proxy(spec),
                impersonate=spec.impersonate,
                insecure=spec.insecure,
                tls_server_name=name,
            )
        case ByKubeconfig(secret):
            return _over(read_kubeconfig(_content(secret, secrets, namespace)), spec)
        case ByProvider():
            return _by_provider(spec.way, spec, local)
        case ByContext(context):
            found = local.contexts.get(context)
            if found is None:
                remedy = "start mcidns with --members-from-kubeconfig and a file that has it"
                raise ConfigError("spec.access.context", f"{context[:100]!r} is no context of a kubeconfig given here", remedy)
            if isinstance(found, ConfigError):
                raise found
            return _over(found, spec)


def _content(wanted: SecretKey, secrets: Secrets, namespace: str) -> Secret:
    where = f"{wanted.namespace or namespace}/{wanted.name}"
    content = secrets(wanted.namespace or namespace, wanted.name)
    if content is None:
        raise ConfigError("spec.access", f"Secret {where} does not exist", "create it, or let mcidns read it (docs/host-rbac.yaml)")
    value = content.get(wanted.key)
    if value is None or not value.value.strip():
        raise ConfigError("spec.access", f"{wanted} is empty or missing", "put it there, or correct the reference")
    return value


def _by_provider(way: ByProvider, spec: AccessSpec, local: Local) -> Access:
    provider = local.provider(way.provider)
    if provider is None:
        known = ", ".join(one.name for one in local.providers) or "none"
        remedy = "add it to the file that --clusterprofile-provider-file names, and restart mcidns"
        problem = f"{way.provider[:100]!r} is no access provider configured here (there are: {known})"
        raise ConfigError("spec.access.provider.name", problem, remedy)
    plugin: ExecPlugin = replace(
        provider.plugin,
        args=provider.all_args(way.args),
        env=provider.all_env(way.env),
        config=way.config or provider.plugin.config,
    )
    return Access(
        server=way.server,
        identity=Identity(plugin=plugin, impersonate=spec.impersonate),
        ca=way.ca,
        insecure=spec.insecure,
        proxy_url=_proxy(spec),
        tls_server_name=way.tls_server_name,
    )


def _proxy(spec: AccessSpec) -> Secret | None:
    return Secret(spec.proxy_url) if spec.proxy_url else None


def canonical(value: object) -> str:
    """JSON in the one spelling in which two equal values are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


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
    return replace(found, identity=identity, insecure=spec.insecure or found.insecure, proxy_url=_proxy(spec) or found.proxy_url)
