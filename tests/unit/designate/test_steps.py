"""Edits go out in an order in which a record never stands without its ownership, wherever we are interrupted."""

import itertools

import pytest

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns_designate import steps

NAME = DnsName("www.example.org.")
PLACE = DnsName("a-www.example.org.")
OLD, NEW = (RecordSet.of(NAME, "A", 60, [f"192.0.2.{i}"]) for i in (1, 2))
ALIAS = RecordSet.of(NAME, "CNAME", 60, ["lb.example.net."])
MINE = RecordSet.of(PLACE, "TXT", 60, ['"heritage=external-dns,external-dns/owner=me"'])
NEXT = RecordSet.of(PLACE, "TXT", 60, ['"heritage=external-dns,external-dns/owner=me,mcidns/clusters=x"'])
OTHERS = RecordSet.of(PLACE, "TXT", 60, ['"somebody else"'])
ALIAS_MINE = RecordSet.of(DnsName("cname-www.example.org."), "TXT", 60, MINE.values)


def edit(old: RecordSet | None, new: RecordSet | None) -> Edit:
    """One edit."""
    return Edit((new or old).key, old, new)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param([edit(None, MINE), edit(None, NEW)], id="ownership appears before the record"),
        pytest.param([edit(OLD, None), edit(MINE, None)], id="and goes after it"),
        pytest.param([edit(MINE, NEXT), edit(OLD, NEW)], id="ownership is renewed before the record"),
        pytest.param([edit(OLD, None), edit(MINE, OTHERS)], id="ownership is taken out of a shared text after the record"),
        pytest.param(
            [edit(None, ALIAS_MINE), edit(OLD, None), edit(None, ALIAS), edit(MINE, None)],
            id="another type: ownership, the old record away, the new one, old ownership away",
        ),
    ],
)
def test_edits_are_ordered_however_they_come(order):
    for given in itertools.permutations(order):
        assert steps.edits([Change(NAME, given, Urgency.ADD)]) == order


def test_a_check_of_what_is_also_written_is_left_out():
    batch = [Change(NAME, (edit(MINE, MINE), edit(OLD, NEW)), Urgency.ADD), Change(NAME, (edit(MINE, NEXT),), Urgency.ADD)]
    assert steps.edits(batch) == [edit(MINE, NEXT), edit(OLD, NEW)]


def test_changes_that_contradict_each_other_are_rejected():
    batch = [Change(NAME, (edit(OLD, NEW),), Urgency.ADD), Change(NAME, (edit(OLD, None),), Urgency.ADD)]
    with pytest.raises(Rejected, match=r"www\.example\.org A"):
        steps.edits(batch)


@pytest.mark.parametrize(
    ("asked", "others", "needed"),
    [
        pytest.param(edit(OLD, NEW), [], True, id="a change rests on what is there"),
        pytest.param(edit(OLD, None), [], True, id="a removal too"),
        pytest.param(edit(MINE, MINE), [edit(None, NEW)], True, id="and so does what is only relied on"),
        pytest.param(edit(None, NEW), [], False, id="Designate refuses to make what is there"),
        pytest.param(Edit(RecordKey(NAME, "CNAME"), None, None), [edit(None, NEW)], False, id="and a record beside an alias"),
        pytest.param(Edit(RecordKey(NAME, "A"), None, None), [edit(None, ALIAS)], False, id="and an alias beside a record"),
        pytest.param(Edit(RecordKey(NAME, "CNAME"), None, None), [], True, id="an absence where nothing is made"),
        pytest.param(
            Edit(RecordKey(NAME, "MX"), None, None), [edit(None, NEW)], True, id="an absence that Designate does not mind"
        ),
    ],
)
def test_a_question_is_asked_only_where_designate_does_not_answer_it_anyway(asked, others, needed):
    assert steps.needs_look(asked, [asked, *others]) is needed
