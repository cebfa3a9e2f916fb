"""What a DNSProvider of type route53 may say: parsed and refused here, once; nothing here does I/O."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from mcidns.errors import ConfigError
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.secrets import Secret
from mcidns.provider import ProviderSettings

ZoneType = Literal["public", "private"]

DEFAULT_REGION = "us-east-1"
DEFAULT_RATE = 5.0
"""Requests per second; the quota of an AWS account."""
_ZONE_ID = re.compile(r"[A-Z0-9]{4,32}\Z")
_ROLE = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/.+\Z")
_SESSION = re.compile(r"[\w+=,.@-]{2,64}\Z", re.ASCII)
_VPC = re.compile(r"vpc-[0-9a-f]{8,17}\Z")


@dataclass(frozen=True, slots=True)
class Keys:
    """Static credentials."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume."""

    arn: str
    session_name: str = "mcidns"
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. Times in seconds, `rate` in requests per second of the whole account.

    `zone_ids` names the hosted zone by domain; `only_zone` is the id that every domain of this provider must have. Otherwise
    zones are found by name, narrowed by `zone_type`, `vpc_id` and `tags`.
    """

    keys: Keys | None = None
    profile: str | None = None
    role: Role | None = None
    region: str = DEFAULT_REGION
    endpoint_url: str | None = None
    sts_endpoint_url: str | None = None
    only_zone: str | None = None
    zone_ids: tuple[tuple[DnsName, str], ...] = ()
    zone_type: ZoneType | None = None
    vpc_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    rate: float = DEFAULT_RATE
    timeout: float = 10.0
    connect_timeout: float = 5.0

    @property
    def account(self) -> tuple[str, ...]:
        """What tells AWS accounts apart as well as can be known without asking: the role's account, else the credentials."""
        where = self.endpoint_url or ""
        if self.role is not None:
            match = _ROLE.match(self.role.arn)
            return where, "account", match.group(2) if match else self.role.arn
        if self.keys is not None:
            return where, "key", self.keys.access_key_id
        return where, "profile", self.profile or ""


_FIELDS = (
    "region",
    "profile",
    "roleARN",
    "roleSessionName",
    "externalID",
    "endpointURL",
    "stsEndpointURL",
    "zoneID",
    "zoneType",
    "vpcID",
    "tags",
    "requestsPerSecond",
    "timeout",
)


def parse(settings: ProviderSettings) -> Config:
    """Raises ConfigError naming the field and the remedy, never the secret."""
    config = settings.config
    for key in config:
        _check_known(key)
    only_zone, zone_ids = _zones(config.get("zoneID"))
    keys, profile = _keys(settings.secrets), _text(config, "profile")
    if keys is not None and profile is not None:
        raise ConfigError("config.profile", "the Secret holds static keys too", "keep one of them")
    zone_type = _zone_type(config)
    vpc_id = _matching(config, "vpcID", _VPC, "a VPC id such as vpc-0a1b2c3d")
    if vpc_id is not None and zone_type == "public":
        raise ConfigError("config.vpcID", "public zones belong to no VPC", "write zoneType: private, or remove vpcID")
    return Config(
        keys=keys,
        profile=profile,
        role=_role(config),
        region=_text(config, "region") or DEFAULT_REGION,
        endpoint_url=_url(config, "endpointURL"),
        sts_endpoint_url=_url(config, "stsEndpointURL"),
        only_zone=only_zone,
        zone_ids=zone_ids,
        zone_type="private" if vpc_id is not None else zone_type,
        vpc_id=vpc_id,
        tags=_tags(config.get("tags")),
        rate=_number(config, "requestsPerSecond", DEFAULT_RATE, 0.1, 10_000),
        timeout=_number(config, "timeout", 10.0, 0.1, 60),
    )


def _check_known(key: str) -> None:
    if key in _FIELDS:
        return
    near = difflib.get_close_matches(key.lower(), [name.lower() for name in _FIELDS], n=1, cutoff=0.5)
    meant = next((name for name in _FIELDS if near and name.lower() == near[0]), None)
    remedy = f"did you mean {meant}?" if meant else f"known are {', '.join(_FIELDS)}"
    if key.lower() in {"accesskeyid", "secretaccesskey", "sessiontoken"}:
        remedy = "put it into the Secret that secretRef names"
    raise ConfigError(f"config.{key}", "there is no such field", remedy)


