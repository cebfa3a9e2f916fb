"""Which GlobalHost a person means; what is then done with it lives with the verbs."""

from collections.abc import Sequence

from mcidns.errors import ConfigError
from mcidns.hub import globalhost
from mcidns.kube.client import Object


def host(called: str, hosts: Sequence[Object]) -> Object:
    """The one called NAMESPACE/NAME, NAME, or by a hostname it serves. Raises ConfigError where that is none or several."""
    wanted = called.rstrip(".").lower()
    found = [obj for obj in hosts if wanted in ("/".join(ref(obj)), ref(obj)[1])]
    found = found or [obj for obj in hosts if wanted in {name.relative for name in globalhost.memory(obj).hostnames}]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError("HOST", f"{called!r} is the name of {len(found)} GlobalHosts", f"use one of {_listed(found)}")
    raise ConfigError(
        "HOST",
        f"there is no GlobalHost {called!r}, and none serves that name",
        f"use one of {_listed(hosts)}" if hosts else "make one",
    )


def ref(obj: Object) -> tuple[str, str]:
    """Namespace and name."""
    metadata = obj["metadata"]
    return str(metadata.get("namespace") or ""), str(metadata["name"])


def _listed(hosts: Sequence[Object], most: int = 10) -> str:
    refs = sorted("/".join(ref(obj)) for obj in hosts)
    return ", ".join(refs[:most]) + (f" and {len(refs) - most} more" if len(refs) > most else "")
