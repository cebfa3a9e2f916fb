"""`mcidns join` between two API servers with access control: what it makes, mends, refuses, proves and says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mcidns.errors import ConfigError
from mcidns.hub.fleets import kubeconfigs
from mcidns.hub.generated import GeneratedMember
from mcidns.kube import kinds, tokens
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import Forbidden
from tests.component.cli.pair import SYSTEM, bound, grant, pair, rule, steps

READ_ALL = (
    rule("get list", "namespaces", "secrets", "serviceaccounts"),
    rule("get list", "clusterroles", "clusterrolebindings", group="rbac.authorization.k8s.io"),
)
WARNING = "means the machine that asks"


def member_cluster(fingerprint: str = "", source: dict[str, str] | None = None) -> dict[str, Any]:
    """A MemberCluster as the controller keeps it."""
    name, source = "catania", source or {"kind": "Secret", "namespace": SYSTEM, "name": "catania"}
    conditions = [
        {"type": one, "status": "True", "reason": one, "message": "", "lastTransitionTime": "2026-03-01T06:00:00Z"}
        for one in ("Reachable", "Synced")
    ]
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "MemberCluster",
        "metadata": {"name": name},
        "spec": {"access": {"kubeconfigSecretRef": {"name": name}}, "source": source},
        "status": {"conditions": conditions, "credentials": {"fingerprint": fingerprint}},
    }


async def test_a_cluster_joins(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        code, told = await it.json("join", "--region", "garr-ct1", "--label", "tier=edge")

        assert (code, told["complete"], told["dryRun"]) == (0, True, False)
        assert steps(told) == {
            "member Namespace": "created",
            "member ServiceAccount": "created",
            "member ClusterRole": "created",
            "member ClusterRoleBinding": "created",
            "member token": "created",
            "host Secret": "created",
        }
        found = kubeconfigs.of_secret(it.ticket())
        assert isinstance(found, GeneratedMember)
        assert (found.name, found.region, dict(found.labels)) == ("catania", "garr-ct1", {"tier": "edge"})
        assert it.way().server == it.member.url


async def test_the_members_objects_are_those_of_the_documented_file(tmp_path: Path) -> None:
    documented = (Path(__file__).parents[3] / "docs" / "member-rbac.yaml").read_text(encoding="utf-8")
    async with pair(tmp_path) as it:
        await it.run("join")
        for wanted in yaml.safe_load_all(documented):
            name, namespace = wanted["metadata"]["name"], wanted["metadata"].get("namespace", "")
            there = it.member.get(wanted["kind"], name, namespace)
            for key in ("rules", "roleRef", "subjects"):
                assert there.get(key) == wanted.get(key)
            assert there["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "mcidns"


async def test_the_token_reads_what_mcidns_needs_and_can_do_nothing_else(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        result = await it.run("join")
        assert "the token can read what mcidns needs, cannot write, and cannot read Secrets" in result.output
        async with KubeClient(it.way()) as client:
            for kind in (kinds.SERVICE, kinds.INGRESS, kinds.ENDPOINT_SLICE, kinds.NAMESPACE):
                await client.list(kind)
            with pytest.raises(Forbidden):
                await client.create(kinds.SERVICE, "default", {"metadata": {"name": "x"}, "spec": {"ports": [{"port": 80}]}})
            with pytest.raises(Forbidden):
                await client.list(kinds.SECRET)


async def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join", "--region", "garr-ct1", "--server", f"http://localhost:{it.member.port}")
        before = it.versions()
        code, told = await it.json("join")

        assert (code, set(steps(told).values())) == (0, {"unchanged"})
        assert it.versions() == before
        assert it.way().server == f"http://localhost:{it.member.port}"


async def test_a_second_run_mends_what_is_missing_and_leaves_what_others_added(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        role = it.member.get("clusterroles", "mcidns-member")
        it.member.put(role | {"rules": role["rules"][1:]})
        it.member.delete("clusterrolebindings", "mcidns-member")
        ticket = it.ticket()
        ticket["metadata"]["annotations"]["mcidns.io/region"] = "by-hand"
        it.host.put(ticket)
        code, told = await it.json("join")

        assert (code, steps(told)) == (
            0,
            {
                "member Namespace": "unchanged",
                "member ServiceAccount": "unchanged",
                "member ClusterRole": "changed",
                "member ClusterRoleBinding": "created",
                "member token": "unchanged",
                "host Secret": "unchanged",
            },
        )
        assert it.member.get("clusterroles", "mcidns-member")["rules"] == role["rules"]
        assert it.ticket()["metadata"]["annotations"]["mcidns.io/region"] == "by-hand"


async def test_a_secret_that_went_is_made_anew_with_the_token_that_is_there(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        before = it.way()
        it.host.delete("secrets", "catania", SYSTEM)
        code, told = await it.json("join")

        assert (code, steps(told)["member token"], steps(told)["host Secret"]) == (0, "unchanged", "created")
        assert it.way() == before


async def test_a_token_that_was_revoked_is_replaced(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        before = it.way()
        [name] = it.tokens()
        it.member.delete("secrets", name, SYSTEM)
        code, told = await it.json("join")

        assert (code, steps(told)["member token"], steps(told)["host Secret"]) == (0, "created", "changed")
        assert [await it.holds(way) for way in (before, it.way())] == [False, True]


@pytest.mark.parametrize(
    "theirs",
    [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "mcidns-member"}, "rules": []},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mcidns", "namespace": SYSTEM}},
    ],
    ids=lambda obj: str(obj["kind"]),
)
async def test_an_object_of_somebody_elses_is_not_taken_over(tmp_path: Path, theirs: dict[str, Any]) -> None:
    async with pair(tmp_path) as it:
        it.member.put(theirs)
        before = it.versions()
        result = await it.run("join")

        assert result.return_value == 2
        assert "in the member cluster: is there and does not carry our label app.kubernetes.io/managed-by=mcidns" in result.output
        name = theirs["metadata"]["name"]
        assert f"{theirs['kind'].lower()}s {name} app.kubernetes.io/managed-by=mcidns" in result.output
        assert it.versions() == before


async def test_a_secret_made_by_hand_is_not_taken_over(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        labels = {"mcidns.io/cluster": "catania"}
        it.host.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "catania", "namespace": SYSTEM, "labels": labels}})
        result = await it.run("join")

        assert (result.return_value, "Secret mcidns-system/catania in the host cluster: is there" in result.output) == (2, True)


async def test_a_namespace_that_is_there_is_used_as_it_is(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        code, told = await it.json("join", "--member-namespace", "kube-system")

        assert (code, steps(told)["member Namespace"]) == (0, "unchanged")
        assert "app.kubernetes.io/managed-by" not in it.member.get("namespaces", "kube-system")["metadata"].get("labels", {})
        assert it.member.find("serviceaccounts", "mcidns", "kube-system") is not None
        assert it.member.find("clusterrolebindings", "mcidns-member-kube-system") is not None
        assert (await it.json("join"))[1]["warnings"] == told["warnings"]
        assert it.member.find("serviceaccounts", "mcidns", SYSTEM) is None


async def test_the_host_may_be_a_member_of_itself_beside_the_controllers_own_account(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        labels = {"app.kubernetes.io/managed-by": "Helm"}
        own = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mcidns", "namespace": SYSTEM, "labels": labels}}
        it.host.put(own)
        refused = await it.run("join", "--member-context", "hub", cluster="hub")
        assert (refused.return_value, "put ours elsewhere with --member-namespace" in refused.output) == (2, True)

        code, _ = await it.json("join", "--member-context", "hub", "--member-namespace", "member", cluster="hub")
        assert (code, await it.holds(it.way("hub"))) == (0, True)
        code, _ = await it.json("leave", "--member-context", "hub", cluster="hub")
        assert code == 0
        accounts = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in it.host.list("serviceaccounts")]
        assert accounts == [(SYSTEM, "mcidns")]


async def test_a_dry_run_tells_the_same_and_writes_nothing(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        before = it.versions()
        result = await it.run("join", "--dry-run")

        assert (result.return_value, it.versions()) == (0, before)
        assert [line.split()[0] for line in result.output.splitlines() if "would be created" in line] == [*["member"] * 5, "host"]
        assert result.output.endswith("Nothing was changed.\n")
        await it.run("join")
        before = it.versions()
        code, told = await it.json("join", "--dry-run", "--rotate")
        assert (code, it.versions(), steps(told)["member token"], steps(told)["host Secret"]) == (0, before, "created", "changed")


async def test_a_dry_run_asks_the_server_whether_it_would_take_it(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        result = await it.run("join", "--dry-run", "--member-namespace", "No_Name")

        assert result.return_value == 2
        assert 'Namespace "No_Name" is invalid' in result.output


async def test_rights_that_the_person_lacks_are_told_before_anything_is_written(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        grant(it.member, "limited", *READ_ALL, rule("create", "namespaces"))
        it.contexts(member="limited")
        before = it.versions()
        result = await it.run("join")

        assert (result.return_value, it.versions()) == (2, before)
        assert "Error: the member cluster (context catania): ask its administrator for these rights" in result.output
        missing = [line.strip() for line in result.output.splitlines() if line.startswith("  {")]
        assert len(missing) == 5
        role = '{apiGroups: ["rbac.authorization.k8s.io"], resources: [clusterroles], verbs: [create]} at cluster scope'
        assert role in missing
        assert '{apiGroups: [""], resources: [secrets], verbs: [create]} in the namespace mcidns-system' in missing


async def test_what_may_not_even_be_looked_at_names_the_cluster(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        grant(it.host, "limited", rule("get list", "memberclusters", group="mcidns.io"))
        it.contexts(host="limited")
        result = await it.run("join")

        assert result.return_value == 2
        assert "the host cluster: GET /api/v1/namespaces/mcidns-system: 403" in result.output


async def test_an_account_that_may_write_by_another_binding_is_told(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        group = {"kind": "Group", "name": "system:serviceaccounts", "apiGroup": "rbac.authorization.k8s.io"}
        bound(it.member, "careless", group, rule("create delete", "services"))
        code, told = await it.json("join")

        assert (code, told["complete"]) == (1, False)
        [warning] = [one for one in told["warnings"] if "may do more than read" in one]
        assert (
            'resources: [services], verbs: [create]} at cluster scope; {apiGroups: [""], resources: [services], verbs: [delete]'
            in warning
        )


async def test_another_cluster_behind_the_context_is_noticed(tmp_path: Path) -> None:
    async with pair(tmp_path) as it, pair(tmp_path / "other") as other:
        await it.run("join")
        it.file.write_text(it.file.read_text(encoding="utf-8").replace(it.member.url, other.member.url), encoding="utf-8")
        result = await it.run("join")

        assert result.return_value == 2
        assert "is another cluster than that which was joined as catania" in result.output


async def test_a_host_without_mcidns_is_none(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        result = await it.run("join", "--host-context", "catania")

        assert (result.return_value, "has no MemberClusters, so mcidns is not installed there" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"kind": "KubeFedCluster", "namespace": "kf", "name": "catania"}, "made of KubeFedCluster kf/catania"),
        ({}, "written by hand"),
    ],
    ids=["KubeFed", "by hand"],
)
async def test_a_member_of_that_name_from_elsewhere_is_not_replaced(tmp_path: Path, source: dict[str, str], told: str) -> None:
    async with pair(tmp_path) as it:
        obj = member_cluster(source=source)
        if not source:
            del obj["spec"]["source"]
        it.host.put(obj)
        result = await it.run("join")

        assert (result.return_value, f"there is a MemberCluster catania, {told}" in result.output) == (2, True)


async def test_a_member_of_that_name_from_another_secret_is_told(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        labels = {"mcidns.io/cluster": "catania"}
        it.host.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "old", "namespace": SYSTEM, "labels": labels}})
        result = await it.run("join")

        assert (result.return_value, "Secret mcidns-system/old makes catania a member already" in result.output) == (2, True)


async def test_a_certificate_that_nobody_verifies_is_refused_until_it_is_said_aloud(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        it.contexts(cluster={"insecure-skip-tls-verify": True})
        refused = await it.run("join", "--server", "https://192.0.2.1:6443")
        assert (refused.return_value, "so its CA is not known" in refused.output) == (2, True)
        assert it.host.find("secrets", "catania", SYSTEM) is None

        code, told = await it.json("join", "--insecure-skip-tls-verify")
        assert (code, it.way().insecure) == (0, True)
        assert [one for one in told["warnings"] if "can take the token" in one]


async def test_a_token_is_not_sent_in_the_clear(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        before = it.versions()
        result = await it.run("join", "--server", "http://192.0.2.1:8080")

        assert (result.return_value, it.versions()) == (2, before)
        assert "is no https, so that anybody on the way could take the token" in result.output


async def test_an_address_that_means_every_machine_is_warned_of(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        _, told = await it.json("join")
        assert [WARNING in one for one in told["warnings"]] == [True]


async def test_an_address_that_only_the_host_reaches_is_taken_and_the_token_tried_elsewhere(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        code, told = await it.json("join", "--server", "https://127.0.0.1:1")

        assert (code, it.way().server) == (0, "https://127.0.0.1:1")
        assert [one for one in told["warnings"] if f"cannot be tried from here, so the token was tried at {it.member.url}" in one]


async def test_a_token_may_end(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        it.member.accounts.longest = 86_400
        code, told = await it.json("join", "--token-lifetime", "2160h")

        token = it.way().identity.token
        found = tokens.read(token)
        assert found.expires is not None
        assert found.issued is not None
        assert (code, found.expires - found.issued, it.tokens()) == (0, 86_400, {})
        assert [one for one in told["warnings"] if "ends sooner than asked" in one]
        assert told["token"]["expires"] is not None
        code, told = await it.json("join")
        assert (code, set(steps(told).values())) == (0, {"unchanged"})


async def test_a_member_that_makes_no_tokens_is_told_with_the_way_out(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        it.member.accounts.idle = True
        result = await it.run("join", "--timeout", "300ms")
        assert result.return_value == 2
        assert "got no token within 0.3 s; look at its kube-controller-manager, or take a token that ends" in result.output
        assert "What is told above as done stays done" in result.output
        assert it.member.list("secrets", SYSTEM) == []
        assert it.host.find("secrets", "catania", SYSTEM) is None

        code, told = await it.json("join", "--token-lifetime", "24h")
        assert (code, steps(told)["member ClusterRole"], steps(told)["member token"]) == (0, "unchanged", "created")


async def test_a_rotation_that_nobody_confirms_leaves_the_old_token_and_the_next_run_ends_it(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        old = it.way()
        code, told = await it.json("join", "--rotate", "--timeout", "300ms")
        assert (code, told["complete"], told["ready"]) == (1, False, False)
        assert [one for one in told["warnings"] if "the old token was left valid" in one]
        new = it.way()
        assert [await it.holds(way) for way in (old, new)] == [True, True]

        it.host.put(member_cluster(tokens.read(new.identity.token).fingerprint))
        code, told = await it.json("join")
        assert (code, told["ready"], len(it.tokens())) == (0, True, 1)
        assert [await it.holds(way) for way in (old, new)] == [False, True]
        assert it.way() == new


async def test_a_rotation_waits_for_the_new_token_and_not_for_any(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        old = it.way()
        it.host.put(member_cluster(tokens.read(old.identity.token).fingerprint))
        result = await it.run("join", "--rotate", "--timeout", "300ms")

        assert (result.return_value, await it.holds(old)) == (1, True)
        assert "waiting: the controller still uses another token" in result.output


async def test_a_rotation_by_force_waits_for_nobody(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        await it.run("join")
        old = it.way()
        result = await it.run("join", "--rotate", "--force", "--timeout", "300ms")

        assert [await it.holds(way) for way in (old, it.way())] == [False, True]
        assert "its token is revoked" in result.output


async def test_waiting_for_a_host_that_does_not_run_ends(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        code, told = await it.json("join", "--wait", "--timeout", "300ms")
        assert (code, told["ready"]) == (1, False)
        assert [one for one in told["warnings"] if "catania was not ready within 0.3 s" in one]


async def test_without_waiting_it_says_what_is_missing(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        result = await it.run("join")
        assert "not ready yet: the controller has not made the MemberCluster yet" in result.output
        assert result.output.endswith("catania is joined\n")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("--token-lifetime", "5m"), "--token-lifetime"),
        (("--token-lifetime", "soon"), "--token-lifetime"),
        (("--label", "edge"), "--label"),
        (("--server", "192.0.2.1"), "--server"),
        (("--timeout", "soon"), "--timeout"),
        (("--certificate-authority", "/nowhere"), "--certificate-authority"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_its_option(tmp_path: Path, arguments: tuple[str, ...], field: str) -> None:
    async with pair(tmp_path) as it:
        result = await it.run("join", *arguments)
        assert isinstance(result.exception, ConfigError)
        assert result.exception.field == field


async def test_a_name_that_no_label_takes_is_refused(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        for name in ("Catania", "a_b", "x" * 64):
            assert isinstance((await it.run("join", cluster=name)).exception, ConfigError)


async def test_a_member_without_its_context_is_told_with_the_options(tmp_path: Path) -> None:
    async with pair(tmp_path) as it:
        result = await it.run("join", cluster="napoli")
        assert (result.return_value, "name the member's context with --member-context" in result.output) == (2, True)
