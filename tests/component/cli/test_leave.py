"""`mcidns leave` between two API servers with access control: what it takes away, in which order, and what it leaves alone."""

from pathlib import Path
from typing import Any

import pytest

from mcidns.demo import manifests
from mcidns.model.decisions import Reason
from mcidns.testing.build import remembered
from tests.component.cli.pair import SYSTEM, Pair, grant, pair, rule, steps
from tests.component.cli.test_drain import ghost
from tests.component.cli.test_join import READ_ALL, member_cluster

QUICK = ("--timeout", "300ms")
HERE, THERE = remembered("catania", "192.0.2.1"), remembered("napoli", "198.51.100.1")
THERE_OUT = remembered("napoli", "198.51.100.1", reason=Reason.NOT_READY)


def is_clean(it: Pair) -> bool:
    """Nothing of ours is left in the member but the namespace."""
    return {kind for kind, obj in it.of_member().items() if obj is not None} == {"Namespace"} and not it.member.list(
        "secrets", SYSTEM
    )


@pytest.mark.parametrize("lifetime", ["none", "24h"])
async def test_a_member_leaves_without_a_trace_but_the_namespace(tmp_path: Path, lifetime: str) -> None:
    async with pair(tmp_path) as it:
        await it.run("join", "--token-lifetime", lifetime)
        way = it.way()
        code, told = await it.json("leave")

        assert (code, told["complete"], told["refused"], told["remaining"]) == (0, True, False, [])
        assert steps(told) == {
            "host Secret": "removed",
            "member ClusterRoleBinding": "removed",
            "member ClusterRole": "removed",
            "member ServiceAccount": "removed",
            "member Namespace": "left",
            "member token": "removed",
        }
        assert (it.host.find("secrets", "catania", SYSTEM), is_clean(it), await it.holds(way)) == (None, True, False)


