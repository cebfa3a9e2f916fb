"""From the first listing to the first decision of everything: what must be read before which step; the steps are others' work."""

import asyncio
import logging
from collections.abc import Callable

from mcidns.fleet import Fleet
from mcidns.following import Followings, Scope
from mcidns.listing import Listing
from mcidns.observe.inventory import Inventory
from mcidns.program.programmer import Programmer
from mcidns.reconcile import Reconciler
from mcidns.settings import Settings
from mcidns.telling import Telling

_LOG = logging.getLogger(__name__)


class Starting:
    """`decide` and `settle` run once each, side by side. `is_deciding` and `is_settled` say how far things are."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float],
        listing: Listing,
        secrets: Followings,
        fleet: Fleet,
        inventory: Inventory,
        reconciler: Reconciler,
        programmer: Programmer,
        telling: Telling,
        sweep: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._clock, self._began = clock, clock()
        self._listing = listing
        self._secrets = secrets
        self._fleet = fleet
        self._inventory = inventory
        self._reconciler = reconciler
        self._programmer = programmer
        self._telling = telling
        self._sweep = sweep
        self.is_deciding = self.is_settled = False

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """What is still missing, for people; nothing once everything was decided."""
        waiting: list[str] = []
        if not self._listing.complete.is_set():
            waiting.append(f"host cluster: not listed yet {self._listing.trouble}".rstrip())
        if not self._inventory.ready:
            waiting.append("members: not all were read or tried yet")
        if not self.is_settled:
            waiting.append("hosts: not all were decided yet")
        return tuple(waiting)

    async def decide(self) -> None:
        """Decide as soon as every fleet was listed and every member was read or has failed its first attempt."""
        await self._members()
        self.is_deciding = True
        await self._reconciler.agenda.run()

    async def _members(self) -> None:
        await self._listed()
        telling, inventory = self._telling, self._inventory
        deadline = self._clock() + self._settings.first_read
        # A fleet's Secret becomes a MemberCluster by way of the host's API; until then it is missing from the inventory.
        while self._clock() < deadline and not (telling.members_in_step and inventory.clusters() and inventory.ready):
            if telling.members_in_step and not inventory.clusters() and not telling.members_wanted:
                break
            await asyncio.sleep(0.01)

    async def _listed(self) -> None:
        await self._listing.complete.wait()
        await self._secrets.listed(Scope(self._settings.namespace))
        self._fleet.listed()

    async def settle(self) -> None:
        """Tell the zones when every object was decided once: only then may leftovers be taken away."""
        await self._listed()
        self._sweep()
        if self._settings.only != "program":
            # Members may claim names too, so that on a first start nothing is settled before the fleet's were made and read.
            while not (self.is_deciding and self._inventory.ready and self._reconciler.decided and self._telling.hosts_in_step):
                await asyncio.sleep(0.05)
        self._programmer.settled()
        self.is_settled = True
        _LOG.info("settled", extra={"seconds": round(self._clock() - self._began, 2)})
