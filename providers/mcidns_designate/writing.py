"""One batch as requests one after the other, undone where one is refused; the order lives in steps.py."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns.provider import Receipt
from mcidns_designate import convert, quotas, reading, shapes, steps
from mcidns_designate.answers import Refused
from mcidns_designate.api import Api, together
from mcidns_designate.shapes import Recordset
from mcidns_designate.zones import Known, Zones


async def apply(api: Api, zones: Zones, zone: DnsName, batch: Sequence[Change]) -> Receipt:
    """Write the batch. A refusal leaves everything as it was; a time-out leaves what a repeat completes (`unsure`)."""
    edits = steps.edits(batch)
    for edit in edits:
        if edit.new is not None and not edit.is_check:
            convert.encode(edit.new, zone)
    known = await zones.known(zone)
    writer = _Writer(api, zones, known)
    looked = [edit for edit in edits if steps.needs_look(edit, edits)]
    present = dict(zip((edit.key for edit in looked), await together(writer.present(edit.key) for edit in looked), strict=True))
    todo = _judged(edits, present)
    try:
        for edit in todo:
            await writer.write(edit)
    except Transient as error:
        error.unsure = error.unsure or bool(writer.done)
        raise
    except ProviderError as error:
        await writer.undo(error)
        raise
    return Receipt(f"{asyncio.get_running_loop().time()} {writer.gone_at}")


def _judged(edits: Sequence[Edit], present: dict[RecordKey, RecordSet | None]) -> list[Edit]:
    """The edits that are still to be done. Raises Conflict where something is neither as it was nor as it shall be."""
    writes = [edit for edit in edits if not edit.is_check]
    if writes and all(edit.key in present and _same(present[edit.key], edit.new) for edit in writes):
        return []
    for edit in edits:
        if edit.key not in present:
            continue
        found = present[edit.key]
        if not _alike(found, edit.old) and (edit.is_check or not _same(found, edit.new)):
            raise Conflict(f"{edit.key} holds {_spelled(found)} and not {_spelled(edit.old)}, as it was read; read it again")
    return [edit for edit in writes if edit.key not in present or not _same(present[edit.key], edit.new)]


def _alike(one: RecordSet | None, other: RecordSet | None) -> bool:
    """Whether two sets hold the same values, however their texts are cut."""
    if one is None or other is None:
        return one is other
    return convert.canonical(one) == convert.canonical(other)


def _same(one: RecordSet | None, other: RecordSet | None) -> bool:
    return _alike(one, other) and (one is None or other is None or one.ttl == other.ttl)


def _spelled(records: RecordSet | None) -> str:
    return "nothing" if records is None else " ".join(records.values)[:120]


@dataclass(slots=True)
class _Writer:
    """Requests about single record sets of one zone, and what is needed to take them back.

    `gone_at` is the unix time of the last removal by Designate's clock, 0 if there was none.
    """

    api: Api
    zones: Zones
    known: Known
    done: list[Edit] = field(default_factory=list)
    gone_at: int = 0

    async def present(self, key: RecordKey) -> RecordSet | None:
        """One set as it is now: by its id where that is known, else by its name."""
        ident = self.known.id_of(key)
        if ident is not None and (row := await reading.by_id(self.api, self.zones, self.known, key, ident)) is not None:
            return self.known.decode(row) if row.records else None
        sets = await reading.at(self.api, self.zones, self.known, key.name)
        return next((records for records in sets if records.key == key), None)

    async def write(self, edit: Edit) -> None:
        """Carry out one edit and remember what there is to take back. Raises ProviderError."""
        if edit.new is None:
            changed = await self._delete(edit.key)
        elif edit.old is None:
            changed = await self._create(edit.key, edit.new)
        else:
            changed = await self._update(edit.key, edit.new)
        if changed:
            self.done.append(edit)

    async def _create(self, key: RecordKey, new: RecordSet) -> bool:
        body = convert.encode(new, self.known.domain)
        try:
            row = await self._sent("POST", self.known.path, key, body)
        except Refused as refused:
            # An alias that is there already is refused like one beside other records, not as a duplicate.
            clashes = key.type == "CNAME" and refused.type == "invalid_recordset_location"
            if refused.status != 409 and not clashes:
                raise await self._failure(key, refused) from refused
            found = await self.present(key)
            if found is None and clashes:
                raise await self._failure(key, refused) from refused
            if found is None:
                raise Rejected(
                    f"{key}: a record set without any value, or one of another project, stands there; remove it "
                    "(openstack recordset delete) or use another name"
                ) from refused
            if not _same(found, new):
                raise Conflict(f"{key} is there already and holds {_spelled(found)}; read it again") from refused
            self.known.wish(new)
            return False
        self.known.remember(key, row.id)
        self.known.wish(new)
        return True

    async def _update(self, key: RecordKey, new: RecordSet) -> bool:
        whole = convert.encode(new, self.known.domain)
        try:
            await self._sent("PUT", self._path(key), key, {"ttl": whole.ttl, "records": whole.records})
        except Refused as refused:
            raise await self._failure(key, refused) from refused
        self.known.wish(new)
        return True

    async def _delete(self, key: RecordKey) -> bool:
        try:
            row = await self._sent("DELETE", self._path(key), key)
        except Refused as refused:
            if refused.type != "recordset_not_found":
                raise await self._failure(key, refused) from refused
            self.known.forget(key)
            return False
        self.gone_at = max(self.gone_at, shapes.seconds(row.updated_at))
        self.known.forget(key)
        return True

    async def _sent(self, method: str, path: str, key: RecordKey, body: object = None) -> Recordset:
        return shapes.decode(await self.api.send(method, path, str(key), body), Recordset, str(key))

    def _path(self, key: RecordKey) -> str:
        ident = self.known.id_of(key)
        if ident is None:
            raise Conflict(f"{key} is no longer there; read it again")
        return f"{self.known.path}/{ident}"

    async def _failure(self, key: RecordKey, refused: Refused) -> ProviderError:
        """What it means that Designate refuses to write one record set."""
        match refused.type:
            case "recordset_not_found":
                self.known.forget(key)
                return Conflict(f"{key} was removed by somebody else; read it again")
            case "zone_not_found":
                return self.zones.lost(self.known.domain)
            case "invalid_recordset_location" if "share a name" in refused.words:
                return Conflict(f"{key}: other records stand at that name, and a CNAME stands alone ({refused.words})")
            case "over_quota":
                return Rejected(await quotas.words(self.api, self.known, key, refused.words))
            case "bad_request" if "managed" in refused.words.lower() or "root zone" in refused.words.lower():
                return Rejected(f"{key} is kept by Designate itself ({refused.words}); use another name")
            case "bad_request" if "delet" in refused.words.lower():
                return Denied(f"zone {self.known.domain.relative}: {refused.words}; wait until it is gone and make it anew")
            case _:
                return Rejected(f"{key}: Designate answers {refused}; correct the record")

    async def undo(self, cause: ProviderError) -> None:
        """Take back what was done. Raises Transient where that fails, because then the batch is half written."""
        for edit in reversed(tuple(self.done)):
            back = Edit(edit.key, edit.new, edit.old)
            try:
                await self.write(back)
            except ProviderError as error:
                raise Transient(f"{cause}; and {edit.key} cannot be taken back: {error}", unsure=True) from error
