"""Logging in at a real Keystone in every way, once for many requests, again when a token is refused, and without blocking."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest
from blockbuster import blockbuster_ctx

from mcidns.errors import Denied, ProviderError, Transient
from mcidns.model.names import DnsName
from mcidns_designate import DesignateProvider
from tests.certificates import Authority
from tests.component.designate import parts
from tests.component.designate.parts import Zone, creation
from tests.openstack.designate import Designate
from tests.openstack.keystone import Keystone
from tests.openstack.proxy import Fault, Proxy

ABSENT = DnsName("absent.test.")


def by_password(keystone: Keystone, password: str = "", url: str = "", **config: object) -> DesignateProvider:
    """The provider as user dns of project shop."""
    fields = {"authURL": url or keystone.url, "username": "dns", "projectName": "shop", **config}
    return parts.logged_in({"password": password or keystone.password}, **fields)


def by_credential(keystone: Keystone, secret: str = "") -> DesignateProvider:
    """The provider by application credential."""
    secrets = {
        "applicationCredentialID": keystone.credential_id,
        "applicationCredentialSecret": secret or keystone.credential_secret,
    }
    return parts.logged_in(secrets, authURL=keystone.url)


def by_clouds(keystone: Keystone) -> DesignateProvider:
    """The provider by a clouds.yaml."""
    text = f"""
clouds:
  shop:
    region_name: RegionOne
    interface: internal
    auth:
      auth_url: {keystone.url}
      username: dns
      password: {keystone.password}
      project_name: shop
      user_domain_name: Default
      project_domain_name: Default
