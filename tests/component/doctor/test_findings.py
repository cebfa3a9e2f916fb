"""One thing broken at a time gives exactly that finding, with a remedy; and when that was done there is none."""

import base64
import copy
import inspect
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcidns.demo import manifests
from mcidns.hub import times
from tests.component.cli.stages import bare, mark
from tests.component.doctor import clinic
from tests.component.doctor.clinic import SYSTEM, Clinic
from tests.scenario.stage import KEY, global_host, zone

Act = Callable[[Clinic], object]
FOREIGN = "shop 30 IN A 192.0.2.1\nshop 30 IN A 192.0.2.2\n"


@dataclass(frozen=True)
class Case:
    """What is broken, what must be found, and what mends it. `says` stands in the finding, `fix` in its remedy."""

    rule: str
    subject: str
    breaks: Act
    mends: Act
    says: str = ""
    fix: str = ""
    options: tuple[str, ...] = ()
    records: str = clinic.PUBLISHED
    severity: str = "problem"


async def act(step: Act, here: Clinic) -> None:
    done = step(here)
    if inspect.isawaitable(done):
        await done


def crd(here: Clinic, change: Callable[[dict[str, Any]], None], name: str = "globalhosts.mcidns.io") -> None:
    found = copy.deepcopy(here.host.get("crd", name))
    change(found["spec"]["versions"][0])
    here.host.put(found)


def shipped(here: Clinic) -> None:
    """kubectl apply -f crds/"""
    for one in manifests.crds():
        here.host.install_crd(one)


def schema(version: dict[str, Any]) -> dict[str, Any]:
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert isinstance(spec, dict)
    return spec


def rules(here: Clinic, server: Any, role: str, resource: str) -> None:
    """Take a rule out of a ClusterRole."""
    found = copy.deepcopy(server.get("clusterroles", role))
    found["rules"] = [one for one in found["rules"] if resource not in one["resources"]]
    server.put(found)


def apply(server: Any, objects: list[dict[str, Any]]) -> None:
    for one in objects:
        server.put(one)


def token(end: float) -> str:
    """A JSON Web Token that ends then; nobody checks its signature here."""
    parts = ({"alg": "none"}, {"exp": int(end), "sub": "mcidns"})
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return f"{coded[0]}.{coded[1]}.{clinic.SIGNATURE}"


def member_token(here: Clinic, text: str, *, accepted: bool) -> None:
    if accepted:
        here.member().access.allow(text, "rbac", "system:serviceaccount:mcidns-system:mcidns", clinic.GROUPS)
    here.host.put(clinic.kubeconfig_secret("r2", here.member().kubeconfig_yaml(text)))


def lease(here: Clinic, holder: str, age: float) -> None:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": times.render_micro(time.time() - age)}
    here.host.put(
        {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "mcidns", "namespace": SYSTEM}, "spec": spec}
    )


def external_dns(here: Clinic, *args: str) -> None:
    here.host.put(clinic.deployment("external-dns", "dns", app="external-dns", args=list(args)))


def skew(here: Clinic, **seconds: float) -> None:
    here.host.faults.clock_skew = seconds.get("host", 0.0)
    for name in ("r1", "r2"):
        here.member(name).faults.clock_skew = seconds.get(name, 0.0)


def unready(here: Clinic, type_: str, reason: str, status: str = "False", message: str = "told") -> None:
    here.condition("globalhosts", "shop", "shop", type=type_, status=status, reason=reason, message=message)


def well(here: Clinic) -> None:
    for type_, status in (("Accepted", "True"), ("ResolvedRefs", "True"), ("Programmed", "True"), ("FailOpen", "False")):
        unready(here, type_, "Well", status)


async def adopt(here: Clinic, *options: str) -> None:
    done = await bare("adopt", "example-org", "shop.example.org", *options, "--apply", "--kubeconfig", str(here.kubeconfig))
    assert done.return_value == 0, done.output


async def adopt_unread(here: Clinic) -> None:
    here.edit("dnszones", "example-org", registry={"readAlso": [{}]})
    await adopt(here, "--owner", "cloud-hub")


def provider(here: Clinic, **config: object) -> None:
    found = manifests.provider(here.parent.port)
    found["spec"]["config"] |= config
    here.host.put(found)


def no_address(here: Clinic) -> None:
    found = copy.deepcopy(here.host.get("globalhosts", "shop", "shop"))
    found["status"]["targets"][1]["reason"] = "NoAddress"
    here.host.put(found)


def with_address(here: Clinic) -> None:
    found = copy.deepcopy(here.host.get("globalhosts", "shop", "shop"))
    found["status"]["targets"][1]["reason"] = "Ready"
    here.host.put(found)


