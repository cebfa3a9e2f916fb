"""A KubeFed user's manifests, unchanged: the names that KubeFed gave them, in real DNS, without its faults."""

import asyncio
import base64
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import yaml

from mcidns.demo import manifests
from tests.scenario.stage import Stage, global_host, raised

Object = dict[str, Any]

HOME = "kube-federation-system"
GROUP = "multiclusterdns.kubefed.io/v1alpha1"
TOP = "web.shop.europe.svc.example.org"
WHERE = {"r1": ("north", ["n1", "n2"]), "r2": ("south", ["s1"]), "r3": ("south", ["s1", "s2"])}
ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


def domain(**changes: Any) -> Object:
    """A Domain as in KubeFed's guides."""
    metadata = {"name": "europe", "namespace": HOME}
    return {"apiVersion": GROUP, "kind": "Domain", "metadata": metadata, "domain": "example.org", **changes}


def service_record(annotations: dict[str, str] | None = None, **spec: Any) -> Object:
    """A ServiceDNSRecord as in KubeFed's guides."""
    metadata: Object = {"name": "web", "namespace": "shop", **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": GROUP, "kind": "ServiceDNSRecord", "metadata": metadata, "spec": {"domainRef": "europe", **spec}}


def ingress_record(**spec: Any) -> Object:
    """An IngressDNSRecord as in KubeFed's guides."""
    metadata = {"name": "shop", "namespace": "shop"}
    spec.setdefault("hosts", ["shop.example.org", "store.example.org"])
    return {"apiVersion": GROUP, "kind": "IngressDNSRecord", "metadata": metadata, "spec": spec}


def balanced(number: int) -> Object:
    """The Service shop/web of the n-th member, as the federation made it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"kubefed.io/managed": "true"}},
        "spec": {"type": "LoadBalancer", "selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
        "status": {"loadBalancer": {"ingress": [{"ip": f"192.0.2.{number}"}]}},
    }


def kubefeds_crd(kind: str, spec: Object, status: Object | None) -> Object:
    """A CRD with KubeFed's fields and no others, as a host has it on which KubeFed was installed first."""
    plural = f"{kind.lower()}s"
    fields = {"spec": {"type": "object", "properties": spec}} if status is not None else spec
    told = {"status": {"type": "object", "properties": status}} if status is not None else {}
    meta = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    version: Object = {"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}} if told else {}}
    version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {**meta, **fields, **told}}}
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.multiclusterdns.kubefed.io"},
        "spec": {"group": "multiclusterdns.kubefed.io", "scope": "Namespaced", "names": names, "versions": [version]},
    }


def kubefeds_crds() -> list[Object]:
    """Those of the three kinds."""
    text = {"type": "string"}
    point = {"type": "object", "properties": {"ip": text, "hostname": text}}
    balancer = {"type": "object", "properties": {"ingress": {"type": "array", "items": point}}}
    entry = {"cluster": text, "loadBalancer": balancer, "region": text, "zones": {"type": "array", "items": text}}
    dns = {"type": "array", "items": {"type": "object", "properties": entry}}
    number = {"type": "integer", "format": "int64"}
    return [
        kubefeds_crd("Domain", {"domain": text, "nameServer": text}, None),
        kubefeds_crd("ServiceDNSRecord", {"domainRef": text, "recordTTL": number, "dnsPrefix": text}, {"domain": text, "dns": dns}),
        kubefeds_crd("IngressDNSRecord", {"hosts": {"type": "array", "items": text}, "recordTTL": number}, {"dns": dns}),
    ]


@contextlib.asynccontextmanager
async def federated(
    *, running: bool = True, kubefed_came_first: bool = False, zone_text: str | None = None
) -> AsyncIterator[Stage]:
    """Three members in two regions, the Service in each of them."""
    async with raised(running=False, zone_text=zone_text) as stage:
        for crd in kubefeds_crds() if kubefed_came_first else ():
            stage.host.install_crd(crd)
        stage.host.put(manifests.namespace(HOME))
        for number, member in enumerate(stage.members.values(), start=1):
            member.put(balanced(number))
        for name, (region, _) in WHERE.items():
            secret = stage.host.get("secrets", name, manifests.SYSTEM)
            secret["metadata"]["annotations"] = {"mcidns.io/region": region}
            stage.host.put(secret)
        if running:
            await stage.start()
            await stage.until_true(lambda: len(stage.host.list("memberclusters")) == 3, "the members to be known")
            add_zones(stage)
        yield stage


