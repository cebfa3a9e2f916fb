"""What one member holds, and whom a change concerns."""

import json
from typing import Any

import pytest

from mcidns.model.clusters import Backend, SourceState
from mcidns.model.references import SourceRef
from mcidns.observe import feed
from mcidns.observe.feed import Feed
from mcidns.observe.frames import Put
from mcidns.observe.store import MemberStore
from tests.unit.observe.objects import Object, ingress, service, slice_of

INGRESS = SourceRef("Ingress", "shop", "shop")
SERVICE = SourceRef("Service", "shop", "web")


class Member:
    """A store that is written as a watch would, and what it told."""

    def __init__(self, *objects: Object) -> None:
        self.told: list[str] = []
        self.store = MemberStore(lambda ref: self.told.append(str(ref)), lambda: self.told.append("claims"))
        self._feeds: dict[str, Feed[Any, Any]] = {one.kind.kind: one for one in feed.feeds(self.store)}
        for obj in objects:
            self.put(obj)
        self.told.clear()

    def put(self, obj: Object) -> list[str]:
        """Store an object; returns who was told."""
        return self._do(obj, removed=False)

    def drop(self, obj: Object) -> list[str]:
        """Take it away; returns who was told."""
        return self._do(obj, removed=True)

    def _do(self, obj: Object, *, removed: bool) -> list[str]:
        self.told.clear()
        one = self._feeds[obj["kind"]]
        frame = one.decoder.frame(json.dumps({"type": "MODIFIED", "object": obj}).encode())
        assert isinstance(frame, Put)
        (one.remove if removed else one.set)(frame.item)
        return sorted(self.told)

    def backends(self, ref: SourceRef = INGRESS) -> tuple[Backend, ...]:
        """The back ends of a source that is there."""
        state = self.store.state(ref)
        assert state is not None
        return state.backends


def test_a_source_that_is_not_there_is_none() -> None:
    assert Member().store.state(INGRESS) is None


def test_the_state_of_a_service_holds_its_own_endpoints() -> None:
    member = Member(service("web", "192.0.2.1"), slice_of("web-1", True, False))
    assert member.backends(SERVICE) == (Backend("web", 1, 2),)


def test_the_state_of_an_ingress_holds_the_endpoints_of_every_service_behind_it() -> None:
    obj = ingress("192.0.2.1", defaultBackend={"service": {"name": "api"}})
    member = Member(obj, slice_of("web-1", True), slice_of("api-1", False, service="api"), slice_of("x-1", True, service="x"))
    assert member.backends() == (Backend("api", 0, 1), Backend("web", 1, 1))


def test_an_external_name_service_exempts_the_back_end_and_tells_the_ingress() -> None:
    member = Member(ingress("192.0.2.1"))
    assert member.put(service("web", type_="ExternalName")) == ["Ingress shop/shop", "Service shop/web"]
    assert member.backends() == (Backend("web", 0, 0, applicable=False),)
    assert member.put(service("web", type_="ClusterIP")) == ["Ingress shop/shop", "Service shop/web"]
    assert member.backends() == (Backend("web", 0, 0),)


def test_a_member_without_slices_says_nothing_of_readiness() -> None:
    member = Member(ingress("192.0.2.1"))
    assert member.backends() == (Backend("web", 0, 0),)
    member.store.recount(counted=False)
    assert member.told == ["Ingress shop/shop"]
    assert member.backends() == (Backend("web", 0, 0, applicable=False),)


@pytest.mark.parametrize("asked", [pytest.param(True, id="asked before"), pytest.param(False, id="never asked")])
def test_a_slice_tells_only_the_sources_behind_which_it_stands(asked: bool) -> None:
    member = Member(ingress("192.0.2.1"), service("web"), service("other"))
    if asked:
        member.store.state(INGRESS)
        member.store.state(SERVICE)
    assert member.put(slice_of("other-1", True, service="other")) == ["Service shop/other"]
    assert member.put(slice_of("web-1", True)) == ["Ingress shop/shop", "Service shop/web"]


