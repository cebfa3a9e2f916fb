"""A host cluster with a zone on a name server, and the command line before it; scenarios and members come from tests.scenario."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import Result

from mcidns.cli import commands
from mcidns.demo import manifests
from mcidns.model.names import DnsName
from mcidns.model.secrets import Secret
from mcidns.provider import Full, ProviderSettings
from mcidns_rfc2136 import Rfc2136Provider
from tests.leaks import CliRunner
from tests.scenario.stage import KEY, ZONE, Stage, raised

Held = dict[str, dict[str, tuple[str, ...]]]
OWNER = "scenario"
BARE = """\
$TTL 60
@ IN SOA ns1 hostmaster 1 3600 600 86400 60
@ IN NS ns1
ns1 IN A 127.0.0.1
"""


def mark(place: str, owner: str = OWNER, resource: str = "ingress/shop/old") -> str:
    """An ownership TXT as a line of a zone file."""
    return f'{place} 60 IN TXT "heritage=external-dns,external-dns/owner={owner},external-dns/resource={resource}"\n'


@dataclass
class Desk:
    """A stage and its command line."""

    stage: Stage
    kubeconfig: Path

    async def run(self, *arguments: str) -> Result:
        """The verb against the host."""
        return await bare(*arguments, "--kubeconfig", str(self.kubeconfig))

    async def json(self, *arguments: str) -> tuple[Any, Any]:
        """The exit code and what was told as JSON."""
        result = await self.run(*arguments, "-o", "json")
        assert result.exception is None, result.output
        return result.return_value, json.loads(result.stdout)

    async def zone(self) -> Held:
        """What the name server holds, but for the zone's own SOA, NS and ns1."""
        return await held(self.stage.names.port, manifests.KEY, KEY)


async def held(port: int, key: str, secret: bytes) -> Held:
    """Names, types and values by transfer."""
    config = {"servers": [f"127.0.0.1:{port}"], "tsigKeyName": key.rstrip("."), "tsigAlgorithm": "hmac-sha256"}
    secrets = {"tsigSecret": Secret(base64.b64encode(secret).decode())}
    provider = Rfc2136Provider.from_settings(ProviderSettings("test", config, secrets))
    try:
        reading = await provider.read(DnsName(f"{ZONE}."), None)
    finally:
        await provider.aclose()
    assert isinstance(reading, Full)
    return {
        name.relative.removesuffix(f".{ZONE}"): {one.type: one.values for one in sets}
        for name, sets in reading.names.items()
        if name.relative not in {ZONE, f"ns1.{ZONE}"}
    }


async def bare(*arguments: str) -> Result:
    """The verb without a host, in a thread of its own."""
    return await asyncio.to_thread(CliRunner().invoke, commands, arguments, standalone_mode=False)


@asynccontextmanager
async def desk(folder: Path, records: str = "", *, members: int = 0, **spec: Any) -> AsyncIterator[Desk]:
    """The zone example.org with these records; no controller runs."""
    async with raised(members=members, zone_text=BARE + records, running=False, **spec) as stage:
        config = folder / "config"
        config.write_text(stage.host.kubeconfig_yaml(), encoding="utf-8")
        yield Desk(stage, config)
