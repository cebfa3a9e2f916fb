"""What an annotated object says beside its annotations: the hosts of its rules, KubeFed's placement; claims live in annotations."""

from mcidns.hub import selection
from mcidns.hub.fields import Fields
from mcidns.model.hosts import Selection
from mcidns.model.references import ClusterName


def rule_hosts(template: Fields) -> tuple[str, ...]:
    """The hosts of an Ingress's rules and TLS entries, each once."""
    rules = [rule.text("host") for rule in template.children("rules")]
    secured = [host for entry in template.children("tls") for host in entry.texts("hosts")]
    return tuple(dict.fromkeys(host for host in (*rules, *secured) if host))


def placement(fields: Fields) -> Selection:
    """KubeFed's rule: a list of clusters, even an empty one, beats the selector; neither means nowhere."""
    if fields.has("clusters"):
        names = {entry.text("name", need="required") for entry in fields.children("clusters")}
        return Selection(tuple(sorted(ClusterName(name) for name in names)))
    if fields.has("clusterSelector"):
        return Selection(None, selection.read(fields.child("clusterSelector")))
    return Selection(())
