"""Rights, clocks, tokens, certificates and flags of ExternalDNS, read and judged without anybody to ask."""

import base64
import datetime as dt
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mcidns.doctor import clocks, credentials, installation, rights
from mcidns.doctor.credentials import Lifetime
from mcidns.doctor.rights import Half, Right
from mcidns.doctor.site import DeploymentSeen
from mcidns.model.names import DnsName
from tests.packaging import charts

NOW = 1_800_000_000.0


@pytest.mark.parametrize("half", [pytest.param("decide", id="decide"), pytest.param("program", id="program")])
def test_a_half_needs_just_what_the_chart_gives_it(half: Half) -> None:
    objects = charts.rendered({"only": half, "rbac": {"managedClusters": True}})
    granted = {right for one in charts.of_kind(objects, "ClusterRole") for right in rights.of_rules(one["rules"])}
    granted |= {right for one in charts.of_kind(objects, "Role") for right in rights.of_rules(one["rules"], charts.NAMESPACE)}
    assert set(rights.of_host(half, charts.NAMESPACE, managed=True, lease="dns-mcidns")) == granted


def test_both_halves_need_everything_and_ocm_only_where_it_lists_clusters() -> None:
    named = Right("", "secrets", "get", name="mcidns")
    assert named in rights.of_host("both", "ours", managed=True)
    assert named not in rights.of_host("both", "ours")
    assert {one.namespace for one in rights.of_host("both", "ours", ("theirs",)) if one.resource == "secrets"} == {"ours", "theirs"}


def test_the_lease_is_the_one_that_the_controller_asks_for() -> None:
    def leases(half: Half, lease: str | None = None) -> set[tuple[str, str]]:
        return {(one.verb, one.name) for one in rights.of_host(half, "ours", lease=lease) if one.resource == "leases"}

    assert leases("both") == {("create", ""), ("get", "mcidns"), ("patch", "mcidns")}
    assert leases("decide") == {("create", ""), ("get", "mcidns-decide"), ("patch", "mcidns-decide")}
    assert leases("both", "hub-dns") == {("create", ""), ("get", "hub-dns"), ("patch", "hub-dns")}
    assert leases("both", "off") == set()


def test_rights_are_asked_and_told_exactly() -> None:
    one = Right("mcidns.io", "globalhosts", "patch", "status")
    assert one.attributes == {"group": "mcidns.io", "resource": "globalhosts", "verb": "patch", "subresource": "status"}
    other = Right("", "secrets", "list", namespace="ours")
    told = rights.spelled(
        (one, other, Right("", "namespaces", "get", name="kube-system"), Right("", "secrets", "get", namespace="ours"))
    )
    assert told == "get namespaces kube-system; get, list secrets in ours; patch globalhosts/status.mcidns.io"


def test_rights_on_the_gateway_api_are_needed_where_it_is_served() -> None:
    more = set(rights.of_member()) - set(rights.of_member(gateways=False))
    assert {one.resource for one in more} == {"gateways", "httproutes", "grpcroutes", "tlsroutes"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("Fri, 15 Jan 2027 08:00:00 GMT", 0.0, id="the same second"),
        pytest.param("Fri, 15 Jan 2027 08:00:10 GMT", 9.5, id="ahead"),
        pytest.param("Fri, 15 Jan 2027 07:59:00 GMT", -59.0, id="behind"),
        pytest.param("yesterday", None, id="no date"),
        pytest.param("", None, id="none"),
    ],
)
def test_a_date_header_gives_the_least_skew_that_explains_it(header: str, expected: float | None) -> None:
    assert clocks.skew(header, NOW, NOW + 0.5) == expected


@pytest.mark.parametrize(
    ("skews", "found"),
    [
        pytest.param({}, [], id="nobody tells"),
        pytest.param({"host": 0.0, "a": 4.0, "b": -4.0}, [], id="close enough"),
        pytest.param({"host": 0.0, "a": 0.0, "b": 61.0}, ["ClockSkew"], id="one is off"),
        pytest.param({"host": 60.0, "a": 61.0, "b": 62.0}, ["ClockHere"], id="all agree against us"),
        pytest.param({"host": 60.0, "a": 61.0, "b": 0.0}, ["ClockHere", "ClockSkew"], id="most agree against us"),
        pytest.param({"host": -300.0}, ["ClockSkew"], id="one alone"),
        pytest.param({"host": 0.0, "a": -300.0}, ["ClockSkew"], id="one of two"),
    ],
)
def test_whose_clock_is_off(skews: dict[str, float], found: list[str]) -> None:
    assert [one.rule.name for one in clocks.judge(skews)] == found


