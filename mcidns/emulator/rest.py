"""Requests for resources: from HTTP to a read, a write or a watch, and the answer back; rules of content are elsewhere."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from mcidns.emulator import reads, reviews, routes, selectors, statuses, tables, watch, writes
from mcidns.emulator.access import Access, Action, User
from mcidns.emulator.faults import Faults
from mcidns.emulator.objects import Clock, Place
from mcidns.emulator.routes import Target
from mcidns.emulator.statuses import Json
from mcidns.emulator.storage import Storage
from mcidns.emulator.writes import Outcome, Writes

JSON: Final = {"Content-Type": "application/json"}
_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True)
class Times:
    """The clock ages are told by, and the seconds between two bookmarks."""

    clock: Clock
    bookmarks: float


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a resource."""

    request: web.BaseRequest
    target: Target
    query: Mapping[str, str]
    user: User

    @property
    def where(self) -> Place:
        return self.target.where

    @property
    def watches(self) -> bool:
        return self.query.get("watch") in ("true", "1")

    def verb(self) -> str:
        """The verb as RBAC knows it; raises StatusError 405."""
        method, named = self.request.method, bool(self.where.name)
        if method in ("GET", "HEAD"):
            return "get" if named else "watch" if self.watches else "list"
        if method == "DELETE":
            return "delete" if named else "deletecollection"
        verb = _VERBS.get(method, "")
        creates = not named or self.target.subresource not in ("", "status")
        if not verb or (verb == "create") is not creates:
            raise statuses.method_not_allowed()
        return verb


def answer(body: bytes, code: int = 200, warnings: tuple[str, ...] = ()) -> web.Response:
    """A JSON response with Kubernetes' warning headers."""
    response = web.Response(body=body, status=code, headers=JSON)
    for text in warnings:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


class Rest:
    """The resource half of one server."""

    def __init__(self, storage: Storage, writer: Writes, access: Access, faults: Faults, times: Times) -> None:
        self._storage = storage
        self._writes = writer
        self._access = access
        self._faults = faults
        self._times = times

    async def handle(self, call: Call) -> web.StreamResponse:
        """Answer one request; raises StatusError for a refusal."""
        where = call.where
        verb = call.verb()
        known = verb if not call.target.subresource or verb != "create" else "get"
        if known not in where.resource.verbs:
            raise statuses.method_not_allowed()
        name = where.name or selectors.only_name(call.query.get("fieldSelector", "")) * (verb in ("list", "watch"))
        self._access.check(call.user, Action(verb, where.resource, where.namespace, name, call.target.subresource))
        if verb == "watch":
            return await self._watch(call)
        if verb == "list":
            return await self._list(call)
        if verb == "get":
            return self._shown(call, Outcome(self._writes.current(where)))
        return await self._write(call, verb)

    def _form(self, call: Call) -> tables.Form:
        return tables.form(call.request.headers.get("Accept", ""), call.query.get("includeObject", ""))

    def _shown(self, call: Call, outcome: Outcome) -> web.Response:
        body = tables.single(outcome.stored, call.where.resource, self._form(call), self._times.clock())
        return answer(body, outcome.code, outcome.warnings)

    async def _list(self, call: Call) -> web.Response:
        path, resource = call.request.path_qs, call.where.resource
        if delay := self._faults.delay(path):
            await asyncio.sleep(delay)
        found = reads.listing(self._storage, selectors.select(resource, call.where.namespace, call.query), call.query)
        form, meta = self._form(call), found.metadata()
        if form.is_table:
            return answer(tables.table(found.items, resource, form, meta, self._times.clock()))
        if form.kind:
            return answer(tables.metadata_listing(found.items, resource, meta))
        return answer(tables.listing(found.items, resource, meta, self._faults.malformed(path)))

    async def _watch(self, call: Call) -> web.StreamResponse:
        resource, form, clock = call.where.resource, self._form(call), self._times.clock
        ask = watch.Ask(
            selection=selectors.select(resource, call.where.namespace, call.query),
            query=call.query,
            path=call.request.path_qs,
            form=(resource, form),
            encode=lambda stored: tables.single(stored, resource, form, clock()),
        )
        return await watch.Watcher(self._storage, self._faults, ask, self._times.bookmarks).serve(call.request)

    async def _write(self, call: Call, verb: str) -> web.Response:
        try:
            raw = await call.request.read()
        except web.HTTPRequestEntityTooLarge as error:
            text = f"Request entity too large: {error.text}"
            raise statuses.StatusError(413, "RequestEntityTooLarge", text) from error
        headers, where = call.request.headers, call.where
        content_type = headers.get("Content-Type", "application/json").partition(";")[0].strip()
        patch_type = content_type if verb == "patch" else ""
        agent = headers.get("User-Agent", "")
        options = routes.options(call.query, call.target.subresource, agent, patch_type)
        body = routes.document(raw, content_type) if raw else {}
        if verb == "patch":
            existed = self._storage.get(where.resource.key, where.namespace, where.name) is not None
            outcome = self._writes.patch(where, content_type, body, options)
            return self._shown(call, outcome if existed else Outcome(outcome.stored, 201, warnings=outcome.warnings))
        if not isinstance(body, dict):
            raise statuses.bad_request("the request body must be an object")
        if verb == "delete":
            return self._deleted(call, self._writes.delete(where, body, _dry(options, body)))
        if verb == "deletecollection":
            return self._delete_collection(call, body, _dry(options, body))
        if call.target.subresource == "token":
            return self._token(call, body)
        if where.resource.group == reviews.GROUP:
            return answer(reviews.answer(self._access, call.user, where.resource.kind, body), 201)
        if verb == "create":
            return self._shown(call, self._writes.create(body, where, options))
        return self._shown(call, self._writes.update(body, where, options))

    def _deleted(self, call: Call, outcome: Outcome) -> web.Response:
        if outcome.gone:
            return answer(writes.success(call.where.resource, outcome.stored))
        return self._shown(call, outcome)

    def _delete_collection(self, call: Call, body: Json, options: writes.Options) -> web.Response:
        resource = call.where.resource
        selection = selectors.select(resource, call.where.namespace, call.query)
        found = reads.listing(self._storage, selection, call.query)
        for one in found.items:
            if self._storage.get(resource.key, one.namespace, one.name) is not None:
                self._writes.delete(Place(resource, one.namespace, one.name), body, options)
        return answer(tables.listing(found.items, resource, found.metadata(), []))

    def _token(self, call: Call, body: Json) -> web.Response:
        return answer(msgspec.json.encode(self._access.accounts.request(self._writes.current(call.where), body)), 201)


def _dry(options: writes.Options, body: Json) -> writes.Options:
    """DeleteOptions may ask for the dry run in the body, too."""
    wanted = options.dry_run or body.get("dryRun") == ["All"]
    return writes.Options(manager=options.manager, dry_run=wanted)
