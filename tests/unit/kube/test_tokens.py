"""What of a token may be told: which it is, and when it ends."""

import base64
import json

import pytest

from mcidns.kube import tokens
from mcidns.kube.tokens import Token
from mcidns.model.secrets import Secret


def jwt(**claims: object) -> Secret:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"e30.{payload}.c2lnbmVk")


def test_a_tokens_times_are_read_from_it() -> None:
    found = tokens.read(jwt(iat=1000, exp=2000, sub="x"))
    assert (found.issued, found.expires) == (1000.0, 2000.0)


def test_two_tokens_have_two_fingerprints_and_neither_shows_its_token() -> None:
    one, other = jwt(jti="1"), jwt(jti="2")
    assert tokens.read(one).fingerprint == tokens.read(one).fingerprint != tokens.read(other).fingerprint
    assert len(tokens.read(one).fingerprint) == 16
    assert tokens.read(one).fingerprint not in one.value


@pytest.mark.parametrize(
    "text",
    ["opaque", "a.b", "a.!!!.c", "a.bm90IGpzb24.c", "a.W10.c", "a.eyJleHAiOiJzb29uIn0.c", "ü.ü.ü", "a..c"],
    ids=["opaque", "short", "no base64", "no json", "a list", "a text for a time", "no ascii", "empty"],
)
def test_what_is_no_jwt_has_no_times(text: str) -> None:
    found = tokens.read(Secret(text))
    assert (len(found.fingerprint), found.issued, found.expires) == (16, None, None)


def test_no_token_has_no_fingerprint() -> None:
    assert tokens.read(None) == Token("")


@pytest.mark.parametrize(("now", "soon"), [(1000, False), (1899, False), (1900, True), (2000, True), (3000, True)])
def test_the_last_tenth_of_a_life_is_soon(now: float, soon: bool) -> None:
    assert Token("f", 1000, 2000).ends_soon(now) is soon


def test_a_token_that_does_not_end_never_ends_soon() -> None:
    assert not tokens.read(jwt(iat=1000)).ends_soon(1e12)
