"""`mcidns plan` against an emulated host, members and a name server: what it tells, its exit code, and that it writes nothing."""

from pathlib import Path
from typing import Any

from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from tests.component.cli.stages import Desk, bare, desk, mark
from tests.scenario.stage import global_host, zone

FIRST, SECOND = "192.0.2.1", "192.0.2.2"
SHOP = {"kind": "GlobalHost", "namespace": "shop", "name": "shop"}


def standing(*addresses: str) -> str:
    """The shop as a controller left it."""
    records = "".join(f"shop 30 IN A {address}\n" for address in addresses)
    return records + mark("mcidns-a.shop", resource="globalhost/shop/shop")


def brief(endpoints: list[dict[str, Any]]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one["dnsName"], one["recordType"], tuple(one["targets"])) for one in endpoints if one["recordType"] != "TXT"]


async def untouched(desk_: Desk, *arguments: str) -> tuple[Any, Any]:
    """The answer to a plan, after which neither DNS nor the host's API is different in anything."""
    host = desk_.stage.host
    assert isinstance(host, ApiServer)
    before = (host.storage.version, await desk_.zone())
    found = await desk_.json("plan", *arguments)
    assert (host.storage.version, await desk_.zone()) == before
    return found


async def test_a_new_host_is_planned_from_nothing_and_nothing_is_written(tmp_path: Path) -> None:
    async with desk(tmp_path, members=2) as here:
        here.stage.host.put(global_host())
        code, told = await untouched(here)

        assert code == 2
        assert brief(told["create"]) == [("shop.example.org", "A", (FIRST, SECOND))]
        first = told["create"][0]
        assert (first["owner"], first["zone"], first["cluster"], first["objects"]) == ("scenario", "example-org", "r1,r2", [SHOP])
        assert first["reason"] == f"{FIRST} joins: r1 Ready; {SECOND} joins: r2 Ready"
        assert [one["dnsName"] for one in told["create"] if one["recordType"] == "TXT"] == ["mcidns-a.shop.example.org"]
        assert (told["updateOld"], told["delete"], told["held"], told["errors"]) == ([], [], [], [])


async def test_the_cause_of_a_withdrawal_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path, standing(FIRST, SECOND), members=2) as here:
        here.stage.host.put(global_host())
        here.stage.members["r2"].put(manifests.endpoints(ready=False))
        code, told = await untouched(here)

        assert code == 2
        (new,) = [one for one in told["updateNew"] if one["recordType"] == "A"]
        assert (new["targets"], new["cluster"], new["reason"]) == ([FIRST], "r2", f"{SECOND} leaves: r2 NotReady")
        shown = await here.run("plan")
        assert shown.return_value == 2
        assert "~ update" in shown.output
        assert f"{SECOND} leaves: r2 NotReady" in shown.output
        assert "Plan: 1 to update and 1 ownership TXT." in shown.output


async def test_nothing_to_change_is_zero_after_the_controller_has_run(tmp_path: Path) -> None:
    async with desk(tmp_path, members=1) as here:
        here.stage.host.put(global_host())
        await here.stage.start()
        await here.stage.until_answer("shop.example.org", FIRST)
        await here.stage.stop()

        result = await here.run("plan")
        assert (result.return_value, result.output.strip()) == (0, "Plan: nothing to change.")


async def test_what_nobody_wishes_for_is_deleted_and_the_guard_is_heard(tmp_path: Path) -> None:
    leftovers = "".join(f"old{n} 30 IN A {SECOND}\n" + mark(f"mcidns-a.old{n}", resource="globalhost/shop/gone") for n in range(12))
    async with desk(tmp_path, leftovers) as here:
        code, told = await untouched(here)

        assert code == 2
        assert len(brief(told["delete"])) == 12
        assert {(one["reason"], one["held"]) for one in told["delete"] if one["recordType"] == "A"} == {
            ("no object wishes for it", True)
        }
        (held,) = told["held"]
        assert len(held["names"]) == 12
        approval = {"name": "example-org", "annotations": {"mcidns.io/approve-plan": held["digest"]}}
        here.stage.host.put(zone() | {"metadata": approval})
        _, approved = await here.json("plan")
        assert (approved["held"], {one["held"] for one in approved["delete"]}) == ([], {False})


async def test_what_is_refused_is_shown_with_its_remedy(tmp_path: Path) -> None:
    async with desk(tmp_path, f"shop 30 IN A {SECOND}\n", members=1) as here:
        here.stage.host.put(global_host())
        code, told = await untouched(here)

        assert code == 0
        (refused,) = told["refused"]
        assert (refused["object"], refused["dnsName"], refused["reason"]) == (SHOP, "shop.example.org", "NotOwner")
        assert "hand it over" in refused["message"]


async def test_a_zone_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    async with desk(tmp_path, members=1) as here:
        here.stage.host.put(global_host())
        here.stage.host.put(manifests.tsig_secret(b"wrong" * 7))
        code, told = await untouched(here)

        assert code == 1
        assert told["errors"][0].startswith("zone example-org: ")


async def test_a_lost_member_is_planned_by_the_rules_for_lost_members(tmp_path: Path) -> None:
    async with desk(tmp_path, standing(FIRST, SECOND), members=2) as here:
        here.stage.host.put(global_host())
        here.stage.members["r2"].faults.refuse()
        _, told = await untouched(here)

        assert brief(told["updateNew"]) == []
        assert brief(told["delete"]) == []


async def test_an_annotated_object_that_was_never_seen_is_planned_too(tmp_path: Path) -> None:
    async with desk(tmp_path, members=1) as here:
        here.stage.host.put(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": {"name": "shop", "namespace": "shop", "annotations": {"mcidns.io/hostname": "noted.example.org"}},
                "spec": {"rules": [{"host": "noted.example.org"}]},
            }
        )
        code, told = await untouched(here)

        assert (code, brief(told["create"])) == (2, [("noted.example.org", "A", (FIRST,))])
        assert here.stage.host.find("globalhosts", "shop", "shop") is None


async def test_mistakes_of_the_caller_are_not_taken_for_changes(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        assert (await here.run("plan", "--zone", "other")).exception is not None
        wrong = await bare("plan", "--colour")
        missing = await bare("plan", "--kubeconfig", str(tmp_path / "nowhere"))
        assert getattr(wrong.exception, "exit_code", None) == 1
        assert missing.return_value == 1
        assert "Error:" in missing.output
