"""Selecting members, and the rules of a host as values."""

import pytest

from mcidns.model.decisions import Condition, Decision, Memory, NameDecision
from mcidns.model.hosts import Requirement, Selection
from mcidns.model.names import DnsName
from mcidns.model.records import Untouched
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.secrets import Secret
from mcidns.testing import build

PROD = {"tier": "prod"}


@pytest.mark.parametrize(
    ("requirement", "labels", "met"),
    [
        pytest.param(Requirement("tier", "In", ("prod", "test")), PROD, True, id="In one of them"),
        pytest.param(Requirement("tier", "In", ("test",)), PROD, False, id="In none of them"),
        pytest.param(Requirement("tier", "In", ("prod",)), {}, False, id="In wants the label"),
        pytest.param(Requirement("tier", "NotIn", ("test",)), PROD, True, id="NotIn others"),
        pytest.param(Requirement("tier", "NotIn", ("prod",)), PROD, False, id="NotIn itself"),
        pytest.param(Requirement("tier", "NotIn", ("prod",)), {}, True, id="NotIn holds without the label"),
        pytest.param(Requirement("tier", "Exists"), PROD, True, id="Exists"),
        pytest.param(Requirement("tier", "Exists"), {}, False, id="Exists not"),
        pytest.param(Requirement("tier", "DoesNotExist"), {}, True, id="DoesNotExist"),
        pytest.param(Requirement("tier", "DoesNotExist"), PROD, False, id="DoesNotExist but does"),
    ],
)
def test_requirements_are_met_as_kubernetes_says(requirement: Requirement, labels: dict[str, str], met: bool) -> None:
    assert requirement.met_by(labels) is met


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        pytest.param(Selection(), True, id="everything by default"),
        pytest.param(Selection(names=(ClusterName("fra"),)), True, id="by name"),
        pytest.param(Selection(names=(ClusterName("ams"),)), False, id="another by name"),
        pytest.param(Selection(names=()), False, id="an empty list of names is none"),
        pytest.param(Selection(requirements=(Requirement("tier", "In", ("prod",)),)), True, id="by label"),
        pytest.param(
            Selection(requirements=(Requirement("tier", "In", ("prod",)), Requirement("gpu", "Exists"))), False, id="all must hold"
        ),
        pytest.param(Selection((ClusterName("fra"),), (Requirement("gpu", "Exists"),)), True, id="names beat labels"),
    ],
)
def test_which_members_take_part(selection: Selection, taken: bool) -> None:
    assert selection.takes(ClusterName("fra"), PROD) is taken


def test_a_host_is_referred_to_as_the_object_it_is() -> None:
    assert build.host().ref == ObjectRef("GlobalHost", "shop", "web")


def test_a_decision_shows_what_its_zones_are_asked_for() -> None:
    www = DnsName("www.example.org.")
    intent = Untouched(build.HOST.ref, www, "a test")
    conditions = (Condition("Accepted", "True", "Accepted", ""),)

    decision = Decision(build.HOST, (), (NameDecision(www, "main", intent, "", (), 30),), conditions, Memory(), None)

    assert decision.intents == (intent,)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("hushhush2")

    assert "hushhush2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.value == "hushhush2"
