"""MemberClusters, labelled Secrets and KubeFedClusters."""

import base64
import json
from ipaddress import ip_address
from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.hub import generated, membercluster, reach
from mcidns.hub.fleets import kubeconfigs, kubefed
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.reach import AccessSpec, ByKubeconfig, ByToken, SecretKey
from mcidns.hub.unreadable import Unreadable
from mcidns.model.clusters import Cluster
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.secrets import Secret

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
TOKEN = "hushhush-token"
KUBECONFIG = json.dumps(
    {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://api.example.org:6443"}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
    }
)


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def member(spec: Any, **metadata: Any) -> MemberSpec | Unreadable:
    return membercluster.parse({"kind": "MemberCluster", "metadata": {"name": "fra", **metadata}, "spec": spec})


def test_a_member_by_token_is_read_whole() -> None:
    found = member(
        {
            "access": {
                "server": "https://api.example.org:6443",
                "caBundle": b64(PEM),
                "tokenSecretRef": {"name": "fra", "namespace": "fleet"},
                "proxyURL": "http://proxy:3128",
                "impersonate": "reader",
            },
            "region": "eu",
            "zones": ["a", "b", "a"],
            "weight": 0,
            "addressMap": [{"from": "10.0.0.1", "to": "203.0.113.1"}],
            "source": {"kind": "KubeFedCluster", "namespace": "kf", "name": "fra"},
        },
        labels={"env": "prod"},
        uid="u",
        generation=4,
    )
    labels = (("env", "prod"),)
    assert found == MemberSpec(
        cluster=Cluster(ClusterName("fra"), "eu", ("a", "b"), 0, ((ip_address("10.0.0.1"), ip_address("203.0.113.1")),), labels),
        access=AccessSpec(
            ByToken("https://api.example.org:6443", PEM, SecretKey("fra", "token", "fleet")), "http://proxy:3128", "reader"
        ),
        source=ObjectRef("KubeFedCluster", "kf", "fra"),
        uid="u",
        generation=4,
        labels=labels,
    )


def test_a_member_by_kubeconfig_takes_the_key_kubeconfig_of_the_controllers_namespace() -> None:
    found = member({"access": {"kubeconfigSecretRef": {"name": "fra"}}})
    assert isinstance(found, MemberSpec)
    assert found.access == AccessSpec(ByKubeconfig(SecretKey("fra", "kubeconfig")))


@pytest.mark.parametrize(
    ("access", "field"),
    [
        pytest.param({}, "spec.access", id="no way at all"),
        pytest.param({"server": "https://a", "kubeconfigSecretRef": {"name": "k"}}, "spec.access", id="two ways"),
        pytest.param({"server": "https://a"}, "spec.access.tokenSecretRef", id="a server without token"),
        pytest.param({"server": "ftp://a", "tokenSecretRef": {"name": "t"}}, "spec.access.server", id="a server that is none"),
        pytest.param({"server": "https://a:99999", "tokenSecretRef": {"name": "t"}}, "spec.access.server", id="no port"),
        pytest.param(
            {"server": "https://a", "tokenSecretRef": {"name": "t"}, "caBundle": "%%%"}, "spec.access.caBundle", id="no base64"
        ),
        pytest.param(
            {"server": "https://a", "tokenSecretRef": {"name": "t"}, "caBundle": b64(b64(PEM))},
            "spec.access.caBundle",
            id="base64 twice",
        ),
        pytest.param(
            {"kubeconfigSecretRef": {"name": "t"}, "proxyURL": "socks5://a"}, "spec.access.proxyURL", id="a proxy nobody speaks"
        ),
    ],
)
def test_a_mistake_in_the_access_names_its_field(access: dict[str, Any], field: str) -> None:
    found = member({"access": access})
    assert isinstance(found, Unreadable)
    assert field in [problem.field for problem in found.problems]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"from": "10.0.0.1", "to": "nat.example.org"}, id="a name"),
        pytest.param({"from": "10.0.0.1", "to": "2001:db8::1"}, id="another family"),
        pytest.param({"to": "203.0.113.1"}, id="no from"),
    ],
)
def test_the_address_map_maps_addresses_to_their_like(entry: dict[str, str]) -> None:
    found = member({"access": {"kubeconfigSecretRef": {"name": "k"}}, "addressMap": [entry]})
    assert isinstance(found, Unreadable)