async def test_a_second_leave_finds_nothing_to_do(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        await it.run("leave", "--delete-namespace")
        before = it.versions()
        code, told = await it.json("leave")

        assert (code, set(steps(told).values()), it.versions()) == (0, {"absent"}, before)
        assert it.member.find("namespaces", SYSTEM) is None


async def test_a_namespace_of_somebody_elses_is_not_deleted(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        it.member.put(manifests.namespace(SYSTEM))
        await it.run("join")
        code, told = await it.json("leave", "--delete-namespace")

        assert (code, steps(told)["member Namespace"]) == (0, "left")
        assert it.member.find("namespaces", SYSTEM) is not None


async def test_the_account_stays_until_the_controller_has_let_go(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        it.host.put(member_cluster())
        way = it.way()
        result = await it.run("leave", *QUICK)
        assert (result.return_value, it.host.find("secrets", "catania", SYSTEM), await it.holds(way)) == (1, None, True)
        assert "mcidns did not let catania go within 0.3 s, so its account was left" in result.output

        it.host.delete("memberclusters", "catania")
        code, _ = await it.json("leave")
        assert (code, is_clean(it)) == (0, True)


async def test_a_leave_from_a_host_that_does_not_run_waits_for_nobody(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        it.host.put(member_cluster())
        code, _ = await it.json("leave", "--no-wait")
        assert (code, is_clean(it)) == (0, True)


async def test_a_host_that_would_lose_its_last_region_keeps_the_member(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        it.host.put(ghost("web", HERE, THERE_OUT))
        it.host.put(ghost("fine", HERE, THERE))
        before = it.versions()
        code, told = await it.json("leave")
        assert (code, told["refused"], told["complete"], it.versions()) == (1, True, False, before)
        message = "no healthy cluster would be left, and spec.minHealthyClusters is 1"
        assert told["hostsAtRisk"] == [{"namespace": "shop", "name": "web", "message": message}]
        result = await it.run("leave")
        assert (result.return_value, "is refused, nothing was changed: bring other clusters up first" in result.output) == (1, True)

        code, told = await it.json("leave", "--force")
        assert (code, told["refused"], is_clean(it)) == (0, False, True)


async def test_a_dry_run_tells_who_is_at_risk_and_what_would_go(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        it.host.put(ghost("web", HERE, THERE_OUT))
        before = it.versions()
        result = await it.run("leave", "--dry-run")

        assert (result.return_value, it.versions()) == (1, before)
        assert "hosts at risk: 1" in result.output
        assert len([line for line in result.output.splitlines() if "would be removed" in line]) == 5
        assert "would be refused" in result.output


async def test_a_member_that_is_gone_is_left_with_what_remains_there(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        await it.member.stop()
        result = await it.run("leave", *QUICK)
        assert (result.return_value, it.host.find("secrets", "catania", SYSTEM) is not None) == (2, True)
        assert "The host alone can be cleaned with --host-only." in result.output

        code, told = await it.json("leave", "--host-only")
        assert (code, steps(told)) == (0, {"host Secret": "removed"})
        assert told["remaining"] == [
            "kubectl delete clusterrolebinding mcidns-member",
            "kubectl delete clusterrole mcidns-member",
            "kubectl -n mcidns-system delete secret -l mcidns.io/member=catania",
            "kubectl -n mcidns-system delete serviceaccount mcidns",
        ]


async def test_an_account_that_another_host_uses_stays_with_its_token(tmp_path: Path) -> None:
    async with pair(tmp_path) as it, pair(tmp_path / "other") as other:
        await it.run("join")
        text = other.file.read_text(encoding="utf-8").replace(other.member.url, it.member.url)
        other.file.write_text(text, encoding="utf-8")
        assert (await other.run("join")).return_value == 0
        mine, theirs = it.way(), other.way()
        code, told = await it.json("leave")

        assert (code, steps(told)["member ServiceAccount"], steps(told)["member token"]) == (0, "left", "removed")
        assert [await it.holds(way) for way in (mine, theirs)] == [False, True]
        assert (await other.json("leave"))[0] == 0
        assert is_clean(it)


async def test_an_account_with_a_token_made_by_hand_stays(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        notes = {"kubernetes.io/service-account.name": "mcidns"}
        metadata = {"name": "by-hand", "namespace": SYSTEM, "annotations": notes}
        it.member.put({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/service-account-token"})
        _, told = await it.json("leave")

        assert steps(told)["member ServiceAccount"] == "left"
        assert [one["metadata"]["name"] for one in it.member.list("secrets", SYSTEM)] == ["by-hand"]


async def test_rights_made_by_hand_for_a_member_that_was_never_joined_stay(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        for one in it.tokens():
            it.member.delete("secrets", one, SYSTEM)
        it.host.delete("secrets", "catania", SYSTEM)
        before = it.versions()
        code, told = await it.json("leave")

        assert (code, steps(told)["member ServiceAccount"], it.versions()) == (0, "left", before)


async def test_a_secret_made_by_hand_is_not_removed(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        labels = {"mcidns.io/cluster": "catania"}
        it.host.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "catania", "namespace": SYSTEM, "labels": labels}})
        result = await it.run("leave")

        assert (result.return_value, "was not made by `mcidns join`" in result.output) == (2, True)
        assert it.host.find("secrets", "catania", SYSTEM) is not None


async def test_rights_that_the_person_lacks_are_told_before_anything_is_removed(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        delete: tuple[dict[str, Any], ...] = (rule("delete", "secrets", "serviceaccounts"),)
        grant(it.member, "limited", *READ_ALL, *delete)
        it.contexts(member="limited")
        before = it.versions()
        result = await it.run("leave")

        assert (result.return_value, it.versions()) == (2, before)
        assert "resources: [clusterroles], verbs: [delete]} at cluster scope" in result.output


async def test_another_cluster_behind_the_context_is_left_alone(tmp_path: Path) -> None:
    async with pair(tmp_path) as it, pair(tmp_path / "other") as other:
        await it.run("join")
        it.file.write_text(it.file.read_text(encoding="utf-8").replace(it.member.url, other.member.url), encoding="utf-8")
        result = await it.run("leave")

        assert (result.return_value, "is another cluster than that which was joined as catania" in result.output) == (2, True)
        assert it.host.find("secrets", "catania", SYSTEM) is not None
