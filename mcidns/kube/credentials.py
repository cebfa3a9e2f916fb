"""The headers that say who asks, made anew for each request; a renewed token needs no new connection."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from multidict import CIMultiDict

from mcidns.errors import ConfigError
from mcidns.kube.access import Access, ExecPlugin, Identity, check_header
from mcidns.model.secrets import Secret

FILE_AGE = 10.0
"""Seconds for which a token file's content is used; the kubelet renews it long before it expires."""

PLUGIN_AGE = 600.0
EARLY = 60.0
"""A credential is renewed this many seconds before it expires."""


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: str = ""


class _ExecCredential(msgspec.Struct):
    status: _Status


@dataclass(frozen=True, slots=True)
class Pair:
    """A client certificate and its key, both PEM."""

    certificate: str
    key: Secret


class Credentials:
    """One Access' identity as request headers. One user at a time renews; the others wait for it."""

    def __init__(self, access: Access, *, clock: Callable[[], float] = time.time) -> None:
        self._access = access
        self._clock = clock
        self._token = ""
        self._pair: Pair | None = None
        self._until = float("-inf")
        self._lock = asyncio.Lock()

    def adopt(self, access: Access) -> None:
        """Use another identity from the next request on."""
        self._access = access
        self.renew()

    def renew(self) -> None:
        """Read the token file or run the plug-in again before the next request: the server refused what we have."""
        self._until = float("-inf")

    async def headers(self) -> CIMultiDict[str]:
        """Authorization and impersonation. Raises ConfigError when the file or the plug-in yields nothing usable."""
        who = self._access.identity
        await self._refresh(who)
        found: CIMultiDict[str] = CIMultiDict()
        if who.token is not None:
            found["Authorization"] = f"Bearer {who.token.value}"
        elif self._token:
            found["Authorization"] = f"Bearer {self._token}"
        elif who.basic is not None:
            plain = f"{who.basic[0]}:{who.basic[1].value}".encode()
            found["Authorization"] = "Basic " + base64.b64encode(plain).decode("ascii")
        if who.impersonate:
            found["Impersonate-User"] = who.impersonate
            for group in who.impersonate_groups:
                found.add("Impersonate-Group", group)
        return found

    async def pair(self) -> Pair | None:
        """The client certificate to present, if any. Raises ConfigError like `headers`."""
        who = self._access.identity
        await self._refresh(who)
        if self._pair is not None:
            return self._pair
        return Pair(who.certificate, who.key) if who.certificate and who.key is not None else None

    async def _refresh(self, who: Identity) -> None:
        if who.token is not None or not (who.token_file or who.plugin) or self._clock() < self._until:
            return
        async with self._lock:
            if self._clock() < self._until:
                return
            if who.token_file:
                self._token, self._until = await asyncio.to_thread(_read, who.token_file), self._clock() + FILE_AGE
            elif who.plugin is not None:
                await self._run(who.plugin)

    async def _run(self, plugin: ExecPlugin) -> None:
        status = await _ask(plugin, self._access)
        check_header("exec token", status.token)
        self._token = status.token
        certificate, key = status.client_certificate_data, status.client_key_data
        self._pair = Pair(certificate, Secret(key)) if certificate and key else None
        self._until = _expiry(status.expiration_timestamp, self._clock())


def _read(name: str) -> str:
    try:
        token = Path(name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        remedy = "check that the file exists and that we may read it"
        raise ConfigError("tokenFile", f"{name} cannot be read ({type(error).__name__})", remedy) from error
    if not token:
        raise ConfigError("tokenFile", f"{name} is empty", "write the bearer token into it")
    check_header("tokenFile", token)
    return token


def _expiry(stamp: str, now: float) -> float:
    if not stamp:
        return now + PLUGIN_AGE
    try:
        at = datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return now + PLUGIN_AGE
    return max(at - EARLY, now + 1.0)


async def _ask(plugin: ExecPlugin, access: Access) -> _Status:
    info = json.dumps({"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": _spec(plugin, access)})
    environment = {**os.environ, **dict(plugin.env), "KUBERNETES_EXEC_INFO": info}
    remedy = plugin.install_hint or "install the program, or put a token into the kubeconfig"
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.args,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError("exec.command", f"{plugin.command!r} cannot be run ({type(error).__name__})", remedy) from error
    try:
        async with asyncio.timeout(plugin.timeout):
            output, _ = await process.communicate()
    except TimeoutError as error:
        raise ConfigError("exec.command", f"{plugin.command!r} gave nothing within {plugin.timeout:g} s", remedy) from error
    finally:
        if process.returncode is None:
            # With all that it started: a child that lives on would hold the pipe open, and us waiting.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        remedy = "run it by hand to see its complaint"
        raise ConfigError("exec.command", f"{plugin.command!r} ended with code {process.returncode}", remedy)
    return _parse(plugin, output)


def _spec(plugin: ExecPlugin, access: Access) -> dict[str, object]:
    spec: dict[str, object] = {"interactive": False}
    if plugin.provide_cluster_info:
        ca = base64.b64encode(access.ca.encode("ascii")).decode("ascii")
        cluster = {
            "server": access.server,
            "certificate-authority-data": ca,
            "insecure-skip-tls-verify": access.insecure,
            "tls-server-name": access.tls_server_name,
            "proxy-url": access.proxy_url.value if access.proxy_url else "",
            "config": json.loads(plugin.config) if plugin.config else None,
        }
        spec["cluster"] = {key: value for key, value in cluster.items() if value}
    return spec


def _parse(plugin: ExecPlugin, output: bytes) -> _Status:
    try:
        status = msgspec.json.decode(output, type=_ExecCredential).status
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # The text may hold the token: it is not shown.
        problem = f"{plugin.command!r} printed no ExecCredential"
        raise ConfigError("exec.command", problem, f"it must speak {plugin.api_version}") from error
    if not status.token and not (status.client_certificate_data and status.client_key_data):
        raise ConfigError("exec.command", f"{plugin.command!r} gave neither token nor certificate", "log in with it by hand")
    return status
