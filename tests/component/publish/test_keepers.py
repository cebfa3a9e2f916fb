"""Endpoints, statuses and generated objects written to an API server, repaired, and left alone when nothing changed."""

from dataclasses import replace
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.hub import globalhost
from mcidns.hub.generated import GeneratedHost, GeneratedMember, Owner
from mcidns.hub.reach import AccessSpec, ByKubeconfig, SecretKey
from mcidns.kube import kinds
from mcidns.model.decisions import Decision
from mcidns.model.hosts import Host
from mcidns.model.references import ObjectRef
from mcidns.publish import endpoints, hosts, members, status
from mcidns.publish.keeper import Keeper
from mcidns.publish.reports import MemberReport
from mcidns.publish.statuses import Statuses
from mcidns.testing import build
from mcidns.testing.build import NOW
from tests.component.publish.host import OURS, HostCluster, definition, host_cluster

WEB = ObjectRef("DNSEndpoint", "shop", "web")
GHOST = ObjectRef("GlobalHost", "shop", "web")
FRA = ObjectRef("MemberCluster", "", "fra")


class Clashes(dict[str, str]):
    """The last word on each object."""

    def hear(self, ref: ObjectRef, message: str) -> None:
        self[str(ref)] = message


def decided(host: Host, *addresses: str, now: float = NOW) -> Decision:
    seen = [build.member(f"m{number}", build.seen(address)) for number, address in enumerate(addresses)]
    return decide(build.world(*seen), host, now)


def read(cluster: HostCluster) -> Host:
    found = globalhost.parse(cluster.server.get("GlobalHost", "web", "shop"))
    assert isinstance(found, Host)
    return found


def keeping(cluster: HostCluster, clashes: Clashes | None = None) -> Keeper[Decision]:
    keeper = endpoints.keeper(cluster.client, cluster, cluster.writer, (clashes if clashes is not None else Clashes()).hear)
    cluster.on_seen.append(lambda kind, ref: keeper.seen(ref) if kind is kinds.DNS_ENDPOINT else None)
    return keeper


def rows(cluster: HostCluster) -> list[Any]:
    found: list[Any] = cluster.server.get("DNSEndpoint", "web", "shop")["spec"]["endpoints"]
    return found


async def test_an_endpoint_is_written_once_and_follows_the_decision() -> None:
    async with host_cluster() as cluster:
        cluster.add(kinds.GLOBAL_HOST, "web", {"hostnames": ["www.example.org"]}, "shop")
        host = read(cluster)
        keeper = keeping(cluster)
        keeper.want(WEB, decided(host, "192.0.2.1"))
        await cluster.settled()
        assert keeper.in_step
        first = cluster.version(kinds.DNS_ENDPOINT, "web", "shop")
        keeper.want(WEB, decided(host, "192.0.2.1", now=NOW + 60))
        await cluster.settled()
        assert cluster.version(kinds.DNS_ENDPOINT, "web", "shop") == first
        keeper.want(WEB, decided(host, "192.0.2.1", "192.0.2.2"))
        await cluster.settled()
        assert rows(cluster)[0]["targets"] == ["192.0.2.1", "192.0.2.2"]
        keeper.want(WEB, None)
        await cluster.settled()
        assert cluster.server.find("DNSEndpoint", "web", "shop") is None


async def test_an_endpoint_that_is_edited_or_deleted_comes_back() -> None:
    async with host_cluster() as cluster:
        cluster.add(kinds.GLOBAL_HOST, "web", {"hostnames": ["www.example.org"]}, "shop")
        keeper = keeping(cluster)
        keeper.want(WEB, decided(read(cluster), "192.0.2.1"))
        await cluster.settled()
        evil = {"spec": {"endpoints": [{"dnsName": "www.example.org", "recordType": "A", "targets": ["198.51.100.66"]}]}}
        await cluster.client.patch(kinds.DNS_ENDPOINT, "shop", "web", evil)
        await cluster.settled()
        assert rows(cluster)[0]["targets"] == ["192.0.2.1"]
        for taken_off in ("labels", "ownerReferences"):
            await cluster.client.patch(kinds.DNS_ENDPOINT, "shop", "web", {"metadata": {taken_off: None}})
            await cluster.settled()
        metadata = cluster.server.get("DNSEndpoint", "web", "shop")["metadata"]
        assert metadata["labels"] == {"app.kubernetes.io/managed-by": "mcidns"}
        assert metadata["ownerReferences"][0]["name"] == "web"
        cluster.server.delete("DNSEndpoint", "web", "shop")
        await cluster.settled()
        assert rows(cluster)[0]["targets"] == ["192.0.2.1"]


