"""DNS over TLS with BIND: everything works inside it, and a certificate that does not fit is refused."""

import datetime as dt
import socket
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mcidns.errors import Transient
from mcidns.provider import Full, Unchanged
from tests.bind import Bind
from tests.component.rfc2136.parts import KEYS, ZONE, Mirror, content, creation, name, needs_bind, provider, records

pytestmark = needs_bind


def certificate(host: str) -> tuple[bytes, bytes]:
    """A self-signed certificate for a name and 127.0.0.1, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(hours=1))
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


async def test_reading_and_writing_go_over_tls() -> None:
    pem, key = certificate("ns.test")
    bind, port = bind_with_tls(pem, key)
    async with bind, provider(port, tls={"enabled": True, "caData": pem.decode(), "serverName": "ns.test"}) as dns:
        await dns.apply(ZONE, [creation(records("www", "A", "192.0.2.1"))])
        assert await content(dns) == {name("www"): (records("www", "A", "192.0.2.1"),)}
        full = await dns.read(ZONE, None)
        assert isinstance(full, Full)
        mirror = Mirror(full)
        assert await dns.read(ZONE, mirror.held) == Unchanged(mirror.serial)


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
    ("trusted", "server_name"),
    [pytest.param(False, "ns.test", id="an unknown CA"), pytest.param(True, "other.test", id="another name")],
)
async def test_a_certificate_that_does_not_fit_is_refused(trusted: bool, server_name: str) -> None:
    pem, key = certificate("ns.test")
    ca = pem if trusted else certificate("ns.test")[0]
    bind, port = bind_with_tls(pem, key)
    async with bind, provider(port, tls={"caData": ca.decode(), "serverName": server_name}) as dns:
        with pytest.raises(Transient, match="TLS failed"):
            await dns.read(ZONE, None)
