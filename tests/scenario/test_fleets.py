"""Members as each kind of fleet lists them: they join, serve, are the same cluster twice, and leave."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from mcidns.hub import local
from mcidns.hub.local import Local, Provider
from mcidns.kube.access import ExecPlugin
from tests import planes, realplane
from tests.scenario.stage import Object, Stage, global_host, raised

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
NAME = "shop.example.org"
CA = base64.b64encode(planes.certificate().cert).decode()


def secret(namespace: str, name: str, **data: str) -> Object:
    """A Secret."""
    content = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": namespace, "name": name}, "data": content}


def karmada(server: ApiServer, name: str = "", **spec: Any) -> Object:
    """A Cluster as Karmada holds it."""
    return {
        "apiVersion": "cluster.karmada.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": name or server.name},
        "spec": {
            "syncMode": "Push",
            "apiEndpoint": server.url,
            "insecureSkipTLSVerification": True,
            "secretRef": {"namespace": "karmada-cluster", "name": server.name},
            "region": "karmada-region",
            **spec,
        },
    }


def managed(server: ApiServer, **spec: Any) -> Object:
    """A ManagedCluster."""
    return {
        "apiVersion": "cluster.open-cluster-management.io/v1",
        "kind": "ManagedCluster",
        "metadata": {"name": server.name, "labels": {"region": "ocm-region"}},
        "spec": {"hubAcceptsClient": True, "managedClusterClientConfigs": [{"url": server.url, "caBundle": CA}], **spec},
    }


def profile(server: ApiServer, provider: str = "script") -> Object:
    """A ClusterProfile."""
    config = {"name": "client.authentication.k8s.io/exec", "extension": {"clusterName": server.name}}
    return {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1",
        "kind": "ClusterProfile",
        "metadata": {"name": server.name, "namespace": "fleet"},
        "spec": {"displayName": server.name, "clusterManager": {"name": "test"}},
        "status": {
            "accessProviders": [{"name": provider, "cluster": {"server": server.url, "extensions": [config]}}],
            "properties": [{"name": "region", "value": "profile-region"}],
        },
    }


def server(stage: Stage, name: str) -> ApiServer:
    """The emulated member of this name."""
    found = stage.members[name]
    if not isinstance(found, ApiServer):
        realplane.impossible("it takes no token but those it was started with")
    return found


def servers(stage: Stage) -> list[ApiServer]:
    """All members."""
    return [server(stage, name) for name in stage.members]


def script(folder: Path, lines: str) -> str:
    """An executable of these lines."""
    file = folder / "plugin"
    file.write_text(f"#!/bin/sh\n{lines}\n")
    file.chmod(0o700)
    return str(file)


def namespaces(stage: Stage, *names: str) -> None:
    """Create namespaces in the host."""
    for name in names:
        stage.host.put(manifests.namespace(name))


def hand(stage: Stage, name: str) -> None:
    """A token that the member of that name asks for from now on, in its Secret for Karmada."""
    server(stage, name).access.allow(f"hushhush-token-{name}")
    stage.host.put(secret("karmada-cluster", name, token=f"hushhush-token-{name}"))


@contextlib.asynccontextmanager
async def never_without(stage: Stage, *addresses: str) -> AsyncIterator[None]:
    """All through the block DNS answers just these addresses."""
    seen: set[tuple[str, ...]] = set()
    over = asyncio.Event()

    async def look() -> None:
        while not over.is_set():
            seen.add(await stage.answer(NAME))
            await asyncio.sleep(0.005)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        over.set()
        await looking
    assert seen == {addresses}


async def test_karmada_clusters_are_members_and_leave_with_their_objects() -> None:
    async with raised(running=False, joined=False) as stage:
        namespaces(stage, "karmada-cluster")
        stage.host.put(global_host())
        for one in servers(stage):
            hand(stage, one.name)
            stage.host.put(karmada(one))
        await stage.start()
        await stage.until_answer(NAME, *ALL)
        assert stage.member("r1")["spec"]["source"] == {"kind": "Cluster", "namespace": "", "name": "r1"}
        assert stage.member("r1")["spec"]["region"] == "karmada-region"
        stage.host.delete("clusters", "r3")
        await stage.until_answer(NAME, *ALL[:2])
        await stage.until_true(lambda: not stage.member("r3"), "the MemberCluster to go")


async def test_a_fleet_object_that_breaks_and_a_secret_that_goes_are_no_withdrawal() -> None:
    async with raised(running=False, joined=False) as stage:
        namespaces(stage, "karmada-cluster")
        stage.host.put(global_host())
        for one in servers(stage):
            hand(stage, one.name)
            stage.host.put(karmada(one))
        await stage.start()
        await stage.until_answer(NAME, *ALL)
        async with never_without(stage, *ALL):
            stage.host.put(karmada(server(stage, "r1"), apiEndpoint=""))
            stage.host.delete("secrets", "r2", "karmada-cluster")
            await stage.until_true(lambda: stage.verdicts().get("r2") == "Stale", "the verdict")
            assert "Secret karmada-cluster/r2 does not exist" in stage.of_member("r2", "Reachable")
            await stage.restart()
            await stage.settled()
        hand(stage, "r2")
        await stage.until_true(lambda: stage.verdicts().get("r2") == "Ready", "the verdict")


async def test_managed_clusters_are_members_when_there_is_a_service_account_for_them() -> None:
    async with raised(running=False, joined=False) as stage:
        stage.host.put(global_host())
        for one in servers(stage):
            one.access.allow(f"hushhush-token-{one.name}")
            stage.host.put(managed(one))
            namespaces(stage, one.name)
        for name in ("r1", "r2"):
            stage.host.put(secret(name, "mcidns", token=f"hushhush-token-{name}"))
        await stage.start()
        await stage.until_answer(NAME, *ALL[:2])
        assert stage.member("r3") == {}
        assert stage.member("r1")["spec"]["region"] == "ocm-region"
        stage.host.put(secret("r3", "mcidns", token="hushhush-token-r3"))
        await stage.until_answer(NAME, *ALL)
        stage.host.put(managed(server(stage, "r1"), hubAcceptsClient=False))
        await stage.until_answer(NAME, *ALL[1:])


async def test_cluster_profiles_are_members_by_the_program_that_gives_their_credentials(tmp_path: Path) -> None:
    async with raised(running=False, joined=False) as stage:
        namespaces(stage, "fleet")
        command = script(
            tmp_path,
            f"""name=$(printf %s "$KUBERNETES_EXEC_INFO" | sed 's/.*"clusterName": *"\\([^"]*\\)".*/\\1/')
