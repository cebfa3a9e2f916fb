"""How to reach an API server and as whom, read from what people have; sending requests lives in the client."""

import asyncio
import base64
import binascii
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Access:
    """Everything a client needs. `token_file` is read again for each request, since service account tokens rotate.

    `ca` is PEM text, empty for the system's trust store. `exec_config` names a kubeconfig whose user runs a plug-in for
    its token; only a kubeconfig of this machine may have one.
    """

    server: str
    ca: str = ""
    token: Secret | None = None
    token_file: str = ""
    client_cert: str = ""
    client_key: Secret | None = None
    insecure: bool = False
    proxy_url: str = ""
    impersonate: str = ""
    tls_server_name: str = ""
    exec_config: tuple[str, str] | None = None

    def ssl_context(self) -> ssl.SSLContext | bool:
        """The TLS side; False for plain HTTP. Raises ConfigError for a CA or client certificate that cannot be read."""
        if not self.server.startswith("https:"):
            return False
        try:
            context = ssl.create_default_context(cadata=self.ca or None)
        except ssl.SSLError as error:
            raise ConfigError("caBundle", "is no PEM certificate", "give the CA of the API server, PEM inside base64") from error
        # Python 3.13 turns this on and then refuses the CAs of many clusters that are in use.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_cert and self.client_key is not None:
            _load_pair(context, self.client_cert, self.client_key)
        return context

    async def bearer(self) -> Secret | None:
        """The token to send now, None where a client certificate or nothing is used."""
        if self.exec_config is not None:
            path, context = self.exec_config
            return await asyncio.wait_for(asyncio.to_thread(_exec_token, path, context), 30.0)
        if self.token_file:
            return await asyncio.to_thread(_read_token, self.token_file)
        return self.token


def from_token(
    server: str, ca: bytes | str, token: Secret, *, proxy_url: str = "", impersonate: str = "", insecure: bool = False
) -> Access:
    """From a MemberCluster's `server`, `caBundle` (PEM) and token. Raises ConfigError."""
    text = ca.decode("ascii", "replace") if isinstance(ca, bytes) else ca
    value = token.value.strip()
    if not value:
        raise ConfigError("tokenSecretRef", "the token is empty", "put the account's token into the Secret")
    return Access(
        server=_server(server, "server"),
        ca=text,
        token=Secret(value),
        insecure=insecure,
        proxy_url=proxy_url,
        impersonate=impersonate,
    )


def from_kubeconfig(text: str, context: str = "", *, trusted: bool = False, path: str = "") -> Access:
    """From a kubeconfig's text. Raises ConfigError naming the field.

    One that came in a Secret is not `trusted`: files of this machine and exec plug-ins are refused, since they would let the
    Secret's author read our files or run programs here.
    """
    document = _document(text)
    chosen = context or _text(document, "current-context", "kubeconfig")
    link = _named(document, "contexts", chosen, "context")
    cluster = _named(document, "clusters", _text(link, "cluster", f"contexts[{chosen}]"), "cluster")
    user = _named(document, "users", _text(link, "user", f"contexts[{chosen}]"), "user")
    exec_config: tuple[str, str] | None = None
    if "exec" in user or "auth-provider" in user:
        if not trusted or not path:
            raise ConfigError(
                "users[].exec", "a plug-in is not run for a kubeconfig from a Secret", "give a token or a client certificate"
            )
        exec_config = (path, chosen)
    token = user.get("token")
    return Access(
        server=_server(_text(cluster, "server", "clusters[]"), "clusters[].server"),
        ca=_material(cluster, "certificate-authority", trusted=trusted),
        token=Secret(token) if isinstance(token, str) and token else None,
        token_file=_file(user, "tokenFile", trusted=trusted),
        client_cert=_material(user, "client-certificate", trusted=trusted),
        client_key=Secret(key) if (key := _material(user, "client-key", trusted=trusted)) else None,
        insecure=cluster.get("insecure-skip-tls-verify") is True,
        proxy_url=str(cluster.get("proxy-url") or ""),
        impersonate=str(user.get("as") or ""),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        exec_config=exec_config,
    )


