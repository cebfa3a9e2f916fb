"""How one API server is reached and by whom, as a frozen value; reading kubeconfigs and sending requests live beside it."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mcidns.errors import ConfigError
from mcidns.kube import kubeconfig, tls
from mcidns.model.secrets import Secret

EXEC_VERSIONS: Final = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that prints an ExecCredential (client.authentication.k8s.io v1 or v1beta1).

    `config` is JSON that it gets with what it is told of the cluster. It has `timeout` seconds.
    """

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str = "client.authentication.k8s.io/v1"
    provide_cluster_info: bool = False
    install_hint: str = ""
    config: str = ""
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. At most one of token, token file, basic and plug-in is used, in this order; a certificate may stand beside it.

    `token_file` is read again as it changes; `certificate` and `key` are PEM; `basic` is user and password.
    """

    token: Secret | None = None
    token_file: str = ""
    basic: tuple[str, Secret] | None = None
    plugin: ExecPlugin | None = None
    certificate: str = field(default="", repr=False)
    key: Secret | None = None
    impersonate: str = ""
    impersonate_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """One API server and who asks it. `ca` is PEM, empty: the system's. `proxy_url` is an HTTP proxy, perhaps with a password."""

    server: str
    identity: Identity = Identity()
    ca: str = field(default="", repr=False)
    insecure: bool = False
    proxy_url: Secret | None = None
    tls_server_name: str = ""

    def __post_init__(self) -> None:
        """Refuse a server that no request could go to, and certificates that are none. Raises ConfigError."""
        check_url("server", self.server)
        if self.proxy_url is not None:
            check_url("proxy-url", self.proxy_url.value, credentials=True)
        if self.ca:
            tls.check_authority("certificate-authority-data", self.ca)
        if bool(self.identity.certificate) != (self.identity.key is not None):
            missing = "client-key-data" if self.identity.certificate else "client-certificate-data"
            raise ConfigError(missing, "is missing", "give both the client certificate and its key, or neither")
        check_header("token", self.identity.token.value if self.identity.token else "")
        check_header("impersonate", self.identity.impersonate)

    def same_way(self, other: "Access") -> bool:
        """Whether both go the same way, so that taking over the other's token needs no new connection."""
        return _way(self) == _way(other)


def from_kubeconfig(text: str, context: str | None = None, *, trusted: bool = False, folder: Path | None = None) -> Access:
    """Read one context (default: the current one) of a kubeconfig.

    Only a `trusted` text, one that the person who runs us wrote, may name files (relative to `folder`, read at once except a
    token file) or a credential plug-in. Raises ConfigError naming the field.
    """
    found = kubeconfig.parse(text, context)
    cluster, user = found.cluster, found.user
    files = kubeconfig.Files(trusted=trusted, folder=folder)
    certificate = files.pem(user, "client-certificate")
    key = files.pem(user, "client-key")
    identity = Identity(
        token=_secret(user.text("token")),
        token_file=files.path(user, "tokenFile"),
        basic=_basic(user),
        plugin=_plugin(user, trusted=trusted),
        certificate=certificate,
        key=_secret(key),
        impersonate=user.text("as"),
        impersonate_groups=user.texts("as-groups"),
    )
    _refuse_legacy(user)
    return Access(
        server=cluster.required("server", "give the API's URL, such as https://192.0.2.10:6443"),
        identity=identity,
        ca=files.pem(cluster, "certificate-authority"),
        insecure=cluster.flag("insecure-skip-tls-verify"),
        proxy_url=_secret(cluster.text("proxy-url")),
        tls_server_name=cluster.text("tls-server-name"),
    )


def from_token(
    server: str,
    ca: str,
    token: Secret,
    *,
    proxy_url: Secret | None = None,
    impersonate: str = "",
    insecure: bool = False,
    tls_server_name: str = "",
) -> Access:
    """An API server by URL, CA (PEM, empty: the system's) and bearer token. Raises ConfigError."""
    plain = token.value.strip()
    if not plain:
        raise ConfigError("token", "is empty", "put the bearer token of a service account there")
    identity = Identity(token=Secret(plain), impersonate=impersonate)
    return Access(server, identity, ca, insecure=insecure, proxy_url=proxy_url, tls_server_name=tls_server_name)