async def test_somebody_elses_endpoint_is_a_conflict_until_it_goes() -> None:
    async with host_cluster() as cluster:
        cluster.add(kinds.GLOBAL_HOST, "web", {"hostnames": ["www.example.org"]}, "shop")
        cluster.add(kinds.DNS_ENDPOINT, "web", {"endpoints": []}, "shop")
        clashes = Clashes()
        keeper = keeping(cluster, clashes)
        cluster.look()
        keeper.want(WEB, decided(read(cluster), "192.0.2.1"))
        await cluster.settled()
        assert rows(cluster) == []
        assert clashes[str(WEB)].startswith("DNSEndpoint shop/web exists")
        assert keeper.in_step
        cluster.server.delete("DNSEndpoint", "web", "shop")
        await cluster.settled()
        assert rows(cluster)[0]["targets"] == ["192.0.2.1"]
        assert clashes[str(WEB)] == ""


async def test_an_object_nothing_was_said_of_is_left_alone() -> None:
    """At the start endpoints and generated hosts are seen before what wants them was read."""
    async with host_cluster() as cluster:
        cluster.add(kinds.GLOBAL_HOST, "web", {"hostnames": ["www.example.org"]}, "shop")
        keeper = keeping(cluster)
        keeper.want(WEB, decided(read(cluster), "192.0.2.1"))
        await cluster.settled()
    async with host_cluster() as restarted:
        restarted.server.put(cluster.server.get("GlobalHost", "web", "shop"))
        restarted.server.put(cluster.server.get("DNSEndpoint", "web", "shop"))
        keeping(restarted)
        await restarted.settled()
        assert rows(restarted)[0]["targets"] == ["192.0.2.1"]


async def test_a_server_that_keeps_something_else_is_not_written_to_for_ever() -> None:
    """An older schema without recordTTL: what it drops is sent once and not again."""
    crd = definition(kinds.DNS_ENDPOINT)
    item = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["endpoints"]["items"]
    del item["properties"]["recordTTL"]
    others = tuple(definition(kind) for kind in OURS if kind is not kinds.DNS_ENDPOINT)
    async with host_cluster(crds=(*others, crd)) as cluster:
        cluster.add(kinds.GLOBAL_HOST, "web", {"hostnames": ["www.example.org"]}, "shop")
        keeper = keeping(cluster)
        keeper.want(WEB, decided(read(cluster), "192.0.2.1"))
        await cluster.settled()
        assert "recordTTL" not in rows(cluster)[0]
        assert keeper.in_step


async def test_a_hosts_status_is_written_when_it_differs_and_reads_back() -> None:
    async with host_cluster() as cluster:
        cluster.add(kinds.GLOBAL_HOST, "web", {"hostnames": ["www.example.org"]}, "shop")
        now = [NOW]
        statuses = Statuses(client=cluster.client, shelf=cluster, writer=cluster.writer, clock=lambda: now[0])
        cluster.on_seen.append(statuses.seen)
        cluster.look()
        decision = decided(read(cluster), "192.0.2.1")
        statuses.put(kinds.GLOBAL_HOST, GHOST, lambda seen, at: status.of_host(decision, seen, at))
        await cluster.settled()
        obj = cluster.server.get("GlobalHost", "web", "shop")
        assert obj["status"]["hostnames"][0]["targets"] == ["192.0.2.1"]
        assert globalhost.memory(obj) == decision.memory
        version = cluster.version(kinds.GLOBAL_HOST, "web", "shop")
        now[0] += 3600
        again = decided(read(cluster), "192.0.2.1")
        statuses.put(kinds.GLOBAL_HOST, GHOST, lambda seen, at: status.of_host(again, seen, at))
        await cluster.settled()
        assert cluster.version(kinds.GLOBAL_HOST, "web", "shop") == version
        await cluster.client.patch_status(kinds.GLOBAL_HOST, "shop", "web", {"served": ["198.51.100.66"], "hostnames": None})
        await cluster.settled()
        assert globalhost.memory(cluster.server.get("GlobalHost", "web", "shop")) == decision.memory


