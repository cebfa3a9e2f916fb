"""An incremental transfer laid over what is held: only the names it touches, each with its whole new content."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns_rfc2136 import names, rdata
from mcidns_rfc2136.transfer import Step

_SLICE = 500

_Record = tuple[str, str]
"""Type and value in presentation format."""


async def touched(
    steps: Iterable[Step], held: Callable[[DnsName], tuple[RecordSet, ...]]
) -> Mapping[DnsName, tuple[RecordSet, ...]]:
    """The names that the steps touch with their content afterwards, `()` where nothing is left.

    What is held may be newer than the steps' start (our own writes are in it already): the last step on a record decides,
    so laying a step over its own result changes nothing. Pauses every few milliseconds to let others run.
    """
    last: dict[bytes, dict[_Record, int | None]] = {}
    for count, step in enumerate(steps, 1):
        if count % _SLICE == 0:
            await asyncio.sleep(0)
        key = (rdata.mnemonic(step.type), rdata.decode(step.type, step.data))
        at = last.setdefault(step.owner, {})
        at.pop(key, None)
        at[key] = step.ttl
    content = {}
    for count, (owner, decided) in enumerate(last.items(), 1):
        if count % _SLICE == 0:
            await asyncio.sleep(0)
        name = DnsName(names.to_text(owner))
        content[name] = _after(name, held(name), decided)
    return content


def _after(name: DnsName, sets: tuple[RecordSet, ...], decided: Mapping[_Record, int | None]) -> tuple[RecordSet, ...]:
    present = {(records.type, value): records.ttl for records in sets for value in records.values}
    ttls = {records.type: records.ttl for records in sets}
    for key, ttl in decided.items():
        if ttl is None:
            present.pop(key, None)
        else:
            present[key] = ttl
            ttls[key[0]] = ttl
    values: dict[str, list[str]] = {}
    for type_, value in present:
        values.setdefault(type_, []).append(value)
    return tuple(RecordSet.of(name, type_, ttls[type_], values[type_]) for type_ in sorted(values))
