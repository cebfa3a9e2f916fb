"""Whether one member answers: its reflectors and its heartbeat taken together; what follows from that lives in members."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from mcidns.errors import ConfigError
from mcidns.kube import client as requests
from mcidns.kube import kinds, tokens
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import KubeError, TooManyRequests, Unreachable
from mcidns.kube.kinds import Kind
from mcidns.kube.tokens import Token
from mcidns.observe import feed
from mcidns.observe.discovery import Discovery
from mcidns.observe.gate import Gate
from mcidns.observe.pace import Pace
from mcidns.observe.store import MemberStore
from mcidns.observe.watch import Reflector, Trouble

_LOG = logging.getLogger(__name__)


class Contact:
    """All that is asked of one member. `on_state` is called when `trouble`, `current`, `token` or `ends_soon` may have changed.

    `token` is that which a heartbeat proved to work last, None before the first.

    The heartbeat is the smallest read of what we need, so that it finds a hung API, a revoked token and a lost permission
    alike, which an open watch would not. Nothing here ends but by cancellation.
    """

    def __init__(
        self,
        client: KubeClient,
        store: MemberStore,
        *,
        pace: Pace,
        gate: Gate,
        clock: Callable[[], float],
        on_state: Callable[[], None],
    ) -> None:
        self.client = client
        self.pace = pace
        self.heard_at: float | None = None
        self.token: Token | None = None
        self._gate = gate
        self._clock = clock
        self._on_state = on_state
        self._silent: Trouble | None = None
        self._wake = asyncio.Event()
        self._beat_now = asyncio.Event()
        self._spoke = asyncio.Event()
        self._discovery = Discovery(client)
        self._reflectors = tuple(Reflector(one, self) for one in feed.feeds(store))
        self._gateways = tuple(Reflector(one, self) for one in feed.gateway_feeds(store))

    @property
    def trouble(self) -> Trouble | None:
        """Why the member counts as silent, None while it answers or is being read for the first time."""
        return self._silent or next((one.failing for one in self._reflectors if one.failing is not None), None)

    @property
    def synced(self) -> bool:
        """Every kind was listed once."""
        return all(one.synced for one in self._reflectors)

    @property
    def current(self) -> bool:
        """Every kind that every member has is held as the API holds it."""
        return all(one.current for one in self._reflectors)

    @property
    def gateways_trouble(self) -> Trouble | None:
        """Why the Gateway API's kinds cannot be read; that harms only what rests on them."""
        return next((one.failing for one in self._gateways if one.failing is not None), None)

    @property
    def gateways_current(self) -> bool:
        """The Gateway API's kinds are held as the API holds them, or are not served."""
        return all(one.current for one in self._gateways)

    @property
    def ends_soon(self) -> bool:
        """The token's life is nearly over."""
        return self.token is not None and self.token.ends_soon(self._clock())

    @property
    def relists(self) -> int:
        """Lists besides the first, over all kinds."""
        return sum(one.relists for one in self._all)

    @property
    def restarts(self) -> int:
        """Streams that broke, over all kinds."""
        return sum(one.restarts for one in self._all)

    @property
    def skipped(self) -> int:
        """Objects and frames that could not be read."""
        return sum(one.skipped for one in self._all)

    @property
    def _all(self) -> tuple[Reflector, ...]:
        return (*self._reflectors, *self._gateways)

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._reflectors:
                tasks.create_task(reflector.run(), name=f"watch {reflector.feed.kind.plural}")
            for reflector in self._gateways:
                tasks.create_task(self._once_it_speaks(reflector), name=f"watch {reflector.feed.kind.plural}")
            tasks.create_task(self._heartbeat(), name="heartbeat")

    async def _once_it_speaks(self, reflector: Reflector) -> None:
        """What is optional is asked of an API that is known to be one: then its not serving a kind is an answer."""
        await self._spoke.wait()
        await reflector.run()

    def use(self, access: Access) -> bool:
        """Ask in another name from the next request on, and try at once; False if the way to the API differs.

        Streams that are open and well stay so until their end: the API does not ask again.
        """
        if not self.client.adopt(access):
            return False
        self._try_again()
        self._beat_now.set()
        return True

    def distrust(self) -> None:
        """This is not the API it was: read everything again. Until then the member's word is not current."""
        for reflector in self._all:
            reflector.interrupt(relist=True)
        self._try_again()

    # --- for the reflectors

    def turn(self) -> AbstractAsyncContextManager[None]:
        """A turn at reading a list, of all members' turns."""
        return self._gate.turn()

    def speaks(self) -> bool:
        """Whether a kind that every API serves was read and is well."""
        return any(one.current for one in self._reflectors if one.feed.required)

    def answered(self) -> None:
        """The API took a watch: it answers, whatever the last heartbeat found."""
        self.heard_at = self._clock()
        if self._silent is not None:
            self._silent = None
            self._on_state()

    def changed(self) -> None:
        """A reflector's condition changed."""
        if self.speaks():
            self._spoke.set()
        self._on_state()

    def woken(self) -> asyncio.Event:
        """Set when there is reason to try again before a delay is over."""
        return self._wake

    async def served(self, versions: tuple[Kind, ...]) -> Kind:
        """The first of these that the API serves. Raises NotFound where it serves none."""
        return await self._discovery.served(versions)

    # --- heartbeat

    async def _heartbeat(self) -> None:
        ended = False
        while True:
            before, token = self._silent, self.token
            self._silent = await self._beat()
            if before is not None and self._silent is None:
                self._try_again()
            if before is not None or self._silent is not None or (token, ended) != (self.token, self.ends_soon):
                self._on_state()
            ended = self.ends_soon
            self._beat_now.clear()
            try:
                async with asyncio.timeout(random.uniform(0.9, 1.0) * self.pace.heartbeat):
                    await self._beat_now.wait()
            except TimeoutError:
                continue

    async def _beat(self) -> Trouble | None:
        held = next(one.version for one in self._reflectors if one.feed.kind is kinds.SERVICE)
        identity = self.client.access.identity
        try:
            body = await self.client.page(kinds.SERVICE, limit=1, timeout=self.pace.heartbeat_timeout)
        except TooManyRequests:
            self.heard_at = self._clock()
        except Unreachable as error:
            # Streams from before the silence may be dead without knowing it.
            for reflector in self._all:
                reflector.interrupt()
            return error
        except (KubeError, ConfigError) as error:
            return error
        else:
            self.heard_at, self.token = self._clock(), tokens.read(identity.token)
            if _is_behind(requests.page_version(body), held):
                # Restored from a backup, or another cluster at the old address: a watch from our version would stay silent.
                _LOG.warning("member.went_back", extra={"server": self.client.access.server, "held": held})
                self.distrust()
        return None

    def _try_again(self) -> None:
        self._wake.set()
        self._wake = asyncio.Event()


def _is_behind(now: str, held: str) -> bool:
    """Whether a list made after `held` was seen is older than it; versions that are no numbers are not compared (KEP-5504)."""
    return now.isdigit() and held.isdigit() and int(now) < int(held)
