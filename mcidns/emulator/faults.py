"""Faults on demand, each independent and removable: what goes wrong, and for which paths; nothing here answers a request."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from mcidns.emulator import statuses
from mcidns.emulator.resources import GroupResource
from mcidns.emulator.statuses import StatusError
from mcidns.emulator.storage import Storage


@dataclass(eq=False)
class Fault:
    """One active fault; `remove()` ends it, and ending it twice is no error."""

    path: str
    end: Callable[["Fault"], None] = field(repr=False)
    active: bool = True
    left: int | None = None
    code: int = 0
    method: str = ""
    seconds: float = 0.0
    raw: bytes = b""
    text: str = ""
    retry_after: int | None = None

    def remove(self) -> None:
        """Things are well again for these paths."""
        if self.active:
            self.active = False
            self.end(self)

    def touches(self, path: str, method: str = "") -> bool:
        return self.path in path and (not self.method or not method or self.method == method)

    def spend(self) -> None:
        """Use up one of the times this fault was asked for."""
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.remove()


Moment = Literal["before", "after"]


@dataclass(eq=False)
class Stream:
    """One open watch, as far as faults may reach into it."""

    path: str
    transport: asyncio.Transport
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    injected: deque[bytes] = field(default_factory=deque)
    ended: bool = False


class Faults:
    """The faults of one server. Every `path` is a part of the URL path (with query) and empty means all.

    `hangs_up` is asked before and after every request that writes is carried out; True cuts the connection there, as when
    one side dies at that moment. `clock_skew` (seconds) is added to the time that answers carry in their Date header.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._active: dict[str, list[Fault]] = {}
        self._changed = asyncio.Event()
        self._frozen = False
        self.streams: set[Stream] = set()
        self.on_refuse: Callable[[bool], None] = lambda _: None
        self.on_freeze: Callable[[bool], None] = lambda _: None
        self.on_vanish: Callable[..., GroupResource] | None = None
        self.hangs_up: Callable[[Moment], bool] = lambda _: False
        self.clock_skew = 0.0

    # --- connections and streams

    def _streams(self, path: str) -> list[Stream]:
        return [stream for stream in self.streams if path in stream.path]

    def drop_streams(self, path: str = "") -> int:
        """Close the connections of open watches in the middle of a stream (FIN); returns how many."""
        streams = self._streams(path)
        for stream in streams:
            stream.transport.abort()
        return len(streams)

    def reset_streams(self, path: str = "") -> int:
        """Reset the connections of open watches (RST); returns how many."""
        streams = self._streams(path)
        for stream in streams:
            raw = stream.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.transport.abort()
        return len(streams)

    def end_streams(self, path: str = "") -> int:
        """End open watches as a server does at their time-out; returns how many."""
        streams = self._streams(path)
        for stream in streams:
            stream.ended = True
            stream.wake.set()
        return len(streams)

    def refuse(self) -> None:
        """Stop listening and cut every connection, as if the process had died; the port stays ours."""
        self.on_refuse(True)

    def accept(self) -> None:
        """Listen again on the same port."""
        self.on_refuse(False)

    def freeze(self) -> None:
        """Neither accept, answer nor send until `unfreeze`, as after SIGSTOP; the kernel still completes connections."""
        self._frozen = True
        self.on_freeze(True)

    def unfreeze(self) -> None:
        """Go on where the server stood."""
        self._frozen = False
        self.on_freeze(False)
        self._wake()

    # --- requests

    def _add(self, kind: str, path: str, **more: Any) -> Fault:
        fault = Fault(path, lambda one: self._end(kind, one), **more)
        self._active.setdefault(kind, []).append(fault)
        return fault

    def _end(self, kind: str, fault: Fault) -> None:
        self._active[kind].remove(fault)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        for stream in self.streams:
            stream.wake.set()

    def _find(self, kind: str, path: str, method: str = "") -> Fault | None:
        return next((one for one in self._active.get(kind, ()) if one.touches(path, method)), None)

    def stall(self, path: str = "") -> Fault:
        """Accept requests and send no byte, open watches included, until removed."""
        return self._add("stall", path)

    def fail(
        self,
        code: int,
        path: str = "",
        *,
        times: int | None = 1,
        retry_after: int | None = None,
        method: str = "",
        message: str = "",
    ) -> Fault:
        """Answer the next `times` requests (None: all) with this status, and Retry-After in seconds if given."""
        return self._add("fail", path, code=code, left=times, retry_after=retry_after, method=method, text=message)

    def unauthorized_until(self, token: str, path: str = "") -> Fault:
        """Answer 401 until a request carries this bearer token; that one and all later ones pass."""
        return self._add("token", path, text=token)

    def slow_lists(self, seconds: float, path: str = "") -> Fault:
        """Hold every list back this long."""
        return self._add("slow", path, seconds=seconds)

    def expire_next_watch(self, path: str = "", *, times: int | None = 1) -> Fault:
        """Answer the next watches with 200 and the ERROR event of code 410."""
        return self._add("expire", path, left=times)

    def error_event(self, code: int, path: str = "", message: str = "") -> int:
        """Send an ERROR event with a Status of this code into open watches and end them; returns how many."""
        event = {"type": "ERROR", "object": statuses.of_code(code, message).body()}
        streams = self._streams(path)
        for stream in streams:
            stream.injected.append(msgspec.json.encode(event) + b"\n")
        self.end_streams(path)
        return len(streams)

    def malform(self, raw: str | bytes, path: str = "") -> Fault:
        """Put these raw bytes as one more item into every list, and into open watches as the object of a MODIFIED event."""
        data = raw.encode() if isinstance(raw, str) else raw
        for stream in self._streams(path):
            stream.injected.append(b'{"type":"MODIFIED","object":' + data + b"}\n")
            stream.wake.set()
        return self._add("malform", path, raw=data)

    # --- history

    def compact(self) -> None:
        """Forget the history: older versions answer 410, chunked lists under way expire. Open watches live on."""
        self._storage.compact()

    def vanish(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object so that no watcher ever sees it: streams of its kind are cut and must list again."""
        if self.on_vanish is None:
            text = "the server is not set up"
            raise RuntimeError(text)
        _, plural = self.on_vanish(kind, name, namespace)
        self.drop_streams(f"/{plural}")

    def clear(self) -> None:
        """Remove every fault; listen and go on."""
        for faults in list(self._active.values()):
            for fault in list(faults):
                fault.remove()
        self.unfreeze()
        self.accept()

    # --- what the server asks

    async def gate(self, path: str) -> None:
        """Wait while this path is stalled or the whole server frozen."""
        while self._frozen or self._find("stall", path):
            await self._changed.wait()

    @property
    def frozen(self) -> bool:
        """Between `freeze` and `unfreeze`."""
        return self._frozen

    def held(self, path: str) -> bool:
        """`gate` would wait."""
        return self._frozen or self._find("stall", path) is not None

    def refusal(self, path: str, method: str, token: str) -> StatusError | None:
        """The Status this request is to fail with, if any."""
        fault = self._find("token", path)
        if fault is not None:
            if token != fault.text:
                return statuses.unauthorized()
            fault.remove()
        fault = self._find("fail", path, method)
        if fault is None:
            return None
        fault.spend()
        return statuses.of_code(fault.code, fault.text, fault.retry_after)

    def delay(self, path: str) -> float:
        """How long a list is to be held back, in seconds."""
        fault = self._find("slow", path)
        return fault.seconds if fault else 0.0

    def expires(self, path: str) -> bool:
        """This new watch is to be told that its version is too old."""
        fault = self._find("expire", path)
        if fault is not None:
            fault.spend()
        return fault is not None

    def malformed(self, path: str) -> list[bytes]:
        """Raw items to add to a list."""
        return [fault.raw for fault in self._active.get("malform", ()) if fault.touches(path)]
