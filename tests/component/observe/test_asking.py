"""One question at a time over real sockets and real TLS: what is sent, what is believed, and how failures are told."""

import asyncio
import errno
import os
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from mcidns import __version__
from mcidns.errors import ConfigError
from mcidns.model.names import DnsName
from mcidns.observe.asking import Question, ask
from mcidns.observe.replies import Answer, Outcome
from mcidns.observe.trust import Trust
from tests.certificates import Authority
from tests.component.observe.peers import (
    Script,
    black_hole,
    closed_port,
    drips,
    endless,
    http,
    probe,
    says,
    serving,
    stalls,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def meaning(answer: Answer) -> tuple[str, str]:
    """Class and words."""
    return str(answer.outcome), answer.detail


async def told(script: Script, **rule: Any) -> tuple[str, str]:
    """What is said of a plain HTTP server that answers like this."""
    async with serving(script) as peer:
        return meaning(await ask(peer.question(**rule), Trust()))


async def test_the_request_is_for_the_published_name_and_says_who_asks() -> None:
    async with serving(http(200)) as peer:
        answer = await ask(peer.question(path="/healthz?deep=1"), Trust())
        assert meaning(answer) == ("passed", "HTTP 200")
        assert answer.good is True
        expected = (
            f"GET /healthz?deep=1 HTTP/1.1\r\nHost: shop.example.org:{peer.port}\r\n"
            f"User-Agent: mcidns-probe/{__version__}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        )
        assert peer.requests == [expected]


@pytest.mark.parametrize(
    ("rule", "line", "host"),
    [
        pytest.param({"port": 80}, "GET / HTTP/1.1", "shop.example.org", id="the scheme's own port is not said"),
        pytest.param({"port": 8080}, "GET / HTTP/1.1", "shop.example.org:8080", id="another port is"),
        pytest.param({"port": 8080, "host": "probe.local"}, "GET / HTTP/1.1", "probe.local", id="the rule's host stands as it is"),
        pytest.param({"port": 80, "path": "/ä b%20c"}, "GET /%C3%A4%20b%20c HTTP/1.1", "shop.example.org", id="a path is encoded"),
        pytest.param({"port": 80, "path": "up"}, "GET /up HTTP/1.1", "shop.example.org", id="a path begins with a slash"),
        pytest.param(
            {"port": 80, "path": "/\r\nX-Evil: 1", "host": "a\r\nX: 1"},
            "GET /%0D%0AX-Evil:%201 HTTP/1.1",
            "a%0D%0AX%3A%201",
            id="nothing can be smuggled in",
        ),
    ],
)
def test_request_lines(rule: dict[str, Any], line: str, host: str) -> None:
    lines = Question.of(probe("HTTP", **rule)).request.decode().split("\r\n")
    assert lines[:2] == [line, f"Host: {host}"]
    assert len(lines) == 7


@pytest.mark.parametrize(
    ("status", "expect", "outcome"),
    [
        pytest.param(204, ((200, 399),), "passed", id="a success"),
        pytest.param(404, ((200, 399),), "status", id="not found"),
        pytest.param(503, ((200, 399),), "status", id="unavailable"),
        pytest.param(401, ((200, 299), (401, 401)), "passed", id="the second of two ranges"),
        pytest.param(200, ((204, 204),), "status", id="a success that is not the one expected"),
        pytest.param(101, ((101, 101),), "passed", id="switching protocols"),
    ],
)
async def test_the_status_decides(status: int, expect: tuple[tuple[int, int], ...], outcome: str) -> None:
    assert await told(http(status), expect=expect) == (outcome, f"HTTP {status}")


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with serving(http(200)) as there, serving(http(302, f"Location: http://127.0.0.1:{there.port}/")) as peer:
        assert meaning(await ask(peer.question(), Trust())) == ("passed", "HTTP 302")
        assert meaning(await ask(peer.question(expect=((200, 299),)), Trust())) == ("status", "HTTP 302")
        assert there.connections == 0


async def test_no_proxy_from_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(http(502)) as proxy, serving(http(200)) as peer:
        for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert meaning(await ask(peer.question(), Trust())) == ("passed", "HTTP 200")
        assert proxy.connections == 0


async def test_informational_answers_before_the_real_one_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    assert await told(says(early + early + b"HTTP/1.1 503 Busy\r\n\r\n")) == ("status", "HTTP 503")


async def test_an_endless_body_is_not_read() -> None:
    async with serving(endless(OK[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n")) as peer:
        assert meaning(await ask(peer.question(), Trust())) == ("passed", "HTTP 200")
        async with asyncio.timeout(10):
            while peer.open:  # the server is told by a closed connection
                await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param(says(b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP answer but 'SSH-2.0-OpenSSH_9.2'", id="another protocol"),
        pytest.param(says(b"\x15\x03\x01\x00\x02\x02\x46" * 9), "no HTTP answer but '......F......F", id="bytes"),
        pytest.param(says(b"HTTP/1.1 okay then\r\n\r\n"), "no HTTP answer but 'HTTP/1.1 okay then'", id="a status that is none"),
        pytest.param(says(b"HTTP/1.1 200 " + b"o" * 2000), "no HTTP answer but 'HTTP/1.1 200 ooo", id="an endless status line"),
        pytest.param(
            endless(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
            "the header of the answer is longer than 16 KiB",
            id="endless fields",
        ),
        pytest.param(
            endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "the header of the answer is longer than 16 KiB", id="endless 100s"
        ),
    ],
)
async def test_what_is_no_http_is_told_by_its_first_bytes(script: Script, words: str) -> None:
    outcome, detail = await told(script)
    assert outcome == "not-http"
    assert detail.startswith(words)
    assert len(detail) < 70


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param(says(b""), "connection closed without an answer", id="at once"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nServer: x\r\n"), "connection closed within the header of the answer", id="midway"),
    ],
)
async def test_a_connection_closed_too_early_is_a_failure(script: Script, words: str) -> None:
    assert await told(script) == ("closed", words)


async def test_a_reset_connection_is_a_failure() -> None:
    async def resets(_: object, writer: asyncio.StreamWriter) -> None:
        linger = writer.get_extra_info("socket")
        linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        writer.transport.abort()

    assert await told(resets) == ("closed", "connection reset")


@pytest.mark.parametrize(
    ("script", "stage"),
    [
        pytest.param(stalls(), "without an answer", id="no answer"),
        pytest.param(stalls(b"HTTP/1.1 200 OK\r\nServer: x\r\n"), "within the header of the answer", id="half a header"),
        pytest.param(drips(OK * 100, 0.02), "within the header of the answer", id="byte by byte"),
    ],
)
async def test_slow_answers_time_out_and_the_stage_is_told(script: Script, stage: str) -> None:
    async with serving(script) as peer:
        answer = await ask(peer.question(timeout=0.3), Trust())
        assert meaning(answer) == ("timeout", f"timed out after 0.3 s {stage}")
        assert answer.good is False


async def test_a_black_hole_times_out_without_a_connection() -> None:
    with black_hole() as port:
        for protocol in ("TCP", "HTTP"):
            answer = await ask(Question.of(probe(protocol, port, timeout=0.2)), Trust())
            assert meaning(answer) == ("timeout", "timed out after 0.2 s without a connection")


async def test_a_port_where_nobody_listens_is_refused() -> None:
    for protocol in ("TCP", "HTTP", "HTTPS"):
        answer = await ask(Question.of(probe(protocol, closed_port())), Trust())
        assert meaning(answer) == ("refused", "connection refused")


async def test_tcp_is_content_with_a_connection_over_both_families() -> None:
    for address in ("127.0.0.1", "::1"):
        async with serving(stalls(), address=address) as peer:
            assert meaning(await ask(peer.question("TCP"), Trust())) == ("passed", "connected")
            assert peer.requests == []


async def test_https_verifies_the_certificate_for_the_published_name(tmp_path: Path) -> None:
    authority, heard = Authority(), list[str | None]()
    for address in ("127.0.0.1", "::1"):
        tls = authority.serving("shop.example.org", sni=heard.append)
        async with serving(http(200), address=address, tls=tls) as peer:
            answer = await ask(peer.question("HTTPS"), Trust(authority.file(tmp_path)))
            assert meaning(answer) == ("passed", "HTTP 200")
            assert peer.requests[0].split("\r\n")[1] == f"Host: shop.example.org:{peer.port}"
    assert heard == ["shop.example.org"] * 2


async def test_the_rules_host_is_the_server_name_too(tmp_path: Path) -> None:
    authority, heard = Authority(), list[str | None]()
    async with serving(http(200), tls=authority.serving("probe.local", sni=heard.append)) as peer:
        answer = await ask(peer.question("HTTPS", host="probe.local"), Trust(authority.file(tmp_path)))
        assert meaning(answer) == ("passed", "HTTP 200")
        assert heard == ["probe.local"]


async def test_a_wildcard_certificate_fits_a_name_below_it_only(tmp_path: Path) -> None:
    authority = Authority()
    async with serving(http(200), tls=authority.serving("*.example.org")) as peer:
        trust = Trust(authority.file(tmp_path))
        assert (await ask(peer.question("HTTPS"), trust)).outcome is Outcome.PASSED
        deeper = await ask(peer.question("HTTPS", name=DnsName.parse("a.b.example.org")), trust)
        assert meaning(deeper) == ("certificate", "certificate is for *.example.org, not a.b.example.org")


@pytest.mark.parametrize(
    ("names", "dates", "words"),
    [
        pytest.param(["other.example"], (-24, 24), "certificate is for other.example, not shop.example.org", id="another name"),
        pytest.param(
            ["a.example", "b.example", "192.0.2.1", "c.example", "d.example"],
            (-24, 24),
            "certificate is for a.example, b.example, 192.0.2.1 and 2 more, not shop.example.org",
            id="many other names",
        ),
        pytest.param([], (-24, 24), "certificate is for no name at all, not shop.example.org", id="no name"),
        pytest.param(["shop.example.org"], (-48, -24), "certificate has expired", id="expired"),
        pytest.param(["shop.example.org"], (24, 48), "certificate is not valid yet", id="not valid yet"),
    ],
)
async def test_a_certificate_that_does_not_fit_fails_unless_told_otherwise(
    tmp_path: Path, names: list[str], dates: tuple[float, float], words: str
) -> None:
    authority = Authority()
    async with serving(http(200), tls=authority.serving(*names, begins=dates[0], ends=dates[1])) as peer:
        trust = Trust(authority.file(tmp_path))
        assert meaning(await ask(peer.question("HTTPS"), trust)) == ("certificate", words)
        assert peer.requests == []
        assert meaning(await ask(peer.question("HTTPS", insecure_skip_verify=True), trust)) == ("passed", "HTTP 200")


async def test_an_authority_that_is_not_trusted_fails(tmp_path: Path) -> None:
    async with serving(http(200), tls=Authority().serving("shop.example.org")) as peer:
        for trust in (Trust(), Trust(Authority().file(tmp_path))):
            answer = await ask(peer.question("HTTPS"), trust)
            assert meaning(answer) == ("certificate", "certificate is signed by an authority that is not trusted")


async def test_failures_of_tls_are_told(tmp_path: Path) -> None:
    async with serving(http(200)) as plain:
        # The server waits for the end of a request that never comes, or answers in plain text.
        plain.talk = answers_anything  # type: ignore[assignment]
        assert meaning(await ask(plain.question("HTTPS"), Trust())) == ("tls", "the port does not speak TLS")
    async with serving(stalls()) as mute:
        answer = await ask(mute.question("HTTPS", timeout=0.3), Trust())
        assert meaning(answer) == ("timeout", "timed out after 0.3 s within the TLS handshake")
    authority = Authority()
    old = authority.serving("shop.example.org")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    old.set_ciphers("AES128-SHA")
    async with serving(http(200), tls=old) as weak:
        answer = await ask(weak.question("HTTPS"), Trust(authority.file(tmp_path)))
        assert answer.outcome is Outcome.TLS  # in words of OpenSSL's, or as a connection closed, by what the server sends


async def answers_anything(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the first bytes in plain text."""
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def test_a_host_that_cannot_be_a_server_name_is_our_trouble_and_not_the_targets() -> None:
    async with serving(stalls()) as peer:
        answer = await ask(peer.question("HTTPS", host=".bad."), Trust())
        assert answer == Answer(Outcome.UNABLE, "'.bad.' cannot be a TLS server name", answer.seconds)
        assert answer.good is None


def descriptors() -> list[int]:
    """The files this process has open."""
    return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    """The process may open no further file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = [os.dup(0) for _ in range(max(descriptors()) - len(descriptors()) + 8)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(held) + 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for number in held:
            os.close(number)


async def test_what_this_machine_lacks_says_nothing_of_the_target() -> None:
    async with serving(http(200)) as peer:
        with no_descriptors_left():
            answer = await ask(peer.question(), Trust())
        assert meaning(answer) == ("unable", f"this controller cannot ask: {os.strerror(errno.EMFILE).lower()}")
        assert answer.good is None
        assert meaning(await ask(peer.question(), Trust())) == ("passed", "HTTP 200")


async def test_a_question_broken_off_leaves_nothing_open() -> None:
    async with serving(stalls()) as peer:
        asking = asyncio.create_task(ask(peer.question(), Trust()))
        while not peer.requests:
            await asyncio.sleep(0.005)
        held = len(descriptors())
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert asking.cancelled()
        assert len(descriptors()) == held - 1


async def test_nothing_blocks_the_loop(tmp_path: Path) -> None:
    authority = Authority()
    async with serving(http(200)) as plain, serving(http(200), tls=authority.serving("shop.example.org")) as tls:
        trust = Trust(authority.file(tmp_path))
        with blockbuster_ctx():
            assert (await ask(plain.question(), trust)).good is True
            assert (await ask(plain.question("TCP"), trust)).good is True
            assert (await ask(tls.question("HTTPS"), trust)).good is True
            assert (await ask(tls.question("HTTPS", host="other.example"), trust)).outcome is Outcome.CERTIFICATE
            assert (await ask(tls.question("HTTPS", insecure_skip_verify=True), trust)).good is True


@pytest.mark.parametrize("content", [pytest.param(None, id="is not there"), pytest.param("no PEM", id="is no PEM")])
def test_a_file_of_authorities_that_cannot_be_read_is_refused_at_once(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match="probe-ca-file"):
        Trust(path)
