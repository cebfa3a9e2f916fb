"""Who we are and where Designate is: tokens and the catalogue by keystoneauth, in a thread; nothing of DNS lives here."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from keystoneauth1 import exceptions
from keystoneauth1.identity.base import BaseIdentityPlugin
from keystoneauth1.plugin import BaseAuthPlugin
from keystoneauth1.session import Session

from mcidns.errors import Denied, ProviderError, Transient
from mcidns_designate.config import Config

SOON = 120
"""Seconds before its end at which a token is replaced."""


@dataclass(frozen=True, slots=True)
class Access:
    """What every request needs: the headers that say who asks, and the API's root, `…/v2`."""

    headers: Mapping[str, str] = field(repr=False)
    root: str


class Identity:
    """One login for all requests. A token is fetched when there is none, shortly before it ends, and once after a 401."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = asyncio.Lock()
        self._access: Access | None = None
        self._plugin: BaseAuthPlugin = config.login.plugin()
        self._session: Session | None = None
        self._ca_file: Path | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keystone")

    async def access(self, refused: Access | None = None) -> Access:
        """The present access, or a new one where it is `refused` or about to end. Raises Denied or Transient."""
        async with self._lock:
            known = self._access
            if known is not None and known is not refused and not self._ends_soon():
                return known
            self._access = None
            loop = asyncio.get_running_loop()
            try:
                # Asking the catalogue and Keystone are two requests at most, each with its own time-out.
                async with asyncio.timeout(2 * self._config.timeout + 1):
                    self._access = await loop.run_in_executor(self._thread, self._fetched, refused is not None)
            except TimeoutError as error:
                raise Transient(f"Keystone does not answer within {2 * self._config.timeout:g} s") from error
            return self._access

    def _ends_soon(self) -> bool:
        token = self._plugin.auth_ref if isinstance(self._plugin, BaseIdentityPlugin) else None
        return token is not None and token.will_expire_soon(SOON)

    def _fetched(self, renew: bool) -> Access:
        """In the thread: keystoneauth waits for its answers."""
        try:
            session = self._opened()
            if renew or self._ends_soon():
                session.invalidate()
            headers = dict(session.get_auth_headers() or {})
            return Access({**headers, **dict(self._config.headers)}, _root(self._config.endpoint or self._found(session)))
        except exceptions.ClientException as error:
            raise _failure(self._config, error) from error
        except OSError as error:
            raise Denied(f"config.tls: the CA cannot be read ({error.strerror or error}); correct caFile") from error

    def _found(self, session: Session) -> str:
        config = self._config
        try:
            url = session.get_endpoint(
                service_type="dns", interface=config.interface, region_name=config.region, skip_discovery=True
            )
        except exceptions.EndpointNotFound:
            url = None
        if url is None:
            where = f"in region {config.region}" if config.region else "in any region"
            raise Denied(
                f"the catalogue of Keystone names no {config.interface} endpoint of a dns service {where}; correct config.region "
                "or interface, scope the login to a project, or set config.endpoint"
            )
        return url

    def _opened(self) -> Session:
        if self._session is None:
            tls = self._config.tls
            verify: bool | str = tls.verify
            if tls.verify and tls.ca_data:
                verify = self._written(tls.ca_data)
            elif tls.verify and tls.ca_file:
                verify = tls.ca_file
            self._session = Session(self._plugin, verify=verify, timeout=self._config.timeout, app_name="mcidns")
        return self._session

    def _written(self, pem: str) -> str:
        """keystoneauth takes a CA only as a file."""
        handle, name = tempfile.mkstemp(prefix="mcidns-ca-", suffix=".pem")
        with os.fdopen(handle, "w") as file:
            file.write(pem)
        self._ca_file = Path(name)
        return name

    async def aclose(self) -> None:
        """Forget the token; a request to Keystone under way ends by its own time-out."""
        self._access = None
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._ca_file is not None:
            await asyncio.to_thread(self._ca_file.unlink, missing_ok=True)
            self._ca_file = None


def _root(url: str) -> str:
    plain = url.rstrip("/")
    return plain if plain.endswith("/v2") else f"{plain}/v2"


def _failure(config: Config, error: exceptions.ClientException) -> ProviderError:
    where = config.login.options.get("auth_url", config.endpoint or "")
    match error:
        case exceptions.Unauthorized():
            return Denied(
                f"Keystone at {where} refuses the credentials ({config.login.kind}); correct them in the Secret, or make new ones"
            )
        case exceptions.Forbidden():
            return Denied(f"Keystone at {where} forbids the login ({config.login.kind}): give the user a role in the project")
        case exceptions.NotFound() | exceptions.DiscoveryFailure():
            return Denied(f"there is no Keystone v3 at {where}; correct config.authURL, it usually ends in /v3")
        case exceptions.BadRequest() | exceptions.MissingAuthMethods():
            return Denied(f"Keystone at {where} does not let us in: {_first_line(error)}; correct the project or the domains")
        case exceptions.SSLError():
            return Transient(f"Keystone at {where}: TLS failed ({_first_line(error)}); check config.tls.caFile")
        case _:
            return Transient(f"Keystone at {where} does not answer as it should: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
