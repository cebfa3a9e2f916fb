"""How changes are cut into requests, and what Route 53's refusals say of them."""

import pytest

from mcidns.model.records import Change, RecordSet, Urgency
from mcidns_route53 import convert, faults, packing
from mcidns_route53.faults import Reason
from mcidns_route53.writing import Order
from tests.unit.route53.sets import ZONE, change, records

OWNED = '"heritage=external-dns,external-dns/owner=research-hub,external-dns/resource=globalhost/shop/web"'


def move(number: int, urgency: Urgency) -> Change:
    """Of two addresses one goes; the ownership is relied upon."""
    old, new = records(f"h{number}", "A", "192.0.2.1", "198.51.100.1"), records(f"h{number}", "A", "192.0.2.1")
    text = records(f"mcidns-a.h{number}", "TXT", OWNED)
    return change((old, new), (text, text), urgency=urgency)


def sizes(*changes: Change) -> list[int]:
    return [len(batch) for batch in packing.batches(ZONE, changes)]


def test_the_loss_of_a_region_with_500_names_is_two_requests() -> None:
    assert sizes(*(move(i, Urgency.WITHDRAW) for i in range(500))) == [333, 167]


def test_what_is_in_no_hurry_carries_all_its_proofs() -> None:
    # 3 elements and 30 characters for the addresses, 2 elements and twice the TXT for the proof: characters decide.
    each = 30 + 2 * len(OWNED)
    assert sizes(*(move(i, Urgency.ADD) for i in range(300)))[0] == 32_000 // each


def test_elements_decide_where_values_are_short() -> None:
    assert sizes(*(change((None, records(f"h{i}", "A", "192.0.2.1"))) for i in range(1500))) == [1000, 500]


def test_characters_decide_where_values_are_long() -> None:
    text = f'"{"x" * 250}"'
    assert sizes(*(change((None, records(f"h{i}", "TXT", text))) for i in range(200))) == [126, 74]


def test_a_check_that_changes_share_counts_once() -> None:
    fence = records("mcidns-fence", "TXT", OWNED)
    changes = [change((None, records(f"h{i}", "A", "192.0.2.1")), (fence, fence)) for i in range(900)]
    assert sizes(*changes) == [900]


def test_a_fence_that_withdrawals_share_is_always_proven() -> None:
    fence = records("mcidns-fence", "TXT", OWNED)
    old, new = ("192.0.2.1", "192.0.2.2"), ("192.0.2.1",)
    changes = [
        change((records(f"h{i}", "A", *old), records(f"h{i}", "A", *new)), (fence, fence), urgency=Urgency.WITHDRAW)
        for i in range(400)
    ]
    first, rest = packing.batches(ZONE, changes)
    assert (len(first), len(rest)) == (332, 68)
    assert [edit.key for edit in Order.of(ZONE, first).proofs] == [fence.key]


def test_a_withdrawal_proves_what_there_is_room_for() -> None:
    (few,) = packing.batches(ZONE, [move(i, Urgency.WITHDRAW) for i in range(100)])
    many, _ = packing.batches(ZONE, [move(i, Urgency.WITHDRAW) for i in range(500)])
    assert len(Order.of(ZONE, few).proofs) == 100
    assert len(Order.of(ZONE, many).proofs) == 0
    assert len(Order.of(ZONE, many[:200]).proofs) == (32_000 - 200 * 30) // (2 * len(OWNED))


def test_the_sets_of_one_name_are_not_cut_apart_where_one_request_takes_them() -> None:
    fill = [change((None, records(f"h{i}", "A", "192.0.2.1"))) for i in range(998)]
    group = [change((None, records("w", "A", "192.0.2.1", setid=setid, weight="1"))) for setid in ("a", "b", "c")]
    assert sizes(*fill, *group) == [998, 3]


def test_changes_that_contradict_go_one_after_another() -> None:
    first, second, third = (records("www", "A", f"192.0.2.{i}") for i in (1, 2, 3))
    assert sizes(change((first, second)), change((second, third))) == [1, 1]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(records("bad", "A", "192.0.2.300"), id="no address"),
        pytest.param(records("@", "CNAME", "x.example.net."), id="CNAME at the apex"),
        pytest.param(records("bad", "LOC", "1 2 3"), id="unknown type"),
        pytest.param(records("bad", "A", "192.0.2.1", setid="a"), id="identifier without policy"),
        pytest.param(records("bad", "A", "192.0.2.1", ttl=2**31), id="TTL out of range"),
        pytest.param(records("bad", "TXT", *(f'"{i} {"x" * 240}"' for i in range(200))), id="more than one request takes"),
    ],
)
def test_what_is_refused_anyway_goes_alone(bad: RecordSet) -> None:
    good = [change((None, records(f"h{i}", "A", "192.0.2.1"))) for i in range(4)]
    assert sizes(*good[:2], change((None, bad)), *good[2:]) == [2, 1, 2]


