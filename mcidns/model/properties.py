"""ExternalDNS's provider-specific properties that carry a routing policy, by the names its AWS provider gives them.

`setIdentifier` and these pairs are what ExternalDNS, our Route 53 provider and DNSEndpoints of any origin share
(externaldns: provider/aws/aws.go). What a policy means lives in decide/, what a back end makes of it with the providers.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

from mcidns.model.records import RecordSet

Pairs = tuple[tuple[str, str], ...]
Kind = Literal["simple", "weight", "region", "failover", "geolocation", "geoproximity", "multivalue", "other"]

WEIGHT: Final = "aws/weight"
REGION: Final = "aws/region"
FAILOVER: Final = "aws/failover"
CONTINENT: Final = "aws/geolocation-continent-code"
COUNTRY: Final = "aws/geolocation-country-code"
SUBDIVISION: Final = "aws/geolocation-subdivision-code"
ANYWHERE: Final = "*"
"""The country of the set that answers clients of every place that no other set names."""

_KINDS: Final[tuple[tuple[str, Kind], ...]] = (
    (WEIGHT, "weight"),
    (REGION, "region"),
    (FAILOVER, "failover"),
    ("aws/geolocation-", "geolocation"),
    ("aws/geoproximity-", "geoproximity"),
    ("aws/multi-value-answer", "multivalue"),
)


_REGION_NAME: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}\Z")


@lru_cache(maxsize=1024)
def is_region(text: str) -> bool:
    """Whether the text has the form of a region's name at AWS, such as eu-west-1: the only places latency is measured to."""
    return bool(_REGION_NAME.match(text))


def kind(records: RecordSet) -> Kind:
    """The routing policy that a set takes part in; sets of different kinds cannot share a name and type (Route 53)."""
    return of_set(records.key.set_identifier, records.properties)


def of_set(set_identifier: str, pairs: Pairs) -> Kind:
    """The same, told by identifier and properties alone."""
    if not set_identifier:
        return "simple"
    for name, _ in pairs:
        for prefix, found in _KINDS:
            if name.startswith(prefix):
                return found
    return "other"


def mixed(sets: Iterable[RecordSet]) -> frozenset[str]:
    """The types of which these sets of one name follow more than one policy."""
    kinds: dict[str, Kind] = {}
    found: set[str] = set()
    for records in sets:
        if kinds.setdefault(records.type, kind(records)) != kind(records):
            found.add(records.type)
    return frozenset(found)


def of_routing(pairs: Pairs) -> Pairs:
    """Only those pairs that carry a policy."""
    return tuple(pair for pair in pairs if pair[0].startswith(tuple(prefix for prefix, _ in _KINDS)))


def value(records: RecordSet, name: str) -> str:
    """A property of the set, empty where it has none of that name."""
    return next((text for key, text in records.properties if key == name), "")
