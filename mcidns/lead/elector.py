"""Runs the election over the API: asks, waits, tells of changes; every rule of it is in election."""

import asyncio
import logging
import random
import time
from collections.abc import Callable

from mcidns.errors import ConfigError
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import Conflict, Forbidden, KubeError, NotFound
from mcidns.lead import election, records
from mcidns.lead.election import Absent, Answer, Candidate, Clash, Failed, Found, Leader, Lease, Look, Request, State, Terms
from mcidns.model.mandates import Mandate, Standby

_LOG = logging.getLogger(__name__)

AT_MOST = 4
"""Requests in one round."""

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def own_clock() -> float:
    """Seconds of a clock that goes on while the process is stopped and the machine sleeps, where the system has one."""
    return time.clock_gettime(_CLOCK)


class Elector:
    """Strives for one Lease as `identity`, which no other process may ever have had. `mandate` is right at any moment.

    `on_change(before, now)` hears of every other mandate, inside the loop. `warm` says whether this process could act at once.
    The client's own time-out is to be `terms.patience`. `trouble` says why the Lease cannot be read or written, empty if it can.
    """

    def __init__(
        self,
        client: KubeClient,
        place: tuple[str, str],
        identity: str,
        terms: Terms,
        *,
        warm: Callable[[], bool],
        on_change: Callable[[Mandate, Mandate], None],
        clock: Callable[[], float] = own_clock,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._namespace, self._name = place
        self.identity = identity
        self._terms = terms
        self._warm = warm
        self._on_change = on_change
        self._clock = clock
        self._wall = wall
        self._state: State = Candidate()
        self._told: Mandate = Standby()
        self._alarm: asyncio.TimerHandle | None = None
        self._hurry = asyncio.Event()
        self.trouble = "not read yet"

    @property
    def mandate(self) -> Mandate:
        """What may be written now, by the clock: also right after the process stood still for an hour."""
        return election.mandate(self._state, self._terms, self.identity, self._clock())

    @property
    def lease(self) -> Lease | None:
        """The Lease as last seen."""
        return self._state.lease

    def outbid(self, epoch: int) -> None:
        """A zone carries this epoch, which is no lower than ours: renew with a higher one, or find out that we are deposed."""
        self._state = election.outbid(self._state, epoch)
        self._hurry.set()

    async def run(self) -> None:
        """Strive and renew until cancelled; the Lease stays as it is then, until `release`."""
        try:
            while True:
                self._hurry.clear()
                await self._round()
                try:
                    async with asyncio.timeout(self._terms.retry * random.uniform(0.8, 1.0)):
                        await self._hurry.wait()
                except TimeoutError:
                    continue
        finally:
            self._disarm()

    async def release(self) -> None:
        """Free the Lease if it is ours, so that the next leader need not wait. Nothing may be written afterwards."""
        lease = self._state.lease
        if not isinstance(self._state, Leader) or lease is None:
            return
        self._state = Candidate(lease, self._clock())
        self._tell()
        for _ in range(2):
            try:
                await self._client.patch(kinds.LEASE, self._namespace, self._name, records.given_up(lease, self._wall()))
                _LOG.info("lease.released", extra={"lease": self._path, "epoch": lease.epoch})
                return
            except Conflict:
                lease = await self._present()
                if lease is None or lease.holder != self.identity:
                    return
            except (KubeError, ConfigError) as error:
                _LOG.warning("lease.kept", extra={"lease": self._path, "why": f"{error}; the next leader waits until it runs out"})
                return

    async def _present(self) -> Lease | None:
        answer = await self._put(Look())
        return answer.lease if isinstance(answer, Found) else None

    @property
    def _path(self) -> str:
        return f"{self._namespace}/{self._name}"

    async def _round(self) -> None:
        self._state = election.roused(self._state)
        for _ in range(AT_MOST):
            request = election.ask(self._state, self._terms, self.identity, self._clock(), warm=self._warm())
            if request is None:
                return
            began = self._clock()
            answer = await self._put(request)
            self._state = election.learn(self._state, request, answer, me=self.identity, began=began, now=self._clock())
            self._tell()
            self._arm()

    async def _put(self, request: Request) -> Answer:
        """Ask, within less than a retry. A wrong account is told by its error; it is tried again like everything else."""
        try:
            async with asyncio.timeout(self._terms.patience):
                found = await self._ask(request)
        except NotFound as error:
            if isinstance(request, Look) or request.version is not None:
                self._fine()
                return Absent()
            self._failed(error, f"; create namespace {self._namespace}, or name another one")
            return Failed()
        except Conflict:
            self._fine()
            return Clash()
        except (KubeError, ConfigError, TimeoutError) as error:
            self._failed(error)
            return Failed()
        self._fine()
        return Found(records.parse(found))

    async def _ask(self, request: Request) -> Object:
        if isinstance(request, Look):
            return await self._client.get(kinds.LEASE, self._namespace, self._name)
        body = records.taken(request, self.identity, self._terms, self._wall())
        if request.version is None:
            whole = {**body, "metadata": {"name": self._name, "namespace": self._namespace, "labels": records.LABELS}}
            return await self._client.create(kinds.LEASE, self._namespace, whole)
        return await self._client.patch(kinds.LEASE, self._namespace, self._name, body)

    def _failed(self, error: Exception, remedy: str = "") -> None:
        if isinstance(error, Forbidden):
            remedy = "; the Role of docs/host-rbac.yaml gives that right"
        trouble = f"{str(error) or type(error).__name__}{remedy}"
        if trouble != self.trouble:
            _LOG.warning("lease.failed", extra={"lease": self._path, "why": trouble})
        self.trouble = trouble

    def _fine(self) -> None:
        self.trouble = ""

    def _tell(self) -> None:
        before, now = self._told, self.mandate
        if before != now:
            self._told = now
            self._on_change(before, now)

    def _arm(self) -> None:
        """Tell of the end of our leading at the very moment, even while a request hangs."""
        self._disarm()
        end = election.stops_at(self._state, self._terms)
        if end is not None and end > self._clock():
            self._alarm = asyncio.get_running_loop().call_later(end - self._clock() + 0.001, self._tell)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