def add_zones(stage: Stage) -> None:
    """Say in which zones the members stand, as a person does who has no KubeFedCluster that tells."""
    for name, (_, zones) in WHERE.items():
        found = stage.host.get("memberclusters", name)
        stage.host.put({**found, "spec": {**found["spec"], "zones": zones}})


def told(stage: Stage, plural: str = "servicednsrecords", name: str = "web") -> Object:
    """A record's status."""
    status = (stage.host.find(plural, name, "shop") or {}).get("status")
    return status if isinstance(status, dict) else {}


def reason(stage: Stage, condition: str, plural: str = "servicednsrecords", name: str = "web") -> tuple[str, str]:
    """Status and reason of a record's condition."""
    for one in told(stage, plural, name).get("conditions", []):
        if one["type"] == condition:
            return one["status"], one["reason"]
    return "", ""


def happened(stage: Stage) -> set[tuple[str, str]]:
    """Kind and reason of all Events."""
    return {(event["regarding"]["kind"], event["reason"]) for event in stage.host.list("events.events.k8s.io")}


async def published(stage: Stage, record: Object) -> None:
    """The record stands in DNS with all its names."""
    stage.host.put(domain())
    stage.host.put(record)
    await stage.until_answer(TOP, *ALL)
    await stage.until_answer("web.shop.europe.svc.s2.south.example.org", "192.0.2.3")


async def test_a_service_record_has_a_name_for_all_for_each_region_and_for_each_zone() -> None:
    async with federated() as stage:
        await published(stage, service_record())
        expected = {
            "web.shop.europe.svc.north.example.org": ("192.0.2.1",),
            "web.shop.europe.svc.n1.north.example.org": ("192.0.2.1",),
            "web.shop.europe.svc.n2.north.example.org": ("192.0.2.1",),
            "web.shop.europe.svc.south.example.org": ("192.0.2.2", "192.0.2.3"),
            "web.shop.europe.svc.s1.south.example.org": ("192.0.2.2", "192.0.2.3"),
        }
        for name, addresses in expected.items():
            await stage.until_answer(name, *addresses)
        await stage.until_true(lambda: reason(stage, "Programmed") == ("True", "Programmed"), "Programmed")
        status = told(stage)
        assert status["domain"] == "example.org"
        assert status["dns"][0] == {
            "cluster": "r1",
            "region": "north",
            "zones": ["n1", "n2"],
            "loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]},
        }
        assert [entry["cluster"] for entry in status["dns"]] == ["r1", "r2", "r3"]
        assert status["summary"] == {"hostnames": f"{TOP} +6", "targets": "3/3"}
        endpoint = stage.host.find("dnsendpoints", "service-web", "shop")
        assert endpoint is not None
        assert endpoint["metadata"]["ownerReferences"][0]["kind"] == "ServiceDNSRecord"
        assert {row["recordTTL"] for row in endpoint["spec"]["endpoints"]} == {180}
        assert len(endpoint["spec"]["endpoints"]) == 7


async def test_a_region_without_ready_pods_falls_back_by_cname_and_returns() -> None:
    async with federated() as stage:
        await published(stage, service_record(dnsPrefix="pay"))
        await stage.until_answer("pay.example.org", f"{TOP}.", type_="CNAME")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("web.shop.europe.svc.north.example.org", f"{TOP}.", type_="CNAME")
        await stage.until_answer(
            "web.shop.europe.svc.n1.north.example.org", "web.shop.europe.svc.north.example.org.", type_="CNAME"
        )
        await stage.until_answer(TOP, *ALL[1:])
        await stage.until_true(lambda: told(stage)["dns"][0]["loadBalancer"] == {}, "status.dns to show it")
        await stage.until_true(lambda: ("ServiceDNSRecord", "Withdrawn") in happened(stage), "an Event of it")
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await stage.until_answer("web.shop.europe.svc.north.example.org", "192.0.2.1")
        await stage.until_answer(TOP, *ALL)