def from_file(path: str, context: str = "") -> Access:
    """From a kubeconfig file of this machine, plug-ins included; blocking. Raises ConfigError."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError("--kubeconfig", f"{path} cannot be read ({error.strerror})", "give the path of a kubeconfig") from error
    return from_kubeconfig(text, context, trusted=True, path=str(Path(path).expanduser()))


def in_cluster(environment: Mapping[str, str], account: Path = _ACCOUNT) -> Access:
    """From the pod's service account (KEP-1205 projected token); blocking. Raises ConfigError outside a pod."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise ConfigError("KUBERNETES_SERVICE_HOST", "is not set, so this is no pod", "give --kubeconfig FILE")
    try:
        ca = (account / "ca.crt").read_text(encoding="ascii")
    except OSError as error:
        raise ConfigError(
            "serviceAccount", f"its CA cannot be read ({error.strerror})", "mount the service account's token"
        ) from error
    shown = f"[{host}]" if ":" in host else host
    return Access(server=f"https://{shown}:{port}", ca=ca, token_file=str(account / "token"))


def _document(text: str) -> Mapping[str, object]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # The error's own text would quote the file, credentials included.
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where is not None else ""
        raise ConfigError("kubeconfig", f"is not YAML{line}", "put a whole kubeconfig file into the Secret") from None
    if not isinstance(document, dict):
        raise ConfigError("kubeconfig", "is no mapping", "put a whole kubeconfig file into the Secret")
    return document


def _named(document: Mapping[str, object], plural: str, name: str, singular: str) -> Mapping[str, object]:
    entries = document.get(plural)
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(singular), dict):
            found: Mapping[str, object] = entry[singular]
            return found
    raise ConfigError(f"kubeconfig.{plural}", f"has no {singular} named {name!r}", "add it, or correct what refers to it")


def _text(mapping: Mapping[str, object], key: str, where: str) -> str:
    value = mapping.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where}.{key}", "is missing", "give a complete kubeconfig")
    return value


def _server(url: str, field: str) -> str:
    full = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(full)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(field, f"{url[:100]!r} is no URL of an API server", "give one such as https://api.example.org:6443")
    return full.rstrip("/")


def _file(mapping: Mapping[str, object], key: str, *, trusted: bool) -> str:
    value = mapping.get(key)
    if not value:
        return ""
    if not trusted:
        raise ConfigError(
            f"kubeconfig {key}",
            "names a file, which a kubeconfig from a Secret may not",
            f"put the content in ({key}-data, or token)",
        )
    return str(value)


def _material(mapping: Mapping[str, object], key: str, *, trusted: bool) -> str:
    data = mapping.get(f"{key}-data")
    if isinstance(data, str) and data:
        try:
            return base64.b64decode(data, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            raise ConfigError(
                f"kubeconfig {key}-data", "is not base64 of PEM text", "copy it again from the original file"
            ) from None
    path = _file(mapping, key, trusted=trusted)
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"kubeconfig {key}", f"{path} cannot be read", "correct the path") from error


def _load_pair(context: ssl.SSLContext, cert: str, key: Secret) -> None:
    # The standard library loads a client certificate from files only.
    with tempfile.TemporaryDirectory(prefix="mcidns-") as folder:
        cert_file, key_file = Path(folder) / "cert", Path(folder) / "key"
        cert_file.write_text(cert, encoding="ascii")
        key_file.touch(mode=0o600)
        key_file.write_text(key.value, encoding="ascii")
        try:
            context.load_cert_chain(cert_file, key_file)
        except ssl.SSLError as error:
            raise ConfigError(
                "client-certificate", "does not fit its key, or is no PEM", "copy both again from one source"
            ) from error


def _read_token(path: str) -> Secret:
    try:
        return Secret(Path(path).read_text(encoding="utf-8").strip())
    except OSError as error:
        raise ConfigError("tokenFile", f"{path} cannot be read ({error.strerror})", "check the mount") from error


def _exec_token(path: str, context: str) -> Secret | None:
    # Imported here: it takes a second and a hundred megabytes, for the few who use a plug-in.
    from kubernetes import client, config

    configuration = client.Configuration()
    try:
        config.load_kube_config(  # type: ignore[no-untyped-call]  # the package is typed but for this
            config_file=path, context=context, client_configuration=configuration
        )
    except config.ConfigException as error:
        raise ConfigError("users[].exec", "the credential plug-in failed", "run it by hand and see what it says") from error
    header = configuration.get_api_key_with_prefix("authorization") or configuration.api_key.get("BearerToken", "")
    value = str(header).removeprefix("Bearer ").strip()
    return Secret(value) if value else None
