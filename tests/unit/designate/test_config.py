"""What a DNSProvider of type designate may say, every way to log in, and what is refused in which words."""

from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret
from mcidns.provider import ProviderSettings
from mcidns_designate import config
from mcidns_designate.config import Config, Tls

URL = "https://keystone.example.org:5000/v3"
HIDDEN = "hushhush2-very-secret"
CLOUDS = f"""
clouds:
  north:
    auth: {{auth_url: "{URL}", username: dns, password: "{HIDDEN}", project_name: shop}}
    user_domain_name: Default
    region_name: north
    interface: internal
    cacert: /etc/ssl/north.pem
  south:
    auth_type: v3applicationcredential
    auth: {{auth_url: "{URL}", application_credential_id: abc, application_credential_secret: "{HIDDEN}"}}
    verify: false
"""


def parse(secrets: dict[str, str] | None = None, **fields: object) -> Config:
    """Parse fields and the keys of a Secret."""
    given = {key: Secret(value) for key, value in (secrets or {}).items()}
    return config.parse(ProviderSettings("test", fields, given))


@pytest.mark.parametrize(
    ("secrets", "fields", "kind", "options"),
    [
        pytest.param(
            {"password": HIDDEN},
            {"authURL": URL, "username": "dns", "projectName": "shop"},
            "v3password",
            {
                "auth_url": URL,
                "username": "dns",
                "password": HIDDEN,
                "project_name": "shop",
                "user_domain_id": "default",
                "project_domain_id": "default",
            },
            id="a password, with the domain that everybody has",
        ),
        pytest.param(
            {"password": HIDDEN, "username": "dns", "userDomainName": "people"},
            {"authURL": URL, "projectID": "4711"},
            "v3password",
            {"auth_url": URL, "username": "dns", "password": HIDDEN, "project_id": "4711", "user_domain_name": "people"},
            id="a password, the user told in the Secret",
        ),
        pytest.param(
            {"applicationCredentialID": "abc", "applicationCredentialSecret": HIDDEN},
            {"authURL": URL},
            "v3applicationcredential",
            {"auth_url": URL, "application_credential_id": "abc", "application_credential_secret": HIDDEN},
            id="an application credential",
        ),
        pytest.param(
            {"token": HIDDEN},
            {"authURL": URL, "projectID": "4711"},
            "v3token",
            {"auth_url": URL, "token": HIDDEN, "project_id": "4711"},
            id="a token",
        ),
        pytest.param(
            {
                "OS_AUTH_URL": URL,
                "OS_USERNAME": "dns",
                "OS_PASSWORD": HIDDEN,
                "OS_PROJECT_NAME": "shop",
                "OS_USER_DOMAIN_NAME": "Default",
                "OS_PROJECT_DOMAIN_NAME": "Default",
                "OS_REGION_NAME": "ignored",
            },
            {},
            "v3password",
            {
                "auth_url": URL,
                "username": "dns",
                "password": HIDDEN,
                "project_name": "shop",
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
            id="the variables of an openrc",
        ),
        pytest.param({}, {"auth": "none", "endpoint": "http://dns:9001"}, "none", {"endpoint": "http://dns:9001"}, id="no login"),
        pytest.param(
            {"clouds.yaml": CLOUDS},
            {"cloud": "north"},
            "v3password",
            {
                "auth_url": URL,
                "username": "dns",
                "password": HIDDEN,
                "project_name": "shop",
                "user_domain_name": "Default",
                "project_domain_id": "default",
            },
            id="a cloud of clouds.yaml",
        ),
        pytest.param(
            {"clouds.yaml": CLOUDS},
            {"cloud": "south"},
            "v3applicationcredential",
            {"auth_url": URL, "application_credential_id": "abc", "application_credential_secret": HIDDEN},
            id="a cloud with an application credential",
        ),
    ],
)
def test_every_way_to_log_in(secrets, fields, kind, options):
    login = parse(secrets, **fields).login
    assert (login.kind, dict(login.options)) == (kind, options)
    assert HIDDEN not in repr(login)


def test_a_clouds_yaml_also_says_where_and_how():
    north, south = parse({"clouds.yaml": CLOUDS}, cloud="north"), parse({"clouds.yaml": CLOUDS}, cloud="south")
    assert (north.region, north.interface, north.tls) == ("north", "internal", Tls(ca_file="/etc/ssl/north.pem"))
    assert (south.region, south.interface, south.tls) == (None, "public", Tls(verify=False))
    assert parse({"clouds.yaml": CLOUDS}, cloud="north", region="west", interface="admin").region == "west"


OPEN: dict[str, Any] = {"auth": "none", "endpoint": "http://dns.example.org:9001"}


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        pytest.param({}, (), id="our own project's zones"),
        pytest.param({"allProjects": True}, (("X-Auth-All-Projects", "true"),), id="those of all projects"),
        pytest.param({"sudoProjectID": "4711"}, (("X-Auth-Sudo-Project-ID", "4711"),), id="those of another project"),
        pytest.param(
            {"projectID": "4711"}, (("X-Auth-Project-ID", "4711"),), id="without a login, those of the project that is named"
        ),
    ],
)
def test_whose_zones_are_meant(fields, headers):
    assert parse(**OPEN, **fields).headers == headers


