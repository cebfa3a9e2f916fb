"""Lists and watch frames taken apart, a malformed object never costing more than itself; what is in them lives in shapes."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec

from mcidns.observe.shapes import Item

T = TypeVar("T", bound=Item)

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _ListMeta(msgspec.Struct, rename="camel", gc=False):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _RawList(msgspec.Struct, gc=False):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None = None


class _Name(msgspec.Struct, gc=False):
    name: str
    namespace: str = ""


class _Named(msgspec.Struct, gc=False):
    metadata: _Name


class _Frame(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


class _Bookmark(msgspec.Struct, gc=False):
    metadata: _ListMeta


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list: its readable items, the list's version, how many items could not be read, and where it goes on.

    `unreadable` are namespace and name of those that could not be read but at least say who they are.
    """

    items: tuple[T, ...]
    version: str
    skipped: int
    after: str = ""
    unreadable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Put(Generic[T]):
    """An object is there, as it says."""

    item: T


@dataclass(frozen=True, slots=True)
class Removed(Generic[T]):
    """An object is gone."""

    item: T


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Nothing changed up to this version."""

    version: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The watch ends with this Status."""

    status: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Garbage:
    """A frame or its object could not be read."""

    why: str


class Decoder(Generic[T]):
    """Decodes lists and watch frames of one kind. A malformed object is skipped and counted, never fatal."""

    def __init__(self, shape: type[T]) -> None:
        whole = msgspec.defstruct(
            "_List",
            [("metadata", _ListMeta), ("items", list[shape] | None, None)],  # type: ignore[valid-type]  # the shape is a value here
            gc=False,
        )
        self._whole: msgspec.json.Decoder[Any] = msgspec.json.Decoder(whole)
        self._item: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)
        self._named = msgspec.json.Decoder(_Named)
        self._raw = msgspec.json.Decoder(_RawList)
        self._frame = msgspec.json.Decoder(_Frame)
        self._bookmark = msgspec.json.Decoder(_Bookmark)
        self._status = msgspec.json.Decoder(dict[str, Any])

    def page(self, body: bytes) -> Page[T]:
        """Decode a list page. Raises one of UNREADABLE only when the page as a whole is no list."""
        try:
            whole = self._whole.decode(body)
        except UNREADABLE:
            return self._item_by_item(body)
        return Page(tuple(whole.items or ()), whole.metadata.resource_version, 0, whole.metadata.continue_)

    def _item_by_item(self, body: bytes) -> Page[T]:
        raw = self._raw.decode(body)
        items: list[T] = []
        unreadable: list[tuple[str, str]] = []
        skipped = 0
        for one in raw.items or ():
            try:
                items.append(self._item.decode(one))
            except UNREADABLE:
                skipped += 1
                unreadable += self._who(one)
        return Page(tuple(items), raw.metadata.resource_version, skipped, raw.metadata.continue_, tuple(unreadable))

    def _who(self, raw: msgspec.Raw) -> list[tuple[str, str]]:
        try:
            metadata = self._named.decode(raw).metadata
        except UNREADABLE:
            return []
        return [(metadata.namespace, metadata.name)]

    def frame(self, line: bytes) -> Put[T] | Removed[T] | Bookmark | Failure | Garbage:
        """Decode one line of a watch."""
        try:
            frame = self._frame.decode(line)
            match frame.type:
                case "ADDED" | "MODIFIED":
                    return Put(self._item.decode(frame.object))
                case "DELETED":
                    return Removed(self._item.decode(frame.object))
                case "BOOKMARK":
                    return Bookmark(self._bookmark.decode(frame.object).metadata.resource_version)
                case "ERROR":
                    return Failure(self._status.decode(frame.object))
                case _:
                    return Garbage(f"unknown event type {frame.type[:40]!r}")
        except UNREADABLE as error:
            return Garbage(str(error)[:200])
