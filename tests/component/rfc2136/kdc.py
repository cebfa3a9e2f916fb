"""A real MIT KDC on a free port of 127.0.0.1 with a realm of its own; what is asked of it never lives here."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

REALM = "MCIDNS.TEST"
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
_PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")

_KRB5 = """\
[libdefaults]
  default_realm = {realm}
  rdns = false
  dns_canonicalize_hostname = false
  dns_lookup_kdc = false
  dns_lookup_realm = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
"""
_KDC = """\
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    max_life = 1h
  }}
"""


def missing() -> str:
    """What this machine lacks for tests with Kerberos, empty if nothing."""
    programs = [program for program in _PROGRAMS if shutil.which(program, path=_PATH) is None]
    if programs or importlib.util.find_spec("gssapi") is None:
        return f"no {', '.join([*programs, 'Python package gssapi'][:2])}: MCIDNS_TEST_GSS=1 make test installs what is needed"
    return ""


class Kdc:
    """`with Kdc() as kdc:` runs one. `environment` is for whoever shall find it, `folder` holds what is exported."""

    def __init__(self) -> None:
        self.folder = Path()
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """Where the realm's configuration is."""
        return {"KRB5_CONFIG": str(self.folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="kdc-", dir="/tmp"))
        self.folder.chmod(0o755)  # the name server runs as somebody else
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        words = {"realm": REALM, "port": self._port, "folder": self.folder}
        (self.folder / "krb5.conf").write_text(_KRB5.format(**words))
        (self.folder / "kdc.conf").write_text(_KDC.format(**words))
        try:
            self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Serve; returns when it accepts connections."""
        program = shutil.which("krb5kdc", path=_PATH)
        assert program is not None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([program, "-n"], env=self._env(), stdout=log, stderr=log)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return
            time.sleep(0.02)
        raise RuntimeError(f"the KDC does not come up:\n{(self.folder / 'log').read_text(errors='replace')}")

    def stop(self) -> None:
        """Stop serving."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(10)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def principal(self, name: str, life: str = "1h") -> bytes:
        """Create a principal whose tickets last so long; its keytab."""
        self._run("kadmin.local", "-q", f"addprinc -randkey -maxlife {life} {name}")
        return self.keytab(name)

    def keytab(self, name: str) -> bytes:
        """A new key for the principal, which makes all older keytabs useless."""
        path = self.folder / "exported"
        path.unlink(missing_ok=True)
        self._run("kadmin.local", "-q", f"ktadd -k {path} {name}")
        return path.read_bytes()

    def tickets(self, name: str, keytab: bytes, life: str) -> str:
        """A ticket cache of the principal, as kinit leaves it."""
        path, cache = self.folder / "for-kinit", self.folder / f"cache-{name.replace('/', '-')}"
        path.write_bytes(keytab)
        self._run("kinit", "-l", life, "-c", str(cache), "-k", "-t", str(path), name)
        return f"FILE:{cache}"

    def _run(self, *words: str) -> None:
        program = shutil.which(words[0], path=_PATH)
        assert program is not None
        done = subprocess.run([program, *words[1:]], env=self._env(), capture_output=True, timeout=30, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)} failed: {(done.stdout + done.stderr).decode(errors='replace')}")

    def _env(self) -> dict[str, str]:
        return {**os.environ, "PATH": _PATH, **self.environment}


@contextlib.contextmanager
def found_by_us(kdc: Kdc) -> Iterator[None]:
    """Kerberos in this process asks this KDC; the library reads the environment each time."""
    before = os.environ.get("KRB5_CONFIG")
    os.environ["KRB5_CONFIG"] = kdc.environment["KRB5_CONFIG"]
    try:
        yield
    finally:
        if before is None:
            del os.environ["KRB5_CONFIG"]
        else:
            os.environ["KRB5_CONFIG"] = before
