"""Values that every back end must carry unharmed: record types, texts and names in canonical form; no test lives here."""

from collections.abc import Mapping, Sequence

import pytest

TYPES: Mapping[str, tuple[str, Sequence[str]]] = {
    "A": ("address", ("192.0.2.1", "192.0.2.2")),
    "AAAA": ("address6", ("2001:db8::1", "2001:db8:0:1::")),
    "CNAME": ("alias", ("target.example.net.",)),
    "TXT": ("text", ('"hello world"', '"v=spf1 -all"')),
    "NS": ("child", ("ns1.example.net.", "ns2.example.net.")),
    "MX": ("mail", ("10 mx1.example.net.", "20 mx2.example.net.")),
    "SRV": ("_https._tcp", ("0 5 443 web1.example.net.", "10 0 8443 web2.example.net.")),
    "PTR": ("1.2.0.192", ("web.example.net.",)),
    "CAA": ("issuer", ('0 issue "letsencrypt.org"', '0 issuewild ";"')),
    "NAPTR": ("naptr", ('100 10 "u" "E2U+sip" "!^.*$!sip:info@example.net!" .',)),
    "HTTPS": ("https", ('1 . alpn="h2"',)),
    "SVCB": ("svcb", ('1 svc.example.net. port="8443"',)),
    "TLSA": ("_443._tcp", (f"3 1 1 {'ab' * 32}",)),
    "SSHFP": ("shell", (f"4 2 {'cd' * 32}",)),
    "DNAME": ("subtree", ("other.example.net.",)),
    "DS": ("signed", (f"12345 13 2 {'ef' * 32}",)),
    "SPF": ("sender", ('"v=spf1 -all"',)),
}
"""Type to the name it stands at and its values."""

TEXTS = [
    pytest.param('"owner=me;x=1, y"', id="semicolon and comma"),
    pytest.param(r'"a \"quoted\" word"', id="quotes inside"),
    pytest.param(r'"back\\slash"', id="backslash"),
    pytest.param('"  two  blanks  "', id="blanks at both ends"),
    pytest.param('"one" "two"', id="two strings"),
    pytest.param(f'"{"x" * 250}" "{"y" * 250}" "{"z" * 40}"', id="longer than one string"),
    pytest.param('"it\'s (here) @ 100% $HOME <&>"', id="marks of zone files and shells"),
]
"""TXT values in presentation format: printable ASCII as it is, `"` and `\\` behind a backslash."""

ODD_TEXTS = [
    pytest.param(r'"caf\195\169"', id="outside ASCII"),
    pytest.param('""', id="empty"),
    pytest.param(f'"{"x" * 255}" "{"y" * 255}"', id="strings as long as can be"),
    pytest.param(r'"tab\009and\000zero"', id="control characters"),
]
"""TXT values that some back ends cannot carry: they stand unharmed or are rejected."""

NAMES = [
    pytest.param("*", id="wildcard at the top"),
    pytest.param("*.apps", id="wildcard below"),
    pytest.param("_acme-challenge.www", id="underscore"),
    pytest.param("xn--bcher-kva", id="international name"),
    pytest.param("a" * 63, id="a label of 63 characters"),
    pytest.param(".".join("abcdefghijklmnopqrst"), id="twenty labels"),
    pytest.param("0", id="one digit"),
    pytest.param("a--b", id="two dashes"),
]