def certificate(end: dt.datetime) -> bytes:
    """DER of one that ends then."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "n" * 60)] * 4)  # lengths of two bytes
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = built.not_valid_before(end - dt.timedelta(days=9)).not_valid_after(end).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(dt.datetime(2027, 1, 15, 8, 0, tzinfo=dt.UTC), id="UTCTime"),
        pytest.param(dt.datetime(1999, 12, 31, 23, 59, 59, tzinfo=dt.UTC), id="UTCTime of the last century"),
        pytest.param(dt.datetime(2061, 6, 1, tzinfo=dt.UTC), id="GeneralizedTime"),
    ],
)
def test_the_end_of_a_certificate_is_read(end: dt.datetime) -> None:
    der = certificate(end)
    pem = "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der).decode() + "-----END CERTIFICATE-----\n"
    assert (credentials.der_end(der), credentials.pem_end(f"text before\n{pem}")) == (end.timestamp(), end.timestamp())


@pytest.mark.parametrize("cut", [0, 1, 5, 40, 100])
def test_what_is_no_certificate_has_no_end(cut: int) -> None:
    assert credentials.der_end(certificate(dt.datetime(2027, 1, 1, tzinfo=dt.UTC))[:cut]) is None
    assert credentials.pem_end("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----") is None


def jwt(claims: object) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.sig"


@pytest.mark.parametrize(
    ("token", "end"),
    [
        pytest.param(jwt({"exp": 1_800_000_000}), NOW, id="with an end"),
        pytest.param(jwt({"sub": "x"}), None, id="without"),
        pytest.param(jwt(["exp"]), None, id="no claims"),
        pytest.param("opaque", None, id="no JWT"),
        pytest.param("a.%%%.c", None, id="no base64"),
    ],
)
def test_the_end_of_a_token_is_read(token: str, end: float | None) -> None:
    assert credentials.token_end(token) == end


@pytest.mark.parametrize(
    ("days", "found"),
    [
        pytest.param(-1.0, ["CredentialExpired"], id="over"),
        pytest.param(13.0, ["CredentialExpiring"], id="soon"),
        pytest.param(15.0, [], id="in time"),
    ],
)
def test_an_end_is_judged_by_how_near_it_is(days: float, found: list[str]) -> None:
    one = Lifetime("the token", NOW + days * 86400, "renew it")
    assert [(finding.rule.name, finding.remedy) for finding in credentials.judge((one,), NOW)] == [
        (rule, "renew it") for rule in found
    ]


def deployment(*args: str, image: str = "registry.k8s.io/external-dns/external-dns:v0.20.0", **env: str) -> DeploymentSeen:
    return DeploymentSeen("dns", "x", "", "default", 1, 1, (image,), args, tuple(env.items()))


@pytest.mark.parametrize(
    ("seen", "owner", "domains", "writes"),
    [
        pytest.param(deployment(), "default", (), True, id="as it comes"),
        pytest.param(
            deployment("--txt-owner-id=hub", "--domain-filter=example.org", "--domain-filter=example.net"),
            "hub",
            ("example.org.", "example.net."),
            True,
            id="flags with =",
        ),
        pytest.param(deployment("--txt-owner-id", "hub", "--dry-run"), "hub", (), False, id="flags with a space, dry"),
        pytest.param(
            deployment(EXTERNAL_DNS_TXT_OWNER_ID="env", EXTERNAL_DNS_DOMAIN_FILTER="a.example\nb.example"),
            "env",
            ("a.example.", "b.example."),
            True,
            id="environment",
        ),
        pytest.param(deployment("--txt-owner-id=hub", image="mirror/edns:1"), "hub", (), True, id="another image"),
    ],
)
def test_an_external_dns_is_read_by_its_flags(seen: DeploymentSeen, owner: str, domains: tuple[str, ...], writes: bool) -> None:
    found = installation.external_dns(seen)
    assert found is not None
    assert (found.owner, found.domains, found.writes) == (owner, tuple(map(DnsName, domains)), writes)


def test_what_is_no_external_dns_is_none() -> None:
    assert installation.external_dns(deployment("--txt=1", image="nginx:1")) is None
