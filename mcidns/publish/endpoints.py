"""The DNSEndpoint of each GlobalHost and record, as a real ExternalDNS likes it; programming DNS from it lives in program/."""

from collections.abc import Iterable
from typing import Final, assert_never

from mcidns.decide import reverse
from mcidns.hub import dnsendpoint
from mcidns.hub.dnsendpoint import MANAGED_BY, MANAGER, EndpointClaim
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient, Object
from mcidns.model import properties
from mcidns.model.decisions import Decision, NameDecision
from mcidns.model.hosts import Host
from mcidns.model.records import RecordSet, Untouched, Wish
from mcidns.model.references import ObjectRef
from mcidns.publish import steps
from mcidns.publish.keeper import Keeper
from mcidns.publish.steps import Apply, Clash, Delete, OnClash, Shelf, Step
from mcidns.publish.writer import Writer

_DOTLESS: Final = frozenset({"A", "AAAA", "CNAME", "DNAME", "NS", "PTR"})
"""Types whose values ExternalDNS wants without a final dot; SRV and NAPTR want one."""


def keeper(client: KubeClient, shelf: Shelf, writer: Writer, on_clash: OnClash) -> Keeper[Decision]:
    """Keeps the DNSEndpoints. Refs are those of DNSEndpoints, as `ref_of` gives them."""
    return Keeper(kinds.DNS_ENDPOINT, plan, client=client, shelf=shelf, writer=writer, on_clash=on_clash)


def ref_of(host: ObjectRef) -> ObjectRef:
    """The DNSEndpoint of a GlobalHost or record."""
    return ObjectRef("DNSEndpoint", host.namespace, dnsendpoint.name_for(host))


def plan(ref: ObjectRef, decision: Decision | None, seen: Object | None) -> Step | None:
    """What must be written so that the DNSEndpoint is as decided.

    A deleted GlobalHost takes it along by its owner reference, but nobody counts on the garbage collector. Names that
    must be left alone keep the rows they have.
    """
    claim = None if seen is None else dnsendpoint.parse(seen)
    ours = isinstance(claim, EndpointClaim) and claim.managed_by_us
    if decision is None:
        return _delete(ref, seen) if ours else None
    host = decision.host
    other = claim.owner if isinstance(claim, EndpointClaim) and claim.owner != host.ref else None
    if not decision.names:
        return _delete(ref, seen) if ours and other is None else None
    if seen is not None and (not ours or other is not None):
        return Clash(
            ref,
            f"DNSEndpoint {ref.namespace}/{ref.name} exists and was not made by mcidns for this {host.kind}, so nothing is written "
            f"to it; delete or rename {other or 'it'}, or rename the {host.kind}",
        )
    rows = _rows(decision.names, seen)
    if decision.host.ptr:
        rows = [_asking_for_ptr(row) for row in rows]
    if not rows:
        untouched = any(isinstance(name.intent, Untouched) for name in decision.names)
        return None if seen is None or untouched else _delete(ref, seen)
    wanted = _apply(ref, host, _labelled(rows, host))
    return None if seen is not None and _is_as(seen, wanted.body) else wanted


def _delete(ref: ObjectRef, seen: Object | None) -> Delete:
    return Delete(kinds.DNS_ENDPOINT, ref.namespace, ref.name, steps.text(seen, "metadata", "uid"))


def _apply(ref: ObjectRef, host: Host, rows: list[Object]) -> Apply:
    owner = {
        "apiVersion": kinds.HOSTS[host.kind].api_version,
        "kind": host.kind,
        "name": host.name,
        "uid": host.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {MANAGED_BY: MANAGER}, "ownerReferences": [owner]}
    body = {"metadata": metadata, "spec": {"endpoints": rows}}
    return Apply(kinds.DNS_ENDPOINT, ref.namespace, ref.name, body)


