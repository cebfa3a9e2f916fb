"""Flags and environment as one frozen value, checked all at once; reading them off a command line lives in cli/."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from mcidns.errors import ConfigError
from mcidns.lead.election import TERMS, Terms

Half = Literal["both", "decide", "program"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How one controller runs. Times in seconds.

    `only` chooses the half that runs. `namespace` is the controller's own: Secrets of providers and members are read there.
    `kubefed_namespace` is where KubeFed has its Domains.
    `http` is the address of metrics and health, port 0 picks a free one, None serves none. At most `probe_rate` probes begin a
    second and `probe_concurrency` are under way; `probe_ca_file` (PEM) is trusted besides the system's authorities.
    `page` is the address of the status page, None serves none; whoever shows the token in `page_token_file` may read it. Without
    one it is for this machine alone, unless `page_open` lets everybody read it.
    `lease` names the Lease in `namespace` by which several processes agree on who writes, on `terms`; empty: this process is the
    only one.
    """

    only: Half = "both"
    namespace: str = "mcidns-system"
    kubefed_namespace: str = "kube-federation-system"
    http: tuple[str, int] | None = ("0.0.0.0", 8080)  # noqa: S104  a pod's probes come from outside the pod
    relist: float = 600.0
    heartbeat: float = 10.0
    heartbeat_timeout: float = 5.0
    first_read: float = 10.0
    writes: int = 8
    dry_run: bool = False
    read_external_dns: bool = False
    resolvers: tuple[str, ...] = ()
    probe_rate: float = 500.0
    probe_concurrency: int = 2000
    probe_ca_file: Path | None = None
    stop_within: float = 8.0
    page: tuple[str, int] | None = None
    page_token_file: Path | None = None
    page_open: bool = False
    lease: str = ""
    terms: Terms = TERMS

    def __post_init__(self) -> None:
        """Refuse what cannot work, all mistakes in one ConfigError."""
        mistakes = [
            f"{field} is {value:g}; give a number of seconds above 0"
            for field, value in (
                ("relist", self.relist),
                ("heartbeat", self.heartbeat),
                ("heartbeat-timeout", self.heartbeat_timeout),
                ("first-read", self.first_read),
                ("stop-within", self.stop_within),
            )
            if value <= 0
        ]
        if not 0 < self.terms.retry * 2 <= self.terms.deadline < self.terms.duration:
            mistakes.append(
                f"lease-retry {self.terms.retry:g}, lease-renew-deadline {self.terms.deadline:g} and lease-duration"
                f" {self.terms.duration:g} do not fit; give a deadline of two retries at least, and a duration above the deadline"
            )
        if self.writes < 1:
            mistakes.append(f"writes is {self.writes}; give at least 1")
        if self.probe_rate < 1:
            mistakes.append(f"probe-rate is {self.probe_rate:g}; give at least 1 a second")
        if self.probe_concurrency < 2:
            mistakes.append(f"probe-concurrency is {self.probe_concurrency}; give at least 2")
        if self.http is not None and not 0 <= self.http[1] <= 65535:
            mistakes.append(f"http port is {self.http[1]}; give 0 to 65535")
        mistakes += self._page_mistakes()
        if mistakes:
            raise ConfigError("settings", "; ".join(mistakes), "see `mcidns run --help`")

    def _page_mistakes(self) -> list[str]:
        if self.page is None:
            return ["page-token-file is set, and no page; set page too"] if self.page_token_file is not None else []
        mistakes = []
        if not 0 <= self.page[1] <= 65535:
            mistakes.append(f"page port is {self.page[1]}; give 0 to 65535")
        if self.page[1] and self.http is not None and self.page[1] == self.http[1]:
            mistakes.append(f"page and http both have port {self.page[1]}; give the page another one")
        if self.page_token_file is None and not self.page_open and not is_loopback(self.page[0]):
            mistakes.append(
                f"page would show everything to whoever reaches {self.page[0]}; set page-token-file, serve it at 127.0.0.1, or"
                " say with page-open that everybody may read it"
            )
        return mistakes


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address; a name other than localhost counts as reached by others."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
