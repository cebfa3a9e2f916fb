"""A whole examination: what is looked at, in which order, and what at once; each check lives beside it."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Final

from mcidns.doctor import (
    asking,
    catalogue,
    claims,
    clocks,
    credentials,
    definitions,
    installation,
    reaching,
    reading,
    rights,
    shipped,
)
from mcidns.doctor.asking import Account
from mcidns.doctor.claims import Surroundings
from mcidns.doctor.credentials import Lifetime
from mcidns.doctor.findings import Group, Outcome, Result
from mcidns.doctor.fleet import Fleet
from mcidns.doctor.outside import Asker
from mcidns.doctor.rights import Half
from mcidns.doctor.running import Runner, Step, Work
from mcidns.doctor.site import HostSeen, MemberSeen, Site, Unseen, known
from mcidns.doctor.territory import Territory
from mcidns.errors import ConfigError, McidnsError
from mcidns.hub.local import NOTHING, Local
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import KubeError
from mcidns.model.clusters import Cluster
from mcidns.model.hosts import Host
from mcidns.model.references import ClusterName
from mcidns.model.zones import Zone

HOST: Final = "host"
"""The host cluster among the clusters whose clocks are compared."""
HINTS: Final = 20
"""Hosts without a source for which members are asked what they have, at most."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to examine. `namespace` is the controller's, `account` whose rights are checked (empty: found out).

    `only` is the half that runs, None: as its Deployment says. `timeout` in seconds bounds each check, `request` each question
    to an API server. `asker` None: nothing from outside.
    """

    namespace: str = "mcidns-system"
    account: str = ""
    only: Half | None = None
    timeout: float = 60.0
    request: float = 10.0
    probe_write: bool = False
    asker: Asker | None = None
    local: Local = NOTHING


async def examine(access: Access, options: Options, on_step: Step = lambda *_: None) -> tuple[Result, ...]:
    """Look at everything. Never raises for what is found: that is what the results are for."""
    runner = Runner(options.timeout, on_step)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(KubeClient(access, timeout=options.request))
        one = _Examination(client, options, runner, stack)
        if await one.greet():
            await one.run()
    return runner.results


class _Examination:
    def __init__(self, client: KubeClient, options: Options, runner: Runner, stack: AsyncExitStack) -> None:
        self._client = client
        self._options = options
        self._runner = runner
        self._stack = stack
        self._skews: dict[str, float] = {}

    async def greet(self) -> bool:
        """Whether the host answers at all; without it there is nothing to look at."""
        result = await self._host("API", self._greet)
        return result.state == "ok"

    async def _greet(self) -> Outcome:
        try:
            reached = await reaching.reach(self._client)
        except (KubeError, ConfigError) as error:
            return Outcome((catalogue.HOST_UNREACHABLE.found(str(error)),))
        if reached.skew is not None:
            self._skews[HOST] = reached.skew
        server = self._client.access.server
        return Outcome(note=f"{server}, {reached.version or 'no version'}, {reached.seconds * 1000:.0f} ms")

    async def _read(self, found: list[Site]) -> Outcome:
        site = await reading.read(self._client, self._options.namespace)
        found.append(site)
        listed = (("GlobalHosts and records", site.hosts), ("MemberClusters", site.members), ("DNSZones", site.zones))
        return Outcome(note=", ".join(f"{len(one)} {what}" for what, one in listed if not isinstance(one, Unseen)))

    async def _host(self, check: str, work: Work) -> Result:
        return await self._runner.check(Group.HOST, "", check, work)

    async def run(self) -> None:
        """Everything that does not rest on members at once, then what does."""
        read: list[Site] = []
        await self._host("objects", lambda: self._read(read))
        if not read:
            return
        site = read[0]
        fleet = Fleet(site, self._runner, self._stack, self._options.local, self._options.request)
        territory = Territory(
            site, self._runner, self._hosts_anew, asker=self._options.asker, probe_write=self._options.probe_write
        )
        async with asyncio.TaskGroup() as tasks:
            for check, work in self._host_checks(site):
                tasks.create_task(self._host(check, work))
            for member in site.members if not isinstance(site.members, Unseen) else ():
                tasks.create_task(fleet.examine(member))
            tasks.create_task(territory.examine())
        await self._host("clocks", lambda: Outcome.of(clocks.judge(self._skews | fleet.skews), _told(self._skews | fleet.skews)))
        await self._claims(site, fleet)

    def _host_checks(self, site: Site) -> Iterable[tuple[str, Work]]:
        yield "CRDs", self._definitions
        yield "certificate", self._certificate
        for account in asking.accounts(site, self._options.account):
            yield f"rights of {account}", lambda account=account: self._rights(site, account)  # type: ignore[misc]
        yield "controller", lambda: installation.controllers(site)
        yield "leader", lambda: installation.leader(site)
        yield "members", lambda: installation.members(site)
        yield "Secrets of members", lambda: installation.secrets(site)
        yield "Secrets elsewhere", lambda: installation.misplaced(site)
        yield "ExternalDNS", lambda: installation.rivals(site)
        for what, found in (("DNSZones", site.zones), ("DNSProviders", site.providers), ("GlobalHosts", site.hosts)):
            if isinstance(found, Unseen):
                yield what, lambda found=found: Outcome(note=str(len(known(found))))  # type: ignore[misc]

    async def _definitions(self) -> Outcome:
        installed = await self._client.list(kinds.CRD)
        found = definitions.judge(shipped.definitions(), installed)
        return Outcome.of(found, f"{len(shipped.definitions())} as this version ships them")

    async def _certificate(self) -> Outcome:
        """The host's own; credentials of whoever runs this are no business of the installation."""
        end = await reaching.served(self._client.access, self._options.request)
        if end is None:
            return Outcome(note="none is shown, or only by way of a proxy")
        one = Lifetime("the API server's certificate", end, reaching.RENEWAL)
        return Outcome.of(credentials.judge((one,), time.time()), f"{one.what} {int((end - time.time()) // 86400)} d")

    async def _rights(self, site: Site, account: Account) -> Outcome:
        ours = [one for one in site.controllers if account.user.endswith(f":{one.account}")]
        seen = {(half, _lease(one.args)) for one in ours if (half := _half(one.args))}
        only = self._options.only
        halves = seen if only is None else {(only, next((lease for _, lease in seen), None))}
        wanted = {
            right
            for half, lease in halves or {("both", None)}
            for right in rights.of_host(half, site.namespace, _elsewhere(site), managed=site.managed, lease=lease)
        }
        missing = await asking.missing(self._client, sorted(wanted), account)
        if missing:
            what = f"{account} may not {rights.spelled(missing)}"
            return Outcome((catalogue.HOST_RIGHTS.found(what, account=account.user or "it"),))
        return Outcome(note=f"all {len(wanted)} rights of docs/host-rbac.yaml")

    async def _hosts_anew(self) -> tuple[HostSeen, ...]:
        return known(await reading.claims(self._client))

    async def _claims(self, site: Site, fleet: Fleet) -> None:
        """Every object that claims names, with what members have where a source is nowhere."""
        if isinstance(site.hosts, Unseen):
            return
        around = _surroundings(site, self._options.namespace)
        around = await _with_candidates(around, site.hosts, fleet)
        for host in site.hosts:
            subject = str(host.ref)
            await self._runner.check(Group.HOSTS, subject, "claim", lambda host=host: claims.judge(host, around))  # type: ignore[misc]


