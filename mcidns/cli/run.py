"""`mcidns run`."""

import asyncio
import contextlib
import logging
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

import click

from mcidns import runtime, telemetry
from mcidns.app import App
from mcidns.errors import ConfigError
from mcidns.hub import local
from mcidns.hub.local import Local
from mcidns.kube import access, kinds
from mcidns.kube.access import Access
from mcidns.lead.election import TERMS, Terms
from mcidns.settings import Settings

_LOG = logging.getLogger(__name__)

EXAMPLES = """Examples:

\b
  mcidns run                                   # in a pod, as its service account
  mcidns run --kubeconfig ~/.kube/config       # on your machine, with the current context
  mcidns run --only decide                     # write DNSEndpoints, leave DNS to ExternalDNS
  mcidns run --lease off                       # the only one: ask for no Lease, fence no zone
  mcidns run --kubeconfig ~/.kube/config --members-from-kubeconfig ~/.kube/config:kind-eu,kind-us
  mcidns run --page                            # and the status page at http://127.0.0.1:8081
  mcidns run --dry-run --log-format text       # decide and plan, write nothing to DNS

Every option is also an environment variable: MCIDNS_RUN_KUBECONFIG, MCIDNS_RUN_ONLY, …
"""


@click.command(epilog=EXAMPLES)
@click.option("--kubeconfig", default="", help="The host cluster; without it the pod's service account.")
@click.option("--context", default="", help="Context of the kubeconfig; default its current one.")
@click.option(
    "--only", type=click.Choice(["both", "decide", "program"]), default="both", show_default=True, help="The half to run."
)
@click.option("--namespace", default="mcidns-system", show_default=True, help="The controller's own: its Secrets are read here.")
@click.option("--clusterprofile-provider-file", default="", help="Programs that give credentials for ClusterProfiles (KEP-5339).")
@click.option(
    "--members-from-kubeconfig",
    default="",
    metavar="FILE[:CONTEXT,…]",
    help="Let contexts of a kubeconfig on this machine be members, all or those named.",
)
@click.option("--kubefed-namespace", default="kube-federation-system", show_default=True, help="KubeFed's own namespace.")
@click.option("--http", default="0.0.0.0:8080", show_default=True, help="Metrics and health: address:port, or 'off'.")
@click.option(
    "--page",
    is_flag=False,
    flag_value="127.0.0.1:8081",
    default="off",
    metavar="[ADDRESS:PORT]",
    help="Serve the read-only status page, at 127.0.0.1:8081 if no address is given.",
)
@click.option(
    "--page-token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The token that readers of the page show, as bearer token or password; read again when it changes.",
)
@click.option("--page-open", is_flag=True, help="Let everybody who reaches the page read it.")
@click.option(
    "--lease",
    metavar="NAME|off",
    default="",
    help="Lease in --namespace by which several processes agree on who writes; 'off' for the only one. Default mcidns, for a half "
    "or a dry run with -decide, -program or -dry-run behind it.",
)
@click.option(
    "--lease-duration",
    type=float,
    default=TERMS.duration,
    show_default=True,
    help="Seconds after which a Lease not renewed is free.",
)
@click.option(
    "--lease-renew-deadline",
    type=float,
    default=TERMS.deadline,
    show_default=True,
    help="Seconds after which a leader that cannot renew stops writing (fenced zones excepted).",
)
@click.option(
    "--lease-retry", type=float, default=TERMS.retry, show_default=True, help="Seconds between tries to take or renew it."
)
@click.option("--heartbeat", type=float, default=10.0, show_default=True, help="Seconds between looks at each member's API.")
@click.option("--heartbeat-timeout", type=float, default=5.0, show_default=True, help="Seconds a member has for the answer.")
@click.option("--resolver", multiple=True, help="Name server (host or host:port) for load balancers' names; default the system's.")
@click.option("--probe-rate", type=float, default=500.0, show_default=True, help="Probes that begin in a second, at most.")
@click.option(
    "--probe-concurrency",
    type=int,
    default=2000,
    show_default=True,
    help="Probes under way at once, at most; never more than half of the files the process may open.",
)
@click.option(
    "--probe-ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CA certificates (PEM) that HTTPS probes trust besides the system's.",
)
@click.option("--read-external-dns-annotations", is_flag=True, help="Read ExternalDNS's annotations as aliases of ours.")
@click.option("--dry-run", is_flag=True, help="Write nothing to DNS.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True)
@click.option("--log-format", type=click.Choice(["json", "text"]), default="json", show_default=True)
def run(**options: object) -> int:
    """Run the controller against a host cluster until SIGTERM or SIGINT."""
    telemetry.start_logging(str(options["log_level"]), str(options["log_format"]))
    settings = Settings(
        only=cast('Literal["both", "decide", "program"]', options["only"]),
        namespace=str(options["namespace"]),
        kubefed_namespace=str(options["kubefed_namespace"]),
        http=_address("--http", str(options["http"])),
        heartbeat=cast("float", options["heartbeat"]),
        heartbeat_timeout=cast("float", options["heartbeat_timeout"]),
        resolvers=cast("tuple[str, ...]", options["resolver"]),
        probe_rate=cast("float", options["probe_rate"]),
        probe_concurrency=cast("int", options["probe_concurrency"]),
        probe_ca_file=cast("Path | None", options["probe_ca_file"]),
        read_external_dns=bool(options["read_external_dns_annotations"]),
        dry_run=bool(options["dry_run"]),
        page=_address("--page", str(options["page"])),
        page_token_file=cast("Path | None", options["page_token_file"]),
        page_open=bool(options["page_open"]),
        lease=_lease(options),
        terms=Terms(
            duration=cast("float", options["lease_duration"]),
            deadline=cast("float", options["lease_renew_deadline"]),
            retry=cast("float", options["lease_retry"]),
        ),
    )
    access_ = _access(str(options["kubeconfig"]), str(options["context"]))
    local_ = _local(str(options["clusterprofile_provider_file"]), str(options["members_from_kubeconfig"]))
    return asyncio.run(_serve(settings, access_, local_))


def _lease(options: Mapping[str, object]) -> str:
    """The Lease's name. Halves must not wait for one another, and nothing for a dry run."""
    name = str(options["lease"])
    if name == "off":
        return ""
    if name and not re.fullmatch(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?", name):
        raise ConfigError("--lease", f"{name!r} is no name of a Lease", "write lower-case letters, digits, '-' and '.', or off")
    half = () if options["only"] == "both" else (str(options["only"]),)
    return name or "-".join((kinds.LEASE_NAME, *half, *(("dry-run",) if options["dry_run"] else ())))


def _local(providers: str, contexts: str) -> Local:
    found = local.read_contexts(contexts) if contexts else {}
    return Local(local.read_providers(Path(providers).expanduser()) if providers else (), found)


def _access(kubeconfig: str, context: str) -> Access:
    if kubeconfig:
        return access.from_default_kubeconfig(kubeconfig, context or None)
    return access.in_cluster()


def _address(option: str, text: str) -> tuple[str, int] | None:
    if text == "off":
        return None
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise ConfigError(option, f"{text!r} is no address:port", "write for example 127.0.0.1:8081, or off")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  a pod's probes come from outside the pod


async def _serve(settings: Settings, access_: Access, local_: Local) -> int:
    """Run a controller until SIGTERM or SIGINT; 0 after a clean stop."""
    runtime.tune()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = App(settings, access_, local=local_)
    task = asyncio.create_task(app.run(), name="mcidns")
    stopping = asyncio.create_task(stop.wait())
    collecting = asyncio.create_task(runtime.collect(app.is_urgent))
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    collecting.cancel()
    if not stop.is_set():
        await task
        return 1
    _LOG.info("stopping")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return 0
