"""Leadership as the controller lives it: an elector where a Lease is wanted, and what each of its changes means for the others."""

import asyncio
import logging
import socket
import uuid
from collections.abc import Callable
from typing import assert_never

from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.lead.elector import Elector
from mcidns.model.mandates import ALONE, Adrift, Alone, Leading, Mandate, Standby
from mcidns.model.references import ObjectRef
from mcidns.publish.transitions import Notice, Regarding
from mcidns.settings import Settings

_LOG = logging.getLogger(__name__)

OnChange = Callable[[Mandate], None]
"""Hears of another mandate."""


class Leadership:
    """Without a Lease this process is alone and may write everything, always.

    `warm` says whether it has read and decided everything, `announce` posts an Event.
    """

    def __init__(
        self,
        settings: Settings,
        access: Access,
        *,
        warm: Callable[[], bool],
        on_change: OnChange,
        announce: Callable[[Notice], None],
    ) -> None:
        self._on_change = on_change
        self._announce = announce
        self._place = settings.namespace, settings.lease
        self._client: KubeClient | None = None
        self._elector: Elector | None = None
        if settings.lease:
            identity = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
            terms = settings.terms
            self._client = KubeClient(access, timeout=terms.patience)
            self._elector = Elector(self._client, self._place, identity, terms, warm=warm, on_change=self._changed)

    @property
    def mandate(self) -> Mandate:
        """What may be written now, right at any moment."""
        return ALONE if self._elector is None else self._elector.mandate

    @property
    def may_tell(self) -> bool:
        """Whether the host's API may be written now."""
        return isinstance(self.mandate, Alone | Leading)

    def outbid(self, epoch: int) -> None:
        """A zone shows an epoch that is no lower than ours."""
        if self._elector is not None:
            self._elector.outbid(epoch)

    async def run(self) -> None:
        """Strive for the Lease until cancelled."""
        if self._elector is None:
            await asyncio.get_running_loop().create_future()
        else:
            _LOG.info("lease.standing", extra={"lease": "/".join(self._place), "holder": self._elector.identity})
            await self._elector.run()

    async def end(self) -> None:
        """Free the Lease, after everything was written."""
        if self._elector is not None:
            await self._elector.release()
        if self._client is not None:
            await self._client.aclose()

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """Why this process could not take over; none without a Lease."""
        elector = self._elector
        if elector is None or elector.lease is not None or not elector.trouble:
            return ()
        return (f"lease {'/'.join(self._place)}: {elector.trouble}",)

    @property
    def role(self) -> str:
        """In a word, empty without a Lease."""
        mandate = self.mandate
        return "" if isinstance(mandate, Alone) else "leader" if isinstance(mandate, Leading) else "standby"

    @property
    def note(self) -> str:
        """For readiness: who leads."""
        mandate = self.mandate
        match mandate:
            case Alone():
                return ""
            case Standby():
                return f"standby; {mandate.leader or 'nobody'} leads"
            case Leading():
                return f"leader, epoch {mandate.epoch}"
            case Adrift():
                why = self._elector.trouble if self._elector is not None else ""
                return f"was leader, epoch {mandate.epoch}, and cannot renew its lease: {why}; only fenced zones are written"
        assert_never(mandate)

    def _changed(self, before: Mandate, now: Mandate) -> None:
        lease = self._elector.lease if self._elector is not None else None
        path = "/".join(self._place)
        match now:
            case Leading():
                _LOG.info("lease.leading", extra={"lease": path, "epoch": now.epoch, "holder": now.holder})
                if not isinstance(before, Adrift) or before.epoch != now.epoch:
                    ref = ObjectRef("Lease", *self._place)
                    regarding = Regarding(kinds.LEASE.api_version, ref, lease.uid if lease is not None else "")
                    note = f"{now.holder} leads with epoch {now.epoch}"
                    self._announce(Notice(regarding, "Normal", "LeaderElection", "Lead", note))
            case Adrift():
                why = self._elector.trouble if self._elector is not None else ""
                _LOG.warning("lease.adrift", extra={"lease": path, "epoch": now.epoch, "why": why})
            case Standby():
                _LOG.info("lease.standby", extra={"lease": path, "leader": now.leader, "led": isinstance(before, Leading | Adrift)})
            case Alone():
                pass
        self._on_change(now)