def _text(config: Mapping[str, object], key: str) -> str | None:
    value = config.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"config.{key}", "it is no text", "write a string, or remove it")
    return value.strip()


def _matching(config: Mapping[str, object], key: str, pattern: re.Pattern[str], form: str) -> str | None:
    value = _text(config, key)
    if value is not None and not pattern.match(value):
        raise ConfigError(f"config.{key}", f"{value[:80]!r} is not of the right form", f"write {form}")
    return value


def _number(config: Mapping[str, object], key: str, default: float, low: float, high: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(f"config.{key}", f"{value!r} is out of range", f"write a number from {low:g} to {high:g}")
    return float(value)


def _url(config: Mapping[str, object], key: str) -> str | None:
    value = _text(config, key)
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ConfigError(f"config.{key}", "it is no address of a service", "write https://host, or remove it")
    return value


def _zone_type(config: Mapping[str, object]) -> ZoneType | None:
    value = _text(config, "zoneType")
    if value is None:
        return None
    if value.lower() == "public":
        return "public"
    if value.lower() == "private":
        return "private"
    raise ConfigError("config.zoneType", f"{value[:40]!r} is not known", "write public or private")


def _zones(value: object) -> tuple[str | None, tuple[tuple[DnsName, str], ...]]:
    if value is None:
        return None, ()
    if isinstance(value, str):
        return _zone_id(value, "config.zoneID"), ()
    if isinstance(value, Mapping):
        return None, tuple((_domain(str(key)), _zone_id(text, f"config.zoneID.{key}")) for key, text in value.items())
    raise ConfigError("config.zoneID", f"it is a {type(value).__name__}", "write Z…, or {example.org: Z…} for several zones")


def _zone_id(value: object, where: str) -> str:
    text = value.strip().removeprefix("/hostedzone/") if isinstance(value, str) else ""
    if not _ZONE_ID.match(text):
        raise ConfigError(
            where, f"{str(value)[:60]!r} is no hosted zone id", "write it as Route 53 shows it, such as Z0123456789ABC"
        )
    return text


def _domain(text: str) -> DnsName:
    try:
        return DnsName.parse(text)
    except InvalidName as error:
        raise ConfigError("config.zoneID", f"{text[:80]!r} is no domain ({error})", "write the zone's domain: its id") from error


def _tags(value: object) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise ConfigError("config.tags", "it is no map of texts", "write tags: {team: dns}; an empty value asks for the key alone")
    return tuple(sorted((str(key), str(text)) for key, text in value.items()))


def _role(config: Mapping[str, object]) -> Role | None:
    arn = _matching(config, "roleARN", _ROLE, "arn:aws:iam::123456789012:role/NAME")
    session = _matching(config, "roleSessionName", _SESSION, "2 to 64 letters, digits and +=,.@-")
    external = _text(config, "externalID")
    if arn is None:
        for key, value in (("roleSessionName", session), ("externalID", external)):
            if value is not None:
                raise ConfigError(f"config.{key}", "there is no role to assume", "name it as roleARN")
        return None
    return Role(arn, session or "mcidns", external)


def _keys(secrets: Mapping[str, Secret]) -> Keys | None:
    key, secret = secrets.get("accessKeyID"), secrets.get("secretAccessKey")
    token = secrets.get("sessionToken")
    if key is None and secret is None and token is None:
        return None
    if key is None or secret is None or not key.value.strip() or not secret.value.strip():
        missing = "accessKeyID" if key is None or not key.value.strip() else "secretAccessKey"
        raise ConfigError("secretRef", f"the Secret has no {missing}", "add accessKeyID and secretAccessKey, or neither of them")
    stripped = Secret(token.value.strip()) if token is not None and token.value.strip() else None
    return Keys(key.value.strip(), Secret(secret.value.strip()), stripped)
