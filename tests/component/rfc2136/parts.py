"""What the tests of the rfc2136 provider are built from: servers to run it on, and changes with defaults. No expectations."""

import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

import pytest

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.model.secrets import Secret
from mcidns.nameserver import NameServer
from mcidns.provider import Delta, Full, Held, ProviderSettings, Unchanged
from mcidns_rfc2136 import Rfc2136Provider
from tests.bind import Bind, BindZone
from tests.component.rfc2136 import launchers

ZONE = DnsName("example.org.")
SECRET = b"hushhush89abcdef0123456789abcdef"
KEYS = {"mcidns.": ("hmac-sha256", SECRET)}
STRANGERS = {"stranger.": ("hmac-sha256", SECRET)}
"""Keys that the real servers know and give no right."""
EMPTY = """\
$TTL 60
@ IN SOA ns1 hostmaster 1 3600 600 86400 60
@ IN NS ns1
ns1 IN A 127.0.0.1
"""

needs_bind = pytest.mark.skipif(not Bind.available(), reason="named is not installed")
needs_knot = pytest.mark.skipif(not launchers.installed("knotd"), reason="knotd is not installed: apt install knot")
needs_powerdns = pytest.mark.skipif(
    not launchers.installed("pdns_server", "pdnsutil"), reason="pdns_server is not installed: apt install pdns-backend-sqlite3"
)
REAL = [
    pytest.param("bind", id="bind", marks=needs_bind),
    pytest.param("knot", id="knot", marks=needs_knot),
    pytest.param("powerdns", id="powerdns", marks=needs_powerdns),
]
PEERS = [pytest.param("nameserver", id="nameserver"), *REAL]


@contextlib.asynccontextmanager
async def serving(peer: str, text: str = EMPTY) -> AsyncIterator[int]:
    """The port of a server with ZONE, which the key of KEYS may update and transfer."""
    if peer == "nameserver":
        async with NameServer({ZONE.text: text}, KEYS) as server:
            yield server.port
    elif peer == "bind":
        rights = BindZone(text, "allow-update { key mcidns.; };", "allow-transfer { key mcidns.; };")
        async with Bind({ZONE.text: rights}, {**KEYS, **STRANGERS}) as bind:
            yield bind.port
    else:
        launch = launchers.knot if peer == "knot" else launchers.powerdns
        full = f"$ORIGIN {ZONE}\n{text}"
        async with launch(ZONE.text, full, KEYS, STRANGERS) as port:
            yield port


def settings(*ports: int, secret: bytes | None = SECRET, **config: object) -> ProviderSettings:
    """A DNSProvider for servers on 127.0.0.1; `config` replaces or adds fields, None removes one."""
    fields: dict[str, object] = {"servers": [f"127.0.0.1:{port}" for port in ports], "tsigKeyName": "mcidns.", **config}
    secrets = {} if secret is None else {"tsigSecret": Secret(base64.b64encode(secret).decode())}
    return ProviderSettings("test", {key: value for key, value in fields.items() if value is not None}, secrets)


@contextlib.asynccontextmanager
async def provider(*ports: int, secret: bytes | None = SECRET, **config: object) -> AsyncIterator[Rfc2136Provider]:
    """The provider on these servers, closed at the end."""
    made = Rfc2136Provider.from_settings(settings(*ports, secret=secret, **config))
    try:
        yield made
    finally:
        await made.aclose()


def name(text: str) -> DnsName:
    """A name of the zone: `www`, `@` for its apex."""
    return ZONE if text == "@" else DnsName(f"{text}.{ZONE}")


def records(host: str, type_: str, *values: str, ttl: int = 60) -> RecordSet:
    """A record set of the zone."""
    return RecordSet.of(name(host), type_, ttl, values)


def change(*edits: tuple[RecordSet | None, RecordSet | None]) -> Change:
    """One change of (old, new) pairs."""
    made = []
    for old, new in edits:
        either = new or old
        assert either is not None
        made.append(Edit(either.key, old, new))
    return Change(made[0].key.name, tuple(made), Urgency.ADD)


def creation(*sets: RecordSet) -> Change:
    """A change that creates all of the sets."""
    return change(*((None, made) for made in sets))


def absent(host: str, type_: str) -> Edit:
    """The check that a set is not there."""
    return Edit(RecordKey(name(host), type_), None, None)


async def content(made: Rfc2136Provider) -> dict[DnsName, tuple[RecordSet, ...]]:
    """The zone without its own NS and the address of its server."""
    reading = await made.read(ZONE, None)
    assert isinstance(reading, Full)
    return {owner: sets for owner, sets in reading.names.items() if owner not in {ZONE, name("ns1")}}


async def at(made: Rfc2136Provider, host: str) -> tuple[RecordSet, ...]:
    """What the zone holds at one name, by transfer."""
    reading = await made.read(ZONE, None)
    assert isinstance(reading, Full)
    return reading.names.get(name(host), ())


class Mirror:
    """What a worker holds of a zone: the last full reading with deltas laid over it."""

    def __init__(self, full: Full) -> None:
        assert full.serial is not None
        self.serial = full.serial
        self.names = dict(full.names.items())

    @property
    def held(self) -> Held:
        """As `read` wants it."""
        return Held(self.serial, self.at)

    def at(self, owner: DnsName) -> tuple[RecordSet, ...]:
        """What is held at one name."""
        return self.names.get(owner, ())

    def lay(self, delta: Delta | Unchanged) -> None:
        """Take over a difference."""
        self.serial = delta.serial
        if isinstance(delta, Delta):
            self.names.update(delta.names)
            self.names = {owner: sets for owner, sets in self.names.items() if sets}

    def write(self, *changes: Change) -> None:
        """Take over a write of our own, whose serial is not known."""
        for edit in (edit for one in changes for edit in one.edits):
            kept = tuple(sets for sets in self.at(edit.key.name) if sets.key != edit.key)
            self.names[edit.key.name] = tuple(sorted((*kept, *((edit.new,) if edit.new else ())), key=_by_type))


def _by_type(records: RecordSet) -> str:
    return records.type


def flat(found: Iterable[tuple[DnsName, tuple[RecordSet, ...]]]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Names, types and values as plain text, for comparing."""
    return {owner.text: {one.type: one.values for one in sets} for owner, sets in found}


Clock = Callable[[], float]
