"""Why a batch was refused: Route 53's sentences held against what stands in the zone, so that the culprits are told by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcidns.errors import Conflict, Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns_route53 import convert, faults, reading, spelling
from mcidns_route53.account import Account
from mcidns_route53.faults import Reason
from mcidns_route53.reading import Sets, Spellings
from mcidns_route53.zones import HostedZone

_TOLD = 3
"""Culprits named in the text of an error; each change is told its own part anyway."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The changes that Route 53 found fault with, sorted by what stands at their names.

    `standing`: already as they shall be. `moved`: neither as expected nor as wished, or other sets are in the way.
    `expected`: just as expected.
    """

    text: str
    reasons: Mapping[Change, Reason]
    standing: tuple[Change, ...] = ()
    moved: tuple[Change, ...] = ()
    expected: tuple[Change, ...] = ()
    stands_already: bool = False

    @property
    def is_as_expected(self) -> bool:
        """Whether the zone is as the batch expects it at all these names."""
        return bool(self.expected) and not self.moved and not self.standing

    @property
    def error(self) -> Conflict | Rejected:
        """Conflict where the zone is not as expected; Rejected where it is, and the batch is refused nevertheless."""
        if self.moved or self.standing:
            said = {
                change: f"{change.name.relative} is not as it was when it was read ({self.reasons[change].text}); it is read again"
                for change in (*self.moved, *self.standing)
            }
            return Conflict("; ".join(list(said.values())[:_TOLD]), culprits=said)
        told = {change: f"{change.name.relative}: {reason.text}" for change, reason in self.reasons.items()}
        return Rejected("; ".join(list(told.values())[:_TOLD]) or self.text, culprits=told)


class Judge:
    """Looks at one zone to judge a batch."""

    def __init__(self, account: Account, zone: HostedZone, spellings: Spellings) -> None:
        self._account = account
        self._zone = zone
        self._spellings = spellings

    async def ask(self, batch: Sequence[Change], questions: Sequence[Edit]) -> None:
        """Look at what no write of the batch can prove. Raises Conflict."""
        present = await self._look(questions)
        wrong = {edit.key for edit in questions if not convert.same(_at(present, edit.key), edit.old)}
        if not wrong:
            return
        said = {
            change: f"{edit.key} is not as it was when it was read; it is read again"
            for change in batch
            for edit in change.edits
            if edit.key in wrong
        }
        raise Conflict("; ".join(list(said.values())[:_TOLD]), culprits=said)

    async def judge(self, batch: Sequence[Change], error: faults.Refused) -> Judgement:
        """Look at the names that Route 53 found fault with; at all of them where those stand as wished already."""
        reasons = _blamed(batch, error.reasons)
        found = await self._sorted(batch, reasons, str(error))
        others = [change for change in batch if change not in reasons]
        if not found.standing or found.moved or not others:
            return found
        rest = await self._sorted(others, {change: Reason(str(error)) for change in others}, str(error))
        if len(rest.standing) < len(others):
            return found
        return Judgement(found.text, reasons, found.standing, stands_already=not found.expected)

    async def _sorted(self, batch: Sequence[Change], reasons: Mapping[Change, Reason], text: str) -> Judgement:
        blamed = [change for change in batch if change in reasons]
        present = await self._look([edit for change in blamed for edit in change.edits])
        standing = tuple(change for change in blamed if all(_stands(_at(present, edit.key), edit.new) for edit in change.edits))
        expected = tuple(
            change
            for change in blamed
            if change not in standing
            and not reasons[change].beside
            and all(convert.same(_at(present, edit.key), edit.old) for edit in change.edits)
        )
        moved = tuple(change for change in blamed if change not in standing and change not in expected)
        return Judgement(text, reasons, standing, moved, expected, stands_already=0 < len(standing) == len(batch))

    async def _look(self, edits: Sequence[Edit]) -> Sets:
        """What stands at these edits' names. Sets that differ from what was expected by TTL alone are remembered as they are."""
        names = frozenset(edit.key.name for edit in edits)
        if not names:
            return {}
        present, raw = await reading.some(self._account, self._zone, names, self._spellings)
        for edit in edits:
            found = _at(present, edit.key)
            if found is not None and edit.old is not None and found.ttl != edit.old.ttl and convert.same(found, edit.old):
                self._spellings.keep(self._zone, found, raw[edit.key])
        return present


def _at(present: Sets, key: RecordKey) -> RecordSet | None:
    return next((records for records in present.get(key.name, ()) if records.key == key), None)


def _stands(found: RecordSet | None, new: RecordSet | None) -> bool:
    return convert.same(found, new) and (found is None or new is None or found.ttl == new.ttl)


def _blamed(batch: Sequence[Change], reasons: Sequence[Reason]) -> dict[Change, Reason]:
    """The changes that Route 53's sentences speak of."""
    by_key: dict[tuple[DnsName, str], list[Change]] = {}
    by_name: dict[DnsName, list[Change]] = {}
    for change in batch:
        for edit in change.edits:
            by_key.setdefault((edit.key.name, edit.key.type), []).append(change)
            by_name.setdefault(edit.key.name, []).append(change)
    found: dict[Change, Reason] = {}
    for reason in reasons:
        if not reason.name:
            continue
        name = spelling.name(reason.name)
        for culprit in by_key.get((name, reason.type)) or by_name.get(name) or ():
            found.setdefault(culprit, reason)
    return found
