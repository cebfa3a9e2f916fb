"""One member's list and watch of every kind we need, and whether the member answers; what the objects mean is in sources."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from mcidns.kube import errors, kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import ApiError, Failing, Forbidden, Gone, KubeError, NotFound, TooManyRequests, Unreachable
from mcidns.kube.kinds import Kind
from mcidns.observe import sources
from mcidns.observe.shapes import Bookmark, Decoder, Failure, Garbage, Ingress, Item, Put, Removed, Service, Slice
from mcidns.observe.sources import Key
from mcidns.observe.store import MemberStore

_LOG = logging.getLogger(__name__)

KINDS: tuple[Kind, ...] = (kinds.SERVICE, kinds.INGRESS, kinds.ENDPOINT_SLICE)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a member is watched; seconds. The heartbeat finds a cut API, the silence limit a stream that only looks open."""

    heartbeat: float = 10.0
    heartbeat_timeout: float = 5.0
    first_delay: float = 1.0
    longest_delay: float = 60.0
    shortest_watch: int = 240
    longest_watch: int = 480
    silence_with_bookmarks: float = 90.0
    unavailable: float = 300.0
    resync: float = 2700.0


@dataclass(slots=True)
class Progress:
    """Where one kind's watch stands. `failing` is the error since which it does not work."""

    kind: Kind
    version: str = ""
    synced: bool = False
    failing: KubeError | None = None
    bookmarks: bool = False
    failures: int = 0
    relists: int = 0
    skipped: int = 0
    events: int = 0
    listed_at: float = 0.0


