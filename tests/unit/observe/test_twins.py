"""One cluster that is a member twice: counted once, by the older, and by the other when that leaves."""

from ipaddress import ip_address

import pytest

from mcidns.model.clusters import Cluster, LostReason, Seen
from mcidns.model.hosts import Selection
from mcidns.model.references import ClusterName, SourceRef
from mcidns.observe.inventory import Inventory
from mcidns.observe.sources import Source

WEB = SourceRef("Service", "shop", "web")
OLD, NEW, OTHER = ClusterName("z-old"), ClusterName("a-new"), ClusterName("other")


class Fleet:
    """Members as their tasks would write them."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.twins: list[str] = []
        self.inventory = Inventory(
            clock=lambda: 100.0,
            on_source=lambda ref: self.told.append(str(ref)),
            on_member=self.told.append,
            on_claims=lambda: None,
            on_twin=self.twins.append,
        )

    def add(self, name: ClusterName, created: float, cluster_id: str = "one", *, read: bool = True) -> None:
        """A member that was identified, and read unless said otherwise."""
        self.inventory.put(Cluster(name, created_at=created))
        self.inventory.identify(name, cluster_id)
        if read:
            self.read(name)

    def read(self, name: ClusterName) -> None:
        """The member was read: the Service is there."""
        store = self.inventory.begin(name)
        store.put_source("Service", ("shop", "web"), Source(frozenset({ip_address("192.0.2.1")})))
        self.inventory.answered(name)

    def counted(self, *names: ClusterName) -> list[str]:
        """Members that count in a host that selects these, or all."""
        return [view.cluster.name for view in self.inventory.views(WEB, Selection(names or None))]


def test_the_older_counts_and_the_younger_says_whom_it_yields_to() -> None:
    fleet = Fleet()
    fleet.add(OLD, 1.0)
    fleet.add(NEW, 2.0)
    fleet.add(OTHER, 3.0, "two")
    assert fleet.counted() == [OTHER, OLD]
    assert [fleet.inventory.twin_of(name) for name in (OLD, NEW, OTHER)] == [None, OLD, None]
    assert fleet.twins == [NEW, OLD]


def test_of_two_of_one_age_the_first_by_name_counts() -> None:
    fleet = Fleet()
    fleet.add(OLD, 1.0)
    fleet.add(NEW, 1.0)
    assert fleet.counted() == [NEW]


def test_when_the_one_that_counts_leaves_the_other_takes_over_in_the_same_turn() -> None:
    fleet = Fleet()
    fleet.add(OLD, 1.0)
    fleet.add(NEW, 2.0)
    before = fleet.inventory.views(WEB, Selection())[0].observation
    fleet.told.clear()
    fleet.inventory.remove(OLD)
    after = fleet.inventory.views(WEB, Selection())
    assert [view.cluster.name for view in after] == [NEW]
    assert isinstance(before, Seen)
    assert after[0].observation == before
    assert fleet.inventory.twin_of(NEW) is None
    assert NEW in fleet.told


def test_a_host_that_selects_only_the_younger_has_it() -> None:
    fleet = Fleet()
    fleet.add(OLD, 1.0)
    fleet.add(NEW, 2.0)
    assert fleet.counted(NEW) == [NEW]
    assert fleet.counted(NEW, OLD) == [OLD]


def test_the_younger_counts_until_the_older_was_read() -> None:
    fleet = Fleet()
    fleet.add(NEW, 2.0)
    fleet.add(OLD, 1.0, read=False)
    assert fleet.counted() == [NEW, OLD]
    fleet.read(OLD)
    assert fleet.counted() == [OLD]


def test_the_older_goes_on_counting_while_its_api_is_silent() -> None:
    fleet = Fleet()
    fleet.add(OLD, 1.0)
    fleet.add(NEW, 2.0)
    fleet.inventory.silent(OLD, LostReason.TIMEOUT, "")
    assert fleet.counted() == [OLD]


def test_members_whose_cluster_cannot_be_told_are_each_their_own() -> None:
    fleet = Fleet()
    fleet.add(OLD, 1.0, "")
    fleet.add(NEW, 2.0, "")
    assert fleet.counted() == [NEW, OLD]


def test_a_member_that_turns_out_to_be_another_cluster_counts_again() -> None:
    fleet = Fleet()
    fleet.add(OLD, 1.0)
    fleet.add(NEW, 2.0)
    fleet.twins.clear()
    fleet.inventory.identify(NEW, "two")
    assert fleet.counted() == [NEW, OLD]
    assert fleet.twins == [NEW, OLD]


@pytest.mark.parametrize("left", [pytest.param(OLD, id="the first"), pytest.param(NEW, id="the last")])
def test_of_three_two_remain_one(left: ClusterName) -> None:
    fleet = Fleet()
    fleet.add(OLD, 1.0)
    fleet.add(OTHER, 1.5)
    fleet.add(NEW, 2.0)
    fleet.inventory.remove(left)
    assert fleet.counted() == [OLD if left == NEW else OTHER]
