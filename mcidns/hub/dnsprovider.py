"""A DNSProvider read into a ProviderSpec; what its `config` means is known to the provider alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcidns.hub import metadata
from mcidns.hub.fields import Fields
from mcidns.hub.metadata import Raw
from mcidns.hub.unreadable import Problem, Unreadable


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One DNSProvider. `secret_name` is a Secret of the controller's namespace, empty if none.

    `requests_per_second` None: no limit. `config` is the provider's own, as decoded JSON; it takes part in comparisons but not
    in the hash.
    """

    name: str
    type: str
    secret_name: str = ""
    config: Mapping[str, object] = field(default_factory=dict, hash=False)
    requests_per_second: int | None = None
    burst: int = 1
    generation: int = 0
    uid: str = ""


def parse(obj: Raw) -> ProviderSpec | Unreadable:
    """Read a DNSProvider."""
    problems: list[Problem] = []
    about = metadata.read(obj, "DNSProvider", problems)
    spec = Fields(obj, "", problems).child("spec")
    config = spec.child("config")
    limit = spec.child("rateLimit")
    rate = limit.number("requestsPerSecond", None, 1, 100_000)
    if spec.has("rateLimit") and rate is None and not problems:
        limit.refuse("requestsPerSecond", "is missing", "set it, or remove rateLimit")
    provider = ProviderSpec(
        name=about.ref.name,
        type=spec.text("type", need="required"),
        secret_name=spec.child("secretRef").text("name", need="required") if spec.has("secretRef") else "",
        config={key: config.raw(key) for key in config.keys()},  # noqa: SIM118  a method of ours
        requests_per_second=rate,
        burst=limit.number("burst", 1, 1, 100_000),
        generation=about.generation,
        uid=about.uid,
    )
    return metadata.unreadable(about, problems) if problems else provider
