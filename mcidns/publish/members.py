"""MemberClusters made of fleet objects, kept in step with them; what the fleets ask for is read in hub/."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

from mcidns.hub import generated
from mcidns.hub.generated import GeneratedMember
from mcidns.kube import kinds
from mcidns.kube.client import FIELD_MANAGER, KubeClient, Object
from mcidns.model.references import ObjectRef
from mcidns.publish import hosts, steps
from mcidns.publish.keeper import Keeper
from mcidns.publish.steps import Apply, Clash, Delete, OnClash, Shelf, Step
from mcidns.publish.writer import Writer

OVERLAY: Final = ("region", "zones")
"""Fields of the spec that a person may set over what the fleet says."""


def keeper(client: KubeClient, shelf: Shelf, writer: Writer, on_clash: OnClash) -> Keeper[GeneratedMember]:
    """Keeps the generated MemberClusters. The shelf must keep their managedFields, by which a person's own are told."""
    return Keeper(kinds.MEMBER_CLUSTER, plan, client=client, shelf=shelf, writer=writer, on_clash=on_clash)


def plan(ref: ObjectRef, wanted: GeneratedMember | None, seen: Object | None) -> Step | None:
    """What must be written so that the MemberCluster is as its fleet asks; one written by hand stays as it is.

    One that was made of another fleet object is taken over: that one no longer asks for it, or it would have been preferred.
    """
    origin = hosts.made_of(seen)
    if wanted is None:
        uid = steps.text(seen, "metadata", "uid")
        return Delete(kinds.MEMBER_CLUSTER, "", ref.name, uid) if origin and not hosts.is_leaving(seen) else None
    if seen is not None and not origin:
        return Clash(ref, f"{ref} was written by hand and stands; remove it, or give {wanted.made_of} another cluster name")
    body = generated.member_manifest(wanted)
    if wanted.made_of.kind == kinds.KUBEFED_CLUSTER.kind:
        _keep_place(body, seen)
    for path in _overlaid(body, seen):
        _drop(body, path)
    if seen is not None:
        if _is_as(seen, body):
            return None
        # A person may set a field at this very moment: what is theirs is judged by one version, and only that one is written to.
        body["metadata"]["resourceVersion"] = steps.text(seen, "metadata", "resourceVersion")
    return Apply(kinds.MEMBER_CLUSTER, "", ref.name, body)


def _keep_place(body: Object, seen: Object | None) -> None:
    """KubeFed forgets region and zones of a cluster that does not answer, which has not moved because of that."""
    known = steps.section(seen, "spec")
    for key in ("region", "zones"):
        if key in known:
            body["spec"].setdefault(key, known[key])


def surplus(
    wanted: Mapping[ObjectRef, GeneratedMember], seen: Iterable[Object], *, unread: Container[ObjectRef]
) -> tuple[ObjectRef, ...]:
    """Generated MemberClusters that no fleet asks for any more. Ask only once every fleet was listed.

    `unread` are fleet objects that are there and cannot be read; they may ask for theirs.
    """
    made = (obj for obj in seen if hosts.made_of(obj) and _source(obj) not in unread)
    refs = (ObjectRef("MemberCluster", "", steps.text(obj, "metadata", "name")) for obj in made)
    return tuple(sorted(ref for ref in refs if ref not in wanted))


def _source(obj: Object) -> ObjectRef:
    return ObjectRef(*(steps.text(obj, "spec", "source", key) for key in ("kind", "namespace", "name")))


Path = tuple[str, ...]


def _overlaid(body: Object, seen: Object | None) -> list[Path]:
    """Fields of the manifest that somebody else has set on the object and that therefore are theirs."""
    candidates: list[Path] = [("spec", key) for key in OVERLAY if key in body["spec"]]
    candidates += [("metadata", "labels", key) for key in body["metadata"]["labels"] if not key.startswith("mcidns.io/")]
    return [path for path in candidates if _others_set(seen, path)]


def _others_set(seen: Object | None, path: Path) -> bool:
    entries = steps.section(seen, "metadata").get("managedFields")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and (entry.get("manager") != FIELD_MANAGER or entry.get("subresource")):
            found: Any = entry.get("fieldsV1")
            for key in path:
                found = found.get(f"f:{key}") if isinstance(found, Mapping) else None
            if found is not None:
                return True
    return False


def _drop(body: Object, path: Path) -> None:
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]


def _is_as(seen: Object, body: Object) -> bool:
    there = steps.section(seen, "spec")
    access = dict(steps.section(there, "access"))
    if access.get("insecureSkipTLSVerify") is False:
        del access["insecureSkipTLSVerify"]  # the schema's default
    same_access = access == body["spec"]["access"]
    return same_access and steps.holds(there, body["spec"]) and steps.holds(steps.section(seen, "metadata"), body["metadata"])
