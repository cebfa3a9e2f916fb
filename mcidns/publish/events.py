"""Events of events.k8s.io/v1, posted without haste and never in anybody's way; what deserves one is found in transitions."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mcidns.errors import McidnsError
from mcidns.hub import times
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import Invalid, NotFound
from mcidns.publish.transitions import Notice

_LOG = logging.getLogger(__name__)

CONTROLLER: Final = "mcidns.io/controller"
SERIES: Final = 600.0
"""Seconds after its last occurrence for which an equal notice belongs to the same series."""
LONGEST_NOTE: Final = 1024
TRIES: Final = 3


@dataclass(slots=True)
class _Series:
    """One notice and its occurrences; `name` is empty until it was posted. Times in unix seconds."""

    notice: Notice
    first: float
    last: float
    count: int = 1
    name: str = ""
    posted: int = 0
    next_post: float = 0.0
    tries: int = 0


class Events:
    """Takes notices at any rate and posts a few a second: equal ones become one Event with a count, and of more than `most`
    waiting ones the oldest are dropped and counted.

    `instance` names this process (`reportingInstance`). `rate` is in Events a second, `burst` how many may go at once;
    a repeated notice is posted again after `again` seconds at the soonest. `heard` hears of every notice at once.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        instance: str,
        clock: Callable[[], float],
        rate: float = 5.0,
        burst: int = 50,
        most: int = 1000,
        again: float = 30.0,
        heard: Callable[[Notice], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._instance = instance[:128] or "mcidns"
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._most = most
        self._again = again
        self._heard = heard
        self._series: dict[Notice, _Series] = {}
        self._waiting: dict[Notice, None] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.dropped = 0

    def forget(self, before: float) -> None:
        """Drop what waits since before this time (unix seconds): somebody else told it."""
        for notice in [notice for notice in self._waiting if self._series[notice].last < before]:
            del self._waiting[notice]

    def post(self, notices: Iterable[Notice]) -> None:
        """Tell of these some time soon; returns at once."""
        now = self._clock()
        for notice in notices:
            self._heard(notice)
            known = self._series.get(notice)
            if known is None or (known.name and now - known.last > SERIES):
                self._series[notice] = _Series(notice, now, now)
            else:
                known.count += 1
                known.last = now
            self._waiting[notice] = None
        self._shed()
        if self._waiting:
            self._idle.clear()
            self._wake.set()

    async def run(self) -> None:
        """Post until cancelled."""
        loop = asyncio.get_running_loop()
        tokens, filled = float(self._burst), loop.time()
        while True:
            series = self._due()
            if series is None:
                await self._nap()
                continue
            tokens = min(tokens + (loop.time() - filled) * self._rate, self._burst)
            filled = loop.time()
            if tokens < 1:
                await asyncio.sleep((1 - tokens) / self._rate)
                continue
            tokens -= 1
            await self._send(series)

    async def flush(self, timeout: float) -> bool:
        """Wait until all is posted but repetitions that must wait, `timeout` seconds at most; False if something is left."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _due(self) -> _Series | None:
        now = self._clock()
        for notice in self._waiting:
            series = self._series[notice]
            if series.next_post <= now:
                return series
        self._idle.set()
        return None

    async def _nap(self) -> None:
        self._wake.clear()
        soonest = min((self._series[notice].next_post for notice in self._waiting), default=None)
        delay = None if soonest is None else max(soonest - self._clock(), 0.01)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._wake.wait()
        self._forget_old()

    async def _send(self, series: _Series) -> None:
        self._waiting.pop(series.notice, None)
        count = series.count
        try:
            await self._post(series)
        except asyncio.CancelledError:
            self._waiting[series.notice] = None  # for the next run: told twice is better than never
            raise
        except McidnsError as error:
            series.tries += 1
            lasting = isinstance(error, Invalid) or series.tries >= TRIES
            _LOG.warning("event.failed", extra={"reason": series.notice.reason, "why": str(error), "given_up": lasting})
            series.next_post = self._clock() + 2.0**series.tries
            if lasting:
                self.dropped += 1
                self._series.pop(series.notice, None)
            else:
                self._waiting[series.notice] = None
            return
        series.tries, series.posted = 0, count
        series.next_post = self._clock() + self._again
        if series.count > count:
            self._waiting[series.notice] = None

    async def _post(self, series: _Series) -> None:
        namespace = series.notice.regarding.ref.namespace or "default"
        if series.name:
            body = {"series": {"count": max(series.count, 2), "lastObservedTime": times.render_micro(series.last)}}
            try:
                await self._client.patch(kinds.EVENT, namespace, series.name, body)
                return
            except NotFound:
                series.name = ""  # expired; the rest is a new Event
        name = f"{series.notice.regarding.ref.name[:200]}.{uuid.uuid4().hex[:16]}"
        await self._client.create(kinds.EVENT, namespace, self._body(series, name))
        series.name = name

    def _body(self, series: _Series, name: str) -> Object:
        notice = series.notice
        ref = notice.regarding.ref
        body: Object = {
            "apiVersion": kinds.EVENT.api_version,
            "kind": kinds.EVENT.kind,
            "metadata": {"name": name, "namespace": ref.namespace or "default"},
            "eventTime": times.render_micro(series.first),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance,
            "type": notice.type,
            "reason": notice.reason[:128],
            "action": notice.action[:128],
            "note": notice.note if len(notice.note) <= LONGEST_NOTE else notice.note[: LONGEST_NOTE - 1] + "…",
            "regarding": {
                "apiVersion": notice.regarding.api_version,
                "kind": ref.kind,
                "name": ref.name,
                "uid": notice.regarding.uid,
                **({"namespace": ref.namespace} if ref.namespace else {}),
            },
        }
        if series.count > 1:
            body["series"] = {"count": series.count, "lastObservedTime": times.render_micro(series.last)}
        return body

    def _shed(self) -> None:
        while len(self._waiting) > self._most:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            self._series.pop(oldest, None)
            self.dropped += 1

    def _forget_old(self) -> None:
        limit = self._clock() - SERIES
        for notice in [n for n, one in self._series.items() if one.last < limit and n not in self._waiting]:
            del self._series[notice]
