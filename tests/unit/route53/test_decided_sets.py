"""What is decided and what Route 53 stores are spelled alike, so that no plan ever finds a difference that is none."""

import pytest

from mcidns.decide import decide
from mcidns.model.records import Wish
from mcidns.model.routing import Geo, GeoRule, Latency, Place, Routing, Weighted
from mcidns.testing import build
from mcidns.testing.build import NOW, member, seen
from mcidns_route53 import policies

PLACES = (Place("EU"), Place("", "US"), Place("", "US", "CA"))


@pytest.mark.parametrize(
    "routing",
    [
        pytest.param(Weighted((("ams", 3),)), id="Weighted"),
        pytest.param(Geo(tuple(GeoRule(place, ("nyc",)) for place in PLACES), ("ams",)), id="Geo"),
        pytest.param(Latency(), id="Latency"),
    ],
)
def test_every_set_of_a_policy_is_stored_as_it_is(routing: Routing) -> None:
    members = (member("ams", seen("192.0.2.1"), "eu-west-1"), member("nyc", seen("192.0.2.2", "2001:db8::1"), "us-east-1"))
    intent = decide(build.world(*members), build.host(routing=routing), NOW).intents[0]
    assert isinstance(intent, Wish)
    assert len(intent.sets) > 2
    assert [policies.adjusted(records, build.ZONE.domain) for records in intent.sets] == [(records,) for records in intent.sets]
