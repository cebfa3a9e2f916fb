"""What the running controller says of a member in its MemberCluster, and waiting for it to say so; nothing is written here."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from mcidns.hub.fields import Fields
from mcidns.joining.journal import Journal
from mcidns.joining.sides import Side
from mcidns.kube import kinds
from mcidns.kube.client import Object

_POLL: Final = 0.2


def origin(member: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Kind, namespace and name of what made the MemberCluster, None for one by hand."""
    spec = Fields(member, "", []).child("spec")
    source = spec.child("source")
    return (source.text("kind"), source.text("namespace"), source.text("name")) if spec.has("source") else None


def fingerprint(member: Mapping[str, Any] | None) -> str:
    """Which token the controller proved to work last; empty if it does not say."""
    return Fields(member or {}, "", []).child("status").child("credentials").text("fingerprint")


def trouble(member: Mapping[str, Any] | None, token: str = "") -> str:
    """Why the member is not ready, with this token if one is meant; empty if it is."""
    if member is None:
        return "the controller has not made the MemberCluster yet; does mcidns run on the host?"
    conditions = {one.text("type"): one for one in Fields(member, "", []).child("status").children("conditions")}
    for name in ("Reachable", "Synced"):
        one = conditions.get(name)
        if one is None:
            return f"the controller has not said yet whether it is {name}; does mcidns run on the host?"
        if one.text("status") != "True":
            return f"{name} is {one.text('status')}, {one.text('reason')}: {one.text('message')}"
    if token and fingerprint(member) != token:
        return "the controller still uses another token"
    return ""


async def until_ready(host: Side, cluster: str, journal: Journal, timeout: float, token: str = "") -> bool:
    """Wait until the member is ready, telling what it waits for; False after `timeout` seconds. Raises SideError."""
    return await _until(host, cluster, journal, timeout, lambda member: trouble(member, token))


async def until_gone(host: Side, cluster: str, journal: Journal, timeout: float) -> bool:
    """Wait until the controller has let the member go; False after `timeout` seconds. Raises SideError."""
    left = "the controller has not taken the MemberCluster away yet; does mcidns run on the host?"
    return await _until(host, cluster, journal, timeout, lambda member: "" if member is None else left)


async def _until(host: Side, cluster: str, journal: Journal, timeout: float, why_not: Callable[[Object | None], str]) -> bool:
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while True:
        why = why_not(await host.find(kinds.MEMBER_CLUSTER, "", cluster))
        if not why:
            return True
        if loop.time() >= end:
            return False
        journal.remark(f"waiting: {why}")
        await asyncio.sleep(_POLL)
