"""Providers that break the contract, each in one way that has happened to somebody; the contract must find every one."""

from collections.abc import Iterator, Sequence

from mcidns.errors import Denied, ProviderError, Rejected, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordSet
from mcidns.provider import Content, Delta, Full, Held, Reading, Receipt, Unchanged
from mcidns.testing.memory import MemoryProvider
from tests.contract.memory import SECRET


def _edited(batch: Sequence[Change], edits: "Iterator[Edit] | list[Edit]") -> list[Change]:
    return [Change(batch[0].name, tuple(edits), batch[0].urgency)]


class Honest(MemoryProvider):
    """Breaks nothing."""


class DropsDeletes(MemoryProvider):
    """Says yes to a delete and keeps the record."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        kept = [edit for change in batch for edit in change.edits if edit.new is not None or edit.old is None]
        return await super().apply(zone, _edited(batch, kept))


class DropsOwnership(MemoryProvider):
    """Writes records without their TXT."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        kept = [edit for change in batch for edit in change.edits if "mcidns-a." not in edit.key.name.text]
        return await super().apply(zone, _edited(batch, kept))


class IgnoresOld(MemoryProvider):
    """Overwrites whatever it finds."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        self._judge(zone, batch)
        self.zones[zone].write([edit for change in batch for edit in change.edits if not edit.is_check])
        return Receipt()


class IgnoresChecks(MemoryProvider):
    """Compares what it writes, not what it relies on."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        return await super().apply(zone, _edited(batch, [e for change in batch for e in change.edits if not e.is_check]))


class LiesAboutSerial(MemoryProvider):
    """Nothing ever changes."""

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        return await super().read(zone, None) if held is None else Unchanged(held.serial)


class ForgetsTheGone(MemoryProvider):
    """Its differences leave out what was deleted."""

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        reading = await super().read(zone, held)
        if isinstance(reading, Delta):
            return Delta(reading.serial, {name: reading.names[name] for name in reading.names if reading.names[name]})
        return reading


class NotAtomic(MemoryProvider):
    """Writes edit by edit until one fails."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        for change in batch:
            for edit in change.edits:
                await super().apply(zone, _edited([change], [edit]))
        return Receipt()


class FirstPageOnly(MemoryProvider):
    """Reads one page of a long listing."""

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        reading = await super().read(zone, held)
        if isinstance(reading, Full):
            return Full(reading.serial, dict(list(reading.names.items())[:100]))
        return reading


class FixedTtl(MemoryProvider):
    """Every TTL is the zone's."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        def fixed(records: RecordSet | None) -> RecordSet | None:
            return records and RecordSet(records.key, 3600, records.values, records.properties)

        return await super().apply(zone, _edited(batch, [Edit(e.key, fixed(e.old), fixed(e.new)) for c in batch for e in c.edits]))


class LosesTheLast(MemoryProvider):
    """Packs full batches only."""

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        for batch in super().pack(zone, changes):
            if len(batch) == 1 or len(batch) == self.batch:
                yield batch


class Sorts(MemoryProvider):
    """Packs in an order of its own."""

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        return super().pack(zone, sorted(changes, key=lambda change: change.name))


class SwallowsRefusals(MemoryProvider):
    """Skips what it cannot write and says that all went well."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        for change in batch:
            try:
                await super().apply(zone, [change])
            except Rejected:
                continue
        return Receipt()


class NamesNobody(MemoryProvider):
    """Refuses without saying what."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        try:
            return await super().apply(zone, batch)
        except Rejected as error:
            raise Rejected("invalid input") from error


class EmptyForUnknown(MemoryProvider):
    """A zone it does not know is empty."""

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        return await super().read(zone, held) if zone in self.zones else Full(1, {})


class AnswersWildcards(MemoryProvider):
    """Looks by asking a resolver."""

    async def look(self, zone: DnsName, names: frozenset[DnsName]) -> Content:
        found = dict(await super().look(zone, names))
        for name in names:
            star = DnsName(f"*.{name.parent.text}")
            if not found[name]:
                found[name] = tuple(RecordSet.of(name, s.type, s.ttl, s.values) for s in self.zones[zone].at(star))
        return found


class SureOfNothing(MemoryProvider):
    """Says that a write was not carried out, though it may have been."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        try:
            return await super().apply(zone, batch)
        except Transient as error:
            error.unsure = False
            raise


class TellsSecrets(MemoryProvider):
    """Puts its credentials into an error."""

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        try:
            return await super().read(zone, held)
        except Denied as error:
            raise Denied(f"the key {SECRET} is refused; check it") from error


class TakesHalf(MemoryProvider):
    """Takes a listing that broke off for the zone."""

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        try:
            return await super().read(zone, held)
        except Transient:
            names = list(self.zones[zone].sets.items())
            return Full(1, dict(names[: len(names) // 2]))


class RaisesAnything(MemoryProvider):
    """Lets its library's errors out."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        try:
            return await super().apply(zone, batch)
        except ProviderError as error:
            raise KeyError("ErrorCode") from error


class SplitsTexts(MemoryProvider):
    """Cuts a text at the semicolon, as a back end does that was given it without quotes."""

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        def cut(records: RecordSet | None) -> RecordSet | None:
            if records is None or records.type != "TXT":
                return records
            return RecordSet.of(records.name, "TXT", records.ttl, [v.partition(";")[0] + '"' * (";" in v) for v in records.values])

        return await super().apply(zone, _edited(batch, [Edit(e.key, cut(e.old), cut(e.new)) for c in batch for e in c.edits]))


FOUND_BY: dict[type[MemoryProvider], str] = {
    DropsDeletes: "test_a_set_is_created_changed_in_every_way_and_deleted",
    DropsOwnership: "test_a_record_and_its_ownership_appear_change_and_go_together",
    IgnoresOld: "test_a_set_that_somebody_made_first_is_a_conflict_and_stays",
    IgnoresChecks: "test_a_record_whose_ownership_somebody_took_is_not_written",
    LiesAboutSerial: "test_the_difference_over_what_was_held_is_what_the_zone_holds[by somebody else]",
    ForgetsTheGone: "test_the_difference_over_what_was_held_is_what_the_zone_holds[by ourselves]",
    NotAtomic: "test_a_conflict_leaves_the_whole_batch_unwritten",
    FirstPageOnly: "test_many_names_are_written_read_whole_changed_and_deleted",
    FixedTtl: "test_a_set_is_created_changed_in_every_way_and_deleted",
    LosesTheLast: "test_packing_keeps_the_order_loses_nothing_and_makes_no_empty_batch",
    Sorts: "test_packing_keeps_the_order_loses_nothing_and_makes_no_empty_batch",
    SwallowsRefusals: "test_a_culprit_among_good_changes_is_named_and_all_others_are_written[an alias at the apex]",
    NamesNobody: "test_a_culprit_among_good_changes_is_named_and_all_others_are_written[an address that is none]",
    EmptyForUnknown: "test_a_zone_that_is_not_served_is_an_error_never_an_empty_zone",
    AnswersWildcards: "test_a_name_that_only_a_wildcard_answers_looks_empty",
    SureOfNothing: "test_a_write_whose_answer_was_lost_is_told_as_unsure_and_may_be_repeated",
    TellsSecrets: "test_refused_credentials_are_denied_without_a_secret_and_may_be_mended",
    TakesHalf: "test_an_answer_torn_half_way_is_never_taken_for_the_zone",
    RaisesAnything: "test_a_stale_edit_is_a_conflict",
    SplitsTexts: "test_a_text_stands_as_it_was_written_and_can_be_taken_away[semicolon and comma]",
}
"""Each with the test that is there for it."""
