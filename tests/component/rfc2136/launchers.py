"""Knot and PowerDNS on free ports of 127.0.0.1, started like tests/bind.py starts BIND; what is asked of them never lives here."""

import asyncio
import base64
import contextlib
import os
import pwd
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.message

_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
Keys = Mapping[str, tuple[str, bytes]]
_SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")


def installed(*programs: str) -> bool:
    """Whether this machine has all of them."""
    return all(shutil.which(program, path=_PATH) for program in programs)


@contextlib.asynccontextmanager
async def knot(zone: str, text: str, keys: Keys, strangers: Keys) -> AsyncIterator[int]:
    """knotd with one zone, which `keys` may update and transfer; `strangers` it knows, no more. Gives its port."""
    with _folder() as folder:
        port = _free_port()
        (folder / "db").mkdir()
        (folder / f"{zone}zone").write_text(text)
        lines = ["server:", f"  rundir: {folder}", f"  listen: 127.0.0.1@{port}", "control:", f"  listen: {folder}/knot.sock"]
        lines += ["log:", "  - target: stderr", "    any: error", "database:", f"  storage: {folder}/db", "key:"]
        for name, (algorithm, secret) in {**keys, **strangers}.items():
            lines += [f"  - id: {name}", f"    algorithm: {algorithm}", f"    secret: {base64.b64encode(secret).decode()}"]
        lines += ["acl:", "  - id: all", f"    key: [{', '.join(keys)}]", "    action: [transfer, update]"]
        # A key that no acl names is to Knot a key that it does not know.
        lines += ["  - id: little", f"    key: [{', '.join(strangers)}]", "    action: notify", "template:"]
        lines += [
            "  - id: default",
            f"    storage: {folder}",
            '    file: "%s.zone"',
            "    acl: [all, little]",
            "    zonefile-sync: -1",
        ]
        lines += ["    journal-content: changes", "zone:", f"  - domain: {zone}"]
        (folder / "knot.conf").write_text("\n".join(lines) + "\n")
        async with _running(folder, ["knotd", "-c", str(folder / "knot.conf")], zone, port):
            yield port


@contextlib.asynccontextmanager
async def powerdns(zone: str, text: str, keys: Keys, strangers: Keys) -> AsyncIterator[int]:
    """pdns_server on sqlite with one zone, which `keys` may update and transfer; `strangers` it knows, no more. Gives its port."""
    with _folder() as folder:
        port = _free_port()
        with contextlib.closing(sqlite3.connect(folder / "pdns.sqlite")) as database:
            database.executescript(_SCHEMA.read_text())
        (folder / "zone").write_text(text)
        settings = ["launch=gsqlite3", f"gsqlite3-database={folder}/pdns.sqlite", "gsqlite3-pragma-synchronous=0"]
        settings += ["local-address=127.0.0.1", f"local-port={port}", f"socket-dir={folder}", "dnsupdate=yes"]
        settings += ["allow-dnsupdate-from=127.0.0.0/8", "cache-ttl=0", "query-cache-ttl=0", "negquery-cache-ttl=0"]
        settings += ["zone-cache-refresh-interval=0", "loglevel=3", "disable-axfr=no", "allow-axfr-ips="]
        (folder / "pdns.conf").write_text("\n".join(settings) + "\n")
        plain = zone.rstrip(".")
        tool = ["pdnsutil", f"--config-dir={folder}"]
        await _run([*tool, "load-zone", plain, str(folder / "zone")])
        for name, (algorithm, secret) in {**keys, **strangers}.items():
            await _run([*tool, "import-tsig-key", name.rstrip("."), algorithm, base64.b64encode(secret).decode()])
            for right in () if name in strangers else ("TSIG-ALLOW-DNSUPDATE", "TSIG-ALLOW-AXFR"):
                await _run([*tool, "add-meta", plain, right, name.rstrip(".")])
        await _run([*tool, "set-meta", plain, "SOA-EDIT-DNSUPDATE", "INCREASE"])
        command = ["pdns_server", f"--config-dir={folder}", "--daemon=no", "--guardian=no"]
        async with _running(folder, command, zone, port):
            yield port


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="dns-", dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def _run(command: Sequence[str]) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {output.decode(errors='replace')}")


@contextlib.asynccontextmanager
async def _running(folder: Path, command: Sequence[str], zone: str, port: int) -> AsyncIterator[None]:
    user = _unprivileged(command[0])
    words = list(command)
    if os.geteuid() == 0 and user is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
        words = ["setpriv", "--pdeathsig", "KILL", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command]
    program = shutil.which(words[0], path=_PATH)
    assert program is not None
    environment = {**os.environ, "PATH": _PATH}
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(program, *words[1:], env=environment, stdout=log, stderr=log)
    try:
        await _answering(process, folder, zone, port)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _answering(process: asyncio.subprocess.Process, folder: Path, zone: str, port: int) -> None:
    query = dns.message.make_query(zone, "SOA")
    async with asyncio.timeout(20):
        while True:
            try:
                if (await dns.asyncquery.udp(query, "127.0.0.1", port=port, timeout=0.1)).answer:
                    return
            except (OSError, dns.exception.DNSException):
                pass
            if process.returncode is not None:
                raise RuntimeError(f"the server ended:\n{(folder / 'log').read_text(errors='replace')}")
            await asyncio.sleep(0.02)


def _unprivileged(program: str) -> pwd.struct_passwd | None:
    for name in ({"knotd": "knot", "pdns_server": "pdns"}.get(program, "nobody"), "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _free_port() -> int:
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        return int(tcp.getsockname()[1])
