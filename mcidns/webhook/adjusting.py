"""Desired endpoints in the form in which the provider will show them, so that ExternalDNS sees no difference that is none."""

import logging
from collections.abc import Iterable

from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.provider import Capabilities, refusal
from mcidns.webhook import endpoints
from mcidns.webhook.endpoints import Unusable
from mcidns.webhook.wire import Endpoint

_LOG = logging.getLogger(__name__)
_UNSET = 0


def adjusted(desired: Iterable[Endpoint], capabilities: Capabilities, zone_of: "ZoneOf") -> list[Endpoint]:
    """Values in the one spelling, TTLs within bounds, and policies united where the provider has none.

    What the provider can never take is left out and logged, so that it keeps nobody else waiting; so is what is in no zone.
    """
    found: dict[RecordKey, tuple[RecordSet, Endpoint]] = {}
    for given in desired:
        try:
            records = fitted(endpoints.record_set(given, _UNSET), capabilities)
        except Unusable as error:
            _LOG.warning("webhook.left_out", extra={"why": str(error)})
            continue
        zone = zone_of(records.name)
        flaw = f"{records.key}: it is in no zone served here" if zone is None else refusal(records, capabilities, zone)
        if flaw is not None:
            _LOG.warning("webhook.left_out", extra={"why": flaw})
            continue
        known = found.get(records.key)
        found[records.key] = (records, given) if known is None else (_together(known[0], records), known[1])
    return [_as_given(records, given) for records, given in found.values()]


def fitted(records: RecordSet, capabilities: Capabilities) -> RecordSet:
    """TTL within bounds (an unset one stays unset), no policy where the provider has none."""
    ttl = records.ttl and min(max(records.ttl, capabilities.min_ttl), capabilities.max_ttl)
    if capabilities.set_identifiers:
        return RecordSet(records.key, ttl, records.values, records.properties)
    return RecordSet(RecordKey(records.name, records.type), ttl, records.values)


def _together(known: RecordSet, other: RecordSet) -> RecordSet:
    if known.type == "CNAME":
        return known
    ttl = min(known.ttl or other.ttl, other.ttl or known.ttl)
    return RecordSet(known.key, ttl, tuple(sorted({*known.values, *other.values})), known.properties)


def _as_given(records: RecordSet, given: Endpoint) -> Endpoint:
    return endpoints.endpoint(records, dict(given.labels) if given.labels else None)


class ZoneOf:
    """The zone of a name among those served: the longest that holds it."""

    def __init__(self, zones: Iterable[DnsName]) -> None:
        self._zones = frozenset(zones)

    def __call__(self, name: DnsName) -> DnsName | None:
        """None where no zone holds the name."""
        while name not in self._zones:
            if name.text == ".":
                return None
            name = name.parent
        return name
