"""CRDs of a host against those of this version."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from mcidns.doctor import definitions, shipped

Object = dict[str, Any]
HOSTS = "globalhosts.mcidns.io"


def installed() -> list[Object]:
    """All of ours, as an API server holds them: established, with words it adds and texts it may lack."""
    found = [copy.deepcopy(one) for _, one in shipped.definitions()]
    for one in found:
        one["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        one["spec"]["preserveUnknownFields"] = False
        one["spec"]["conversion"] = {"strategy": "None"}
        for version in one["spec"]["versions"]:
            version["schema"]["openAPIV3Schema"].pop("description", None)
            version["schema"]["openAPIV3Schema"]["nullable"] = False
    return found


def judged(change: Callable[[dict[str, Object]], Any]) -> list[tuple[str, str]]:
    found = {one["metadata"]["name"]: one for one in installed()}
    change(found)
    return [(one.rule.name, one.what) for one in definitions.judge(shipped.definitions(), found.values())]


def spec(found: dict[str, Object], name: str = HOSTS) -> Object:
    version = found[name]["spec"]["versions"][0]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]  # type: ignore[no-any-return]


def test_what_an_api_server_adds_or_drops_makes_no_difference() -> None:
    assert judged(lambda _: None) == []


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        pytest.param(lambda f: f.pop(HOSTS), "CRDMissing", f"{HOSTS} is not installed", id="missing"),
        pytest.param(
            lambda f: f[HOSTS]["spec"]["versions"][0].update(name="v1", served=True),
            "CRDNotServed",
            "serves v1, and mcidns speaks v1alpha1",
            id="another version",
        ),
        pytest.param(
            lambda f: f[HOSTS]["spec"]["versions"][0].update(served=False), "CRDNotServed", "serves none", id="not served"
        ),
        pytest.param(lambda f: f[HOSTS].pop("status"), "CRDNotServed", "is not established", id="not established"),
        pytest.param(lambda f: spec(f).pop("ttl"), "CRDOutdated", "lacks or differs in spec.ttl", id="a field lacks"),
        pytest.param(
            lambda f: spec(f)["hostnames"].update(maxItems=1), "CRDOutdated", "spec.hostnames.maxItems", id="another constraint"
        ),
        pytest.param(
            lambda f: f[HOSTS]["spec"]["versions"][0].pop("subresources"), "CRDOutdated", "subresources", id="no status subresource"
        ),
        pytest.param(lambda f: spec(f).update(later={"type": "string"}), "CRDNewer", "has spec.later besides", id="a field more"),
        pytest.param(
            lambda f: [spec(f).pop(key) for key in ("ttl", "source", "hostnames", "routing")],
            "CRDOutdated",
            "spec.hostnames, spec.routing, spec.source and 1 more",
            id="many",
        ),
    ],
)
def test_a_difference_that_matters_is_told_by_its_path(change: Callable[[dict[str, Object]], Any], rule: str, words: str) -> None:
    [(found, what)] = judged(change)
    assert (found, words in what) == (rule, True), what


def test_crds_of_others_are_not_compared_and_those_of_kubefed_not_missed() -> None:
    def change(found: dict[str, Object]) -> None:
        spec(found, "dnsendpoints.externaldns.k8s.io").clear()
        found.pop("domains.multiclusterdns.kubefed.io")

    assert judged(change) == []
