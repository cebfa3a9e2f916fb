"""What is there before a cluster joins, and whether it may; nothing is written here."""

from dataclasses import dataclass, field
from typing import Final

from mcidns.errors import ConfigError
from mcidns.hub.fleets.kubeconfigs import CLUSTER
from mcidns.joining import rights, seen, steps, ticket
from mcidns.joining.mint import Held, Mint
from mcidns.joining.sides import Side
from mcidns.joining.steps import Step
from mcidns.joining.ticket import Ticket, Way
from mcidns.kube import kinds
from mcidns.kube.client import Object
from mcidns.kube.errors import NotFound

_AS_KNOWN: Final = Way()


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for. An empty `member_namespace` is that of before, or the usual one.

    `lifetime` of a token in seconds, ENDLESS, or None: as it is; `timeout` in seconds, for each wait. `force`: revoke old tokens
    without proof that the new one is in use.
    """

    cluster: str
    namespace: str = rights.NAMESPACE
    member_namespace: str = ""
    way: Way = _AS_KNOWN
    region: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    lifetime: float | None = None
    rotate: bool = False
    force: bool = False
    wait: bool = False
    timeout: float = 60.0
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What was there: the host's Secret and what it says, what must be done to the member's objects, and the tokens of before."""

    secret: Object | None
    ticket: Ticket
    cluster_id: str
    mint: Mint
    static: tuple[Step, ...] = ()
    held: tuple[Held, ...] = field(default=(), repr=False)

    @property
    def current(self) -> Held | None:
        """The token in use, as far as it is still there."""
        return next((one for one in self.held if self.ticket.token_secret == f"{self.mint.namespace}/{one.name}"), None)


async def look(order: Order, host: Side, member: Side) -> Found:
    """Read both clusters. Raises ConfigError where they do not go together, SideError."""
    await _check_host(order, host)
    secret = await host.find(kinds.SECRET, order.namespace, order.cluster)
    known, cluster_id = ticket.read(secret), await member.uid()
    if known.cluster_id not in ("", cluster_id):
        problem = f"{member} is another cluster than that which was joined as {order.cluster}"
        remedy = f"name the right context; or `mcidns leave {order.cluster} --host-only` first, or join it by another name"
        raise ConfigError("--member-context", problem, remedy)
    namespace = namespace_of(order.member_namespace, known, order.cluster)
    wanted = rights.manifests(namespace)
    static = [steps.plan("member", one, await member.find(one.kind, one.namespace, one.name)) for one in wanted]
    mint = Mint(member, namespace, order.cluster, await host.uid())
    return Found(secret, known, cluster_id, mint, tuple(static), await mint.held())


def namespace_of(asked: str, known: Ticket, cluster: str) -> str:
    """Where the account is in the member. Raises ConfigError where it is elsewhere than asked."""
    before = known.token_secret.partition("/")[0]
    if asked and before not in ("", asked):
        remedy = f"leave the option out; or `mcidns leave {cluster}`, and join again with it"
        raise ConfigError("--member-namespace", f"the account of {cluster} is in {before}", remedy)
    return asked or before or rights.NAMESPACE


async def _check_host(order: Order, host: Side) -> None:
    with host.speaking():
        try:
            await host.client.page(kinds.MEMBER_CLUSTER, limit=1)
        except NotFound as error:
            problem = f"{host} has no MemberClusters, so mcidns is not installed there"
            remedy = "name the context of the host cluster, or install mcidns there first"
            raise ConfigError("--host-context", problem, remedy) from error
    if await host.find(kinds.NAMESPACE, "", order.namespace) is None:
        raise ConfigError("--namespace", f"{host} has no namespace {order.namespace}", "name that in which mcidns runs")
    for secret in await host.list(kinds.SECRET, order.namespace, f"{CLUSTER}={order.cluster}"):
        name = secret["metadata"]["name"]
        if name != order.cluster:
            problem = f"Secret {order.namespace}/{name} makes {order.cluster} a member already"
            raise ConfigError("CLUSTER", problem, "remove it, or choose another name")
    ours = ("Secret", order.namespace, order.cluster)
    member = await host.find(kinds.MEMBER_CLUSTER, "", order.cluster)
    origin = seen.origin(member) if member is not None else ours
    if origin != ours:
        maker = f"made of {origin[0]} {origin[1]}/{origin[2]}" if origin is not None else "written by hand"
        problem = f"there is a MemberCluster {order.cluster}, {maker}"
        raise ConfigError("CLUSTER", problem, "remove that, or choose another name")
