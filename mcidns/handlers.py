"""kopf as a thin source of events, in its own thread and loop; what an event means is decided in the core loop."""

import asyncio
import datetime as dt
import logging
import random
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import kopf

from mcidns.kube.access import Access
from mcidns.kube.credentials import Credentials
from mcidns.kube.kinds import Kind

_LOG = logging.getLogger(__name__)

Object = dict[str, Any]
Deliver = Callable[[Kind, str, Object], None]
"""Kind, event type (`ADDED`, `MODIFIED`, `DELETED` or empty for what was there at the start), and the object."""

STOP_WITHIN = 5.0
LONGEST_DELAY = 60.0


class HubWatch:
    """Runs kopf over the host's kinds and hands every event to the core loop, where `deliver` is called.

    kopf ends by itself on faults that a controller must survive (a 401 answered by the same token, an ERROR event other than
    410), so it is supervised: started anew after 1 to 60 s, and `on_restart` is called each time, since it may have missed
    deletions.
    """

    def __init__(
        self,
        access: Access,
        kinds: Iterable[Kind],
        *,
        deliver: Deliver,
        on_restart: Callable[[], None],
        first_delay: float = 1.0,
    ) -> None:
        self._access = access
        self._kinds = tuple(kinds)
        self._deliver = deliver
        self._on_restart = on_restart
        self._first_delay = first_delay
        self.restarts = 0

    async def run(self) -> None:
        """Supervise kopf until cancelled; a clean stop ends its thread."""
        delay = self._first_delay
        loop = asyncio.get_running_loop()
        while True:
            stop = threading.Event()
            ended = asyncio.Event()
            thread = threading.Thread(target=self._thread, args=(loop, stop, ended), name="kopf", daemon=True)
            started = loop.time()
            thread.start()
            try:
                await ended.wait()
            finally:
                stop.set()
                await asyncio.to_thread(thread.join, STOP_WITHIN)
            if loop.time() - started > LONGEST_DELAY:
                delay = self._first_delay
            self.restarts += 1
            _LOG.warning("hub.watch.restart", extra={"restarts": self.restarts, "delay": delay})
            await asyncio.sleep(random.uniform(0.5, 1.0) * delay)
            delay = min(LONGEST_DELAY, delay * 2)
            self._on_restart()

    def _thread(self, core: asyncio.AbstractEventLoop, stop: threading.Event, ended: asyncio.Event) -> None:
        try:
            asyncio.run(self._operate(core, stop))
        except Exception:  # noqa: BLE001  the thread's last line: whatever ends kopf is logged, and the supervisor starts it anew
            _LOG.exception("hub.watch.ended")
        finally:
            if not core.is_closed():
                core.call_soon_threadsafe(ended.set)

    async def _operate(self, core: asyncio.AbstractEventLoop, stop: threading.Event) -> None:
        await kopf.operator(
            registry=self._registry(core),
            settings=_settings(),
            standalone=True,
            clusterwide=True,
            stop_flag=stop,
        )

    def _registry(self, core: asyncio.AbstractEventLoop) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry, id="login")(self._login)
        for kind in self._kinds:
            kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=f"seen-{kind.plural}")(
                self._handler(core, kind)
            )
        return registry

    def _handler(self, core: asyncio.AbstractEventLoop, kind: Kind) -> Callable[..., Awaitable[None]]:
        # A coroutine, because kopf runs plain functions in a pool of threads, which costs more than all that is done here.
        async def seen(event: kopf.RawEvent, **_: Any) -> None:
            body = dict(event["object"])
            core.call_soon_threadsafe(self._deliver, kind, str(event["type"] or ""), body)

        return seen

    async def _login(self, **_: Any) -> kopf.ConnectionInfo:
        # Made anew for each login: this runs in kopf's loop, and the core's own credentials belong to the core's.
        credentials = Credentials(self._access)
        headers = await credentials.headers()
        pair = await credentials.pair()
        scheme, _space, token = headers.get("Authorization", "").partition(" ")
        return kopf.ConnectionInfo(
            server=self._access.server,
            ca_data=self._access.ca.encode() or None,
            insecure=self._access.insecure or None,
            scheme=scheme or None,
            token=token or None,
            certificate_data=pair.certificate.encode() if pair is not None else None,
            private_key_data=pair.key.value.encode() if pair is not None else None,
            proxy_url=self._access.proxy_url.value if self._access.proxy_url is not None else None,
            expiration=_soon() if self._access.identity.token is None else None,
        )


def _soon() -> dt.datetime:
    """When to log in again: tokens of files and plug-ins are renewed."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    # kopf would kill the process this long after its own end; the supervisor starts it anew instead.
    settings.process.ultimate_exiting_timeout = None
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = 70
    settings.watching.chunk_size = 500
    return settings
