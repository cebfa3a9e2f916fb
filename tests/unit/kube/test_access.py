"""Ways to an API server, read from what people and pods are given; every mistake names its field and no secret."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcidns.errors import ConfigError
from mcidns.kube import access, kubeconfig
from mcidns.kube.access import Access, ExecPlugin, Identity
from mcidns.model.secrets import Secret
from tests import planes

TOKEN = "hushhush-t0k3n"


def config(cluster: Any = None, user: Any = None, **more: Any) -> dict[str, Any]:
    """A kubeconfig with one context."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.1:6443"} if cluster is None else cluster}],
        "users": [{"name": "u", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
        **more,
    }


def read(content: Any, context: str | None = None, *, trusted: bool = False, folder: Path | None = None) -> Access:
    """Read it as text."""
    return access.from_kubeconfig(yaml.safe_dump(content), context, trusted=trusted, folder=folder)


def data(text: str) -> str:
    """As a kubeconfig holds PEM texts."""
    return base64.b64encode(text.encode()).decode()


def test_a_token_a_ca_and_everything_else_that_is_plain() -> None:
    ca = planes.tls(planes.certificate()).ca
    found = read(
        config(
            {
                "server": "https://192.0.2.1:6443/k8s/c-1",
                "certificate-authority-data": data(ca),
                "tls-server-name": "api.example.org",
                "proxy-url": "http://proxy:3128",
            },
            {"token": TOKEN, "as": "somebody", "as-groups": ["a", "b"]},
        )
    )
    identity = Identity(token=Secret(TOKEN), impersonate="somebody", impersonate_groups=("a", "b"))
    assert found == Access(
        "https://192.0.2.1:6443/k8s/c-1", identity, ca, proxy_url=Secret("http://proxy:3128"), tls_server_name="api.example.org"
    )


def test_no_secret_shows_in_a_way() -> None:
    found = read(config({"server": "https://h", "proxy-url": f"http://u:{TOKEN}@proxy:3128"}))
    assert TOKEN not in repr(found) + str(found)


def test_another_context_by_name_and_the_only_one_by_default() -> None:
    content = config()
    content["clusters"].append({"name": "c2", "cluster": {"server": "https://192.0.2.2"}})
    content["contexts"].append({"name": "y", "context": {"cluster": "c2", "user": "u"}})
    assert read(content, "y").server == "https://192.0.2.2"
    assert kubeconfig.contexts(yaml.safe_dump(content)) == ("x", "y")
    assert read({**config(), "current-context": ""}).server == "https://192.0.2.1:6443"


def test_a_context_without_a_user_asks_as_nobody() -> None:
    content = config()
    content["contexts"][0]["context"] = {"cluster": "c"}
    assert read(content).identity == Identity()


def without(key: str) -> dict[str, Any]:
    """A kubeconfig that lacks one of its lists."""
    content = config()
    del content[key]
    return content


def context_of(**names: str) -> dict[str, Any]:
    """A kubeconfig with this context."""
    return config(contexts=[{"name": "x", "context": names}])


@pytest.mark.parametrize(
    ("content", "field"),
    [
        pytest.param("", "kubeconfig", id="empty"),
        pytest.param("just a text", "kubeconfig", id="no mapping"),
        pytest.param(f"users: [token: {TOKEN}\n\t- x", "kubeconfig", id="no YAML"),
        pytest.param("&a [*a", "kubeconfig", id="an alias of itself, cut"),
        pytest.param("a: !!python/object:os.system {}", "kubeconfig", id="a tag that runs code"),
        pytest.param("[" * 10000, "kubeconfig", id="nested without end"),
        pytest.param("\x00", "kubeconfig", id="a null byte"),
        pytest.param(without("clusters"), "kubeconfig.clusters", id="no clusters"),
        pytest.param(without("users"), "kubeconfig.users", id="no users"),
        pytest.param(without("contexts"), "kubeconfig.contexts", id="no contexts"),
        pytest.param(config(contexts=5), "kubeconfig.contexts", id="contexts that are a number"),
        pytest.param(config(contexts=["x"]), "kubeconfig.contexts[0]", id="a context that is text"),
        pytest.param(config(contexts=[{"context": {}}]), "kubeconfig.contexts[0].name", id="a context without a name"),
        pytest.param(config(**{"current-context": "gone"}), "kubeconfig.contexts", id="an unknown context"),
        pytest.param(context_of(user="u"), "kubeconfig.contexts[0].context.cluster", id="a context without a cluster"),
        pytest.param(context_of(cluster="gone", user="u"), "kubeconfig.contexts[0].context.cluster", id="an unknown cluster"),
        pytest.param(context_of(cluster="c", user="gone"), "kubeconfig.contexts[0].context.user", id="an unknown user"),
        pytest.param(config({"x": 1}), "kubeconfig.clusters[0].cluster.server", id="no server"),
        pytest.param(config({"server": 5}), "kubeconfig.clusters[0].cluster.server", id="a server that is a number"),
        pytest.param(config({"server": "192.0.2.1:6443"}), "server", id="a server without a scheme"),
        pytest.param(config({"server": "ftp://192.0.2.1"}), "server", id="a server of another scheme"),
        pytest.param(config({"server": "https://h:99999"}), "server", id="a port too large"),
        pytest.param(config({"server": f"https://u:{TOKEN}@h"}), "server", id="a server with a password"),
        pytest.param(config({"server": f"https://h/?token={TOKEN}"}), "server", id="a server with a query"),
        pytest.param(config({"server": "https://h\n.evil"}), "server", id="a server with a line break"),
        pytest.param(
            config({"server": "https://h", "certificate-authority-data": "%%%"}),
            "kubeconfig.clusters[0].cluster.certificate-authority-data",
            id="a CA that is no base64",
        ),
        pytest.param(
            config({"server": "https://h", "certificate-authority-data": data("nonsense")}),
            "certificate-authority-data",
            id="a CA that is no certificate",
        ),
        pytest.param(
            config({"server": "https://h", "certificate-authority": "/etc/ca.crt"}),
            "kubeconfig.clusters[0].cluster.certificate-authority",
            id="a CA in a file",
        ),
        pytest.param(config({"server": "https://h", "proxy-url": "socks5://p"}), "proxy-url", id="a proxy of another kind"),
        pytest.param(
            config({"server": "https://h", "insecure-skip-tls-verify": "yes"}),
            "kubeconfig.clusters[0].cluster.insecure-skip-tls-verify",
            id="a flag that is text",
        ),
        pytest.param(config(user={"token": 12345}), "kubeconfig.users[0].user.token", id="a token that is a number"),
        pytest.param(config(user={"token": f"{TOKEN}\nX-Evil: 1"}), "token", id="a token of two lines"),
        pytest.param(config(user={"token": "tökén"}), "token", id="a token that is not ASCII"),
        pytest.param(config(user={"tokenFile": "/var/token"}), "kubeconfig.users[0].user.tokenFile", id="a token in a file"),
        pytest.param(
            config(user={"client-certificate": "/a", "client-key": "/b"}),
            "kubeconfig.users[0].user.client-certificate",
            id="a certificate in a file",
        ),
        pytest.param(config(user={"client-certificate-data": data("x")}), "client-key-data", id="a certificate without a key"),
        pytest.param(config(user={"client-key-data": data(TOKEN)}), "client-certificate-data", id="a key without a certificate"),
        pytest.param(config(user={"exec": {"command": "rm"}}), "kubeconfig.users[0].user.exec", id="a plug-in"),
        pytest.param(config(user={"auth-provider": {"name": "gcp"}}), "kubeconfig.users[0].user.auth-provider", id="a removed way"),
        pytest.param(config(user={"as": "a\nb"}), "impersonate", id="an impersonation of two lines"),
    ],
)
def test_a_mistake_in_a_secret_names_its_field_and_no_secret(content: Any, field: str) -> None:
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    with pytest.raises(ConfigError) as caught:
        access.from_kubeconfig(text)
    assert caught.value.field == field
    assert caught.value.remedy
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None or TOKEN not in str(caught.value.__cause__)


def test_who_runs_us_may_name_files(tmp_path: Path) -> None:
    made = planes.certificate()
    (tmp_path / "ca.crt").write_text(planes.tls(made).ca)
    (tmp_path / "me.crt").write_text("certificate")
    (tmp_path / "me.key").write_text("key")
    found = read(
        config(
            {"server": "https://h", "certificate-authority": "ca.crt"},
            {"tokenFile": "token", "client-certificate": "me.crt", "client-key": str(tmp_path / "me.key")},
        ),
        trusted=True,
        folder=tmp_path,
    )
    assert found.ca == planes.tls(made).ca
    identity = Identity(token_file=str(tmp_path / "token"), certificate="certificate", key=Secret("key"))
    assert found.identity == identity


def test_who_runs_us_may_name_a_plug_in() -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token"],
        "env": [{"name": "AWS_PROFILE", "value": "x"}],
        "provideClusterInfo": True,
        "installHint": "get it",
    }
    assert read(config(user={"exec": plugin}), trusted=True).identity.plugin == ExecPlugin(
        "aws", ("eks", "get-token"), (("AWS_PROFILE", "x"),), "client.authentication.k8s.io/v1beta1", True, "get it"
    )
    with pytest.raises(ConfigError, match="v1alpha1"):
        read(config(user={"exec": {**plugin, "apiVersion": "client.authentication.k8s.io/v1alpha1"}}), trusted=True)


