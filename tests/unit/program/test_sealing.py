"""Ownership encrypted as ExternalDNS encrypts it: what is read, what is written, and what a wrong key does."""

import base64
import gzip

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from mcidns.errors import ConfigError
from mcidns.model.records import RecordKey
from mcidns.model.secrets import Secret
from mcidns.model.zones import Encryption, Registry
from mcidns.program import ownership, plan
from mcidns.program.registry import Names
from mcidns.program.sealing import Seal
from tests.unit.program.builders import (
    OWNER,
    affix,
    at,
    carried_out,
    content,
    name,
    records,
    rules,
    txt,
    wanted,
    written,
    zone,
)

RAW = "hushhush, of just 32 characters!"
TEXT = f"heritage=external-dns,external-dns/owner={OWNER},external-dns/resource=globalhost/shop/web"
PLACE = "mcidns-a.foo"


def encryption(key: str = RAW, *, writes: bool = False) -> Encryption:
    return Encryption("txt-key", Secret(key), writes)


def from_go(text: str, key: str = RAW, nonce: bytes = b"0123456789ab") -> str:
    """As ExternalDNS makes it: gzip, AES-256-GCM, nonce first, standard base64; its compressor's bytes are its own."""
    return base64.b64encode(nonce + AESGCM(key.encode()).encrypt(nonce, gzip.compress(text.encode(), 1), None)).decode()


def sealed_zone(*, writes: bool):
    return zone(encryption=encryption(writes=writes))


@pytest.mark.parametrize(
    "key", [pytest.param(RAW, id="32 characters"), pytest.param(base64.b64encode(RAW.encode()).decode(), id="base64")]
)
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param('"{}"', id="quoted"),
        pytest.param("{}", id="bare"),
        pytest.param('"\\"{}\\""', id="quotes inside the value"),
    ],
)
def test_what_externaldns_encrypted_is_read_and_kept_as_it_was(key, shape):
    value = shape.format(from_go(TEXT))
    claim = ownership.read(value, Seal.of(encryption(key)))
    assert claim is not None
    assert (claim.owner, claim.resource, claim.raw, claim.sealed) == (OWNER, "globalhost/shop/web", value, True)
    assert claim.text == f'"{TEXT}"'


def test_a_value_of_two_strings_is_read_as_one():
    whole = from_go(TEXT)
    assert ownership.read(f'"{whole[:50]}" "{whole[50:]}"', Seal.of(encryption())) is not None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(f'"{from_go(TEXT, "x" * 32)}"', id="another key"),
        pytest.param(f'"{from_go(TEXT)[:-4]}AAAA"', id="a damaged one"),
        pytest.param(
            '"dGhpcyBpcyBub3RoaW5nIGJ1dCBiYXNlNjQgb2Ygc29tZSBsb25naXNoIHRleHQgdGhhdCBpcyBub3QgZW5jcnlwdGVk"', id="base64 of text"
        ),
        pytest.param('"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC"', id="some other TXT"),
        pytest.param('""', id="nothing"),
    ],
)
def test_what_this_key_did_not_make_is_nobodys(value):
    assert ownership.read(value, Seal.of(encryption())) is None


def test_plain_text_is_read_beside():
    assert ownership.read(f'"{TEXT}"', Seal.of(encryption())) is not None
    assert ownership.read(f'"{from_go(TEXT)}"') is None


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=300), st.sampled_from(["a.", "b."]))
def test_what_we_write_reads_back_the_same_each_time_and_differs_by_place(text, place):
    seal = Seal.of(encryption())
    assert seal.open(seal.close(text, place)) == text
    assert seal.close(text, place) == seal.close(text, place)
    assert seal.close(text, place) != seal.close(text, place + "c.")


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        pytest.param(Encryption("txt-key"), "has no text 'aesKey'", id="no key"),
        pytest.param(encryption("short"), "no key of 32 bytes", id="too short"),
        pytest.param(encryption(base64.b64encode(b"x" * 31).decode()), "no key of 32 bytes", id="31 bytes in base64"),
    ],
)
def test_a_key_that_is_none_is_told_without_showing_it(given_, words):
    with pytest.raises(ConfigError, match=r"spec\.registry\.encryption\.secretRef") as caught:
        Seal.of(given_)
    assert words in str(caught.value)
    assert given_.key is None or given_.key.value not in str(caught.value)


def test_a_record_whose_ownership_is_encrypted_is_ours_and_deleted_by_its_raw_value():
    value = f'"{from_go(TEXT)}"'
    held = content(records("foo"), records(PLACE, "TXT", value))
    found = plan.diff(rules(sealed_zone(writes=True)), wanted("foo"), at(held), (name(PLACE),))
    (change,) = found.changes
    assert {edit.key.type: (edit.old.values, edit.new) for edit in change.edits} == {
        "A": (("192.0.2.1",), None),
        "TXT": ((value,), None),
    }


@pytest.mark.parametrize("writes", [pytest.param(False, id="to plain text"), pytest.param(True, id="to our own compressor's")])
def test_ownership_is_brought_to_what_the_zone_wants_once(writes):
    theirs = TEXT.replace("globalhost/shop/web", "ingress/shop/old")
    held = content(records("foo"), records(PLACE, "TXT", f'"{from_go(theirs)}"'))
    base = rules(sealed_zone(writes=writes))
    wish = wanted("foo", records("foo"))
    first = plan.diff(base, wish, at(held), (name(PLACE),))
    after = carried_out(held, first.changes)
    ((value,),) = [values for key, values in written(first.changes).items() if key.endswith("TXT")]
    assert ("heritage" in value) is not writes
    assert plan.diff(base, wish, at(after), (name(PLACE),)).changes == ()


def test_encrypted_ownership_that_says_just_this_is_left_whatever_compressor_made_it():
    held = content(records("foo"), records(PLACE, "TXT", f'"{from_go(TEXT)}"'))
    assert plan.diff(rules(sealed_zone(writes=True)), wanted("foo", records("foo")), at(held), (name(PLACE),)).changes == ()


def test_a_quick_look_at_a_zone_finds_what_is_encrypted():
    names = Names.of(name(""), Registry(write=affix(), encryption=encryption()), OWNER)
    mine = records("a-foo", "TXT", f'"{from_go(TEXT)}"')
    assert names.may_own(mine)
    assert names.owns(names.find(RecordKey(name("foo"), "A"), at(content(mine))))
    assert not names.may_own(records("x", "TXT", '"v=spf1"'))
    assert not Names.of(name(""), Registry(write=affix()), OWNER).may_own(mine)
    assert Names.of(name(""), Registry(write=affix()), OWNER).may_own(txt("a-foo"))
