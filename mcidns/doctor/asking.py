"""Asks an API server what an account may do, right by right; which rights matter is known to rights."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mcidns.doctor.findings import NotChecked
from mcidns.doctor.rights import Right
from mcidns.doctor.site import Site
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import Forbidden

_AT_ONCE: Final = 8
_ACCOUNT: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose rights are asked for. An empty `user` is whoever asks."""

    user: str = ""

    @property
    def groups(self) -> list[str]:
        """What the API server adds to a service account that has logged in."""
        if not self.user.startswith(_ACCOUNT):
            return ["system:authenticated"]
        namespace = self.user.removeprefix(_ACCOUNT).partition(":")[0]
        return ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]

    def __str__(self) -> str:
        return self.user or "the account that this runs as"


def accounts(site: Site, named: str) -> tuple[Account, ...]:
    """The controller's: the one named, else those of its Deployments in the controller's namespace, else whoever asks."""
    if named:
        return (Account(named),)
    found = [one for one in site.controllers if one.namespace == site.namespace]
    users = dict.fromkeys(f"{_ACCOUNT}{one.namespace}:{one.account}" for one in found)
    return tuple(Account(user) for user in users) or (Account(),)


async def missing(client: KubeClient, wanted: Iterable[Right], account: Account = Account()) -> tuple[Right, ...]:
    """The rights that the account has not. Raises NotChecked where we may not ask, KubeError."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def allowed(right: Right) -> bool:
        async with gate:
            return await _allowed(client, right, account)

    rights = tuple(wanted)
    if not rights:
        return ()
    first = await allowed(rights[0])  # before many are sent: whether we may ask at all
    answers = (first, *await asyncio.gather(*(allowed(right) for right in rights[1:])))
    return tuple(right for right, may in zip(rights, answers, strict=True) if not may)


async def _allowed(client: KubeClient, right: Right, account: Account) -> bool:
    spec: dict[str, object] = {"resourceAttributes": right.attributes}
    if not account.user:
        answer = await client.create(kinds.OWN_ACCESS_REVIEW, None, {"spec": spec})
    else:
        spec |= {"user": account.user, "groups": account.groups}
        try:
            answer = await client.create(kinds.ACCESS_REVIEW, None, {"spec": spec})
        except Forbidden as error:
            raise NotChecked(f"what {account} may: the right to create {kinds.ACCESS_REVIEW} is missing") from error
    return bool((answer.get("status") or {}).get("allowed"))
