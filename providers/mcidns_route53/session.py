"""Who we are to AWS: a boto3 client from static keys, a profile, a role to assume, or whatever the environment offers; blocking."""

from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
from botocore.config import Config as ClientConfig
from botocore.credentials import DeferredRefreshableCredentials

from mcidns_route53.account import Client
from mcidns_route53.config import Config, Role


def client(config: Config) -> Client:
    """A client whose retries are off (ours decide) and whose waits are bounded. Raises the SDK's exceptions."""
    session = _session(config)
    if config.role is not None:
        session = _assuming(session, config, config.role)
    made: Client = session.client("route53", endpoint_url=config.endpoint_url, config=_client_config(config))
    return made


def _client_config(config: Config) -> ClientConfig:
    return ClientConfig(
        connect_timeout=config.connect_timeout,
        read_timeout=config.timeout,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=8,
        user_agent_extra="mcidns",
    )


def _session(config: Config) -> boto3.Session:
    if config.keys is None:
        return boto3.Session(profile_name=config.profile, region_name=config.region)
    token = config.keys.session_token
    return boto3.Session(
        aws_access_key_id=config.keys.access_key_id,
        aws_secret_access_key=config.keys.secret_access_key.value,
        aws_session_token=token.value if token is not None else None,
        region_name=config.region,
    )


class _Resolver:
    """What botocore asks for credentials: always the role's."""

    def __init__(self, credentials: DeferredRefreshableCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> DeferredRefreshableCredentials:
        return self._credentials


def _assuming(source: boto3.Session, config: Config, role: Role) -> boto3.Session:
    """A session with the role's credentials, renewed by botocore before they expire."""
    inner = botocore.session.get_session()
    credentials = DeferredRefreshableCredentials(refresh_using=_fetching(source, config, role), method="assume-role")
    inner.register_component("credential_provider", _Resolver(credentials))
    return boto3.Session(botocore_session=inner, region_name=config.region)


def _fetching(source: boto3.Session, config: Config, role: Role) -> Callable[[], dict[str, Any]]:
    sts = source.client("sts", endpoint_url=config.sts_endpoint_url, config=_client_config(config))
    request = {"RoleArn": role.arn, "RoleSessionName": role.session_name}
    if role.external_id is not None:
        request["ExternalId"] = role.external_id

    def fetch() -> dict[str, Any]:
        found = sts.assume_role(**request)["Credentials"]
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"].isoformat(),
        }

    return fetch
