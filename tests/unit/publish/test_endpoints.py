"""The DNSEndpoint of a host: what it holds, and when it is written, deleted or left to somebody else."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from mcidns.decide import decide
from mcidns.kube import kinds
from mcidns.kube.client import Object
from mcidns.model.decisions import Condition, Decision, Memory, NameDecision
from mcidns.model.records import RecordSet, Untouched, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.routing import Weighted
from mcidns.publish import endpoints
from mcidns.publish.steps import Apply, Clash, Delete
from mcidns.testing import build
from mcidns.testing.build import NOW

REF = ObjectRef("DNSEndpoint", "shop", "web")
WWW = build.name("www.example.org")
API = build.name("api.example.org")


def records(name: Any = WWW, type_: str = "A", *values: str, ttl: int = 30) -> RecordSet:
    return RecordSet.of(name, type_, ttl, values or ("192.0.2.1",))


def wish(*sets: RecordSet, name: Any = WWW, **changes: Any) -> NameDecision:
    found = Wish(build.HOST.ref, name, sets, NOW, **changes)
    return NameDecision(name, "main", found, "A", (), 30)


def untouched(name: Any = WWW) -> NameDecision:
    return NameDecision(name, "main", Untouched(build.HOST.ref, name, "frozen"), "A", (), 30)


def decision(*names: NameDecision) -> Decision:
    return Decision(build.HOST, (), names, (Condition("Accepted", "True", "Accepted", ""),), Memory(), None)


def made(*names: NameDecision) -> Object:
    """The object that a server holds after the apply."""
    step = endpoints.plan(REF, decision(*names), None)
    assert isinstance(step, Apply)
    return {**step.body, "metadata": {**step.body["metadata"], "uid": "e1", "resourceVersion": "5"}}


def targets(obj: Object) -> dict[tuple[str, str], list[str]]:
    return {(row["dnsName"], row["recordType"]): row["targets"] for row in obj["spec"]["endpoints"]}


def test_all_names_of_a_host_stand_in_one_endpoint_that_goes_with_it() -> None:
    world = build.world(
        build.member("fra", build.seen("192.0.2.9", "192.0.2.10", "2001:db8::1")), build.member("ams", build.seen("192.0.2.1"))
    )
    step = endpoints.plan(REF, decide(world, build.host("www.example.org", "api.example.org", ttl=60), NOW), None)
    rows = [
        {"dnsName": name, "recordType": type_, "recordTTL": 60, "targets": values}
        for name in ("api.example.org", "www.example.org")
        for type_, values in (("A", ["192.0.2.1", "192.0.2.10", "192.0.2.9"]), ("AAAA", ["2001:db8::1"]))
    ]
    owner = {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "GlobalHost",
        "name": "web",
        "uid": "0b8c1d2e",
        "controller": True,
        "blockOwnerDeletion": False,
    }
    metadata = {
        "name": "web",
        "namespace": "shop",
        "labels": {"app.kubernetes.io/managed-by": "mcidns"},
        "ownerReferences": [owner],
    }
    assert step == Apply(kinds.DNS_ENDPOINT, "shop", "web", {"metadata": metadata, "spec": {"endpoints": rows}})


def test_a_cname_has_no_final_dot_and_a_service_record_keeps_it() -> None:
    obj = made(
        wish(records(WWW, "CNAME", "lb.example.net.")),
        wish(RecordSet.of(API, "SRV", 30, ("0 5 443 api.example.net.",)), name=API),
    )
    assert targets(obj) == {
        ("api.example.org", "SRV"): ["0 5 443 api.example.net."],
        ("www.example.org", "CNAME"): ["lb.example.net"],
    }


def test_properties_and_set_identifiers_are_passed_on() -> None:
    plain = RecordSet.of(WWW, "A", 30, ("192.0.2.1",), "eu")
    obj = made(wish(structs.replace(plain, properties=(("aws/weight", "1"),))))
    row = obj["spec"]["endpoints"][0]
    assert (row["setIdentifier"], row["providerSpecific"]) == ("eu", [{"name": "aws/weight", "value": "1"}])


def test_an_endpoint_that_is_as_decided_is_not_written() -> None:
    names = (wish(records()),)
    seen = made(*names)
    seen["metadata"]["labels"]["team"] = "shop"
    seen["status"] = {"observedGeneration": 1}
    assert endpoints.plan(REF, decision(*names), seen) is None


def edited(**changes: Any) -> Object:
    seen = made(wish(records()))
    seen["metadata"].update(changes.get("metadata", {}))
    seen["spec"]["endpoints"][0].update(changes.get("row", {}))
    return seen


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(edited(row={"targets": ["198.51.100.66"]}), id="another target"),
        pytest.param(edited(row={"recordTTL": 5}), id="another TTL"),
        pytest.param(edited(row={"providerSpecific": [{"name": "a", "value": "b"}]}), id="a property added"),
        pytest.param(edited(metadata={"labels": {}}), id="the label taken off"),
        pytest.param(edited(metadata={"ownerReferences": []}), id="the owner taken off"),
    ],
)
def test_what_somebody_edited_is_repaired(seen: Object) -> None:
    wanted = endpoints.plan(REF, decision(wish(records())), None)
    assert isinstance(wanted, Apply)
    assert endpoints.plan(REF, decision(wish(records())), seen) == wanted


def test_an_endpoint_of_somebody_else_is_not_touched_and_that_is_told() -> None:
    foreign = {"metadata": {"namespace": "shop", "name": "web", "uid": "f"}, "spec": {"endpoints": []}}
    step = endpoints.plan(REF, decision(wish(records())), foreign)
    assert isinstance(step, Clash)
    assert step.message.startswith("DNSEndpoint shop/web exists and was not made by mcidns")
    assert endpoints.plan(REF, decision(), foreign) is None
    assert endpoints.plan(REF, None, foreign) is None


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(None, id="the host is gone"),
        pytest.param(decision(), id="the host has no names"),
        pytest.param(decision(wish()), id="the names shall hold nothing"),
    ],
)
def test_an_endpoint_without_names_is_deleted_by_its_uid(wanted: Decision | None) -> None:
    assert endpoints.plan(REF, wanted, made(wish(records()))) == Delete(kinds.DNS_ENDPOINT, "shop", "web", "e1")
    assert endpoints.plan(REF, wanted, None) is None


def test_a_name_that_must_be_left_alone_keeps_the_rows_it_has() -> None:
    seen = made(wish(records(WWW, "A", "192.0.2.1", "192.0.2.2")), wish(records(API), name=API))
    step = endpoints.plan(REF, decision(untouched(WWW), wish(records(API, "A", "192.0.2.7"), name=API)), seen)
    assert isinstance(step, Apply)
    assert targets(step.body) == {
        ("api.example.org", "A"): ["192.0.2.7"],
        ("www.example.org", "A"): ["192.0.2.1", "192.0.2.2"],
    }


def test_when_everything_must_be_left_alone_nothing_is_written() -> None:
    seen = made(wish(records()))
    assert endpoints.plan(REF, decision(untouched()), seen) is None
    assert endpoints.plan(REF, decision(untouched()), None) is None
    empty = {**seen, "spec": {"endpoints": []}}
    assert endpoints.plan(REF, decision(untouched()), empty) is None


def test_while_a_member_cannot_be_asked_only_what_is_known_to_be_withdrawn_leaves() -> None:
    seen = made(wish(records(WWW, "A", "192.0.2.1", "192.0.2.2", "192.0.2.3")))
    partly = wish(records(WWW, "A", "192.0.2.1"), complete=False, withdrawn=frozenset({"192.0.2.3"}))
    step = endpoints.plan(REF, decision(partly), seen)
    assert isinstance(step, Apply)
    assert targets(step.body) == {("www.example.org", "A"): ["192.0.2.1", "192.0.2.2"]}


def test_an_incomplete_wish_for_nothing_leaves_what_stands() -> None:
    seen = made(wish(records()))
    assert endpoints.plan(REF, decision(wish(complete=False)), seen) is None


def test_an_alias_never_stands_beside_addresses_that_must_stay() -> None:
    seen = made(wish(records(WWW, "A", "192.0.2.1")))
    partly = wish(records(WWW, "CNAME", "lb.example.net."), complete=False)
    assert endpoints.plan(REF, decision(partly), seen) is None


def apart(set_identifier: str, value: str, *pairs: tuple[str, str]) -> RecordSet:
    return structs.replace(RecordSet.of(WWW, "A", 30, (value,), set_identifier), properties=pairs)


def test_the_sets_of_a_policy_are_rows_of_one_name() -> None:
    world = build.world(build.member("fra", build.seen("192.0.2.1")), build.member("ams", build.seen("192.0.2.2")))
    step = endpoints.plan(REF, decide(world, build.host(routing=Weighted((("fra", 3),))), NOW), None)
    assert isinstance(step, Apply)
    assert step.body["spec"]["endpoints"] == [
        {
            "dnsName": "www.example.org",
            "recordType": "A",
            "recordTTL": 30,
            "targets": [value],
            "setIdentifier": cluster,
            "providerSpecific": [{"name": "aws/weight", "value": weight}],
        }
        for cluster, value, weight in (("ams", "192.0.2.2", "1"), ("fra", "192.0.2.1", "3"))
    ]


def test_a_set_of_a_member_that_cannot_be_asked_stays() -> None:
    seen = made(wish(apart("fra", "192.0.2.1", ("aws/weight", "1")), apart("ams", "192.0.2.2", ("aws/weight", "1"))))
    partly = wish(apart("fra", "192.0.2.1", ("aws/weight", "1")), complete=False)
    assert endpoints.plan(REF, decision(partly), seen) is None


@pytest.mark.parametrize(
    "stood",
    [
        pytest.param(records(WWW, "A", "192.0.2.1", "192.0.2.2"), id="without a policy"),
        pytest.param(apart("eu", "192.0.2.2", ("aws/region", "eu-west-1")), id="under another policy"),
    ],
)
def test_a_change_of_policy_waits_while_a_member_cannot_be_asked(stood: RecordSet) -> None:
    fresh = apart("fra", "192.0.2.1", ("aws/weight", "1"))
    assert endpoints.plan(REF, decision(wish(fresh, complete=False)), made(wish(stood))) is None
    gone = wish(fresh, complete=False, withdrawn=frozenset(stood.values))
    step = endpoints.plan(REF, decision(gone), made(wish(stood)))
    assert isinstance(step, Apply)
    assert [row["setIdentifier"] for row in step.body["spec"]["endpoints"]] == ["fra"]


def test_the_rows_of_a_host_that_asks_for_ptr_records_ask_for_them_too() -> None:
    asking = replace(decision(wish(records(), records(WWW, "AAAA", "2001:db8::1"))), host=build.host(ptr=True))
    step = endpoints.plan(REF, asking, None)
    assert isinstance(step, Apply)
    asked = [{"name": "record-type", "value": "ptr"}]
    assert [row["providerSpecific"] for row in step.body["spec"]["endpoints"]] == [asked, asked]
    held = {**step.body, "metadata": {**step.body["metadata"], "uid": "e1", "resourceVersion": "5"}}
    assert endpoints.plan(REF, asking, held) is None
    frozen = replace(asking, names=(untouched(),))
    assert endpoints.plan(REF, frozen, held) is None
    alias = replace(asking, names=(wish(records(WWW, "CNAME", "lb.example.net.")),))
    step = endpoints.plan(REF, alias, None)
    assert isinstance(step, Apply)
    assert "providerSpecific" not in step.body["spec"]["endpoints"][0]
