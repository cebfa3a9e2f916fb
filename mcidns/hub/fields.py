"""Reading decoded JSON of any shape, noting every mistake with its path instead of raising; what they mean lives in the parsers."""

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final, Literal, TypeVar

from mcidns.hub import times
from mcidns.hub.unreadable import Problem
from mcidns.model import targets
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.targets import InvalidTarget, Network, Target

T = TypeVar("T")
Word = TypeVar("Word", bound=str)
Need = Literal["required", "optional"]

_SHOWN: Final = 60


class Fields:
    """One JSON object. An absent field, or null, takes the default; a wrong one is noted in `problems` and takes it too."""

    def __init__(self, value: object, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        if value is not None and not isinstance(value, Mapping):
            self.refuse("", f"is {_kind(value)}", "write an object with fields")
        self._values: Mapping[object, object] = value if isinstance(value, Mapping) else {}

    def at(self, key: str) -> str:
        """The path of a field."""
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def refuse(self, key: str, problem: str, remedy: str) -> None:
        """Note a mistake in a field."""
        self.problems.append(Problem(self.at(key), problem, remedy))

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self._values.get(key) is not None

    def keys(self) -> tuple[str, ...]:
        """The names of all fields that are text, sorted."""
        return tuple(sorted(key for key in self._values if isinstance(key, str)))

    def raw(self, key: str) -> object:
        """The value as it is."""
        return self._values.get(key)

    def text(self, key: str, default: str = "", *, need: Need = "optional") -> str:
        """A string; a required one must not be empty."""
        value = self._values.get(key)
        if value is None or (value == "" and need == "required"):
            if need == "required":
                self.refuse(key, "is missing", "set it")
            return default
        if not isinstance(value, str):
            self.refuse(key, f"is {_kind(value)}", "write text, in quotes if it looks like a number")
            return default
        return value

    def number(self, key: str, default: T, low: int, high: int) -> int | T:
        """An integer within the bounds."""
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(key, f"is {_kind(value)}", f"write a whole number from {low} to {high}")
            return default
        if not low <= value <= high:
            self.refuse(key, f"is {short(str(value))}", f"write a whole number from {low} to {high}")
            return default
        return value

    def flag(self, key: str) -> bool:
        """A boolean, false when absent."""
        value = self._values.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.refuse(key, f"is {_kind(value)}", "write true or false")
        return False

    def choice(self, key: str, choices: tuple[Word, ...], default: Word) -> Word:
        """One of some words."""
        text = self.text(key, default)
        for choice in choices:
            if choice == text:
                return choice
        self.refuse(key, f"is {short(text)!r}", f"write one of {', '.join(choices)}")
        return default

    def duration(self, key: str, default: float) -> float:
        """Seconds of a duration such as `1h`."""
        text = self.text(key)
        if not text:
            return default
        seconds = times.duration(text)
        if seconds is None:
            self.refuse(key, f"is {short(text)!r}", "write a duration such as 90s, 5m or 1h30m")
            return default
        return seconds

    def child(self, key: str) -> "Fields":
        """The object in a field, an empty one when absent."""
        return Fields(self._values.get(key), self.at(key), self.problems)

    def items(self, key: str) -> tuple[tuple[str, object], ...]:
        """The path and value of each item of a list."""
        value = self._values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            self.refuse(key, f"is {_kind(value)}", "write a list")
            return ()
        return tuple((f"{self.at(key)}[{position}]", item) for position, item in enumerate(value))

    def children(self, key: str) -> tuple["Fields", ...]:
        """The objects of a list."""
        return tuple(Fields(item, path, self.problems) for path, item in self.items(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """The strings of a list."""
        return self._each(key, lambda text: text)

    def targets(self, key: str) -> tuple[Target, ...]:
        """The addresses and host names of a list, in order and once each."""
        return tuple(dict.fromkeys(self._each(key, targets.parse)))

    def networks(self, key: str) -> tuple[Network, ...]:
        """The networks of a list; an address counts as the network of it alone."""
        return self._each(key, lambda text: ip_network(text, strict=False))

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """A map of text to text, sorted by key."""
        child = self.child(key)
        found = []
        for name in child.keys():  # noqa: SIM118  a method of ours, not a mapping's
            value = child.raw(name)
            if isinstance(value, str):
                found.append((name, value))
            else:
                child.refuse(name, f"is {_kind(value)}", "write text, in quotes if it looks like a number")
        return tuple(found)

    def name(self, key: str) -> DnsName | None:
        """A DNS name that must be there."""
        text = self.text(key, need="required")
        if not text:
            return None
        try:
            return DnsName.parse(text)
        except InvalidName as error:
            self.refuse(key, str(error), "write a name such as example.org")
            return None

    def _each(self, key: str, read: Callable[[str], T]) -> tuple[T, ...]:
        found = []
        for path, item in self.items(key):
            if not isinstance(item, str):
                self.problems.append(Problem(path, f"is {_kind(item)}", "write text"))
                continue
            try:
                found.append(read(item))
            except InvalidTarget as error:
                self.problems.append(Problem(path, str(error), "write an IPv4 or IPv6 address, or a host name"))
            except ValueError:
                self.problems.append(Problem(path, f"{short(item)!r} is no network", "write a network such as 203.0.113.0/24"))
        return tuple(found)


def short(text: str) -> str:
    """The text, cut where it is too long for a message."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case _:
            return "of an unknown kind"
