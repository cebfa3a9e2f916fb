"""What a DNSProvider of type rfc2136 may say: parsed and refused here, once; nothing here does I/O."""

import base64
import binascii
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from mcidns.errors import ConfigError
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.secrets import Secret
from mcidns.provider import ProviderSettings
from mcidns_rfc2136 import kerberos, tsig
from mcidns_rfc2136.fields import check_known, typed
from mcidns_rfc2136.gss import Login
from mcidns_rfc2136.tsig import Key

PLAIN_PORT = 53
TLS_PORT = 853
DEFAULT_BATCH = 300


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tls:
    """DNS over TLS (RFC 7858). Without a CA the system's are trusted; `server_name` overrides the host for the certificate."""

    ca_file: str | None = None
    ca_data: str | None = None
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """A client context; reads files, so call it outside the event loop. Raises OSError or ssl.SSLError."""
        context = ssl.create_default_context(cafile=self.ca_file, cadata=self.ca_data)
        context.set_alpn_protocols(["dot"])  # BIND answers SERVFAIL without it
        return context


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. Times in seconds; `batch` is how many changes one UPDATE may carry."""

    servers: tuple[Address, ...]
    key: Key | None
    verify: tuple[Address, ...]
    tls: Tls | None = None
    gss: Login | None = None
    timeout: float = 5.0
    transfer_timeout: float = 60.0
    min_ttl: int = 0
    batch: int = DEFAULT_BATCH


def parse(settings: ProviderSettings) -> Config:
    """Raises ConfigError naming the field and the remedy, never the secret."""
    config = settings.config
    for key in config:
        check_known(key, _FIELDS, "config")
    tls = _tls(config.get("tls"), settings.secrets.get("ca.crt"))
    port = _bounded(config, "port", TLS_PORT if tls else PLAIN_PORT, 1, 65535)
    servers = _addresses(config, "servers", port)
    if not servers:
        raise ConfigError(
            "config.servers", "no server is named", 'list at least one, such as ["ns1.example.org", "192.0.2.53:5353"]'
        )
    login = kerberos.parse(settings, tuple(server.host for server in servers)) if config.get("gssTsig") is not None else None
    return Config(
        servers=servers,
        key=None if login is not None else _key(settings),
        gss=login,
        verify=_addresses(config, "verify", port) or servers,
        tls=tls,
        timeout=_seconds(config, "timeout", 5.0),
        transfer_timeout=_seconds(config, "transferTimeout", 60.0),
        min_ttl=_bounded(config, "minTTL", 0, 0, 2**31 - 1),
        batch=_bounded(config, "batchSize", DEFAULT_BATCH, 1, 2000),
    )


_FIELDS = (
    "servers",
    "port",
    "tsigKeyName",
    "tsigAlgorithm",
    "allowUnsigned",
    "allowWeakAlgorithms",
    "gssTsig",
    "timeout",
    "transferTimeout",
    "minTTL",
    "batchSize",
    "tls",
    "verify",
)
_TLS_FIELDS = ("enabled", "caFile", "caData", "serverName")


def _bounded(config: Mapping[str, object], key: str, default: int, low: int, high: int) -> int:
    value = typed(config, key, int, default)
    if not low <= value <= high:
        raise ConfigError(f"config.{key}", f"{value} is out of range", f"write a number from {low} to {high}")
    return value


def _seconds(config: Mapping[str, object], key: str, default: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
        raise ConfigError(f"config.{key}", f"{value!r} is no such time", "write seconds, more than 0 and at most 3600")
    return float(value)


def _addresses(config: Mapping[str, object], key: str, port: int) -> tuple[Address, ...]:
    values = config.get(key, [])
    if not isinstance(values, list | tuple):
        raise ConfigError(f"config.{key}", "it is not a list", 'write a list, such as ["ns1.example.org"]')
    found = [_address(f"config.{key}[{index}]", value, port) for index, value in enumerate(values)]
    return tuple(dict.fromkeys(found))


def _address(where: str, value: object, port: int) -> Address:
    remedy = "write host, host:port, an IPv4 address, or an IPv6 address ([2001:db8::1]:53 with a port)"
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(where, "it is no server address", remedy)
    host, written = _split(value.strip(), where, remedy)
    if written is not None:
        if not (written.isascii() and written.isdigit() and 0 < int(written) < 65536):
            raise ConfigError(where, f"the port of {value!r} is no number from 1 to 65535", remedy)
        port = int(written)
    return Address(_host(host, value, where, remedy), port)


def _split(text: str, where: str, remedy: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ConfigError(where, f"{text!r} has unmatched brackets", remedy)
        return host, rest[1:] if rest else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _host(host: str, value: object, where: str, remedy: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if address is not None:
        return host.lower() if isinstance(address, IPv6Address) else str(address)
    try:
        name = DnsName.parse(host)
    except InvalidName as error:
        raise ConfigError(where, f"{value!r} is neither a name nor an address ({error})", remedy) from error
    if name.labels[-1].isdigit() or name.is_wildcard:
        raise ConfigError(where, f"{value!r} looks like an address but is none", remedy)
    return name.relative


def _key(settings: ProviderSettings) -> Key | None:
    config = settings.config
    name = typed(config, "tsigKeyName", str, "").strip()
    secret = settings.secrets.get("tsigSecret")
    if not name and secret is None:
        if typed(config, "allowUnsigned", bool, False):
            return None
        raise ConfigError(
            "config.tsigKeyName",
            "no key is named, so anybody could write in our place",
            "name the key and put its secret into the Secret as tsigSecret, or set allowUnsigned: true",
        )
    if not name:
        raise ConfigError(
            "config.tsigKeyName", "the Secret holds tsigSecret but no key is named", "write the key's name as the server has it"
        )
    if secret is None:
        raise ConfigError(
            "secretRef", f"the Secret has no tsigSecret for key {name}", "add the key's secret in base64 as tsigSecret"
        )
    algorithm = _algorithm(config)
    return Key(_key_name(name), algorithm, _decoded(secret.value))


def _algorithm(config: Mapping[str, object]) -> str:
    algorithm = typed(config, "tsigAlgorithm", str, "hmac-sha256").strip().lower().removesuffix(".")
    algorithm = algorithm if algorithm.startswith("hmac-") else f"hmac-{algorithm}"
    algorithm = "hmac-md5" if algorithm == "hmac-md5.sig-alg.reg.int" else algorithm
    if algorithm not in tsig.ALGORITHMS:
        raise ConfigError("config.tsigAlgorithm", f"{algorithm!r} is not known", f"write one of {', '.join(tsig.ALGORITHMS)}")
    if algorithm in tsig.WEAK and not typed(config, "allowWeakAlgorithms", bool, False):
        raise ConfigError("config.tsigAlgorithm", f"{algorithm} is weak", "use hmac-sha256, or set allowWeakAlgorithms: true")
    return algorithm


def _key_name(name: str) -> str:
    try:
        return DnsName.parse(name).text
    except InvalidName as error:
        raise ConfigError("config.tsigKeyName", f"it is no key name ({error})", "write it as the server has it") from error


def _decoded(secret: str) -> bytes:
    try:
        key = base64.b64decode("".join(secret.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        # The cause would show the text, so it is cut off.
        del error
        key = b""
    if not key:
        raise ConfigError(
            "secretRef", "tsigSecret is not base64 of a key", "copy the secret exactly as tsig-keygen or the server prints it"
        )
    return key


def _tls(value: object, secret: Secret | None) -> Tls | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ConfigError("config.tls", "it is not an object", "write tls: {enabled: true}")
    config: dict[str, object] = {str(key): item for key, item in value.items()}
    for key in config:
        check_known(key, _TLS_FIELDS, "config.tls")
    if not typed(config, "enabled", bool, True, "config.tls"):
        return None

    def text(key: str) -> str | None:
        return typed(config, key, str, "", "config.tls").strip() or None

    if text("caFile") and text("caData"):
        raise ConfigError("config.tls.caFile", "caData is given too", "give one of them")
    data = _pem(text("caData"), "config.tls.caData")
    if data is None and text("caFile") is None and secret is not None:
        data = _pem(secret.value, "secretRef: ca.crt")
    return Tls(text("caFile"), data, text("serverName"))


def _pem(data: str | None, where: str) -> str | None:
    if data is None:
        return None
    problem = "it holds no PEM certificate"
    if "-----BEGIN CERTIFICATE-----" in data:
        try:
            ssl.create_default_context(cadata=data)
            return data
        except ssl.SSLError as error:
            problem = f"its certificate cannot be read ({error.reason or error})"
    raise ConfigError(where, problem, "write the CA's certificate in PEM, -----BEGIN CERTIFICATE----- included")