def test_a_missing_file_is_a_mistake_of_its_field(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(config({"server": "https://h", "certificate-authority": "gone"}), trusted=True, folder=tmp_path)
    assert caught.value.field == "kubeconfig.clusters[0].cluster.certificate-authority"


def test_the_default_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config()))
    assert access.from_default_kubeconfig(str(file)).server == "https://192.0.2.1:6443"
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'gone'}{os.pathsep}{file}")
    assert access.from_default_kubeconfig().server == "https://192.0.2.1:6443"
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="there is no file"):
        access.from_default_kubeconfig()
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(yaml.safe_dump(config()))
    assert access.from_default_kubeconfig().server == "https://192.0.2.1:6443"


def test_a_pods_own_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigError, match="this is no pod"):
        access.in_cluster(tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    with pytest.raises(ConfigError, match=r"ca\.crt"):
        access.in_cluster(tmp_path)
    ca = planes.tls(planes.certificate()).ca
    (tmp_path / "ca.crt").write_text(ca)
    assert access.in_cluster(tmp_path) == Access("https://[fd00::1]:6443", Identity(token_file=str(tmp_path / "token")), ca)


def test_a_token_by_hand() -> None:
    assert access.from_token("https://h", "", Secret(f"{TOKEN}\n")).identity == Identity(token=Secret(TOKEN))
    with pytest.raises(ConfigError, match="is empty"):
        access.from_token("https://h", "", Secret(" "))


def test_ways_differ_by_everything_but_the_token() -> None:
    way = access.from_token("https://h", "", Secret("a"))
    assert way.same_way(access.from_token("https://h", "", Secret("b"), impersonate="x"))
    assert not way.same_way(access.from_token("https://other", "", Secret("a")))
    assert not way.same_way(access.from_token("https://h", "", Secret("a"), insecure=True))
    assert not way.same_way(access.from_token("https://h", planes.tls(planes.certificate()).ca, Secret("a")))
