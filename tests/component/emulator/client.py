"""A client that hides nothing: paths, queries, status codes and raw lines of a watch, and the objects tests are made of."""

import asyncio
import contextlib
import json
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

Json = dict[str, Any]
PATIENCE = 10.0
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    code: int
    body: Any
    headers: dict[str, str]

    @property
    def reason(self) -> str:
        return str(self.body.get("reason"))

    @property
    def causes(self) -> list[Json]:
        found: list[Json] = self.body["details"]["causes"]
        return found

    @property
    def names(self) -> list[str]:
        """The names in a list."""
        return [item["metadata"]["name"] for item in self.body["items"]]


class Watch:
    """The lines of one open watch."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._buffer = b""

    async def line(self) -> bytes | None:
        """The next line; None at the end of the stream."""
        async with asyncio.timeout(PATIENCE):
            while b"\n" not in self._buffer:
                chunk = await self._response.content.readany()
                if not chunk:
                    return None
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    async def event(self) -> Json:
        """The next event; fails at the end of the stream."""
        line = await self.line()
        assert line is not None, "the watch has ended"
        event: Json = json.loads(line)
        return event

    async def seen(self, count: int) -> list[tuple[str, str]]:
        """Type and name of the next events."""
        events = [await self.event() for _ in range(count)]
        return [(event["type"], event["object"]["metadata"]["name"]) for event in events]

    async def rest(self) -> list[Json]:
        """All events until the stream ends."""
        found = []
        while (line := await self.line()) is not None:
            found.append(json.loads(line))
        return found


class Api:
    """A session with one server; `namespace` is the test's own."""

    def __init__(self, url: str, token: str = "", context: ssl.SSLContext | None = None) -> None:
        self.namespace = ""
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "tester/1.0"} if token else {"User-Agent": "tester/1.0"}
        self._context = context
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._context) if self._context else aiohttp.TCPConnector()
        timeout = aiohttp.ClientTimeout(total=30, sock_connect=5)
        self._session = aiohttp.ClientSession(self._url, headers=self._headers, connector=connector, timeout=timeout)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._session is not None
        await self._session.close()

    async def own_namespace(self) -> None:
        """Create a namespace nobody else uses."""
        self.namespace = f"test-{uuid.uuid4().hex[:8]}"
        await self.create("/api/v1/namespaces", {"metadata": {"name": self.namespace}})

    def path(self, plural: str, name: str = "", group: str = "") -> str:
        """The path of a collection or object in the test's namespace: `services`, or `ingresses` of a `group/version`."""
        base = f"/apis/{group}" if group else "/api/v1"
        return f"{base}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """One request; keywords: `kind` is the content type, `accept` and `token` headers, the rest the query."""
        assert self._session is not None
        headers = {"Content-Type": more.pop("kind", "application/json")}
        if accept := more.pop("accept", ""):
            headers["Accept"] = accept
        if token := more.pop("token", ""):
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        async with self._session.request(method, path, data=data, headers=headers, params=more) as response:
            text = await response.text()
            parsed = json.loads(text) if text.startswith(("{", "[")) else text
            return Answer(response.status, parsed, dict(response.headers))

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.call("GET", path, **more)

    async def create(self, path: str, body: Any, **more: Any) -> Answer:
        return await self.call("POST", path, body, **more)

    async def replace(self, path: str, body: Any, **more: Any) -> Answer:
        return await self.call("PUT", path, body, **more)

    async def patch(self, path: str, body: Any, kind: str = MERGE, **more: Any) -> Answer:
        return await self.call("PATCH", path, body, kind=kind, **more)

    async def apply(self, path: str, body: Any, manager: str, **more: Any) -> Answer:
        return await self.patch(path, body, APPLY, fieldManager=manager, **more)

    async def delete(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.call("DELETE", path, body, **more)

    async def version(self, path: str) -> str:
        """The resourceVersion of a list made now."""
        answer = await self.get(path)
        return str(answer.body["metadata"]["resourceVersion"])

    @contextlib.asynccontextmanager
    async def watching(self, path: str, **query: str) -> AsyncIterator[Watch]:
        """An open watch."""
        assert self._session is not None
        async with self._session.get(path, params={"watch": "true", "timeoutSeconds": "20", **query}) as response:
            assert response.status == 200, await response.text()
            try:
                yield Watch(response)
            finally:
                # A TLS stream left half-read would wait for the server's farewell longer than the test's loop lives.
                if response.connection is not None and response.connection.transport is not None:
                    response.connection.transport.abort()


async def until(claim: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something holds, and fail if it never does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while not await claim():
        assert loop.time() < deadline, f"waited {PATIENCE:g} s for {what}"
        await asyncio.sleep(0.01)


def config_map(name: str, *, labels: Json | None = None, **data: str) -> Json:
    meta: Json = {"name": name} | ({"labels": labels} if labels else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def ingress(name: str, host: str = "shop.example.org", **meta: Any) -> Json:
    backend = {"service": {"name": "shop", "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, **meta},
        "spec": {"rules": [rule]},
    }


INGRESSES = "networking.k8s.io/v1"


def service(name: str, **spec: Any) -> Json:
    port = {"name": "http", "port": 80, "protocol": "TCP"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [port], **spec}}
