"""Whatever JSON comes in, every parser returns one of its values and raises nothing."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcidns.hub import annotations, dnsendpoint, dnsprovider, dnszone, globalhost, membercluster
from mcidns.hub import kubefed as records
from mcidns.hub.annotations import Unclaimed
from mcidns.hub.dnsendpoint import EndpointClaim
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.hub.fleets import clusterprofile, karmada, kubeconfigs, kubefed, ocm
from mcidns.hub.generated import GeneratedHost, GeneratedMember
from mcidns.hub.local import Local, Provider
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.unreadable import Unreadable
from mcidns.kube.access import ExecPlugin
from mcidns.model.decisions import Memory
from mcidns.model.hosts import Host
from mcidns.model.kubefed import Domain
from mcidns.model.names import DnsName
from mcidns.model.zones import Zone

NAMES = (
    "metadata spec status name namespace labels annotations "
    "creationTimestamp uid generation hostnames source kind staticTargets "
    "addresses clusters names selector matchLabels matchExpressions key "
    "operator values ttl maxTargets routing policy health "
    "readiness mode staleAfter fallback access server caBundle "
    "tokenSecretRef kubeconfigSecretRef proxyURL addressMap from to zones "
    "region domain ownerID registry prefix suffix readAlso "
    "grants namespaceSelector allowedTargets min max default guard "
    "resync type secretRef config rateLimit requestsPerSecond endpoints "
    "dnsName recordType targets recordTTL providerSpecific ownerReferences template "
    "placement clusterSelector rules host tls hosts data "
    "kubeconfig apiEndpoint disabledTLSValidations mcidns.io/hostname mcidns.io/ttl mcidns.io/target mcidns.io/cluster "
    "cluster since served resolved withdrawn claimed hubAcceptsClient managedClusterClientConfigs url accessProviders extensions "
    "extension secretRef insecureSkipTLSVerification properties clusterClaims caBundleSecretRef provider args env context "
    "domainRef dnsPrefix externalName allowServiceWithoutEndpoints dns loadBalancer ingress ip hostname mcidns.io/compatibility "
    "failover order minHealthy failback delay weighted weights weight geo rules continent country subdivision latency regions "
    "mcidns.io/routing mcidns.io/weights mcidns.io/failover-order mcidns.io/failback role roleSince "
)
FIELDS = st.sampled_from(NAMES.split())
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "auto",
            "www.example.org",
            "a..b",
            "203.0.113.1",
            "::1",
            "1h",
            "2026-01-01T00:00:00Z",
            "9999-12-31T23:59:59+00:01",
            "0001-01-01T00:00:00+14:00",
            "\ud800",
            "xn--a",
            "In",
            "Exists",
            "Service",
            "https://[",
            "http://a:b",
            "a" * 400,
            "*",
            "%",
            "0" * 30,
        ]
    ),
    st.binary(max_size=20).map(lambda raw: base64.b64encode(raw).decode()),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(FIELDS, TEXTS), inner, max_size=5)),
    max_leaves=25,
)
NESTED = st.dictionaries(FIELDS, st.dictionaries(FIELDS, JSON, max_size=6), max_size=3)
OBJECTS = st.builds(
    lambda metadata, spec, rest: {**rest, "metadata": metadata, "spec": spec},
    st.one_of(JSON, st.dictionaries(FIELDS, JSON, max_size=5)),
    st.one_of(JSON, NESTED, st.dictionaries(FIELDS, JSON, max_size=8)),
    st.dictionaries(FIELDS, JSON, max_size=4),
)

LOCAL = Local((Provider("secret", ExecPlugin("/bin/plugin"), "Append", "Replace"),))
DOMAINS: dict[str, Domain | Unreadable] = {"auto": Domain("auto", DnsName("example.org."))}

PARSERS: list[Any] = [
    pytest.param(globalhost.parse, (Host, Unreadable), id="GlobalHost"),
    pytest.param(globalhost.memory, Memory, id="the memory of a GlobalHost"),
    pytest.param(dnszone.parse, (Zone, Unreadable), id="DNSZone"),
    pytest.param(dnsprovider.parse, (ProviderSpec, Unreadable), id="DNSProvider"),
    pytest.param(membercluster.parse, (MemberSpec, Unreadable), id="MemberCluster"),
    pytest.param(dnsendpoint.parse, (EndpointClaim, Unreadable), id="DNSEndpoint"),
    pytest.param(kubeconfigs.of_secret, (GeneratedMember, Unreadable, type(None)), id="Secret"),
    pytest.param(kubefed.of_kubefed_cluster, (GeneratedMember, Unreadable), id="KubeFedCluster"),
    pytest.param(karmada.of_cluster, (GeneratedMember, Unreadable), id="Karmada Cluster"),
    pytest.param(ocm.of_managed_cluster, (GeneratedMember, Unreadable, type(None)), id="ManagedCluster"),
    pytest.param(
        lambda obj: clusterprofile.of_cluster_profile(obj, LOCAL), (GeneratedMember, Unreadable, type(None)), id="ClusterProfile"
    ),
    pytest.param(records.domain, (Domain, Unreadable), id="Domain"),
    pytest.param(lambda obj: records.service(obj, DOMAINS, "home"), (Host, Unreadable), id="ServiceDNSRecord"),
    pytest.param(records.ingress, (Host, Unreadable), id="IngressDNSRecord"),
    pytest.param(records.memory, Memory, id="the memory of a record"),
    *(
        pytest.param(
            lambda obj, kind=kind: annotations.of_object(obj, kind, external_dns=True),
            (GeneratedHost, Unreadable, Unclaimed),
            id=f"annotated {kind}",
        )
        for kind in ("FederatedIngress", "FederatedService", "Ingress", "Service", "Gateway", "HTTPRoute")
    ),
]


@pytest.mark.parametrize(("parse", "types"), PARSERS)
@given(obj=st.one_of(OBJECTS, st.dictionaries(TEXTS, JSON, max_size=3)))
@settings(max_examples=80, deadline=None)
def test_any_json_is_read_or_refused_and_nothing_raises(parse: Callable[[Any], object], types: Any, obj: dict[str, Any]) -> None:
    found = parse(obj)
    assert isinstance(found, types)
    assert found == parse(obj)
    if not isinstance(found, Memory):
        assert isinstance(hash(found), int)
    if isinstance(found, Unreadable):
        assert found.problems
        assert all(problem.field and problem.problem and problem.remedy for problem in found.problems)
