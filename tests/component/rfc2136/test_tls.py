"""DNS over TLS with BIND: everything works inside it, and a certificate that does not fit is refused."""

import asyncio
import datetime as dt
import socket
import ssl
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mcidns.errors import Transient
from mcidns.model.secrets import Secret
from mcidns.provider import Delta, Full, Unchanged
from mcidns_rfc2136 import Rfc2136Provider
from tests.bind import Bind
from tests.component.rfc2136.parts import (
    EMPTY,
    KEYS,
    ZONE,
    Mirror,
    content,
    creation,
    name,
    needs_bind,
    provider,
    records,
    settings,
)

pytestmark = needs_bind


def certificate(host: str, *, hours: int = 1) -> tuple[bytes, bytes]:
    """A self-signed certificate for a name and 127.0.0.1, valid for so many hours yet, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - dt.timedelta(hours=9)).not_valid_after(now + dt.timedelta(hours=hours))
    names = x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(IPv4Address("127.0.0.1"))])
    signed = built.add_extension(names, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signed.public_bytes(serialization.Encoding.PEM), private


def with_tls(pem: bytes, key: bytes) -> tuple[int, tuple[str, ...], str, dict[str, bytes]]:
    """A free port and what makes BIND listen there with TLS: options, top-level text, files."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    config = 'tls dot { key-file "key.pem"; cert-file "cert.pem"; };'
    return port, (f"listen-on port {port} tls dot {{ 127.0.0.1; }};",), config, {"key.pem": key, "cert.pem": pem}


def bind_with_tls(pem: bytes, key: bytes, zone: str | None = None) -> tuple[Bind, int]:
    """BIND that listens with TLS on the port given back, too."""
    port, options, config, files = with_tls(pem, key)
    return Bind({ZONE.text: zone}, KEYS, options, config=config, files=files), port


@pytest.mark.parametrize("place", ["caData", "caFile", "the Secret"])
async def test_reading_and_writing_go_over_tls(place: str, tmp_path: Path) -> None:
    pem, key = certificate("ns.test")
    (tmp_path / "ca.pem").write_bytes(pem)
    trust = {"caData": {"caData": pem.decode()}, "caFile": {"caFile": str(tmp_path / "ca.pem")}}.get(place, {})
    bind, port = bind_with_tls(pem, key)
    said = settings(port, tls={"enabled": True, "serverName": "ns.test", **trust})
    if place == "the Secret":
        said = replace(said, secrets={**said.secrets, "ca.crt": Secret(pem.decode())})
    dns = Rfc2136Provider.from_settings(said)
    async with bind:
        await dns.apply(ZONE, [creation(records("www", "A", "192.0.2.1"))])
        assert await content(dns) == {name("www"): (records("www", "A", "192.0.2.1"),)}
        await dns.aclose()


async def test_whole_zones_and_differences_are_transferred_over_tls() -> None:
    pem, key = certificate("ns.test")
    filler = "".join(f'filler{number} IN TXT "{"x" * 200}"\n' for number in range(1000))
    bind, port = bind_with_tls(pem, key, EMPTY + filler)
    async with bind, provider(port, tls={"caData": pem.decode(), "serverName": "ns.test"}) as dns:
        full = await dns.read(ZONE, None)
        assert isinstance(full, Full)
        assert len(full.names) == 1002
        mirror = Mirror(full)
        await dns.apply(ZONE, [creation(records("www", "A", "192.0.2.1"))])
        delta = await dns.read(ZONE, mirror.held)
        assert isinstance(delta, Delta)
        assert dict(delta.names) == {name("www"): (records("www", "A", "192.0.2.1"),)}
        mirror.lay(delta)
        assert await dns.read(ZONE, mirror.held) == Unchanged(mirror.serial)


async def test_the_protocol_that_is_offered_is_dot(tmp_path: Path) -> None:
    pem, key = certificate("ns.test")
    (tmp_path / "pem").write_bytes(pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    context.set_alpn_protocols(["h2", "dot"])
    agreed: list[str | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        agreed.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server, provider(port, tls={"caData": pem.decode(), "serverName": "ns.test"}) as dns:
        with pytest.raises(Transient, match="closed the connection"):
            await dns.read(ZONE, None)
    assert set(agreed) == {"dot"}


async def test_a_server_that_speaks_no_tls_is_transient_naming_the_setting() -> None:
    pem, _ = certificate("ns.test")
    async with Bind({ZONE.text: None}, KEYS) as bind, provider(bind.port, tls={"caData": pem.decode()}, timeout=1) as dns:
        with pytest.raises(Transient, match=rf"127\.0\.0\.1:{bind.port}"):
            await dns.read(ZONE, None)


async def test_nothing_blocks_the_event_loop(tmp_path: Path) -> None:
    pem, key = certificate("ns.test")
    (tmp_path / "ca.pem").write_bytes(pem)
    bind, port = bind_with_tls(pem, key)
    tls = {"caFile": str(tmp_path / "ca.pem"), "serverName": "ns.test"}
    async with bind, provider(port, tls=tls) as over_tls, provider(bind.port, servers=[f"localhost:{bind.port}"]) as plain:
        with blockbuster_ctx():
            for dns in (over_tls, plain):
                reading = await dns.read(ZONE, None)
                assert isinstance(reading, Full)
                await dns.look(ZONE, frozenset({name("www")}))
                await dns.apply(ZONE, [creation(records("www", "A", "192.0.2.1"))])


@pytest.mark.parametrize(
    ("trusted", "server_name", "hours"),
    [
        pytest.param(False, "ns.test", 1, id="an unknown CA"),
        pytest.param(True, "other.test", 1, id="another name"),
        pytest.param(True, "ns.test", -1, id="an expired one"),
    ],
)
async def test_a_certificate_that_does_not_fit_is_refused(trusted: bool, server_name: str, hours: int) -> None:
    pem, key = certificate("ns.test", hours=hours)
    ca = pem if trusted else certificate("ns.test")[0]
    bind, port = bind_with_tls(pem, key)
    async with bind, provider(port, tls={"caData": ca.decode(), "serverName": server_name}) as dns:
        with pytest.raises(Transient, match=r"TLS failed.*check tls"):
            await dns.read(ZONE, None)
