"""The latest word of every member: nothing is forgotten, and silence is never taken for emptiness."""

from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest

from mcidns.model.clusters import Cluster, Lost, LostReason, MemberView, Seen, SourceState
from mcidns.model.hosts import Requirement, Selection
from mcidns.model.references import ClusterName, SourceRef
from mcidns.observe.inventory import Inventory
from mcidns.observe.sources import Source
from mcidns.observe.store import MemberStore

EU, US = ClusterName("eu"), ClusterName("us")
WEB = SourceRef("Service", "shop", "web")
WEB_AT = Source(frozenset({ip_address("192.0.2.1")}), external_name=True)


@dataclass
class Fleet:
    """An inventory with a clock to turn and a record of who was told."""

    now: float = 100.0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inventory = Inventory(
            clock=lambda: self.now,
            on_source=lambda ref: self.told.append(str(ref)),
            on_member=lambda name: self.told.append(name),
            on_claims=lambda: self.told.append("claims"),
        )

    def add(self, *names: ClusterName, labels: tuple[tuple[str, str], ...] = ()) -> None:
        """Put members that were not read yet."""
        for name in names:
            self.inventory.put(Cluster(name, labels=labels))

    def read(self, name: ClusterName, source: Source | None = WEB_AT) -> MemberStore:
        """The member was read and has this source."""
        store = self.inventory.begin(name)
        if source is not None:
            store.put_source("Service", ("shop", "web"), source)
        self.inventory.answered(name)
        return store

    def view(self, name: ClusterName) -> MemberView:
        """What one member says of the source."""
        (found,) = self.inventory.views(WEB, Selection((name,)))
        return found


def state() -> SourceState:
    """The state of the source that `Fleet.read` leaves."""
    fleet = Fleet()
    fleet.add(EU)
    fleet.read(EU)
    observation = fleet.view(EU).observation
    assert isinstance(observation, Seen)
    assert observation.state is not None
    return observation.state


def test_a_member_that_was_not_read_yet_is_lost_not_empty() -> None:
    fleet = Fleet()
    fleet.add(EU)
    assert fleet.view(EU).observation == Lost(None, 100.0, LostReason.NOT_YET_READ)
    assert (fleet.inventory.ready, fleet.inventory.isolated, fleet.told) == (False, False, ["eu"])


def test_a_first_read_tells_of_the_member_once_and_of_no_source() -> None:
    fleet = Fleet()
    fleet.add(EU)
    fleet.told.clear()
    fleet.read(EU)
    assert fleet.told == ["eu", "claims"]
    assert fleet.view(EU).observation == Seen(state(), 100.0)
    assert fleet.inventory.ready


def test_a_member_without_the_object_says_so() -> None:
    fleet = Fleet()
    fleet.add(EU)
    fleet.read(EU, None)
    assert fleet.view(EU).observation == Seen(None, 100.0)


def test_a_silent_member_keeps_its_last_word() -> None:
    fleet = Fleet()
    fleet.add(EU)
    fleet.read(EU)
    fleet.told.clear()
    fleet.now = 200.0
    fleet.inventory.silent(EU, LostReason.TIMEOUT, "no answer")
    assert fleet.view(EU).observation == Lost(Seen(state(), 100.0), 200.0, LostReason.TIMEOUT, "no answer")
    assert fleet.told == ["eu"]


def test_silence_lasts_from_its_beginning_whatever_its_reasons() -> None:
    fleet = Fleet()
    fleet.add(EU)
    fleet.read(EU)
    fleet.inventory.silent(EU, LostReason.TIMEOUT, "first")
    fleet.told.clear()
    fleet.now = 200.0
    fleet.inventory.silent(EU, LostReason.TIMEOUT, "another text")
    assert fleet.told == []
    fleet.inventory.silent(EU, LostReason.REFUSED, "second")
    assert fleet.told == ["eu"]
    assert fleet.view(EU).observation == Lost(Seen(state(), 100.0), 100.0, LostReason.REFUSED, "second")


def test_a_member_that_answers_again_is_seen_since_then() -> None:
    fleet = Fleet()
    fleet.add(EU)
    fleet.read(EU)
    fleet.inventory.silent(EU, LostReason.TIMEOUT, "")
    fleet.now = 300.0
    fleet.inventory.answered(EU)
    assert fleet.view(EU).observation == Seen(state(), 300.0)


def test_while_nothing_changes_views_are_equal_and_nobody_is_told() -> None:
    fleet = Fleet()
    fleet.add(EU)
    store = fleet.read(EU)
    before = fleet.view(EU)
    fleet.told.clear()
    fleet.now = 900.0
    fleet.inventory.answered(EU)
    fleet.inventory.put(Cluster(EU))
    store.put_source("Service", ("shop", "web"), WEB_AT)
    assert fleet.view(EU) == before
    assert fleet.told == []


