"""ExternalDNS's changes as changes of ours: a record and its ownership together, resting on what was read; writes nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mcidns.model.names import DnsName, InvalidName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.provider import Capabilities
from mcidns.webhook import endpoints, wire
from mcidns.webhook.adjusting import ZoneOf, fitted
from mcidns.webhook.endpoints import OWNED_RECORD, Unusable
from mcidns.webhook.wire import Endpoint

Held = Callable[[RecordKey], RecordSet | None]
"""What the mirror holds of a key."""

_HERITAGE = "heritage=external-dns"
_OWNER = re.compile(r"external-dns/owner=([^,\"]*)")


@dataclass(slots=True)
class Work:
    """Changes by zone, in the order in which they shall be carried out, and a sentence on each name that cannot be worked on."""

    zones: dict[DnsName, list[Change]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """What happens to one name and its ownership; `olds` and `news` by key."""

    olds: dict[RecordKey, RecordSet] = field(default_factory=dict)
    news: dict[RecordKey, RecordSet] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What is known while changes are read: zones, what stands, what can be expressed, and the TTL where none is given."""

    zone_of: ZoneOf
    held: Held
    capabilities: Capabilities
    ttl: int = 300


def work(posted: wire.Changes, desk: Desk) -> Work:
    """One Change per name: its record sets and the TXT that own them.

    An edit's `old` is what ExternalDNS believes; where the mirror agrees with it, the mirror's set, whose TTL is right.
    """
    groups: dict[str, _Group] = {}
    for given in (*(posted.delete or ()), *(posted.update_old or ())):
        records = fitted(endpoints.listed(given, desk.ttl), desk.capabilities)
        _group(groups, given).olds[records.key] = records
    for given in (*(posted.update_new or ()), *(posted.create or ())):
        group = _group(groups, given)
        try:
            records = fitted(endpoints.record_set(given, 0), desk.capabilities)
        except Unusable as error:
            group.problem = str(error)
            continue
        standing = desk.held(records.key)
        ttl = records.ttl or (standing.ttl if standing is not None else desk.ttl)
        group.news[records.key] = RecordSet(records.key, ttl, records.values, records.properties)
    done = Work()
    for subject, group in groups.items():
        problem = group.problem or _place(done, subject, group, desk)
        if problem:
            done.problems.append(problem)
    return done


def _group(groups: dict[str, _Group], given: Endpoint) -> _Group:
    subject = (given.labels or {}).get(OWNED_RECORD) or given.dns_name
    return groups.setdefault(subject.rstrip(".").lower(), _Group())


def _place(done: Work, subject: str, group: _Group, desk: Desk) -> str:
    keys = sorted({*group.olds, *group.news}, key=lambda key: (key in group.news, key))
    zones = {desk.zone_of(key.name) for key in keys}
    zone = next(iter(zones)) if len(zones) == 1 else None
    if zone is None:
        return f"{subject}: it is in no zone served here, or its ownership TXT is in another one; serve them with --zone"
    try:
        name = DnsName.parse(subject)
    except InvalidName as error:
        return str(error)
    edits = [_edit(key, group.olds.get(key), group.news.get(key), desk.held(key)) for key in keys]
    done.zones.setdefault(zone, []).append(Change(name, tuple(edits), Urgency.ADD))
    return ""


def _edit(key: RecordKey, old: RecordSet | None, new: RecordSet | None, standing: RecordSet | None) -> Edit:
    if old is not None and standing is not None:
        if old.values == standing.values:
            old = standing
        elif key.type == "TXT" and _speaks_for(standing, old):
            # ExternalDNS makes ownership anew and shows one value of a set; what was read counts, and the rest of it stays.
            others = tuple(value for value in standing.values if _HERITAGE not in value)
            kept = tuple(sorted({*others, *(new.values if new is not None else ())}))
            ttl = new.ttl if new is not None else standing.ttl
            old, new = standing, RecordSet(key, ttl, kept, standing.properties) if kept else None
    return Edit(key, old, new)


def _speaks_for(standing: RecordSet, old: RecordSet) -> bool:
    """Whether the set that stands carries the ownership that ExternalDNS means, however it is spelled."""
    return bool(_owners(old)) and _owners(standing) == _owners(old)


def _owners(records: RecordSet) -> set[str]:
    owned = (value for value in records.values if _HERITAGE in value)
    return {match.group(1) for value in owned if (match := _OWNER.search(value)) is not None}
