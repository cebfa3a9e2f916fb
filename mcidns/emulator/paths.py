"""The document behind each path that is no resource's; what stands in the documents is made in `discovery` and `openapi`."""

from mcidns.emulator import discovery, openapi
from mcidns.emulator.resources import Registry
from mcidns.emulator.statuses import Json


def document(registry: Registry, parts: list[str], address: str) -> Json | None:
    """The document at a path, given without its slashes; None if there is none."""
    found: Json | None = None
    match parts:
        case ["api"]:
            found = discovery.core(address)
        case ["apis"]:
            found = discovery.groups(registry)
        case ["apis", group]:
            found = discovery.group(registry, group)
        case ["api", version]:
            found = discovery.resource_list(registry, "", version)
        case ["apis", group, version]:
            found = discovery.resource_list(registry, group, version)
        case ["openapi", "v3"]:
            found = openapi.index(registry)
        case ["openapi", "v3", "api", version]:
            found = openapi.document(registry, "", version)
        case ["openapi", "v3", "apis", group, version]:
            found = openapi.document(registry, group, version)
        case _:
            found = None
    return found
