"""Which hosted zone a domain is: found by id or name, narrowed by type, VPC and tags, and remembered; records live elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcidns.errors import Denied, Transient
from mcidns.model.names import DnsName
from mcidns_route53 import faults, spelling
from mcidns_route53.account import Account
from mcidns_route53.budget import Rank
from mcidns_route53.config import Config


@dataclass(frozen=True, slots=True)
class HostedZone:
    """One zone of Route 53; `id` without its `/hostedzone/`."""

    id: str
    domain: DnsName
    private: bool

    def __str__(self) -> str:
        return f"{self.id} ({'private' if self.private else 'public'})"


class HostedZones:
    """Answers from memory until told to forget; one question at a time per domain is the worker's habit."""

    def __init__(self, account: Account, config: Config) -> None:
        self._account = account
        self._config = config
        self._known: dict[DnsName, HostedZone] = {}

    def known(self, domain: DnsName) -> HostedZone | None:
        """The zone, if it was found before."""
        return self._known.get(domain)

    def forget(self, domain: DnsName) -> None:
        """The zone is not there any more: look for it again next time."""
        self._known.pop(domain, None)

    async def of(self, domain: DnsName, rank: Rank) -> HostedZone:
        """Raises Denied when several fit, Transient when none does."""
        found = self._known.get(domain)
        if found is None:
            found = self._known[domain] = await self._find(domain, rank)
        return found

    async def _find(self, domain: DnsName, rank: Rank) -> HostedZone:
        zone_id = dict(self._config.zone_ids).get(domain, self._config.only_zone)
        if zone_id is not None:
            return await self._by_id(domain, zone_id, rank)
        named = await self._by_name(domain, rank)
        fitting = [zone for zone in named if self._config.zone_type in {None, "private" if zone.private else "public"}]
        if fitting and self._config.vpc_id is not None:
            fitting = [zone for zone in fitting if await self._in_vpc(zone, rank)]
        if fitting and self._config.tags:
            fitting = await self._tagged(fitting, rank)
        if not fitting:
            raise Transient(self._absent(domain, named))
        if len(fitting) > 1:
            raise Denied(
                f"zone {domain.relative} exists {len(fitting)} times in this account: {', '.join(map(str, fitting))};"
                " name one by config.zoneID, or narrow by zoneType, vpcID or tags"
            )
        return fitting[0]

    def _absent(self, domain: DnsName, named: list[HostedZone]) -> str:
        if not named:
            return f"Route 53 has no hosted zone {domain.relative} in this account; create it, or use the account that has it"
        return (
            f"zone {domain.relative} exists as {', '.join(map(str, named))}, but none fits zoneType, vpcID and tags of the"
            " DNSProvider; correct them"
        )

    async def _by_id(self, domain: DnsName, zone_id: str, rank: Rank) -> HostedZone:
        try:
            answer = await self._account.call("get_hosted_zone", rank, Id=zone_id)
        except faults.NoSuchZone as error:
            raise Transient(f"there is no hosted zone {zone_id} in this account; correct config.zoneID") from error
        zone = _hosted(answer["HostedZone"])
        if zone.domain != domain:
            raise Denied(f"hosted zone {zone_id} is {zone.domain.relative}, not {domain.relative}; correct config.zoneID")
        return zone

    async def _by_name(self, domain: DnsName, rank: Rank) -> list[HostedZone]:
        """All zones of this name; they are listed side by side, so the first other name ends the search."""
        found: list[HostedZone] = []
        start: dict[str, str] = {"DNSName": spelling.wire_name(domain)}
        while True:
            answer = await self._account.call("list_hosted_zones_by_name", rank, MaxItems="100", **start)
            zones = [_hosted(raw) for raw in answer["HostedZones"]]
            found += [zone for zone in zones if zone.domain == domain]
            if not answer.get("IsTruncated") or any(zone.domain != domain for zone in zones):
                return found
            start = {"DNSName": answer["NextDNSName"], "HostedZoneId": answer["NextHostedZoneId"]}

    async def _in_vpc(self, zone: HostedZone, rank: Rank) -> bool:
        answer = await self._account.call("get_hosted_zone", rank, Id=zone.id)
        return any(vpc.get("VPCId") == self._config.vpc_id for vpc in answer.get("VPCs", ()))

    async def _tagged(self, zones: list[HostedZone], rank: Rank) -> list[HostedZone]:
        tags: dict[str, dict[str, str]] = {}
        ids = [zone.id for zone in zones]
        for start in range(0, len(ids), 10):
            answer = await self._account.call(
                "list_tags_for_resources", rank, ResourceType="hostedzone", ResourceIds=ids[start : start + 10]
            )
            for found in answer["ResourceTagSets"]:
                tags[found["ResourceId"]] = {tag["Key"]: tag.get("Value", "") for tag in found.get("Tags", ())}
        return [zone for zone in zones if self._wears(tags.get(zone.id, {}))]

    def _wears(self, tags: Mapping[str, str]) -> bool:
        return all(key in tags and value in {"", tags[key]} for key, value in self._config.tags)


def _hosted(raw: Mapping[str, Any]) -> HostedZone:
    private = bool(raw.get("Config", {}).get("PrivateZone"))
    return HostedZone(str(raw["Id"]).removeprefix("/hostedzone/"), spelling.name(raw["Name"]), private)