def test_reaching_puts_the_token_of_the_secret_in() -> None:
    spec = AccessSpec(ByToken("https://a.example.org", "", SecretKey("fra", "token")), impersonate="reader", insecure=True)
    reached = reach.reach(spec, lambda *_: {"token": Secret(TOKEN)}, "mcidns-system")
    assert (reached.server, reached.insecure, reached.identity.impersonate) == ("https://a.example.org", True, "reader")
    assert reached.identity.token == Secret(TOKEN)


def test_reaching_by_kubeconfig_lets_the_member_object_stand_above_it() -> None:
    spec = AccessSpec(ByKubeconfig(SecretKey("fra", "kubeconfig")), impersonate="reader")
    reached = reach.reach(spec, lambda *_: {"kubeconfig": Secret(KUBECONFIG)}, "mcidns-system")
    assert (reached.server, reached.identity.impersonate) == ("https://api.example.org:6443", "reader")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(None, "Secret mcidns-system/fra does not exist", id="no Secret"),
        pytest.param({}, "key kubeconfig of Secret fra is empty or missing", id="no key"),
        pytest.param({"kubeconfig": Secret("  ")}, "is empty or missing", id="an empty key"),
        pytest.param({"kubeconfig": Secret("a: [" + TOKEN)}, "kubeconfig", id="no YAML"),
        pytest.param({"kubeconfig": Secret(f"a: 2026-99-99\nb: {TOKEN}")}, "kubeconfig", id="a date that is none"),
        pytest.param({"kubeconfig": Secret("[" * 5000 + TOKEN)}, "kubeconfig", id="endless nesting"),
        pytest.param({"kubeconfig": Secret(TOKEN)}, "kubeconfig", id="a bare text"),
    ],
)
def test_what_cannot_be_reached_says_why_and_shows_nothing(content: dict[str, Secret] | None, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        reach.reach(AccessSpec(ByKubeconfig(SecretKey("fra", "kubeconfig"))), lambda *_: content, "mcidns-system")
    assert told in str(caught.value)
    assert TOKEN not in str(caught.value)


def secret(data: Any, **labels: str) -> dict[str, Any]:
    metadata = {
        "namespace": "mcidns-system",
        "name": "fra-kubeconfig",
        "labels": {"mcidns.io/cluster": "fra", **labels},
        "annotations": {"mcidns.io/region": "eu-central"},
    }
    return {"kind": "Secret", "metadata": metadata, "data": data}


def test_a_labelled_secret_makes_a_member() -> None:
    found = kubeconfigs.of_secret(secret({"kubeconfig": b64(KUBECONFIG)}, env="prod", **{"app.kubernetes.io/managed-by": "Helm"}))
    assert found == GeneratedMember(
        name="fra",
        access=AccessSpec(ByKubeconfig(SecretKey("fra-kubeconfig", "kubeconfig", "mcidns-system"))),
        made_of=ObjectRef("Secret", "mcidns-system", "fra-kubeconfig"),
        region="eu-central",
        labels=(("env", "prod"),),
    )
    assert isinstance(found, GeneratedMember)
    manifest = generated.member_manifest(found)
    assert manifest == {
        "metadata": {
            "name": "fra",
            "labels": {"env": "prod", "app.kubernetes.io/managed-by": "mcidns", "mcidns.io/generated-from": "Secret"},
        },
        "spec": {
            "access": {"kubeconfigSecretRef": {"name": "fra-kubeconfig", "key": "kubeconfig", "namespace": "mcidns-system"}},
            "source": {"kind": "Secret", "namespace": "mcidns-system", "name": "fra-kubeconfig"},
            "region": "eu-central",
        },
    }
    read_back = membercluster.parse(manifest)
    assert isinstance(read_back, MemberSpec)
    assert (read_back.access, read_back.source) == (found.access, found.made_of)


def test_a_secret_without_the_label_makes_nothing() -> None:
    assert kubeconfigs.of_secret({"kind": "Secret", "metadata": {"name": "x", "namespace": "y"}}) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="no key"),
        pytest.param(None, id="no data"),
        pytest.param({"kubeconfig": "%%%"}, id="no base64"),
        pytest.param({"kubeconfig": b64(b"\xff\xfe")}, id="no text"),
        pytest.param({"kubeconfig": b64(f"token: {TOKEN}: {TOKEN}")}, id="no YAML"),
        pytest.param({"kubeconfig": b64(f"token: {TOKEN}")}, id="no kubeconfig"),
        pytest.param({"kubeconfig": b64(KUBECONFIG.replace('"token"', '"tokenFile"'))}, id="a file of this machine"),
        pytest.param({"kubeconfig": b64(KUBECONFIG.replace('"token": "', '"exec": "'))}, id="a plug-in"),
    ],
)
def test_a_malformed_secret_is_told_without_showing_it(data: Any) -> None:
    found = kubeconfigs.of_secret(secret(data))
    assert isinstance(found, Unreadable)
    assert found.problems[0].field.startswith("data.kubeconfig")
    assert TOKEN not in found.message