async def test_every_status_that_can_be_rendered_fits_the_schema() -> None:
    async with host_cluster() as cluster:
        cluster.add(kinds.MEMBER_CLUSTER, "fra", {"access": {"kubeconfigSecretRef": {"name": "fra"}}})
        statuses = Statuses(client=cluster.client, shelf=cluster, writer=cluster.writer, clock=lambda: NOW)
        cluster.on_seen.append(statuses.seen)
        cluster.look()
        report = MemberReport("fra", 1, True, "Reachable", "answers", True, True, 1, 2, 3, "v1.36.2", "c1", NOW)
        statuses.put(kinds.MEMBER_CLUSTER, FRA, lambda seen, at: status.of_member(report, seen, at))
        await cluster.settled()
        assert cluster.server.get("MemberCluster", "fra")["status"] == status.of_member(report, None, NOW)


@pytest.mark.parametrize("conditions", [pytest.param(True, id="our CRD"), pytest.param(False, id="upstream's CRD")])
async def test_conditions_of_an_endpoint_are_written_where_the_schema_has_them(conditions: bool) -> None:
    crd = definition(kinds.DNS_ENDPOINT)
    found = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    if not conditions:
        del found["conditions"]
    others = tuple(definition(kind) for kind in OURS if kind is not kinds.DNS_ENDPOINT)
    async with host_cluster(crds=(*others, crd)) as cluster:
        cluster.add(kinds.DNS_ENDPOINT, "web", {"endpoints": []}, "shop")
        statuses = Statuses(client=cluster.client, shelf=cluster, writer=cluster.writer, clock=lambda: NOW)
        cluster.on_seen.append(statuses.seen)
        cluster.look()
        words = (build.programming("www.example.org"),)
        statuses.put(kinds.DNS_ENDPOINT, WEB, lambda seen, at: status.of_endpoint((), words, seen, at), partial=True)
        await cluster.settled()
        there = cluster.server.get("DNSEndpoint", "web", "shop").get("status", {})
        assert ("conditions" in there) is conditions
        version = cluster.version(kinds.DNS_ENDPOINT, "web", "shop")
        statuses.put(kinds.DNS_ENDPOINT, WEB, lambda seen, at: status.of_endpoint(("bad",), words, seen, at), partial=True)
        await cluster.settled()
        assert (cluster.version(kinds.DNS_ENDPOINT, "web", "shop") != version) is conditions


HOST = GeneratedHost(
    namespace="shop",
    name="web",
    source_kind="Ingress",
    origin="FederatedIngress",
    owner=Owner("types.kubefed.io/v1beta1", "FederatedIngress", "web", "f1"),
    hostnames=(build.name("www.example.org"),),
    ttl=60,
)


def keeping_hosts(cluster: HostCluster, clashes: Clashes) -> Keeper[GeneratedHost]:
    keeper = hosts.keeper(cluster.client, cluster, cluster.writer, clashes.hear)
    cluster.on_seen.append(lambda kind, ref: keeper.seen(ref) if kind is kinds.GLOBAL_HOST else None)
    return keeper


