"""`mcidns owners`, `adopt` and `release`: what they tell and write, with a host cluster and without one."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bind import Bind
from tests.component.cli.stages import BARE, bare, desk, held, mark
from tests.component.rfc2136.parts import needs_bind
from tests.scenario.stage import KEY

FIRST = "192.0.2.1"
ZONE_TEXT = (
    f"mine 60 IN A {FIRST}\n"
    + mark("mcidns-a.mine")
    + f"theirs 60 IN A {FIRST}\ntheirs 60 IN AAAA 2001:db8::1\n"
    + mark("mcidns-a.theirs", "other-hub")
    + mark("mcidns-aaaa.theirs", "other-hub")
    + f"plain 60 IN A {FIRST}\nplain 60 IN MX 10 mx.example.org.\n"
    + mark("mcidns-a.ghost")
)


def endpoint(host: str) -> dict[str, Any]:
    """A wish of somebody else's making."""
    return {
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": {"name": host, "namespace": "shop"},
        "spec": {"endpoints": [{"dnsName": f"{host}.example.org", "recordType": "A", "targets": [FIRST]}]},
    }


async def test_owners_counts_names_records_and_orphans(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT) as here:
        code, told = await here.json("owners", "example-org", "--names")
        assert (code, told["ownerID"]) == (0, "scenario")
        assert told["owners"] == [
            {"owner": "other-hub", "us": False, "names": 1, "records": 2, "orphans": 0},
            {"owner": "scenario", "us": True, "names": 1, "records": 1, "orphans": 1},
            {"owner": "", "us": False, "names": 3, "records": 4, "orphans": 0},
        ]
        ghost = next(one for one in told["records"] if one["orphan"])
        assert (ghost["dnsName"], ghost["recordType"], ghost["targets"]) == ("ghost.example.org", "A", [])
        shown = await here.run("owners", "example.org")
        assert [line.split() for line in shown.output.splitlines()[1:3]] == [
            ["other-hub", "1", "2", "0"],
            ["scenario", "us", "1", "1", "1"],
        ]


FENCES = (
    'mcidns-epoch-scenario 60 IN TXT "mcidns-epoch=7,holder=pod-a_1,owner=scenario"\n'
    'mcidns-epoch-other-hub 60 IN TXT "mcidns-epoch=3,holder=pod-b_1,owner=other-hub"\n'
)


async def test_a_fence_is_nobodys_record_and_told_of_by_itself(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT) as here:
        _, plain = await here.json("owners", "example-org", "--names")
    async with desk(tmp_path, ZONE_TEXT + FENCES) as here:
        _, told = await here.json("owners", "example-org", "--names")
        assert (told["owners"], told["records"]) == (plain["owners"], plain["records"])
        assert {(one["owner"], one["epoch"], one["holder"]) for one in told["epochs"]} == {
            ("scenario", 7, "pod-a_1"),
            ("other-hub", 3, "pod-b_1"),
        }
        shown = await here.run("owners", "example-org")
        assert "Owner scenario writes with epoch 7, held by pod-a_1." in shown.output


async def test_releasing_everything_takes_our_fence_away_and_leaves_the_other_owners(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT + FENCES) as here:
        looked, _ = await here.json("release", "example-org", "--all")
        done, _ = await here.json("release", "example-org", "--all", "--apply")
        zone = await here.zone()
        assert (looked, done) == (2, 0)
        assert "mcidns-epoch-scenario" not in zone
        assert "mcidns-epoch-other-hub" in zone
        assert not [name for name, sets in zone.items() if "owner=scenario" in str(sets)]


async def test_a_zone_in_use_keeps_its_fence(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT + FENCES) as here:
        here.stage.host.put(endpoint("mine"))
        await here.run("release", "example-org", "--all", "--apply")
        assert "mcidns-epoch-scenario" in await here.zone()


async def test_adopting_is_dry_until_told_and_then_only_marks(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT) as here:
        here.stage.host.put(endpoint("plain"))
        before = await here.zone()
        code, told = await here.json("adopt", "example-org", "plain.example.org")
        assert (code, told["names"][0]["state"], told["names"][0]["remark"]) == (2, "would be done", "for DNSEndpoint shop/plain")
        assert await here.zone() == before

        code, told = await here.json("adopt", "example-org", "plain.example.org", "--apply")
        after = await here.zone()
        assert (code, told["names"][0]["recordTypes"]) == (0, ["A"])
        assert after.pop("mcidns-a.plain")["TXT"] == (
            '"heritage=external-dns,external-dns/owner=scenario,external-dns/resource=dnsendpoint/shop/plain,mcidns/deletion=orphan"',
        )
        assert after == before
        again = await here.run("adopt", "example-org", "plain.example.org", "--apply")
        assert (again.return_value, "already so" in again.output) == (0, True)


async def test_another_owners_records_need_its_name(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT) as here:
        before = await here.zone()
        refused = await here.run("adopt", "example-org", "theirs.example.org", "--apply")
        wrong = await here.run("adopt", "example-org", "theirs.example.org", "--owner", "somebody", "--apply")
        assert (refused.return_value, wrong.return_value) == (1, 1)
        assert "belongs to other-hub; only with --owner" in refused.output
        assert await here.zone() == before

        done = await here.run("adopt", "example-org", "theirs.example.org", "--owner", "other-hub", "--apply")
        after = await here.zone()
        assert (done.return_value, "no object wishes for it" in done.output) == (0, True)
        assert ["owner=scenario" in after[f"mcidns-{kind}.theirs"]["TXT"][0] for kind in ("a", "aaaa")] == [True, True]
        assert after["theirs"] == before["theirs"]


