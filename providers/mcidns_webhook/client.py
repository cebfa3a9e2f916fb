"""Requests to a webhook and what its answers mean, as errors of ours; record sets and plans live in provider.py."""

import asyncio
import io
from collections.abc import Callable
from typing import NoReturn, TypeVar

import aiohttp

from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Throttled, Transient
from mcidns.webhook import wire
from mcidns.webhook.wire import MEDIA_TYPE, DomainFilter, Endpoint, Unreadable
from mcidns_webhook.config import Config

T = TypeVar("T")

_ERROR_HEADER = "Mcidns-Error"
_RETRY_AFTER = 10.0
_TOLD = 500


class Client:
    """One webhook. Every call raises ProviderError and nothing else, and ends within the time-out."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None
        self._filter: DomainFilter | None = None

    async def domain_filter(self) -> DomainFilter:
        """What the webhook serves; asked once, and again after trouble."""
        if self._filter is None:
            self._filter = self._read(wire.domain_filter, await self._ask("GET", "", accept=True))
        return self._filter

    async def records(self) -> list[Endpoint]:
        """Everything it serves."""
        await self.domain_filter()
        body = await self._ask("GET", "/records", accept=True)
        return await asyncio.to_thread(self._read, wire.endpoints, body)

    async def adjusted(self, desired: list[Endpoint]) -> list[Endpoint]:
        """What becomes of these if they are written."""
        return self._read(wire.endpoints, await self._ask("POST", "/adjustendpoints", wire.encode(desired), accept=True))

    async def apply(self, changes: wire.Changes) -> None:
        """Carry them out. A 500 from a webhook that otherwise works is a refusal: Rejected."""
        body = wire.encode(changes)
        if len(body) > wire.LARGEST:
            raise Rejected(f"{len(body)} bytes are more than a webhook takes at once ({wire.LARGEST}); lower config.batchSize")
        await self._ask("POST", "/records", body, due=204)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _read(self, parse: Callable[[bytes], T], body: bytes) -> T:
        try:
            return parse(body)
        except Unreadable as error:
            raise Transient(f"{self._config.url} answers what is not the webhook protocol ({error}); see its log") from error

    async def _ask(self, method: str, path: str, body: bytes | None = None, *, accept: bool = False, due: int = 200) -> bytes:
        headers = {"Accept": MEDIA_TYPE} if accept else {}
        if body is not None:
            headers["Content-Type"] = MEDIA_TYPE
        if self._config.authorization is not None:
            headers["Authorization"] = self._config.authorization.value
        sent = io.BytesIO(body) if body is not None else None  # aiohttp sends large bytes in one go, which blocks the loop
        writes = method == "POST" and path == "/records"
        where = f"{method} {self._config.url}{path or '/'}"
        url = f"{self._config.url}{path or '/'}"
        try:
            async with self._open().request(method, url, data=sent, headers=headers, allow_redirects=False) as answer:
                content = await _content(answer)
        except TimeoutError as error:
            self._filter = None
            raise Transient(
                f"{where}: no answer within {self._config.timeout:g} s; see the webhook's log", unsure=writes
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            self._filter = None
            raise Transient(f"{where}: {_said(error)}; see that the webhook runs", unsure=writes) from error
        if answer.status != due:
            self._filter = None
            _fail(where, answer, content, writes=writes)
        if path == "" and not _speaks(answer.headers.get("Content-Type", "")):
            raise Denied(
                f"{where} answers {answer.headers.get('Content-Type', 'no media type')!r} where {MEDIA_TYPE} is due: it is no "
                "webhook of this version; correct config.url or update it"
            )
        return content

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._config.timeout), skip_auto_headers=("Accept",)
            )
        return self._session


def _speaks(media_type: str) -> bool:
    """Whether it is the protocol, in this version; ExternalDNS looks at it in the negotiation only, so do we."""
    kind, *parameters = (part.strip().lower() for part in media_type.split(";"))
    due, version = MEDIA_TYPE.split(";")
    return kind == due and version in parameters


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    found = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        found += chunk
        if len(found) > wire.LARGEST:
            raise aiohttp.ClientPayloadError(f"more than {wire.LARGEST} bytes")
    return bytes(found)


def _fail(where: str, answer: aiohttp.ClientResponse, content: bytes, *, writes: bool) -> NoReturn:
    said = " ".join(content[:_TOLD].decode("utf-8", "replace").split())
    told = f"{where} answers {answer.status}" + (f": {said}" if said else "")
    status = answer.status
    ours = answer.headers.get(_ERROR_HEADER)
    if status == 429 or ours == "Throttled" or (status == 503 and "Retry-After" in answer.headers):
        raise Throttled(told, retry_after=_delay(answer.headers.get("Retry-After", "")))
    kinds: dict[str, type[ProviderError]] = {"Rejected": Rejected, "Conflict": Conflict, "Denied": Denied}
    if ours in kinds:
        raise kinds[ours](told)
    if status in {401, 403, 407}:
        raise Denied(f"{told}; put the right header value into the Secret as authorization")
    if status < 400 or status in {404, 405, 406, 415}:
        raise Denied(f"{told}, which no webhook provider does; correct config.url")
    if status < 500:
        raise Rejected(told)
    if status == 500 and writes:
        raise Refused(told)
    raise Transient(f"{told}; see the webhook's log", unsure=writes)


class Refused(Transient):
    """A bare 500 to a write: the webhook is ill, or will never take this; whether it still lists its records tells."""

    def __init__(self, message: str) -> None:
        super().__init__(message, unsure=True)


def _delay(text: str) -> float:
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else _RETRY_AFTER


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
