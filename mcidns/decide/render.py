"""From chosen targets to the record sets of one name; which targets are chosen is decided in routes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeGuard

from mcidns.decide import permission
from mcidns.decide.addresses import Book
from mcidns.decide.claims import Granted
from mcidns.decide.routes import Share
from mcidns.model import targets
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.model.targets import Address, InvalidTarget


@dataclass(frozen=True, slots=True)
class Rendered:
    """`left_out` targets did not fit under maxTargets; `missing` are names of load balancers that were never resolved."""

    sets: tuple[RecordSet, ...]
    left_out: int = 0
    missing: tuple[DnsName, ...] = ()


def records(granted: Granted, chosen: Sequence[Share], known: Book, limit: int, *, checked: bool, solo: bool) -> Rendered:
    """A and AAAA apart, at most `limit` values each; a CNAME where one name is all there is and may stand there.

    `checked` says that the addresses chosen are known to be permitted in this very zone; what names resolve to never is.
    `solo`: no other target exists, healthy or not. Otherwise a lone name is resolved all the same, so that no failover has
    to change the record's type; it becomes a CNAME only where it cannot be resolved here, since it may be elsewhere.
    """
    if granted.takes_cname and alone(chosen) and (solo or not known.get(chosen[0][0])):
        return Rendered((RecordSet(RecordKey(granted.name, "CNAME"), granted.ttl, (str(chosen[0][0]),)),))
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    missing: list[DnsName] = []
    for target, text, group in chosen:
        if isinstance(target, DnsName):
            if target not in known:
                missing.append(target)
            for address in known.get(target, ()):
                if _allowed(address, granted):
                    found[address.version == 6].setdefault(str(address), group)
        elif checked or _allowed(target, granted):
            found[target.version == 6].setdefault(text, group)
    sets = []
    left_out = 0
    for type_, values in zip(("A", "AAAA"), found, strict=True):
        if values:
            kept = _spread(granted.name, values, limit) if len(values) > limit else set(values)
            left_out += len(values) - len(kept)
            sets.append(RecordSet(RecordKey(granted.name, type_), granted.ttl, tuple(sorted(kept))))
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
    ranked = [sorted(regions[group], key=lambda text: _weight(name, text)) for group in regions]
    turns = [
        (turn, _weight(name, group), text)
        for group, members in zip(regions, ranked, strict=True)
        for turn, text in enumerate(members)
    ]
    return {text for _, _, text in sorted(turns)[:limit]}


def _weight(name: DnsName, text: str) -> bytes:
    return blake2b(f"{name.text}\0{text}".encode(), digest_size=8).digest()
