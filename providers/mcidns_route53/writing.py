"""One batch as one request that either finds the zone as expected or changes nothing; whose fault a refusal is lives elsewhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey
from mcidns_route53 import convert, faults, packing, refusal
from mcidns_route53.account import Account
from mcidns_route53.budget import Rank
from mcidns_route53.convert import NOTHING, Entry, RawSet
from mcidns_route53.reading import Spellings
from mcidns_route53.zones import HostedZone

_CNAME = "CNAME"


@dataclass(frozen=True, slots=True)
class Order:
    """A batch made ready: what is written, what is proven by being written anew, and what must be looked at first."""

    batch: tuple[Change, ...]
    writes: tuple[Edit, ...]
    proofs: tuple[Edit, ...]
    questions: tuple[Edit, ...]

    @classmethod
    def of(cls, zone: DnsName, batch: Sequence[Change]) -> "Order":
        """Raises Rejected naming the record at fault."""
        edits = convert.merged(batch)
        for edit in edits:
            convert.check(edit, zone)
        writes = tuple(edit for edit in edits if not edit.is_check)
        checks = [edit for edit in edits if edit.is_check]
        if not writes:
            return cls(tuple(batch), (), (), tuple(checks))
        absent = tuple(edit for edit in checks if edit.old is None and not _is_enforced(edit.key, writes))
        return cls(tuple(batch), writes, _proofs(batch, writes, checks), absent)

    def entries(self, zone: HostedZone, spellings: Spellings) -> list[Entry]:
        """The request: everything that goes, then everything that comes."""
        edits = (*self.writes, *self.proofs)
        gone = [_entry("DELETE", spellings.of(zone, edit.old)) for edit in edits if edit.old is not None]
        come = [_entry("CREATE", convert.raw_set(edit.new, zone.id)) for edit in self.writes if edit.new is not None]
        again = [_entry("CREATE", spellings.of(zone, edit.old)) for edit in self.proofs if edit.old is not None]
        return [*gone, *come, *again]


def _entry(action: str, raw: RawSet) -> Entry:
    return {"Action": action, "ResourceRecordSet": dict(raw)}


def _is_enforced(key: RecordKey, writes: Sequence[Edit]) -> bool:
    """Whether Route 53 itself refuses the batch if this set is there: a CNAME stands alone."""
    return any(
        edit.new is not None and edit.key.name == key.name and (edit.key.type == _CNAME) != (key.type == _CNAME) for edit in writes
    )


def _proofs(batch: Sequence[Change], writes: Sequence[Edit], checks: Sequence[Edit]) -> tuple[Edit, ...]:
    """What the batch relies on, as far as there is room; see packing.proves."""
    times = Counter(edit.key for change in batch for edit in change.edits if edit.is_check)
    bound = {edit.key for change in batch for edit in change.edits if packing.proves(change) or times[edit.key] > 1}
    present = [edit for edit in checks if edit.old is not None]
    used = sum((packing.cost(edit) for edit in writes), NOTHING)
    chosen = [edit for edit in present if edit.key in bound]
    used = sum((packing.cost(edit) for edit in chosen), used)
    for edit in present:
        if edit.key not in bound and (used + packing.cost(edit)).fits():
            chosen.append(edit)
            used += packing.cost(edit)
    if not used.fits():
        raise Rejected(
            f"{writes[0].key}: the change needs {used.elements} record elements and {used.characters} characters; Route 53 takes"
            f" {convert.MAX_ELEMENTS} and {convert.MAX_CHARACTERS} in one request, so name fewer or shorter values"
        )
    return tuple(chosen)


class Writer:
    """Writes batches of one account."""

    def __init__(self, account: Account, spellings: Spellings) -> None:
        self._account = account
        self._spellings = spellings

    async def apply(self, zone: HostedZone, order: Order) -> str | None:
        """The id of the change; None where nothing had to be written. Raises as `Provider.apply` does."""
        judge = refusal.Judge(self._account, zone, self._spellings)
        if order.questions:
            await judge.ask(order.batch, order.questions)
        if not order.writes:
            return None
        entries = order.entries(zone, self._spellings)
        try:
            return await self._send(zone, order, entries)
        except faults.Refused as error:
            found = await judge.judge(order.batch, error)
            if found.stands_already:
                return None
            respelled = order.entries(zone, self._spellings)
            if respelled == entries or not found.is_as_expected:
                raise found.error from error.__cause__
        # Only the spelling or a TTL was not as we had it, and those do not count.
        try:
            return await self._send(zone, order, respelled)
        except faults.Refused as error:
            raise (await judge.judge(order.batch, error)).error from error.__cause__

    async def _send(self, zone: HostedZone, order: Order, entries: list[Entry]) -> str:
        answer = await self._account.call(
            "change_resource_record_sets", Rank.WRITE, HostedZoneId=zone.id, ChangeBatch={"Changes": entries}
        )
        self._spellings.forget(zone, (edit.key for edit in order.writes))
        return str(answer["ChangeInfo"]["Id"])