def test_what_is_not_said_has_sound_values():
    made = parse(**OPEN)
    assert (made.timeout, made.parallel, made.min_ttl, made.tls) == (30.0, 8, 0, Tls())


@pytest.mark.parametrize(
    ("secrets", "fields", "field", "words"),
    [
        pytest.param({}, {}, "secretRef", "clouds.yaml, password", id="nothing to log in with"),
        pytest.param({"password": HIDDEN}, {"username": "dns"}, "config.authURL", "write it", id="no Keystone"),
        pytest.param(
            {"password": HIDDEN}, {"authURL": "keystone:5000"}, "config.authURL", "no URL", id="an address without scheme"
        ),
        pytest.param({"password": HIDDEN}, {"authURL": URL}, "config.username", "needs a user", id="a password without a user"),
        pytest.param(
            {"applicationCredentialSecret": HIDDEN}, {"authURL": URL}, "config.auth", "lacks something", id="half a credential"
        ),
        pytest.param({}, {"password": HIDDEN}, "config.password", "Secret", id="a secret in the config"),
        pytest.param({}, {"auth": "none"}, "config.endpoint", "write its URL", id="no login and no endpoint"),
        pytest.param({}, {"auth": "kerberos"}, "config.auth", "applicationCredential", id="a login that does not exist"),
        pytest.param({}, {**OPEN, "authUrl": URL}, "config.authUrl", "did you mean authURL", id="a misspelled field"),
        pytest.param({}, {**OPEN, "interface": "inside"}, "config.interface", "public", id="an interface that is none"),
        pytest.param({}, {**OPEN, "timeout": 0}, "config.timeout", "more than 0", id="no time"),
        pytest.param({}, {**OPEN, "parallel": "8"}, "config.parallel", "whole number", id="a number in quotes"),
        pytest.param({}, {**OPEN, "parallel": 100}, "config.parallel", "1 to 64", id="too many writes at once"),
        pytest.param({}, {**OPEN, "minTTL": True}, "config.minTTL", "whole number", id="a truth for a number"),
        pytest.param({}, {**OPEN, "allProjects": True, "sudoProjectID": "1"}, "config.sudoProjectID", "one of", id="all and one"),
        pytest.param({}, {**OPEN, "tls": "yes"}, "config.tls", "caFile", id="tls that is no object"),
        pytest.param({}, {**OPEN, "tls": {"caData": "x"}}, "config.tls.caData", "PEM", id="a CA that is none"),
        pytest.param(
            {}, {**OPEN, "tls": {"verify": False}}, "config.tls.verify", "no such field", id="a field of tls that is none"
        ),
        pytest.param({}, {**OPEN, "cloud": "north"}, "config.cloud", "no clouds.yaml", id="a cloud without clouds.yaml"),
        pytest.param({"clouds.yaml": CLOUDS}, {}, "config.cloud", "north, south", id="which of several clouds"),
        pytest.param({"clouds.yaml": CLOUDS}, {"cloud": "west"}, "config.cloud", "north, south", id="a cloud that is not there"),
        pytest.param(
            {"clouds.yaml": CLOUDS}, {"cloud": "north", "username": "x"}, "config.username", "clouds.yaml says", id="two logins"
        ),
        pytest.param({"clouds.yaml": f"password: [{HIDDEN}"}, {}, "secretRef clouds.yaml", "no YAML", id="a file that is no YAML"),
        pytest.param({"clouds.yaml": f"- {HIDDEN}"}, {}, "secretRef clouds.yaml", "no mapping", id="a file of another kind"),
        pytest.param(
            {"clouds.yaml": f"clouds: {{a: {{auth: {{auth_url: u, user: dns, password: {HIDDEN}}}}}}}"},
            {},
            "config.auth",
            "has no user",
            id="a misspelled option of clouds.yaml",
        ),
        pytest.param(
            {"clouds.yaml": "clouds: {a: {auth_type: v3carrierpigeon, auth: {auth_url: u}}}"},
            {},
            "config.auth",
            "no plug-in 'v3carrierpigeon'",
            id="a login that keystoneauth does not know",
        ),
    ],
)
def test_mistakes_are_told_with_field_and_remedy_and_without_the_secret(secrets, fields, field, words):
    with pytest.raises(ConfigError) as caught:
        parse(secrets, **fields)
    assert caught.value.field == field
    assert words in str(caught.value)
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert HIDDEN not in "".join(map(repr, chain))