async def test_a_drained_members_region_falls_back_and_a_drain_that_would_leave_nobody_names_the_record(tmp_path: Path) -> None:
    async with federated() as stage:
        await published(stage, service_record())
        member = stage.host.get("memberclusters", "r1")
        stage.host.put({**member, "spec": {**member["spec"], "drain": {"reason": "upgrade"}}})
        await stage.until_answer("web.shop.europe.svc.north.example.org", f"{TOP}.", type_="CNAME")
        await stage.until_answer(TOP, *ALL[1:])
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer(TOP, "192.0.2.3")
        await stage.until_true(lambda: {t["cluster"]: t["reason"] for t in told(stage)["targets"]}["r2"] == "NotReady", "r2")
        code, printed = await asked(tmp_path, stage, "drain", "r3", "-o", "json")
        assert code == 1, printed
        assert [one["name"] for one in json.loads(printed)["hostsAtRisk"]] == ["web"]


async def test_a_lost_member_keeps_its_names_and_addresses() -> None:
    """KubeFed took all of them away after a minute."""
    async with federated() as stage:
        await published(stage, service_record())
        stage.members["r1"].faults.refuse()
        await stage.until_true(lambda: {t["cluster"]: t["reason"] for t in told(stage)["targets"]}["r1"] == "Stale", "the verdict")
        assert await stage.answer("web.shop.europe.svc.north.example.org") == ("192.0.2.1",)
        assert await stage.answer(TOP) == ALL


async def test_nothing_ready_anywhere_leaves_names_that_end_in_addresses() -> None:
    async with federated() as stage:
        await published(stage, service_record())
        for member in stage.members.values():
            member.put(manifests.endpoints(ready=False))
        await stage.until_true(lambda: reason(stage, "FailOpen")[0] == "True", "FailOpen")
        await stage.until_answer("web.shop.europe.svc.north.example.org", f"{TOP}.", type_="CNAME")
        assert await stage.answer(TOP) == ALL


async def test_the_compatibility_annotation_brings_dangling_cnames_back() -> None:
    async with federated() as stage:
        await published(stage, service_record({"mcidns.io/compatibility": "kubefed"}, dnsPrefix="pay"))
        for member in stage.members.values():
            member.put(manifests.endpoints(ready=False))
        await stage.until_answer(TOP)
        await stage.until_answer("web.shop.europe.svc.north.example.org", f"{TOP}.", type_="CNAME")
        await stage.until_answer("pay.example.org", f"{TOP}.", type_="CNAME")


async def test_a_restart_writes_nothing() -> None:
    async with federated() as stage:
        await published(stage, service_record(dnsPrefix="pay"))
        stage.host.put(ingress_record())
        await stage.until_answer("store.example.org", *ALL)
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("web.shop.europe.svc.north.example.org", f"{TOP}.", type_="CNAME")
        await until_told(stage)
        await stage.settled()
        await stage.stop()
        before, serial = written(stage), stage.names.serial("example.org.")
        await stage.start()
        await stage.settled()
        await until_told(stage)
        assert written(stage) == before
        assert stage.names.serial("example.org.") == serial


async def until_told(stage: Stage) -> None:
    """Wait until both records are programmed."""

    def programmed() -> bool:
        return reason(stage, "Programmed")[0] == reason(stage, "Programmed", "ingressdnsrecords", "shop")[0] == "True"

    await stage.until_true(programmed, "both records to be programmed")


def written(stage: Stage) -> list[Object]:
    """What stands in the host because of the records, but for conditions, which say that a new process is at work."""
    records = [stage.host.get("servicednsrecords", "web", "shop"), stage.host.get("ingressdnsrecords", "shop", "shop")]
    statuses = [{key: value for key, value in record["status"].items() if key != "conditions"} for record in records]
    return [*statuses, *stage.host.list("dnsendpoints"), *stage.host.list("domains")]


