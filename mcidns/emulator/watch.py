"""Watch streams: from a position in the history to lines of JSON; how a connection fails is in `faults`."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from mcidns.emulator import statuses, storage
from mcidns.emulator.faults import Faults, Stream
from mcidns.emulator.selectors import Selection
from mcidns.emulator.statuses import Cause, StatusError
from mcidns.emulator.storage import Event, Storage, Stored

BATCH: Final = 500
Encode = Callable[[Stored], bytes]


@dataclass(frozen=True, slots=True)
class Ask:
    """What one watch request asks for; `form` names how `encode` shows objects, as a key for sharing frames."""

    selection: Selection
    query: Mapping[str, str]
    path: str
    form: object
    encode: Encode


@dataclass(frozen=True, slots=True)
class Start:
    """Where a watch begins: objects to send first, then the history from a position on."""

    first: list[Stored]
    position: int
    after: int
    ends_initial: bool = False


def frame(kind: bytes, obj: bytes) -> bytes:
    """One line of a watch."""
    return b'{"type":"' + kind + b'","object":' + obj + b"}\n"


def _error(error: StatusError) -> bytes:
    return frame(b"ERROR", msgspec.json.encode(error.body()))


def start(store: Storage, ask: Ask) -> Start:
    """Where to begin; raises StatusError 410 (to be sent as an event), 422 and 500."""
    text = ask.query.get("resourceVersion", "")
    initial = ask.query.get("sendInitialEvents")
    match = ask.query.get("resourceVersionMatch", "")
    if initial is not None and match != "NotOlderThan":
        text = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise _invalid(Cause("FieldValueForbidden", text, "resourceVersionMatch"))
    if initial is None and match:
        text = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        raise _invalid(Cause("FieldValueForbidden", text, "resourceVersionMatch"))
    if text and not text.isdigit():
        raise statuses.internal(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    log = store.log(ask.selection.resource.key)
    wanted = int(text or "0")
    everything = initial == "true" or (initial is None and wanted == 0)
    if everything:
        found = [one for one in store.ordered(ask.selection.resource.key) if ask.selection.matches(one)]
        return Start(found, log.end, wanted, ends_initial=initial == "true")
    if wanted == 0:
        return Start([], log.end, 0)
    return Start([], log.end if wanted >= store.version else log.position(wanted), wanted)


def _invalid(cause: Cause) -> StatusError:
    return statuses.invalid_kind(("ListOptions", "meta.k8s.io"), "", [cause])


def shown(event: Event, ask: Ask) -> bytes | None:
    """The event as this watcher sees it; selection turns a change into an addition or a deletion."""
    selection = ask.selection
    now = event.type != "DELETED" and selection.matches(event.new)
    before = selection.matches(event.old)
    if not now and not before:
        return None
    kind = ("MODIFIED" if before else "ADDED") if now else "DELETED"
    key = (ask.form, kind)
    line = event.frames.get(key)
    if line is None:
        obj = event.new
        if kind == "DELETED" and event.type != "DELETED" and event.old is not None:
            obj = storage.restamped(event.old, event.version)
        line = event.frames[key] = frame(kind.encode(), ask.encode(obj))
    return line


class Watcher:
    """One watch request being served."""

    def __init__(self, store: Storage, faults: Faults, ask: Ask, bookmark_interval: float) -> None:
        self._store = store
        self._faults = faults
        self._ask = ask
        self._log = store.log(ask.selection.resource.key)
        self._position = 0
        self._after = 0
        self._bookmarks = ask.query.get("allowWatchBookmarks") in ("true", "1")
        self._interval = bookmark_interval

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Stream until the time-out, a fault or the client ends it."""
        begin = None if self._faults.expires(self._ask.path) else self._begin()
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        if not isinstance(begin, Start):
            await response.write(_error(begin or statuses.expired(self._asked(), self._store.version)))
        elif request.transport is not None:
            stream = Stream(self._ask.path, request.transport)
            self._faults.streams.add(stream)
            self._log.waiters.add(stream.wake)
            try:
                await self._run(response, stream, begin)
            finally:
                self._faults.streams.discard(stream)
                self._log.waiters.discard(stream.wake)
        await response.write_eof()
        return response

    def _asked(self) -> int:
        text = self._ask.query.get("resourceVersion", "")
        return int(text) if text.isdigit() else 0

    def _begin(self) -> Start | StatusError:
        try:
            begin = start(self._store, self._ask)
        except StatusError as error:
            if error.code != 410:
                raise
            return error
        self._position, self._after = begin.position, begin.after
        return begin

    async def _run(self, response: web.StreamResponse, stream: Stream, begin: Start) -> None:
        clock = asyncio.get_running_loop().time
        limit = self._ask.query.get("timeoutSeconds", "")
        seconds = float(limit) if limit.isdigit() and int(limit) else random.uniform(1800, 3600)
        deadline = clock() + seconds
        bookmark = clock() + min(self._interval, max(seconds - 2.0, 0.5))
        lines = [frame(b"ADDED", self._ask.encode(one)) for one in begin.first]
        if begin.ends_initial and self._bookmarks:
            lines.append(self._bookmark(initial=True))
        while True:
            await self._faults.gate(self._ask.path)
            for place in range(0, len(lines), BATCH):
                await response.write(b"".join(lines[place : place + BATCH]))
            stream.wake.clear()
            lines = [] if self._faults.held(self._ask.path) else self._next(stream)
            if lines:
                continue
            if stream.ended or clock() >= deadline:
                return
            if self._bookmarks and clock() >= bookmark:
                bookmark = clock() + self._interval
                lines = [self._bookmark()]
                continue
            await _wait(stream.wake, min(deadline, bookmark if self._bookmarks else deadline))

    def _next(self, stream: Stream) -> list[bytes]:
        """The next lines to send; none if there is nothing new for this watcher."""
        lines: list[bytes] = []
        while not lines and self._position < self._log.end:
            try:
                events = self._log.take(self._position, BATCH)
            except StatusError as error:
                stream.ended = True
                self._position = self._log.end
                return [_error(error)]
            self._position += len(events)
            seen = [shown(event, self._ask) for event in events if event.version > self._after]
            lines = [line for line in seen if line is not None]
        lines += stream.injected
        stream.injected.clear()
        return lines

    def _bookmark(self, *, initial: bool = False) -> bytes:
        resource = self._ask.selection.resource
        meta: dict[str, object] = {"resourceVersion": str(self._store.version), "creationTimestamp": None}
        if initial:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
        return frame(b"BOOKMARK", msgspec.json.encode(obj))


async def _wait(wake: asyncio.Event, until: float) -> None:
    try:
        async with asyncio.timeout_at(until):
            await wake.wait()
    except TimeoutError:
        return
