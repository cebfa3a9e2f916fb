"""What the tests of the route53 provider are built from: zones in the strict service, providers, changes. No expectations."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from moto.route53.models import Route53Backend, route53_backends

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.model.secrets import Secret
from mcidns.provider import Full, ProviderSettings
from mcidns_route53 import Route53Provider
from mcidns_route53.config import parse
from tests.component.route53.rules import Set
from tests.component.route53.strict import Strict

ZONE = DnsName("example.org.")
SECRET = "hushhushUtnFEMI-bPxRfiCYEXAMPLEKEY"
KEYS = {"accessKeyID": Secret("AKIAMCIDNS"), "secretAccessKey": Secret(SECRET)}


def client(strict: Strict) -> Any:
    """Somebody else's boto3 client; it does not count as a request of ours, but is paced as any."""
    return boto3.client(
        "route53",
        endpoint_url=strict.url,
        region_name="us-east-1",
        aws_access_key_id="AKIAFOREIGN",
        aws_secret_access_key="other",
        config=Config(retries={"total_max_attempts": 1}),
    )


def create_zone(
    strict: Strict, domain: str = "example.org", *, vpc: str | None = None, tags: Mapping[str, str] | None = None
) -> str:
    """A hosted zone, private where a VPC is given; its id."""
    made = _backend().create_hosted_zone(
        f"{domain}.", private_zone=vpc is not None, vpcid=vpc, vpcregion="us-east-1" if vpc else None
    )
    strict.zone(_backend(), made.id)
    if tags:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        _backend().change_tags_for_resource("hostedzone", made.resource_id, pairs, [])
    return str(made.resource_id)


def _backend() -> Route53Backend:
    return route53_backends["123456789012"]["aws"]


def put(strict: Strict, zone_id: str, *sets: Set) -> None:
    """Sets that stand in the zone without anybody having asked us."""
    for one in sets:
        strict.zones[zone_id].change([{"Action": "UPSERT", "ResourceRecordSet": one}])


def settings(strict: Strict, **config: object) -> ProviderSettings:
    """A DNSProvider for the service; `config` adds fields, None removes one."""
    fields: dict[str, object] = {"endpointURL": strict.url, "requestsPerSecond": 10_000, "timeout": 5, **config}
    return ProviderSettings("test", {key: value for key, value in fields.items() if value is not None}, KEYS)


@contextlib.asynccontextmanager
async def provider(
    strict: Strict, *, clock: Callable[[], float] = time.monotonic, **config: object
) -> AsyncIterator[Route53Provider]:
    """The provider on the service, closed at the end."""
    made = Route53Provider(parse(settings(strict, **config)), clock)
    try:
        yield made
    finally:
        await made.aclose()


def name(text: str) -> DnsName:
    """A name of the zone: `www`, `@` for its apex."""
    return ZONE if text == "@" else DnsName(f"{text}.{ZONE}")


def records(host: str, type_: str, *values: str, ttl: int = 60, setid: str = "", **properties: str) -> RecordSet:
    """A record set of the zone; properties are spelled `weight="10"` for `aws/weight`, `alias="true"` for `alias`."""
    pairs = {key if key == "alias" else f"aws/{key.replace('_', '-')}": value for key, value in properties.items()}
    return RecordSet(RecordKey(name(host), type_, setid), ttl, tuple(sorted(values)), tuple(sorted(pairs.items())))


def change(*edits: tuple[RecordSet | None, RecordSet | None], urgency: Urgency = Urgency.ADD) -> Change:
    """One change of (old, new) pairs."""
    made = []
    for old, new in edits:
        either = new or old
        assert either is not None
        made.append(Edit(either.key, old, new))
    return Change(made[0].key.name, tuple(made), urgency)


def creation(*sets: RecordSet) -> Change:
    """A change that creates all of the sets."""
    return change(*((None, made) for made in sets))


async def write(made: Route53Provider, *changes: Change) -> None:
    """Pack and apply."""
    for batch in made.pack(ZONE, changes):
        await made.apply(ZONE, batch)


async def content(made: Route53Provider) -> dict[DnsName, tuple[RecordSet, ...]]:
    """The zone without its own NS."""
    reading = await made.read(ZONE, None)
    assert isinstance(reading, Full)
    return {owner: tuple(sorted(sets)) for owner, sets in reading.names.items() if owner != ZONE or len(sets) > 1}


async def at(made: Route53Provider, host: str) -> tuple[RecordSet, ...]:
    """What stands at one name, sorted."""
    return tuple(sorted((await made.look(ZONE, frozenset({name(host)})))[name(host)]))
