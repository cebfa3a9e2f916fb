"""A whole Designate in one process, run by the Python of its own virtual environment; starting it lives in designate.py.

Arguments: the folder with designate.conf, api-paste.ini and pools.yaml; the database to begin with (made where it is missing);
the ports of the API without and with Keystone. Ends when its standard input does, so that no server outlives the test run.
"""

# ruff: noqa: E402  the threading of Designate's services must be chosen before anything else of it is imported

import contextlib
import functools
import io
import itertools
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)

import designate.cmd
import designate.conf
import pecan.util
from designate import policy, rpc
from designate.common import config as defaults
from designate.storage import sql
from oslo_log import log
from oslo_messaging._drivers import impl_fake

CONF = designate.conf.CONF


def configure(folder: Path) -> None:
    """Read the configuration as every daemon of Designate does."""
    log.register_options(CONF)
    CONF([], project="designate", default_config_files=[str(folder / "designate.conf")])
    defaults.set_defaults()
    log.setup(CONF, "designate")


def write_one_at_a_time() -> None:
    """SQLite fails at once where a reading transaction turns into a writing one after somebody else's commit."""
    lock, session = threading.RLock(), sql.get_write_session

    @contextlib.contextmanager
    def alone() -> Iterator[Any]:
        with lock, session() as opened:
            yield opened

    sql.get_write_session = alone


def wake_on_delivery() -> None:
    """The in-memory transport looks for messages every 50 ms, which would make each call to central take 25 ms more.

    Each thread remembers how many messages it has seen, so that one that comes between its look and its sleep is not slept over.
    """
    delivered, deliver = threading.Condition(), impl_fake.FakeExchange.deliver_message
    count, seen = itertools.count(1), threading.local()
    latest = 0

    def deliver_and_tell(self: Any, *arguments: Any, **named: Any) -> None:
        nonlocal latest
        deliver(self, *arguments, **named)
        with delivered:
            latest = next(count)
            delivered.notify_all()

    class Clock:
        time = staticmethod(time.time)

        @staticmethod
        def sleep(seconds: float) -> None:
            with delivered:
                if getattr(seen, "latest", 0) == latest:
                    delivered.wait(seconds)
                seen.latest = latest

    impl_fake.FakeExchange.deliver_message = deliver_and_tell
    impl_fake.time = Clock


def remember_signatures() -> None:
    """Pecan looks at its controllers' signatures anew for each request, and makes a class each time: an eighth of all work."""
    pecan.util._getargspec = functools.cache(pecan.util._getargspec)


def prepare_database(folder: Path, template: Path) -> sqlite3.Connection:
    """Copy the template: its migrations take seconds.

    Designate opens a connection per question; as long as this one is open, closing those does not write the log back each time.
    """
    from designate.manage.database import DatabaseCommands

    database = folder / "designate.sqlite"
    if template.exists():
        shutil.copy(template, database)
    else:
        DatabaseCommands().sync(stringio_buffer=io.StringIO())
        unfinished = template.with_suffix(f".{os.getpid()}")
        shutil.copy(database, unfinished)
        unfinished.replace(template)  # several test runs may do this at once
    connection = sqlite3.connect(database)
    connection.execute("pragma journal_mode=wal")
    connection.execute("select count(*) from zones").fetchone()
    return connection


def start_services(folder: Path) -> list[Any]:
    """Central first: registering the pool is already a call to it."""
    from designate.central import rpcapi
    from designate.central.service import Service as Central
    from designate.manage.pool import PoolCommands
    from designate.mdns.service import Service as Mdns
    from designate.producer.service import Service as Producer
    from designate.worker.service import Service as Worker

    central = Central()
    central.start()
    pools = PoolCommands()
    pools._setup = lambda *_, **__: setattr(pools, "central_api", rpcapi.CentralAPI())  # it would set up messaging once more
    with contextlib.redirect_stdout(sys.stderr):  # ours says `ready` and nothing else
        pools.update(str(folder / "pools.yaml"), delete=False)
    services = [central, *(service() for service in (Mdns, Worker, Producer))]
    for service in services[1:]:
        service.start()
    return services


def serve(folder: Path, ports: dict[str, int]) -> None:
    """The API once per way of logging in; the pipeline is chosen when the application is made."""
    from cheroot import wsgi
    from paste import deploy

    for strategy, port in ports.items():
        CONF.set_override("auth_strategy", strategy, "service:api")
        application = deploy.loadapp(f"config:{folder / 'api-paste.ini'}", name="osapi_dns")
        server = wsgi.Server(("127.0.0.1", port), application, numthreads=16)
        server.prepare()
        threading.Thread(target=server.serve, daemon=True).start()


def main() -> None:
    """Run until nobody listens any more."""
    folder, template = Path(sys.argv[1]), Path(sys.argv[2])
    configure(folder)
    policy.init()
    rpc.init(CONF)
    write_one_at_a_time()
    wake_on_delivery()
    remember_signatures()
    connection = prepare_database(folder, template)
    services = start_services(folder)
    serve(folder, {"noauth": int(sys.argv[3]), "keystone": int(sys.argv[4])})
    print("ready", flush=True)
    sys.stdin.read()
    del services, connection
    os._exit(0)


if __name__ == "__main__":
    main()