class Watch:
    """All streams of one member. `on_state` is called when `trouble` or `synced` may have changed.

    An error of one kind never ends another's stream; nothing here ends but by cancellation.
    """

    def __init__(
        self,
        client: KubeClient,
        store: MemberStore,
        *,
        pace: Pace,
        lists: asyncio.Semaphore,
        on_state: Callable[[], None],
        selector: str = "",
    ) -> None:
        self.client = client
        self.progress = {kind: Progress(kind) for kind in KINDS}
        self.beating: KubeError | None = None
        self._store = store
        self._pace = pace
        self._lists = lists
        self._on_state = on_state
        self._selector = selector
        self._reopen = asyncio.Event()
        self._decoders: dict[Kind, Decoder[Service] | Decoder[Ingress] | Decoder[Slice]] = {
            kinds.SERVICE: Decoder(Service),
            kinds.INGRESS: Decoder(Ingress),
            kinds.ENDPOINT_SLICE: Decoder(Slice),
        }

    @property
    def synced(self) -> bool:
        """Every kind was listed once."""
        return all(progress.synced for progress in self.progress.values())

    @property
    def trouble(self) -> KubeError | None:
        """Why the member counts as silent, None while it answers."""
        return self.beating or next((p.failing for p in self.progress.values() if p.failing is not None), None)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for progress in self.progress.values():
                tasks.create_task(self._follow(progress), name=f"watch {progress.kind.plural}")
            tasks.create_task(self._heartbeat(), name="heartbeat")

    def use(self, access: Access) -> None:
        """New credentials for the same server: use them from the next request on, and make that now."""
        self.client.adopt(access)
        self.retry()

    def retry(self) -> None:
        """Do not wait for the end of a delay, and open all streams anew."""
        self._reopen.set()
        self._reopen = asyncio.Event()

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(self._pace.heartbeat)
            before = self.beating
            try:
                async with asyncio.timeout(self._pace.heartbeat_timeout):
                    await self.client.get_path("/version")
                self.beating = None
            except TimeoutError:
                self.beating = Unreachable(
                    "GET /version", Failing.TIMEOUT, f"no answer to a heartbeat within {self._pace.heartbeat_timeout:g} s"
                )
            except (Unreachable, errors.ServerError, errors.Unauthorized) as error:
                self.beating = error
            except ApiError:
                self.beating = None  # it answers, and that was the question
            if before is not None and self.beating is None:
                # Streams from before the silence may be dead without knowing it.
                self.retry()
            if (before is None) != (self.beating is None):
                self._on_state()

    async def _follow(self, progress: Progress) -> None:
        while True:
            try:
                if not progress.version:
                    await self._list(progress)
                await self._stream(progress)
            except Gone:
                progress.version = ""
                progress.relists += 1
            except KubeError as error:
                await self._failed(progress, error)

    async def _failed(self, progress: Progress, error: KubeError) -> None:
        progress.failures += 1
        if isinstance(error, NotFound) and not progress.listed_at:
            # This member does not serve the kind: it holds none, which is an answer.
            await self._unserved(progress)
            return
        progress.failing = error
        if progress.failures >= 5 or isinstance(error, Forbidden):
            progress.version = ""
        self._on_state()
        ceiling = min(self._pace.longest_delay, self._pace.first_delay * 2 ** min(progress.failures - 1, 10))
        delay = (
            error.retry_after if isinstance(error, TooManyRequests) and error.retry_after else random.uniform(0.1, 1.0) * ceiling
        )
        reopen = self._reopen
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await reopen.wait()

    async def _unserved(self, progress: Progress) -> None:
        if not progress.synced or progress.failing is not None:
            progress.synced, progress.failing = True, None
            self._on_state()
        await asyncio.sleep(self._pace.unavailable)

    async def _list(self, progress: Progress) -> None:
        """Read everything, then apply the difference; a list that fails changes nothing."""
        fresh: dict[Key, Item] = {}
        version = ""
        decoder = self._decoders[progress.kind]
        async with self._lists:
            async for body in self.client.list_pages(progress.kind, label_selector=self._selector):
                try:
                    page = decoder.page(body)
                except msgspec.DecodeError as error:
                    raise Unreachable(f"list of {progress.kind}", Failing.CUT, f"it is unreadable: {error}") from error
                progress.skipped += page.skipped
                version = page.version
                fresh.update({(item.metadata.namespace, item.metadata.name): item for item in page.items})
        held = self._held(progress.kind)
        for key in [key for key in held if key not in fresh]:
            self._drop(progress.kind, key)
        for key, item in fresh.items():
            self._put(key, item)
        progress.version = version
        progress.listed_at = asyncio.get_running_loop().time()
        self._working(progress)

    async def _stream(self, progress: Progress) -> None:
        seconds = random.randint(self._pace.shortest_watch, self._pace.longest_watch)
        silence = self._pace.silence_with_bookmarks if progress.bookmarks else seconds + 30.0
        opened = False
        reading = asyncio.create_task(self._read(progress, seconds, silence))
        reopening = asyncio.create_task(self._reopen.wait())
        try:
            await asyncio.wait({reading, reopening}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                opened = reading.result()
        finally:
            for task in (reading, reopening):
                task.cancel()
            await asyncio.gather(reading, reopening, return_exceptions=True)
        if opened and asyncio.get_running_loop().time() - progress.listed_at > self._pace.resync:
            progress.version = ""

    async def _read(self, progress: Progress, seconds: int, silence: float) -> bool:
        """Follow the stream to its end. A stream that was open and broke is no failure yet: opening it again decides."""
        stream = self.client.watch(
            progress.kind,
            resource_version=progress.version,
            seconds=seconds,
            silence=silence,
            label_selector=self._selector,
        )
        opened = False
        try:
            async with stream as lines:
                opened = True
                self._working(progress)
                async for line in lines:
                    self._line(progress, line)
        except Unreachable:
            if not opened:
                raise
        return opened

    def _line(self, progress: Progress, line: bytes) -> None:
        frame = self._decoders[progress.kind].frame(line)
        match frame:
            case Put(item):
                self._put((item.metadata.namespace, item.metadata.name), item)
                progress.version = item.metadata.resourceVersion or progress.version
                progress.events += 1
            case Removed(item):
                self._drop(progress.kind, (item.metadata.namespace, item.metadata.name))
                progress.version = item.metadata.resourceVersion or progress.version
                progress.events += 1
            case Bookmark(version):
                progress.version, progress.bookmarks = version or progress.version, True
            case Failure(code, message):
                raise errors.from_status(f"watch of {progress.kind}", {"message": message}, code)
            case Garbage(why):
                progress.skipped += 1
                _LOG.warning("watch.garbage", extra={"kind": progress.kind.plural, "why": why})

    def _working(self, progress: Progress) -> None:
        changed = not progress.synced or progress.failing is not None
        progress.synced, progress.failing, progress.failures = True, None, 0
        if changed:
            self._on_state()

    def _held(self, kind: Kind) -> list[Key]:
        if kind is kinds.SERVICE:
            return list(self._store.services)
        return list(self._store.ingresses if kind is kinds.INGRESS else self._store.slices)

    def _put(self, key: Key, item: Item) -> None:
        match item:
            case Service():
                self._store.put_source("Service", key, sources.service(item))
            case Ingress():
                self._store.put_source("Ingress", key, sources.ingress(item))
            case Slice():
                self._store.put_slice(key, sources.slice_(item))

    def _drop(self, kind: Kind, key: Key) -> None:
        if kind is kinds.ENDPOINT_SLICE:
            self._store.put_slice(key, None)
        else:
            self._store.drop_source("Service" if kind is kinds.SERVICE else "Ingress", key)
