"""Who asks and over which TLS: tokens that are renewed, files, plug-ins, certificates."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from mcidns.emulator import ApiServer
from mcidns.errors import ConfigError
from mcidns.kube import access, kinds
from mcidns.kube.access import Access, ExecPlugin, Identity
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import (
    Failing,
    Unauthorized,
    Unreachable,
)
from mcidns.model.secrets import Secret
from tests import planes

SECRET: Object = {"data": {"a": "Yg=="}}


async def test_a_new_token_is_used_from_the_next_request_on_while_streams_go_on() -> None:
    async with (
        ApiServer(token="old") as server,
        KubeClient(access.from_kubeconfig(server.kubeconfig_yaml()), timeout=5.0) as client,
    ):
        version = server.get("namespaces", "default")["metadata"]["resourceVersion"]
        async with client.watch(kinds.SECRET, resource_version=version) as lines:
            server.access.allow("new")
            server.access.revoke("old")
            with pytest.raises(Unauthorized):
                await client.list(kinds.SECRET)
            assert client.adopt(access.from_kubeconfig(server.kubeconfig_yaml("new")))
            await client.create(kinds.SECRET, "default", {"metadata": {"name": "a"}})
            assert b'"name":"a"' in await anext(lines)
        assert not client.adopt(Access("https://another"))
        assert client.access.server == server.url


async def test_a_renewed_token_file_is_read_again_after_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")
    async with ApiServer(token="old") as server, KubeClient(Access(server.url, Identity(token_file=str(file)))) as client:
        await client.list(kinds.SECRET)
        server.access.allow("new")
        server.access.revoke("old")
        file.write_text("new\n")
        with pytest.raises(Unauthorized):
            await client.list(kinds.SECRET)
        assert await client.list(kinds.SECRET) == []
        for content in ("", "two\nlines"):
            file.write_text(content)
            client.adopt(client.access)
            with pytest.raises(ConfigError, match="tokenFile"):
                await client.list(kinds.SECRET)
        file.unlink()
        client.adopt(client.access)
        with pytest.raises(ConfigError, match="cannot be read"):
            await client.list(kinds.SECRET)


def plugin(folder: Path, script: str) -> Identity:
    """A credential plug-in made of shell lines."""
    file = folder / "plugin"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o700)
    return Identity(plugin=ExecPlugin(str(file), provide_cluster_info=True, env=(("FROM_CONFIG", "yes"),)))


async def test_a_credential_plug_in_is_run_once_until_its_token_is_refused(tmp_path: Path) -> None:
    script = f"""echo "$FROM_CONFIG $KUBERNETES_EXEC_INFO" >> {tmp_path}/runs
