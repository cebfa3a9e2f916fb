"""Whether a token can read what mcidns needs in a member and can do nothing else, asked of the member itself."""

import asyncio
from typing import Final

from mcidns.joining.sides import Need, Side, SideError
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import Forbidden, KubeError, NotFound, Unauthorized, Unreachable
from mcidns.kube.kinds import Kind

READ: Final = (kinds.SERVICE, kinds.INGRESS, kinds.ENDPOINT_SLICE, kinds.NAMESPACE, *kinds.GATEWAY_API)

MUST_NOT: Final = (
    *(Need.of(kind, verb) for kind in (kinds.SERVICE, kinds.INGRESS) for verb in ("create", "update", "patch", "delete")),
    *(Need.of(kinds.SECRET, verb) for verb in ("get", "list", "create")),
    Need("", "pods", "create"),
    Need.of(kinds.CLUSTER_ROLE_BINDING, "create"),
    Need("*", "*", "*"),
)
"""What a reader's token may not do; a binding of somebody else's, such as one for all accounts, may allow it."""

_AGAIN: Final = 0.1


async def holds(access: Access) -> bool:
    """Whether the member still takes this token. Raises KubeError where it cannot be asked."""
    async with KubeClient(access) as client:
        try:
            await client.page(kinds.SERVICE, limit=1)
        except Unauthorized:
            return False
        except Forbidden:
            return True  # who it is was believed
        return True


async def prove(access: Access, context: str, timeout: float) -> tuple[Need, ...]:
    """Read all of it with the token, and tell what it may do that it should not.

    Rights take a moment to spread in the member: `timeout` seconds for that. Raises SideError, Unreachable.
    """
    async with KubeClient(access) as client:
        await _spread(client, context, timeout)
        me = Side("member", context, client)
        answers = await asyncio.gather(*(me.may(need) for need in MUST_NOT))
    return tuple(need for need, allowed in zip(MUST_NOT, answers, strict=True) if allowed)


async def _spread(client: KubeClient, context: str, timeout: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while True:
        try:
            for kind in READ:
                await _read(client, kind)
            await client.get(kinds.NAMESPACE, None, "kube-system")
        except (Forbidden, Unauthorized) as error:
            if loop.time() >= end:
                raise SideError(f"the new token cannot read the member (context {context}): {error}") from error
            await asyncio.sleep(_AGAIN)
        except Unreachable:
            raise
        except KubeError as error:
            raise SideError(f"the new token cannot read the member (context {context}): {error}") from error
        else:
            return


async def _read(client: KubeClient, kind: Kind) -> None:
    try:
        await client.page(kind, limit=1)
    except NotFound:
        if kind not in kinds.GATEWAY_API:
            raise