def test_a_member_asked_anew_speaks_with_its_old_word_until_the_new_one_is_whole() -> None:
    fleet = Fleet()
    fleet.add(EU)
    fleet.read(EU)
    fresh = fleet.inventory.begin(EU)
    fresh.put_source("Service", ("shop", "web"), Source(frozenset({ip_address("192.0.2.9")}), external_name=True))
    assert fleet.view(EU).observation == Seen(state(), 100.0)
    fleet.told.clear()
    fleet.now = 200.0
    fleet.inventory.answered(EU)
    observation = fleet.view(EU).observation
    assert isinstance(observation, Seen)
    assert observation.state is not None
    assert observation.state.targets == {ip_address("192.0.2.9")}
    assert fleet.told == ["eu", "claims"]


def test_a_changed_region_tells_of_the_member_and_shows_in_its_views() -> None:
    fleet = Fleet()
    fleet.add(EU)
    fleet.read(EU)
    fleet.told.clear()
    fleet.inventory.put(Cluster(EU, region="eu-west"))
    assert fleet.view(EU) == MemberView(Cluster(EU, region="eu-west"), Seen(state(), 100.0))
    assert fleet.told == ["eu"]


def test_a_member_that_leaves_is_gone_from_views_and_its_late_words_are_nothing() -> None:
    fleet = Fleet()
    fleet.add(EU)
    store = fleet.read(EU)
    fleet.told.clear()
    fleet.inventory.remove(EU)
    assert fleet.told == ["eu", "claims"]
    store.drop_source("Service", ("shop", "web"))
    fleet.inventory.silent(EU, LostReason.TIMEOUT, "")
    fleet.inventory.answered(EU)
    fleet.inventory.remove(EU)
    assert fleet.inventory.views(WEB, Selection()) == ()
    assert fleet.told == ["eu", "claims"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        pytest.param(Selection(), ["eu", "us", "xx"], id="everybody, by name"),
        pytest.param(Selection((US, EU, US, ClusterName("none"))), ["eu", "us"], id="by name, each once, unknown ones left out"),
        pytest.param(Selection(()), [], id="no names select nobody"),
        pytest.param(Selection(requirements=(Requirement("tier", "In", ("gold",)),)), ["us"], id="by label"),
    ],
)
def test_views_are_those_of_the_selection(selection: Selection, expected: list[str]) -> None:
    fleet = Fleet()
    fleet.add(US, labels=(("tier", "gold"),))
    fleet.add(ClusterName("xx"), EU)
    assert [view.cluster.name for view in fleet.inventory.views(WEB, selection)] == expected


def test_isolated_means_that_every_member_was_asked_and_none_answers() -> None:
    fleet = Fleet()
    assert not fleet.inventory.isolated
    fleet.add(EU, US)
    fleet.inventory.silent(EU, LostReason.REFUSED, "")
    assert not fleet.inventory.isolated
    fleet.inventory.silent(US, LostReason.TIMEOUT, "")
    assert (fleet.inventory.isolated, fleet.inventory.ready, fleet.inventory.knows("Ingress")) == (True, True, False)
    fleet.read(US)
    assert (fleet.inventory.isolated, fleet.inventory.knows("Ingress")) == (False, False)


def test_somebody_has_been_heard_since_the_longest_unbroken_answer() -> None:
    fleet = Fleet()
    fleet.add(EU, US)
    assert fleet.inventory.heard_since == 0.0
    fleet.read(EU)
    fleet.now = 150.0
    fleet.read(US)
    assert fleet.inventory.heard_since == 100.0
    fleet.now = 200.0
    fleet.inventory.silent(EU, LostReason.TIMEOUT, "")
    assert fleet.inventory.heard_since == 150.0
    fleet.inventory.silent(US, LostReason.TIMEOUT, "")
    assert fleet.inventory.heard_since == 0.0
    fleet.now = 300.0
    fleet.inventory.answered(EU)
    assert fleet.inventory.heard_since == 300.0


def test_claims_of_a_silent_member_stand_and_those_of_one_never_read_do_not() -> None:
    fleet = Fleet()
    fleet.add(EU, US)
    claim = Source(frozenset(), annotations=(("mcidns.io/hostname", "auto"),))
    fleet.read(EU, claim)
    fleet.inventory.silent(EU, LostReason.TIMEOUT, "")
    fleet.inventory.begin(US).put_source("Service", ("shop", "web"), claim)
    assert [(name, one.ref) for name, one in fleet.inventory.annotated()] == [(EU, WEB)]
