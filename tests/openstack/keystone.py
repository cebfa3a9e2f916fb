"""A real Keystone on a port of 127.0.0.1, and the accounts that the tests log in with; tests/openstack.sh installs it."""

import contextlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.openstack import process
from tests.openstack.designate import KEYSTONE_PASSWORD, KEYSTONE_USER

HOME = Path(__file__).resolve().parents[2] / ".venv-keystone"
_TEMPLATE = HOME / "template"
_ADMIN = "admin-pw"
_PLACEHOLDER, _DNS_PLACEHOLDER = "http://keystone.invalid/v3", "http://designate.invalid/"

_CONFIG = """\
[DEFAULT]
public_endpoint = http://127.0.0.1:{port}
log_file = {folder}/keystone.log
[database]
connection = sqlite:///{folder}/keystone.sqlite
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credentials
[cache]
enabled = false
[identity]
password_hash_rounds = 4
[oslo_messaging_notifications]
driver = noop
"""


@dataclass(frozen=True, slots=True)
class Keystone:
    """Where it is, and a user `dns` with `password` who is a member of project `shop`; the application credential is theirs."""

    url: str
    project_id: str
    password: str
    credential_id: str
    credential_secret: str


def missing() -> str:
    """Why there is no Keystone on this machine; empty if there is one."""
    return "" if (HOME / "installed").exists() else "Keystone is not installed: run tests/openstack.sh"


async def prepare() -> None:
    """Make what every start copies, once; harmless where there is no Keystone or it is made."""
    if not missing() and not _TEMPLATE.exists():
        await _make(_TEMPLATE)


@contextlib.asynccontextmanager
async def running(port: int, designate: str) -> AsyncIterator[Keystone]:
    """One Keystone whose catalogue names `designate` as the dns service, ended at the end."""
    await prepare()
    with tempfile.TemporaryDirectory(prefix="keystone-") as name:
        folder = Path(name) / "keystone"
        shutil.copytree(_TEMPLATE, folder)
        with contextlib.closing(sqlite3.connect(folder / "keystone.sqlite")) as database, database:
            for placeholder, url in ((_PLACEHOLDER, _url(port)), (_DNS_PLACEHOLDER, f"{designate}/")):
                database.execute("update endpoint set url = ? where url = ?", (url, placeholder))
        async with _served(folder, port):
            yield Keystone(**json.loads((folder / "accounts.json").read_text()), url=_url(port))


@contextlib.asynccontextmanager
async def _served(folder: Path, port: int) -> AsyncIterator[None]:
    config = _configured(folder, port)
    env = {"OS_KEYSTONE_CONFIG_FILES": str(config)}
    async with process.running(HOME, "keystone_app.py", [str(port)], log=folder / "output", env=env):
        yield


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/v3"


def _configured(folder: Path, port: int) -> Path:
    config = folder / "keystone.conf"
    config.write_text(_CONFIG.format(folder=folder, port=port))
    return config


async def _make(template: Path) -> None:
    """Migrations and accounts take half a minute, so they are kept; several test runs may do this at once."""
    unfinished, port = Path(tempfile.mkdtemp(prefix="template-", dir=HOME)), process.free_port()
    config = _configured(unfinished, port)
    manage = (str(HOME / "bin/keystone-manage"), "--config-file", str(config))
    user = ("--keystone-user", str(os.geteuid()), "--keystone-group", str(os.getegid()))
    await process.run(*manage, "db_sync")
    await process.run(*manage, "fernet_setup", *user)
    await process.run(*manage, "credential_setup", *user)
    urls = [word for kind in ("public", "internal", "admin") for word in (f"--bootstrap-{kind}-url", _PLACEHOLDER)]
    await process.run(*manage, "bootstrap", "--bootstrap-password", _ADMIN, *urls, "--bootstrap-region-id", "RegionOne")
    async with _served(unfinished, port):
        accounts = await _furnish(_url(port))
    (unfinished / "accounts.json").write_text(json.dumps(accounts))
    try:
        unfinished.rename(template)
    except OSError:
        shutil.rmtree(unfinished)


async def _furnish(url: str) -> dict[str, str]:
    """The accounts of Designate and of the tests, and the catalogue's entry, as an administrator makes them."""
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        headers = {"X-Auth-Token": await _token(http, url, "admin", _ADMIN, "admin")}

        async def made(kind: str, fields: dict[str, Any], path: str = "") -> str:
            async with http.post(f"{url}/{path or kind + 's'}", json={kind: fields}, headers=headers) as answer:
                return str((await answer.json())[kind]["id"])

        async def role(name: str) -> str:
            async with http.get(f"{url}/roles", params={"name": name}, headers=headers) as answer:
                return str((await answer.json())["roles"][0]["id"])

        async def granted(project: str, user: str, name: str) -> None:
            async with http.put(f"{url}/projects/{project}/users/{user}/roles/{await role(name)}", headers=headers):
                pass

        service = await made("project", {"name": "service", "domain_id": "default"})
        shop = await made("project", {"name": "shop", "domain_id": "default"})
        theirs = await made("user", {"name": KEYSTONE_USER, "password": KEYSTONE_PASSWORD, "domain_id": "default"})
        ours = await made("user", {"name": "dns", "password": "hushhush-dns-pw", "domain_id": "default"})
        await granted(service, theirs, "admin")
        await granted(shop, ours, "member")
        dns = await made("service", {"name": "designate", "type": "dns"})
        for interface in ("public", "internal"):
            fields = {"service_id": dns, "interface": interface, "url": _DNS_PLACEHOLDER, "region_id": "RegionOne"}
            await made("endpoint", fields)
        headers = {"X-Auth-Token": await _token(http, url, "dns", "hushhush-dns-pw", "shop")}
        fields = {"name": "mcidns", "secret": "credential-secret"}
        credential = await made("application_credential", fields, f"users/{ours}/application_credentials")
        return {
            "project_id": shop,
            "password": "hushhush-dns-pw",
            "credential_id": credential,
            "credential_secret": "credential-secret",
        }


async def _token(http: aiohttp.ClientSession, url: str, user: str, password: str, project: str) -> str:
    domain = {"id": "default"}
    login = {"methods": ["password"], "password": {"user": {"name": user, "domain": domain, "password": password}}}
    scope = {"project": {"name": project, "domain": domain}}
    async with http.post(f"{url}/auth/tokens", json={"auth": {"identity": login, "scope": scope}}) as answer:
        return answer.headers["X-Subject-Token"]