@pytest.mark.parametrize(
    "update",
    [
        pytest.param(slice_of("web-1", True, first=9), id="a pod replaced by another"),
        pytest.param(slice_of("web-1", True, "terminating"), id="a pod on its way out"),
        pytest.param(slice_of("web-2", True), id="a slice being rebalanced"),
        pytest.param(ingress("192.0.2.1", ingressClassName="other"), id="a field we do not use"),
        pytest.param(ingress("192.0.2.1"), id="the same again"),
    ],
)
def test_an_update_that_leaves_the_state_as_it_was_is_silent(update: Object) -> None:
    member = Member(ingress("192.0.2.1"), slice_of("web-1", True))
    before = member.store.state(INGRESS)
    assert member.put(update) == []
    assert member.store.state(INGRESS) == before


def test_a_changed_address_tells_its_source_alone() -> None:
    member = Member(ingress("192.0.2.1"), service("web"))
    assert member.put(ingress("192.0.2.2")) == ["Ingress shop/shop"]


def test_a_slice_that_goes_or_moves_takes_its_endpoints_with_it() -> None:
    member = Member(ingress("192.0.2.1"), slice_of("web-1", True), slice_of("web-2", True, first=2))
    assert member.drop(slice_of("web-2")) == ["Ingress shop/shop"]
    assert member.backends() == (Backend("web", 1, 1),)
    assert member.put(slice_of("web-1", True, service="other")) == ["Ingress shop/shop"]
    assert member.backends() == (Backend("web", 0, 0),)


def test_a_slice_that_loses_its_label_is_nobodys() -> None:
    member = Member(ingress("192.0.2.1"), slice_of("web-1", True))
    obj = slice_of("web-1", True)
    del obj["metadata"]["labels"]
    member.put(obj)
    assert (member.backends(), len(member.store.slices)) == ((Backend("web", 0, 0),), 0)


def test_an_ingress_that_changes_its_back_end_is_no_longer_told_of_the_old_one() -> None:
    member = Member(ingress("192.0.2.1"))
    member.put(ingress("192.0.2.1", backend="api"))
    assert member.put(slice_of("web-1", True)) == []
    assert member.put(slice_of("api-1", True, service="api")) == ["Ingress shop/shop"]


def test_a_deleted_source_is_absent_and_told_once() -> None:
    member = Member(ingress("192.0.2.1"))
    assert member.drop(ingress()) == ["Ingress shop/shop"]
    assert member.drop(ingress()) == []
    assert member.store.state(INGRESS) is None
    assert member.put(slice_of("web-1", True)) == []


def test_annotated_objects_are_claims_until_they_lose_the_annotation() -> None:
    member = Member()
    annotated = ingress("192.0.2.1", annotations={"mcidns.io/hostname": "auto"})
    assert member.put(annotated) == ["Ingress shop/shop", "claims"]
    assert [(one.ref, one.annotations, [name.relative for name in one.hostnames]) for one in member.store.annotated()] == [
        (INGRESS, (("mcidns.io/hostname", "auto"),), ["shop.example.org"])
    ]
    assert member.put(ingress("192.0.2.1")) == ["claims"]
    assert list(member.store.annotated()) == []


def test_an_address_is_no_news_to_claims_but_a_rule_is() -> None:
    annotations = {"mcidns.io/hostname": "auto"}
    member = Member(ingress("192.0.2.1", annotations=annotations))
    assert member.put(ingress("192.0.2.2", annotations=annotations)) == ["Ingress shop/shop"]
    assert member.put(ingress("192.0.2.2", host="pay.example.org", annotations=annotations)) == ["Ingress shop/shop", "claims"]


def test_a_store_that_is_not_live_tells_nobody_but_keeps_everything() -> None:
    member = Member()
    member.store.live = False
    assert member.put(ingress("192.0.2.1", annotations={"mcidns.io/hostname": "auto"})) == []
    assert member.put(slice_of("web-1", True)) == []
    assert isinstance(member.store.state(INGRESS), SourceState)
    assert member.backends() == (Backend("web", 1, 1),)
