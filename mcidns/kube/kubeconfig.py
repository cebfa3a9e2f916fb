"""Reading a kubeconfig's text with errors that name the field and never the secret; what it grants is an Access."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from mcidns.errors import ConfigError

LARGEST: Final = 4 << 20
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """One mapping of the file and where it stands, so that a complaint can say so."""

    where: str
    content: Mapping[str, Any]

    def field(self, key: str) -> str:
        """The full path of a field, for messages."""
        return f"{self.where}.{key}"

    def has(self, key: str) -> bool:
        """Whether the field is there with a value."""
        return self.content.get(key) not in (None, "", {})

    def text(self, key: str) -> str:
        """A string field, empty if absent. Raises ConfigError for any other type."""
        value = self.content.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ConfigError(
                self.field(key), f"is a {type(value).__name__}", "write a string, in quotes if it looks like a number"
            )
        return value.strip()

    def required(self, key: str, remedy: str) -> str:
        """A string field that must be there. Raises ConfigError."""
        value = self.text(key)
        if not value:
            raise ConfigError(self.field(key), "is missing", remedy)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings. Raises ConfigError for any other type."""
        value = self.content.get(key) or []
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise ConfigError(self.field(key), "is no list of strings", "write each entry as a string after a dash")
        return tuple(value)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """A list of `{name, value}`. Raises ConfigError for any other type."""
        value = self.content.get(key) or []
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise ConfigError(self.field(key), "is no list of name and value", "write entries as `- name: …` and `value: …`")
        return tuple((str(entry.get("name", "")), str(entry.get("value", ""))) for entry in value)

    def flag(self, key: str) -> bool:
        """A boolean field, False if absent. Raises ConfigError for any other type."""
        value = self.content.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise ConfigError(self.field(key), f"is a {type(value).__name__}", "write true or false")

    def section(self, key: str) -> "Section":
        """A mapping inside. Raises ConfigError when it is none."""
        return _mapping(self.content.get(key), self.field(key))


@dataclass(frozen=True, slots=True)
class Selected:
    """The cluster and the user of one context."""

    cluster: Section
    user: Section


@dataclass(frozen=True, slots=True)
class Files:
    """What may be read besides the text: nothing unless `trusted`."""

    trusted: bool
    folder: Path | None

    def path(self, section: Section, key: str) -> str:
        """The absolute path that the field names, empty if absent. Raises ConfigError where files are not allowed."""
        name = section.text(key)
        if not name:
            return ""
        if not self.trusted:
            remedy = (
                f"put the content itself there: {key}-data in base64" if key != "tokenFile" else "put the token itself under token"
            )
            raise ConfigError(section.field(key), "names a file, which is not allowed in a Secret", remedy)
        return str((self.folder or Path.cwd()) / Path(name).expanduser())

    def pem(self, section: Section, key: str) -> str:
        """The PEM text given as `<key>-data` (base64) or, where allowed, in the file that `<key>` names; empty if neither."""
        encoded = section.text(f"{key}-data")
        if encoded:
            return _decoded(section.field(f"{key}-data"), encoded)
        name = self.path(section, key)
        return read(Path(name), section.field(key)) if name else ""


def parse(text: str, context: str | None = None) -> Selected:
    """Find the context (default: `current-context`, or the only one) and what it names. Raises ConfigError."""
    config = _load(text)
    contexts = _named(config, "contexts", "context")
    wanted = context or config.text("current-context") or (next(iter(contexts)) if len(contexts) == 1 else "")
    if not wanted:
        raise ConfigError("kubeconfig.current-context", "is missing", f"name one of the contexts ({_listed(contexts)})")
    if wanted not in contexts:
        raise ConfigError("kubeconfig.contexts", f"there is no context {wanted[:100]!r}", f"name one of: {_listed(contexts)}")
    chosen = contexts[wanted]
    cluster = _follow(chosen, "cluster", _named(config, "clusters", "cluster"))
    users = _named(config, "users", "user")
    user = _follow(chosen, "user", users) if chosen.text("user") else Section("kubeconfig.users", {})
    return Selected(cluster, user)


def contexts(text: str) -> tuple[str, ...]:
    """The names of all contexts, in the file's order. Raises ConfigError."""
    return tuple(_named(_load(text), "contexts", "context"))


def read(file: Path, where: str = "kubeconfig") -> str:
    """A small text file. Raises ConfigError."""
    try:
        if file.stat().st_size > LARGEST:
            raise ConfigError(where, f"{file} is larger than {LARGEST >> 20} MiB", "give the right file")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(where, f"{file} cannot be read ({type(error).__name__})", "check the path and its permissions") from error


def _load(text: str) -> Section:
    if len(text) > LARGEST:
        raise ConfigError("kubeconfig", f"is larger than {LARGEST >> 20} MiB", "give a kubeconfig of one cluster")
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506  both loaders are the safe ones
    except yaml.MarkedYAMLError as error:
        # The parser's own text quotes the line, which may hold a token: only the place is told.
        mark = error.problem_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError("kubeconfig", f"is no YAML{place}", "check it with `kubectl config view --kubeconfig FILE`") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        remedy = "check it with `kubectl config view --kubeconfig FILE`"
        raise ConfigError("kubeconfig", "is no YAML", remedy) from None
    if found is None:
        raise ConfigError("kubeconfig", "is empty", "put the text of a kubeconfig there")
    return _mapping(found, "kubeconfig")


def _mapping(value: object, where: str) -> Section:
    if not isinstance(value, dict):
        raise ConfigError(where, f"is a {type(value).__name__}, not a mapping", "write it as `key: value` lines")
    return Section(where, value)


def _named(config: Section, key: str, inner: str) -> dict[str, Section]:
    entries = config.content.get(key)
    if not isinstance(entries, list) or not entries:
        raise ConfigError(config.field(key), "is missing or empty", "give at least one entry, as `kubectl config view --raw` shows")
    found: dict[str, Section] = {}
    for position, value in enumerate(entries):
        entry = _mapping(value, f"{config.where}.{key}[{position}]")
        found.setdefault(
            entry.required("name", "give the entry a name"), _mapping(entry.content.get(inner) or {}, entry.field(inner))
        )
    return found


def _follow(context: Section, key: str, among: dict[str, Section]) -> Section:
    name = context.required(key, f"name one of: {_listed(among)}")
    if name not in among:
        raise ConfigError(context.field(key), f"there is no {key} {name[:100]!r}", f"name one of: {_listed(among)}")
    return among[name]


def _listed(names: Mapping[str, object]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _decoded(where: str, encoded: str) -> str:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        remedy = "encode the PEM text with base64, once"
        raise ConfigError(where, f"is no base64 of a PEM text ({type(error).__name__})", remedy) from None
