"""`mcidns webhook-server` as a process: ExternalDNS's rounds through it into a real name server, its health, its end."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from mcidns.nameserver import NameServer

MEDIA_TYPE = "application/external.dns.webhook+json;version=1"
SECRET = b"hushhush89abcdef0123456789abcdef"
KEYS = {"mcidns.": ("hmac-sha256", SECRET)}
HERITAGE = '"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/shop/web"'
ROUND = 15.0  # seconds ExternalDNS waits for an answer


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        return int(tcp.getsockname()[1])


def written(folder: Path, port: int, **more: object) -> Path:
    """A config file for a name server on this port; `more` replaces parts of it."""
    (folder / "tsig").write_text(base64.b64encode(SECRET).decode() + "\n")
    content = {
        "config": {"servers": [f"127.0.0.1:{port}"], "tsigKeyName": "mcidns."},
        "secretFiles": {"tsigSecret": str(folder / "tsig")},
        **more,
    }
    (folder / "dns.yaml").write_text(yaml.safe_dump(content))
    return folder / "dns.yaml"


async def started(*words: str) -> asyncio.subprocess.Process:
    """The command as people start it."""
    command = [sys.executable, "-m", "mcidns", "webhook-server", *words]
    return await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONWARNINGS": "error"}
    )


@contextlib.asynccontextmanager
async def running(config: Path, *zones: str) -> AsyncIterator[tuple[int, int]]:
    """The ports of the webhook and of its health; ends it by SIGTERM and expects exit code 0."""
    port, health = free_port(), free_port()
    listen = ("--listen", f"127.0.0.1:{port}", "--http", f"127.0.0.1:{health}", "--resync", "1")
    process = await started("--provider", "rfc2136", "--config", str(config), *listen, *(f"--zone={zone}" for zone in zones))
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while b"ExternalDNS may ask" not in (line := await process.stderr.readline()):
                assert line, "it ended"
        yield port, health
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            told = (await process.stderr.read()).decode()
            assert await process.wait() == 0, told
    assert "Traceback" not in told
    assert base64.b64encode(SECRET).decode() not in told


class ExternalDns:
    """Its requests, with its time-out."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self.session, self.url = session, f"http://127.0.0.1:{port}"

    async def records(self) -> list[dict[str, Any]]:
        """GET /records until the zone was read, as ExternalDNS tries again after a soft error."""
        while True:
            async with self.session.get(f"{self.url}/records", headers={"Accept": MEDIA_TYPE}) as answer:
                if answer.status == 200:
                    assert answer.headers["Content-Type"] == MEDIA_TYPE
                    found: list[dict[str, Any]] = json.loads(await answer.read())
                    return [
                        one for one in found if one["recordType"] in {"A", "CNAME", "TXT"} and one["dnsName"] != "ns1.example.org"
                    ]
                assert 500 <= answer.status <= 510
            await asyncio.sleep(0.1)

    async def adjusted(self, *desired: dict[str, Any]) -> list[dict[str, Any]]:
        """POST /adjustendpoints."""
        headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
        async with self.session.post(f"{self.url}/adjustendpoints", data=json.dumps(desired), headers=headers) as answer:
            assert answer.status == 200
            found: list[dict[str, Any]] = json.loads(await answer.read())
            return found

    async def apply(self, **changes: list[dict[str, Any]]) -> int:
        """POST /records."""
        headers = {"Content-Type": MEDIA_TYPE}
        async with self.session.post(f"{self.url}/records", data=json.dumps(changes), headers=headers) as answer:
            return answer.status


