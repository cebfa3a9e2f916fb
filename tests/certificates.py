"""A certificate authority for tests and what it signs; no server and no test lives here."""

import datetime as dt
import secrets
import ssl
import tempfile
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def _signed(subject: str, issuer: str, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey, **more) -> bytes:
    now = dt.datetime.now(dt.UTC)
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (subject, issuer)]
    built = x509.CertificateBuilder(names[1], names[0], public, x509.random_serial_number())
    begin, end = now + dt.timedelta(hours=more["begins"]), now + dt.timedelta(hours=more["ends"])
    built = built.not_valid_before(begin).not_valid_after(end)
    for extension in more["extensions"]:
        built = built.add_extension(extension, critical=False)
    return built.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Authority:
    """A root of its own; `pem` is what a client has to trust."""

    def __init__(self) -> None:
        self._name = f"tests {secrets.token_hex(4)}"
        self._key = ec.generate_private_key(ec.SECP256R1())
        extensions = [x509.BasicConstraints(ca=True, path_length=None)]
        self.pem = _signed(
            self._name, self._name, self._key.public_key(), self._key, begins=-2000, ends=2000, extensions=extensions
        ).decode()

    def file(self, folder: Path) -> Path:
        """The root's certificate, written down."""
        path = folder / "ca.pem"
        path.write_text(self.pem)
        return path

    def serving(
        self, *names: str, begins: float = -24, ends: float = 24, sni: Callable[[str | None], None] | None = None
    ) -> ssl.SSLContext:
        """A server's context with a certificate for these names and addresses, good between two times in hours from now.

        `sni` hears the server names that clients ask for.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
        pem = _signed(
            names[0] if names else "nobody",
            self._name,
            key.public_key(),
            self._key,
            begins=begins,
            ends=ends,
            extensions=[alternatives] if names else [],
        )
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        with tempfile.NamedTemporaryFile() as both:
            both.write(pem + private)
            both.flush()
            context.load_cert_chain(both.name)
        if sni is not None:
            context.sni_callback = lambda _, name, __: sni(name)
        return context


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
