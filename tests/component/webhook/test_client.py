"""The client as a webhook meets it on the wire: requests to the letter, and every answer understood."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from mcidns.errors import ConfigError, Conflict, Denied, ProviderError, Rejected, Throttled, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordSet, Urgency
from mcidns.model.secrets import Secret
from mcidns.provider import Full, ProviderSettings
from mcidns_webhook import WebhookProvider

ZONE = DnsName("example.org.")
MEDIA_TYPE = "application/external.dns.webhook+json;version=1"
NAMES = ("Accept", "Content-Type", "Authorization")
Adjust = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass
class Webhook:
    """A webhook that keeps what it is asked, and answers as told: `answers` by method and path before all else."""

    records: list[dict[str, Any]] = field(default_factory=list)
    filter: dict[str, Any] = field(default_factory=lambda: {"include": ["example.org"]})
    answers: dict[tuple[str, str], web.Response] = field(default_factory=dict)
    adjust: Adjust = list
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        body = await request.read()
        headers = {name: request.headers[name] for name in NAMES if name in request.headers}
        self.asked.append((request.method, request.path, headers, json.loads(body) if body else None))
        told = self.answers.get((request.method, request.path))
        if told is not None:
            return web.Response(status=told.status, body=told.body, headers=told.headers)
        if (request.method, request.path) == ("POST", "/records"):
            return web.Response(status=204)
        if request.path == "/adjustendpoints":
            return self.json(self.adjust(json.loads(body)))
        return self.json(self.records if request.path == "/records" else self.filter)

    @staticmethod
    def json(content: object) -> web.Response:
        """An answer of the protocol."""
        return web.Response(body=json.dumps(content).encode(), headers={"Content-Type": MEDIA_TYPE})

    def posted(self) -> list[Any]:
        """The bodies of POST /records."""
        return [body for method, path, _, body in self.asked if (method, path) == ("POST", "/records")]


@contextlib.asynccontextmanager
async def met(webhook: Webhook, secrets: dict[str, Secret] | None = None, **config: object) -> AsyncIterator[WebhookProvider]:
    """Our client and this webhook."""
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", webhook.serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    webhook.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    provider = WebhookProvider.from_settings(ProviderSettings("w", {"url": webhook.url, "timeout": 2, **config}, secrets or {}))
    try:
        yield provider
    finally:
        await provider.aclose()
        await runner.cleanup()


def stands(name: str, type_: str, *values: str, ttl: int = 60) -> RecordSet:
    """A set of the zone."""
    return RecordSet.of(DnsName(f"{name}.example.org."), type_, ttl, values)


def listed(name: str, type_: str, *targets: str, **more: Any) -> dict[str, Any]:
    """An endpoint as webhooks write it."""
    return {"dnsName": f"{name}.example.org", "targets": list(targets), "recordType": type_, "recordTTL": 60, **more}


def change(*pairs: tuple[RecordSet | None, RecordSet | None]) -> Change:
    """One change of (old, new) pairs, the first of which gives its name."""
    edits = tuple(Edit((new or old).key, old, new) for old, new in pairs)
    return Change(edits[0].key.name, edits, Urgency.ADD)


async def content(provider: WebhookProvider) -> dict[DnsName, tuple[RecordSet, ...]]:
    """What is read."""
    reading = await provider.read(ZONE, None)
    assert isinstance(reading, Full)
    return dict(reading.names)


async def test_reading_negotiates_once_and_asks_to_the_letter() -> None:
    webhook = Webhook()
    async with met(webhook, {"authorization": Secret("Bearer hushhush-t0ken")}) as provider:
        await provider.read(ZONE, None)
        await provider.read(ZONE, None)
    headers = {"Accept": MEDIA_TYPE, "Authorization": "Bearer hushhush-t0ken"}
    assert webhook.asked == [
        ("GET", "/", headers, None),
        ("GET", "/records", headers, None),
        ("GET", "/records", headers, None),
    ]


async def test_a_change_is_looked_at_adjusted_and_posted_as_external_dns_does() -> None:
    text = '"heritage=external-dns,external-dns/owner=us"'
    old = listed("old", "A", "192.0.2.9", labels={"record-id": "77"}, providerSpecific=[{"name": "x/proxied", "value": "true"}])
    moved = listed("moved", "A", "192.0.2.8", labels={"record-id": "78"})
    webhook = Webhook(records=[old, moved])
    async with met(webhook) as provider:
        batch = [
            change((None, stands("www", "A", "192.0.2.1", "192.0.2.2")), (None, stands("a-www", "TXT", text))),
            change((stands("moved", "A", "192.0.2.8"), stands("moved", "A", "192.0.2.3", ttl=30))),
            change((stands("old", "A", "192.0.2.9"), None)),
        ]
        await provider.apply(ZONE, batch)
    created = [
        {**listed("www", "A", "192.0.2.1", "192.0.2.2")},
        {**listed("a-www", "TXT", text), "labels": {"ownedRecord": "www.example.org"}},
    ]
    after = {**listed("moved", "A", "192.0.2.3"), "recordTTL": 30}
    assert [asked[:2] for asked in webhook.asked] == [
        ("GET", "/"),
        ("GET", "/records"),
        ("POST", "/adjustendpoints"),
        ("POST", "/records"),
    ]
    assert webhook.asked[2][2:] == ({"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}, [*created, after])
    assert webhook.asked[3][2:] == (
        {"Content-Type": MEDIA_TYPE},
        {"create": created, "updateOld": [moved], "updateNew": [after], "delete": [old]},
    )


async def test_endpoints_of_one_set_unite_and_odd_ones_are_carried_as_they_are() -> None:
    webhook = Webhook(
        records=[
            listed("www", "A", "192.0.2.2"),
            listed("www", "A", "192.0.2.1"),
            listed("T.", "TXT", "bare text") | {"dnsName": "T.Example.org."},
            listed("odd", "A", "not an address"),
            {"dnsName": "www.example.net", "targets": ["192.0.2.1"], "recordType": "A"},
            {"dnsName": "nottl.example.org", "targets": ["LB.example.net"], "recordType": "CNAME"},
        ]
    )
    async with met(webhook) as provider:
        assert await content(provider) == {
            DnsName("www.example.org."): (stands("www", "A", "192.0.2.1", "192.0.2.2"),),
            DnsName("t.example.org."): (stands("t", "TXT", '"bare text"'),),
            DnsName("odd.example.org."): (stands("odd", "A", "not an address"),),
            DnsName("nottl.example.org."): (stands("nottl", "CNAME", "lb.example.net.", ttl=300),),
        }


async def test_what_a_webhook_adjusts_is_read_as_it_was_wished_and_not_written_again() -> None:
    def floor(desired: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "recordTTL": max(one["recordTTL"], 3600)} for one in desired]

    webhook = Webhook(adjust=floor)
    wished = stands("www", "A", "192.0.2.1")
    async with met(webhook) as provider:
        await provider.apply(ZONE, [change((None, wished))])
        webhook.records = webhook.posted()[0]["create"]
        assert webhook.records[0]["recordTTL"] == 3600
        assert await content(provider) == {wished.name: (wished,)}
    # A new process does not know what was wished. It sees a difference, learns that there is none, and writes nothing.
    async with met(webhook) as provider:
        (standing,) = (await content(provider))[wished.name]
        assert standing.ttl == 3600
        await provider.apply(ZONE, [change((standing, wished))])
        assert len(webhook.posted()) == 1
        assert await content(provider) == {wished.name: (wished,)}
        webhook.records = [listed("www", "A", "192.0.2.66")]
        assert await content(provider) == {wished.name: (stands("www", "A", "192.0.2.66"),)}


async def test_what_a_webhook_leaves_out_is_rejected_by_name() -> None:
    webhook = Webhook(adjust=lambda _: [])
    async with met(webhook) as provider:
        with pytest.raises(Rejected, match=r"www\.example\.org A: .*adjustendpoints"):
            await provider.apply(ZONE, [change((None, stands("www", "A", "192.0.2.1")))])
    assert webhook.posted() == []


async def test_what_changed_meanwhile_is_a_conflict_and_nothing_is_posted() -> None:
    webhook = Webhook(records=[listed("www", "A", "192.0.2.66")])
    async with met(webhook) as provider:
        with pytest.raises(Conflict, match=r"www\.example\.org A"):
            await provider.apply(ZONE, [change((stands("www", "A", "192.0.2.1"), None))])
    assert webhook.posted() == []


async def test_of_a_batch_that_was_half_carried_out_only_the_rest_is_posted() -> None:
    webhook = Webhook(records=[listed("a", "A", "192.0.2.1")])
    async with met(webhook) as provider:
        await provider.apply(ZONE, [change((None, stands("a", "A", "192.0.2.1"))), change((None, stands("b", "A", "192.0.2.2")))])
    assert [one["dnsName"] for one in webhook.posted()[0]["create"]] == ["b.example.org"]


@pytest.mark.parametrize(
    ("status", "headers", "kind", "words"),
    [
        pytest.param(400, {}, Rejected, "answers 400: too bad", id="400"),
        pytest.param(413, {}, Rejected, "413", id="413"),
        pytest.param(422, {}, Rejected, "422", id="422"),
        pytest.param(401, {}, Denied, "as authorization", id="401"),
        pytest.param(403, {}, Denied, "as authorization", id="403"),
        pytest.param(404, {}, Denied, r"config\.url", id="404"),
        pytest.param(302, {"Location": "/elsewhere"}, Denied, r"config\.url", id="302"),
        pytest.param(200, {}, Denied, r"config\.url", id="200 for 204"),
        pytest.param(429, {"Retry-After": "7"}, Throttled, "429", id="429"),
        pytest.param(503, {"Retry-After": "7"}, Throttled, "503", id="503 with Retry-After"),
        pytest.param(502, {}, Transient, "502", id="502"),
        pytest.param(503, {}, Transient, "503", id="503"),
        pytest.param(599, {}, Transient, "599", id="599"),
        pytest.param(500, {}, Rejected, r"www\.example\.org: .*500: too bad", id="500 of a webhook that still lists"),
        pytest.param(500, {"Mcidns-Error": "Conflict"}, Conflict, "too bad", id="our own server's conflict"),
        pytest.param(500, {"Mcidns-Error": "Denied"}, Denied, "too bad", id="our own server's denial"),
    ],
)
async def test_every_answer_to_a_write_is_an_error_of_ours(
    status: int, headers: dict[str, str], kind: type[ProviderError], words: str
) -> None:
    webhook = Webhook(answers={("POST", "/records"): web.Response(status=status, text="too\n bad", headers=headers)})
    async with met(webhook) as provider:
        with pytest.raises(ProviderError, match=words) as caught:
            await provider.apply(ZONE, [change((None, stands("www", "A", "192.0.2.1")))])
    assert type(caught.value) is kind
    assert getattr(caught.value, "unsure", False) is (kind is Transient)
    assert getattr(caught.value, "retry_after", None) == (7 if kind is Throttled else None)


async def test_a_500_of_a_webhook_that_no_longer_lists_is_no_refusal() -> None:
    webhook = Webhook()
    async with met(webhook) as provider:
        await provider.read(ZONE, None)
        webhook.answers[("POST", "/records")] = web.Response(status=500)

        def die(desired: list[dict[str, Any]]) -> list[dict[str, Any]]:
            webhook.answers[("GET", "/")] = web.Response(status=500)
            return desired

        webhook.adjust = die
        with pytest.raises(Transient, match="500"):
            await provider.apply(ZONE, [change((None, stands("www", "A", "192.0.2.1")))])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(web.Response(text="<html>"), Transient, id="a page"),
        pytest.param(web.Response(text="{}"), Transient, id="an object"),
        pytest.param(web.Response(body=b"[", headers={"Content-Type": MEDIA_TYPE}), Transient, id="a list cut off"),
        pytest.param(web.Response(status=500), Transient, id="500"),
        pytest.param(web.Response(status=404), Denied, id="404"),
    ],
)
async def test_a_listing_that_is_none_is_never_an_empty_zone(answer: web.Response, kind: type[ProviderError]) -> None:
    async with met(Webhook(answers={("GET", "/records"): answer})) as provider:
        with pytest.raises(kind):
            await provider.read(ZONE, None)


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/external.dns.webhook+json;version=2", "application/external.dns.webhook+json"]
)
async def test_what_does_not_speak_the_protocol_is_denied(media_type: str) -> None:
    answer = web.Response(body=b"{}", headers={"Content-Type": media_type})
    async with met(Webhook(answers={("GET", "/"): answer})) as provider:
        with pytest.raises(Denied, match=r"is no webhook of this version; correct config\.url"):
            await provider.read(ZONE, None)


async def test_a_zone_outside_the_domain_filter_is_denied() -> None:
    async with met(Webhook(filter={"include": ["example.net"]})) as provider:
        with pytest.raises(Denied, match=r"does not serve example\.org"):
            await provider.read(ZONE, None)


async def test_a_body_of_32_mib_is_read_and_a_larger_one_refused() -> None:
    webhook = Webhook(records=[listed("big", "TXT", "x" * 200, labels={"pad": "y" * (31 * 1024 * 1024)})])
    async with met(webhook, timeout=60) as provider:
        assert list(await content(provider)) == [DnsName("big.example.org.")]
        webhook.records[0]["labels"]["pad"] *= 2
        with pytest.raises(Transient, match="more than 33554432 bytes"):
            await provider.read(ZONE, None)


async def test_a_webhook_that_does_not_answer_is_given_up() -> None:
    webhook = Webhook()
    async with met(webhook) as provider:
        await provider.read(ZONE, None)
        unreachable = WebhookProvider.from_settings(ProviderSettings("w", {"url": "http://127.0.0.1:9"}))
        with pytest.raises(Transient, match="see that the webhook runs"):
            await unreachable.read(ZONE, None)
        await unreachable.aclose()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param({}, r"config\.url: no webhook is named", id="no url"),
        pytest.param({"url": "localhost:8888"}, r"config\.url: it is no http", id="no scheme"),
        pytest.param({"url": "http://u:pw@h:1"}, r"config\.url: it holds a user.*Secret", id="credentials in the url"),
        pytest.param({"url": "http://[::1"}, r"config\.url: it is no http", id="broken url"),
        pytest.param({"url": "http://h", "timeOut": 3}, r"config\.timeOut: .*did you mean timeout", id="unknown field"),
        pytest.param({"url": "http://h", "timeout": 0}, r"config\.timeout: ", id="no time"),
        pytest.param({"url": "http://h", "batchSize": "9"}, r"config\.batchSize: it is a str", id="text for a number"),
        pytest.param({"url": "http://h", "types": ["A"]}, r"config\.types: it lacks A or TXT", id="types"),
        pytest.param(
            {"url": "http://h", "setIdentifiers": 1}, r"config\.setIdentifiers: .*true or false", id="a number for a switch"
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_field(config: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        WebhookProvider.from_settings(ProviderSettings("w", config, {"authorization": Secret("hushhush-t0ken")}))
    assert "pw" not in str(caught.value)
    assert "hushhush-t0ken" not in str(caught.value)