@contextlib.asynccontextmanager
async def external_dns(port: int) -> AsyncIterator[ExternalDns]:
    """A client that negotiated."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ROUND)) as session:
        async with session.get(f"http://127.0.0.1:{port}", headers={"Accept": MEDIA_TYPE}) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, MEDIA_TYPE)
            assert json.loads(await answer.read()) == {"include": ["example.org"]}
        yield ExternalDns(session, port)


async def test_rounds_of_external_dns_end_in_a_real_name_server(tmp_path: Path) -> None:
    async with (
        NameServer({"example.org.": None}, KEYS) as server,
        running(written(tmp_path, server.port), "example.org") as (port, _),
        external_dns(port) as peer,
    ):
        assert await peer.records() == []
        wanted = {
            "dnsName": "www.example.org",
            "targets": ["192.0.2.2", "192.0.2.1"],
            "recordType": "A",
            "labels": {"owner": "me"},
        }
        (shown,) = await peer.adjusted(wanted)
        text = {
            "dnsName": "a-www.example.org",
            "targets": [HERITAGE],
            "recordType": "TXT",
            "labels": {"ownedRecord": "www.example.org"},
        }
        before = server.counters.effective_updates
        assert await peer.apply(create=[shown, text]) == 204
        assert server.counters.effective_updates - before == 1  # the record and what owns it are one transaction
        assert server.rrset("example.org.", "www.example.org.", "A") == (300, ("192.0.2.1", "192.0.2.2"))
        assert server.rrset("example.org.", "a-www.example.org.", "TXT") == (300, (HERITAGE,))

        listed = {one["dnsName"]: one for one in await peer.records()}
        assert listed["www.example.org"]["targets"] == shown["targets"]  # the next round sees no difference
        assert listed["a-www.example.org"]["targets"] == [HERITAGE]

        old = listed["www.example.org"]
        assert await peer.apply(updateOld=[old], updateNew=[{**old, "targets": ["192.0.2.3"]}]) == 204
        assert server.rrset("example.org.", "www.example.org.", "A") == (300, ("192.0.2.3",))
        assert await peer.apply(updateOld=[old], updateNew=[{**old, "targets": ["192.0.2.4"]}]) == 500  # not as it was read
        assert await peer.apply(delete=[{**old, "targets": ["192.0.2.3"]}, listed["a-www.example.org"]]) == 204
        assert await peer.records() == []


async def test_health_says_what_is_wrong_and_metrics_count(tmp_path: Path) -> None:
    async with (
        NameServer({"example.org.": None}, KEYS) as server,
        running(written(tmp_path, server.port), "example.org", "example.net") as (port, health),
        aiohttp.ClientSession() as session,
    ):

        async def ask(path: str) -> tuple[int, str]:
            async with session.get(f"http://127.0.0.1:{health}{path}") as answer:
                return answer.status, await answer.text()

        while "REFUSED for zone example.net" not in (ready := await ask("/readyz"))[1]:
            await asyncio.sleep(0.1)
        while 'mcidns_zone_ready{zone="example.org"} 1.0' not in (metrics := (await ask("/metrics"))[1]):
            await asyncio.sleep(0.1)
        assert ready[0] == 503
        assert (await ask("/healthz"))[0] == 200
        assert 'mcidns_zone_ready{zone="example.net"} 0.0' in metrics
        async with session.get(f"http://127.0.0.1:{port}/records") as answer:
            names = {one["dnsName"] for one in json.loads(await answer.read())}
            assert (answer.status, names) == (200, {"example.org", "ns1.example.org"})


MISTAKES = {
    "--provider nope --zone a.b": "no provider of type 'nope'",
    "--provider rfc2136 --zone a.b": "config.servers: no server is named",
    "--provider rfc2136 --zone a..b --config CONFIG": "--zone: a..b has an empty label",
    "--provider rfc2136 --zone a.b --config NONE": "--config: NONE: No such file",
    "--provider rfc2136 --zone a.b --config CONFIG --listen here": "--listen: 'here' is no address:port",
    "--provider rfc2136 --zone a.b --config CONFIG --http off --listen 192.0.2.1:1": "choose another address or port",
    "--provider rfc2136 --zone a.b --config TYPO": "--config: confg: there is no such field",
    "--provider rfc2136 --zone a.b --config GONE": "--config: secretFiles.tsigSecret: /nonexistent/tsig: No such file",
    "--provider rfc2136 --zone a.b --config BROKEN": "BROKEN is no YAML",
    "--provider rfc2136 --zone a.b --config LIST": "LIST holds no mapping",
}
TRY = """
import sys
from mcidns.cli import commands
from mcidns.errors import ConfigError
for words in sys.argv[1:]:
    try:
        commands.main(["webhook-server", *words.split()], standalone_mode=False)
    except ConfigError as error:
        print(error)
"""


def files(folder: Path) -> None:
    """Config files with and without mistakes."""
    written(folder, 53).rename(folder / "CONFIG")
    (folder / "TYPO").write_text("confg: {}\n")
    (folder / "GONE").write_text("secretFiles: {tsigSecret: /nonexistent/tsig}\n")
    (folder / "BROKEN").write_text("config: [\n")
    (folder / "LIST").write_text("- config\n")


def test_every_mistake_names_its_field_and_remedy(tmp_path: Path) -> None:
    files(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", TRY, *MISTAKES], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    told = done.stdout.splitlines()
    assert [expected in line for expected, line in zip(MISTAKES.values(), told, strict=True)] == [True] * len(MISTAKES), told


async def test_a_mistake_ends_with_exit_code_2_and_no_traceback() -> None:
    process = await started("--provider", "nope", "--zone", "example.org")
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.decode().startswith("Error: spec.type: no provider of type 'nope' is installed; use one of: ")
    assert len(errors.decode().splitlines()) == 1
