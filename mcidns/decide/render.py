"""From chosen targets to the record sets of one name; which targets are chosen is decided in routes."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeGuard

from msgspec import Struct, structs

from mcidns.decide import permission
from mcidns.decide.addresses import Book
from mcidns.decide.claims import Granted
from mcidns.decide.shares import Branch, Share
from mcidns.model import properties, targets
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.model.targets import Address, InvalidTarget


class Rendered(Struct, frozen=True, gc=False):
    """`left_out` targets did not fit under maxTargets; `missing` are names of load balancers that were never resolved."""

    sets: tuple[RecordSet, ...]
    left_out: int = 0
    missing: tuple[DnsName, ...] = ()


NOTHING = Rendered(())


class Measure(Struct, frozen=True, gc=False):
    """What bears on every set of a name: at most `limit` values in one answer, and what the names of load balancers stand for.

    `checked` says that the addresses chosen are known to be permitted in this very zone; what names resolve to never is.
    """

    known: Book
    limit: int
    checked: bool


def records(granted: Granted, branches: Sequence[Branch], measure: Measure, *, solo: bool) -> Rendered:
    """The sets of all branches. `solo`: no other target exists, healthy or not.

    Where one branch answers whoever no other does, it is not left out: it takes all the others' targets before that.
    """
    if len(branches) == 1:
        return _branch(granted, branches[0], measure, solo=solo)
    found = [_branch(granted, branch, measure, solo=None) for branch in branches]
    wide = [
        (place, branch) for place, branch in enumerate(branches) if (properties.COUNTRY, properties.ANYWHERE) in branch.properties
    ]
    for place, branch in wide:
        if not found[place].sets:
            others = dict.fromkeys([share for other in branches for share in other.shares])
            found[place] = _branch(granted, structs.replace(branch, shares=tuple(others)), measure, solo=None)
    return Rendered(
        sets=tuple(sorted([records for one in found for records in one.sets])),
        left_out=sum(one.left_out for one in found),
        missing=tuple(dict.fromkeys([name for one in found for name in one.missing])),
    )


def _branch(granted: Granted, branch: Branch, measure: Measure, *, solo: bool | None) -> Rendered:
    """A and AAAA apart; a CNAME where one name is all there is and may stand there.

    Where the name is not `solo` it is resolved all the same, so that no failover has to change the record's type; it becomes a
    CNAME only where it cannot be resolved here, since it may be elsewhere. Beside other branches (None) it never does.
    """
    chosen, known = branch.shares, measure.known
    if solo is not None and granted.takes_alias and alone(chosen) and (solo or not known.get(chosen[0][0])):
        key = RecordKey(granted.name, "CNAME", branch.set_identifier)
        return Rendered((RecordSet(key, granted.ttl, (str(chosen[0][0]),), branch.properties),))
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    missing: list[DnsName] = []
    for target, text, group in chosen:
        if isinstance(target, DnsName):
            if target not in known:
                missing.append(target)
            for address in known.get(target, ()):
                if _allowed(address, granted):
                    found[address.version == 6].setdefault(str(address), group)
        elif measure.checked or _allowed(target, granted):
            found[target.version == 6].setdefault(text, group)
    sets = []
    left_out = 0
    for type_, values in zip(("A", "AAAA"), found, strict=True):
        if values:
            kept = _spread(granted.name, values, measure.limit) if len(values) > measure.limit else set(values)
            left_out += len(values) - len(kept)
            key = RecordKey(granted.name, type_, branch.set_identifier)
            sets.append(RecordSet(key, granted.ttl, tuple(sorted(kept)), branch.properties))
    return Rendered(tuple(sets), left_out, tuple(missing))


def alone(chosen: Sequence[Share]) -> TypeGuard[Sequence[tuple[DnsName, str, str]]]:
    """Whether one load balancer's name is all that was chosen."""
    return len(chosen) == 1 and isinstance(chosen[0][0], DnsName)


def shown(sets: Iterable[RecordSet]) -> tuple[str, ...]:
    """The values as status and DNSEndpoint show them: a CNAME's target without its final dot."""
    return tuple([value.removesuffix(".") for records in sets for value in records.values])


def value(text: str) -> str:
    """A value as `shown` gives it back in the spelling of record sets; unreadable text stays as it is."""
    try:
        return str(targets.parse(text))
    except InvalidTarget:
        return text


def types(shown_values: Iterable[str]) -> str:
    """The types that hold these values, `A`, `AAAA`, `A,AAAA` or `CNAME`; empty for none."""
    found = {("AAAA" if ":" in text else "A" if text.rpartition(".")[2].isdigit() else "CNAME") for text in shown_values}
    return ",".join(sorted(found))


def _allowed(address: Address, granted: Granted) -> bool:
    return permission.objection(address, (granted.zone.allowed_targets,), frozenset()) is None


def _spread(name: DnsName, found: dict[str, str], limit: int) -> set[str]:
    """A stable subset: rendezvous hashing ranks regions and the targets in each, and the regions take turns.

    A target that goes or comes moves at most its own place (Thaler and Ravishankar, 1998).
    """
    regions: dict[str, list[str]] = {}
    for text, group in found.items():
        regions.setdefault(group, []).append(text)
    ranked = [
        sorted(members, key=lambda text: _weight(name.text, text)) if len(members) > 1 else members for members in regions.values()
    ]
    turns = [
        (turn, _weight(name.text, group), text)
        for group, members in zip(regions, ranked, strict=True)
        for turn, text in enumerate(members)
    ]
    return {text for _, _, text in sorted(turns)[:limit]}


@lru_cache(maxsize=16384)
def _weight(name: str, text: str) -> bytes:
    return blake2b(f"{name}\0{text}".encode(), digest_size=8).digest()
