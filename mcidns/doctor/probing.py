"""The probe record: a TXT of ours that is written and removed again by compare and set, which proves the right to write."""

import asyncio
import secrets
from typing import Final

from mcidns.doctor import rules
from mcidns.doctor.findings import NotChecked, Outcome
from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.model.zones import Zone
from mcidns.provider import Provider

LABEL: Final = "_mcidns-doctor"
MARK: Final = "mcidns doctor: a probe of the right to write, which may be removed at any time"
_TTL: Final = 60
_TRIES: Final = 3
CLEAN_UP: Final = 10.0
"""Seconds for taking the record away again, also when the probe is interrupted."""


def place(zone: Zone) -> DnsName:
    """Where the probe record stands: always the same name, so that a later run finds what an earlier one left."""
    return DnsName(f"{LABEL}.{zone.domain.text}")


async def probe(zone: Zone, provider: Provider) -> Outcome:
    """Write, look, remove, look. What was begun is brought to its end, whoever cancels. Raises NotChecked, ProviderError."""
    task = asyncio.create_task(_whole(zone, provider))
    cancelled = False
    while not task.done():
        try:
            # A write that is cut off may still be carried out, after we have looked for what is to be removed.
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            cancelled = True
    if cancelled and not task.cancelled():
        task.exception()  # heard, and of no use to anybody
    if cancelled:
        raise asyncio.CancelledError
    return task.result()


async def _whole(zone: Zone, provider: Provider) -> Outcome:
    key = RecordKey(place(zone), "TXT")
    await _clear(zone, provider, key)
    record = RecordSet(key, _TTL, (f'"{MARK}, owner {zone.owner_id}, {secrets.token_hex(8)}"',))
    left = refused = rival = trouble = ""
    stood = False
    try:
        await _apply(zone, provider, key, None, record)
        stood = record.values == _values(await _at(zone, provider, key))
    except (Denied, Rejected) as error:
        refused = str(error)
    except Conflict as error:
        rival = f"somebody else wrote {key} at the same time, perhaps another doctor: {error}"
    except ProviderError as error:
        trouble = str(error)  # it may have been written all the same
    finally:
        left = await _remove(zone, provider, key)
    if refused:
        remedy = f"mcidns doctor --probe-write    # after the back end allows this key to write {key.name.relative}"
        return Outcome((rules.WRITE_DENIED.found(f"DNSZone {zone.name}: {refused}", remedy=remedy),))
    if left and not rival:
        return Outcome((rules.PROBE_LEFT.found(f"{key}: {left}", host=key.name.relative),))
    if rival or trouble:
        raise NotChecked(rival or trouble)
    if not stood:
        raise NotChecked(f"{key} was taken and is not shown: the back end answers from elsewhere than it writes")
    return Outcome(note=f"{key} was written and removed again")


async def _remove(zone: Zone, provider: Provider, key: RecordKey) -> str:
    """Remove it; why it is left, empty if it is gone."""
    why = ""
    try:
        async with asyncio.timeout(CLEAN_UP):
            for _ in range(_TRIES):
                try:
                    await _clear(zone, provider, key)
                except (Conflict, Transient) as error:
                    why = str(error)
                else:
                    return ""
    except (ProviderError, TimeoutError) as error:
        return str(error) or f"no answer within {CLEAN_UP:g} s"
    return why


async def _clear(zone: Zone, provider: Provider, key: RecordKey) -> None:
    """Remove a probe record of ours, verified. Raises NotChecked where something else stands there, ProviderError."""
    found = await _at(zone, provider, key)
    if found is None:
        return
    if not all(value.startswith(f'"{MARK}') for value in found.values):
        raise NotChecked(f"{key} holds something that no doctor wrote; it is left alone")
    await _apply(zone, provider, key, found, None)
    if await _at(zone, provider, key) is not None:
        raise Transient(f"{key} is still shown after its removal")


async def _at(zone: Zone, provider: Provider, key: RecordKey) -> RecordSet | None:
    found = await provider.look(zone.domain, frozenset({key.name}))
    return next((one for one in found.get(key.name, ()) if one.key == key), None)


def _values(found: RecordSet | None) -> tuple[str, ...]:
    return found.values if found is not None else ()


async def _apply(zone: Zone, provider: Provider, key: RecordKey, old: RecordSet | None, new: RecordSet | None) -> None:
    change = Change(key.name, (Edit(key, old, new),), Urgency.COSMETIC, (), "probe of the right to write")
    for batch in provider.pack(zone.domain, (change,)):
        await provider.apply(zone.domain, batch)
