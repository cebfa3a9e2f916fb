"""One batch as one UPDATE, and what its answer means; encoding lives in convert.py, sending in servers.py."""

from collections.abc import Iterable, Sequence

from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordKey, RecordSet
from mcidns_rfc2136 import convert, lookup, names, rcodes, rdata, reading, wire
from mcidns_rfc2136.lookup import Lookup
from mcidns_rfc2136.servers import Servers

_ROOM = wire.MAX_MESSAGE - 600
"""Bytes for a message before it is signed."""


async def apply(servers: Servers, zone: DnsName, batch: Sequence[Change], min_ttl: int) -> None:
    """Write the batch, all or nothing. Raises Conflict, Rejected, Denied or Transient."""
    update = convert.update(zone, batch, min_ttl)
    if not (update.prerequisites or update.updates or update.fresh):
        return
    body = wire.update(names.to_wire(zone.text), update.prerequisites, update.updates, update.fresh)
    if len(body) > _ROOM:
        raise Rejected(
            f"{_named(batch)}: {len(body)} bytes do not fit one message of {_ROOM}; name fewer targets or split the batch"
        )
    for key, known in update.alone:
        await _stands_alone(servers, zone, key, known)
    server, answer = await servers.ask(body)
    asked = Lookup(servers, server, zone)
    if answer.rcode in rcodes.PREREQUISITE:
        await _settle(asked, batch, answer.rcode)
    elif answer.rcode:
        raise await _failure(asked, batch, answer.rcode)
    await _read_back(asked, update.doubtful)


async def _stands_alone(servers: Servers, zone: DnsName, key: RecordKey, known: frozenset[str]) -> None:
    """The name holds nothing but what the batch takes away, or the server would take that and ignore the CNAME."""
    owner = names.to_wire(key.name.text)
    server, answer = await servers.ask(wire.query(owner, rdata.ANY))
    types = {rdata.mnemonic(record.type) for record in lookup.standing(owner, answer)}
    others = types - known - {"HINFO"}  # RFC 8482: what a server says that does not answer ANY
    if others and answer.rcode == rcodes.NOERROR:
        raise Conflict(
            f"{key}: {server.address} holds {', '.join(sorted(others))} at that name, and a CNAME stands alone; remove one of them"
        )


async def _settle(asked: Lookup, batch: Sequence[Change], rcode: int) -> None:
    """A repeat after a lost answer finds its own outcome: that is no conflict. Raises Conflict."""
    edits = convert.merged(edit for change in batch for edit in change.edits)
    wanted: list[RecordSet | RecordKey] = [edit.new or edit.key for edit in edits]
    if any(not edit.is_check for edit in edits) and await _holds(asked, wanted):
        return
    raise Conflict(f"{asked.zone.relative} at {asked.server.address} is not as it was read ({rcodes.name(rcode)}): {_named(batch)}")


async def _holds(asked: Lookup, wanted: Iterable[RecordSet | RecordKey]) -> bool:
    """Whether the zone holds just this, by an update that changes nothing: no wildcard can deceive it, and it is one message."""
    answer = await asked.ask(wire.update(names.to_wire(asked.zone.text), convert.holding(asked.zone, wanted), ()))
    return answer.rcode == rcodes.NOERROR


async def _read_back(asked: Lookup, doubtful: Sequence[RecordSet]) -> None:
    """Servers ignore a CNAME beside other data, and a lone DS, without a word; find out before anybody is told it is there."""
    if not doubtful or await _holds(asked, doubtful):
        return
    results = await lookup.gather(doubtful, lambda records: _holds(asked, [records]))
    ignored = sorted(str(records.key) for records, held in results if not held)
    if ignored:
        raise Conflict(
            f"{asked.server.address} took the update but ignored {', '.join(ignored[:5])}: a CNAME cannot stand beside other data, "
            "and a DS needs NS at its name; remove the one or add the other"
        )


async def _failure(asked: Lookup, batch: Sequence[Change], rcode: int) -> ProviderError:
    """The error for an update that was refused as a whole."""
    word, where = rcodes.name(rcode), asked.server.address
    zone = asked.zone.relative
    match rcode:
        case rcodes.REFUSED:
            return await _refused(asked, batch)
        case rcodes.NOTAUTH:
            return Denied(f"{where} answers NOTAUTH: it does not serve zone {zone} as primary; create it there or name its primary")
        case rcodes.NOTIMP:
            return Denied(f"{where} answers NOTIMP: it takes no dynamic updates; enable them or name the primary in config.servers")
        case rcodes.SERVFAIL:
            return await _servfail(asked, batch)
        case _:
            return Rejected(f"{where} answers {word} to the update of {zone}: {_named(batch)}; the log of the server says why")


async def _refused(asked: Lookup, batch: Sequence[Change]) -> ProviderError:
    """Whether nothing at all may be updated or just this: an empty update tells."""
    empty = await asked.ask(wire.update(names.to_wire(asked.zone.text), (), ()))
    problem, who = f"{asked.server.address} answers REFUSED", asked.server.identity
    if empty.rcode == rcodes.NOERROR:
        return Rejected(f"{problem}: update-policy of {asked.zone.relative} does not grant {who} {_named(batch)}; grant it there")
    return Denied(f"{problem}: {asked.zone.relative} takes no updates of {who}; add the key to its allow-update or update-policy")


async def _servfail(asked: Lookup, batch: Sequence[Change]) -> ProviderError:
    """SERVFAIL for content that breaks a limit looks like SERVFAIL for a sick server; a healthy one still answers for the zone."""
    where, zone = asked.server.address, asked.zone.relative
    answer = await asked.query(asked.zone, rdata.SOA)
    if answer.rcode != rcodes.NOERROR:
        return Transient(f"{where} answers SERVFAIL for zone {zone}; see its log")
    reading.soa_data(asked.server, asked.zone, answer)
    return Rejected(
        f"{where} answers SERVFAIL to the update of {zone} though it serves the zone: {_named(batch)}; a limit such as BIND's "
        "max-records-per-type or max-types-per-name, or a journal it cannot write: its log says which"
    )


def _named(batch: Sequence[Change]) -> str:
    """The records concerned, the first few by name."""
    keys = list(dict.fromkeys(str(edit.key) for change in batch for edit in change.edits))
    return ", ".join(keys[:4]) + (f" and {len(keys) - 4} more" if len(keys) > 4 else "")
