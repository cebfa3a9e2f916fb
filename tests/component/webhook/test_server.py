"""The server as ExternalDNS meets it on the wire: statuses, media types and bodies to the letter, and never a crash."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from mcidns.errors import Denied, Throttled, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.testing.memory import Fault, MemoryProvider
from mcidns.webhook import wire
from mcidns.webhook.server import Face, Settings, serving
from mcidns.webhook.wire import Endpoint

ZONE = DnsName("example.org.")
MEDIA_TYPE = "application/external.dns.webhook+json;version=1"
HERITAGE = '"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/shop/web"'


class Peer:
    """ExternalDNS's side of the wire: sends what its Go client sends."""

    def __init__(self, port: int, provider: MemoryProvider, face: Face) -> None:
        self.port, self.provider, self.face = port, provider, face

    async def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
        """Status, Content-Type and body."""
        headers = {"Accept": MEDIA_TYPE} if body is None or path != "/records" else {}
        if body is not None:
            headers["Content-Type"] = MEDIA_TYPE
        url, data = f"http://127.0.0.1:{self.port}{path}", io.BytesIO(body) if body is not None else None
        async with aiohttp.ClientSession() as session, session.request(method, url, data=data, headers=headers) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), await answer.read()

    async def raw(self, request: bytes) -> bytes:
        """Everything that comes back until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def records(self) -> list[dict[str, Any]]:
        """GET /records."""
        status, type_, body = await self.ask("GET", "/records")
        assert (status, type_) == (200, MEDIA_TYPE)
        found = json.loads(body)
        assert isinstance(found, list)
        return sorted(found, key=lambda one: (one["dnsName"], one["recordType"]))

    async def apply(self, **lists: list[Endpoint]) -> tuple[int, str]:
        """POST /records."""
        status, _, body = await self.ask("POST", "/records", wire.encode(wire.Changes(**lists)))
        return status, body.decode()


@contextlib.asynccontextmanager
async def peer(
    *sets: RecordSet, provider: MemoryProvider | None = None, ready: bool = True, resync: float = 0.05, patience: float = 12.0
) -> AsyncIterator[Peer]:
    """A server on a provider in memory with one zone; times as in Settings."""
    behind = provider or MemoryProvider(ZONE.text)
    for records in sets:
        behind.zone(ZONE.text).put(records.name, [records])
    face = Face(behind, [ZONE], Settings(resync=resync, patience=patience))
    async with serving(face, "127.0.0.1", 0) as port:
        while ready and not face.mirrors[ZONE].ready:
            await asyncio.sleep(0.01)
        yield Peer(port, behind, face)


def stands(name: str, type_: str, *values: str, ttl: int = 60) -> RecordSet:
    """A set of the zone."""
    return RecordSet.of(DnsName(f"{name}.example.org."), type_, ttl, values)


def one(name: str, type_: str, *targets: str, owns: str = "") -> Endpoint:
    """An endpoint of the zone."""
    labels = {"ownedRecord": f"{owns}.example.org"} if owns else None
    return Endpoint(f"{name}.example.org", list(targets), type_, record_ttl=60, labels=labels)


async def test_negotiation_is_answered_to_the_letter() -> None:
    async with peer() as external_dns:
        asked = f"GET / HTTP/1.1\r\nHost: localhost:8888\r\nAccept: {MEDIA_TYPE}\r\nConnection: close\r\n\r\n".encode()
        head, _, body = (await external_dns.raw(asked)).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "HTTP/1.1 200 OK"
        assert f"Content-Type: {MEDIA_TYPE}" in lines
        assert "Vary: Content-Type" in lines
        assert body == b'{"include":["example.org"]}'


async def test_records_are_listed_in_external_dns_spelling() -> None:
    sets = (
        stands("www", "A", "192.0.2.1", "192.0.2.2"),
        stands("alias", "CNAME", "lb.example.net."),
        stands("a-www", "TXT", HERITAGE),
        stands("mail", "MX", "10 mx.example.net."),
    )
    async with peer(*sets) as external_dns:
        assert await external_dns.records() == [
            {"dnsName": "a-www.example.org", "targets": [HERITAGE], "recordType": "TXT", "recordTTL": 60},
            {"dnsName": "alias.example.org", "targets": ["lb.example.net"], "recordType": "CNAME", "recordTTL": 60},
            {"dnsName": "mail.example.org", "targets": ["10 mx.example.net."], "recordType": "MX", "recordTTL": 60},
            {"dnsName": "www.example.org", "targets": ["192.0.2.1", "192.0.2.2"], "recordType": "A", "recordTTL": 60},
        ]


async def test_an_empty_zone_is_an_empty_list() -> None:
    async with peer() as external_dns:
        assert await external_dns.ask("GET", "/records") == (200, MEDIA_TYPE, b"[]")


async def test_changes_are_answered_204_without_a_body_and_stand_in_the_next_listing() -> None:
    async with peer(stands("old", "A", "192.0.2.9")) as external_dns:
        body = wire.encode(
            wire.Changes(
                create=[one("www", "A", "192.0.2.1"), one("a-www", "TXT", HERITAGE, owns="www")],
                delete=[one("old", "A", "192.0.2.9")],
            )
        )
        head = f"POST /records HTTP/1.1\r\nHost: l\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        answer = await external_dns.raw(head + body)
        assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
        assert answer.endswith(b"\r\n\r\n")
        assert [record["dnsName"] for record in await external_dns.records()] == ["a-www.example.org", "www.example.org"]
        assert [change.name.relative for change in external_dns.provider.batches[0]] == ["old.example.org", "www.example.org"]


async def test_desired_endpoints_are_adjusted() -> None:
    async with peer() as external_dns:
        body = wire.encode([one("www", "TXT", "plain text"), one("other", "A", "192.0.2.300")])
        status, type_, answer = await external_dns.ask("POST", "/adjustendpoints", body)
        assert (status, type_, wire.endpoints(answer)) == (200, MEDIA_TYPE, [one("www", "TXT", '"plain text"')])
        assert await external_dns.ask("POST", "/adjustendpoints", b"null") == (200, MEDIA_TYPE, b"[]")


async def test_a_listing_that_was_adjusted_is_no_change() -> None:
    async with peer(
        stands("www", "A", "192.0.2.1"), stands("t", "TXT", '"a b"'), stands("m", "MX", "1 mx.example.net.")
    ) as external_dns:
        _, _, listed = await external_dns.ask("GET", "/records")
        _, _, adjusted = await external_dns.ask("POST", "/adjustendpoints", listed)
        assert wire.endpoints(adjusted) == wire.endpoints(listed)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/records", b"{", id="changes cut off"),
        pytest.param("POST", "/records", b"[]", id="changes that are a list"),
        pytest.param("POST", "/records", b'{"create":[{"dnsName":7}]}', id="a name that is a number"),
        pytest.param("POST", "/adjustendpoints", b"\x00\xff", id="bytes"),
        pytest.param("DELETE", "/records", None, id="method of records"),
        pytest.param("GET", "/adjustendpoints", None, id="method of adjustendpoints"),
        pytest.param("POST", "/", b"{}", id="method of negotiation"),
    ],
)
async def test_what_external_dns_never_sends_is_a_400_and_the_server_goes_on(method: str, path: str, body: bytes | None) -> None:
    async with peer() as external_dns:
        assert (await external_dns.ask(method, path, body))[0] == 400
        assert (await external_dns.ask("GET", "/"))[0] == 200


async def test_a_body_beyond_the_cap_is_a_413_and_one_below_is_read() -> None:
    async with peer() as external_dns:
        filler = b'[{"dnsName":"www.example.org","recordType":"A","targets":["192.0.2.1"],"labels":{"x":"%s"}}]'
        assert (await external_dns.ask("POST", "/adjustendpoints", filler % (b"x" * wire.LARGEST)))[0] == 413
        status, _, body = await external_dns.ask("POST", "/adjustendpoints", filler % (b"x" * (wire.LARGEST - 200)))
        assert (status, len(body) > wire.LARGEST - 300) == (200, True)
        assert (await external_dns.ask("GET", "/"))[0] == 200


async def test_a_zone_that_was_never_read_is_a_soft_error_that_says_why() -> None:
    provider = MemoryProvider(ZONE.text)
    provider.faults.append(Fault("read", Transient("ns1 does not answer"), times=10**6))
    async with peer(provider=provider, ready=False) as external_dns:
        while "ns1" not in external_dns.face.mirrors[ZONE].problem:
            await asyncio.sleep(0.01)
        status, _, body = await external_dns.ask("GET", "/records")
        assert (status, body) == (503, b"ns1 does not answer\n")
        assert (await external_dns.ask("GET", "/"))[0] == 200


async def test_a_zone_that_was_read_is_listed_though_its_server_is_down() -> None:
    async with peer(stands("www", "A", "192.0.2.1")) as external_dns:
        external_dns.provider.faults.append(Fault("read", Transient("ns1 does not answer"), times=10**6))
        while not external_dns.face.mirrors[ZONE].problem:
            await asyncio.sleep(0.01)
        assert len(await external_dns.records()) == 1


async def test_a_zone_that_cannot_be_listed_is_told() -> None:
    async with peer(provider=MemoryProvider(ZONE.text, listing=False), ready=False) as external_dns:
        while "cannot be listed" not in external_dns.face.mirrors[ZONE].problem:
            await asyncio.sleep(0.01)
        assert (await external_dns.ask("GET", "/records"))[0] == 503


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        pytest.param(Transient("down", unsure=True), 503, "Transient", id="down"),
        pytest.param(Throttled("slow down", retry_after=7), 503, "Throttled", id="throttled"),
        pytest.param(Denied("the key is refused"), 500, "Denied", id="denied"),
        pytest.param(RuntimeError("a mistake of ours"), 503, "Transient", id="a mistake"),
    ],
)
async def test_every_error_of_a_provider_is_one_external_dns_lives_with(error: Exception, status: int, kind: str) -> None:
    async with peer() as external_dns:
        external_dns.provider.faults.append(Fault("apply", error))
        body = wire.encode(wire.Changes(create=[one("www", "A", "192.0.2.1")]))
        url = f"http://127.0.0.1:{external_dns.port}/records"
        async with aiohttp.ClientSession() as session, session.post(url, data=body) as answer:
            assert (answer.status, answer.headers["Mcidns-Error"]) == (status, kind)
            assert answer.headers.get("Retry-After") == ("7" if kind == "Throttled" else None)
            assert str(error) in await answer.text()
        assert (await external_dns.apply(create=[one("www", "A", "192.0.2.1")]))[0] == 204


async def test_a_refused_record_is_named_and_all_others_are_written() -> None:
    async with peer() as external_dns:
        external_dns.provider.rejects = lambda change: f"{change.name} is not to my taste" if "h7." in change.name.text else None
        creates = [one(f"h{i}", "A", f"192.0.2.{i + 1}") for i in range(20)]
        bad = [one("bad", "A", "nonsense"), Endpoint("www.example.net", ["192.0.2.1"], "A")]
        status, told = await external_dns.apply(create=[*creates, *bad])
        assert status == 500
        assert all(name in told for name in ("h7.example.org", "bad.example.org", "www.example.net"))
        assert len(await external_dns.records()) == 19


async def test_what_somebody_else_changed_is_not_overwritten_and_is_listed_next_time() -> None:
    async with peer(stands("www", "A", "192.0.2.1"), resync=3600.0) as external_dns:
        theirs = stands("www", "A", "192.0.2.66")
        external_dns.provider.zone(ZONE.text).put(theirs.name, [theirs])
        status, told = await external_dns.apply(
            update_old=[one("www", "A", "192.0.2.1")],
            update_new=[one("www", "A", "192.0.2.2")],
            create=[one("api", "A", "192.0.2.3")],
        )
        assert (status, "www.example.org" in told) == (500, True)
        assert external_dns.provider.zone(ZONE.text).at(theirs.name) == (theirs,)
        assert external_dns.provider.zone(ZONE.text).at(DnsName("api.example.org.")) != ()
        while (await external_dns.records())[-1]["targets"] != ["192.0.2.66"]:
            await asyncio.sleep(0.01)


async def test_a_write_that_takes_long_is_answered_in_time_and_goes_on() -> None:
    async with peer(patience=0.1) as external_dns:
        external_dns.provider.latency = 0.4
        status, told = await external_dns.apply(create=[one("www", "A", "192.0.2.1")])
        assert (status, "still being written" in told) == (503, True)
        external_dns.provider.latency = 0.0
        while len(await external_dns.records()) != 1:
            await asyncio.sleep(0.01)
        assert (await external_dns.apply(create=[one("www", "A", "192.0.2.1")]))[0] == 204


async def test_a_write_under_way_is_finished_when_the_server_ends() -> None:
    provider = MemoryProvider(ZONE.text)
    async with peer(provider=provider, patience=0.5) as external_dns:
        provider.latency = 0.3
        task = asyncio.create_task(external_dns.apply(create=[one("www", "A", "192.0.2.1")]))
        await asyncio.sleep(0.1)
    assert len(provider.batches) == 1
    await asyncio.gather(task, return_exceptions=True)


async def test_several_zones_are_one_listing_and_trouble_with_one_leaves_the_others() -> None:
    other = DnsName("example.net.")
    provider = MemoryProvider(ZONE.text, other.text)
    face = Face(provider, [ZONE, other], Settings(resync=0.05))
    async with serving(face, "127.0.0.1", 0) as port:
        external_dns = Peer(port, provider, face)
        while not all(mirror.ready for mirror in face.mirrors.values()):
            await asyncio.sleep(0.01)
        assert (await external_dns.ask("GET", "/"))[2] == b'{"include":["example.net","example.org"]}'
        provider.denies = lambda change: "no" if change.name.inside(other) else None
        creates = [Endpoint("www.example.net", ["192.0.2.1"], "A"), one("www", "A", "192.0.2.1")]
        assert (await external_dns.apply(create=creates))[0] == 500
        assert [record["dnsName"] for record in await external_dns.records()] == ["www.example.org"]


async def test_a_zone_that_was_never_read_is_not_written_and_keeps_no_other_waiting() -> None:
    other = DnsName("example.net.")
    face = Face(MemoryProvider(ZONE.text), [ZONE, other], Settings(resync=0.05))
    async with serving(face, "127.0.0.1", 0) as port:
        external_dns = Peer(port, MemoryProvider(), face)
        while not face.mirrors[ZONE].ready or "not served" not in face.mirrors[other].problem:
            await asyncio.sleep(0.01)
        creates = [Endpoint("www.example.net", ["192.0.2.1"], "A"), one("www", "A", "192.0.2.1")]
        status, told = await external_dns.apply(create=creates)
        assert (status, "nothing is written to zone example.net before it was read" in told) == (503, True)
        assert [record["dnsName"] for record in await external_dns.records()] == ["www.example.org"]
