"""The tokens that this host has in a member: made, found again, revoked; which of them is in use is known to the host's Secret."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcidns.hub import secret, times
from mcidns.joining.rights import ACCOUNT, LABELS, Wanted
from mcidns.joining.sides import Need, Side, SideError
from mcidns.kube import kinds
from mcidns.kube.client import Object
from mcidns.kube.errors import NotFound
from mcidns.model.secrets import Secret

HOST: Final = "mcidns.io/host"
"""Label of a token's Secret: the id of the host cluster that uses it."""

MEMBER: Final = "mcidns.io/member"
"""Label of a token's Secret: the member's name on that host."""

LIFETIME: Final = "mcidns.io/token-lifetime"
"""Annotation of a Secret to which a token is bound that ends: the seconds asked for."""

ENDLESS: Final = 0.0
_TYPE: Final = "kubernetes.io/service-account-token"
_ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
_POLL: Final = 0.1


@dataclass(frozen=True, slots=True)
class Held:
    """A Secret in the member that stands for one token. `lifetime` in seconds; only a token without end is kept in it."""

    name: str
    uid: str
    lifetime: float = ENDLESS
    token: Secret | None = None


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token; with its Secret it dies. `expires` in unix seconds. `shortened`: the server gave less time than asked."""

    name: str
    token: Secret
    expires: float | None = None
    shortened: bool = False


@dataclass(frozen=True, slots=True)
class Mint:
    """Where tokens come from. A token dies with its Secret, whether it is kept in it or bound to it."""

    side: Side
    namespace: str
    cluster: str
    host_id: str

    async def held(self) -> tuple[Held, ...]:
        """The tokens of this host for this member. Raises SideError."""
        found = await self.side.list(kinds.SECRET, self.namespace, f"{HOST}={self.host_id},{MEMBER}={self.cluster}")
        return tuple(_read(obj) for obj in found)

    async def others(self) -> tuple[str, ...]:
        """Secrets with tokens of the account that are not ours: of other hosts or names, or made by hand. Raises SideError."""
        labelled = await self.side.list(kinds.SECRET, self.namespace, HOST)
        endless = await self.side.list(kinds.SECRET, self.namespace, fields=f"type={_TYPE}")
        of_account = [one for one in endless if (one["metadata"].get("annotations") or {}).get(_ACCOUNT_NAME) == ACCOUNT]
        ours = {one.name for one in await self.held()}
        return tuple(sorted({str(one["metadata"]["name"]) for one in (*labelled, *of_account)} - ours))

    def blank(self, lifetime: float) -> Wanted:
        """A new Secret for a token."""
        name = f"mcidns-token-{self.cluster}-{secrets.token_hex(3)}"
        endless = lifetime == ENDLESS
        notes = {_ACCOUNT_NAME: ACCOUNT} if endless else {LIFETIME: f"{lifetime:g}"}
        metadata = {
            "name": name,
            "namespace": self.namespace,
            "labels": {**LABELS, HOST: self.host_id, MEMBER: self.cluster},
            "annotations": notes,
        }
        return Wanted(kinds.SECRET, self.namespace, name, {"metadata": metadata, "type": _TYPE if endless else "Opaque"})

    def needs(self, lifetime: float) -> tuple[Need, ...]:
        """The rights to make one."""
        found = [Need.of(kinds.SECRET, verb, self.namespace) for verb in ("create", "get", "delete")]
        if lifetime != ENDLESS:
            found.append(Need.of(kinds.SERVICE_ACCOUNT, "create", self.namespace, ACCOUNT, "token"))
        return tuple(found)

    async def make(self, blank: Wanted, lifetime: float, timeout: float) -> Minted:
        """A token that works once the account has its rights; `timeout` seconds for the member to make it. Raises SideError."""
        with self.side.speaking():
            made = await self.side.client.create(blank.kind, blank.namespace, blank.body)
        try:
            if lifetime == ENDLESS:
                return Minted(blank.name, await self._filled(blank.name, timeout))
            return await self._bound(blank.name, str(made["metadata"]["uid"]), lifetime)
        except BaseException:
            await self.revoke(blank.name)
            raise

    async def _filled(self, name: str, timeout: float) -> Secret:
        try:
            async with asyncio.timeout(timeout):
                while True:
                    obj = await self.side.find(kinds.SECRET, self.namespace, name)
                    token = _read(obj).token if obj is not None else None
                    if token is not None:
                        return token
                    await asyncio.sleep(_POLL)
        except TimeoutError as error:
            problem = f"{self.side}: Secret {self.namespace}/{name} got no token within {timeout:g} s"
            remedy = "look at its kube-controller-manager, or take a token that ends: --token-lifetime 2160h"
            raise SideError(f"{problem}; {remedy}") from error

    async def _bound(self, name: str, uid: str, lifetime: float) -> Minted:
        ref = {"apiVersion": "v1", "kind": "Secret", "name": name, "uid": uid}
        spec = {"expirationSeconds": int(lifetime), "boundObjectRef": ref}
        with self.side.speaking():
            answer = await self.side.client.request_token(self.namespace, ACCOUNT, spec)
        status: Mapping[str, Any] = answer.get("status") or {}
        given = (answer.get("spec") or {}).get("expirationSeconds")
        shortened = isinstance(given, int) and given < int(lifetime)
        return Minted(name, Secret(str(status["token"])), times.parse(str(status["expirationTimestamp"])), shortened)

    async def revoke(self, name: str) -> None:
        """Let the token die with its Secret. Raises SideError."""
        with self.side.speaking():
            try:
                await self.side.client.delete(kinds.SECRET, self.namespace, name)
            except NotFound:
                return


def _read(obj: Object) -> Held:
    metadata, content = obj["metadata"], secret.content(obj.get("data"))
    lifetime = (metadata.get("annotations") or {}).get(LIFETIME, "")
    return Held(
        name=str(metadata["name"]),
        uid=str(metadata.get("uid", "")),
        lifetime=float(lifetime) if lifetime.replace(".", "", 1).isdigit() else ENDLESS,
        token=content.get("token"),
    )