async def test_a_generated_host_is_made_followed_and_removed() -> None:
    async with host_cluster() as cluster:
        keeper = keeping_hosts(cluster, Clashes())
        keeper.want(GHOST, HOST)
        await cluster.settled()
        spec = cluster.server.get("GlobalHost", "web", "shop")["spec"]
        assert (spec["hostnames"], spec["ttl"], spec["maxTargets"]) == (["www.example.org"], 60, 8)
        assert keeper.in_step
        await cluster.client.patch(kinds.GLOBAL_HOST, "shop", "web", {"spec": {"whenNoneHealthy": "Withdraw", "ttl": 5}})
        keeper.want(GHOST, replace(HOST, ttl=None))
        await cluster.settled()
        spec = cluster.server.get("GlobalHost", "web", "shop")["spec"]
        assert spec["whenNoneHealthy"] == "Withdraw"
        keeper.want(GHOST, None)
        await cluster.settled()
        assert cluster.server.find("GlobalHost", "web", "shop") is None


async def test_a_host_by_hand_wins_until_it_is_removed() -> None:
    async with host_cluster() as cluster:
        cluster.add(kinds.GLOBAL_HOST, "web", {"hostnames": ["hand.example.org"]}, "shop")
        cluster.look()
        clashes = Clashes()
        keeper = keeping_hosts(cluster, clashes)
        keeper.want(GHOST, HOST)
        await cluster.settled()
        assert cluster.server.get("GlobalHost", "web", "shop")["spec"]["hostnames"] == ["hand.example.org"]
        assert "written by hand" in clashes[str(GHOST)]
        cluster.server.delete("GlobalHost", "web", "shop")
        await cluster.settled()
        assert cluster.server.get("GlobalHost", "web", "shop")["spec"]["hostnames"] == ["www.example.org"]


MEMBER = GeneratedMember(
    name="fra",
    access=AccessSpec(ByKubeconfig(SecretKey("fra-kc", "kubeconfig", "mcidns-system"))),
    made_of=ObjectRef("Secret", "mcidns-system", "fra-kc"),
    region="eu",
)


async def test_a_region_set_by_a_person_survives_what_the_fleet_says() -> None:
    async with host_cluster() as cluster:
        keeper = members.keeper(cluster.client, cluster, cluster.writer, Clashes().hear)
        cluster.on_seen.append(lambda kind, ref: keeper.seen(ref) if kind is kinds.MEMBER_CLUSTER else None)
        keeper.want(FRA, MEMBER)
        await cluster.settled()
        assert cluster.server.get("MemberCluster", "fra")["spec"]["region"] == "eu"
        await cluster.client.apply(
            kinds.MEMBER_CLUSTER, None, "fra", {"spec": {"region": "home", "zones": ["z1"]}}, manager="a-person"
        )
        await cluster.settled()
        keeper.want(FRA, replace(MEMBER, region="eu-west", labels=(("env", "prod"),)))
        await cluster.settled()
        found = cluster.server.get("MemberCluster", "fra")
        assert (found["spec"]["region"], found["spec"]["zones"]) == ("home", ["z1"])
        assert found["metadata"]["labels"]["env"] == "prod"
        assert found["spec"]["access"]["kubeconfigSecretRef"]["name"] == "fra-kc"
        assert keeper.in_step
        keeper.want(FRA, None)
        await cluster.settled()
        assert cluster.server.find("MemberCluster", "fra") is None


async def test_a_region_set_by_a_person_a_moment_before_the_fleet_speaks_survives_too() -> None:
    async with host_cluster() as cluster:
        keeper = members.keeper(cluster.client, cluster, cluster.writer, Clashes().hear)
        cluster.on_seen.append(lambda kind, ref: keeper.seen(ref) if kind is kinds.MEMBER_CLUSTER else None)
        keeper.want(FRA, MEMBER)
        await cluster.settled()
        await cluster.client.apply(kinds.MEMBER_CLUSTER, None, "fra", {"spec": {"region": "home"}}, manager="a-person")
        keeper.want(FRA, replace(MEMBER, region="eu-west", labels=(("env", "prod"),)))
        assert not await cluster.writer.flush(0.2), "it was written although the watch has not brought the edit yet"
        await cluster.settled()
        found = cluster.server.get("MemberCluster", "fra")
        assert (found["spec"]["region"], found["metadata"]["labels"]["env"]) == ("home", "prod")
        assert keeper.in_step
