"""A member let go: out of the host first, and out of its own cluster once the host no longer asks it."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcidns.errors import ConfigError
from mcidns.joining import rights, seen, steps, ticket
from mcidns.joining.journal import Journal
from mcidns.joining.look import namespace_of
from mcidns.joining.mint import Mint
from mcidns.joining.rights import Wanted
from mcidns.joining.sides import Need, Side
from mcidns.joining.steps import VERBS, Deed, Step
from mcidns.kube import kinds


@dataclass(frozen=True, slots=True)
class Farewell:
    """What a person asks for. `timeout` in seconds: how long the controller may take; 0 does not wait for it."""

    cluster: str
    namespace: str = rights.NAMESPACE
    member_namespace: str = ""
    with_namespace: bool = False
    timeout: float = 60.0
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """How it ended. `remaining`: commands that take away what is left in the member."""

    complete: bool
    remaining: tuple[str, ...] = ()


class Leave:
    """One leaving; without a `member` its cluster is left as it is. A second run goes on from where the first ended."""

    def __init__(self, order: Farewell, host: Side, member: Side | None, journal: Journal) -> None:
        self._order = order
        self._host = host
        self._member = member
        self._journal = journal

    async def run(self) -> Left:
        """Do it all. Raises ConfigError, SideError."""
        order = self._order
        wanted = Wanted(kinds.SECRET, order.namespace, order.cluster, {})
        there = await self._host.find(kinds.SECRET, order.namespace, order.cluster)
        known = ticket.read(there)
        out = steps.removal("host", wanted, there)
        if out.deed is Deed.LEAVE:
            problem = f"Secret {order.namespace}/{order.cluster} was not made by `mcidns join`"
            raise ConfigError("CLUSTER", problem, "remove it by hand, which lets the member leave as well")
        namespace = namespace_of(order.member_namespace, known, order.cluster)
        inside = await self._inside(namespace, known.cluster_id, joined=there is not None)
        await self._permitted(out, inside)
        await self._do(self._host, out)
        if not order.dry_run and not await self._let_go():
            return Left(complete=False)
        if self._member is not None:
            for step in inside:
                await self._do(self._member, step)
        return Left(complete=True, remaining=tuple(self._remaining(namespace)))

    async def _inside(self, namespace: str, cluster_id: str, *, joined: bool) -> tuple[Step, ...]:
        """What is taken away in the member: our tokens, and what nobody else's token needs."""
        member, order = self._member, self._order
        if member is None:
            return ()
        if cluster_id not in ("", await member.uid()):
            problem = f"{member} is another cluster than that which was joined as {order.cluster}"
            raise ConfigError("--member-context", problem, "name the right context, or add --host-only")
        mint = Mint(member, namespace, order.cluster, await self._host.uid())
        held, others, found = await mint.held(), await mint.others(), []
        bindings = await member.list(kinds.CLUSTER_ROLE_BINDING)
        own = rights.binding_name(namespace)
        shared = any(one["roleRef"].get("name") == rights.ROLE and one["metadata"]["name"] != own for one in bindings)
        for wanted in reversed(rights.manifests(namespace)):
            step = steps.removal("member", wanted, await member.find(wanted.kind, wanted.namespace, wanted.name))
            if step.deed is not Deed.REMOVE:
                pass
            elif others:
                step = _kept(step, f"there are other tokens of the account, in Secret {', '.join(others)}")
            elif not joined and not held:
                step = _kept(step, f"{order.cluster} was not joined from this host, so it may be somebody's")
            elif wanted.kind is kinds.CLUSTER_ROLE and shared:
                step = _kept(step, "another binding refers to it")
            elif wanted.kind is kinds.NAMESPACE and not order.with_namespace:
                step = _kept(step, "--delete-namespace removes it with all that is in it")
            found.append(step)
        # Last, as they are the sign that something is left to do.
        note = "its token is revoked"
        found += [Step("member", kinds.SECRET, namespace, one.name, Deed.REMOVE, {}, note, one.uid) for one in held]
        return tuple(found)

    async def _permitted(self, out: Step, inside: tuple[Step, ...]) -> None:
        """Refuse before anything is written what would fail half-way. Raises Denied."""
        if out.deed in VERBS:
            await self._host.require([Need.of(out.kind, VERBS[out.deed], out.namespace)])
        if self._member is not None:
            await self._member.require([Need.of(one.kind, VERBS[one.deed], one.namespace) for one in inside if one.deed in VERBS])

    async def _let_go(self) -> bool:
        """Whether the controller no longer asks the member, so that its account can go."""
        order, journal = self._order, self._journal
        if not order.timeout:
            return True
        if await seen.until_gone(self._host, order.cluster, journal, order.timeout):
            journal.remark(f"mcidns has let {order.cluster} go")
            return True
        journal.warn(
            f"mcidns did not let {order.cluster} go within {order.timeout:g} s, so its account was left: run this again, "
            "or with --no-wait if mcidns does not run"
        )
        return False

    async def _do(self, side: Side, step: Step) -> None:
        await steps.carry_out(side, step, dry_run=self._order.dry_run)
        self._journal.done(step)

    def _remaining(self, namespace: str) -> Iterator[str]:
        if self._member is not None:
            return
        yield f"kubectl delete clusterrolebinding {rights.binding_name(namespace)}"
        yield f"kubectl delete clusterrole {rights.ROLE}"
        yield f"kubectl -n {namespace} delete secret -l mcidns.io/member={self._order.cluster}"
        yield f"kubectl -n {namespace} delete serviceaccount {rights.ACCOUNT}"


def _kept(step: Step, why: str) -> Step:
    return Step(step.role, step.kind, step.namespace, step.name, Deed.LEAVE, {}, why)
