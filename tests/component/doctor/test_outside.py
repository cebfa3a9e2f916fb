"""A zone as seen from outside, with a second name server of its own address."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from mcidns.nameserver import NameServer
from tests.component.doctor import clinic
from tests.component.doctor.clinic import Clinic

SECOND = "127.0.0.3"
BOTH = clinic.ZONE_TEXT + f"@ IN NS ns2\nns2 IN A {SECOND}\n" + clinic.PUBLISHED
DELEGATED = clinic.PARENT_TEXT + f"example IN NS ns2.example\nns2.example IN A {SECOND}\n"


@contextlib.asynccontextmanager
async def two(folder: Path, second: str, zone: str = "example.org.") -> AsyncIterator[Clinic]:
    """A healthy installation whose zone has two servers; this is what the second serves."""
    async with clinic.healthy(folder) as here, NameServer({zone: second}, host=SECOND, port=here.parent.port):
        here.stage.names.add_zone("example.org.", BOTH)
        here.parent.add_zone("org.", DELEGATED)
        yield here


async def test_two_servers_that_agree_are_well(tmp_path: Path) -> None:
    async with two(tmp_path, BOTH) as here:
        told = await here.told()
        assert told["findings"] == []
        notes = {one["check"]: one["note"] for one in told["checks"]}
        assert (notes["delegation"], notes["answers"]) == ("2 servers, serial 1", "1 record sets on 2 servers")


async def test_a_server_that_lags_is_told_by_its_serial(tmp_path: Path) -> None:
    async with two(tmp_path, BOTH.replace("hostmaster 1 ", "hostmaster 7 ")) as here:
        told = await here.told()
        assert [one["rule"] for one in told["findings"]] == ["SerialsDiffer"]
        assert f"ns2.example.org ({SECOND}) has 7" in told["findings"][0]["what"]


async def test_a_server_that_does_not_hold_the_zone_is_lame(tmp_path: Path) -> None:
    async with two(tmp_path, clinic.ZONE_TEXT, zone="example.com.") as here:
        told = await here.told()
        assert [one["rule"] for one in told["findings"]] == ["LameServer"]
        assert told["findings"][0]["what"] == f"ns2.example.org ({SECOND}) does not answer for example.org: it answers REFUSED"
        assert told["findings"][0]["remedy"].startswith(f"dig @{SECOND} example.org SOA +norecurse")


async def test_a_parent_that_names_others_is_told(tmp_path: Path) -> None:
    async with two(tmp_path, BOTH) as here:
        here.parent.add_zone("org.", clinic.PARENT_TEXT)
        told = await here.told()
        assert [one["rule"] for one in told["findings"]] == ["DelegationDiffers"]
        assert "ns1.example.org, ns2.example.org" in told["findings"][0]["remedy"]


async def test_a_name_server_without_an_address_is_lame(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.stage.names.add_zone("example.org.", clinic.ZONE_TEXT + "@ IN NS gone.example.net.\n" + clinic.PUBLISHED)
        here.parent.add_zone("org.", clinic.PARENT_TEXT + "example IN NS gone.example.net.\n")
        told = await here.told()
        assert [one["rule"] for one in told["findings"]] == ["LameServer"]
        assert "its name does not resolve" in told["findings"][0]["what"]


async def test_without_a_resolver_that_answers_delegation_is_not_checked_and_the_rest_is(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.parent.add_zone("org.", clinic.PARENT_TEXT)
        await here.parent.faults.refuse()
        told = await here.told()
        await here.parent.faults.accept()
        states = {one["check"]: one["state"] for one in told["checks"] if one["group"] == "zone"}
        assert (told["findings"], states["delegation"], states["answers"]) == ([], "not checked", "ok")
