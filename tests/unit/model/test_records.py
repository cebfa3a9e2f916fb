"""Record sets, edits and changes as values."""

import pytest

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.model.references import ObjectRef, SourceRef

WWW = DnsName("www.example.org.")


def a(*values: str, ttl: int = 30) -> RecordSet:
    """A set of A records at www.example.org."""
    return RecordSet.of(WWW, "A", ttl, values)


def change(*edits: Edit) -> Change:
    """A change of these edits."""
    return Change(WWW, edits, Urgency.ADD)


def test_a_set_is_built_of_values_in_any_order() -> None:
    assert a("192.0.2.2", "192.0.2.1", "192.0.2.2") == a("192.0.2.1", "192.0.2.2")
    assert a("192.0.2.2", "192.0.2.1").values == ("192.0.2.1", "192.0.2.2")
    assert hash(a("192.0.2.1")) == hash(a("192.0.2.1"))


def test_a_set_shows_its_name_and_type() -> None:
    assert (a("192.0.2.1").name, a("192.0.2.1").type) == (WWW, "A")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        pytest.param(RecordKey(WWW, "A"), "www.example.org A", id="plain"),
        pytest.param(RecordKey(WWW, "A", "eu"), "www.example.org A [eu]", id="with a set identifier"),
    ],
)
def test_a_key_reads_as_text(key: RecordKey, text: str) -> None:
    assert str(key) == text


def test_an_edit_that_changes_nothing_is_a_check() -> None:
    key = RecordKey(WWW, "A")

    assert Edit(key, a("192.0.2.1"), a("192.0.2.1")).is_check
    assert Edit(key, None, None).is_check
    assert not Edit(key, a("192.0.2.1"), None).is_check


def test_a_digest_goes_by_content_and_not_by_order() -> None:
    one = Edit(RecordKey(WWW, "A"), None, a("192.0.2.1"))
    two = Edit(RecordKey(WWW, "AAAA"), None, RecordSet.of(WWW, "AAAA", 30, ["2001:db8::1"]))

    assert change(one, two).digest == change(two, one).digest
    assert len(change(one).digest) == 12


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Edit(RecordKey(WWW, "A"), None, a("192.0.2.2")), id="another value"),
        pytest.param(Edit(RecordKey(WWW, "A"), None, a("192.0.2.1", ttl=60)), id="another TTL"),
        pytest.param(Edit(RecordKey(WWW, "A"), a("192.0.2.9"), a("192.0.2.1")), id="another start"),
        pytest.param(Edit(RecordKey(WWW, "A", "eu"), None, a("192.0.2.1")), id="another key"),
    ],
)
def test_different_content_has_a_different_digest(other: Edit) -> None:
    assert change(Edit(RecordKey(WWW, "A"), None, a("192.0.2.1"))).digest != change(other).digest


def test_withdrawals_go_before_additions_and_those_before_cosmetics() -> None:
    assert sorted([Urgency.COSMETIC, Urgency.ADD, Urgency.WITHDRAW]) == [Urgency.WITHDRAW, Urgency.ADD, Urgency.COSMETIC]


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        pytest.param(ObjectRef("GlobalHost", "shop", "web"), "GlobalHost shop/web", id="in a namespace"),
        pytest.param(ObjectRef("DNSZone", "", "main"), "DNSZone main", id="cluster-scoped"),
        pytest.param(SourceRef("Ingress", "shop", "web"), "Ingress shop/web", id="a source"),
    ],
)
def test_references_read_as_text(reference: ObjectRef | SourceRef, text: str) -> None:
    assert str(reference) == text


def test_values_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        a("192.0.2.1").ttl = 1  # type: ignore[misc]  # the point of the test
