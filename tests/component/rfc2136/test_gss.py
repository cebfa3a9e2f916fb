"""GSS-TSIG with a real MIT KDC and BIND: tickets are had, used and renewed, and each fault is told with its remedy."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace

import pytest
from blockbuster import blockbuster_ctx

from mcidns.errors import Denied, Rejected, Transient
from mcidns.model.secrets import Secret
from mcidns.provider import Delta, Full, ProviderSettings, Unchanged
from mcidns_rfc2136 import Rfc2136Provider
from mcidns_rfc2136.negotiation import Negotiated
from tests.bind import Bind, BindZone
from tests.component.rfc2136 import kdc as kerberos
from tests.component.rfc2136.kdc import REALM, Kdc
from tests.component.rfc2136.parts import EMPTY, ZONE, Mirror, change, content, creation, name, needs_bind, records
from tests.component.rfc2136.test_tls import certificate, with_tls

pytestmark = [needs_bind, pytest.mark.skipif(bool(kerberos.missing()), reason=kerberos.missing())]

ADDRESS = records("www", "A", "192.0.2.1")
GRANTED = BindZone(update=f"update-policy {{ grant mcidns@{REALM} zonesub ANY; }};", transfer="allow-transfer { any; };")
OPENED = "dns.context_established"


@pytest.fixture(scope="module")
def kdc() -> Iterator[Kdc]:
    """One realm for all tests, with the name server and a principal that it lets write."""
    with Kdc() as running, kerberos.found_by_us(running):
        yield running


@pytest.fixture(scope="module")
def server(kdc: Kdc) -> bytes:
    """The name server's keytab."""
    return kdc.principal("DNS/ns.test")


@pytest.fixture(scope="module")
def keytab(kdc: Kdc) -> bytes:
    """That of the principal that may write."""
    return kdc.principal("mcidns")


def bind(kdc: Kdc, server: bytes | None, zone: BindZone = GRANTED) -> Bind:
    """BIND with the server's keytab."""
    options = () if server is None else ('tkey-gssapi-keytab "server.keytab";',)
    files = {} if server is None else {"server.keytab": server}
    return Bind({ZONE.text: zone}, {}, options, files=files, env=kdc.environment)


@contextlib.asynccontextmanager
async def provider(
    *ports: int,
    keytab: bytes | None,
    principal: str = "mcidns",
    timeout: float = 5.0,
    tls: object = None,
    gss: Mapping[str, str] | None = None,
) -> AsyncIterator[Rfc2136Provider]:
    """The provider with these servers, logged in as the principal; `gss` are further fields of its own."""
    config = {
        "servers": [f"127.0.0.1:{port}" for port in ports],
        "gssTsig": {"principal": f"{principal}@{REALM}", "serverName": "ns.test", **(gss or {})},
        "timeout": timeout,
        "tls": tls,
    }
    secrets = {} if keytab is None else {"keytab": Secret(base64.b64encode(keytab).decode())}
    made = Rfc2136Provider.from_settings(ProviderSettings("test", config, secrets))
    try:
        yield made
    finally:
        await made.aclose()


