"""GlobalHosts made of annotations, kept in step with them; what the annotations ask for is read in hub/."""

from collections.abc import Callable, Iterable, Mapping

from mcidns.hub import generated
from mcidns.hub.generated import GENERATED_FROM, GeneratedHost
from mcidns.kube import kinds
from mcidns.kube.client import FIELD_MANAGER, KubeClient, Object
from mcidns.model.references import ObjectRef
from mcidns.publish import steps
from mcidns.publish.keeper import Keeper
from mcidns.publish.steps import Apply, Clash, Delete, OnClash, Shelf, Step
from mcidns.publish.writer import Writer

_OF_MEMBERS = "member-"


def keeper(client: KubeClient, shelf: Shelf, writer: Writer, on_clash: OnClash) -> Keeper[GeneratedHost]:
    """Keeps the generated GlobalHosts."""
    return Keeper(kinds.GLOBAL_HOST, plan, client=client, shelf=shelf, writer=writer, on_clash=on_clash)


def plan(ref: ObjectRef, wanted: GeneratedHost | None, seen: Object | None) -> Step | None:
    """What must be written so that the GlobalHost is as its annotations ask.

    One written by hand stays as it is, and so does one made of another object; but what members' own objects ask for
    yields to an annotated object of the host cluster, of which they usually are copies.
    """
    origin = made_of(seen)
    if wanted is None:
        uid = steps.text(seen, "metadata", "uid")
        return Delete(kinds.GLOBAL_HOST, ref.namespace, ref.name, uid) if origin and not is_leaving(seen) else None
    if seen is not None and not origin:
        return Clash(
            ref, f"{ref} was written by hand and stands; remove it, or the mcidns.io/hostname annotation of {wanted.made_of}"
        )
    if origin and origin != wanted.origin and not origin.startswith(_OF_MEMBERS):
        if wanted.origin.startswith(_OF_MEMBERS) and wanted.source_kind in origin:
            return None
        return Clash(ref, f"{ref} is made of the {origin} of that name; annotate only that or {wanted.made_of}, not both")
    body = generated.host_manifest(wanted)
    return None if seen is not None and _is_as(seen, body) else Apply(kinds.GLOBAL_HOST, ref.namespace, ref.name, body)


def surplus(
    wanted: Mapping[ObjectRef, GeneratedHost], seen: Iterable[Object], *, members_known: Callable[[str], bool]
) -> tuple[ObjectRef, ...]:
    """Generated GlobalHosts that nothing asks for any more. Ask only once every annotated kind of the host was listed.

    What members asked for goes only when that kind was read in all of them (`members_known`): a member that does not answer
    may ask for it still (law 1).
    """
    found = []
    for obj in seen:
        origin = made_of(obj)
        ref = ObjectRef("GlobalHost", steps.text(obj, "metadata", "namespace"), steps.text(obj, "metadata", "name"))
        if origin and ref not in wanted and (not origin.startswith(_OF_MEMBERS) or members_known(origin.removeprefix(_OF_MEMBERS))):
            found.append(ref)
    return tuple(sorted(found))


def made_of(obj: Object | None) -> str:
    """What an object was made of by us, empty for one of other origin."""
    return steps.text(obj, "metadata", "labels", GENERATED_FROM)


def is_leaving(obj: Object | None) -> bool:
    """Whether somebody has asked already for its deletion."""
    return bool(steps.text(obj, "metadata", "deletionTimestamp"))


def _is_as(seen: Object, body: Object) -> bool:
    """Our fields as wanted, and none of ours left over; fields of other people beside them do not count."""
    metadata, spec = body["metadata"], body["spec"]
    there = steps.section(seen, "spec")
    left_over = [key for key in ("hostnames", "ttl", "staticTargets") if there.get(key) and key not in spec]
    if "probe" in (there.get("health") or {}) and "health" not in spec:
        left_over.append("health")
    if "routing" not in spec and _is_ours(seen, "routing"):
        left_over.append("routing")
    owners = steps.section(seen, "metadata").get("ownerReferences")
    is_owned = all(owner in owners if isinstance(owners, list) else False for owner in metadata.get("ownerReferences", ()))
    labels = steps.holds(steps.section(seen, "metadata", "labels"), metadata["labels"])
    clusters = "clusters" not in spec or there.get("clusters") == spec["clusters"]
    weights = steps.section(spec, "routing", "weighted", "weights")
    same_weights = not weights or steps.section(there, "routing", "weighted", "weights") == weights
    return not left_over and is_owned and labels and clusters and same_weights and steps.holds(there, spec)


def _is_ours(seen: Object, field: str) -> bool:
    """Whether we set this field of the spec: a server gives it a default, and people may set it beside our own."""
    entries = steps.section(seen, "metadata").get("managedFields")
    return any(
        f"f:{field}" in steps.section(entry, "fieldsV1", "f:spec")
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping) and entry.get("manager") == FIELD_MANAGER
    )
