"""One kind of one member: listed, watched, listed again when need be; what trouble means for the member lives in contact."""

import asyncio
import logging
import random
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from mcidns.errors import ConfigError
from mcidns.kube import errors
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import Gone, KubeError, NotFound, ServerError, TooManyRequests
from mcidns.kube.kinds import Kind
from mcidns.observe import frames
from mcidns.observe.feed import Feed
from mcidns.observe.frames import Bookmark, Failure, Garbage, Put, Removed
from mcidns.observe.pace import Pace
from mcidns.observe.sources import Key

_LOG = logging.getLogger(__name__)

Trouble = KubeError | ConfigError

RELIST_AFTER: Final = 5
"""Failures in a row after which the resource version is no longer trusted."""

ENDED_EARLY: Final = 1.0
"""Seconds; a server that ends streams sooner than that would be asked without a pause."""

LONGEST_RETRY_AFTER: Final = 300.0

AT_ONCE: Final = 2000
"""Objects applied between two turns of the loop."""


class Host(Protocol):
    """What a reflector asks of the member it belongs to."""

    client: KubeClient
    pace: Pace

    def turn(self) -> AbstractAsyncContextManager[None]:
        """A turn at reading a list."""
        ...

    def speaks(self) -> bool:
        """Whether the API is known to be one: a kind that every API serves was read and is well."""
        ...

    def answered(self) -> None:
        """The API took a watch of ours."""
        ...

    def changed(self) -> None:
        """Something in the reflector's condition changed."""
        ...

    def woken(self) -> asyncio.Event:
        """Set when there is reason to try again before a delay is over."""
        ...

    async def served(self, versions: tuple[Kind, ...]) -> Kind:
        """The first of these that the API serves. Raises NotFound where it serves none."""
        ...


