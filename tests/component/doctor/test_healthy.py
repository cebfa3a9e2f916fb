"""A healthy installation, with its controller at work: the doctor finds nothing, and writes nothing."""

from pathlib import Path
from typing import Any

from tests.component.doctor import clinic
from tests.scenario.stage import global_host


async def test_a_healthy_installation_gives_no_finding_at_all(tmp_path: Path) -> None:
    async with clinic.raised(tmp_path) as here:
        here.host.put(global_host())
        await clinic.start(here)
        before = (here.stage.names.serial("example.org."), await here.zone())
        told = await here.told("--strict")

        assert told["findings"] == []
        assert {(one["check"], one["notChecked"]) for one in told["checks"] if one["state"] != "ok"} == {
            ("writing", "nothing is written without --probe-write, which proves it by a TXT that it removes again")
        }
        assert told["code"] == 0
        assert (here.stage.names.serial("example.org."), await here.zone()) == before


async def test_what_the_controller_says_of_mistakes_is_understood(tmp_path: Path) -> None:
    """The reasons in conditions are the controller's words: here it says them itself."""
    foreign = "taken 30 IN A 203.0.113.1\n"
    async with clinic.raised(tmp_path, zone_text=clinic.ZONE_TEXT + foreign) as here:
        claims: dict[str, dict[str, Any]] = {
            "shop": {},
            "lost": {"hostnames": ["lost.example.org"], "source": {"kind": "Ingress", "name": "web"}},
            "taken": {"hostnames": ["taken.example.org"]},
            "nowhere": {"hostnames": ["nowhere.example.net"]},
            "order": {"hostnames": ["order.example.org"], "routing": {"policy": "Failover", "failover": {"order": ["r1", "r9"]}}},
            "bare": {"hostnames": ["bare.example.org"], "source": {"kind": "Ingress", "name": "bare"}},
        }
        ingress = here.member("r1").get("ingresses", "shop", "shop")
        here.member("r1").put({**ingress, "metadata": {"name": "bare", "namespace": "shop"}, "status": {}})
        for name, spec in claims.items():
            here.host.put(global_host(name, **spec))
        await clinic.start(here)
        await here.stage.until_true(lambda: all(here.stage.status(name)["conditions"] for name in claims), "a word on each")
        await here.stage.until_true(
            lambda: here.stage.reason("Programmed", "taken") == ("False", "NotOwner"), "taken to be refused"
        )
        told = await here.told()

        found = {(one["rule"], one["subject"].removeprefix("GlobalHost shop/")) for one in told["findings"]}
        assert found == {
            ("SourceNowhere", "lost"),
            ("UnownedRecord", "example-org"),
            ("NoZone", "nowhere"),
            ("UnknownCluster", "order"),
            ("NoAddress", "bare"),
        }
        lost = next(one for one in told["findings"] if one["rule"] == "SourceNowhere")
        assert "members have Ingress bare, shop in shop" in lost["remedy"]
