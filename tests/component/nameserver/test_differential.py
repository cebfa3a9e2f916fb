"""Random updates sent to our name server and to BIND side by side: every answer, serial and final zone must be the same."""

import random
from collections.abc import Callable

import dns.rcode
import dns.update
import pytest

from tests.bind import Bind
from tests.component.nameserver.peers import an_update, send, serial, serving, transferred

NAMES = ("a", "b", "c", "x.y", "y", "*.w", "v.w", "@", "www", "alias", "text")
VALUES = {
    "A": ("192.0.2.1", "192.0.2.2", "192.0.2.3"),
    "AAAA": ("2001:db8::1", "2001:db8::2"),
    "TXT": ('"one"', '"one" "two"', '"three"'),
    "CNAME": ("a", "www", "elsewhere.example.net."),
    # Targets in the zone would need addresses there: BIND checks that after an update, which is no part of RFC 2136.
    "MX": ("10 mail.example.net.", "20 mail.example.net."),
    "SRV": ("1 2 53 host.example.net.",),
}


def _random_update(rng: random.Random) -> dns.update.UpdateMessage:
    update = an_update()
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        _random_prerequisite(rng, update)
    for _ in range(rng.randint(1, 6)):
        _random_change(rng, update)
    return update


def _random_prerequisite(rng: random.Random, update: dns.update.UpdateMessage) -> None:
    name, (rdtype, values) = rng.choice(NAMES), rng.choice(tuple(VALUES.items()))
    kinds: tuple[Callable[[], None], ...] = (
        lambda: update.present(name),
        lambda: update.present(name, rdtype),
        lambda: update.present(name, rdtype, rng.choice(values)),
        lambda: update.absent(name),
        lambda: update.absent(name, rdtype),
    )
    rng.choice(kinds)()


def _random_change(rng: random.Random, update: dns.update.UpdateMessage) -> None:
    name, (rdtype, values) = rng.choice(NAMES), rng.choice(tuple(VALUES.items()))
    ttl = rng.choice((0, 60, 90))
    kinds: tuple[Callable[[], None], ...] = (
        lambda: update.add(name, ttl, rdtype, rng.choice(values)),
        lambda: update.add(name, ttl, rdtype, *values),
        lambda: update.replace(name, ttl, rdtype, rng.choice(values)),
        lambda: update.delete(name, rdtype, rng.choice(values)),
        lambda: update.delete(name, rdtype),
        lambda: update.delete(name),
    )
    rng.choice(kinds)()


@pytest.mark.skipif(not Bind.available(), reason="named is not installed")
@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"seed {seed}") for seed in range(8)])
async def test_random_updates_end_as_they_do_in_bind(seed: int) -> None:
    rng = random.Random(seed)
    async with serving("nameserver") as ours, serving("bind") as bind:
        for _ in range(60):
            update = _random_update(rng)
            text = update.to_text()
            said = [dns.rcode.to_text((await send(server, update)).rcode()) for server in (ours, bind)]
            serials = [await serial(server) for server in (ours, bind)]

            assert said[0] == said[1], text
            assert serials[0] == serials[1], text

        assert await transferred(ours) == await transferred(bind)
