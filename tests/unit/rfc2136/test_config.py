"""What a DNSProvider may say, and what each mistake is told."""

import base64
import importlib.util
import sys
from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret
from mcidns.provider import ProviderSettings
from mcidns_rfc2136 import Rfc2136Provider, config
from mcidns_rfc2136.config import Address, Config, Tls
from mcidns_rfc2136.gss import Login

RAW = b"hushhush89abcdef"
SECRET = base64.b64encode(RAW).decode()


def parsed(secret: str | None = SECRET, **fields: object) -> Config:
    """The settings of one server with a key; `fields` replace or add, None removes."""
    said: dict[str, object] = {"servers": ["192.0.2.53"], "tsigKeyName": "k", **fields}
    secrets = {} if secret is None else {"tsigSecret": Secret(secret)}
    return config.parse(ProviderSettings("p", {key: value for key, value in said.items() if value is not None}, secrets))


@pytest.mark.parametrize(
    ("written", "address"),
    [
        pytest.param("192.0.2.53", Address("192.0.2.53", 53), id="IPv4"),
        pytest.param("192.0.2.53:5353", Address("192.0.2.53", 5353), id="IPv4 and port"),
        pytest.param("NS1.Example.org.", Address("ns1.example.org", 53), id="name"),
        pytest.param("ns1.example.org:5353", Address("ns1.example.org", 5353), id="name and port"),
        pytest.param("2001:DB8::53", Address("2001:db8::53", 53), id="IPv6"),
        pytest.param("[2001:db8::53]", Address("2001:db8::53", 53), id="IPv6 in brackets"),
        pytest.param("[2001:db8::53]:5353", Address("2001:db8::53", 5353), id="IPv6 and port"),
        pytest.param("localhost", Address("localhost", 53), id="single label"),
    ],
)
def test_servers_are_names_or_addresses_with_or_without_a_port(written: str, address: Address) -> None:
    assert parsed(servers=[written]).servers == (address,)


def test_the_defaults_are_those_of_the_design() -> None:
    made = parsed()
    assert (made.timeout, made.transfer_timeout, made.min_ttl, made.batch, made.tls) == (5.0, 60.0, 0, 300, None)
    assert made.verify == made.servers
    assert made.key is not None
    assert (made.key.name, made.key.algorithm, made.key.secret) == ("k.", "hmac-sha256", RAW)


def test_every_field_is_taken() -> None:
    made = parsed(
        servers=["a.test", "b.test:1"],
        port=5353,
        tsigAlgorithm="HMAC-SHA512.",
        timeout=2,
        transferTimeout=9.5,
        minTTL=30,
        batchSize=10,
        verify=["c.test"],
        tls={"enabled": True, "caFile": "/ca.pem", "serverName": "ns"},
    )
    assert made.servers == (Address("a.test", 5353), Address("b.test", 1))
    assert made.verify == (Address("c.test", 5353),)
    assert made.key is not None
    assert made.key.algorithm == "hmac-sha512"
    assert (made.timeout, made.transfer_timeout, made.min_ttl, made.batch) == (2.0, 9.5, 30, 10)
    assert made.tls == Tls("/ca.pem", None, "ns")


def test_tls_has_its_own_port() -> None:
    assert parsed(tls={"enabled": True}).servers == (Address("192.0.2.53", 853),)
    assert parsed(tls={"enabled": False}).tls is None


def test_without_a_key_only_what_says_so_is_unsigned() -> None:
    assert parsed(secret=None, tsigKeyName=None, allowUnsigned=True).key is None


def test_a_weak_algorithm_needs_a_word() -> None:
    made = parsed(tsigAlgorithm="hmac-md5", allowWeakAlgorithms=True)
    assert made.key is not None
    assert made.key.algorithm == "hmac-md5"


