"""A real Designate with a real BIND behind it, on free ports of 127.0.0.1; what is asked of it never lives here.

tests/openstack.sh installs it. It runs as one process on SQLite, with the code paths of production between API and name server.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.bind import Bind
from tests.openstack import process

HOME = Path(__file__).resolve().parents[2] / ".venv-designate"
KEYSTONE_USER, KEYSTONE_PASSWORD = "designate", "designate-pw"

_CONFIG = """\
[DEFAULT]
log_file = {folder}/designate.log
state_path = {folder}
transport_url = fake://
network_api = fake
quota_zones = 1000
quota_zone_recordsets = 2000
quota_zone_records = 4000
quota_recordset_records = 20
[oslo_messaging_notifications]
driver = noop
[service:api]
auth_strategy = noauth
api_base_uri = http://127.0.0.1:{api}/
[keystone_authtoken]
auth_type = password
www_authenticate_uri = http://127.0.0.1:{keystone}/v3
auth_url = http://127.0.0.1:{keystone}/v3
username = {user}
password = {password}
project_name = service
user_domain_id = default
project_domain_id = default
[storage:sqlalchemy]
connection = sqlite:///{folder}/designate.sqlite
[database]
sqlite_synchronous = false
[service:mdns]
listen = 127.0.0.1:{mdns}
[service:worker]
# Less than a second would poll before BIND's transfer and find the old serial.
poll_delay = 1
poll_retry_interval = 1
poll_max_retries = 3
poll_timeout = 1
threads = 10
[producer_task:increment_serial]
interval = 1
[producer_task:delayed_notify]
interval = 1
[producer_task:worker_periodic_recovery]
interval = 5
[heartbeat_emitter]
emitter_type = noop
heartbeat_interval = 3600
"""
_POOL = """\
- name: default
  id: 794ccc2c-d751-44fe-b57f-8894c9f5c842
  description: loopback
  attributes: {{}}
  ns_records: [{{hostname: ns1.example.net., priority: 1}}]
  nameservers: [{{host: 127.0.0.1, port: {dns}}}]
  targets:
    - type: bind9
      masters: [{{host: 127.0.0.1, port: {mdns}}}]
      options:
        {{host: 127.0.0.1, port: {dns}, rndc_host: 127.0.0.1, rndc_port: {rndc}, rndc_config_file: {config}, clean_zonefile: true}}
"""
_BIND = (
    "allow-new-zones yes;",
    "allow-notify { 127.0.0.1; };",
    "serial-query-rate 1000;",
    "request-ixfr no;",
    "minimal-responses yes;",
)


@dataclass(frozen=True, slots=True)
class Designate:
    """`open` is the root of the API that asks for no login, `guarded` of the one that goes by the Keystone at `keystone_port`."""

    open: str
    guarded: str
    keystone_port: int
    bind: Bind
    log: Path


def missing() -> str:
    """Why there is no Designate on this machine; empty if there is one."""
    if not (HOME / "installed").exists():
        return "Designate is not installed: run tests/openstack.sh"
    return "" if Bind.available() else "named is not installed"


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Designate]:
    """One Designate and its BIND, both ended at the end."""
    async with Bind(options=_BIND) as bind:
        folder = bind.folder / "designate"
        folder.mkdir()
        api, guarded, mdns, keystone = (process.free_port() for _ in range(4))
        (folder / "designate.conf").write_text(
            _CONFIG.format(folder=folder, api=api, mdns=mdns, keystone=keystone, user=KEYSTONE_USER, password=KEYSTONE_PASSWORD)
        )
        (folder / "pools.yaml").write_text(
            _POOL.format(dns=bind.port, mdns=mdns, rndc=bind.rndc_port, config=bind.folder / "rndc.conf")
        )
        (folder / "api-paste.ini").write_text((HOME / "etc/designate/api-paste.ini").read_text())
        words = [str(folder), str(HOME / "template.sqlite"), str(api), str(guarded)]
        async with process.running(HOME, "designate_app.py", words, log=folder / "output"):
            yield Designate(f"http://127.0.0.1:{api}", f"http://127.0.0.1:{guarded}", keystone, bind, folder / "designate.log")
