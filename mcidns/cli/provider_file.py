"""A DNSProvider as a file, for verbs that work without a host cluster: its config, and files that hold its secrets."""

import base64
from collections.abc import Mapping
from pathlib import Path

import yaml

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret
from mcidns.provider import ProviderSettings


def settings(type_: str, path: str | None) -> ProviderSettings:
    """What the file says of a provider of this type; nothing without a file. Raises ConfigError."""
    content = _yaml(path) if path is not None else {}
    for key in content:
        if key not in {"config", "secretFiles"}:
            raise ConfigError(f"--config: {key}", "there is no such field", "known are config and secretFiles")
    config = _mapping(content, "config")
    secrets: dict[str, Secret] = {}
    for key, file in _mapping(content, "secretFiles").items():
        try:
            held = Path(str(file)).read_bytes()
        except OSError as error:
            raise ConfigError(
                f"--config: secretFiles.{key}", f"{file}: {error.strerror}", "name a file that can be read"
            ) from error
        try:
            secrets[key] = Secret(held.decode("utf-8").strip())
        except UnicodeDecodeError:
            secrets[key] = Secret(base64.b64encode(held).decode("ascii"))  # a keytab, say; as from a Secret of Kubernetes
    return ProviderSettings(type_, config, secrets)


def _yaml(path: str) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise ConfigError("--config", f"{path}: {error.strerror}", "name a file that can be read") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError("--config", f"{path} is no YAML", "write config: and secretFiles:, see --help") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError("--config", f"{path} holds no mapping", "write config: and secretFiles:, see --help")
    return {str(key): value for key, value in content.items()}


def _mapping(content: Mapping[str, object], key: str) -> dict[str, object]:
    value = content.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"--config: {key}", "it is not a mapping", "write key: value lines below it")
    return {str(name): item for name, item in value.items()}
