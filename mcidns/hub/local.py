"""What of this machine members may be reached by: access providers' programs and a kubeconfig's contexts, read at the start."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

import yaml

from mcidns.errors import ConfigError
from mcidns.hub.fields import Fields, short
from mcidns.hub.unreadable import Problem
from mcidns.kube import access, kubeconfig
from mcidns.kube.access import EXEC_VERSIONS, Access, ExecPlugin

ArgsPolicy = Literal["Ignore", "Append"]
EnvPolicy = Literal["Ignore", "AppendIfNotExists", "Replace"]

_ARGS: Final[tuple[ArgsPolicy, ...]] = get_args(ArgsPolicy)
_ENV: Final[tuple[EnvPolicy, ...]] = get_args(EnvPolicy)
_FILE: Final = "--clusterprofile-provider-file"
_CONTEXTS: Final = "--members-from-kubeconfig"


@dataclass(frozen=True, slots=True)
class Provider:
    """An access provider and the program that speaks for it (KEP-5339); the policies say what cluster objects may add to it."""

    name: str
    plugin: ExecPlugin
    args: ArgsPolicy = "Ignore"
    env: EnvPolicy = "Ignore"

    def all_args(self, added: tuple[str, ...]) -> tuple[str, ...]:
        """The program's arguments with those that an object adds, as far as it may."""
        return (*self.plugin.args, *added) if self.args == "Append" else self.plugin.args

    def all_env(self, added: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """The program's variables with those that an object adds, as far as it may."""
        match self.env:
            case "Ignore":
                return self.plugin.env
            case "AppendIfNotExists":
                return tuple({**dict(added), **dict(self.plugin.env)}.items())
            case "Replace":
                return tuple({**dict(self.plugin.env), **dict(added)}.items())


@dataclass(frozen=True, slots=True)
class Local:
    """`providers` in the order in which they are preferred; a context that cannot be used is its error."""

    providers: tuple[Provider, ...] = ()
    contexts: Mapping[str, Access | ConfigError] = field(default_factory=dict)

    def provider(self, name: str) -> Provider | None:
        """The access provider of this name."""
        return next((one for one in self.providers if one.name == name), None)


NOTHING: Final = Local()


def read_providers(file: Path) -> tuple[Provider, ...]:
    """The access providers of a file as the Cluster Inventory API has it. Raises ConfigError with every mistake."""
    try:
        # JSON is YAML too.
        content = yaml.safe_load(kubeconfig.read(file, _FILE))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(_FILE, f"{file} is neither JSON nor YAML", "write it as docs/fleets.md shows") from error
    problems: list[Problem] = []
    top = Fields(content, "", problems)
    found = [_provider(entry) for entry in top.children("providers")]
    names = [one.name for one in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        top.refuse("providers", f"{short(name)!r} stands twice", "name each provider once")
    if not found and not problems:
        top.refuse("providers", "is missing or empty", "name at least one access provider")
    if problems:
        told = "; ".join(str(one) for one in sorted(set(problems)))
        raise ConfigError(f"{_FILE} {file}", told, "see docs/fleets.md")
    return tuple(found)


def _provider(entry: Fields) -> Provider:
    command = entry.child("execConfig")
    config = command.raw("config")
    plugin = ExecPlugin(
        command=command.text("command", need="required"),
        args=command.texts("args"),
        env=tuple((one.text("name", need="required"), one.text("value")) for one in command.children("env")),
        api_version=command.choice("apiVersion", EXEC_VERSIONS, EXEC_VERSIONS[0]),
        provide_cluster_info=command.flag("provideClusterInfo"),
        install_hint=command.text("installHint")[:400],
        config=json.dumps(config, sort_keys=True) if config is not None else "",
    )
    return Provider(
        name=entry.text("name", need="required"),
        plugin=plugin,
        args=entry.choice("profileSourcedCLIArgsPolicy", _ARGS, "Ignore"),
        env=entry.choice("profileSourcedEnvVarsPolicy", _ENV, "Ignore"),
    )


def read_contexts(text: str) -> dict[str, Access | ConfigError]:
    """The contexts of `FILE` or `FILE:CONTEXT,CONTEXT`; without names all, of which one that is broken harms no other.

    Raises ConfigError where the file cannot be read, or has no context of a name that was given.
    """
    file, names = _split(text)
    content = kubeconfig.read(file, _CONTEXTS)
    known = kubeconfig.contexts(content)
    for name in names:
        if name not in known:
            shown = ", ".join(sorted(known)[:10])
            raise ConfigError(_CONTEXTS, f"{file} has no context {name[:100]!r}", f"name one of: {shown}")
    return {name: _context(content, name, file.parent) for name in names or known}


def _split(text: str) -> tuple[Path, tuple[str, ...]]:
    whole = Path(text).expanduser()
    if whole.is_file() or ":" not in text:
        return whole, ()
    # A context's own name may hold colons, as those of clouds do; a file's seldom does.
    name, _, listed = text.partition(":")
    names = tuple(dict.fromkeys(part for one in listed.split(",") if (part := one.strip())))
    if not names:
        raise ConfigError(_CONTEXTS, f"{text[:200]!r} names no context after the colon", "write FILE, or FILE:CONTEXT,CONTEXT")
    return Path(name).expanduser(), names


def _context(content: str, name: str, folder: Path) -> Access | ConfigError:
    try:
        return access.from_kubeconfig(content, name, trusted=True, folder=folder)
    except ConfigError as error:
        return error
