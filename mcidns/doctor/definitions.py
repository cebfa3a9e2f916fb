"""CRDs as a host has them against those that this version ships; reading either lives elsewhere."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from mcidns.doctor import catalogue
from mcidns.doctor.findings import Finding

Object = Mapping[str, Any]

_OURS: Final = "mcidns.io"
_OPTIONAL: Final = frozenset({"multiclusterdns.kubefed.io"})
"""Groups of others that only those who come from there have; ExternalDNS's own CRD is used where it exists."""
_TOLD: Final = 3


def judge(shipped: Iterable[tuple[str, Object]], installed: Iterable[Object]) -> Iterator[Finding]:
    """What is wrong with the CRDs of a host; `shipped` are ours with the names of their files."""
    there = {one["metadata"]["name"]: one for one in installed}
    for file, wanted in shipped:
        name, spec = wanted["metadata"]["name"], wanted["spec"]
        found = there.get(name)
        if found is None:
            if spec["group"] not in _OPTIONAL:
                yield catalogue.CRD_MISSING.found(f"{name} is not installed", file=file)
            continue
        version = spec["versions"][0]
        served = next((one for one in found["spec"].get("versions") or () if one.get("name") == version["name"]), None)
        if served is None or not served.get("served") or not _established(found):
            listed = ", ".join(one["name"] for one in found["spec"].get("versions") or () if one.get("served")) or "none"
            why = "is not established" if served is not None and served.get("served") else f"serves {listed}"
            yield catalogue.CRD_NOT_SERVED.found(f"{name} {why}, and mcidns speaks {version['name']}", file=file)
        elif spec["group"] == _OURS:
            yield from _compare(file, name, _schema(version), _schema(served))


def _established(found: Object) -> bool:
    rows = (found.get("status") or {}).get("conditions") or ()
    return any(row.get("type") == "Established" and row.get("status") == "True" for row in rows)


def _schema(version: Object) -> object:
    return {
        "schema": (version.get("schema") or {}).get("openAPIV3Schema") or {},
        "subresources": sorted(version.get("subresources") or {}),
    }


def _compare(file: str, name: str, ours: object, theirs: object) -> Iterator[Finding]:
    differing = list(_differences("", _plain(ours), _plain(theirs)))
    lacking = [path for path, here, _ in differing if here]
    beyond = [path for path, here, there in differing if there and not here]
    if lacking:
        yield catalogue.CRD_OUTDATED.found(f"the schema of {name} lacks or differs in {_listed(lacking)}", file=file)
    elif beyond:
        yield catalogue.CRD_NEWER.found(f"the schema of {name} has {_listed(beyond)} besides")


def _listed(paths: list[str]) -> str:
    return ", ".join(paths[:_TOLD]) + (f" and {len(paths) - _TOLD} more" if len(paths) > _TOLD else "")


def _plain(value: object) -> object:
    """Without what means nothing: texts for people, empty and false words, which API servers leave out or put in."""
    if isinstance(value, Mapping):
        pairs = {key: _plain(inner) for key, inner in value.items() if key != "description" or not isinstance(inner, str)}
        return {key: inner for key, inner in pairs.items() if not _is_nothing(inner)}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _is_nothing(value: object) -> bool:
    return value is None or value is False or value in ({}, [], "")


_STEPS: Final = frozenset({"schema", "properties", "items", "additionalProperties"})


def _differences(path: str, ours: object, theirs: object) -> Iterator[tuple[str, bool, bool]]:
    """Paths at which they differ, and whether we and they have something there."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key in sorted({*ours, *theirs}):
            inner = path if key in _STEPS else f"{path}.{key}".lstrip(".")
            if key in ours and key in theirs:
                yield from _differences(inner, ours[key], theirs[key])
            elif key in _STEPS:
                for leaf in sorted(_keys(ours.get(key) or theirs.get(key))):
                    yield f"{inner}.{leaf}".lstrip("."), key in ours, key in theirs
            else:
                yield inner, key in ours, key in theirs
    elif ours != theirs:
        yield path, True, True


def _keys(value: object) -> Iterable[str]:
    return value.keys() if isinstance(value, Mapping) else ("*",)
