"""Asks one API server for what tells whether it can be used: an answer, its time, its version, its certificate."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec

from mcidns.doctor import clocks, credentials
from mcidns.doctor.credentials import Lifetime
from mcidns.doctor.findings import NotChecked
from mcidns.kube import kinds, tls
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import Forbidden, NotFound

SLOW: Final = 2.0
"""Seconds for one small answer beyond which somebody should look."""

RENEWAL: Final = "kubeadm certs renew apiserver    # on its control plane"
_VERSION: Final = 64


@dataclass(frozen=True, slots=True)
class Reached:
    """What an API said. `seconds` is what a small list took, `skew` as in clocks; None where it tells no time."""

    version: str
    seconds: float
    skew: float | None


async def reach(client: KubeClient, *, clock: Callable[[], float] = time.time) -> Reached:
    """Ask once for the version and once, with the credentials, for one Service. Raises KubeError, ConfigError."""
    asked = clock()
    reply = await client.reply("/version")
    skew = clocks.skew(reply.date, asked, clock())
    began = time.monotonic()
    with contextlib.suppress(Forbidden, NotFound):  # logged in, which is what was asked; rights are another check
        await client.page(kinds.SERVICE, limit=1)
    seconds = time.monotonic() - began
    try:
        version = str(msgspec.json.decode(reply.body)["gitVersion"])[:_VERSION]
    except (msgspec.DecodeError, LookupError, TypeError):
        version = ""
    return Reached(version, seconds, skew)


async def lifetimes(access: Access, remedy: str, timeout: float) -> tuple[Lifetime, ...]:
    """When the token, the client's and the server's certificate end, as far as they tell."""
    found: list[Lifetime] = []
    identity = access.identity
    end = credentials.token_end(identity.token.value) if identity.token is not None else None
    if end is not None:
        found.append(Lifetime("the token", end, remedy))
    end = credentials.pem_end(identity.certificate) if identity.certificate else None
    if end is not None:
        found.append(Lifetime("the client certificate", end, remedy))
    end = await served(access, timeout)
    if end is not None:
        found.append(Lifetime("the API server's certificate", end, RENEWAL))
    return tuple(found)


async def served(access: Access, timeout: float) -> float | None:
    """The end of the certificate that the server shows; it is not verified here, as an expired one is what we look for."""
    parts = urlsplit(access.server)
    if parts.scheme != "https" or access.proxy_url is not None or not parts.hostname:
        return None
    context = await asyncio.to_thread(tls.context, access.ca, insecure=True)
    name = access.tls_server_name or parts.hostname
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=context, server_hostname=name)
    except (OSError, TimeoutError):
        return None
    try:
        shown = writer.get_extra_info("ssl_object")
        der = shown.getpeercert(binary_form=True) if isinstance(shown, ssl.SSLObject) else None
        return credentials.der_end(der) if der is not None else None
    finally:
        writer.transport.abort()


def unreached(why: str) -> NotChecked:
    """What is to be said of every check that needs an API that does not answer."""
    return NotChecked(f"its API does not answer: {why}" if why else "its API does not answer")


async def serves(client: KubeClient, group: str) -> bool:
    """Whether the API serves a group at all. Raises KubeError."""
    try:
        await client.get_path(f"/apis/{group}")
    except NotFound:
        return False
    return True
