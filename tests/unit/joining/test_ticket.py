"""The way from the host to the member, and the Secret that holds it."""

from dataclasses import replace
from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.hub.fleets import kubeconfigs
from mcidns.hub.generated import GeneratedMember
from mcidns.joining import steps, ticket
from mcidns.joining.ticket import Draft, Ticket, Way
from mcidns.kube.access import Access, Identity
from mcidns.model.secrets import Secret
from tests import planes

CA, OTHER = (planes.certificate().cert.decode() for _ in range(2))
PERSON = Access("https://api.example.org:6443", Identity(token=Secret("person")), CA, tls_server_name="kubernetes")
DRAFT = Draft("catania", "mcidns-system", "c1", "garr-ct1", (("tier", "edge"),))


def secret(access: Access, there: Ticket | None = None, draft: Draft = DRAFT) -> dict[str, Any]:
    """The Secret as the host would keep it."""
    wanted = ticket.wanted(draft, access, "mcidns-system/t1", there or Ticket())
    return {"apiVersion": "v1", "kind": "Secret", **wanted.body}


def test_the_way_is_the_persons_without_who_they_are() -> None:
    assert ticket.way(Way(), PERSON, None) == replace(PERSON, identity=Identity())


def test_another_address_has_the_same_authority_and_its_own_name() -> None:
    found = ticket.way(Way("https://10.1.0.5:6443"), PERSON, None)
    assert (found.server, found.ca, found.tls_server_name) == ("https://10.1.0.5:6443", CA, "")


def test_what_was_said_before_stays_unless_it_is_said_anew() -> None:
    known = ticket.way(Way("https://10.1.0.5:6443", OTHER, "http://proxy:3128"), PERSON, None)
    assert (known.ca, known.proxy_url) == (OTHER, Secret("http://proxy:3128"))
    assert ticket.way(Way(), PERSON, known) == known
    assert ticket.way(Way(proxy_url="http://other:3128"), PERSON, known).proxy_url == Secret("http://other:3128")


def test_a_new_authority_of_the_same_address_is_taken_over() -> None:
    known = ticket.way(Way(), PERSON, None)
    assert ticket.way(Way(), replace(PERSON, ca=OTHER), known).ca == OTHER


def test_verification_that_was_given_up_comes_back_with_an_authority() -> None:
    known = ticket.way(Way(insecure=True), replace(PERSON, ca="", insecure=True), None)
    assert (known.insecure, known.ca) == (True, "")
    assert ticket.way(Way(), PERSON, known).insecure
    found = ticket.way(Way(ca=CA), PERSON, known)
    assert (found.insecure, found.ca) == (False, CA)


@pytest.mark.parametrize(
    ("asked", "person", "field"),
    [
        (Way("http://192.0.2.1"), PERSON, "--server"),
        (Way(), replace(PERSON, ca="", insecure=True), "--member-context"),
    ],
    ids=["in the clear", "not verified"],
)
def test_a_way_on_which_the_token_could_be_taken_is_refused(asked: Way, person: Access, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ticket.way(asked, person, None)
    assert refused.value.field == field
    assert ticket.way(replace(asked, insecure=True), person, None).insecure


@pytest.mark.parametrize(
    ("server", "local"),
    [
        ("https://127.0.0.1:6443", True),
        ("https://[::1]:6443", True),
        ("https://0.0.0.0:6443", True),
        ("https://localhost:6443", True),
        ("https://kind.localhost", True),
        ("https://10.0.0.1:6443", False),
        ("https://localhost.example.org", False),
    ],
)
def test_an_address_that_means_every_machine_is_told(server: str, local: bool) -> None:
    assert ticket.is_local(server) is local


@pytest.mark.parametrize(
    "access",
    [
        PERSON,
        replace(PERSON, ca="", insecure=True),
        replace(PERSON, proxy_url=Secret("http://user:password@proxy:3128"), tls_server_name=""),
    ],
    ids=["verified", "not verified", "by proxy"],
)
def test_the_secret_is_read_back_as_it_was_written_by_us_and_by_the_controller(access: Access) -> None:
    obj = secret(access)
    assert ticket.read(obj) == Ticket(access, "mcidns-system/t1", "c1")
    member = kubeconfigs.of_secret(obj)
    assert isinstance(member, GeneratedMember)
    assert (member.name, member.region, member.labels) == ("catania", "garr-ct1", (("tier", "edge"),))


def test_a_kubeconfig_that_means_the_same_stays_as_it_is_written() -> None:
    assert "data" not in ticket.wanted(DRAFT, PERSON, "mcidns-system/t1", Ticket(PERSON)).body
    other = ticket.with_token(PERSON, Secret("another"))
    assert "data" in ticket.wanted(DRAFT, other, "mcidns-system/t1", Ticket(PERSON)).body


def test_a_region_that_is_not_said_stays() -> None:
    assert "mcidns.io/region" not in secret(PERSON, draft=replace(DRAFT, region=""))["metadata"]["annotations"]


def test_a_label_cannot_name_another_member() -> None:
    draft = replace(DRAFT, labels=(("mcidns.io/cluster", "other"), ("app.kubernetes.io/managed-by", "somebody")))
    assert secret(PERSON, draft=draft)["metadata"]["labels"] == {
        "mcidns.io/cluster": "catania",
        "app.kubernetes.io/managed-by": "mcidns",
    }


@pytest.mark.parametrize("data", [{}, {"kubeconfig": ""}, {"kubeconfig": "bm90IGEga3ViZWNvbmZpZw=="}])
def test_a_kubeconfig_that_cannot_be_read_counts_as_missing(data: dict[str, str]) -> None:
    assert ticket.read({"metadata": {"name": "catania"}, "data": data}).access is None


def test_no_token_shows() -> None:
    way = ticket.with_token(PERSON, Secret("c2VjcmV0"))
    wanted = ticket.wanted(DRAFT, way, "mcidns-system/t1", Ticket())
    assert "c2VjcmV0" not in repr(ticket.read(secret(way))) + repr(way)
    assert wanted.body["data"]["kubeconfig"] not in repr(wanted) + repr(steps.plan("host", wanted, None))
