"""The two clusters of a joining, and what goes wrong with which of them; what is asked of them lives elsewhere."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from mcidns.errors import McidnsError
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import Forbidden, KubeError, NotFound, Unauthorized, Unreachable
from mcidns.kube.kinds import Kind

Role = Literal["host", "member"]


class SideError(McidnsError):
    """One of the clusters did not do what was asked."""


class SideUnreachable(SideError):
    """One of the clusters gives no answer."""


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A right that the person needs, as RBAC spells it; an empty namespace is the whole cluster."""

    group: str
    resource: str
    verb: str
    namespace: str = ""
    name: str = ""

    @staticmethod
    def of(kind: Kind, verb: str, namespace: str = "", name: str = "", subresource: str = "") -> "Need":
        """The right to do this to objects of a kind."""
        return Need(kind.group, f"{kind.plural}/{subresource}" if subresource else kind.plural, verb, namespace, name)

    @property
    def rule(self) -> str:
        """The rule of a role that gives it."""
        return f'{{apiGroups: ["{self.group}"], resources: [{self.resource}], verbs: [{self.verb}]}}'

    def __str__(self) -> str:
        return f"{self.rule} {f'in the namespace {self.namespace}' if self.namespace else 'at cluster scope'}"


class Denied(SideError):
    """The person may not do what it takes; `needs` are the rules that are missing."""

    def __init__(self, side: "Side", needs: Iterable[Need]) -> None:
        self.needs = tuple(sorted(set(needs)))
        listed = "".join(f"\n  {need}" for need in self.needs)
        super().__init__(f"{side}: ask its administrator for these rights, which you lack, or use another context:{listed}")


_REVIEWS: Final = kinds.OWN_ACCESS_REVIEW


@dataclass(frozen=True, slots=True)
class Side:
    """One cluster as the person reaches it."""

    role: Role
    context: str
    client: KubeClient

    def __str__(self) -> str:
        return f"the {self.role} cluster (context {self.context})" if self.context else f"the {self.role} cluster"

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Errors of the API as errors of this cluster; NotFound passes, as it may be an answer."""
        try:
            yield
        except NotFound:
            raise
        except Unreachable as error:
            raise SideUnreachable(f"{self}: {error}; check the context and the network") from error
        except Unauthorized as error:
            raise SideError(f"{self}: {error}; log in to it again") from error
        except Forbidden as error:
            raise SideError(f"{self}: {error}; ask its administrator for this right, or use another context") from error
        except KubeError as error:
            raise SideError(f"{self}: {error}") from error

    async def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """An object, None where there is none. Raises SideError."""
        with self.speaking():
            try:
                return await self.client.get(kind, namespace or None, name)
            except NotFound:
                return None

    async def list(self, kind: Kind, namespace: str = "", labels: str = "", fields: str = "") -> list[Object]:
        """Objects by labels and fields; none where the kind is not served. Raises SideError."""
        with self.speaking():
            try:
                return await self.client.list(kind, namespace or None, label_selector=labels, field_selector=fields)
            except NotFound:
                return []

    async def uid(self) -> str:
        """The id of the cluster: the uid of its namespace kube-system. Raises SideError."""
        found = await self.find(kinds.NAMESPACE, "", "kube-system")
        return str(found["metadata"].get("uid", "")) if found is not None else ""

    async def require(self, needs: Iterable[Need]) -> None:
        """Raise Denied unless the person may do all of this."""
        wanted = tuple(dict.fromkeys(needs))
        answers = await asyncio.gather(*(self.may(need) for need in wanted))
        missing = [need for need, allowed in zip(wanted, answers, strict=True) if not allowed]
        if missing:
            raise Denied(self, missing)

    async def may(self, need: Need) -> bool:
        """Whether who asks may do this. Raises SideError."""
        resource, _, subresource = need.resource.partition("/")
        attributes = {
            "group": need.group,
            "resource": resource,
            "subresource": subresource,
            "verb": need.verb,
            "namespace": need.namespace,
            "name": need.name,
        }
        review = {"metadata": {}, "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}}}
        with self.speaking():
            answer = await self.client.create(_REVIEWS, None, review)
        return (answer.get("status") or {}).get("allowed") is True
