"""The contract on the rfc2136 provider, against every name server this machine has."""

import contextlib
from collections.abc import AsyncIterator
from typing import ClassVar

import dns.asyncquery
import dns.name
import dns.rcode
import dns.tsig
import dns.update

from mcidns.model.records import RecordKey, RecordSet
from mcidns.testing.contract import Bench, ForeignWrite, ProviderContract
from mcidns_rfc2136 import Rfc2136Provider
from tests.component.rfc2136 import parts
from tests.component.rfc2136.parts import KEYS, SECRET, ZONE, needs_bind, serving, settings
from tests.contract.relay import Relay

KEYRING = {dns.name.from_text(name): dns.tsig.Key(name, secret, algorithm) for name, (algorithm, secret) in KEYS.items()}


def foreign(port: int) -> ForeignWrite:
    """Updates without prerequisites, as nsupdate sends them."""

    async def write(key: RecordKey, new: RecordSet | None) -> None:
        update = dns.update.UpdateMessage(ZONE.text, keyring=KEYRING)
        update.delete(key.name.text, key.type)
        for value in new.values if new else ():
            update.add(key.name.text, new.ttl if new else 0, key.type, value)
        answer = await dns.asyncquery.tcp(update, "127.0.0.1", port=port, timeout=5)
        assert answer.rcode() == dns.rcode.NOERROR

    return write


class Rfc2136Contract(ProviderContract):
    """What all servers have in common: a relay that can fail, and a rival that asks the server itself."""

    peer: ClassVar[str]

    @contextlib.asynccontextmanager
    async def bench(self) -> AsyncIterator[Bench]:
        async with serving(self.peer) as port, Relay(port) as relay, parts.provider(port) as rival:
            yield Bench(
                Rfc2136Provider.from_settings(settings(relay.port, timeout=2.0)),
                ZONE,
                foreign=foreign(port),
                rival=rival,
                failures={
                    "denied": relay.denied,
                    "down": relay.down,
                    "unanswered": relay.unanswered,
                    "torn": relay.torn,
                },
                secrets=(SECRET.decode(),),
            )


class TestNameServer(Rfc2136Contract):
    """The demo's name server."""

    peer = "nameserver"


@needs_bind
class TestBind(Rfc2136Contract):
    """BIND."""

    peer = "bind"


@parts.needs_knot
class TestKnot(Rfc2136Contract):
    """Knot DNS."""

    peer = "knot"


@parts.needs_powerdns
class TestPowerDns(Rfc2136Contract):
    """PowerDNS with its sqlite back end."""

    peer = "powerdns"
    many = 300  # rewriting existing names is slow there