[ -e {tmp_path}/broken-$name ] && exit 3
version=client.authentication.k8s.io/v1
printf '{{"kind":"ExecCredential","apiVersion":"%s","status":{{"token":"hushhush-token-%s"}}}}' "$version" "$name" """,
        )
        file = tmp_path / "providers.yaml"
        file.write_text(f"providers: [{{name: script, execConfig: {{command: {command}, provideClusterInfo: true}}}}]")
        stage.local = Local(local.read_providers(file))
        stage.host.put(global_host())
        for one in servers(stage):
            one.access.allow(f"hushhush-token-{one.name}")
            stage.host.put(profile(one))
        await stage.start()
        await stage.until_answer(NAME, *ALL)
        assert stage.member("r1")["spec"]["region"] == "profile-region"
        async with never_without(stage, *ALL):
            (tmp_path / "broken-r1").touch()
            server(stage, "r1").access.revoke("hushhush-token-r1")
            await stage.until_true(lambda: stage.verdicts().get("r1") == "Stale", "the verdict")
            await stage.until_true(
                lambda: "ended with code 3" in stage.of_member("r1", "Reachable"), "the program's fault to be told"
            )
            assert stage.verdicts()["r2"] == "Ready"
        server(stage, "r1").access.allow("hushhush-token-r1")
        (tmp_path / "broken-r1").unlink()
        await stage.until_true(lambda: stage.verdicts().get("r1") == "Ready", "the verdict")
        stage.host.delete("clusterprofiles", "r2", "fleet")
        await stage.until_answer(NAME, ALL[0], ALL[2])


async def test_a_program_that_hangs_is_given_up_and_harms_no_other_member(tmp_path: Path) -> None:
    async with raised(running=False) as stage:
        namespaces(stage, "fleet")
        plugin = ExecPlugin(script(tmp_path, "sleep 60"), timeout=0.2)
        stage.local = Local((Provider("script", plugin),))
        async with ApiServer(name="hung") as hung:
            stage.host.put(global_host())
            stage.host.put(profile(hung))
            await stage.start()
            await stage.until_answer(NAME, *ALL)
            await stage.until_true(lambda: "gave nothing within 0.2 s" in stage.of_member("hung", "Reachable"), "it to be told")
            ready = dict.fromkeys(stage.members, "Ready")
            await stage.until_true(
                lambda: {name: reason for name, reason in stage.verdicts().items() if name != "hung"} == ready,
                "the others to serve",
            )


async def test_a_profile_that_offers_no_provider_of_ours_is_told_on_it(tmp_path: Path) -> None:
    async with raised(running=False) as stage:
        namespaces(stage, "fleet")
        stage.local = Local((Provider("script", ExecPlugin(str(tmp_path / "none"))),))
        stage.host.put(profile(server(stage, "r1"), provider="theirs"))
        await stage.start()

        def told() -> list[str]:
            return [one["note"] for one in stage.host.list("events.events.k8s.io") if one["regarding"]["kind"] == "ClusterProfile"]

        await stage.until_true(lambda: any("offers theirs" in note for note in told()), "an Event")


async def test_contexts_of_a_kubeconfig_are_members_for_as_long_as_they_are_given(tmp_path: Path) -> None:
    async with raised(running=False, joined=False) as stage:
        file = tmp_path / "config"
        found = {}
        for name in ("r1", "r2"):
            file.write_text(server(stage, name).kubeconfig_yaml())
            (access,) = local.read_contexts(str(file)).values()
            found[f"Kind@{name}"] = access
        stage.local = Local(contexts=found)
        stage.host.put(global_host())
        await stage.start()
        await stage.until_answer(NAME, *ALL[:2])
        assert stage.member("kind-r1")["spec"]["access"]["context"] == "Kind@r1"
        await stage.stop()
        stage.local = Local(contexts={"Kind@r1": found["Kind@r1"]})
        await stage.start()
        await stage.until_answer(NAME, ALL[0])


async def test_one_cluster_of_two_fleets_counts_once_and_the_other_takes_over_without_a_gap() -> None:
    async with raised(running=False) as stage:
        namespaces(stage, "karmada-cluster")
        hand(stage, "r1")
        server(stage, "r1").access.allow("")
        stage.host.put(
            manifests.member_secret(manifests.Region("r1", "", ""), server(stage, "r1").kubeconfig_yaml("hushhush-token-r1"))
        )
        stage.host.put(global_host())
        await stage.start()
        await stage.until_answer(NAME, *ALL)
        async with never_without(stage, *ALL):
            stage.host.put(karmada(server(stage, "r1"), name="twin"))
            await stage.until_true(lambda: "MemberCluster r1" in stage.of_member("twin", "Duplicate"), "Duplicate")
            await stage.until_true(
                lambda: {name for name, reason in stage.verdicts().items() if reason == "Ready"} == {"r1", "r2", "r3"}, "verdicts"
            )
            assert stage.of_member("r1", "Duplicate") == ""
            await stage.restart()
            await stage.settled()
            await stage.until_true(lambda: "MemberCluster r1" in stage.of_member("twin", "Duplicate"), "Duplicate")
            stage.host.delete("secrets", "r1", manifests.SYSTEM)
            await stage.until_true(lambda: not stage.member("r1"), "the MemberCluster to go")
            await stage.until_true(lambda: stage.verdicts().get("twin") == "Ready", "the other to take over")
            await stage.until_true(lambda: stage.of_member("twin", "Duplicate") == "", "Duplicate to go")
            await asyncio.sleep(0.1)
        stage.host.delete("clusters", "twin")
        await stage.until_answer(NAME, *ALL[1:])


async def test_one_name_in_two_fleets_is_one_member_that_the_other_goes_on_with() -> None:
    async with raised(running=False) as stage:
        namespaces(stage, "karmada-cluster")
        hand(stage, "r1")
        stage.host.put(
            manifests.member_secret(manifests.Region("r1", "", ""), server(stage, "r1").kubeconfig_yaml("hushhush-token-r1"))
        )
        stage.host.put(global_host())
        await stage.start()
        await stage.until_answer(NAME, *ALL)
        async with never_without(stage, *ALL):
            stage.host.put(karmada(server(stage, "r1")))
            await asyncio.sleep(0.2)
            assert stage.member("r1")["spec"]["source"]["kind"] == "Secret"
            stage.host.delete("secrets", "r1", manifests.SYSTEM)
            await stage.until_true(lambda: stage.member("r1")["spec"]["source"]["kind"] == "Cluster", "the other to go on")
            await stage.until_true(lambda: stage.verdicts().get("r1") == "Ready", "the verdict")
            await asyncio.sleep(0.1)


async def test_what_a_person_set_on_a_member_survives_what_its_fleet_says_later() -> None:
    async with raised(running=False, joined=False, members=1) as stage:
        namespaces(stage, "karmada-cluster")
        hand(stage, "r1")
        stage.host.put(karmada(server(stage, "r1")))
        await stage.start()
        await stage.until_true(lambda: stage.member("r1").get("spec", {}).get("region") == "karmada-region", "the member")
        edited = stage.member("r1")
        stage.host.put(
            {**edited, "spec": {**edited["spec"], "region": "ours", "addressMap": [{"from": "192.0.2.1", "to": "192.0.2.9"}]}}
        )
        stage.host.put(karmada(server(stage, "r1"), region="moved", zones=["z1"]))
        await stage.until_true(lambda: stage.member("r1")["spec"].get("zones") == ["z1"], "the fleet's news")
        assert stage.member("r1")["spec"]["region"] == "ours"
        assert stage.member("r1")["spec"]["addressMap"] == [{"from": "192.0.2.1", "to": "192.0.2.9"}]
