"""What is sent to a browser, as values made of what is on the board; how it gets there lives in site."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mcidns.account import RULES
from mcidns.model.decisions import Decision, NameDecision
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.model.references import ObjectRef
from mcidns.page import standing
from mcidns.page.board import HostEntry, Noted
from mcidns.page.standing import Tone
from mcidns.program.zones import ZoneStatus
from mcidns.publish.reports import MemberReport
from mcidns.publish.transitions import ABNORMAL

NAMES: Final = 3
"""How many names a row shows."""
LONGEST: Final = 600
"""Characters of a text that is shown in a row."""

_ADDRESSES: Final = frozenset({"A", "AAAA", "CNAME"})

Holds = Callable[[DnsName], tuple[RecordSet, ...] | None]
"""What a name holds in its zone as the controller knows it; None where it does not."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cluster's verdict on a host; `since` in unix seconds, `serves` whether its addresses shall be answered."""

    cluster: str
    tone: Tone
    word: str
    serves: bool
    since: float
    addresses: tuple[str, ...]
    region: str = ""
    message: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A name: what it shall hold, and what it holds. `state`: `same`, `differs`, or `unknown` where nobody here can tell."""

    name: str
    type: str
    ttl: int
    zone: str
    wanted: tuple[str, ...]
    holds: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class HostRow:
    """A host in the table. `names` are the first few of `names_total`."""

    id: str
    kind: str
    namespace: str
    name: str
    tone: Tone
    word: str
    says: str
    names: tuple[Name, ...]
    names_total: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A condition and its tone."""

    type: str
    status: str
    reason: str
    message: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class HostDetails:
    """All there is to say on one host but what DNS answers at this moment."""

    row: HostRow
    source: str
    conditions: tuple[ConditionRow, ...]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member; `since` says since when it answers, or when it last did (unix seconds)."""

    id: str
    region: str
    tone: Tone
    word: str
    says: str
    reachable: bool
    version: str
    services: int
    ingresses: int
    endpoint_slices: int
    since: float | None


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone; `plan` tells the last plan that had anything to do, made at `plan_at` (unix seconds)."""

    id: str
    domain: str
    tone: Tone
    word: str
    says: str
    serial: int | None
    names: int
    owned: int
    foreign: int
    writes: int
    held: int
    approval: str
    quarantined: int
    plan: str
    plan_at: float | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A line of the timeline: of which objects (the first few), how often, last when (unix seconds)."""

    id: str
    at: float
    warning: bool
    kind: str
    reason: str
    note: str
    objects: tuple[str, ...]
    times: int


def id_of(ref: ObjectRef) -> str:
    """How a browser calls an object."""
    return f"{ref.kind}/{ref.namespace}/{ref.name}"


def ref_of(text: str) -> ObjectRef | None:
    """The object that a browser calls so."""
    parts = text.split("/")
    return ObjectRef(*parts) if len(parts) == 3 else None


def host(ref: ObjectRef, entry: HostEntry, holds: Holds, *, names: int = NAMES, whole: bool = False) -> HostRow:
    """A host's row; with `whole` the cells say why, and texts are not cut."""
    decision = entry.decision
    found = entry.standing or standing.of(decision, entry.broken)
    verdicts = decision.verdicts if decision is not None else ()
    told = decision.names if decision is not None else ()
    return HostRow(
        id=id_of(ref),
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        tone=found.tone,
        word=found.word,
        says=found.says if whole else cut(found.says),
        names=tuple(_name(one, holds(one.name)) for one in told[:names]),
        names_total=len(told),
        cells=tuple(
            Cell(
                cluster=verdict.cluster,
                tone=standing.of_verdict(verdict),
                word=(word := standing.word_of(verdict)),
                serves=verdict.serves,
                since=verdict.since,
                addresses=tuple(map(_plain, map(str, verdict.targets))),
                region=verdict.region,
                message=verdict.message if whole else "",
                rule=RULES.get(word, "") if whole else "",
            )
            for verdict in verdicts
        ),
    )


def details(ref: ObjectRef, entry: HostEntry, holds: Holds, *, names: int) -> HostDetails:
    """A host's own sheet."""
    decision: Decision | None = entry.decision
    conditions = decision.conditions if decision is not None else ()
    return HostDetails(
        row=host(ref, entry, holds, names=names, whole=True),
        source=str(decision.host.source) if decision is not None else "",
        conditions=tuple(
            ConditionRow(one.type, one.status, one.reason, one.message, standing.of_condition(one, ABNORMAL)) for one in conditions
        ),
    )


def member(report: MemberReport, region: str) -> MemberRow:
    """A member's row."""
    found = standing.of_member(report)
    return MemberRow(
        id=report.name,
        region=region,
        tone=found.tone,
        word=found.word,
        says=cut(found.says),
        reachable=report.reachable,
        version=report.version,
        services=report.services,
        ingresses=report.ingresses,
        endpoint_slices=report.endpoint_slices,
        since=report.last_seen,
    )


def zone(status: ZoneStatus, domain: str) -> ZoneRow:
    """A zone's row."""
    found, plan, held = standing.of_zone(status), status.plan, status.held
    parts = () if plan is None else ((plan.creates, "created"), (plan.updates, "updated"), (plan.deletes, "deleted"))
    return ZoneRow(
        id=status.name,
        domain=domain,
        tone=found.tone,
        word=found.word,
        says=cut(found.says),
        serial=status.serial,
        names=status.names,
        owned=status.owned,
        foreign=status.foreign,
        writes=status.writes,
        held=len(held.names) if held is not None else 0,
        approval=held.approval if held is not None else "",
        quarantined=status.quarantined,
        plan=", ".join(f"{count:,} {word}" for count, word in parts if count),
        plan_at=plan.at if plan is not None else None,
    )


def change(noted: Noted) -> ChangeRow:
    """A line of the timeline."""
    notice = noted.notice
    return ChangeRow(
        id=str(noted.id),
        at=noted.at,
        warning=notice.type == "Warning",
        kind=notice.regarding.ref.kind,
        reason=notice.reason,
        note=cut(notice.note),
        objects=tuple(f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name for ref in noted.objects),
        times=noted.times,
    )


def cut(text: str) -> str:
    """No longer than a row can bear."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _name(one: NameDecision, sets: Iterable[RecordSet] | None) -> Name:
    wanted = tuple(map(_plain, one.targets))
    held = (
        ()
        if sets is None
        else tuple(sorted({_plain(value) for found in sets if found.type in _ADDRESSES for value in found.values}))
    )
    state = "unknown" if sets is None else "same" if set(held) == set(wanted) else "differs"
    return Name(one.name.relative, one.record_type, one.ttl, one.zone, wanted, held, state)


def _plain(value: str) -> str:
    return value.removesuffix(".")
