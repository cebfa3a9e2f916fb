"""A real BIND on a free port of 127.0.0.1 for tests: its configuration, its process and its log.

What a test asks of it, and what the answers should be, never lives here.
"""

import asyncio
import contextlib
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name

from tests import named_conf
from tests.named_conf import EMPTY_ZONE, BindZone

__all__ = ["EMPTY_ZONE", "Bind", "BindError", "BindZone"]

_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/sbin"))
_NAMED = shutil.which("named", path=_PATH)
_RNDC = shutil.which("rndc", path=_PATH)
_SETPRIV = shutil.which("setpriv", path=_PATH)


class BindError(RuntimeError):
    """named does not run or does not serve; the text carries its log."""


class _PortTakenError(Exception):
    """Somebody else took the port between our look and named's."""


class Bind:
    """`async with Bind(zones={"example.org.": None}, keys={"k.": ("hmac-sha256", secret)}) as bind:` runs one.

    `zones` maps a zone to its text, to None (an empty zone) or to a `BindZone`. `keys`: name to (algorithm, secret).
    `options` are statements for the options block, `config` is text for the top level, `files` are put into `folder`,
    `env` is added to named's environment. Updates and transfers need any of the keys unless the zone says otherwise.
    """

    def __init__(
        self,
        zones: Mapping[str, str | BindZone | None] | None = None,
        keys: Mapping[str, tuple[str, bytes]] | None = None,
        options: Sequence[str] = (),
        *,
        config: str = "",
        files: Mapping[str, bytes] | None = None,
        env: Mapping[str, str] | None = None,
        deadline: float = 30.0,
    ) -> None:
        self.port = 0
        self.folder = Path()
        self._zones = {_absolute(name): _as_zone(zone) for name, zone in (zones or {}).items()}
        self._keys = dict(keys or {})
        self._options = tuple(options)
        self._config = config
        self._files = dict(files or {})
        self._env = dict(env or {})
        self._deadline = deadline
        self._user = _unprivileged_user() if os.geteuid() == 0 and _SETPRIV else None
        self._rndc_port = 0
        self._rndc_secret = secrets.token_bytes(32)
        self._told = 0  # the length of the log when the last start or change began
        self._process: asyncio.subprocess.Process | None = None

    @staticmethod
    def available() -> bool:
        """Whether this machine has named."""
        return _NAMED is not None

    @property
    def log(self) -> str:
        """All that named said so far, over every start."""
        path = self.folder / "named.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def rndc_port(self) -> int:
        """Where rndc.conf in `folder` says that named takes commands."""
        return self._rndc_port

    @property
    def pid(self) -> int:
        """The process id of the running named."""
        if self._process is None:
            raise BindError("named is not running: call start() first")
        return self._process.pid

    async def __aenter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="bind-", dir=_reachable_folder()))
        try:
            await self._first_start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Run named on the port it had before, its zones as the last run left them; returns when every zone answers."""
        if self._process is not None:
            raise BindError("named is already running: call stop() first")
        await self._spawn()
        try:
            await self._answering(tuple(self._zones))
        except BaseException:
            await self.stop(kill=True)
            raise

    async def stop(self, *, kill: bool = False) -> None:
        """End named: cleanly (SIGTERM, journals synced), or with `kill` by SIGKILL. Harmless when it does not run."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def close(self) -> None:
        """End named and delete its files."""
        await self.stop(kill=True)
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    async def add_zone(self, name: str, zone: str | BindZone | None = None) -> None:
        """Serve one more zone; returns when it answers."""
        self._told = len(self.log)
        self._zones[_absolute(name)] = _as_zone(zone)
        self._write_config()
        os.kill(self.pid, signal.SIGHUP)
        await self._answering((_absolute(name),))

    async def rndc(self, *words: str) -> str:
        """Run one rndc command, such as `rndc("freeze", "example.org")`, and return its output."""
        if _RNDC is None:
            raise BindError("rndc is not installed: install bind9-utils")
        process = await asyncio.create_subprocess_exec(
            *(_RNDC, "-c", str(self.folder / "rndc.conf"), *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(self._deadline):
            output, _ = await process.communicate()
        if process.returncode:
            raise BindError(f"rndc {' '.join(words)} failed: {output.decode(errors='replace')}")
        return output.decode(errors="replace")

    async def _first_start(self) -> None:
        for _ in range(20):
            self.port, self._rndc_port = _free_port(), _free_port()
            self._write_config()
            try:
                return await self.start()
            except _PortTakenError:
                continue
        raise BindError(f"no free port found in 20 tries:\n{self._tail()}")

    async def _spawn(self) -> None:
        if _NAMED is None:
            raise BindError("named is not installed: install bind9, or skip where Bind.available() is false")
        self._told = len(self.log)
        # The kernel ends named with us, so that a killed test run leaves no server behind.
        words = [_SETPRIV, "--pdeathsig", "KILL"] if _SETPRIV else []
        if self._user and words:
            words += [f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        command = (*words, _NAMED, "-f", "-c", str(self.folder / "named.conf"), "-L", str(self.folder / "named.log"))
        # Its early messages go to its log file, later errors to stderr: both append to one file.
        with (self.folder / "named.log").open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, **self._env},
                cwd=self.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )

    async def _answering(self, zones: tuple[str, ...]) -> None:
        queries = [dns.message.make_query(zone, "SOA") for zone in zones or (".",)]
        try:
            async with asyncio.timeout(self._deadline):
                for query in queries:
                    while not await self._answers(query, authoritative=bool(zones)):
                        self._raise_when_hopeless()
                        await asyncio.sleep(0.01)
        except TimeoutError as error:
            what = ", ".join(zones)
            raise BindError(f"named did not serve {what} within {self._deadline:g} s:\n{self._tail()}") from error
        self._raise_when_hopeless()

    async def _answers(self, query: dns.message.Message, *, authoritative: bool) -> bool:
        try:
            answer = await dns.asyncquery.udp(query, "127.0.0.1", port=self.port, timeout=0.05)
        except (OSError, dns.exception.DNSException):
            return False
        return bool(answer.answer and answer.flags & dns.flags.AA) or not authoritative

    def _raise_when_hopeless(self) -> None:
        log = self.log[self._told :]
        if "address in use" in log:
            raise _PortTakenError
        if self._process is not None and self._process.returncode is not None:
            raise BindError(f"named ended with status {self._process.returncode}:\n{self._tail()}")
        if "not loaded due to errors" in log or "reloading configuration failed" in log:
            raise BindError(f"named refuses a zone or its configuration:\n{self._tail()}")

    def _tail(self) -> str:
        return "\n".join(self.log.splitlines()[-40:])

    def _write_config(self) -> None:
        for name, content in self._files.items():
            self._write(name, content)
        for name, zone in self._zones.items():
            if not (self.folder / named_conf.zone_file(name)).exists():
                self._write(named_conf.zone_file(name), (named_conf.EMPTY_ZONE if zone.text is None else zone.text).encode())
        rndc_key = named_conf.key("rndc-key", "hmac-sha256", self._rndc_secret) + "\n"
        server = f"options {{ default-server 127.0.0.1; default-port {self._rndc_port}; default-key rndc-key; }};\n"
        self._write("rndc.conf", (rndc_key + server).encode())
        self._write("named.conf", (rndc_key + self._named_conf()).encode())
        if not (self.folder / "named.log").exists():
            self._write("named.log", b"")
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)

    def _named_conf(self) -> str:
        server = named_conf.server(self.folder, self.port, self._rndc_port, self._options)
        parts = [named_conf.key(name, *key) for name, key in self._keys.items()]
        zones = [named_conf.zone(name, zone, tuple(self._keys)) for name, zone in self._zones.items()]
        return "\n".join((*parts, server, self._config, *zones)) + "\n"

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.write_bytes(content)
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)


def _absolute(name: str) -> str:
    return dns.name.from_text(name).to_text()


def _as_zone(zone: str | BindZone | None) -> BindZone:
    return zone if isinstance(zone, BindZone) else BindZone(zone)


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("bind", "named", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise BindError("this machine has none of the users bind, named and nobody to run named as")


def _reachable_folder() -> str:
    """A temporary folder whose every parent another user may pass (pytest's own folders are closed to others)."""
    for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        path = Path(folder).resolve()
        if os.geteuid() != 0 or all(part.stat().st_mode & 0o001 for part in (path, *path.parents)):
            return str(path)
    raise BindError("no temporary folder that an unprivileged user can reach: set TMPDIR to one")


def _free_port() -> int:
    """A port free for UDP and TCP, below the ephemeral range: no outgoing socket takes it while named is stopped."""
    while True:
        port = random.randint(15000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
