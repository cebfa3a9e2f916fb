"""The strict service itself, asked by a plain boto3 client: paced, pending, busy and listing as Amazon does."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.component.route53 import parts
from tests.component.route53.strict import Strict

WILD = {"Name": "*.example.org", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}


@pytest.fixture
def amazon(service: Strict) -> Iterator[Any]:
    with contextlib.closing(parts.client(service)) as made:
        yield made


def create(amazon: Any, zone: str, one: dict[str, Any]) -> str:
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": one}]}
    return str(amazon.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]["Id"])


def test_the_sixth_request_of_a_second_is_throttled(service: Strict, amazon: Any) -> None:
    zone = parts.create_zone(service)
    amazon.get_hosted_zone(Id=zone)
    time.sleep(1.1)
    service.rate = 5
    for _ in range(5):
        amazon.get_hosted_zone(Id=zone)
    with pytest.raises(ClientError) as caught:
        amazon.get_hosted_zone(Id=zone)
    assert caught.value.response["Error"]["Code"] == "Throttling"
    time.sleep(1.1)
    amazon.get_hosted_zone(Id=zone)


def test_a_change_is_pending_before_it_is_insync(service: Strict, amazon: Any) -> None:
    service.pending = 0.3
    change = create(amazon, parts.create_zone(service), WILD)
    assert amazon.get_change(Id=change)["ChangeInfo"]["Status"] == "PENDING"
    time.sleep(0.35)
    assert amazon.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC"
    with pytest.raises(ClientError, match="NoSuchChange"):
        amazon.get_change(Id="C404")


def test_a_zone_that_works_on_a_change_refuses_another(service: Strict, amazon: Any) -> None:
    service.work = 0.5
    zone = parts.create_zone(service)
    busy = threading.Thread(target=create, args=(amazon, zone, {**WILD, "Name": "first.example.org"}))
    busy.start()
    time.sleep(0.2)
    with pytest.raises(ClientError, match="PriorRequestNotComplete"):
        create(amazon, zone, WILD)
    busy.join()


def test_a_wildcard_is_listed_with_its_escape_and_pages_carry_on(service: Strict, amazon: Any) -> None:
    zone = parts.create_zone(service)
    create(amazon, zone, WILD)
    for setid in ("one", "two"):
        create(amazon, zone, {**WILD, "Name": "w.example.org", "SetIdentifier": setid, "Weight": 1})
    first = amazon.list_resource_record_sets(HostedZoneId=zone, MaxItems="4")
    assert [one["Name"] for one in first["ResourceRecordSets"]][2] == r"\052.example.org."
    assert (first["NextRecordName"], first["NextRecordType"], first["NextRecordIdentifier"]) == ("w.example.org.", "A", "two")
    rest = amazon.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName="w.example.org.", StartRecordType="A", StartRecordIdentifier="two"
    )
    assert [one["SetIdentifier"] for one in rest["ResourceRecordSets"]] == ["two"]
    assert not rest["IsTruncated"]


def test_an_error_of_the_rules_reaches_the_client(service: Strict, amazon: Any) -> None:
    zone = parts.create_zone(service)
    create(amazon, zone, WILD)
    with pytest.raises(ClientError, match="already exists") as caught:
        create(amazon, zone, WILD)
    assert caught.value.response["Error"]["Code"] == "InvalidChangeBatch"
