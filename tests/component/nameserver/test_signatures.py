"""TSIG as RFC 8945 has it, held against our name server and against BIND."""

import time

import dns.message
import dns.rcode
import dns.tsig
import pytest

from tests.component.nameserver.peers import (
    KEY,
    PEERS,
    TIMEOUT,
    an_update,
    exchange,
    held,
    mac_of,
    send,
    serving,
    signed_at,
    transferred,
)

PLAIN = ("hmac-md5.sig-alg.reg.int.", "hmac-sha1.", "hmac-sha224.", "hmac-sha256.", "hmac-sha384.", "hmac-sha512.")
TRUNCATED = ("hmac-sha256-128.", "hmac-sha384-192.", "hmac-sha512-256.")


def _change(key: dns.tsig.Key | None = KEY) -> dns.message.Message:
    update = an_update(key)
    update.add("new", 60, "A", "192.0.2.9")
    return update


async def _signs_and_transfers(peer: str, algorithm: str) -> None:
    key = dns.tsig.Key("k.", b"secret of this test", algorithm)
    async with serving(peer, keys={"k.": ("hmac-md5" if "md5" in algorithm else algorithm, key.secret)}) as server:
        answer = await send(server, _change(key))
        zone = await transferred(server, key)

        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.had_tsig
        assert zone.find_rdataset("new", "A")[0].to_text() == "192.0.2.9"


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("algorithm", [pytest.param(name, id=name.split(".")[0]) for name in PLAIN])
async def test_every_hmac_signs_updates_and_transfers(peer: str, algorithm: str) -> None:
    await _signs_and_transfers(peer, algorithm)


@pytest.mark.parametrize("algorithm", [pytest.param(name, id=name.rstrip(".")) for name in TRUNCATED])
async def test_the_truncated_hmacs_of_dnspython_sign_as_well(algorithm: str) -> None:
    await _signs_and_transfers("nameserver", algorithm)


@pytest.mark.parametrize("peer", PEERS)
async def test_an_unsigned_update_is_refused(peer: str) -> None:
    async with serving(peer) as server:
        assert (await send(server, _change(None))).rcode() == dns.rcode.REFUSED
        assert await held(server, "new", "A") is None


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    ("key", "error"),
    [
        pytest.param(dns.tsig.Key("stranger.", KEY.secret, KEY.algorithm), dns.tsig.PeerBadKey, id="a key nobody knows"),
        pytest.param(dns.tsig.Key(KEY.name, KEY.secret, "hmac-sha512."), dns.tsig.PeerBadKey, id="another algorithm"),
        pytest.param(dns.tsig.Key(KEY.name, b"guessed", KEY.algorithm), dns.tsig.PeerBadSignature, id="another secret"),
    ],
)
async def test_a_bad_signature_is_told_its_kind_and_changes_nothing(peer: str, key: dns.tsig.Key, error: type[Exception]) -> None:
    async with serving(peer) as server:
        with pytest.raises(error):
            await send(server, _change(key))

        assert await held(server, "new", "A") is None


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("key", [pytest.param("stranger.", id="BADKEY"), pytest.param("mcidns.", id="BADSIG")])
async def test_an_answer_without_a_shared_secret_carries_no_mac(peer: str, key: str) -> None:
    async with serving(peer) as server:
        wire, _ = signed_at(_change(None), dns.tsig.Key(key, b"guessed", "hmac-sha256."))

        answer = dns.message.from_wire(await exchange(server, wire), keyring=False)

        assert (answer.rcode(), answer.mac) == (dns.rcode.NOTAUTH, b"")


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("skew", [pytest.param(-400, id="slow"), pytest.param(400, id="fast")])
async def test_a_clock_that_is_off_gets_a_signed_answer_with_the_right_time(peer: str, skew: int) -> None:
    async with serving(peer) as server:
        theirs = time.time() + skew
        wire, request_mac = signed_at(_change(None), KEY, theirs)

        found = await exchange(server, wire)

        answer = dns.message.from_wire(found, keyring=False)
        assert answer.tsig is not None
        tsig = answer.tsig[0]
        assert (answer.rcode(), tsig.error, tsig.time_signed) == (dns.rcode.NOTAUTH, dns.rcode.BADTIME, int(theirs))
        assert abs(int.from_bytes(tsig.other, "big") - time.time()) < TIMEOUT
        assert tsig.mac == mac_of(_without_tsig(found), KEY, tsig, request_mac)
        assert await held(server, "new", "A") is None


@pytest.mark.parametrize("peer", PEERS)
async def test_a_message_changed_on_its_way_is_not_believed(peer: str) -> None:
    async with serving(peer) as server:
        wire, _ = signed_at(_change(None), KEY)
        forged = wire.replace(bytes([192, 0, 2, 9]), bytes([192, 0, 2, 8]))

        answer = dns.message.from_wire(await exchange(server, forged), keyring=False)

        assert (answer.rcode(), answer.tsig_error) == (dns.rcode.NOTAUTH, dns.rcode.BADSIG)
        assert await held(server, "new", "A") is None


@pytest.mark.parametrize("peer", PEERS)
async def test_a_signed_question_gets_a_signed_answer(peer: str) -> None:
    async with serving(peer) as server:
        query = dns.message.make_query("www.example.org.", "A")
        query.use_tsig(KEY)

        answer = await send(server, query)

        assert answer.had_tsig
        assert len(answer.answer[0]) == 2


@pytest.mark.parametrize("peer", PEERS)
async def test_a_mac_of_an_impossible_length_is_a_format_error(peer: str) -> None:
    async with serving(peer) as server:
        wire, mac = signed_at(_change(None), KEY)
        shorter = _shortened(wire, mac, len(mac) - 5)

        answer = dns.message.from_wire(await exchange(server, shorter), keyring=False)

        assert answer.rcode() == dns.rcode.FORMERR


def _without_tsig(wire: bytes) -> bytes:
    start = wire.rindex(KEY.name.to_digestable())
    return wire[:11] + bytes([wire[11] - 1]) + wire[12:start]


def _shortened(wire: bytes, mac: bytes, cut: int) -> bytes:
    """The signed message with `cut` octets less of MAC, all lengths set right."""
    at = wire.index(mac)
    length_at = at - 10 - len(KEY.algorithm.to_digestable()) - 2
    length = int.from_bytes(wire[length_at : length_at + 2], "big") - cut
    kept = len(mac) - cut
    head = wire[:length_at] + length.to_bytes(2, "big") + wire[length_at + 2 : at - 2] + kept.to_bytes(2, "big")
    return head + mac[:kept] + wire[at + len(mac) :]
