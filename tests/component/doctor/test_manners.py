"""How the doctor behaves: with few rights, without a host, towards its reader; and that one bad check is not the end."""

import base64
import json
import time
from pathlib import Path
from typing import Any

from mcidns.demo import manifests
from mcidns.doctor import rights
from mcidns.emulator import ApiServer, Tls, extensions
from mcidns.hub import times
from mcidns.program.sealing import KEY
from tests.certificates import Authority
from tests.component.cli.stages import bare
from tests.component.doctor import clinic
from tests.component.doctor.clinic import Clinic
from tests.scenario.stage import zone

READER = "token-of-a-person-with-few-rights"


def as_(here: Clinic, token: str, folder: Path) -> Path:
    """A kubeconfig of somebody else."""
    config = folder / f"config-{len(token)}"
    config.write_text(here.host.kubeconfig_yaml(token), encoding="utf-8")
    return config


def unchecked(told: dict[str, Any]) -> dict[str, str]:
    return {one["check"]: one["notChecked"] for one in told["checks"] if one["state"] == "not checked"}


async def test_with_few_rights_what_may_not_be_seen_is_told_with_the_right_it_takes(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.host.access.allow(READER, "rbac", "reader", ("system:authenticated",))
        rbac = "rbac.authorization.k8s.io"
        kinds = ["globalhosts", "memberclusters", "dnszones"]
        rule = {"apiGroups": ["mcidns.io"], "resources": kinds, "verbs": ["get", "list"]}
        here.host.put({"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": [rule]})
        here.host.put(
            {
                "apiVersion": f"{rbac}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "reader"},
                "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "reader"},
                "subjects": [{"kind": "User", "name": "reader", "apiGroup": rbac}],
            }
        )
        told = await here.told("--as", clinic.ACCOUNT, kubeconfig=as_(here, READER, tmp_path))

        assert (told["findings"], told["code"]) == ([], 0)
        found = unchecked(told)
        assert 'list resource "customresourcedefinitions"' in found["CRDs"]
        assert found[f"rights of {clinic.ACCOUNT}"] == (
            f"what {clinic.ACCOUNT} may: the right to create subjectaccessreviews.authorization.k8s.io is missing"
        )
        assert found["controller"] == "the right to list deployments.apps is missing"
        assert found["Secrets of members"] == f"the right to list secrets in {clinic.SYSTEM} is missing"
        assert found["DNSProviders"] == "the right to list dnsproviders.mcidns.io is missing"
        assert found["access"] == f"the right to get secrets in {clinic.SYSTEM} is missing"


async def test_as_the_controller_itself_its_own_rights_are_checked(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        told = await here.told(kubeconfig=as_(here, clinic.CONTROLLER, tmp_path))
        notes = {one["check"]: one["note"] for one in told["checks"]}
        needed = len(rights.of_host("both", clinic.SYSTEM))

        assert told["findings"] == []
        assert notes["rights of the account that this runs as"] == f"all {needed} rights of docs/host-rbac.yaml"
        assert {"controller", "Secrets elsewhere", "ExternalDNS"} <= unchecked(told).keys()


async def test_without_a_host_there_is_one_finding_and_no_more(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        await here.host.stop()
        told = await here.told()
        assert [(one["rule"], told["code"]) for one in told["findings"]] == [("HostUnreachable", 1)]
        assert len(told["checks"]) == 1


async def test_people_read_what_why_and_the_remedy_and_strict_counts_warnings(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.edit("memberclusters", "r2", drain={"until": times.render(time.time() - 60)})
        lax, strict = await here.run(), await here.run("--strict")
        assert (lax.return_value, strict.return_value) == (0, 1)
        for words in (
            "HOST CLUSTER",
            "DrainEndless: r2 is drained",
            "which has passed",
            "why: The member serves",
            "fix: mcidns undrain r2",
        ):
            assert words in lax.output
        assert "1 warning" in lax.output
        here.edit("memberclusters", "r2", drain=None)
        assert (await here.run("--strict")).return_value == 0


async def test_a_member_that_hangs_is_given_up_in_time_and_the_others_are_looked_at(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.member().faults.freeze()
        told = await here.told("--timeout", "4")
        here.member().faults.unfreeze()
        (finding,) = told["findings"]
        assert (finding["rule"], finding["subject"]) in {("MemberUnreachable", "r2"), ("CheckTimedOut", "r2")}
        assert {one["state"] for one in told["checks"] if one["subject"] == "r1"} == {"ok"}


async def test_a_server_certificate_that_has_expired_is_the_finding_and_not_the_failed_handshake(tmp_path: Path) -> None:
    authority = Authority()
    async with clinic.healthy(tmp_path) as here:
        for ends, expected in ((-1.0, [("CredentialExpired", "r2")]), (48.0, [("CredentialExpiring", "r2")]), (1000.0, [])):
            context = authority.serving("127.0.0.1", begins=-48, ends=ends)
            async with ApiServer("r2", token="admin", tls=Tls(context, authority.pem)) as server:
                server.access.allow(clinic.MEMBER, "rbac", "system:serviceaccount:mcidns-system:mcidns", clinic.GROUPS)
                for obj in clinic.documents("member-rbac.yaml"):
                    server.put(obj)
                here.host.put(clinic.kubeconfig_secret("r2", server.kubeconfig_yaml(clinic.MEMBER)))
                assert await here.findings() == expected


async def test_members_of_the_controllers_own_machine_need_its_options(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.edit("memberclusters", "r2", access={"context": "r2"})
        assert unchecked(await here.told())["access"] == (
            "it is reached by what the controller's machine has; give --members-from-kubeconfig here too"
        )
        contexts = tmp_path / "members"
        contexts.write_text(here.member().kubeconfig_yaml(clinic.MEMBER), encoding="utf-8")
        assert await here.findings("--members-from-kubeconfig", str(contexts)) == []


async def test_a_right_that_only_the_gateway_api_needs_is_asked_for_where_it_is_served(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        role = here.member().get("clusterroles", "mcidns-member")
        role["rules"] = [one for one in role["rules"] if "gateways" not in one["resources"]]
        here.member().put(role)
        assert await here.findings() == []
        for crd in extensions.gateway_api():
            here.member().install_crd(crd)
        assert await here.findings() == [("MemberRightsMissing", "r2")]


async def test_mistakes_of_the_caller_are_told_with_their_remedy(tmp_path: Path) -> None:
    wrong = await bare("doctor", "--resolver", "nowhere", "--kubeconfig", str(tmp_path / "none"))
    assert wrong.return_value == 1
    async with clinic.healthy(tmp_path) as here:
        bad = await bare("doctor", "--resolver", "nowhere", "--kubeconfig", str(here.kubeconfig))
        assert (bad.return_value, "give an address such as" in bad.output) == (1, True)
        assert manifests.SYSTEM in (await bare("doctor", "--help")).output


async def test_a_zone_that_its_back_end_does_not_hold_is_the_zones_trouble_and_not_the_logins(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        other = {**zone(domain="example.com"), "metadata": {"name": "another"}}
        here.host.put(other)
        assert await here.findings("--no-outside") == [("ZoneUnread", "another")]
        here.stage.names.add_zone("example.com.")
        assert await here.findings("--no-outside") == []


async def test_claims_without_any_member_are_told_once(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        for name in ("r1", "r2"):
            here.host.delete("memberclusters", name)
        assert await here.findings() == [("NoMembers", "")]


async def test_a_zone_that_may_not_be_listed_is_read_by_the_names_that_are_claimed(tmp_path: Path) -> None:
    foreign = "shop 30 IN A 192.0.2.1\n"
    async with clinic.healthy(tmp_path, records=foreign) as here:
        here.stage.names.faults.refuse_transfers = True
        told = await here.told("--no-outside")
        assert [one["rule"] for one in told["findings"]] == ["UnownedRecord"]
        (contents,) = [one for one in told["checks"] if one["check"] == "contents"]
        assert contents["note"].startswith("cannot be listed (")


async def test_a_zone_whose_key_is_missing_cannot_be_used(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.edit("dnszones", "example-org", registry={"encryption": {"secretRef": {"name": "aes"}}})
        assert await here.findings("--no-outside") == [("ZoneUnusable", "example-org")]
        key = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "aes", "namespace": clinic.SYSTEM}}
        here.host.put({**key, "data": {KEY: base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()}})
        assert await here.findings("--no-outside") == []


async def test_a_half_needs_the_rights_of_its_half_only(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        role = here.host.get("clusterroles", "mcidns")
        role["rules"] = [one for one in role["rules"] if "dnszones" not in one["resources"]]
        role["rules"].append({"apiGroups": ["mcidns.io"], "resources": ["dnszones"], "verbs": ["get", "list", "watch"]})
        here.host.put(role)
        lease = here.host.get("roles", "mcidns-lease", clinic.SYSTEM)
        lease["rules"][1]["resourceNames"] = ["mcidns", "mcidns-decide"]
        here.host.put(lease)
        assert await here.findings() == [("HostRightsMissing", "")]
        assert await here.findings("--only", "decide") == []
        here.host.put(clinic.deployment(args=["run", "--only=decide"]))
        assert await here.findings() == []


async def test_a_host_whose_certificate_ends_soon_is_told(tmp_path: Path) -> None:
    authority = Authority()
    context = authority.serving("127.0.0.1", begins=-48, ends=48.0)
    async with ApiServer("host", token=clinic.ADMIN, tls=Tls(context, authority.pem)) as server:
        for crd in manifests.crds():
            server.install_crd(crd)
        config = tmp_path / "host"
        config.write_text(server.kubeconfig_yaml(), encoding="utf-8")
        result = await bare("doctor", "--no-outside", "-o", "json", "--kubeconfig", str(config))
        found = json.loads(result.stdout)["findings"]
        assert [(one["rule"], one["check"]) for one in found] == [("CredentialExpiring", "certificate")]