async def test_everything_of_a_former_owner_is_taken_and_the_controller_keeps_the_records(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT) as here:
        done = await here.run("adopt", "example-org", "--owner", "other-hub", "--all", "--apply")
        assert done.return_value == 0
        _, told = await here.json("owners", "example-org")
        assert [one["owner"] for one in told["owners"]] == ["scenario", ""]
        # Nobody wishes for it: the controller gives the adopted name up again, and deletes what was its own.
        await here.stage.start()
        await here.stage.until_answer("mine.example.org")
        await here.stage.until_answer("mcidns-a.theirs.example.org", type_="TXT")
        assert await here.stage.answer("theirs.example.org") == (FIRST,)


async def test_released_records_stay(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT) as here:
        before = await here.zone()
        dry = await here.run("release", "example-org", "mine.example.org")
        assert (dry.return_value, await here.zone()) == (2, before)
        done = await here.run("release", "example-org", "mine.example.org", "ghost.example.org", "--apply")
        assert done.return_value == 0
        assert await here.zone() == {host: sets for host, sets in before.items() if host not in {"mcidns-a.mine", "mcidns-a.ghost"}}
        foreign = await here.run("release", "example-org", "theirs.example.org", "--apply")
        assert (foreign.return_value, "is not ours" in foreign.output) == (1, True)


async def test_what_is_wished_for_is_released_by_force_only(tmp_path: Path) -> None:
    async with desk(tmp_path, ZONE_TEXT) as here:
        here.stage.host.put(endpoint("mine"))
        refused = await here.run("release", "example-org", "--all", "--apply")
        assert (refused.return_value, "DNSEndpoint shop/mine still wishes" in refused.output) == (1, True)
        forced = await here.run("release", "example-org", "mine.example.org", "--force", "--apply")
        assert forced.return_value == 0
        assert {"mcidns-a.mine", "mcidns-a.ghost"} & (await here.zone()).keys() == set()


@needs_bind
async def test_without_a_cluster_the_zone_is_reached_by_a_file_and_bind_keeps_the_records(tmp_path: Path) -> None:
    async with Bind({"example.org.": BARE + ZONE_TEXT}, {"mcidns.": ("hmac-sha256", KEY)}) as bind:
        (tmp_path / "secret").write_text("aHVzaGh1c2g4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", encoding="utf-8")
        (tmp_path / "dns.yaml").write_text(
            f"config: {{servers: ['127.0.0.1:{bind.port}'], tsigKeyName: mcidns}}\n"
            f"secretFiles: {{tsigSecret: {tmp_path}/secret}}\n",
            encoding="utf-8",
        )
        there = ("--provider", "rfc2136", "--config", str(tmp_path / "dns.yaml"), "--owner-id", "scenario")
        before = await held(bind.port, "mcidns.", KEY)
        counted = json.loads((await bare("owners", "example.org", *there, "-o", "json")).stdout)
        adopted = await bare("adopt", "example.org", "plain.example.org", "--apply", *there)
        handed = await bare("adopt", "example.org", "--owner", "other-hub", "--all", "--apply", *there)
        released = await bare("release", "example.org", "mine.example.org", "--apply", *there)
        after = await held(bind.port, "mcidns.", KEY)

        assert [one["owner"] for one in counted["owners"]] == ["other-hub", "scenario", ""]
        assert (adopted.return_value, handed.return_value, released.return_value) == (0, 0, 0), adopted.output + handed.output
        assert {host: sets for host, sets in after.items() if not host.startswith("mcidns-")} == {
            host: sets for host, sets in before.items() if not host.startswith("mcidns-")
        }
        marked = {host for host, sets in after.items() if host.startswith("mcidns-") and "owner=scenario" in sets["TXT"][0]}
        assert marked == {"mcidns-a.plain", "mcidns-a.theirs", "mcidns-aaaa.theirs", "mcidns-a.ghost"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("owners", "nowhere"), "use one of: example-org", id="no such zone"),
        pytest.param(("adopt", "example-org"), "is missing", id="no name"),
        pytest.param(("adopt", "example-org", "--all"), "needs --owner", id="all of nobody"),
        pytest.param(("adopt", "example-org", "www.example.net"), "is not in example.org", id="a name of another zone"),
        pytest.param(("adopt", "example-org", "a..b"), "empty label", id="no name at all"),
        pytest.param(("adopt", "example-org", "mine.example.org", "--owner", "scenario"), "is who we are", id="from ourselves"),
        pytest.param(("release", "example-org"), "are missing", id="nothing to release"),
        pytest.param(("owners", "example-org", "--owner-id", "x"), "for work without a cluster", id="half without a cluster"),
        pytest.param(("owners", "example-org", "--namespace", "elsewhere"), "no Secret elsewhere/", id="another namespace"),
        pytest.param(("owners", "example.org", "--provider", "rfc2136"), "--owner-id", id="nobody in particular"),
    ],
)
async def test_what_cannot_be_done_says_why(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    async with desk(tmp_path, ZONE_TEXT) as here:
        before = await here.zone()
        result = await here.run(*arguments)
        assert (result.return_value, words in result.output) == (1, True), result.output
        assert await here.zone() == before
