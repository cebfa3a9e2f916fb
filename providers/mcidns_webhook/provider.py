"""The webhook provider: lists, adjusts and writes through any ExternalDNS webhook, looking before it writes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from mcidns.errors import Conflict, Denied, Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns.provider import Capabilities, Content, Full, Held, ProviderSettings, Reading, Receipt, refusal
from mcidns.webhook import endpoints, wire
from mcidns.webhook.endpoints import OWNED_RECORD
from mcidns.webhook.wire import Endpoint
from mcidns_webhook import config
from mcidns_webhook.client import Client, Refused
from mcidns_webhook.config import Config

Standing = dict[RecordKey, tuple[RecordSet, list[Endpoint]]]
"""What the webhook lists in a zone, and the endpoints just as it wrote them."""


class WebhookProvider:
    """The protocol knows no compare and set, no serial and no parts of a listing: every look is at everything.

    A webhook may adjust what is wished (a TTL it has not, say). Such a set is then read as it was wished, so that nobody tries
    to mend it; what was wished is learnt anew when it is written.
    """

    def __init__(self, settings: Config) -> None:
        self._config = settings
        self._client = Client(settings)
        self._adjusted: dict[RecordKey, tuple[RecordSet, RecordSet]] = {}

    @classmethod
    def from_settings(cls, settings: ProviderSettings) -> Self:
        """Parse and refuse; does no I/O. Raises ConfigError naming the field, never the secret."""
        return cls(config.parse(settings))

    @property
    def capabilities(self) -> Capabilities:
        """As configured; one batch at a time, because nothing orders them."""
        return Capabilities(
            types=self._config.types,
            compare_and_set=False,
            min_ttl=self._config.min_ttl,
            set_identifiers=self._config.set_identifiers,
        )

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        """The whole of it, every time."""
        del held
        standing = await self._standing(zone)
        content: dict[DnsName, tuple[RecordSet, ...]] = {}
        for records, _ in standing.values():
            shown = self._as_wished(records)
            content[shown.name] = (*content.get(shown.name, ()), shown)
        return Full(None, content)

    async def look(self, zone: DnsName, names: frozenset[DnsName]) -> Content:
        """A listing, cut to these names."""
        reading = await self.read(zone, None)
        found = reading.names if isinstance(reading, Full) else {}
        return {name: found.get(name, ()) for name in names}

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        """By number; a name that is changed twice begins a new batch, because a webhook carries changes out in any order."""
        del zone
        batch: list[Change] = []
        keys: set[RecordKey] = set()
        for change in changes:
            written = {edit.key for edit in change.edits if not edit.is_check}
            if batch and (len(batch) >= self._config.batch or keys & written):
                yield tuple(batch)
                batch, keys = [], set()
            batch.append(change)
            keys |= written
        if batch:
            yield tuple(batch)

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        """Check what can be checked, look whether the edits' `old` still stands, and send the changes that are left."""
        self._check(zone, batch)
        standing = await self._standing(zone)
        todo = [change for change in batch if not all(self._stands(edit, standing) for edit in change.edits)]
        edits = [edit for change in todo for edit in change.edits]
        for edit in edits:
            if _values(self._present(edit.key, standing)) != _values(edit.old):
                raise Conflict(f"{edit.key} is not as it was read; somebody else changed it")
        _forbid_clashes(standing, edits)
        news = await self._adjust(todo)
        await self._send(zone, todo, news, standing)
        return Receipt()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _standing(self, zone: DnsName) -> Standing:
        served = await self._client.domain_filter()
        if not served.reaches(zone.relative):
            raise Denied(
                f"the webhook at {self._config.url} does not serve {zone.relative}; add it there, or name another provider"
            )
        found: Standing = {}
        for given in await self._client.records():
            records = self._listed(given)
            if not records.name.inside(zone):
                continue
            known = found.get(records.key)
            if known is None:
                found[records.key] = records, [given]
            else:
                found[records.key] = endpoints.united((known[0], records))[0], [*known[1], given]
        return found

    def _check(self, zone: DnsName, batch: Sequence[Change]) -> None:
        for edit in (edit for change in batch for edit in change.edits if not edit.is_check):
            if edit.key.set_identifier and not self._config.set_identifiers:
                raise Rejected(
                    f"{edit.key}: if the webhook knows set identifiers say so in config.setIdentifiers, else leave it out"
                )
            flaw = None if edit.new is None else refusal(edit.new, self.capabilities, zone)
            if flaw is not None:
                raise Rejected(flaw)

    def _as_wished(self, records: RecordSet) -> RecordSet:
        wished, became = self._adjusted.get(records.key, (records, records))
        return wished if records == became else records

    def _present(self, key: RecordKey, standing: Standing) -> RecordSet | None:
        found = standing.get(key)
        return None if found is None else self._as_wished(found[0])

    def _stands(self, edit: Edit, standing: Standing) -> bool:
        """Whether a change's outcome stands already; a check alone proves nothing."""
        return self._present(edit.key, standing) == edit.new

    async def _adjust(self, todo: Sequence[Change]) -> dict[RecordKey, Endpoint]:
        """What will be written for each wished set, after the webhook had its say."""
        wished = {
            edit.key: endpoints.endpoint(edit.new, _labels(change, edit))
            for change in todo
            for edit in change.edits
            if edit.new is not None and not edit.is_check
        }
        if not wished:
            return {}
        answered: dict[RecordKey, list[Endpoint]] = {}
        for given in await self._client.adjusted(list(wished.values())):
            answered.setdefault(self._listed(given).key, []).append(given)
        for key in wished:
            if len(answered.get(key, ())) != 1:
                raise Rejected(f"{key}: the webhook does not take it as it is (its adjustendpoints left it out); see its log")
        return {key: answered[key][0] for key in wished}

    async def _send(self, zone: DnsName, todo: Sequence[Change], news: Mapping[RecordKey, Endpoint], standing: Standing) -> None:
        create: list[Endpoint] = []
        before: list[Endpoint] = []
        after: list[Endpoint] = []
        delete: list[Endpoint] = []
        became: dict[RecordKey, tuple[RecordSet, RecordSet]] = {}
        for edit in (edit for change in todo for edit in change.edits if not edit.is_check):
            there = standing.get(edit.key)
            if edit.new is None:
                delete += there[1] if there else ()
                continue
            new = news[edit.key]
            outcome = self._listed(new)
            became[edit.key] = edit.new, outcome
            if there is None:
                create.append(new)
            elif there[0] != outcome:
                before.append(_one(there))
                after.append(new)
        if create or after or delete:
            try:
                await self._client.apply(wire.Changes(create=create, update_old=before, update_new=after, delete=delete))
            except Refused as error:
                await self._standing(zone)  # raises what is wrong with the webhook as a whole
                raise Rejected(f"{_named(todo)}: {error}") from error
        for edit in (edit for change in todo for edit in change.edits if not edit.is_check):
            self._adjusted.pop(edit.key, None)
        self._adjusted.update({key: pair for key, pair in became.items() if pair[0] != pair[1]})

    def _listed(self, given: Endpoint) -> RecordSet:
        """Without properties where nobody can wish any: a webhook may show its own defaults."""
        records = endpoints.listed(given, self._config.default_ttl)
        return records if self._config.set_identifiers else RecordSet(records.key, records.ttl, records.values)