def _half(args: tuple[str, ...]) -> Half | None:
    for half in ("decide", "program", "both"):
        if f"--only={half}" in args:
            return half
    return None


def _lease(args: tuple[str, ...]) -> str | None:
    return next((one.removeprefix("--lease=") for one in args if one.startswith("--lease=")), None)


def _elsewhere(site: Site) -> tuple[str, ...]:
    """Other namespaces whose Secrets the controller reads: those to which members refer, but for OCM's."""
    found: set[str] = set()
    for one in site.members if not isinstance(site.members, Unseen) else ():
        if not isinstance(one.spec, Unreadable) and (one.spec.source is None or one.spec.source.kind != kinds.MANAGED_CLUSTER.kind):
            found.update(secret.namespace for secret in one.spec.access.secrets if secret.namespace)
    return tuple(sorted(found - {site.namespace}))


def _told(skews: dict[str, float]) -> str:
    worst = max((abs(one) for one in skews.values()), default=0.0)
    return f"{len(skews)} clusters within {worst:.0f} s of this machine" if skews else "no cluster tells its time"


def _surroundings(site: Site, namespace: str) -> Surroundings:
    zones = site.zones if not isinstance(site.zones, Unseen) else None
    members = site.members if not isinstance(site.members, Unseen) else None
    return Surroundings(
        controller=namespace,
        zones=None if zones is None else tuple(one.zone for one in zones if isinstance(one.zone, Zone)),
        clusters=None if members is None else tuple(_cluster(one) for one in members),
    )


def _cluster(seen: MemberSeen) -> Cluster:
    return Cluster(ClusterName(seen.name)) if isinstance(seen.spec, Unreadable) else seen.spec.cluster


async def _with_candidates(around: Surroundings, hosts: Iterable[HostSeen], fleet: Fleet) -> Surroundings:
    lost = [
        one
        for one in hosts
        if isinstance(one.host, Host) and one.told.current and one.told.of("ResolvedRefs").reason == "SourceNotFound"
    ]
    found = await asyncio.gather(*(_candidates(one, fleet) for one in lost[:HINTS]))
    return replace(around, candidates=tuple(zip(lost, found, strict=False)))


_SOURCES: Final = {kind.kind: kind for kind in (kinds.INGRESS, kinds.SERVICE, *kinds.GATEWAY_API)}


async def _candidates(seen: HostSeen, fleet: Fleet) -> tuple[str, ...]:
    """Names of objects of the source's kind in the host's namespace, in any member that answers."""
    if not isinstance(seen.host, Host):
        return ()
    kind, names = _SOURCES[seen.host.source.kind], set[str]()
    listed = await asyncio.gather(
        *(client.list(kind, seen.ref.namespace) for client in fleet.clients.values()), return_exceptions=True
    )
    for found in listed:
        if isinstance(found, McidnsError):
            continue  # only a hint is lost
        if isinstance(found, BaseException):
            raise found
        names.update(str(obj["metadata"]["name"]) for obj in found)
    return tuple(sorted(names))
