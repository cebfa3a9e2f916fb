"""Clusters as Karmada, Open Cluster Management, the Cluster Inventory API and a kubeconfig list them, made into members."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.hub import generated, local, membercluster, reach
from mcidns.hub.fleets import clusterprofile, karmada, kubeconfigs, ocm
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.local import Local, Provider
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.reach import AccessSpec, ByContext, ByProvider, ByToken, SecretKey
from mcidns.hub.unreadable import Unreadable
from mcidns.kube.access import Access, ExecPlugin, Identity
from mcidns.model.references import ObjectRef
from mcidns.model.secrets import Secret
from tests import planes

SERVER = "https://api.example.org:6443"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
CA = base64.b64encode(PEM.encode()).decode()
LOCAL = Local(
    (
        Provider("mine", ExecPlugin("/bin/mine", ("--a",), (("A", "own"),)), "Append", "AppendIfNotExists"),
        Provider("other", ExecPlugin("/bin/other", ("--a",), (("A", "own"),))),
        Provider("yielding", ExecPlugin("/bin/yielding", (), (("A", "own"),)), "Ignore", "Replace"),
    )
)


def read_back(found: object) -> MemberSpec:
    """The member as its own manifest is read again."""
    assert isinstance(found, GeneratedMember)
    spec = membercluster.parse(generated.member_manifest(found))
    assert isinstance(spec, MemberSpec)
    assert (spec.access, spec.source) == (found.access, found.made_of)
    return spec


def problem_of(found: object, field: str) -> str:
    """What is said of a field of an object that cannot be used, with the remedy."""
    assert isinstance(found, Unreadable)
    told = [problem for problem in found.problems if problem.field == field]
    assert told, found.message
    assert told[0].remedy
    return told[0].problem


# --- Karmada


def karmada_cluster(**spec: Any) -> dict[str, Any]:
    secret = {"namespace": "karmada-cluster", "name": "fra"}
    return {
        "kind": "Cluster",
        "metadata": {"name": "fra", "labels": {"env": "prod"}},
        "spec": {
            "apiEndpoint": SERVER,
            "secretRef": secret,
            "impersonatorSecretRef": {**secret, "name": "fra-impersonator"},
            **spec,
        },
    }


def test_a_karmada_cluster_makes_a_member_with_token_and_authority_of_its_secret() -> None:
    found = karmada.of_cluster(karmada_cluster(region="eu", zones=["a", "b"], proxyURL="http://proxy:3128"))
    token, ca = (SecretKey("fra", key, "karmada-cluster") for key in ("token", "caBundle"))
    assert found == GeneratedMember(
        name="fra",
        access=AccessSpec(ByToken(SERVER, "", token, ca), "http://proxy:3128"),
        made_of=ObjectRef("Cluster", "", "fra"),
        region="eu",
        zones=("a", "b"),
        labels=(("env", "prod"),),
    )
    read_back(found)


def test_a_karmada_cluster_without_verification_needs_no_authority() -> None:
    spec = read_back(karmada.of_cluster(karmada_cluster(insecureSkipTLSVerification=True, zone="a", zones=None)))
    assert spec.access.insecure
    assert spec.access.secrets == (SecretKey("fra", "token", "karmada-cluster"),)
    assert spec.cluster.zones == ("a",)


def test_the_authority_in_a_secret_is_put_in() -> None:
    found = karmada.of_cluster(karmada_cluster())
    assert isinstance(found, GeneratedMember)
    real = planes.tls(planes.certificate()).ca
    held = {"token": Secret("hushhush-t0ken"), "caBundle": Secret(real)}
    reached = reach.reach(found.access, lambda *_: held, "mcidns-system")
    assert (reached.ca, reached.identity.token) == (real, Secret("hushhush-t0ken"))
    with pytest.raises(ConfigError, match="key caBundle of Secret karmada-cluster/fra is empty or missing"):
        reach.reach(found.access, lambda *_: {"token": Secret("hushhush-t0ken")}, "mcidns-system")


@pytest.mark.parametrize(
    ("spec", "field", "told"),
    [
        pytest.param({"apiEndpoint": ""}, "spec.apiEndpoint", "is missing", id="no endpoint"),
        pytest.param({"apiEndpoint": "https://:1"}, "spec.apiEndpoint", "no URL", id="no host"),
        pytest.param({"apiEndpoint": 7}, "spec.apiEndpoint", "is a number", id="a number"),
        pytest.param({"secretRef": None, "syncMode": "Pull"}, "spec.secretRef", "is missing", id="Pull mode without credentials"),
        pytest.param({"secretRef": {"name": "x"}}, "spec.secretRef.namespace", "is missing", id="no namespace"),
        pytest.param({"proxyURL": "socks5://p"}, "spec.proxyURL", "no proxy's URL", id="a proxy nobody speaks"),
        pytest.param({"zones": "a"}, "spec.zones", "is text", id="zones that are no list"),
    ],
)
def test_a_mistake_in_a_karmada_cluster_names_its_field(spec: dict[str, Any], field: str, told: str) -> None:
    assert told in problem_of(karmada.of_cluster(karmada_cluster(**spec)), field)


def test_headers_for_a_proxy_are_not_sent_and_that_is_told() -> None:
    found = karmada.of_cluster(karmada_cluster(proxyURL="http://p:1", proxyHeader={"X": ["y"]}))
    assert isinstance(found, GeneratedMember)
    assert [problem.field for problem in found.problems] == ["spec.proxyHeader"]


# --- Open Cluster Management


def managed_cluster(*, labels: dict[str, str] | None = None, claims: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "kind": "ManagedCluster",
        "metadata": {"name": "fra", "labels": labels or {}},
        "spec": {"hubAcceptsClient": True, "managedClusterClientConfigs": [{"url": SERVER, "caBundle": CA}], **spec},
        "status": {"clusterClaims": [{"name": name, "value": value} for name, value in (claims or {}).items()]},
    }


def test_a_managed_cluster_makes_a_member_by_the_token_of_its_managed_service_account() -> None:
    found = ocm.of_managed_cluster(managed_cluster(claims={"region.open-cluster-management.io": "eu"}))
    token = SecretKey("mcidns", "token", "fra")
    assert found == GeneratedMember(
        name="fra",
        access=AccessSpec(ByToken(SERVER, PEM, token)),
        made_of=ObjectRef("ManagedCluster", "", "fra"),
        region="eu",
        waits_for=token,
    )
    read_back(found)


def test_a_managed_cluster_without_authority_takes_that_of_the_service_account() -> None:
    spec = read_back(ocm.of_managed_cluster(managed_cluster(managedClusterClientConfigs=[{"url": "api.example.org:6443"}])))
    assert spec.access.way == ByToken(SERVER, "", SecretKey("mcidns", "token", "fra"), SecretKey("mcidns", "ca.crt", "fra"))


@pytest.mark.parametrize(
    ("labels", "claims", "region"),
    [
        pytest.param(
            {"mcidns.io/region": "ours", "region": "b"}, {"region.open-cluster-management.io": "a"}, "ours", id="our label"
        ),
        pytest.param({"region": "b"}, {"region.open-cluster-management.io": "a"}, "a", id="the claim"),
        pytest.param({"region": "b", "topology.kubernetes.io/region": "c"}, {}, "b", id="the label of the manager"),
        pytest.param({"topology.kubernetes.io/region": "c"}, {}, "c", id="the label of Kubernetes"),
        pytest.param({}, {}, "", id="none"),
    ],
)
def test_the_region_of_a_managed_cluster(labels: dict[str, str], claims: dict[str, str], region: str) -> None:
    found = ocm.of_managed_cluster(managed_cluster(labels=labels, claims=claims))
    assert isinstance(found, GeneratedMember)
    assert found.region == region


def test_a_managed_cluster_that_the_hub_does_not_accept_is_no_member() -> None:
    assert ocm.of_managed_cluster(managed_cluster(hubAcceptsClient=False)) is None


@pytest.mark.parametrize(
    ("spec", "field", "told"),
    [
        pytest.param({"managedClusterClientConfigs": []}, "spec.managedClusterClientConfigs", "is missing or empty", id="no url"),
        pytest.param(
            {"managedClusterClientConfigs": [{"caBundle": CA}]},
            "spec.managedClusterClientConfigs[0].url",
            "is missing",
            id="no URL",
        ),
        pytest.param(
            {"managedClusterClientConfigs": [{"url": SERVER, "caBundle": "%"}]},
            "spec.managedClusterClientConfigs[0].caBundle",
            "is not base64",
            id="an authority that is none",
        ),
        pytest.param({"hubAcceptsClient": "yes"}, "spec.hubAcceptsClient", "is text", id="a text for a flag"),
    ],
)
def test_a_mistake_in_a_managed_cluster_names_its_field(spec: dict[str, Any], field: str, told: str) -> None:
    assert told in problem_of(ocm.of_managed_cluster(managed_cluster(**spec)), field)


# --- ClusterProfile


def profile(*providers: str, listed: str = "accessProviders", **cluster: Any) -> Any:
    """A ClusterProfile; the fields of `cluster` have `_` for `-`."""
    more = {key.replace("_", "-"): value for key, value in cluster.items()}
    access = {"server": SERVER, "certificate-authority-data": CA, **more}
    return {
        "kind": "ClusterProfile",
        "metadata": {"namespace": "fleet", "name": "fra"},
        "status": {
            listed: [{"name": name, "cluster": access} for name in providers],
            "conditions": [{"type": "ControlPlaneHealthy", "status": "False"}],
            "properties": [{"name": "region", "value": "eu"}, {"name": "topology.kubernetes.io/zone", "value": "a"}],
        },
    }


EXTENSIONS: list[dict[str, Any]] = [
    {"name": clusterprofile.CONFIG, "extension": {"clusterName": "fra", "b": [1]}},
    {"name": clusterprofile.ARGS, "extension": ["--b"]},
    {"name": clusterprofile.ENV, "extension": {"A": "theirs", "B": "theirs"}},
    {"name": "example.org/other", "extension": 7},
]


def test_a_cluster_profile_makes_a_member_by_the_first_provider_that_is_known_here() -> None:
    found = clusterprofile.of_cluster_profile(profile("unknown", "other", "mine", extensions=EXTENSIONS), LOCAL)
    way = ByProvider(SERVER, PEM, "mine", '{"b":[1],"clusterName":"fra"}', ("--b",), (("A", "theirs"), ("B", "theirs")))
    assert found == GeneratedMember(
        name="fra", access=AccessSpec(way), made_of=ObjectRef("ClusterProfile", "fleet", "fra"), region="eu", zones=("a",)
    )
    read_back(found)


def test_the_former_name_of_the_list_is_read_too() -> None:
    found = clusterprofile.of_cluster_profile(profile("mine", listed="credentialProviders"), LOCAL)
    assert isinstance(found, GeneratedMember)


@pytest.mark.parametrize(
    ("name", "args", "env"),
    [
        pytest.param("mine", ("--a", "--b"), {"A": "own", "B": "theirs"}, id="args appended, variables that are not there yet"),
        pytest.param("other", ("--a",), {"A": "own"}, id="both ignored unless allowed"),
        pytest.param("yielding", (), {"A": "theirs", "B": "theirs"}, id="variables replaced"),
    ],
)
def test_what_a_profile_adds_to_the_programs_call_is_what_the_file_allows(
    name: str, args: tuple[str, ...], env: dict[str, str]
) -> None:
    found = clusterprofile.of_cluster_profile(profile(name, extensions=EXTENSIONS), LOCAL)
    assert isinstance(found, GeneratedMember)
    way = found.access.way
    assert isinstance(way, ByProvider)
    insecure = AccessSpec(ByProvider(way.server, "", way.provider, way.config, way.args, way.env), insecure=True)
    plugin = reach.reach(insecure, lambda *_: None, "mcidns-system", LOCAL).identity.plugin
    assert plugin is not None
    assert (plugin.args, dict(plugin.env), json.loads(plugin.config)) == (args, env, {"clusterName": "fra", "b": [1]})


def test_without_any_provider_profiles_are_no_business_of_ours() -> None:
    assert clusterprofile.of_cluster_profile(profile("mine"), Local()) is None


@pytest.mark.parametrize(
    ("obj", "field", "told"),
    [
        pytest.param(
            profile("a", "b"), "status.accessProviders", "offers a, b, of which none is configured", id="unknown providers"
        ),
        pytest.param(profile(), "status.accessProviders", "offers none", id="no provider yet"),
        pytest.param(profile("mine", server=""), "status.accessProviders[0].cluster.server", "is missing", id="no server"),
        pytest.param(
            profile("mine", certificate_authority="/etc/ca"),
            "status.accessProviders[0].cluster.certificate-authority",
            "names a file",
            id="a file of another machine",
        ),
        pytest.param(
            profile("mine", certificate_authority_data="%"),
            "status.accessProviders[0].cluster.certificate-authority-data",
            "is not base64",
            id="an authority that is none",
        ),
        pytest.param(
            profile("mine", extensions=[{"name": clusterprofile.ARGS, "extension": "--b"}]),
            "status.accessProviders[0].cluster.extensions[0].extension",
            "is text",
            id="arguments that are no list",
        ),
        pytest.param(
            profile("mine", proxy_url="socks5://p"),
            "status.accessProviders[0].cluster.proxy-url",
            "no proxy's URL",
            id="a proxy nobody speaks",
        ),
    ],
)
def test_a_mistake_in_a_cluster_profile_names_its_field(obj: Any, field: str, told: str) -> None:
    assert told in problem_of(clusterprofile.of_cluster_profile(obj, LOCAL), field)


def test_a_provider_that_is_no_longer_configured_is_told_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"'gone' is no access provider configured here \(there are: mine, other, yielding\)"):
        reach.reach(AccessSpec(ByProvider(SERVER, "", "gone")), lambda *_: None, "mcidns-system", LOCAL)


# --- files of this machine


def test_the_file_of_access_providers_is_read_as_the_inventory_api_has_it(tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    config = {"command": "/bin/p", "args": ["x"], "env": [{"name": "A", "value": "b"}], "provideClusterInfo": True}
    file.write_text(
        json.dumps(
            {
                "providers": [
                    {"name": "p", "execConfig": {"apiVersion": "client.authentication.k8s.io/v1beta1", **config}},
                    {"name": "q", "execConfig": {"command": "q"}, "profileSourcedCLIArgsPolicy": "Append"},
                ]
            }
        )
    )
    beta = "client.authentication.k8s.io/v1beta1"
    assert local.read_providers(file) == (
        Provider("p", ExecPlugin("/bin/p", ("x",), (("A", "b"),), beta, provide_cluster_info=True)),
        Provider("q", ExecPlugin("q"), "Append"),
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("{", "neither JSON nor YAML", id="no JSON"),
        pytest.param("{}", "providers: is missing or empty", id="nothing"),
        pytest.param("[1]", "is a list", id="a list"),
        pytest.param('{"providers": [{"name": "p"}]}', "providers[0].execConfig.command: is missing; set it", id="no command"),
        pytest.param('{"providers": [{"execConfig": {"command": "p"}}]}', "providers[0].name: is missing", id="no name"),
        pytest.param(
            '{"providers": [{"name": "p", "execConfig": {"command": "p", "apiVersion": "v9"}}]}', "apiVersion: is 'v9'", id="v9"
        ),
        pytest.param(
            '{"providers": [{"name": "p", "execConfig": {"command": "p"}}, {"name": "p", "execConfig": {"command": "p"}}]}',
            "'p' stands twice",
            id="a name twice",
        ),
    ],
)
def test_a_mistake_in_the_file_of_access_providers_is_told_at_the_start(content: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        local.read_providers(file)
    assert told in str(caught.value)
    assert "docs/fleets.md" in str(caught.value)


def kubeconfig(folder: Path, *contexts: str, broken: str = "") -> Path:
    file = folder / "config"
    file.write_text(
        json.dumps(
            {
                "contexts": [
                    {"name": name, "context": {"cluster": "broken" if name == broken else "k", "user": "u"}} for name in contexts
                ],
                "users": [{"name": "u", "user": {"token": "hushhush-t0ken"}}],
                "clusters": [
                    {"name": "k", "cluster": {"server": SERVER}},
                    {"name": "broken", "cluster": {"server": "nowhere"}},
                ],
            }
        )
    )
    return file


def test_contexts_of_a_kubeconfig_are_members_all_or_those_named(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, "kind-eu", "arn:aws:eks:x", "bad", broken="bad")
    found = local.read_contexts(str(file))
    assert (found["kind-eu"], list(found)) == (
        Access(SERVER, Identity(Secret("hushhush-t0ken"))),
        ["kind-eu", "arn:aws:eks:x", "bad"],
    )
    assert isinstance(found["bad"], ConfigError)
    assert list(local.read_contexts(f"{file}:arn:aws:eks:x, kind-eu")) == ["arn:aws:eks:x", "kind-eu"]
    members = kubeconfigs.of_contexts(found)
    assert [(one.name, one.made_of) for one in members] == [
        ("kind-eu", ObjectRef("Kubeconfig", "", "kind-eu")),
        ("arn-aws-eks-x", ObjectRef("Kubeconfig", "", "arn:aws:eks:x")),
        ("bad", ObjectRef("Kubeconfig", "", "bad")),
    ]
    assert read_back(members[1]).access.way == ByContext("arn:aws:eks:x")


@pytest.mark.parametrize(
    ("suffix", "told"),
    [
        pytest.param(":none", "has no context 'none'; name one of: a, b", id="a context that is not there"),
        pytest.param(":", "names no context after the colon", id="nothing after the colon"),
        pytest.param("x", "cannot be read", id="no file"),
    ],
)
def test_contexts_that_are_not_there_are_told_at_the_start(suffix: str, told: str, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, "a", "b")
    with pytest.raises(ConfigError) as caught:
        local.read_contexts(f"{file}{suffix}")
    assert told in str(caught.value)


@pytest.mark.parametrize("names", [pytest.param(["a@b", "a.b", "A@B"], id="two alike"), pytest.param(["@"], id="nothing left")])
def test_contexts_that_give_no_name_of_their_own_are_refused(names: list[str]) -> None:
    with pytest.raises(ConfigError, match="members-from-kubeconfig"):
        kubeconfigs.of_contexts(names)


def test_a_context_that_is_not_given_here_says_how_to_give_it() -> None:
    with pytest.raises(ConfigError, match="--members-from-kubeconfig"):
        reach.reach(AccessSpec(ByContext("kind-eu")), lambda *_: None, "mcidns-system")
    error = ConfigError("clusters", "is broken", "mend it")
    with pytest.raises(ConfigError, match="is broken"):
        reach.reach(AccessSpec(ByContext("kind-eu")), lambda *_: None, "mcidns-system", Local(contexts={"kind-eu": error}))