def in_cluster(folder: Path = ACCOUNT) -> Access:
    """The pod's own service account; its token is read again as the kubelet renews it. Raises ConfigError outside a pod."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise ConfigError("KUBERNETES_SERVICE_HOST", "is not set, so this is no pod", "run in a cluster or give --kubeconfig")
    try:
        ca = (folder / "ca.crt").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "set automountServiceAccountToken: true on the pod"
        raise ConfigError(str(folder / "ca.crt"), f"cannot be read ({type(error).__name__})", remedy) from error
    address = f"[{host}]" if ":" in host else host
    return Access(f"https://{address}:{port}", Identity(token_file=str(folder / "token")), ca)


def from_default_kubeconfig(path: str | None = None, context: str | None = None) -> Access:
    """Read `path`, else the first existing file of $KUBECONFIG, else ~/.kube/config, as its owner's. Raises ConfigError."""
    file = default_kubeconfig(path)
    return from_kubeconfig(kubeconfig.read(file), context, trusted=True, folder=file.parent)


def default_kubeconfig(path: str | None = None) -> Path:
    """The file that `from_default_kubeconfig` reads. Raises ConfigError when there is none."""
    named = [path] if path else [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    candidates = [Path(name).expanduser() for name in named] or [Path.home() / ".kube" / "config"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ConfigError("kubeconfig", f"there is no file {candidates[0]}", "give --kubeconfig, or set KUBECONFIG")


def check_url(where: str, url: str, *, credentials: bool = False) -> None:
    """Refuse what is no http(s) URL with a host; a user name in it only where `credentials`. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or url != url.strip() or not url.isprintable():
        shown = "" if "@" in url else f" {url[:100]!r}"
        raise ConfigError(where, f"{shown} is no http or https URL".strip(), "write it as https://host:port")
    if not credentials and (parts.username is not None or parts.query or parts.fragment):
        raise ConfigError(where, "carries a user name, a query or a fragment", "leave only https://host:port/path")


def check_header(where: str, value: str) -> None:
    """Refuse what cannot stand in an HTTP header, without showing it. Raises ConfigError."""
    if any(ord(char) < 33 or ord(char) > 126 for char in value.replace(" ", "")) or value != value.strip():
        raise ConfigError(where, "holds a line break or a character that no HTTP header may hold", "write it on one line, in ASCII")


def _way(access: Access) -> Access:
    return replace(access, identity=Identity(certificate=access.identity.certificate, key=access.identity.key))


def _secret(text: str) -> Secret | None:
    return Secret(text) if text else None


def _basic(user: kubeconfig.Section) -> tuple[str, Secret] | None:
    name, password = user.text("username"), user.text("password")
    return (name, Secret(password)) if name and password else None


def _refuse_legacy(user: kubeconfig.Section) -> None:
    if user.has("auth-provider"):
        remedy = "use exec with the cloud's credential plug-in, or a token"
        raise ConfigError(user.field("auth-provider"), "was removed from Kubernetes in 1.26", remedy)


def _plugin(user: kubeconfig.Section, *, trusted: bool) -> ExecPlugin | None:
    if not user.has("exec"):
        return None
    section = user.section("exec")
    if not trusted:
        remedy = "put a token or a client certificate there: programs named in a Secret are not run"
        raise ConfigError(user.field("exec"), "a credential plug-in is not allowed here", remedy)
    version = section.text("apiVersion") or "client.authentication.k8s.io/v1"
    if version not in EXEC_VERSIONS:
        raise ConfigError(section.field("apiVersion"), f"{version[:80]!r} is not known", "use client.authentication.k8s.io/v1")
    return ExecPlugin(
        command=section.required("command", "name the program that prints the credential"),
        args=section.texts("args"),
        env=section.pairs("env"),
        api_version=version,
        provide_cluster_info=section.flag("provideClusterInfo"),
        install_hint=section.text("installHint")[:400],
    )