def kubefed_cluster(**spec: Any) -> dict[str, Any]:
    return {
        "kind": "KubeFedCluster",
        "metadata": {"namespace": "kube-federation-system", "name": "fra", "labels": {"env": "prod"}},
        "spec": {"apiEndpoint": "https://api.example.org:6443", "secretRef": {"name": "fra-x1"}, **spec},
        "status": {"region": "eu", "zones": ["a"], "conditions": []},
    }


def test_a_kubefed_cluster_makes_a_member() -> None:
    found = kubefed.of_kubefed_cluster(kubefed_cluster(caBundle=b64(PEM)))
    assert found == GeneratedMember(
        name="fra",
        access=AccessSpec(ByToken("https://api.example.org:6443", PEM, SecretKey("fra-x1", "token", "kube-federation-system"))),
        made_of=ObjectRef("KubeFedCluster", "kube-federation-system", "fra"),
        region="eu",
        zones=("a",),
        labels=(("env", "prod"),),
    )
    assert isinstance(found, GeneratedMember)
    read_back = membercluster.parse(generated.member_manifest(found))
    assert isinstance(read_back, MemberSpec)
    assert read_back.access == found.access


def test_a_kubefed_cluster_without_checks_is_not_checked_and_needs_no_authority() -> None:
    found = kubefed.of_kubefed_cluster(kubefed_cluster(disabledTLSValidations=["*"], caBundle=b64(PEM)))
    assert isinstance(found, GeneratedMember)
    assert (found.access.insecure, found.access.way) == (
        True,
        ByToken("https://api.example.org:6443", "", SecretKey("fra-x1", "token", "kube-federation-system")),
    )


def test_a_single_check_cannot_be_left_out_so_all_are_made_and_that_is_told() -> None:
    found = kubefed.of_kubefed_cluster(kubefed_cluster(disabledTLSValidations=["SubjectName"]))
    assert isinstance(found, GeneratedMember)
    assert not found.access.insecure
    assert [problem.field for problem in found.problems] == ["spec.disabledTLSValidations"]


def test_an_endpoint_without_scheme_means_https() -> None:
    found = kubefed.of_kubefed_cluster(kubefed_cluster(apiEndpoint="10.0.0.1:6443"))
    assert isinstance(found, GeneratedMember)
    assert isinstance(found.access.way, ByToken)
    assert found.access.way.server == "https://10.0.0.1:6443"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"apiEndpoint": ""}, "spec.apiEndpoint", id="no endpoint"),
        pytest.param({"apiEndpoint": "https://:80"}, "spec.apiEndpoint", id="no host"),
        pytest.param({"secretRef": {}}, "spec.secretRef.name", id="no Secret"),
        pytest.param({"caBundle": "%"}, "spec.caBundle", id="no base64"),
        pytest.param({"proxyURL": "socks5://p"}, "spec.proxyURL", id="a proxy nobody speaks"),
    ],
)
def test_a_mistake_in_a_kubefed_cluster_names_its_field(spec: dict[str, Any], field: str) -> None:
    found = kubefed.of_kubefed_cluster(kubefed_cluster(**spec))
    assert isinstance(found, Unreadable)
    assert field in [problem.field for problem in found.problems]
