"""The planes the conformance tests run on: each test once on the emulator, and once on a real control plane where there is one."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from mcidns.emulator import ApiServer
from tests import planes
from tests.component.emulator.client import Api
from tests.planes import Certificate, Plane


@pytest.fixture(scope="session", autouse=True)
def remembered_loop() -> Iterator[None]:
    """The loop that is current before the first test; without it one is made on demand and dies unclosed in some later test."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    """One certificate for all planes of a run."""
    return planes.certificate()


@pytest.fixture(scope="session")
def real_plane(certificate: Certificate) -> Iterator[Plane]:
    """One real control plane for all tests of a run."""
    if reason := planes.missing():
        pytest.skip(reason)
    with planes.real(certificate) as plane:
        yield plane


@pytest.fixture(params=["emulator", "real"])
async def plane(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Plane]:
    """The control plane a conformance test runs on."""
    if request.param == "real":
        yield request.getfixturevalue("real_plane")
        return
    async with planes.emulated(certificate) as (plane, _):
        yield plane


@pytest.fixture
async def api(plane: Plane) -> AsyncIterator[Api]:
    """A client with all rights, and a namespace of the test's own."""
    async with Api(plane.url, plane.admin, plane.context()) as api:
        await api.own_namespace()
        yield api


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    """An emulated server over plain HTTP, for what only an emulator does."""
    async with ApiServer("faulty") as server:
        yield server


@pytest.fixture
async def client(server: ApiServer) -> AsyncIterator[Api]:
    """A client of that server."""
    async with Api(server.url) as api:
        await api.own_namespace()
        yield api
