"""`mcidns import external-dns` against an emulated host and a name server that an ExternalDNS has written to."""

from pathlib import Path
from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret
from mcidns.model.zones import Encryption
from mcidns.program.sealing import Seal
from tests.component.cli.stages import Desk, desk, mark
from tests.scenario.stage import global_host

FIRST, OTHER = "192.0.2.1", "192.0.2.77"
KEY = "hushhush, of just 32 characters!"
OLD = "default"
THEIRS = f"shop 60 IN A {OTHER}\nother 60 IN A {OTHER}\n"


def typed(prefix: str = "") -> str:
    return mark(f"{prefix}a-shop", OLD) + mark(f"{prefix}a-other", OLD)


def sealed(place: str) -> str:
    text = f"heritage=external-dns,external-dns/owner={OLD},external-dns/resource=ingress/shop/old"
    return f'{place} 60 IN TXT "{Seal.of(Encryption("", Secret(KEY))).close(text, place)}"\n'


def fates(told: dict[str, Any]) -> dict[str, str]:
    return {f"{one['dnsName'].removesuffix('.example.org')} {one['recordType']}".strip(): one["fate"] for one in told["records"]}


async def imported(here: Desk, *arguments: str) -> tuple[Any, Any]:
    return await here.json("import", "external-dns", "example-org", *arguments)


@pytest.mark.parametrize(
    ("marks", "options"),
    [
        pytest.param(typed(), (), id="by type"),
        pytest.param(mark("shop", OLD) + mark("other", OLD), (), id="legacy without type"),
        pytest.param(typed() + mark("shop", OLD), (), id="both at once, as releases before 0.18 left it"),
        pytest.param(typed("edns-"), ("--txt-prefix", "edns-"), id="a prefix"),
        pytest.param(
            mark("edns-a.shop", OLD) + mark("edns-a.other", OLD), ("--txt-prefix", "edns-%{record_type}."), id="a template"
        ),
        pytest.param(mark("a-shop-own", OLD) + mark("a-other-own", OLD), ("--txt-suffix", "-own"), id="a suffix"),
        pytest.param(sealed("a-shop") + sealed("a-other"), ("--txt-encrypt-aes-key-file", "KEY"), id="encrypted"),
    ],
)
async def test_what_is_wished_for_is_adopted_in_every_form_and_the_rest_stays(
    tmp_path: Path, marks: str, options: tuple[str, ...]
) -> None:
    (tmp_path / "key").write_text(KEY + "\n", encoding="utf-8")
    given = [str(tmp_path / "key") if one == "KEY" else one for one in options]
    async with desk(tmp_path, THEIRS + marks, members=1) as here:
        here.stage.host.put(global_host())
        before = await here.zone()
        code, told = await imported(here, *given)
        assert (code, fates(told)) == (2, {"shop A": "adopt", "other A": "no wish"})
        shop = next(one for one in told["records"] if one["dnsName"] == "shop.example.org")
        assert (shop["resource"], shop["object"]["name"], shop["becomes"]) == ("ingress/shop/old", "shop", [FIRST])
        assert await here.zone() == before

        code, told = await imported(here, *given, "--apply")
        after = await here.zone()
        assert (code, [one["adopted"] for one in told["records"] if one["fate"] == "adopt"]) == (0, [True])
        assert {host: after[host]["A"] for host in ("shop", "other")} == {"shop": (OTHER,), "other": (OTHER,)}
        assert "owner=scenario" in after["mcidns-a.shop"]["TXT"][0]
        left = {place: sets["TXT"] for place, sets in after.items() if "TXT" in sets and place != "mcidns-a.shop"}
        assert left == {place: sets["TXT"] for place, sets in before.items() if "TXT" in sets and "other" in place}

        await here.stage.start()
        await here.stage.until_answer("shop.example.org", FIRST)
        assert await here.stage.answer("other.example.org") == (OTHER,)


async def test_conflicts_and_leftovers_are_told_apart(tmp_path: Path) -> None:
    text = f"shop 60 IN A {OTHER}\n" + mark("a-gone", OLD) + mark("a-more", OLD) + f"more 60 IN A {OTHER}\n"
    async with desk(tmp_path, text, members=1) as here:
        here.stage.host.put(global_host())
        code, told = await imported(here)
        assert (code, fates(told)) == (1, {"shop": "conflict", "gone A": "orphan", "more A": "no wish"})
        shown = await here.run("import", "external-dns", "example-org")
        assert "without our ownership" in shown.output
        assert "Owner default: 1 no wish, 1 conflict, 1 orphan." in shown.output


@pytest.mark.parametrize(
    ("marks", "options", "words"),
    [
        pytest.param("", (), "nobody else owns a record", id="nothing to import"),
        pytest.param(mark("a-shop", "one") + mark("a-other", "two"), (), "records of one, two", id="a choice"),
        pytest.param(typed(), ("--owner-id", "scenario"), "is ours in this zone", id="our own"),
        pytest.param(typed(), ("--txt-prefix", "a", "--txt-suffix", "b"), "stands beside --txt-prefix", id="two affixes"),
        pytest.param(typed(), ("--txt-encrypt-aes-key-file", "/nowhere"), "name a file", id="no key"),
    ],
)
async def test_what_cannot_be_imported_says_why(tmp_path: Path, marks: str, options: tuple[str, ...], words: str) -> None:
    async with desk(tmp_path, THEIRS + marks) as here:
        result = await here.run("import", "external-dns", "example-org", *options)
        assert result.return_value == 1
        assert words in result.output
        assert ConfigError.__name__ not in result.output