@pytest.mark.parametrize(
    ("fields", "field", "remedy"),
    [
        pytest.param({"servers": None}, "config.servers", "list at least one", id="no servers"),
        pytest.param({"servers": "a.test"}, "config.servers", "write a list", id="servers not a list"),
        pytest.param({"servers": [5]}, "config.servers[0]", "write host", id="a number for a server"),
        pytest.param({"servers": ["a.test", ""]}, "config.servers[1]", "write host", id="an empty server"),
        pytest.param({"servers": ["a.test:0"]}, "config.servers[0]", "write host", id="port 0"),
        pytest.param({"servers": ["a.test:x"]}, "config.servers[0]", "write host", id="a port that is none"),
        pytest.param({"servers": ["[2001:db8::1"]}, "config.servers[0]", "write host", id="an open bracket"),
        pytest.param({"servers": ["1.2.3.400"]}, "config.servers[0]", "write host", id="an address that is none"),
        pytest.param({"servers": ["a_/b"]}, "config.servers[0]", "write host", id="a name that is none"),
        pytest.param({"verify": ["*.a"]}, "config.verify[0]", "write host", id="a wildcard to verify at"),
        pytest.param({"port": 70000}, "config.port", "from 1 to 65535", id="port too large"),
        pytest.param({"port": "53"}, "config.port", "whole number", id="port as text"),
        pytest.param({"port": True}, "config.port", "whole number", id="port as truth"),
        pytest.param({"timeout": 0}, "config.timeout", "more than 0", id="no time"),
        pytest.param({"transferTimeout": "1m"}, "config.transferTimeout", "seconds", id="time as text"),
        pytest.param({"minTTL": -1}, "config.minTTL", "from 0", id="negative TTL"),
        pytest.param({"batchSize": 0}, "config.batchSize", "from 1", id="empty batches"),
        pytest.param({"tsigAlgorithm": "sha3"}, "config.tsigAlgorithm", "hmac-sha256", id="unknown algorithm"),
        pytest.param({"tsigAlgorithm": "hmac-md5"}, "config.tsigAlgorithm", "allowWeakAlgorithms", id="weak algorithm"),
        pytest.param({"tsigKeyName": ""}, "config.tsigKeyName", "write the key's name", id="a secret without a key name"),
        pytest.param({"tsigKeyName": "a b"}, "config.tsigKeyName", "as the server has it", id="a bad key name"),
        pytest.param(
            {"allowUnsigned": "yes", "tsigKeyName": None}, "config.tsigKeyName", "write the key's name", id="truth as text"
        ),
        pytest.param({"gssTsig": {}}, "config.tsigKeyName", "not both", id="GSS-TSIG beside a key"),
        pytest.param({"gssTsig": True}, "config.gssTsig", "gssTsig: {principal", id="GSS-TSIG as truth"),
        pytest.param({"gssTsig": {"zzz": "x"}}, "config.gssTsig.zzz", "known are principal", id="an unknown field of GSS-TSIG"),
        pytest.param({"server": ["a"]}, "config.server", "did you mean servers?", id="a misspelt field"),
        pytest.param({"tsigkeyname": "k"}, "config.tsigkeyname", "did you mean tsigKeyName?", id="a field in lower case"),
        pytest.param({"zzz": 1}, "config.zzz", "known are servers", id="an unknown field"),
        pytest.param({"tls": True}, "config.tls", "tls: {enabled: true}", id="tls as truth"),
        pytest.param({"tls": {"ca": "x"}}, "config.tls.ca", "did you mean caFile?", id="a misspelt field of tls"),
        pytest.param({"tls": {"enabled": "no"}}, "config.tls.enabled", "true or false", id="tls.enabled as text"),
        pytest.param({"tls": {"caData": "abc"}}, "config.tls.caData", "BEGIN CERTIFICATE", id="a CA that is none"),
        pytest.param(
            {"tls": {"caFile": "/x", "caData": "-----BEGIN CERTIFICATE-----"}}, "config.tls.caFile", "one of them", id="two CAs"
        ),
        pytest.param(
            {"tls": {"caData": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"}},
            "config.tls.caData",
            "in PEM",
            id="a broken CA",
        ),
    ],
)
def test_a_mistake_names_the_field_and_the_remedy(fields: dict[str, Any], field: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(**fields)
    assert caught.value.field == field
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("secret", "field"),
    [
        pytest.param(None, "secretRef", id="no secret for the key"),
        pytest.param("", "secretRef", id="empty"),
        pytest.param("hushhush2 is not base64!", "secretRef", id="no base64"),
    ],
)
def test_a_bad_secret_is_never_shown(secret: str | None, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(secret=secret)
    assert caught.value.field == field
    assert "hushhush2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_nobody_writes_unsigned_by_omission() -> None:
    with pytest.raises(ConfigError, match="allowUnsigned"):
        parsed(secret=None, tsigKeyName=None)


def test_no_text_of_the_provider_shows_the_secret() -> None:
    made = parsed()
    assert SECRET not in repr(made)
    assert repr(RAW) not in repr(made)


def test_the_provider_states_what_it_can() -> None:
    provider = Rfc2136Provider.from_settings(
        ProviderSettings("p", {"servers": ["a.test"], "tsigKeyName": "k", "minTTL": 30}, {"tsigSecret": Secret(SECRET)})
    )
    can = provider.capabilities
    assert can.compare_and_set
    assert can.min_ttl == 30
    assert not can.set_identifiers
    assert {"A", "AAAA", "CNAME", "TXT"} <= can.types


KEYTAB = b"\x05\x02\x00\x00\x00\x04\xff\xfe\xfd\xfc"
PACKED = base64.b64encode(KEYTAB).decode()
with_gssapi = pytest.mark.skipif(importlib.util.find_spec("gssapi") is None, reason="gssapi is not installed: pip install '.[gss]'")


def by_ticket(keytab: str | None = PACKED, servers: tuple[str, ...] = ("ns1.test",), **gss: object) -> Config:
    """The settings of servers with GSS-TSIG."""
    secrets = {} if keytab is None else {"keytab": Secret(keytab)}
    return config.parse(ProviderSettings("p", {"servers": list(servers), "gssTsig": gss}, secrets))


@with_gssapi
def test_gss_tsig_takes_the_keytab_of_the_secret() -> None:
    made = by_ticket(principal="mcidns@TEST", realm="TEST", serverName="ns9.test", service="dns")
    assert made.key is None
    assert made.gss == Login("mcidns@TEST", "TEST", "ns9.test", "dns", KEYTAB)
    assert repr(KEYTAB) not in repr(made)
    assert by_ticket(None, keytabFile="/etc/k").gss == Login(keytab_file="/etc/k")
    assert by_ticket(None, ccache="FILE:/tmp/c").gss == Login(ccache="FILE:/tmp/c")


@pytest.mark.parametrize(
    ("keytab", "servers", "gss", "field", "remedy"),
    [
        pytest.param(PACKED, ("192.0.2.53",), {}, "config.gssTsig.serverName", "host name", id="a server known by address only"),
        pytest.param(PACKED, ("ns1.test",), {"ccache": "FILE:/c"}, "config.gssTsig", "one of them", id="keytab and cache"),
        pytest.param(None, ("a.test",), {"ccache": "c", "keytabFile": "k"}, "config.gssTsig", "one of them", id="file and cache"),
        pytest.param(
            None,
            ("a.test",),
            {"principal": 5},
            "config.gssTsig.principal",
            "a string",
            id="a number for a principal",
            marks=with_gssapi,
        ),
        pytest.param(
            "hushhush2", ("a.test",), {}, "secretRef", "--from-file=keytab", id="a keytab that is no base64", marks=with_gssapi
        ),
        pytest.param("aHVudGVyMg==", ("a.test",), {}, "secretRef", "--from-file=keytab", id="no keytab", marks=with_gssapi),
    ],
)
def test_a_mistake_about_tickets_names_the_field_and_the_remedy(
    keytab: str | None, servers: tuple[str, ...], gss: dict[str, object], field: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        by_ticket(keytab, servers, **gss)
    assert caught.value.field == field
    assert remedy in caught.value.remedy
    assert "hushhush2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_without_the_extra_gss_tsig_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)  # as if it were not installed
    with pytest.raises(ConfigError, match=r"pip install 'mcidns\[gss\]'") as caught:
        by_ticket()
    assert caught.value.field == "config.gssTsig"
