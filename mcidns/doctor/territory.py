"""The checks of DNS: providers, zones and what is seen of them from outside."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from mcidns.doctor import backends, claims, delegation, probing, rules, zones
from mcidns.doctor.backends import Contents, Opened
from mcidns.doctor.delegation import Seen
from mcidns.doctor.findings import Group, NotChecked, Outcome, Result
from mcidns.doctor.outside import Asker
from mcidns.doctor.running import Runner
from mcidns.doctor.site import HostSeen, ProviderSeen, Row, Site, Unseen, ZoneSeen, known
from mcidns.hub.unreadable import Unreadable
from mcidns.model.names import DnsName
from mcidns.model.zones import Zone

AGAIN: Final = 3
PAUSE: Final = 1.0
"""Seconds between looks at what may just be changing, and how many looks."""
NAMES: Final = 1000
"""Published names of a zone that are compared on each server, at most."""

T = TypeVar("T")
Hosts = Callable[[], Awaitable[tuple[HostSeen, ...]]]


@dataclass(slots=True)
class _Found:
    """What the checks of one zone hand on to one another."""

    contents: Contents | None = None
    seen: Seen | None = None


class Territory:
    """Examines providers and zones. `hosts` reads the claims anew; `asker` None: nothing is asked from outside."""

    def __init__(self, site: Site, runner: Runner, hosts: Hosts, *, asker: Asker | None, probe_write: bool) -> None:
        self._site = site
        self._runner = runner
        self._hosts = hosts
        self._asker = asker
        self._probe_write = probe_write
        self._zones = [one for one in _seen(site.zones) if isinstance(one.zone, Zone)]
        self._parsed = [one.zone for one in self._zones if isinstance(one.zone, Zone)]

    async def examine(self) -> None:
        """Make every check of every provider and zone, zones once their provider has been tried."""
        providers = _seen(self._site.providers)
        named = {one.name for one in providers}
        alone = [one for one in self._zones if isinstance(one.zone, Zone) and one.zone.provider not in named]
        async with asyncio.TaskGroup() as tasks:
            for seen in _seen(self._site.zones):
                tasks.create_task(self._object(seen))
            for provider in providers:
                tasks.create_task(self._provider(provider))
            for zone in alone:
                tasks.create_task(self._unprovided(zone))

    async def _check(self, name: str, check: str, work: Callable[[], Outcome | Awaitable[Outcome]]) -> Result:
        return await self._runner.check(Group.ZONE, name, check, work)

    async def _object(self, seen: ZoneSeen) -> None:
        """What the DNSZone itself says."""
        await self._check(seen.name, "DNSZone", lambda: self._of_object(seen))
        zone = seen.zone
        if isinstance(zone, Zone):
            await self._check(seen.name, "grants", lambda: zones.grants(zone, known(self._site.namespaces)))

    def _of_object(self, seen: ZoneSeen) -> Outcome:
        if isinstance(seen.zone, Unreadable):
            what, remedy = f"DNSZone {seen.name}: {seen.zone.message}", "correct its spec"
            return Outcome((rules.ZONE_UNUSABLE.found(what, name=seen.name, remedy=remedy),))
        found = (*zones.twins(seen, self._zones).findings, *zones.held(seen).findings)
        return Outcome(found, f"{seen.zone.domain.relative}, owner {seen.zone.owner_id}, policy {seen.zone.policy}")

    async def _unprovided(self, seen: ZoneSeen) -> None:
        """A zone that nobody programs, or whose provider is not there."""
        zone = seen.zone
        if not isinstance(zone, Zone):
            return

        def work() -> Outcome:
            if zone.provider is None:
                return Outcome(note="no provider: DNSEndpoints only, for ExternalDNS or another release")
            known(self._site.providers)
            what, remedy = f"DNSZone {seen.name}: there is no DNSProvider {zone.provider}", "create it, or correct spec.providerRef"
            return Outcome((rules.ZONE_UNUSABLE.found(what, name=seen.name, remedy=remedy),))

        await self._check(seen.name, "provider", work)

    async def _provider(self, seen: ProviderSeen) -> None:
        mine = [one.zone for one in self._zones if isinstance(one.zone, Zone) and one.zone.provider == seen.name]
        found: list[Opened] = []
        result = await self._runner.check(Group.PROVIDER, seen.name, "login", lambda: self._login(seen, mine, found))
        try:
            async with asyncio.TaskGroup() as tasks:
                for zone in mine:
                    usable = found[0] if found and result.state == "ok" else None
                    tasks.create_task(self._zone(zone, usable))
        finally:
            # One that cannot even be closed has nothing more to tell.
            await asyncio.gather(*(opened.provider.aclose() for opened in found), return_exceptions=True)

    async def _login(self, seen: ProviderSeen, mine: list[Zone], found: list[Opened]) -> Outcome:
        if isinstance(seen.spec, Unreadable):
            remedy = seen.spec.problems[0].remedy if seen.spec.problems else "correct its spec"
            what = f"DNSProvider {seen.name}: {seen.spec.message}"
            return Outcome((rules.PROVIDER_UNUSABLE.found(what, name=seen.name, remedy=remedy),))
        opened = backends.open_(self._site, seen.spec)
        found.append(opened)
        return Outcome(note=f"{seen.spec.type}, tried on {await backends.login(self._site, opened, mine)}")

    async def _zone(self, zone: Zone, opened: Opened | None) -> None:
        """Contents, ownership and the right to write; then what is seen from outside."""
        found = _Found()
        mine = self._claimed(zone, _seen(self._site.hosts))
        await self._check(zone.name, "contents", lambda: self._read(zone, opened, mine, found))
        await self._check(zone.name, "ownership", lambda: self._ownership(mine, found))
        await self._check(zone.name, "writing", lambda: self._write(zone, opened))
        await self._check(zone.name, "delegation", lambda: self._delegation(zone, found))
        await self._check(zone.name, "answers", lambda: self._answers(zone, found))

    def _claimed(self, zone: Zone, hosts: Iterable[HostSeen]) -> dict[DnsName, frozenset[str]]:
        """Names of this zone that are claimed, with the types that were published there."""
        names: dict[DnsName, frozenset[str]] = {}
        for host in hosts:
            for name in host.names:
                if claims.zone_of(name, self._parsed) == zone:
                    types = frozenset(row.type for row in host.rows if row.name == name)
                    names[name] = names.get(name, frozenset()) | types
        return names

    async def _read(self, zone: Zone, opened: Opened | None, mine: dict[DnsName, frozenset[str]], found: _Found) -> Outcome:
        if opened is None:
            raise NotChecked(f"DNSProvider {zone.provider} cannot be used, see there")
        found.contents = await backends.read(self._site, opened, zone, mine)
        serial = f", serial {found.contents.serial}" if found.contents.serial is not None else ""
        if found.contents.unlisted:
            return Outcome(note=f"cannot be listed ({found.contents.unlisted}); {len(mine)} names were looked at{serial}")
        return Outcome(note=f"{len(found.contents.sets)} names{serial}")

    def _ownership(self, mine: dict[DnsName, frozenset[str]], found: _Found) -> Outcome:
        contents = found.contents
        if contents is None:
            raise NotChecked("the zone was not read")
        known(self._site.hosts)
        return zones.ownership(contents.zone, contents.rules, tuple(mine.items()), contents.at)

    async def _write(self, zone: Zone, opened: Opened | None) -> Outcome:
        if not self._probe_write:
            raise NotChecked("nothing is written without --probe-write, which proves it by a TXT that it removes again")
        if opened is None:
            raise NotChecked(f"DNSProvider {zone.provider} cannot be used, see there")
        return await probing.probe(zone, opened.provider)

    async def _delegation(self, zone: Zone, found: _Found) -> Outcome:
        asker = self._outside()
        own, addresses = _servers(zone, found.contents)
        for attempt in range(AGAIN):
            await asyncio.sleep(PAUSE if attempt else 0.0)
            found.seen = seen = await asker.zone(zone.domain, addresses, own)
            if len(delegation.serials(seen)) <= 1:
                break
        findings = (*delegation.delegation(seen, own), *delegation.servers(seen))
        if not findings and seen.delegated is None:
            raise NotChecked(seen.why)
        serials = ", ".join(map(str, sorted(delegation.serials(seen)))) or "none"
        skipped = sum(bool(one.unreached) for one in seen.authorities)
        beside = f"; no way from here to {skipped} of them" if skipped else ""
        return Outcome(findings, f"{len(seen.authorities)} servers, serial {serials}{beside}")

    def _outside(self) -> Asker:
        if self._asker is None:
            raise NotChecked("nothing is asked from outside with --no-outside")
        return self._asker

    async def _answers(self, zone: Zone, found: _Found) -> Outcome:
        asker = self._outside()
        if found.seen is None or not found.seen.answering:
            raise NotChecked("no authoritative server answers this machine")
        hosts = known(self._site.hosts)
        for attempt in range(AGAIN):
            if attempt:
                await asyncio.sleep(PAUSE)
                hosts = await self._hosts()
            every = self._published(zone, hosts)
            listed = every[:NAMES]
            answers = await asker.answers(found.seen.answering, dict.fromkeys((row.name, row.type) for _, row in listed))
            findings = tuple(delegation.answers(listed, answers))
            if not any(one.rule is rules.ANSWERS_DIFFER for one in findings):
                break
        beside = f", the first of {len(every)}" if len(every) > NAMES else ""
        return Outcome(findings, f"{len(listed)} record sets{beside} on {len(found.seen.answering)} servers")

    def _published(self, zone: Zone, hosts: Iterable[HostSeen]) -> list[tuple[HostSeen, Row]]:
        """Rows of this zone. A name that several objects serve is left out: what stands there is the sum of them."""
        listed = tuple(hosts)
        serving = Counter(name for host in listed for name in {row.name for row in host.rows})
        return [
            (host, row)
            for host in listed
            for row in delegation.comparable(host)
            if serving[row.name] == 1 and claims.zone_of(row.name, self._parsed) == zone
        ]


def _servers(zone: Zone, contents: Contents | None) -> tuple[frozenset[DnsName], dict[DnsName, frozenset[str]]]:
    """The servers that the zone names at its apex, and addresses that it holds of them."""
    if contents is None:
        return frozenset(), {}
    named = [one for one in contents.at(zone.domain) if one.type == "NS"]
    own = frozenset(DnsName(value.lower()) for one in named for value in one.values)
    held = {name: [one.values for one in contents.at(name) if one.type in ("A", "AAAA")] for name in own}
    return own, {name: frozenset(value for values in sets for value in values) for name, sets in held.items() if sets}


def _seen(found: tuple[T, ...] | Unseen) -> tuple[T, ...]:
    return () if isinstance(found, Unseen) else found