def _labelled(rows: list[Object], host: Host) -> list[Object]:
    """KubeFed told the Service's name where `externalName` stands in its place."""
    scheme = host.scheme
    if scheme is None or not scheme.renamed:
        return rows
    stem = f"{scheme.stem}."
    labels = {"labels": {"serviceName": host.name}}
    return [{**row, **(labels if str(row.get("dnsName")).startswith(stem) else {})} for row in rows]


def _is_as(seen: Object, wanted: Object) -> bool:
    owners = steps.section(seen, "metadata").get("ownerReferences")
    is_owned = isinstance(owners, list) and all(owner in owners for owner in wanted["metadata"]["ownerReferences"])
    is_labelled = steps.text(seen, "metadata", "labels", MANAGED_BY) == MANAGER
    return is_owned and is_labelled and seen.get("spec") == wanted["spec"]


def _rows(names: Iterable[NameDecision], seen: Object | None) -> list[Object]:
    there: dict[str, list[Object]] = {}
    endpoints = steps.section(seen, "spec").get("endpoints")
    for row in endpoints if isinstance(endpoints, list) else ():
        if isinstance(row, dict):
            there.setdefault(str(row.get("dnsName")), []).append(row)
    found: list[Object] = []
    for decided in names:
        present = there.get(decided.name.relative, [])
        match decided.intent:
            case Untouched():
                found += present
            case Wish() as wish:
                found += _row_of_wish(wish, present)
            case _:
                assert_never(decided.intent)
    return sorted(found, key=lambda row: (str(row.get("dnsName")), str(row.get("recordType")), str(row.get("setIdentifier"))))


def _asking_for_ptr(row: Object) -> Object:
    """Whoever programs the DNSEndpoint makes the PTR records: mcidns, or ExternalDNS where it manages them."""
    if row.get("recordType") not in ("A", "AAAA"):
        return row
    others = [entry for entry in row.get("providerSpecific") or () if entry.get("name") != reverse.PROPERTY]
    return {**row, "providerSpecific": [*others, {"name": reverse.PROPERTY, "value": "ptr"}]}


def _row_of_wish(wish: Wish, present: list[Object]) -> list[Object]:
    rows = [_row(records) for records in wish.sets]
    if wish.complete:
        return rows
    # Some member could not be asked: what it may have put there stays, unless it is known to be withdrawn (law 1).
    by_type = {(row["recordType"], row.get("setIdentifier", "")): row for row in rows}
    withdrawn = {value.removesuffix(".") for value in wish.withdrawn}
    staying = [
        {**row, "targets": sorted(kept)}
        for row in present
        if (kept := [str(target) for target in row.get("targets") or () if target not in withdrawn])
    ]
    if rows and staying and _policies(rows) != _policies(staying):
        return staying  # sets of two policies cannot stand together, so that the change of policy waits
    for row in staying:
        key = (str(row.get("recordType")), str(row.get("setIdentifier", "")))
        if key in by_type and key[0] != "CNAME":
            by_type[key]["targets"] = sorted({*by_type[key]["targets"], *row["targets"]})
        else:
            by_type.setdefault(key, row)
    if len({type_ for type_, _ in by_type}) > 1:
        return [row for (type_, _), row in by_type.items() if type_ != "CNAME"]
    return list(by_type.values())


def _policies(rows: Iterable[Object]) -> set[str]:
    pairs = (
        (row, tuple((str(one["name"]), str(one.get("value", ""))) for one in row.get("providerSpecific") or ())) for row in rows
    )
    return {properties.of_set(str(row.get("setIdentifier", "")), found) for row, found in pairs}


def _row(records: RecordSet) -> Object:
    dotless = records.type in _DOTLESS
    row: Object = {
        "dnsName": records.name.relative,
        "recordType": records.type,
        "recordTTL": records.ttl,
        "targets": sorted({value.removesuffix(".") if dotless else value for value in records.values}),
    }
    if records.key.set_identifier:
        row["setIdentifier"] = records.key.set_identifier
    if records.properties:
        row["providerSpecific"] = [{"name": name, "value": value} for name, value in records.properties]
    return row
