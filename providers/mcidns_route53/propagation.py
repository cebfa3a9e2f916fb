"""Whether changes have reached all of Route 53's servers, asked now and then; what was changed is not known here."""

from collections.abc import Callable

from mcidns.provider import Propagation, Receipt
from mcidns_route53 import faults
from mcidns_route53.account import Account
from mcidns_route53.budget import Rank
from mcidns_route53.zones import HostedZone

PATIENCE = 2.0
"""Seconds before a change is asked after, and between two questions; most are INSYNC within a minute."""
_REMEMBERED = 1024


class Propagations:
    """Asks GetChange, modestly: each question costs one of the account's five requests per second."""

    def __init__(self, account: Account, clock: Callable[[], float]) -> None:
        self._account = account
        self._clock = clock
        self._last: dict[str, str] = {}
        self._asked: dict[str, float] = {}

    def receipt(self, zone: HostedZone, change: str | None) -> Receipt:
        """The receipt of a change; of the zone's last one where nothing had to be written, for it may have been that."""
        if change is None:
            return Receipt(self._last.get(zone.id, ""))
        self._last[zone.id] = change
        self._asked[change] = self._clock()
        while len(self._asked) > _REMEMBERED:
            del self._asked[next(iter(self._asked))]
        return Receipt(change)

    async def state(self, receipt: Receipt) -> Propagation:
        """Pending without asking while it is too early for that."""
        change = receipt.token
        if not change:
            return Propagation("Propagated")
        now = self._clock()
        if now < self._asked.get(change, 0.0) + PATIENCE and change in self._asked:
            return _PENDING
        self._asked[change] = now
        try:
            answer = await self._account.call("get_change", Rank.CONFIRM, Id=change)
        except faults.NoSuchChange:
            return Propagation("Propagated")
        if answer["ChangeInfo"]["Status"] != "INSYNC":
            return _PENDING
        self._asked.pop(change, None)
        return Propagation("Propagated")


_PENDING = Propagation("Pending", "Route 53 is still bringing the change to its name servers")