def test_a_zone_keeps_its_name_servers() -> None:
    ns = records("@", "NS", "ns1.example.net.")
    assert sizes(change((None, records("a", "A", "192.0.2.1"))), change((ns, None))) == [1, 1]


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        pytest.param(
            "Tried to create resource record set [name='www.example.org.', type='A'] but it already exists",
            ("www.example.org.", "A", "", False),
            id="exists",
        ),
        pytest.param(
            "Tried to create resource record set [name='geo.example.org.', type='A', set-identifier='Default'] but it"
            " already exists",
            ("geo.example.org.", "A", "Default", False),
            id="exists with an identifier",
        ),
        pytest.param(
            r"Tried to delete resource record set [name='\052.example.org.', type='TXT'] but it was not found",
            (r"\052.example.org.", "TXT", "", False),
            id="wildcard",
        ),
        pytest.param(
            "RRSet of type CNAME with DNS name www.example.org. is not permitted as it conflicts with other records with the same"
            " DNS name in zone example.org.",
            ("www.example.org.", "CNAME", "", True),
            id="CNAME beside others",
        ),
        pytest.param(
            "RRSet of type CNAME with DNS name example.org. is not permitted at apex in zone example.org.",
            ("example.org.", "CNAME", "", False),
            id="apex",
        ),
        pytest.param(
            "RRSet with DNS name x.net. is not permitted in zone example.org.", ("x.net.", "", "", False), id="other zone"
        ),
        pytest.param(
            "RRSet with DNS name www.example.org., type A, SetIdentifier one cannot be created because a non multivalue answer"
            " rrset exists with the same name and type.",
            ("www.example.org.", "A", "one", True),
            id="mixed policies",
        ),
        pytest.param(
            "RRSet with DNS name www.example.org., type TXT cannot be created as other RRSets exist with the same name and type.",
            ("www.example.org.", "TXT", "", True),
            id="simple beside weighted",
        ),
        pytest.param(
            "RRSet with DNS name www.example.org. and type A, SetIdentifier one cannot be created as weighted sets must contain the"
            " same TTL.",
            ("www.example.org.", "A", "one", False),
            id="weights and TTLs",
        ),
        pytest.param(
            "RRSet with DNS name www.example.org., type A, SetIdentifier one, and Region Name=eu-west-1 cannot be created because a"
            " latency RRSet with the same name, type and region already exists.",
            ("www.example.org.", "A", "one", True),
            id="a region twice",
        ),
        pytest.param(
            "The request contains an invalid set of changes for a resource record set 'A www.example.org.'",
            ("www.example.org.", "A", "", False),
            id="twice in one batch",
        ),
        pytest.param("Number of records limit of 1000 exceeded.", ("", "", "", False), id="a quota names nobody"),
    ],
)
def test_a_sentence_of_route_53_names_its_record(sentence: str, named: tuple[str, str, str, bool]) -> None:
    (found,) = faults.reasons(f"[{sentence}]")
    assert (found.name, found.type, found.set_identifier, found.beside) == named
    assert found.text == sentence


def test_every_sentence_of_a_refusal_is_told_apart() -> None:
    one = "Tried to create resource record set [name='a.example.org.', type='A'] but it already exists"
    two = "RRSet of type CNAME with DNS name b.example.org. is not permitted at apex in zone example.org."
    assert faults.reasons(f"[{one}, {two}]") == (Reason(one, "a.example.org.", "A"), Reason(two, "b.example.org.", "CNAME"))


def test_invalid_input_names_its_record_too() -> None:
    where = "[Action=CREATE, Name=w.example.org., Type=A, SetIdentifier=null]"
    said = f"Invalid request: Missing field 'SetIdentifier' in Change with {where}"
    assert faults.reasons(said)[0].name == "w.example.org."


def test_a_batch_whose_changes_contradict_is_refused() -> None:
    one, two = records("www", "A", "192.0.2.1"), records("www", "A", "192.0.2.2")
    with pytest.raises(Exception, match="one after another"):
        convert.merged([change((None, one)), change((None, two))])
