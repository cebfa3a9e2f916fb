"""Control planes for tests, in one form: an emulated one always, a real one where its programs are; no test lives here.

The real one is etcd and kube-apiserver from the folder KUBEBUILDER_ASSETS names (the envtest convention), one etcd per plane, RBAC,
a token file, no controller-manager.
"""

import contextlib
import datetime as dt
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mcidns.emulator import ApiServer, Tls, kubeconfigs

ADMIN = "hushhush-admin-token"
PLAIN = "plain-token"
PATIENCE = 60.0


@dataclass(frozen=True)
class Plane:
    """How to reach a control plane; `admin` may do everything, `plain` what RBAC grants the user `plain`."""

    kind: str
    url: str
    ca: str
    admin: str = ADMIN
    plain: str = PLAIN

    def context(self) -> ssl.SSLContext:
        """A client's context that trusts this plane."""
        return ssl.create_default_context(cadata=self.ca)

    def kubeconfig(self, token: str = ADMIN) -> dict[str, Any]:
        """A kubeconfig for one of the tokens."""
        return kubeconfigs.of(self.kind, self.url, token, self.ca)


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1 that is its own authority; PEM."""

    cert: bytes
    key: bytes

    def into(self, folder: Path) -> tuple[Path, Path]:
        """Written down as `tls.crt` and `tls.key`."""
        cert, key = folder / "tls.crt", folder / "tls.key"
        cert.write_bytes(self.cert)
        key.write_bytes(self.key)
        return cert, key


def certificate() -> Certificate:
    """A new one, good for an hour either way."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "emulated")])
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(hours=24))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    built = built.add_extension(names, critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    unused = ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
    usage = dict.fromkeys(unused, False)
    built = built.add_extension(
        x509.KeyUsage(digital_signature=True, key_encipherment=True, key_cert_sign=True, crl_sign=True, **usage), critical=True
    )
    built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    built = built.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    signed = built.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return Certificate(signed.public_bytes(serialization.Encoding.PEM), private)


def tls(made: Certificate) -> Tls:
    """What an emulated server needs to serve HTTPS with it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory() as folder:
        cert, key = made.into(Path(folder))
        context.load_cert_chain(cert, key)
    return Tls(context, made.cert.decode())


@contextlib.asynccontextmanager
async def emulated(made: Certificate, **more: Any) -> AsyncIterator[tuple[Plane, ApiServer]]:
    """An emulated plane over HTTPS with the same two tokens as the real one."""
    async with ApiServer("emulated", token=ADMIN, tls=tls(made), **more) as server:
        server.access.allow(PLAIN, "rbac", "plain")
        yield Plane("emulator", server.url, made.cert.decode()), server


def missing() -> str:
    """Why no real plane can be started here; empty if one can."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if not folder:
        return "KUBEBUILDER_ASSETS names no folder with kube-apiserver and etcd"
    absent = [name for name in ("etcd", "kube-apiserver") if not shutil.which(name, path=folder)]
    return f"{' and '.join(absent)} not in {folder}, which KUBEBUILDER_ASSETS names" if absent else ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _etcd(folder: Path, clients: int) -> list[str]:
    peers = f"http://127.0.0.1:{_free_port()}"
    own = f"http://127.0.0.1:{clients}"
    return [
        str(Path(os.environ["KUBEBUILDER_ASSETS"]) / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={own}",
        f"--advertise-client-urls={own}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
    ]


def _apiserver(folder: Path, etcd: int, port: int) -> list[str]:
    (folder / "tokens.csv").write_text(f'{ADMIN},admin,admin,"system:masters"\n{PLAIN},plain,plain\n')
    return [
        str(Path(os.environ["KUBEBUILDER_ASSETS"]) / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--tls-cert-file={folder / 'tls.crt'}",
        f"--tls-private-key-file={folder / 'tls.key'}",
        f"--client-ca-file={folder / 'tls.crt'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--service-account-issuer=https://127.0.0.1",
        f"--service-account-key-file={folder / 'tls.key'}",
        f"--service-account-signing-key-file={folder / 'tls.key'}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
    ]


@contextlib.contextmanager
def real(made: Certificate) -> Iterator[Plane]:
    """A real plane of its own: about 3 s and 310 MiB; raises RuntimeError with its log if it does not come up."""
    with tempfile.TemporaryDirectory(prefix="plane-") as name, contextlib.ExitStack() as stack:
        folder, etcd, port = Path(name), _free_port(), _free_port()
        made.into(folder)
        log = stack.enter_context((folder / "log").open("wb"))
        for command in (_etcd(folder, etcd), _apiserver(folder, etcd, port)):
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
            stack.callback(_stop, process)
        plane = Plane("real", f"https://127.0.0.1:{port}", made.cert.decode())
        deadline = time.monotonic() + PATIENCE
        while not _ready(plane):
            if time.monotonic() > deadline:
                raise RuntimeError(f"kube-apiserver is not ready after {PATIENCE:g} s:\n{(folder / 'log').read_text()[-4000:]}")
            time.sleep(0.1)
        yield plane


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ready(plane: Plane) -> bool:
    paths = ("/readyz", "/api/v1/namespaces/default", "/api/v1/namespaces/kube-system")
    try:
        for path in paths:
            request = urllib.request.Request(plane.url + path, headers={"Authorization": f"Bearer {ADMIN}"})
            with urllib.request.urlopen(request, timeout=5, context=plane.context()):
                pass
    except (urllib.error.URLError, OSError):
        return False
    return True