async def test_a_member_lost_before_a_restart_is_remembered_by_status() -> None:
    async with federated() as stage:
        await published(stage, service_record())
        await stage.until_true(lambda: reason(stage, "Programmed")[0] == "True", "Programmed")
        await stage.stop()
        stage.members["r1"].faults.refuse()
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.start()
        await stage.until_answer(TOP, "192.0.2.1", "192.0.2.3")
        assert await stage.answer("web.shop.europe.svc.north.example.org") == ("192.0.2.1",)


async def test_where_kubefeds_own_schemas_drop_our_status_its_part_of_it_is_enough_to_go_on_from() -> None:
    async with federated(kubefed_came_first=True) as stage:
        await published(stage, service_record())
        await stage.until_true(lambda: "domain" in told(stage) and len(told(stage).get("dns", [])) == 3, "KubeFed's own status")
        assert told(stage).keys() == {"domain", "dns"}
        await stage.settled()
        assert stage.app is not None
        writes = stage.app.metrics.api_writes.labels("ServiceDNSRecord status", "ok")
        before = writes._value.get()
        await asyncio.sleep(0.5)
        assert writes._value.get() == before, "what the server drops is not sent again and again"
        serial = stage.names.serial("example.org.")
        await stage.stop()
        stage.members["r1"].faults.refuse()
        await stage.start()
        await stage.settled()
        await stage.until_true(lambda: stage.host.get("memberclusters", "r1")["status"]["conditions"][0]["status"] == "False", "r1")
        assert await stage.answer(TOP) == ALL
        assert await stage.answer("web.shop.europe.svc.n1.north.example.org") == ("192.0.2.1",)
        assert stage.names.serial("example.org.") == serial


async def test_regions_and_zones_are_those_of_the_kubefed_clusters_and_names_move_with_them() -> None:
    """KubeFed itself noticed such a change only when something else happened."""
    async with federated(running=False) as stage:
        for name, member in stage.members.items():
            stage.host.delete("secrets", name, manifests.SYSTEM)
            for obj in kubefed_cluster(name, member.kubeconfig_yaml()):
                stage.host.put(obj)
        await stage.start()
        await published(stage, service_record())
        await stage.until_answer("web.shop.europe.svc.n2.north.example.org", "192.0.2.1")
        moved = stage.host.get("kubefedclusters", "r1", HOME)
        # KubeFed forgets where a cluster is while it cannot reach it; a label shows that the change was taken up.
        forgotten = {**moved, "metadata": {**moved["metadata"], "labels": {"env": "test"}}, "status": {"conditions": []}}
        stage.host.put(forgotten)
        await stage.until_true(
            lambda: stage.host.get("memberclusters", "r1")["metadata"]["labels"].get("env") == "test", "the change to be taken up"
        )
        assert stage.host.get("memberclusters", "r1")["spec"]["region"] == "north"
        assert await stage.answer("web.shop.europe.svc.n2.north.example.org") == ("192.0.2.1",)
        stage.host.put({**forgotten, "status": {"conditions": [], "region": "west", "zones": ["w1"]}})
        await stage.until_answer("web.shop.europe.svc.w1.west.example.org", "192.0.2.1")
        await stage.until_answer("web.shop.europe.svc.n2.north.example.org")


def kubefed_cluster(name: str, kubeconfig: str) -> list[Object]:
    """A KubeFedCluster and the Secret with its token."""
    region, zones = WHERE[name]
    written = yaml.safe_load(kubeconfig)
    cluster, user = written["clusters"][0]["cluster"], written["users"][0]["user"]
    ca = {"caBundle": cluster["certificate-authority-data"]} if "certificate-authority-data" in cluster else {}
    token = base64.b64encode(user.get("token", "hushhush").encode()).decode()
    metadata = {"name": name, "namespace": HOME}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {**metadata, "name": f"{name}-token"}, "data": {"token": token}},
        {
            "apiVersion": "core.kubefed.io/v1beta1",
            "kind": "KubeFedCluster",
            "metadata": metadata,
            "spec": {"apiEndpoint": cluster["server"], "secretRef": {"name": f"{name}-token"}, **ca},
            "status": {"conditions": [], "region": region, "zones": zones},
        },
    ]


