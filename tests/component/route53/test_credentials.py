"""Who we are to AWS, and what is said when nobody believes it; no secret is in any of it."""

from pathlib import Path

import pytest

from mcidns.errors import Denied, Transient
from mcidns.model.secrets import Secret
from mcidns.provider import ProviderSettings
from mcidns_route53 import Route53Provider
from tests.component.route53 import parts
from tests.component.route53.parts import ZONE
from tests.component.route53.strict import Strict, error

ROLE = "arn:aws:iam::123456789012:role/dns"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of this machine reach the tests."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def keyless(service: Strict, **config: object) -> Route53Provider:
    fields = {"endpointURL": service.url, "requestsPerSecond": 10_000, **config}
    return Route53Provider.from_settings(ProviderSettings("test", fields))


async def reads(made: Route53Provider) -> None:
    try:
        await made.read(ZONE, None)
    finally:
        await made.aclose()


async def test_a_role_is_assumed_with_its_external_id_and_its_credentials_used(
    service: Strict, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.create_zone(service)
    asked = service.assumed
    made = Route53Provider.from_settings(
        parts.settings(service, roleARN=ROLE, externalID="research", roleSessionName="hub", stsEndpointURL=service.url)
    )
    await reads(made)
    assert asked == [{"RoleArn": ROLE, "RoleSessionName": "hub", "ExternalId": "research"}]


async def test_a_profile_of_the_machine_is_used(service: Strict, tmp_path: Path) -> None:
    parts.create_zone(service)
    (tmp_path / "credentials").write_text("[dns]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = hidden\n")
    await reads(keyless(service, profile="dns"))


async def test_the_environments_credentials_are_used_where_nothing_else_is_said(
    service: Strict, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.create_zone(service)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hushhush")
    await reads(keyless(service))


@pytest.mark.parametrize(
    ("config", "told"),
    [
        pytest.param({}, "accessKeyID", id="none at all"),
        pytest.param({"profile": "nobody"}, "accessKeyID", id="an unknown profile"),
    ],
)
async def test_missing_credentials_are_denied_with_what_to_do(service: Strict, config: dict[str, str], told: str) -> None:
    with pytest.raises(Denied, match=told):
        await reads(keyless(service, **config))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("AccessDenied", "not authorized to perform: route53:ListHostedZonesByName", id="policy"),
        pytest.param("InvalidClientTokenId", "accessKeyID", id="key id"),
        pytest.param("SignatureDoesNotMatch", "secretAccessKey", id="secret"),
        pytest.param("ExpiredToken", "sessionToken", id="expired"),
        pytest.param("RequestExpired", "clock", id="clock"),
    ],
)
async def test_each_denial_says_what_to_mend(service: Strict, code: str, told: str) -> None:
    def refuse(operation: str, moment: str) -> None:
        raise error(code, "User: arn:aws:iam::1:user/x is not authorized to perform: route53:ListHostedZonesByName")

    parts.create_zone(service)
    service.hook = refuse
    with pytest.raises(Denied, match=told) as caught:
        await reads(Route53Provider.from_settings(parts.settings(service)))
    assert parts.SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_new_credentials_in_the_secret_are_a_new_provider_and_work_beside_the_old_one(service: Strict) -> None:
    parts.create_zone(service)
    old, new = parts.settings(service), parts.settings(service)
    changed = ProviderSettings("test", new.config, {**new.secrets, "accessKeyID": Secret("AKIANEW")})
    first, second = Route53Provider.from_settings(old), Route53Provider.from_settings(changed)
    await reads(first)
    await reads(second)


async def test_a_server_that_nobody_runs_is_transient_and_surely_not_written() -> None:
    config = {"endpointURL": "http://127.0.0.1:9", "timeout": 1}
    made = Route53Provider.from_settings(ProviderSettings("test", config, parts.KEYS))
    with pytest.raises(Transient, match="cannot be reached") as caught:
        await reads(made)
    assert not caught.value.unsure
