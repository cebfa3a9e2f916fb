"""`status.hostnames` of a GlobalHost: a row for each record set of each name; what the names hold was decided elsewhere."""

from collections.abc import Mapping, Sequence

from mcidns.kube.client import Object
from mcidns.model import targets
from mcidns.model.decisions import Decision, NameDecision
from mcidns.model.names import DnsName
from mcidns.model.records import Wish
from mcidns.model.targets import InvalidTarget
from mcidns.publish import steps


def of_names(decision: Decision, seen: Object | None) -> list[Object]:
    """All names claimed or published; `seen` is the GlobalHost as it stands."""
    memory = decision.memory
    names = dict.fromkeys((*memory.hostnames, *(name for name, _ in memory.published)))
    return [row for name in names for row in _name_rows(decision, name, seen)]


def _name_rows(decision: Decision, name: DnsName, seen: Object | None) -> list[Object]:
    """One row for each set, so that the targets of all rows in order are the published values in order."""
    row: Object = {"name": name.relative}
    if name not in decision.memory.hostnames:
        row["claimed"] = False
    published = dict(decision.memory.published)
    if name not in published:
        return [row]
    decided = next((one for one in decision.names if one.name == name), None)
    if decided is not None:
        apart = _sets_apart(decided, published[name], seen)
        if apart:
            return [{**row, **one} for one in apart]
    return [{**row, **_values(type_, values, decided)} for type_, values in _runs(published[name])]


def _sets_apart(decided: NameDecision, published: Sequence[str], seen: Object | None) -> list[Object]:
    """Rows of a name with set identifiers. Where nothing may be written they are those that stand there, if they still fit."""
    if isinstance(decided.intent, Wish):
        rows = [
            {
                **_values(one.type, [value.removesuffix(".") for value in one.values], decided),
                "setIdentifier": one.key.set_identifier,
            }
            for one in decided.intent.sets
            if one.key.set_identifier
        ]
    else:
        before = steps.section(seen, "status").get("hostnames")
        rows = [
            {key: value for key, value in row.items() if key not in ("name", "claimed")}
            for row in (before if isinstance(before, list) else ())
            if isinstance(row, Mapping) and row.get("name") == decided.name.relative and row.get("setIdentifier")
        ]
    return rows if [value for row in rows for value in row.get("targets") or ()] == list(published) else []


def _values(type_: str, values: list[str], decided: NameDecision | None) -> Object:
    found: Object = {"targets": values}
    if type_:
        found["recordType"] = type_
    if decided is not None and decided.ttl:
        found["ttl"] = decided.ttl
    return found


def _runs(values: Sequence[str]) -> list[tuple[str, list[str]]]:
    runs: list[tuple[str, list[str]]] = []
    for value in values:
        type_ = _type(value)
        if runs and runs[-1][0] == type_:
            runs[-1][1].append(value)
        else:
            runs.append((type_, [value]))
    return runs or [("", [])]


def _type(value: str) -> str:
    try:
        target = targets.parse(value)
    except InvalidTarget:
        return ""
    return "CNAME" if isinstance(target, DnsName) else "A" if target.version == 4 else "AAAA"
