"""What a DNSProvider of type designate may say: parsed and refused here, once; nothing here does I/O."""

import difflib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from mcidns.errors import ConfigError
from mcidns.provider import ProviderSettings
from mcidns_designate import clouds, login
from mcidns_designate.login import Login

T = TypeVar("T")

INTERFACES = ("public", "internal", "admin")
MAX_TTL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Tls:
    """How the certificates of Keystone and Designate are checked; without a CA the system's are trusted."""

    ca_file: str | None = None
    ca_data: str | None = None
    verify: bool = True

    def context(self) -> ssl.SSLContext:
        """A client context; reads files, so call it outside the event loop. Raises OSError or ssl.SSLError."""
        context = ssl.create_default_context(cafile=self.ca_file, cadata=self.ca_data)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. `timeout` in seconds for one request; `parallel` is how many writes may be under way for one zone.

    `headers` go with every request: they choose whose zones are meant. `endpoint` is None where the catalogue tells.
    """

    login: Login
    tls: Tls = Tls()
    endpoint: str | None = None
    region: str | None = None
    interface: str = "public"
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = 30.0
    parallel: int = 8
    min_ttl: int = 0


_FIELDS = (
    *login.FIELDS,
    "auth",
    "cloud",
    "region",
    "interface",
    "endpoint",
    "allProjects",
    "sudoProjectID",
    "tls",
    "timeout",
    "parallel",
    "minTTL",
)
_TLS_FIELDS = ("caFile", "caData", "insecureSkipVerify")


def parse(settings: ProviderSettings) -> Config:
    """Raises ConfigError naming the field and the remedy, never the secret."""
    config = settings.config
    for key in config:
        _check_known(key, _FIELDS, "config")
    cloud: Mapping[str, object] = {}
    if "clouds.yaml" in settings.secrets:
        cloud = clouds.cloud(settings.secrets["clouds.yaml"].value, _text(config, "cloud"))
    elif _text(config, "cloud"):
        raise ConfigError("config.cloud", "the Secret has no clouds.yaml", "add the file to it under that key")
    endpoint = _url(config, "endpoint") or _cloud_text(cloud, "dns_endpoint_override") or None
    interface = _text(config, "interface") or _cloud_text(cloud, "interface") or "public"
    interface = interface.removesuffix("URL")
    if interface not in INTERFACES:
        raise ConfigError("config.interface", f"{interface!r} is none", f"write one of {', '.join(INTERFACES)}")
    return Config(
        login=_login(settings, cloud, endpoint),
        tls=_tls(config.get("tls"), cloud),
        endpoint=endpoint,
        region=_text(config, "region") or _cloud_text(cloud, "region_name") or None,
        interface=interface,
        headers=_headers(config),
        timeout=_seconds(config, "timeout", 30.0),
        parallel=_bounded(config, "parallel", 8, 1, 64),
        min_ttl=_bounded(config, "minTTL", 0, 0, MAX_TTL),
    )


def _login(settings: ProviderSettings, cloud: Mapping[str, object], endpoint: str | None) -> Login:
    config = settings.config
    _url(config, "authURL")
    if cloud:
        mixed = [key for key in ("auth", *login.FIELDS) if key in config]
        if mixed:
            raise ConfigError(f"config.{mixed[0]}", "clouds.yaml says how to log in", "remove the field, or clouds.yaml")
        return login.from_cloud(_cloud_text(cloud, "auth_type"), clouds.login(cloud), endpoint)
    fields = login.secret_fields(settings.secrets)
    fields |= {login.FIELDS[key]: text for key in login.FIELDS if (text := _text(config, key))}
    return login.from_fields(_text(config, "auth"), fields, endpoint)


def _headers(config: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    every, sudo = _typed(config, "allProjects", bool, False), _text(config, "sudoProjectID")
    if every and sudo:
        raise ConfigError("config.sudoProjectID", "allProjects is set too", "set one of them")
    headers = []
    if every:
        headers.append(("X-Auth-All-Projects", "true"))
    if sudo:
        headers.append(("X-Auth-Sudo-Project-ID", sudo))
    if _text(config, "auth") == "none" and _text(config, "projectID"):
        headers.append(("X-Auth-Project-ID", _text(config, "projectID")))
    return tuple(headers)


def _tls(value: object, cloud: Mapping[str, object]) -> Tls:
    if value is None:
        verify = cloud.get("verify", True)
        return Tls(ca_file=_cloud_text(cloud, "cacert") or None, verify=verify is not False and str(verify).lower() != "false")
    if not isinstance(value, Mapping):
        raise ConfigError("config.tls", "it is not an object", "write tls: {caFile: /etc/ssl/openstack.pem}")
    config: dict[str, object] = {str(key): item for key, item in value.items()}
    for key in config:
        _check_known(key, _TLS_FIELDS, "config.tls")
    file, data = _text(config, "caFile", "config.tls"), _text(config, "caData", "config.tls")
    if file and data:
        raise ConfigError("config.tls.caFile", "caData is given too", "give one of them")
    if data and "-----BEGIN CERTIFICATE-----" not in data:
        raise ConfigError(
            "config.tls.caData", "it holds no PEM certificate", "write the CA's certificate, -----BEGIN CERTIFICATE----- included"
        )
    return Tls(file or None, data or None, not _typed(config, "insecureSkipVerify", bool, False, "config.tls"))


def _cloud_text(cloud: Mapping[str, object], key: str) -> str:
    value = cloud.get(key)
    return str(value).strip() if value is not None else ""


def _check_known(key: str, known: tuple[str, ...], where: str) -> None:
    if key in known:
        return
    if key in login.SECRET_FIELDS:
        raise ConfigError(f"{where}.{key}", "a secret does not belong into the config", "put it into the Secret of secretRef")
    near = difflib.get_close_matches(key.lower(), [name.lower() for name in known], n=1, cutoff=0.5)
    meant = next((name for name in known if near and name.lower() == near[0]), None)
    remedy = f"did you mean {meant}?" if meant else f"known are {', '.join(known)}"
    raise ConfigError(f"{where}.{key}", "there is no such field", remedy)


def _typed(config: Mapping[str, object], key: str, kind: type[T], default: T, where: str = "config") -> T:
    value = config.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {str: "a string", bool: "true or false", int: "a whole number"}
        raise ConfigError(f"{where}.{key}", f"it is a {type(value).__name__}", f"write {words.get(kind, kind.__name__)}")
    return value


def _text(config: Mapping[str, object], key: str, where: str = "config") -> str:
    return _typed(config, key, str, "", where).strip()


def _url(config: Mapping[str, object], key: str) -> str:
    text = _text(config, key)
    if text and (urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).netloc):
        raise ConfigError(f"config.{key}", f"{text!r} is no URL", "write it with its scheme, such as https://dns.example.org:9001")
    return text


def _bounded(config: Mapping[str, object], key: str, default: int, low: int, high: int) -> int:
    value = _typed(config, key, int, default)
    if not low <= value <= high:
        raise ConfigError(f"config.{key}", f"{value} is out of range", f"write a number from {low} to {high}")
    return value


def _seconds(config: Mapping[str, object], key: str, default: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 600:
        raise ConfigError(f"config.{key}", f"{value!r} is no such time", "write seconds, more than 0 and at most 600")
    return float(value)
