"""Which keystoneauth plug-in logs in, and with what: from the config, the Secret's keys, an openrc or a clouds.yaml. No I/O."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from keystoneauth1 import exceptions, loading
from keystoneauth1.plugin import BaseAuthPlugin

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret

FIELDS = {
    "authURL": "auth_url",
    "username": "username",
    "userID": "user_id",
    "userDomainName": "user_domain_name",
    "userDomainID": "user_domain_id",
    "projectName": "project_name",
    "projectID": "project_id",
    "projectDomainName": "project_domain_name",
    "projectDomainID": "project_domain_id",
    "systemScope": "system_scope",
    "applicationCredentialID": "application_credential_id",
    "applicationCredentialName": "application_credential_name",
}
"""Fields that may stand in the config or in the Secret, and what keystoneauth calls them."""
SECRET_FIELDS = {
    "password": "password",
    "applicationCredentialSecret": "application_credential_secret",
    "token": "token",
}
"""Fields that may stand in the Secret only."""
KINDS = {
    "password": "v3password",
    "applicationCredential": "v3applicationcredential",
    "token": "v3token",
    "none": "none",
}
"""Ways to log in, and keystoneauth's plug-ins for them."""
_SAME = {"": "v3password", "password": "v3password", "token": "v3token", "noauth": "none"}


@dataclass(frozen=True, slots=True)
class Login:
    """A plug-in of keystoneauth by `kind`; the options hold secrets and are never shown."""

    kind: str
    options: Mapping[str, str] = field(repr=False)

    @property
    def is_open(self) -> bool:
        """Whether nobody asks who we are."""
        return self.kind == "none"

    def plugin(self) -> BaseAuthPlugin:
        """Ready to fetch a token. Raises ConfigError naming what is missing."""
        try:
            return loading.get_plugin_loader(self.kind).load_from_options(**self.options)
        except (exceptions.NoMatchingPlugin, exceptions.OptionError) as error:
            raise ConfigError("config.auth", f"login by {self.kind} lacks something ({error})", _REMEDY) from error


_REMEDY = "see the table of logins in the README of the designate provider"


def from_fields(kind: str, fields: Mapping[str, str], endpoint: str | None) -> Login:
    """From our own fields, by keystoneauth's names; `kind` as in KINDS, or empty to be told by what is there."""
    kind = kind or _told(fields)
    if kind not in KINDS:
        raise ConfigError("config.auth", f"{kind!r} is no way to log in", f"write one of {', '.join(KINDS)}")
    if kind == "none":
        return _checked(KINDS[kind], _open(endpoint))
    foreign = {"password": "password", "applicationCredential": "application_credential", "token": "token"}
    others = tuple(prefix for other, prefix in foreign.items() if other != kind)
    return _checked(KINDS[kind], {key: value for key, value in fields.items() if not key.startswith(others)})


def from_cloud(type_: str, fields: Mapping[str, str], endpoint: str | None) -> Login:
    """From a clouds.yaml: its `auth_type` and the block `auth`."""
    kind = _SAME.get(type_, type_)
    if kind == "none":
        return _checked(kind, _open(fields.get("endpoint") or endpoint))
    return _checked(kind, dict(fields))


def _told(fields: Mapping[str, str]) -> str:
    if "application_credential_secret" in fields:
        return "applicationCredential"
    if "password" in fields:
        return "password"
    if "token" in fields:
        return "token"
    raise ConfigError(
        "secretRef",
        "it holds nothing to log in with",
        "give it clouds.yaml, password, applicationCredentialSecret or token; or set config.auth: none",
    )


def _open(endpoint: str | None) -> dict[str, str]:
    if not endpoint:
        raise ConfigError("config.endpoint", "without a login nobody tells where Designate is", "write its URL")
    return {"endpoint": endpoint}


def _checked(kind: str, options: dict[str, str]) -> Login:
    """Refuse options that the plug-in does not know, and add what OpenStack's clients take for granted."""
    try:
        known = {option.dest for option in loading.get_plugin_options(kind)}
    except exceptions.NoMatchingPlugin as error:
        raise ConfigError("config.auth", f"keystoneauth has no plug-in {kind!r}", "install the package that brings it") from error
    options.pop("auth_type", None)
    for key in options:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.7)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            raise ConfigError("config.auth", f"login by {kind} has no {key}", remedy)
    if kind == "v3password":
        _default_domain(options, "username", "user_domain")
        _default_domain(options, "project_name", "project_domain")
        if not {"username", "user_id"} & options.keys() or "password" not in options:
            raise ConfigError("config.username", "login by password needs a user and a password", _REMEDY)
    if kind.startswith("v3") and not options.get("auth_url"):
        raise ConfigError(
            "config.authURL", "Keystone's address is missing", "write it, such as https://keystone.example.org:5000/v3"
        )
    login = Login(kind, options)
    login.plugin()
    return login


def _default_domain(options: dict[str, str], name: str, domain: str) -> None:
    if name in options and f"{domain}_id" not in options and f"{domain}_name" not in options:
        options[f"{domain}_id"] = "default"


def secret_fields(secrets: Mapping[str, Secret]) -> dict[str, str]:
    """What a Secret holds by keystoneauth's names; keys of an openrc (`OS_USERNAME`) count too. Raises ConfigError."""
    found: dict[str, str] = {}
    ours = {**FIELDS, **SECRET_FIELDS}
    for key, secret in secrets.items():
        if key in ours:
            found[ours[key]] = secret.value.strip()
        elif key.startswith("OS_") and key[3:].lower() in ours.values():
            found.setdefault(key[3:].lower(), secret.value.strip())
    return found
