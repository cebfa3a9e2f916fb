"""The server itself: its life, its non-resource paths, and the in-process face for tests and demonstrations."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import yaml
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from mcidns.emulator import discovery, kubeconfigs, objects, paths, rest, routes, statuses
from mcidns.emulator.access import Access, Role
from mcidns.emulator.accounts import Accounts
from mcidns.emulator.catalogue import CATALOGUE
from mcidns.emulator.faults import Faults
from mcidns.emulator.lifecycle import Lifecycle
from mcidns.emulator.listener import Listener
from mcidns.emulator.objects import Clock, Place
from mcidns.emulator.resources import GroupResource, Registry, Resource
from mcidns.emulator.statuses import Json, StatusError
from mcidns.emulator.storage import Storage
from mcidns.emulator.writes import Options, Writes

_MAX_BODY: Final = 3 * 1024 * 1024
_HEALTH: Final = ("/healthz", "/livez", "/readyz")
_INSIDE: Final = Options(manager="emulator", validation="Strict")


@dataclass(frozen=True, slots=True)
class Tls:
    """Serve HTTPS with this context; `ca` is the PEM text clients are to trust."""

    context: ssl.SSLContext
    ca: str


class ApiServer:
    """A Kubernetes API server in this process, on a loopback port of its own; used from one event loop.

    `token` may do everything; `tokens` maps further ones to a role (`admin`, `read-only`, `rbac`). With none, nobody
    is asked. `history` bounds the changes kept per resource, past which a watch gets 410.
    """

    def __init__(
        self,
        name: str = "emulator",
        *,
        token: str | None = None,
        tokens: Mapping[str, Role] | None = None,
        tls: Tls | None = None,
        builtins: Iterable[Resource] = CATALOGUE,
        clock: Clock = objects.utc_now,
        port: int = 0,
        history: int = 4096,
        first_version: int | None = None,
        bookmark_interval: float = 60.0,
        collect_garbage: bool = False,
    ) -> None:
        self.name = name
        self.port = port
        self._tls = tls
        self._clock = clock
        self._token = token
        self.storage = Storage(history, first_version)
        self.registry = Registry(builtins)
        self.accounts = Accounts(self.storage, self.registry, clock, tls.ca if tls else "")
        self.access = Access(self.storage, self.registry, self.accounts)
        self.faults = Faults(self.storage)
        self._lifecycle = Lifecycle(self.storage, self.registry, self.accounts, collect_garbage=collect_garbage)
        self._writes = Writes(self.storage, self._lifecycle, clock)
        self._rest = rest.Rest(self.storage, self._writes, self.access, self.faults, rest.Times(clock, bookmark_interval))
        self._listener: Listener | None = None
        self._web: web.Server | None = None
        for one, role in (tokens or {}).items():
            self.access.allow(one, role)
        if token:
            self.access.allow(token)
        self.faults.on_vanish = self._vanish
        self.faults.on_refuse = self._refuse
        self.faults.on_freeze = self._freeze
        for namespace in ("default", "kube-system", "kube-public", "kube-node-lease"):
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    # --- life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after `stop`, on the same port with what was stored. Raises OSError if the port is taken."""
        if self._listener is None:
            self._web = web.Server(
                self._handle, request_factory=_request, handler_cancellation=True, access_log=None, keepalive_timeout=3600.0
            )
            self._listener = Listener(self._web, "127.0.0.1", self._tls.context if self._tls else None)
            self._listener.open(self.port)
            self.port = self._listener.port

    async def stop(self) -> None:
        """Stop listening and cut every connection; what is stored stays."""
        listener, server = self._listener, self._web
        self._listener = self._web = None
        if listener is not None and server is not None:
            await listener.close()
            await server.shutdown(0.1)

    def _refuse(self, refusing: bool) -> None:
        if self._listener is not None and refusing:
            self._listener.refuse()
        elif self._listener is not None:
            self._listener.open(self.port)
            self._freeze(self.faults.frozen)

    def _freeze(self, frozen: bool) -> None:
        if self._listener is not None and frozen:
            self._listener.pause()
        elif self._listener is not None:
            self._listener.resume()

    # --- for clients

    @property
    def url(self) -> str:
        """`https://127.0.0.1:<port>` or http."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def kubeconfig(self, token: str | None = None) -> Json:
        """A kubeconfig with one context named as the server; with this token instead of the server's own."""
        return kubeconfigs.of(self.name, self.url, token or self._token, self._tls.ca if self._tls else None)

    def kubeconfig_yaml(self, token: str | None = None) -> str:
        """The same as text."""
        return yaml.safe_dump(self.kubeconfig(token), sort_keys=False)

    # --- in-process face

    def put(self, obj: Json) -> Json:
        """Create or replace an object, and its namespace if need be; returns what is stored.

        A status is stored as given; an object without one keeps the status it has. Versions are not compared. Goes the
        way of a request, so watchers see it; raises StatusError as a request would be answered.
        """
        obj = msgspec.json.decode(msgspec.json.encode(obj))
        resource = self.registry.of_object(obj)
        meta = objects.metadata(obj)
        namespace = str(meta.get("namespace") or "default") if resource.namespaced else ""
        if namespace and self.storage.get(("", "namespaces"), "", namespace) is None:
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        where = Place(resource, namespace, str(meta.get("name") or ""))
        known = self.storage.get(resource.key, namespace, where.name) is not None
        write = self._writes.update if known else self._writes.create
        meta.pop("resourceVersion", None)
        return write(obj, where, _INSIDE, keep_status=True).stored.decoded(resource)

    def _place(self, kind: str, name: str, namespace: str) -> Place:
        resource = self.registry.resolve(kind)
        return Place(resource, (namespace or "default") if resource.namespaced else "", name)

    def get(self, kind: str, name: str, namespace: str = "") -> Json:
        """An object by plural, `plural.group`, Kind or short name; raises StatusError 404. Namespace: `default`."""
        where = self._place(kind, name, namespace)
        return self._writes.current(where).decoded(where.resource)

    def find(self, kind: str, name: str, namespace: str = "") -> Json | None:
        """The same; None if there is no such object."""
        where = self._place(kind, name, namespace)
        stored = self.storage.get(where.resource.key, where.namespace, name)
        return stored.decoded(where.resource) if stored else None

    def list(self, kind: str, namespace: str = "") -> list[Json]:
        """Every object of a kind by namespace and name; empty namespace: of all namespaces."""
        resource = self.registry.resolve(kind)
        found = self.storage.ordered(resource.key)
        return [one.decoded(resource) for one in found if not namespace or one.namespace == namespace]

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object as a request would; raises StatusError 404."""
        self._writes.delete(self._place(kind, name, namespace), {}, _INSIDE)

    def install_crd(self, definition: Json) -> None:
        """Create or replace a CustomResourceDefinition; its resources are served when this returns."""
        self.put(definition)

    def _vanish(self, kind: str, name: str, namespace: str) -> GroupResource:
        where = self._place(kind, name, namespace)
        self.storage.remove(where.resource.key, self._writes.current(where), silently=True)
        return where.resource.key

    # --- requests

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await self._response(request)
        if not response.prepared:
            response.headers["Date"] = formatdate(self._clock().timestamp() + self.faults.clock_skew, usegmt=True)
        return response

    async def _response(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except StatusError as error:
            response = rest.answer(msgspec.json.encode(error.body()), error.code)
            if error.retry_after is not None:
                response.headers["Retry-After"] = str(error.retry_after)
            return response
        except ConnectionError:
            # The client has gone in the middle of a stream: nobody is left to answer.
            return web.Response(status=499)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path_qs
        await self.faults.gate(path)
        header = request.headers.get("Authorization", "")
        refusal = self.faults.refusal(path, request.method, header.removeprefix("Bearer "))
        if refusal is not None:
            raise refusal
        if request.path in _HEALTH:
            return web.Response(text="ok")
        if request.path.rstrip("/") == "/version":
            return _json(discovery.VERSION)
        user = self.access.user(header)
        target = routes.target(request.path, self.registry)
        if target is None:
            return self._discover(request)
        call = rest.Call(request, target, routes.query(request.query_string), user)
        if request.method in ("GET", "HEAD"):
            return await self._rest.handle(call)
        if self.faults.hangs_up("before"):
            return _hang_up(request)
        answer = await self._rest.handle(call)
        return _hang_up(request) if self.faults.hangs_up("after") else answer

    def _discover(self, request: web.BaseRequest) -> web.Response:
        parts = [part for part in request.path.split("/") if part]
        wanted = discovery.wants_aggregated(request.headers.get("Accept", ""))
        if wanted and parts in (["api"], ["apis"]):
            body = discovery.aggregated(self.registry, wanted, is_core=parts == ["api"])
            headers = {"Content-Type": discovery.content_type(wanted)}
            return web.Response(body=msgspec.json.encode(body), headers=headers)
        found = paths.document(self.registry, parts, f"127.0.0.1:{self.port}")
        if found is None:
            raise statuses.no_such_path()
        return _json(found)


def _hang_up(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=499)


def _json(body: Any) -> web.Response:
    return rest.answer(msgspec.json.encode(body))


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    """A request that may be as large as a real server takes."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_MAX_BODY)
