"""Where the API serves each kind."""

import pytest

from mcidns.kube import kinds
from mcidns.kube.kinds import Kind


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "subresource", "path"),
    [
        pytest.param(kinds.SERVICE, None, None, None, "/api/v1/services", id="core, everywhere"),
        pytest.param(kinds.SERVICE, "shop", "web", "status", "/api/v1/namespaces/shop/services/web/status", id="core, a status"),
        pytest.param(
            kinds.GLOBAL_HOST, "shop", None, None, "/apis/mcidns.io/v1alpha1/namespaces/shop/globalhosts", id="a namespace"
        ),
        pytest.param(kinds.DNS_ZONE, None, "z", None, "/apis/mcidns.io/v1alpha1/dnszones/z", id="cluster-scoped"),
        pytest.param(kinds.DNS_ZONE, "shop", "z", None, "/apis/mcidns.io/v1alpha1/dnszones/z", id="a namespace too many"),
    ],
)
def test_paths(kind: Kind, namespace: str | None, name: str | None, subresource: str | None, path: str) -> None:
    assert kind.path(namespace, name, subresource) == path


def test_api_versions_and_names_for_people() -> None:
    assert (kinds.SERVICE.api_version, str(kinds.SERVICE)) == ("v1", "services")
    assert (kinds.INGRESS.api_version, str(kinds.INGRESS)) == ("networking.k8s.io/v1", "ingresses.networking.k8s.io")


def test_no_two_kinds_share_a_place() -> None:
    assert len({kind.path() for kind in kinds.ALL}) == len(kinds.ALL)
