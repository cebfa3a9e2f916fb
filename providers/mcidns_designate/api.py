"""Requests to Designate's API v2 over aiohttp, with the login of identity.py; what is asked for is decided elsewhere."""

import asyncio
import ssl
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
import msgspec

from mcidns.errors import Denied, ProviderError, Transient
from mcidns_designate import answers
from mcidns_designate.config import Config
from mcidns_designate.identity import Access, Identity

T = TypeVar("T")
Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    what: str
    params: Params | None
    data: bytes | None

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Api:
    """One connection pool for all zones. At most `2 * parallel` requests are under way at once; each is bounded in time."""

    def __init__(self, config: Config, identity: Identity) -> None:
        self._config = config
        self._identity = identity
        self._http: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        self._room = asyncio.Semaphore(2 * config.parallel)

    async def get(self, path: str, what: str, params: Params | None = None) -> bytes:
        """The body of a successful answer. Raises ProviderError or answers.Refused."""
        return await self._asked("GET", path, what, params=params)

    async def send(self, method: str, path: str, what: str, body: object = None) -> bytes:
        """The same for a request that writes: where it may have been carried out, Transient is unsure."""
        data = msgspec.json.encode(body) if body is not None else None
        return await self._asked(method, path, what, data=data)

    async def _asked(self, method: str, path: str, what: str, *, params: Params | None = None, data: bytes | None = None) -> bytes:
        request = _Request(method, path, what, params, data)
        async with self._room:
            http = await self._opened()
            access = await self._identity.access()
            answer = await self._answer(http, access, request)
            if answer.status == 401 and not self._config.login.is_open:
                access = await self._identity.access(refused=access)
                answer = await self._answer(http, access, request)
        if 200 <= answer.status < 300:
            return answer.body
        raise answers.failure(answer.status, answer.body, answer.headers, writes=request.writes, what=what)

    async def _answer(self, http: aiohttp.ClientSession, access: Access, request: _Request) -> _Answer:
        headers = {**access.headers, "Accept": "application/json", "Content-Type": "application/json"}
        url, writes = access.root + request.path, request.writes
        try:
            async with http.request(
                request.method, url, params=request.params, data=request.data, headers=headers, allow_redirects=False
            ) as answer:
                return _Answer(answer.status, answer.headers, await answer.read())
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise Transient(f"Designate at {access.root} cannot be reached for {request.what}: {_reason(error)}") from error
        except TimeoutError as error:
            late = f"Designate at {access.root} does not answer within {self._config.timeout:g} s to {request.what}"
            raise Transient(late, unsure=writes) from error
        except aiohttp.ClientError as error:
            cut = f"Designate at {access.root} breaks off its answer to {request.what}: {_reason(error)}"
            raise Transient(cut, unsure=writes) from error

    async def _opened(self) -> aiohttp.ClientSession:
        async with self._opening:
            if self._http is None:
                try:
                    context = await asyncio.to_thread(self._config.tls.context)
                except (OSError, ssl.SSLError) as error:
                    raise Denied(
                        f"config.tls: the CA cannot be read ({error.strerror or error}); correct caFile or caData"
                    ) from error
                limits = aiohttp.ClientTimeout(total=self._config.timeout)
                # Apache closes idle connections after 5 s by default; a write on one that is just being closed would be unsure.
                connector = aiohttp.TCPConnector(ssl=context, limit=2 * self._config.parallel, keepalive_timeout=3)
                self._http = aiohttp.ClientSession(connector=connector, timeout=limits, trust_env=True)
            return self._http

    async def aclose(self) -> None:
        """Close all connections."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return (
            f"TLS failed ({error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error}); check config.tls.caFile"
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or str(error.os_error)
    return str(error) or type(error).__name__


async def together(questions: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """All answers in order; the first error ends the rest and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(question) for question in questions]
    except* (ProviderError, answers.Refused) as errors:
        raise _first(errors) from None
    return [task.result() for task in tasks]


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