printf '{{"kind": "ExecCredential", "status": {{"token": "%s"}}}}' "$(cat {tmp_path}/token)" """
    (tmp_path / "token").write_text("old")
    async with ApiServer(token="old") as server, KubeClient(Access(server.url, plugin(tmp_path, script))) as client:
        await asyncio.gather(*(client.list(kinds.SECRET) for _ in range(5)))
        runs = (tmp_path / "runs").read_text().splitlines()
        assert len(runs) == 1
        assert runs[0].startswith("yes {")
        assert server.url in runs[0]
        server.access.allow("new")
        server.access.revoke("old")
        (tmp_path / "token").write_text("new")
        with pytest.raises(Unauthorized):
            await client.list(kinds.SECRET)
        assert await client.list(kinds.SECRET) == []


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        pytest.param("exit 3", "ended with code 3", id="fails"),
        pytest.param("echo s3cr3t", "printed no ExecCredential", id="prints something else"),
        pytest.param("echo '{\"status\": {}}'", "gave neither token nor certificate", id="gives nothing"),
        pytest.param('printf \'{"status": {"token": "a\\\\nb"}}\'', "exec token", id="gives two lines"),
    ],
)
async def test_a_credential_plug_in_that_fails_is_a_mistake_of_the_configuration(script: str, problem: str, tmp_path: Path) -> None:
    async with KubeClient(Access("http://127.0.0.1:9", plugin(tmp_path, script))) as client:
        with pytest.raises(ConfigError, match=problem) as caught:
            await client.list(kinds.SECRET)
        assert "s3cr3t" not in str(caught.value)
    missing = Identity(plugin=ExecPlugin("/no/such/program", install_hint="get it there"))
    async with KubeClient(Access("http://127.0.0.1:9", missing)) as client:
        with pytest.raises(ConfigError, match="get it there"):
            await client.list(kinds.SECRET)


async def test_a_credential_plug_in_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    made = plugin(tmp_path, f"sleep 60 &\necho $! > {tmp_path}/child\nwait").plugin
    assert made is not None
    async with KubeClient(Access("http://127.0.0.1:9", Identity(plugin=replace(made, timeout=0.3)))) as client:
        with pytest.raises(ConfigError, match=r"gave nothing within 0.3 s"):
            await asyncio.wait_for(client.list(kinds.SECRET), 10)
    child = Path("/proc") / (tmp_path / "child").read_text().strip()
    async with asyncio.timeout(10):
        while child.exists() and "State:\tZ" not in (child / "status").read_text():
            await asyncio.sleep(0.05)


async def test_a_credential_plug_in_is_told_of_the_cluster_as_client_go_does(tmp_path: Path) -> None:
    made = plugin(tmp_path, f'printf %s "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; exit 1').plugin
    assert made is not None
    way = Access(
        "https://127.0.0.1:9",
        Identity(plugin=replace(made, config='{"clusterName": "eu"}')),
        insecure=True,
        proxy_url=Secret("http://127.0.0.1:8"),
        tls_server_name="api",
    )
    async with KubeClient(way) as client:
        with pytest.raises(ConfigError, match="ended with code 1"):
            await client.list(kinds.SECRET)
    assert json.loads((tmp_path / "info").read_text())["spec"]["cluster"] == {
        "server": "https://127.0.0.1:9",
        "insecure-skip-tls-verify": True,
        "tls-server-name": "api",
        "proxy-url": "http://127.0.0.1:8",
        "config": {"clusterName": "eu"},
    }


async def test_tls_is_checked_against_the_ca_given_and_the_name_given() -> None:
    made = planes.tls(planes.certificate())
    async with ApiServer(tls=made) as server:
        async with KubeClient(Access(server.url, ca=made.ca)) as client:
            assert await client.list(kinds.SECRET) == []
        for way in (
            Access(server.url),
            Access(server.url, ca=planes.tls(planes.certificate()).ca),
            Access(server.url, ca=made.ca, tls_server_name="another.example"),
        ):
            async with KubeClient(way) as client:
                with pytest.raises(Unreachable) as caught:
                    await client.list(kinds.SECRET)
                assert caught.value.kind is Failing.TLS
        async with KubeClient(Access(server.url, insecure=True)) as client:
            assert await client.list(kinds.SECRET) == []


async def test_a_client_certificate_that_does_not_fit_its_key_is_a_mistake_of_the_configuration() -> None:
    made = planes.tls(planes.certificate())
    async with KubeClient(Access("https://127.0.0.1:9", Identity(certificate=made.ca, key=Secret("no key")), made.ca)) as client:
        with pytest.raises(ConfigError, match="client-certificate-data") as caught:
            await client.list(kinds.SECRET)
        assert "no key" not in str(caught.value)


async def test_nothing_blocks_the_loop_not_even_tls_and_credential_files(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("right")
    made = planes.tls(planes.certificate())
    async with ApiServer(tls=made, token="right") as server:
        with blockbuster_ctx("mcidns.kube"):
            async with KubeClient(Access(server.url, Identity(token_file=str(file)), made.ca)) as client:
                assert await client.list(kinds.SECRET) == []
