"""What a DNSProvider may say of GSS-TSIG: parsed and refused here, once; tickets and contexts live in gss.py."""

import base64
import binascii
from collections.abc import Mapping
from ipaddress import ip_address

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret
from mcidns.provider import ProviderSettings
from mcidns_rfc2136 import gss
from mcidns_rfc2136.fields import check_known, typed
from mcidns_rfc2136.gss import Login

_FIELDS = ("principal", "realm", "serverName", "service", "keytabFile", "ccache")
_HEADS = (b"\x05\x01", b"\x05\x02")
"""How every keytab begins: the version of its format."""


def parse(settings: ProviderSettings, hosts: tuple[str, ...]) -> Login:
    """`hosts` are the servers' names or addresses as configured. Raises ConfigError, never with the keytab in it."""
    value = settings.config["gssTsig"]
    if not isinstance(value, Mapping):
        raise ConfigError("config.gssTsig", "it is not an object", "write gssTsig: {principal: mcidns@EXAMPLE.ORG}, or {}")
    config: dict[str, object] = {str(key): item for key, item in value.items()}
    for key in config:
        check_known(key, _FIELDS, "config.gssTsig")
    _without_shared_key(settings)

    def text(key: str) -> str | None:
        return typed(config, key, str, "", "config.gssTsig").strip() or None

    secret = settings.secrets.get("keytab")
    given = [f"gssTsig.{key}" for key in ("keytabFile", "ccache") if text(key)] + ["the Secret's keytab"] * (secret is not None)
    if len(given) > 1:
        raise ConfigError("config.gssTsig", f"{' and '.join(given)} are given", "give one of them")
    server_name = text("serverName")
    unnamed = [host for host in hosts if _is_address(host)]
    if unnamed and server_name is None:
        raise ConfigError(
            "config.gssTsig.serverName",
            f"Kerberos knows {unnamed[0]} by its name only",
            "write the server's host name, as in its principal DNS/ns1.example.org",
        )
    gss.module()
    return Login(
        principal=text("principal"),
        realm=text("realm"),
        server_name=server_name,
        service=text("service") or "DNS",
        keytab=None if secret is None else _keytab(secret),
        keytab_file=text("keytabFile"),
        ccache=text("ccache"),
    )


def _without_shared_key(settings: ProviderSettings) -> None:
    for field, given in (
        ("config.tsigKeyName", settings.config.get("tsigKeyName")),
        ("config.allowUnsigned", settings.config.get("allowUnsigned")),
        ("secretRef", settings.secrets.get("tsigSecret")),
    ):
        if given:
            raise ConfigError(field, "gssTsig is given too", "use a shared key or GSS-TSIG, not both")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _keytab(secret: Secret) -> bytes:
    """Its bytes: a Secret's binary content reaches us in base64, and people may have written base64 themselves."""
    content = secret.value.encode("utf-8", "replace")
    if not content.startswith(_HEADS):
        try:
            content = base64.b64decode("".join(secret.value.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            # The cause would show the text, so it is cut off.
            del error
            content = b""
    if not content.startswith(_HEADS):
        raise ConfigError(
            "secretRef",
            "keytab holds no keytab",
            "put the file in as it is: kubectl create secret generic … --from-file=keytab=FILE",
        )
    return content
