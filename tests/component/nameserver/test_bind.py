"""The launcher of BIND keeps what other tests rely on."""

import dns.asyncquery
import dns.exception
import dns.rcode
import pytest

from tests.bind import Bind, BindError, BindZone
from tests.component.nameserver.peers import KEY, QUESTION, ZONE, ZONE_TEXT, a_change, an_update, held, send, serial

pytestmark = pytest.mark.skipif(not Bind.available(), reason="named is not installed")
KEYS = {"mcidns.": ("hmac-sha256", KEY.secret)}


@pytest.mark.parametrize("kill", [pytest.param(True, id="killed"), pytest.param(False, id="stopped")])
async def test_it_comes_back_on_its_port_with_its_zone(kill: bool) -> None:
    async with Bind({ZONE: ZONE_TEXT}, KEYS) as bind:
        port = bind.port
        await send(bind, a_change())
        await bind.stop(kill=kill)
        with pytest.raises(ConnectionRefusedError):
            await send(bind, QUESTION)

        await bind.start()

        assert (bind.port, await serial(bind)) == (port, 8)
        assert await held(bind, "new", "A") == (60, {"192.0.2.9"})


async def test_zones_may_be_added_while_it_runs() -> None:
    async with Bind({ZONE: ZONE_TEXT}, KEYS) as bind:
        await send(bind, a_change())
        await bind.add_zone("example.net.")

        assert await serial(bind, "example.net.") == 1
        assert await serial(bind) == 8


async def test_a_zone_says_itself_who_may_update_what() -> None:
    policy = BindZone(ZONE_TEXT, update="update-policy { grant mcidns. name new.example.org. A; };")
    async with Bind({ZONE: policy}, KEYS) as bind:
        assert (await send(bind, a_change("new"))).rcode() == dns.rcode.NOERROR
        assert (await send(bind, a_change("other"))).rcode() == dns.rcode.REFUSED


async def test_a_zone_without_an_update_statement_takes_none() -> None:
    async with Bind({ZONE: BindZone(ZONE_TEXT, update="")}, KEYS) as bind:
        assert (await send(bind, an_update())).rcode() == dns.rcode.REFUSED


async def test_rndc_reaches_it() -> None:
    async with Bind({ZONE: ZONE_TEXT}, KEYS) as bind:
        assert "example.org" in await bind.rndc("zonestatus", "example.org")
        with pytest.raises(BindError, match="zonestatus"):
            await bind.rndc("zonestatus", "example.net")


@pytest.mark.parametrize(
    ("zones", "options", "reason"),
    [
        pytest.param({ZONE: "nonsense"}, [], "not loaded due to errors", id="a zone that does not load"),
        pytest.param({ZONE: None}, ["nonsense yes;"], "unknown option 'nonsense'", id="an option that is none"),
    ],
)
async def test_what_it_refuses_is_told_with_its_log(
    zones: dict[str, str | BindZone | None], options: list[str], reason: str
) -> None:
    bind = Bind(zones, KEYS, options)

    with pytest.raises(BindError, match=reason):
        await bind.__aenter__()

    assert not bind.folder.exists()