class Reflector:
    """Keeps one kind of one member in its store; ends only by cancellation.

    `current`: the store is what the API holds, as far as anybody can know. `failing`: why it cannot be read, None while it
    can; a stream that breaks is no failure until it cannot be opened again. `version`: up to where the store is current.
    """

    def __init__(self, feed: Feed[Any, Any], host: Host) -> None:
        self.feed = feed
        self.synced = False
        self.current = False
        self.failing: Trouble | None = None
        self.relists = self.restarts = 0
        self.skipped = self.events = 0
        self.version = ""
        self._host = host
        self._bookmarks = False
        self._failures = 0
        self._throttled = 0
        self._unserved = False
        self._missed = 0
        self._kind = feed.kind
        self._resync_at = 0.0
        self._opened_at: float | None = None
        self._closed_at: float | None = None
        self._open: asyncio.Timeout | None = None

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            self._forget_stream()
            try:
                if not self.version or self._now() >= self._resync_at:
                    await self._list()
                delay = await self._watch()
            except Gone as error:
                self.version = ""
                # A server that forgets faster than it can be read is as good as silent.
                hopeless = self._opened_at is None and self._failures >= RELIST_AFTER
                delay = self._failed(error) if hopeless else self._broken(error)
            except (KubeError, ConfigError) as error:
                # A stream that was open may break: whether that is trouble shows when it is opened again.
                delay = self._failed(error) if self._opened_at is None else self._broken(error)
            await self._pause(delay)

    def interrupt(self, *, relist: bool = False) -> None:
        """Do not believe an open stream: open it anew. Until then the store does not count as current.

        With `relist` do not believe the version either. A kind that is not served has no stream to doubt.
        """
        if self._unserved and not relist:
            return
        self.current = False
        if relist:
            self.version = ""
        if self._open is not None:
            self._open.reschedule(asyncio.get_running_loop().time())

    def _forget_stream(self) -> None:
        self._opened_at = self._closed_at = None

    # --- list

    async def _list(self) -> None:
        """Read everything, then apply the difference; a list that fails changes nothing."""
        fresh: dict[Key, Any] = {}
        unreadable: set[Key] = set()
        after = version = ""
        self._kind = await self._found()
        while True:
            after, found = self._reduced(await self._page(after), fresh, unreadable)
            version = found or version
            if not after:
                break
        for key in self.feed.gone(fresh, unreadable):
            self.feed.drop(key)
        for count, (key, record) in enumerate(fresh.items(), 1):
            self.feed.put(key, record)
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        self.relists += self.synced
        self.synced, self._missed = True, 0
        self.version = version
        self._resync_at = self._now() + self._host.pace.resync * random.uniform(0.7, 1.3)
        if self._unserved:
            self._unserved = False
            self.feed.on_served(True)

    async def _found(self) -> Kind:
        """The kind in the version to read. Raises NotFound."""
        kind, versions = self.feed.kind, self.feed.versions
        if not versions:
            return kind
        served = await self._host.served(versions)
        return served if kind in versions else kind

    async def _page(self, after: str) -> bytes:
        client, size = self._host.client, self._host.pace.page
        return await client.page(self._kind, limit=size, after=after, gate=self._host.turn())

    def _reduced(self, body: bytes, fresh: dict[Key, Any], unreadable: set[Key]) -> tuple[str, str]:
        """Add a page's objects, reduced, to `fresh`; returns where the list goes on and its version.

        Nothing of the page outlives this call: of many members waiting for their next page, none holds the one before.
        """
        try:
            page = self.feed.decoder.page(body)
        except frames.UNREADABLE as error:
            raise ServerError(f"GET {self.feed.kind.path()}", 200, "", f"the list is unreadable: {error}") from error
        self.skipped += page.skipped
        unreadable.update(page.unreadable)
        fresh.update(self.feed.take(page.items))
        return page.after, page.version

    # --- watch

    async def _watch(self) -> float:
        """Follow one stream to its end; returns the delay before the next."""
        pace = self._host.pace
        seconds = random.randint(pace.shortest_watch, pace.longest_watch)
        seconds = max(1, min(seconds, int(self._resync_at - self._now()) + 1))
        silence = pace.silence_with_bookmarks if self._bookmarks else seconds + pace.silence_past_end
        stream = self._host.client.watch(self._kind, resource_version=self.version, seconds=seconds, silence=silence)
        try:
            async with asyncio.timeout(None) as scope, stream:
                self._open, self._opened_at = scope, self._now()
                self._well()
                while batch := await stream.read():
                    for line in batch:
                        self._line(line)
        except TimeoutError:
            # Our own interruption; the stream's time-outs are Unreachable.
            return 0.0
        finally:
            self._open, self._closed_at = None, self._now()
        return 0.0 if self._lived() >= ENDED_EARLY else self._broken(None)

    def _line(self, line: bytes) -> None:
        frame = self.feed.decoder.frame(line)
        match frame:
            case Put(item):
                self.feed.set(item)
                self.version = item.metadata.resource_version or self.version
                self.events += 1
            case Removed(item):
                self.feed.remove(item)
                self.version = item.metadata.resource_version or self.version
                self.events += 1
            case Bookmark(version):
                self.version, self._bookmarks = version or self.version, True
            case Failure(status):
                raise errors.from_status(f"watch of {self.feed.kind}", status)
            case Garbage(why):
                self.skipped += 1
                about = {"server": self._host.client.access.server, "kind": str(self.feed.kind)}
                _LOG.warning("watch.garbage", extra=about | {"why": why})

    # --- trouble

    def _well(self) -> None:
        changed = not self.current or self.failing is not None
        self.current, self.failing, self._throttled = True, None, 0
        self._host.answered()
        if changed:
            self._host.changed()

    def _broken(self, error: Trouble | None) -> float:
        """An open stream ended badly, early or for good: the delay before it is opened again, none the first time."""
        lived = self._lived()
        about = {"server": self._host.client.access.server, "kind": str(self.feed.kind)}
        _LOG.debug("watch.broken", extra=about | {"why": str(error), "lived": round(lived, 1)})
        self._count_failure()
        self.restarts += 1
        return 0.0 if lived >= self._host.pace.brief or self._failures == 1 else self._delay(error)

    def _failed(self, error: Trouble) -> float:
        """It cannot be listed, or its stream not be opened: the delay before the next attempt."""
        self._count_failure()
        if isinstance(error, NotFound) and not self.feed.required and self._holds_nothing() and self._host.speaks():
            self._missed += 1
            if self.feed.versions and self._missed == 1 and not self._unserved:
                # An API server that has just started may not know yet of what was installed in it.
                self.current, self.failing = False, error
                self._host.changed()
                return self._host.pace.unsure
            # This API is one and does not serve the kind: it holds none, which is an answer.
            self._unserved = self.synced = True
            self._failures = 0
            self.feed.on_served(False)
            self._well()
            return self._host.pace.unavailable
        self._throttled = self._throttled + 1 if isinstance(error, TooManyRequests) else 0
        # Asked once to wait, it is only busy; asked again, nobody knows how long we shall hear nothing.
        if self._throttled != 1 or not self.synced:
            self.current, self.failing = False, error
            self._host.changed()
        return self._delay(error)

    def _count_failure(self) -> None:
        self._failures = 1 if self._lived() >= self._host.pace.healthy else self._failures + 1
        if self._failures >= RELIST_AFTER:
            self.version = ""

    def _lived(self) -> float:
        if self._opened_at is None or self._closed_at is None:
            return 0.0
        return self._closed_at - self._opened_at

    def _holds_nothing(self) -> bool:
        """Nothing was ever read, or all of it has gone: who takes a kind away takes its objects first."""
        return self._unserved or not self.synced or not self.feed.held

    def _delay(self, error: Trouble | None) -> float:
        pace = self._host.pace
        ceiling = min(pace.longest_delay, pace.first_delay * 2.0 ** min(self._failures - 1, 10))
        jittered = random.uniform(0.05, 1.0) * ceiling
        asked = error.retry_after if isinstance(error, TooManyRequests) else None
        return jittered if asked is None else max(min(asked, LONGEST_RETRY_AFTER), jittered)

    async def _pause(self, delay: float) -> None:
        if delay <= 0.0:
            await asyncio.sleep(0)
            return
        woken = self._host.woken()
        try:
            async with asyncio.timeout(delay):
                await woken.wait()
        except TimeoutError:
            return

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
