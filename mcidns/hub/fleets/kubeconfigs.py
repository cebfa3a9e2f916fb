"""Kubeconfigs as fleets of their own: in labelled Secrets of the host, and the contexts of a file on this machine."""

import re
from collections.abc import Iterable
from typing import Final

from mcidns.errors import ConfigError
from mcidns.hub import membercluster, metadata, reach
from mcidns.hub.fields import Fields, short
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.metadata import Raw
from mcidns.hub.reach import AccessSpec, ByContext, ByKubeconfig, SecretKey
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.references import ObjectRef
from mcidns.model.secrets import Secret

CLUSTER: Final = "mcidns.io/cluster"
"""Label of a Secret that holds a member's kubeconfig; its value is the member's name."""

KUBECONFIG: Final = "kubeconfig"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\Z")
_UNNAMEABLE: Final = re.compile(r"[^a-z0-9.]+")


def of_secret(obj: Raw) -> GeneratedMember | Unreadable | None:
    """The member of a Secret labelled `mcidns.io/cluster`; None without the label. Nothing of its data reaches a message."""
    problems: list[Problem] = []
    about = metadata.read(obj, "Secret", problems)
    labels = dict(about.labels)
    if CLUSTER not in labels:
        return metadata.unreadable(about, problems) if problems else None
    name = labels[CLUSTER]
    if not _NAME.match(name):
        problems.append(
            Problem(f"metadata.labels[{CLUSTER}]", f"{short(name)!r} is no name", "write the member's name, in lower case")
        )
    _check_kubeconfig(obj, problems)
    if problems:
        return metadata.unreadable(about, problems)
    return GeneratedMember(
        name=name,
        access=AccessSpec(ByKubeconfig(SecretKey(about.ref.name, KUBECONFIG, about.ref.namespace))),
        made_of=about.ref,
        region=metadata.region(about),
        labels=metadata.passed_on(about),
    )


def _check_kubeconfig(obj: Raw, problems: list[Problem]) -> None:
    text = Fields(obj, "", []).child("data").raw(KUBECONFIG)
    if not isinstance(text, str) or not text:
        problems.append(Problem(f"data.{KUBECONFIG}", "is missing", "put a whole kubeconfig file there"))
        return
    content = membercluster.decode_base64(text)
    if content is None:
        problems.append(Problem(f"data.{KUBECONFIG}", "is no base64", "create the Secret with kubectl create secret --from-file"))
        return
    try:
        reach.read_kubeconfig(Secret(content.decode("utf-8")))
    except UnicodeDecodeError:
        problems.append(Problem(f"data.{KUBECONFIG}", "is not UTF-8 text", "put a whole kubeconfig file there"))
    except ConfigError as error:
        problems.append(
            Problem(f"data.{KUBECONFIG} {error.field}".replace("kubeconfig kubeconfig", "kubeconfig"), error.problem, error.remedy)
        )


def of_contexts(contexts: Iterable[str]) -> tuple[GeneratedMember, ...]:
    """The members of a kubeconfig's contexts, each named after its own. Raises ConfigError where two would have one name."""
    found: dict[str, GeneratedMember] = {}
    for context in contexts:
        name = _UNNAMEABLE.sub("-", context.lower()).strip("-.")[:253].strip("-.")
        other = found.get(name)
        if not name or other is not None:
            problem = f"{context[:100]!r} gives " + (f"the name of {other.made_of.name[:100]!r}, {name!r}" if other else "no name")
            raise ConfigError("--members-from-kubeconfig", problem, "name the contexts that are meant, after FILE: and with commas")
        found[name] = GeneratedMember(name, AccessSpec(ByContext(context)), ObjectRef("Kubeconfig", "", context))
    return tuple(found.values())
