"""Whether every authoritative server answers what was written; asked once, without waiting."""

import asyncio
from collections.abc import Sequence

from mcidns.errors import Denied, Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordSet
from mcidns.provider import Propagation
from mcidns_rfc2136 import convert, lookup, names, rcodes, rdata, wire
from mcidns_rfc2136.connection import NoAnswer
from mcidns_rfc2136.servers import Server
from mcidns_rfc2136.tsig import BadSignature

SAMPLE = 4
"""So many changed sets of a batch are asked for, spread over it: a server shows the whole of an update, or of a transfer, or
nothing of it."""


async def state(servers: Sequence[Server], zone: DnsName, batch: Sequence[Change]) -> Propagation:
    """Mismatch where a server answers something else than before and after, Pending where it still answers the old or nothing."""
    del zone
    try:
        edits = convert.merged(edit for change in batch for edit in change.edits if not edit.is_check)
    except Rejected:
        return Propagation("Unknown", "the batch contradicts itself")
    sample = _sample(edits)
    results = await asyncio.gather(*(_at(server, sample) for server in servers))
    for verdict in ("Mismatch", "Pending"):
        told = [message for found, message in results if found == verdict]
        if told:
            return Propagation("Mismatch" if verdict == "Mismatch" else "Pending", "; ".join(told))
    return Propagation("Propagated")


def _sample(edits: Sequence[Edit]) -> Sequence[Edit]:
    step = max(1, -(-len(edits) // SAMPLE))
    return edits[::step]


async def _at(server: Server, edits: Sequence[Edit]) -> tuple[str, str]:
    behind = []
    try:
        for edit, answered in await lookup.gather(edits, lambda edit: _answered(server, edit)):
            if answered == _wanted(edit.new):
                continue
            if edit.new is None and answered != _wanted(edit.old):
                continue  # ours is gone; what is answered now comes from a wildcard or somebody else
            if answered and answered != _wanted(edit.old):
                return "Mismatch", f"{server.address} answers {_spelled(answered, edit)} for {edit.key}, not what was written"
            behind.append(str(edit.key))
    except (NoAnswer, BadSignature, Denied) as problem:
        return "Pending", str(problem)
    if behind:
        return "Pending", f"{server.address} does not answer the new {', '.join(sorted(behind)[:3])} yet"
    return "Propagated", ""


async def _answered(server: Server, edit: Edit) -> frozenset[bytes]:
    owner, type_ = names.to_wire(edit.key.name.text), rdata.number(edit.key.type)
    answer = await server.ask(wire.query(owner, type_))
    if answer.rcode not in {rcodes.NOERROR, rcodes.NXDOMAIN}:
        raise Denied(f"{server.address} answers {rcodes.name(answer.rcode)} for {edit.key}")
    return frozenset(_lower(type_, record.data) for record in lookup.standing(owner, answer) if record.type == type_)


def _wanted(records: RecordSet | None) -> frozenset[bytes]:
    if records is None:
        return frozenset()
    type_ = rdata.number(records.type)
    return frozenset(_lower(type_, rdata.encode(type_, value)) for value in records.values)


def _lower(type_: int, data: bytes) -> bytes:
    return data.lower() if type_ in wire.NAMED else data


def _spelled(answered: frozenset[bytes], edit: Edit) -> str:
    return ", ".join(sorted(rdata.decode(rdata.number(edit.key.type), data) for data in answered))