async def test_a_deleted_domain_takes_the_names_away_and_says_why() -> None:
    async with federated() as stage:
        await published(stage, service_record())
        stage.host.delete("domains", "europe", HOME)
        await stage.until_answer(TOP)
        await stage.until_true(lambda: reason(stage, "ResolvedRefs") == ("False", "DomainNotFound"), "the condition")
        stage.host.put(domain(domain="eu.example.org"))
        await stage.until_answer("web.shop.europe.svc.north.eu.example.org", "192.0.2.1")


async def test_a_record_without_its_service_or_domain_says_so_and_a_domain_that_is_none_harms_nothing() -> None:
    async with federated() as stage:
        record = service_record()
        record["metadata"]["name"] = "elsewhere"
        stage.host.put(record)
        await stage.until_true(lambda: reason(stage, "ResolvedRefs", name="elsewhere") == ("False", "DomainNotFound"), "no domain")
        await published(stage, service_record())
        await stage.until_true(lambda: reason(stage, "ResolvedRefs", name="elsewhere") == ("False", "SourceNotFound"), "no service")
        stage.host.put(domain(domain="not a domain"))
        await stage.until_true(
            lambda: any(
                one["reason"] == "Invalid"
                for one in (stage.host.find("domains", "europe", HOME) or {}).get("status", {}).get("conditions", [])
            ),
            "the Domain to be told of",
        )
        assert await stage.answer(TOP) == ALL


async def test_a_record_that_becomes_unreadable_keeps_its_names_and_says_what_is_wrong() -> None:
    async with federated() as stage:
        await published(stage, service_record())
        await stage.until_true(lambda: reason(stage, "Programmed")[0] == "True", "Programmed")
        stage.host.put(service_record(recordTTL=-1))
        await stage.until_true(lambda: reason(stage, "Accepted") == ("False", "Invalid"), "Invalid")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer(TOP, *ALL[1:])
        await stage.until_true(lambda: {t["cluster"]: t["reason"] for t in told(stage)["targets"]}["r1"] == "NotReady", "r1")
        assert reason(stage, "Accepted") == ("False", "Invalid"), "an outage since does not make the record readable"
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await stage.until_answer(TOP, *ALL)
        await stage.restart()
        await stage.settled()
        assert await stage.answer(TOP) == ALL
        stage.host.put(service_record(recordTTL=60))
        await stage.until_true(lambda: reason(stage, "Accepted") == ("True", "Accepted"), "Accepted")


async def test_an_ingress_record_publishes_its_hosts() -> None:
    async with federated() as stage:
        stage.host.put(ingress_record())
        for name in ("shop.example.org", "store.example.org"):
            await stage.until_answer(name, *ALL)
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer("store.example.org", "192.0.2.1", "192.0.2.3")
        await stage.until_true(
            lambda: told(stage, "ingressdnsrecords", "shop").get("dns", [{}])[1:2] == [{"cluster": "r2", "loadBalancer": {}}],
            "status.dns",
        )
        assert stage.host.find("dnsendpoints", "ingress-shop", "shop") is not None
        stage.host.delete("ingressdnsrecords", "shop", "shop")
        await stage.until_answer("shop.example.org")
        await stage.until_true(lambda: stage.host.find("dnsendpoints", "ingress-shop", "shop") is None, "its DNSEndpoint to go")


async def test_a_globalhost_takes_an_ingress_records_name_over_without_a_gap() -> None:
    async with federated() as stage:
        stage.host.put(ingress_record(hosts=["shop.example.org"]))
        await stage.until_answer("shop.example.org", *ALL)
        stage.host.put(global_host())
        await stage.until_true(lambda: stage.reason("Programmed") == ("True", "Programmed"), "the GlobalHost to be programmed")
        stage.host.delete("ingressdnsrecords", "shop", "shop")
        await stage.until_true(
            lambda: stage.host.find("dnsendpoints", "ingress-shop", "shop") is None, "the record's DNSEndpoint to go"
        )
        await stage.settled()
        assert await stage.answer("shop.example.org") == ALL