async def test_reading_writing_and_looking_are_signed_by_one_context(
    kdc: Kdc, server: bytes, keytab: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    filled = EMPTY + "".join(f"filler{number} IN A 10.9.0.{number}\n" for number in range(200))
    async with bind(kdc, server, replace(GRANTED, text=filled)) as named, provider(named.port, keytab=keytab) as dns:
        full = await dns.read(ZONE, None)
        assert isinstance(full, Full)
        mirror = Mirror(full)
        await dns.apply(ZONE, [creation(ADDRESS)])
        delta = await dns.read(ZONE, mirror.held)
        assert isinstance(delta, Delta)
        mirror.lay(delta)
        assert mirror.at(name("www")) == (ADDRESS,)
        assert await dns.read(ZONE, mirror.held) == Unchanged(mirror.serial)
        many = frozenset(name(f"h{number}") for number in range(300)) | {name("www")}
        assert {owner: sets for owner, sets in (await dns.look(ZONE, many)).items() if sets} == {name("www"): (ADDRESS,)}
        assert [record.message for record in caplog.records].count(OPENED) == 1


async def test_a_large_transfer_is_verified_message_by_message(kdc: Kdc, server: bytes, keytab: bytes) -> None:
    text = EMPTY + "".join(f'host-number-{number} IN TXT "{"x" * 60}"\n' for number in range(5000))
    async with bind(kdc, server, replace(GRANTED, text=text)) as named, provider(named.port, keytab=keytab) as dns:
        assert len(await content(dns)) == 5000


async def test_it_works_inside_tls(kdc: Kdc, server: bytes, keytab: bytes) -> None:
    pem, key = certificate("ns.test")
    port, options, config, files = with_tls(pem, key)
    options = (*options, 'tkey-gssapi-keytab "server.keytab";')
    named = Bind({ZONE.text: GRANTED}, {}, options, config=config, files={**files, "server.keytab": server}, env=kdc.environment)
    tls = {"caData": pem.decode(), "serverName": "ns.test"}
    async with named, provider(port, keytab=keytab, tls=tls) as dns:
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert await content(dns) == {name("www"): (ADDRESS,)}


async def test_nothing_blocks_the_event_loop(kdc: Kdc, server: bytes, keytab: bytes) -> None:
    async with bind(kdc, server) as named, provider(named.port, keytab=keytab) as dns:
        with blockbuster_ctx():
            await dns.apply(ZONE, [creation(ADDRESS)])
            assert isinstance(await dns.read(ZONE, None), Full)


async def test_a_server_that_was_restarted_gets_a_new_context(kdc: Kdc, server: bytes, keytab: bytes) -> None:
    async with bind(kdc, server) as named, provider(named.port, keytab=keytab) as dns:
        await dns.apply(ZONE, [creation(ADDRESS)])
        await named.stop(kill=True)
        await named.start()
        await dns.apply(ZONE, [change((ADDRESS, None))])
        await named.stop(kill=True)
        await named.start()
        assert await content(dns) == {}


async def test_a_context_is_renewed_before_its_ticket_ends(kdc: Kdc, server: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    brief = kdc.principal("brief", life="4s")
    zone = BindZone(update=f"update-policy {{ grant brief@{REALM} zonesub ANY; }};", transfer="allow-transfer { any; };")
    async with bind(kdc, server, zone) as named, provider(named.port, keytab=brief, principal="brief") as dns:
        for number in range(12):
            await dns.apply(ZONE, [creation(records(f"h{number}", "A", "192.0.2.1"))])
            await asyncio.sleep(0.5)
        assert len(await content(dns)) == 12
    lasts = [record.__dict__["lasts"] for record in caplog.records if record.message == OPENED]
    assert 2 <= len(lasts) <= 6
    assert max(lasts) <= 4


async def test_another_principal_is_told_who_it_is_and_what_to_grant(kdc: Kdc, server: bytes) -> None:
    other = kdc.principal("other")
    async with bind(kdc, server) as named, provider(named.port, keytab=other, principal="other") as dns:
        with pytest.raises(Rejected, match=rf"update-policy .* does not grant principal other@{REALM} www\.example\.org A"):
            await dns.apply(ZONE, [creation(ADDRESS)])
        assert await content(dns) == {}
    closed = BindZone(update="allow-update { none; };", transfer="allow-transfer { any; };")
    async with bind(kdc, server, closed) as named, provider(named.port, keytab=other, principal="other") as dns:
        with pytest.raises(Denied, match=rf"takes no updates of principal other@{REALM}; .*update-policy"):
            await dns.apply(ZONE, [creation(ADDRESS)])


async def test_a_ticket_cache_is_used_and_an_expired_one_is_denied(kdc: Kdc, server: bytes, keytab: bytes) -> None:
    async with bind(kdc, server) as named:
        async with provider(named.port, keytab=None, gss={"ccache": kdc.tickets("mcidns", keytab, "1h")}) as dns:
            await dns.apply(ZONE, [creation(ADDRESS)])
        ended = kdc.tickets("mcidns", keytab, "1s")
        await asyncio.sleep(2.1)
        async with provider(named.port, keytab=None, gss={"ccache": ended}) as dns:
            with pytest.raises(Denied, match=r"has expired: renew it \(kinit\)"):
                await dns.read(ZONE, None)


async def test_a_kdc_that_is_down_is_transient_and_contexts_go_on_meanwhile(kdc: Kdc, server: bytes, keytab: bytes) -> None:
    async with (
        bind(kdc, server) as named,
        provider(named.port, keytab=keytab) as before,
        provider(named.port, keytab=keytab) as dns,
    ):
        await before.apply(ZONE, [creation(ADDRESS)])
        kdc.stop()
        try:
            (keys,) = (one._keys for one in before._servers.all)
            assert isinstance(keys, Negotiated)
            keys._renew_at = 0.0  # as if it were a minute before the ticket's end
            await before.apply(ZONE, [change((ADDRESS, None))])
            with pytest.raises(Transient, match=r"mcidns@.*KDC.*check that the KDC runs") as caught:
                await dns.apply(ZONE, [creation(ADDRESS)])
            assert not caught.value.unsure
        finally:
            kdc.start()
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert await content(dns) == {name("www"): (ADDRESS,)}


async def test_a_kdc_that_hangs_costs_one_time_out_and_is_not_asked_twice_at_once(kdc: Kdc, server: bytes, keytab: bytes) -> None:
    async with bind(kdc, server) as named, provider(named.port, keytab=keytab, timeout=0.5) as dns:
        with kdc.frozen():
            with pytest.raises(Transient, match=r"the KDC does not answer within 0\.5 s"):
                await dns.apply(ZONE, [creation(ADDRESS)])
            with pytest.raises(Transient, match="the KDC has not answered yet"):
                await dns.apply(ZONE, [creation(ADDRESS)])
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(Transient):
                    await dns.apply(ZONE, [creation(ADDRESS)])
                    break
                await asyncio.sleep(0.05)
        assert await content(dns) == {name("www"): (ADDRESS,)}


async def test_a_keytab_that_the_kdc_has_replaced_is_denied(kdc: Kdc, server: bytes) -> None:
    old = kdc.principal("moved")
    kdc.keytab("moved")
    async with bind(kdc, server) as named, provider(named.port, keytab=old, principal="moved") as dns:
        with pytest.raises(Denied, match="export it anew") as caught:
            await dns.read(ZONE, None)
        assert base64.b64encode(old).decode() not in str(caught.value)


@pytest.mark.parametrize(
    ("principal", "fields", "said"),
    [
        pytest.param("nobody", {}, "keytab", id="a principal that is not in the keytab"),
        pytest.param("mcidns", {"serverName": "other.test"}, "correct gssTsig.serverName", id="a service unknown to the KDC"),
        pytest.param("mcidns", {"realm": "ELSEWHERE.TEST"}, "realm", id="a realm that nobody serves"),
        pytest.param("mcidns", {"keytabFile": "/nowhere"}, "keytab", id="a keytab that is not there"),
        pytest.param("mcidns", {"ccache": "FILE:/nowhere"}, "ticket cache", id="a cache that is not there"),
    ],
)
async def test_a_mistake_in_the_settings_is_denied_naming_the_field(
    kdc: Kdc, server: bytes, keytab: bytes, principal: str, fields: dict[str, str], said: str
) -> None:
    given = None if fields.keys() & {"keytabFile", "ccache"} else keytab
    async with bind(kdc, server) as named, provider(named.port, keytab=given, principal=principal, gss=fields) as dns:
        with pytest.raises(Denied, match=said):
            await dns.read(ZONE, None)


async def test_a_server_without_a_keytab_or_with_an_old_one_is_denied(kdc: Kdc, keytab: bytes) -> None:
    old = kdc.principal("DNS/late.test")
    kdc.keytab("DNS/late.test")
    for theirs in (None, old):
        async with bind(kdc, theirs) as named, provider(named.port, keytab=keytab, gss={"serverName": "late.test"}) as dns:
            with pytest.raises(Denied, match=r"negotiation of GSS-TSIG.*keytab"):
                await dns.read(ZONE, None)


async def test_each_server_has_a_context_of_its_own(kdc: Kdc, server: bytes, keytab: bytes) -> None:
    async with (
        bind(kdc, server) as first,
        bind(kdc, server) as second,
        provider(first.port, second.port, keytab=keytab) as dns,
    ):
        await dns.apply(ZONE, [creation(ADDRESS)])
        await first.stop(kill=True)
        await dns.apply(ZONE, [creation(records("second", "A", "192.0.2.2"))])
        assert await content(dns) == {name("second"): (records("second", "A", "192.0.2.2"),)}