"""
    return parts.logged_in({"clouds.yaml": text})


async def by_token(keystone: Keystone) -> DesignateProvider:
    """The provider by a token that somebody else fetched."""
    user = {"name": "dns", "domain": {"id": "default"}, "password": keystone.password}
    login = {"identity": {"methods": ["password"], "password": {"user": user}}}
    async with aiohttp.ClientSession() as http, http.post(f"{keystone.url}/auth/tokens", json={"auth": login}) as answer:
        token = answer.headers["X-Subject-Token"]
    return parts.logged_in({"token": token}, authURL=keystone.url, projectID=keystone.project_id)


async def served(made: DesignateProvider, zone: Zone, label: str = "www") -> bool:
    """Write and read; closes the provider."""
    wished = zone.records(label, "A", "192.0.2.1")
    async with contextlib.aclosing(made):
        await made.apply(zone.domain, [creation(wished)])
        return wished in await parts.content(made, zone)


async def test_every_way_to_log_in_serves(designate: Designate, keystone: Keystone):
    async with parts.fresh_zone(designate.open, project=keystone.project_id) as zone:
        assert await served(by_password(keystone), zone, "password")
        assert await served(by_password(keystone, url=keystone.url.removesuffix("/v3")), zone, "without-version")
        assert await served(by_credential(keystone), zone, "credential")
        assert await served(by_clouds(keystone), zone, "clouds")
        assert await served(await by_token(keystone), zone, "token")


async def test_credentials_that_are_refused_are_told_without_showing_them(keystone: Keystone):
    for login in (by_password(keystone, password="hushhush2"), by_credential(keystone, secret="hushhush2")):
        async with contextlib.aclosing(login) as made:
            with pytest.raises(Denied, match=r"refuses the credentials .* correct them in the Secret") as caught:
                await made.read(ABSENT, None)
        assert "hushhush2" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        pytest.param("region", "Atlantis", "in region Atlantis", id="a region"),
        pytest.param("interface", "admin", "names no admin endpoint", id="an interface"),
    ],
)
async def test_a_catalogue_without_what_is_asked_for_is_told_by_name(keystone: Keystone, field: str, value: str, words: str):
    async with contextlib.aclosing(by_password(keystone, **{field: value})) as made:
        with pytest.raises(Denied, match=words):
            await made.read(ABSENT, None)


async def test_one_token_serves_many_requests_and_a_refused_one_is_replaced_once(designate: Designate, keystone: Keystone):
    root = keystone.url.removesuffix("/v3")
    async with (
        parts.fresh_zone(designate.open, project=keystone.project_id) as zone,
        Proxy(root) as login,
        Proxy(designate.guarded) as api,
        contextlib.aclosing(by_password(keystone, url=f"{login.url}/v3", endpoint=api.url)) as made,
    ):

        async def eight_looks() -> None:
            await asyncio.gather(*(made.look(zone.domain, frozenset({zone.name(f"h{number}")})) for number in range(8)))

        await made.read(zone.domain, None)
        await eight_looks()
        assert login.calls == ["POST /v3/auth/tokens"]
        with api.failing(Fault("status", times=8, status=401)):
            await eight_looks()
        assert login.calls == ["POST /v3/auth/tokens"] * 2
        with api.failing(Fault("status", times=100, status=401)), pytest.raises(Denied, match="not even a new one"):
            await made.read(zone.domain, None)


async def test_a_keystone_that_is_slow_is_not_waited_for_longer_than_agreed(keystone: Keystone):
    async with (
        Proxy(keystone.url.removesuffix("/v3")) as login,
        contextlib.aclosing(by_password(keystone, url=f"{login.url}/v3", timeout=0.5)) as made,
    ):
        with login.failing(Fault("slow", delay=3)), pytest.raises(Transient, match=r"timed out|within 1 s"):
            await made.read(ABSENT, None)


async def test_a_keystone_that_is_away_or_somewhere_else_is_told_so_and_used_when_it_is_back(
    designate: Designate, keystone: Keystone
):
    async with (
        parts.fresh_zone(designate.open, project=keystone.project_id) as zone,
        Proxy(keystone.url.removesuffix("/v3")) as login,
        contextlib.aclosing(by_password(keystone, url=f"{login.url}/v3")) as made,
    ):
        troubles: list[tuple[int, type[ProviderError], str]] = [
            (500, Transient, "does not answer as it should"),
            (404, Denied, "no Keystone v3"),
            (403, Denied, "forbids the login"),
        ]
        for status, kind, words in troubles:
            with login.failing(Fault("status", status=status)), pytest.raises(kind, match=words):
                await made.read(zone.domain, None)
        async with login.away():
            with pytest.raises(Transient, match="Keystone at"):
                await made.read(zone.domain, None)
        assert await served(made, zone)


async def test_logging_in_and_asking_never_block_the_loop(designate: Designate, keystone: Keystone):
    async with (
        parts.fresh_zone(designate.open, project=keystone.project_id) as zone,
        contextlib.aclosing(by_password(keystone)) as made,
    ):
        with blockbuster_ctx():
            await made.read(zone.domain, None)
            await made.apply(zone.domain, [creation(zone.records("www", "A", "192.0.2.1"))])


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # it is what insecureSkipVerify asks for
async def test_keystone_and_designate_are_believed_only_with_a_certificate_of_their_ca(
    designate: Designate, keystone: Keystone, tmp_path: Path
):
    authority, stranger = await asyncio.to_thread(lambda: (Authority(), Authority()))
    tls = authority.serving("127.0.0.1")
    async with (
        parts.fresh_zone(designate.open, project=keystone.project_id) as zone,
        Proxy(keystone.url.removesuffix("/v3"), tls) as login,
        Proxy(designate.guarded, tls) as api,
    ):

        def made(ca: Mapping[str, str | bool]) -> DesignateProvider:
            return by_password(keystone, url=f"{login.url}/v3", endpoint=api.url, tls=ca)

        assert await served(made({"caData": authority.pem}), zone, "data")
        assert await served(made({"caFile": str(authority.file(tmp_path))}), zone, "file")
        assert await served(made({"insecureSkipVerify": True}), zone, "blind")
        for ca in ({"caData": stranger.pem}, {}):
            with pytest.raises(Transient, match=r"Keystone at .* TLS failed .* check config\.tls\.caFile"):
                await served(made(ca), zone)
        with pytest.raises(Denied, match=r"config\.tls: the CA cannot be read"):
            await served(made({"caFile": str(tmp_path / "absent.pem")}), zone)
        async with parts.provider(api.url, tls={"caData": stranger.pem}) as blind:
            with pytest.raises(Transient, match=r"Designate at .* TLS failed .* check config\.tls\.caFile"):
                await blind.read(zone.domain, None)