def _one(there: tuple[RecordSet, list[Endpoint]]) -> Endpoint:
    """A set that stands as one endpoint, as the webhook wrote it where it wrote one."""
    records, given = there
    return given[0] if len(given) == 1 else endpoints.endpoint(records, dict(given[0].labels or {}))


def _labels(change: Change, edit: Edit) -> dict[str, str]:
    """An ownership TXT names the record it speaks for, as ExternalDNS's do."""
    return {OWNED_RECORD: change.name.relative} if edit.key.name != change.name else {}


def _values(records: RecordSet | None) -> tuple[str, ...] | None:
    return None if records is None else records.values


def _forbid_clashes(standing: Standing, edits: Sequence[Edit]) -> None:
    at: dict[DnsName, set[RecordKey]] = {edit.key.name: set() for edit in edits}
    for key in standing:
        if key.name in at:
            at[key.name].add(key)
    for edit in edits:
        (at[edit.key.name].discard if edit.new is None else at[edit.key.name].add)(edit.key)
    for name, keys in at.items():
        types = {key.type for key in keys}
        if "CNAME" in types and len(types) > 1:
            raise Conflict(
                f"{name.relative}: a CNAME cannot stand beside {', '.join(sorted(types - {'CNAME'}))}; remove one of them"
            )


def _named(todo: Sequence[Change]) -> str:
    names = [change.name.relative for change in todo]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