def serve(here: Clinic, text: str) -> None:
    here.stage.names.add_zone("example.org.", text)


def misplaced(here: Clinic) -> None:
    here.host.put(clinic.kubeconfig_secret("r3", here.member().kubeconfig_yaml(clinic.MEMBER), "default"))


NEWER = {"type": "string", "description": "of the next release"}
HOST = "GlobalHost shop/shop"
CASES = [
    Case("CRDMissing", "", lambda h: h.host.delete("crd", "dnsendpoints.externaldns.k8s.io"), shipped, fix="crds/dnsendpoints.ext"),
    Case(
        "CRDNotServed",
        "",
        lambda h: crd(h, lambda version: version.update(name="v1"), "memberclusters.mcidns.io"),
        lambda h: crd(h, lambda version: version.update(name="v1alpha1"), "memberclusters.mcidns.io"),
        says="serves v1",
    ),
    Case(
        "CRDOutdated",
        "",
        lambda h: crd(h, lambda version: schema(version).pop("routing")),
        shipped,
        says="spec.routing",
        fix="kubectl apply --server-side --force-conflicts -f crds/globalhosts.mcidns.io.yaml",
    ),
    Case(
        "CRDNewer",
        "",
        lambda h: crd(h, lambda version: schema(version).update(later=NEWER)),
        shipped,
        says="spec.later",
        severity="warning",
    ),
    Case(
        "HostRightsMissing",
        "",
        lambda h: rules(h, h.host, "mcidns", "dnsendpoints"),
        lambda h: apply(h.host, clinic.host_rights()),
        says=f"{clinic.ACCOUNT} may not create, delete, get, list, patch, watch dnsendpoints.externaldns.k8s.io",
        fix="docs/host-rbac.yaml",
    ),
    Case(
        "ControllerDown",
        "",
        lambda h: h.host.put(clinic.deployment(ready=0)),
        lambda h: h.host.put(clinic.deployment()),
        says="0 of 1",
    ),
    Case("LeaderStale", "", lambda h: lease(h, "pod-1", 60), lambda h: lease(h, "pod-2", -600), says="pod-1", severity="warning"),
    Case("LeaderStale", "", lambda h: lease(h, "", 1), lambda h: lease(h, "pod-2", -600), says="no holder", severity="warning"),
    Case("ClockSkew", "", lambda h: skew(h, r2=-120.0), skew, says="clock of r2", severity="warning"),
    Case("ClockHere", "", lambda h: skew(h, host=90.0, r1=90.0, r2=90.0), skew, says="ahead of this machine", severity="warning"),
    Case(
        "SecretMisplaced",
        "",
        misplaced,
        lambda h: h.host.delete("secrets", "r3", "default"),
        says="Secret default/r3",
        fix=f"kubectl -n {SYSTEM} apply -f -",
    ),
    Case(
        "SecretUnusable",
        "",
        lambda h: h.host.put({**clinic.kubeconfig_secret("r9", "x"), "data": {}}),
        lambda h: h.host.delete("secrets", "r9", SYSTEM),
        says=f"Secret {SYSTEM}/r9",
    ),
    Case(
        "ExternalDNSSameOwner",
        "",
        lambda h: external_dns(h, "--txt-owner-id=scenario", "--domain-filter=example.org"),
        lambda h: external_dns(h, "--txt-owner-id=other", "--domain-filter=example.net"),
        says="dns/external-dns writes as owner 'scenario'",
    ),
    Case(
        "ExternalDNSSameDomain",
        "",
        lambda h: external_dns(h, "--txt-owner-id", "other"),
        lambda h: external_dns(h, "--txt-owner-id", "other", "--dry-run"),
        says="every domain",
        severity="warning",
    ),
    Case(
        "MemberUnreachable",
        "r2",
        lambda h: h.member().faults.refuse(),
        lambda h: h.member().faults.accept(),
        says="connection refused",
    ),
    Case(
        "MemberLogin",
        "r2",
        lambda h: h.member().access.revoke(clinic.MEMBER),
        lambda h: member_token(h, "another-member-token", accepted=True),
        says="401",
        fix=f"kubectl -n {SYSTEM} create secret generic r2 --from-file=kubeconfig=FILE",
    ),
    Case(
        "CredentialExpired",
        "r2",
        lambda h: member_token(h, token(time.time() - 86400), accepted=False),
        lambda h: member_token(h, token(time.time() + 30 * 86400), accepted=True),
        says="the token expired 1d",
        fix="create secret generic r2",
    ),
    Case(
        "CredentialExpiring",
        "r2",
        lambda h: member_token(h, token(time.time() + 3 * 86400 + 3000), accepted=True),
        lambda h: member_token(h, token(time.time() + 30 * 86400), accepted=True),
        says="expires in 3d",
        severity="warning",
    ),
    Case(
        "MemberRightsMissing",
        "r2",
        lambda h: rules(h, h.member(), "mcidns-member", "endpointslices"),
        lambda h: apply(h.member(), clinic.documents("member-rbac.yaml")),
        says="get, list, watch endpointslices.discovery.k8s.io",
        fix="kubectl --context r2 apply -f docs/member-rbac.yaml",
    ),
    Case(
        "MemberUnusable",
        "r2",
        lambda h: h.host.delete("secrets", "r2", SYSTEM),
        lambda h: member_token(h, clinic.MEMBER, accepted=True),
        says=f"Secret {SYSTEM}/r2 does not exist",
    ),
    Case(
        "MemberTwice",
        "r2",
        lambda h: h.condition("memberclusters", "r2", type="Duplicate", status="True", message="MemberCluster r1 is the same"),
        lambda h: h.condition("memberclusters", "r2", type="Duplicate", status="False"),
        severity="warning",
    ),
    Case(
        "DrainEndless",
        "r2",
        lambda h: h.edit("memberclusters", "r2", drain={"reason": "new switches"}),
        lambda h: h.edit("memberclusters", "r2", drain={"until": times.render(time.time() + 3600)}),
        says="without an end (new switches)",
        fix="mcidns undrain r2",
        severity="warning",
    ),
    Case(
        "ProviderUnusable",
        "demo",
        lambda h: h.host.delete("secrets", "demo-tsig", SYSTEM),
        lambda h: h.host.put(manifests.tsig_secret(KEY)),
        says=f"no Secret {SYSTEM}/demo-tsig",
    ),
    Case(
        "ProviderLogin",
        "demo",
        lambda h: h.host.put(manifests.tsig_secret(b"wrong" * 7)),
        lambda h: h.host.put(manifests.tsig_secret(KEY)),
        fix=f"kubectl -n {SYSTEM} create secret generic demo-tsig",
    ),
    Case(
        "ProviderUnreachable",
        "demo",
        lambda h: provider(h, servers=["127.0.0.1:1"], timeout=1),
        provider,
    ),
    Case(
        "ZoneUnusable",
        "example-org",
        lambda h: h.edit("dnszones", "example-org", providerRef={"name": "nobody"}),
        lambda h: h.edit("dnszones", "example-org", providerRef={"name": "demo"}),
        says="no DNSProvider nobody",
    ),
    Case(
        "ZoneTwice",
        "twin",
        lambda h: h.host.put({**zone(ownerID="another-owner"), "metadata": {"name": "twin"}}),
        lambda h: h.host.delete("dnszones", "twin"),
        says="DNSZones twin (owner another-owner) and example-org (owner scenario)",
    ),
    Case(
        "GrantMatchesNothing",
        "example-org",
        lambda h: h.edit("dnszones", "example-org", grants=[{"namespaceSelector": {"matchLabels": {"dns": "public"}}}]),
        lambda h: h.host.put({**manifests.namespace("shop"), "metadata": {"name": "shop", "labels": {"dns": "public"}}}),
        fix="kubectl label namespace NAMESPACE dns=public",
        severity="warning",
    ),
    Case(
        "PlanHeld",
        "example-org",
        lambda h: h.condition("dnszones", "example-org", type="PlanHeld", status="True", message="12 of 12 names would go"),
        lambda h: h.condition("dnszones", "example-org", type="PlanHeld", status="False"),
        says="12 of 12",
        fix="mcidns.io/approve-plan=",
    ),
    Case(
        "RivalOwner",
        "example-org",
        lambda _: None,
        lambda h: adopt(h, "--owner", "former-hub"),
        says="shop.example.org belong to former-hub",
        fix="mcidns adopt example-org shop.example.org --owner former-hub --apply",
        records=FOREIGN + mark("mcidns-a.shop", "former-hub"),
    ),
    Case(
        "RivalOwnerUnread",
        "example-org",
        lambda _: None,
        adopt_unread,
        says="shop.example.org belong to cloud-hub",
        fix="then mcidns adopt example-org shop.example.org --owner cloud-hub --apply",
        records=FOREIGN + mark("a-shop", "cloud-hub"),
    ),
    Case(
        "RivalOwner",
        "example-org",
        lambda _: None,
        lambda h: serve(h, clinic.ZONE_TEXT + clinic.PUBLISHED),
        says="an ownership TXT of shop.example.org, without a record, belongs to former-hub",
        records=clinic.PUBLISHED + mark("mcidns-aaaa.shop", "former-hub"),
    ),
    Case(
        "UnownedRecord",
        "example-org",
        lambda _: None,
        adopt,
        says="shop.example.org has A that carry no mark",
        fix="mcidns adopt example-org shop.example.org --apply",
        records=FOREIGN,
    ),
    Case(
        "NotDelegated",
        "example-org",
        lambda h: h.parent.add_zone("org.", clinic.PARENT_TEXT.split("example IN")[0]),
        lambda h: h.parent.add_zone("org.", clinic.PARENT_TEXT),
        fix="ns1.example.org",
    ),
    Case(
        "NegativeTTLLong",
        "example-org",
        lambda h: serve(
            h, clinic.ZONE_TEXT.replace("86400 60", "86400 3600").replace("@ IN SOA", "@ 3600 IN SOA") + clinic.PUBLISHED
        ),
        lambda h: serve(h, clinic.ZONE_TEXT + clinic.PUBLISHED),
        says="3600 s",
        severity="warning",
    ),
    Case(
        "RecordTTLLong",
        "example-org",
        lambda h: serve(h, clinic.ZONE_TEXT + clinic.PUBLISHED.replace("shop 30 IN A", "shop 900 IN A")),
        lambda h: serve(h, clinic.ZONE_TEXT + clinic.PUBLISHED),
        says="900 s",
        fix="kubectl -n shop patch globalhost shop",
        severity="warning",
    ),
    Case(
        "AnswersDiffer",
        "example-org",
        lambda h: serve(h, clinic.ZONE_TEXT + clinic.PUBLISHED.replace("192.0.2.2", "203.0.113.9")),
        lambda h: serve(h, clinic.ZONE_TEXT + clinic.PUBLISHED),
        says="answers 192.0.2.1, 203.0.113.9, and GlobalHost shop/shop wants 192.0.2.1, 192.0.2.2",
    ),
    Case(
        "NoZone",
        HOST,
        lambda h: h.edit("globalhosts", "shop", "shop", hostnames=["shop.example.org", "shop.example.net"]),
        lambda h: h.edit("globalhosts", "shop", "shop", hostnames=["shop.example.org"]),
        says="shop.example.net lies in no DNSZone",
        fix="there are: example.org",
    ),
    Case(
        "UnknownCluster",
        HOST,
        lambda h: h.edit("globalhosts", "shop", "shop", routing={"policy": "Failover", "failover": {"order": ["r1", "r7"]}}),
        lambda h: h.edit("globalhosts", "shop", "shop", routing={"policy": "Failover", "failover": {"order": ["r1", "r2"]}}),
        says="spec.routing.failover.order names 'r7'",
        fix="there are: r1, r2",
        severity="warning",
    ),
    Case("FailOpen", HOST, lambda h: unready(h, "FailOpen", "ServeAll", "True"), well, fix="mcidns explain shop/shop"),
    Case("Quarantined", HOST, lambda h: unready(h, "Programmed", "Rejected"), well, says="Rejected: told"),
    Case("NotProgrammed", HOST, lambda h: unready(h, "Programmed", "Odd"), well, severity="warning"),
    Case("HostRefused", HOST, lambda h: unready(h, "Accepted", "NotGranted"), well, says="NotGranted"),
    Case(
        "SourceNowhere",
        HOST,
        lambda h: unready(h, "ResolvedRefs", "SourceNotFound", message="no member cluster has Ingress shop/web"),
        well,
        fix='{"spec":{"source":{"name":"shop"}}}',
    ),
    Case("TargetsUnusable", HOST, lambda h: unready(h, "ResolvedRefs", "InvalidTarget"), well, severity="warning"),
    Case(
        "NoAddress",
        HOST,
        no_address,
        with_address,
        fix="kubectl --context r2 -n shop describe ingress shop",
        severity="warning",
    ),
    Case(
        "HostUndecided",
        "GlobalHost shop/new",
        lambda h: h.host.put(global_host("new", hostnames=["new.example.org"])),
        lambda h: h.host.delete("globalhosts", "new", "shop"),
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.rule}-{number}") for number, case in enumerate(CASES)])
async def test_one_thing_broken_is_the_one_thing_found_and_the_remedy_mends_it(tmp_path: Path, case: Case) -> None:
    async with clinic.healthy(tmp_path, records=case.records) as here:
        await act(case.breaks, here)
        told = await here.told(*case.options)

        assert [(one["rule"], one["subject"]) for one in told["findings"]] == [(case.rule, case.subject)]
        (finding,) = told["findings"]
        assert (finding["severity"], told["code"]) == (case.severity, 1 if case.severity == "problem" else 0)
        assert case.says in finding["what"]
        assert case.fix in finding["remedy"]
        assert finding["why"]

        await act(case.mends, here)
        assert (await here.told(*case.options))["findings"] == []


async def test_what_only_kubefed_needs_may_be_missing(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.host.delete("crd", "domains.multiclusterdns.kubefed.io")
        assert await here.findings() == []
