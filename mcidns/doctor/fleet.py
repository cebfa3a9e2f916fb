"""The checks of member clusters: their objects, whether they answer, their credentials and rights."""

import asyncio
import time
from contextlib import AsyncExitStack

from mcidns.doctor import asking, catalogue, credentials, installation, reaching, reading, rights
from mcidns.doctor.findings import Group, NotChecked, Outcome
from mcidns.doctor.reaching import Reached
from mcidns.doctor.running import Runner, Work
from mcidns.doctor.site import MemberSeen, Site
from mcidns.errors import ConfigError
from mcidns.hub.local import NOTHING, Local
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.reach import ByContext, ByProvider
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import Failing, Unauthorized, Unreachable


class Fleet:
    """Examines members. `clients` are those that answer, `skews` their clocks as far as known; they close with the stack."""

    def __init__(self, site: Site, runner: Runner, stack: AsyncExitStack, local: Local, timeout: float) -> None:
        self._site = site
        self._runner = runner
        self._stack = stack
        self._local = local
        self._timeout = timeout
        self.clients: dict[str, KubeClient] = {}
        self.skews: dict[str, float] = {}

    async def examine(self, seen: MemberSeen) -> None:
        """Make every check of one member."""
        await self._check(seen, "MemberCluster", lambda: installation.member(seen, self._site.now))
        found: list[tuple[Access, KubeClient]] = []
        await self._check(seen, "access", lambda: self._access(seen, found))
        if not found:
            return
        access, client = found[0]
        await asyncio.gather(
            self._check(seen, "credentials", lambda: self._credentials(seen, access)),
            self._check(seen, "API", lambda: self._reach(seen, access, client)),
        )
        await self._check(seen, "rights", lambda: self._rights(seen))

    async def _check(self, seen: MemberSeen, check: str, work: Work) -> None:
        await self._runner.check(Group.MEMBER, seen.name, check, work)

    def _access(self, seen: MemberSeen, found: list[tuple[Access, KubeClient]]) -> Outcome:
        if isinstance(seen.spec, Unreadable):
            what = f"MemberCluster {seen.name}: {seen.spec.message}"
            return Outcome((catalogue.MEMBER_UNUSABLE.found(what, name=seen.name, remedy="its spec is at fault"),))
        way = seen.spec.access.way
        if isinstance(way, ByProvider | ByContext) and self._local == NOTHING:
            option = "--clusterprofile-provider-file" if isinstance(way, ByProvider) else "--members-from-kubeconfig"
            raise NotChecked(f"it is reached by what the controller's machine has; give {option} here too")
        try:
            access = reading.access_of(self._site, seen.spec, self._local)
        except ConfigError as error:
            what = f"MemberCluster {seen.name}: {error.field} {error.problem}"
            return Outcome((catalogue.MEMBER_UNUSABLE.found(what, name=seen.name, remedy=error.remedy),))
        client = KubeClient(access, timeout=self._timeout)
        self._stack.push_async_callback(client.aclose)
        found.append((access, client))
        return Outcome(note=access.server)

    async def _reach(self, seen: MemberSeen, access: Access, client: KubeClient) -> Outcome:
        try:
            reached = await reaching.reach(client)
        except (Unauthorized, Unreachable) as error:
            await self._raise_if_expired(access, error)
            if isinstance(error, Unauthorized):
                return Outcome((catalogue.MEMBER_LOGIN.found(f"{seen.name}: {error}", remedy=renewal(seen, self._site)),))
            return Outcome((catalogue.MEMBER_UNREACHABLE.found(f"{seen.name}: {error.message}", name=seen.name),))
        self.clients[seen.name] = client
        if reached.skew is not None:
            self.skews[seen.name] = reached.skew
        return pace(seen, reached)

    async def _raise_if_expired(self, access: Access, error: Unauthorized | Unreachable) -> None:
        """An expired credential is a finding of its own, with the better remedy."""
        if isinstance(error, Unreachable) and error.kind is not Failing.TLS:
            return
        ends = await reaching.lifetimes(access, "", self._timeout)
        if any(one.ends <= self._site.now for one in ends):
            raise NotChecked("a credential has expired") from error

    async def _credentials(self, seen: MemberSeen, access: Access) -> Outcome:
        found = await reaching.lifetimes(access, renewal(seen, self._site), self._timeout)
        now = time.time()
        told = ", ".join(f"{one.what} {int((one.ends - now) // 86400)} d" for one in found)
        return Outcome.of(credentials.judge(found, now), told or "no expiry is known")

    async def _rights(self, seen: MemberSeen) -> Outcome:
        client = self.clients.get(seen.name)
        if client is None:
            raise reaching.unreached("")
        wanted = rights.of_member(gateways=await reaching.serves(client, kinds.GATEWAY_GROUP))
        missing = await asking.missing(client, wanted)
        if missing:
            what = f"{seen.name}: its account may not {rights.spelled(missing)}"
            return Outcome((catalogue.MEMBER_RIGHTS.found(what, name=seen.name),))
        return Outcome(note=f"all {len(wanted)} rights of docs/member-rbac.yaml")


def pace(seen: MemberSeen, reached: Reached) -> Outcome:
    """Version and latency of a member that answers, and whether that was too long."""
    note = f"{reached.version or 'no version'}, {reached.seconds * 1000:.0f} ms"
    if reached.seconds > reaching.SLOW:
        return Outcome((catalogue.MEMBER_SLOW.found(f"{seen.name} took {reached.seconds:.1f} s", name=seen.name),), note)
    return Outcome(note=note)


def renewal(seen: MemberSeen, site: Site) -> str:
    """How a member gets other credentials."""
    secrets = seen.spec.access.secrets if isinstance(seen.spec, MemberSpec) else ()
    if not secrets:
        return "log in anew with the program that gives its credentials"
    one = secrets[0]
    place = f"kubectl -n {one.namespace or site.namespace} create secret generic {one.name}"
    content = "--from-file=kubeconfig=FILE" if one.key == "kubeconfig" else f"--from-literal={one.key}=TOKEN"
    return f"{place} {content} --dry-run=client -o yaml | kubectl apply -f -"
