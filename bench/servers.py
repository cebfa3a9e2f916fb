"""A BIND with one zone, the provider that talks to it, and the peers' command lines; what is measured on them is elsewhere."""

import asyncio
import base64
import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from bench.figures import Skipped
from mcidns.model.names import DnsName
from mcidns.model.secrets import Secret
from mcidns.model.zones import Zone
from mcidns.provider import ProviderSettings
from mcidns_rfc2136 import Rfc2136Provider
from tests.bind import Bind

ZONE = DnsName("example.org.")
KEY = "mcidns-demo."
SECRET = b"0123456789abcdef0123456789abcdef"
HEAD = """\
$TTL 60
@ IN SOA ns1 hostmaster 1 3600 600 86400 60
@ IN NS ns1
ns1 IN A 127.0.0.1
"""


def need(*programs: str) -> None:
    """Raises Skipped for the first program that is not installed."""
    if not Bind.available():
        raise Skipped("named is not installed: apt install bind9")
    for program in programs:
        if shutil.which(program) is None:
            raise Skipped(f"{program} is not installed: apt install bind9-dnsutils")


@contextlib.asynccontextmanager
async def bind(text: str = HEAD) -> AsyncIterator[Bind]:
    """A BIND with ZONE, which KEY may update and transfer."""
    async with Bind({ZONE.text: text}, {KEY: ("hmac-sha256", SECRET)}, deadline=60.0) as server:
        yield server


@contextlib.asynccontextmanager
async def provider(port: int) -> AsyncIterator[Rfc2136Provider]:
    """The rfc2136 provider on that server."""
    config: dict[str, object] = {"servers": [f"127.0.0.1:{port}"], "tsigKeyName": KEY}
    made = Rfc2136Provider.from_settings(ProviderSettings("bench", config, {"tsigSecret": Secret(key_text())}))
    try:
        yield made
    finally:
        await made.aclose()


def zone(domain: DnsName = ZONE) -> Zone:
    """The zone as the controller knows it."""
    return Zone(domain.relative.replace(".", "-"), domain, "bench", "bench")


def key_text() -> str:
    """The key in base64."""
    return base64.b64encode(SECRET).decode()


def key_words() -> tuple[str, str]:
    """The key as dig and nsupdate take it on their command line."""
    return "-y", f"hmac-sha256:{KEY.rstrip('.')}:{key_text()}"


async def command(*words: str, output: Path | None = None) -> None:
    """Run a program, its output into a file or to nowhere. Raises RuntimeError when it fails."""
    with (output or Path("/dev/null")).open("wb") as sink:
        process = await asyncio.create_subprocess_exec(*words, stdout=sink, stderr=asyncio.subprocess.PIPE)
        _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{words[0]} failed with {process.returncode}: {errors.decode(errors='replace')[-500:]}")


_COUNT = re.compile(r"^\s+(\d+) (QUERY|UPDATE|SOA|AXFR|IXFR|A|TXT|CNAME|ANY)$", re.MULTILINE)


async def counters(server: Bind) -> dict[str, int]:
    """What BIND says it was asked since it started: messages by opcode (QUERY, UPDATE), questions by type (SOA, AXFR, …)."""
    path = server.folder / "named.stats"
    path.unlink(missing_ok=True)
    await server.rndc("stats")
    text = path.read_text(encoding="utf-8")
    asked = text.partition("++ Incoming Requests ++")[2].partition("++ Outgoing")[0]
    return {kind: int(number) for number, kind in _COUNT.findall(asked)}


def since(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What was asked in between; kinds that were not are left out."""
    return {kind: count - before.get(kind, 0) for kind, count in after.items() if count != before.get(kind, 0)}