async def test_grants_and_older_claims_hold_for_records_too() -> None:
    async with federated() as stage:
        await published(stage, service_record())
        stage.host.put(manifests.namespace("thief"))
        rival = ingress_record(hosts=["web.shop.europe.svc.north.example.org"])
        rival["metadata"]["namespace"] = "thief"
        stage.host.put(rival)

        def lost() -> bool:
            status = (stage.host.find("ingressdnsrecords", "shop", "thief") or {}).get("status", {})
            return any(one["reason"] == "HostnameConflict" for one in status.get("conditions", []))

        await stage.until_true(lost, "the rival to learn that it is late")
        assert await stage.answer("web.shop.europe.svc.north.example.org") == ("192.0.2.1",)


FORMER_ZONE = f"""$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
{TOP}. 300 IN A 192.0.2.1
cname{TOP}. 300 IN TXT "heritage=external-dns,external-dns/owner=my-identifier"
cnamea-{TOP}. 300 IN TXT "heritage=external-dns,external-dns/owner=my-identifier"
other IN A 198.51.100.7
"""


async def imported(folder: Path, stage: Stage, *options: str) -> tuple[int, str]:
    """`mcidns import kubefed` as a process: its exit code and what it printed."""
    return await asked(folder, stage, "import", "kubefed", *options)


async def asked(folder: Path, stage: Stage, *verb: str) -> tuple[int, str]:
    """A verb as a process: its exit code and what it printed."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(stage.host.kubeconfig_yaml())
    line = (sys.executable, "-m", "mcidns", *verb, "--kubeconfig", str(kubeconfig))
    process = await asyncio.create_subprocess_exec(*line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def test_importing_takes_the_records_over_that_external_dns_wrote_for_kubefed(tmp_path: Path) -> None:
    async with federated(zone_text=FORMER_ZONE) as stage:
        stage.host.put(domain())
        stage.host.put(service_record())
        await stage.until_true(lambda: reason(stage, "Programmed") == ("False", "NotOwner"), "NotOwner")
        assert await stage.answer(TOP) == ("192.0.2.1",)
        owner = ("--owner-id", "my-identifier", "--txt-prefix", "cname")
        await stage.until_true(
            lambda: stage.host.get("dnszones", "example-org").get("status", {}).get("owned") == 6, "the zone to own the other names"
        )
        code, printed = await imported(tmp_path, stage, *owner, "--apply")
        assert code == 0, printed
        assert "owns 6 names as scenario, which would become foreign" in printed
        assert stage.host.get("dnszones", "example-org")["spec"]["ownerID"] == "scenario"


async def test_importing_before_the_first_start_moves_the_records_without_a_gap(tmp_path: Path) -> None:
    async with federated(zone_text=FORMER_ZONE, running=False) as stage:
        stage.host.put(domain())
        stage.host.put(service_record())
        owner = ("--owner-id", "my-identifier", "--txt-prefix", "cname")
        code, printed = await imported(tmp_path, stage, *owner, "-o", "json")
        report = json.loads(printed)
        assert (code, report["applied"]) == (2, False)
        assert report["findings"][0]["names"] == [TOP]
        assert stage.host.get("dnszones", "example-org")["spec"]["ownerID"] == "scenario"

        code, printed = await imported(tmp_path, stage, *owner, "--apply")
        assert code == 0, printed
        assert "takes over what my-identifier wrote, from scenario (written)" in printed
        assert (await imported(tmp_path, stage, *owner))[0] == 0
        await stage.start()
        await stage.until_answer(TOP, *ALL)
        await stage.until_true(lambda: reason(stage, "Programmed")[0] == "True", "Programmed")
        assert await stage.answer("other.example.org") == ("198.51.100.7",)
