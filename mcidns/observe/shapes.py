"""Member objects as decoded off the wire, with the fields we use and no others; what they mean lives in sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec


class Meta(msgspec.Struct, gc=False):
    """`metadata`, as far as it matters."""

    name: str
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""  # noqa: N815  as the API spells it
    creationTimestamp: str = ""  # noqa: N815
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Point(msgspec.Struct, gc=False):
    """One entry of `status.loadBalancer.ingress`."""

    ip: str = ""
    hostname: str = ""


class Balancer(msgspec.Struct, gc=False):
    """`status.loadBalancer`."""

    ingress: list[Point] | None = None


class BalancerStatus(msgspec.Struct, gc=False):
    """`status` of a Service or an Ingress."""

    loadBalancer: Balancer | None = None  # noqa: N815


class ServiceSpec(msgspec.Struct, gc=False):
    """`spec` of a Service."""

    type: str = ""


class Service(msgspec.Struct, gc=False):
    """A core/v1 Service."""

    metadata: Meta
    spec: ServiceSpec | None = None
    status: BalancerStatus | None = None


class ServiceName(msgspec.Struct, gc=False):
    """The Service a back end names."""

    name: str = ""


class IngressBackend(msgspec.Struct, gc=False):
    """A back end of an Ingress; one that is a resource has no service."""

    service: ServiceName | None = None


class IngressPath(msgspec.Struct, gc=False):
    """One path of a rule."""

    backend: IngressBackend | None = None


class IngressHttp(msgspec.Struct, gc=False):
    """`http` of a rule."""

    paths: list[IngressPath] | None = None


class IngressRule(msgspec.Struct, gc=False):
    """One rule."""

    host: str = ""
    http: IngressHttp | None = None


class IngressTls(msgspec.Struct, gc=False):
    """One TLS entry."""

    hosts: list[str] | None = None


class IngressSpec(msgspec.Struct, gc=False):
    """`spec` of an Ingress."""

    rules: list[IngressRule] | None = None
    tls: list[IngressTls] | None = None
    defaultBackend: IngressBackend | None = None  # noqa: N815


class Ingress(msgspec.Struct, gc=False):
    """A networking.k8s.io/v1 Ingress."""

    metadata: Meta
    spec: IngressSpec | None = None
    status: BalancerStatus | None = None


class EndpointConditions(msgspec.Struct, gc=False):
    """Conditions of one endpoint; an absent `ready` counts as true (API doc of EndpointSlice)."""

    ready: bool | None = None


class Endpoint(msgspec.Struct, gc=False):
    """One endpoint of a slice."""

    conditions: EndpointConditions | None = None


class Slice(msgspec.Struct, gc=False):
    """A discovery.k8s.io/v1 EndpointSlice."""

    metadata: Meta
    endpoints: list[Endpoint] | None = None


Item = Service | Ingress | Slice

T = TypeVar("T", bound=Item)


class _ListMeta(msgspec.Struct, gc=False):
    resourceVersion: str = ""  # noqa: N815
    continue_: str = msgspec.field(default="", name="continue")


class _RawList(msgspec.Struct, gc=False):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None = None


class _Frame(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


class _Bookmark(msgspec.Struct, gc=False):
    metadata: _ListMeta


class _Status(msgspec.Struct, gc=False):
    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list: its readable items, the list's version, and how many items could not be read."""

    items: tuple[T, ...]
    version: str
    skipped: int


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
    """The watch ends with this code (410: list again)."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Garbage:
    """A frame or its object could not be read."""

    why: str


class Decoder(Generic[T]):
    """Decodes lists and watch frames of one kind. A malformed object is skipped and counted, never fatal."""

    def __init__(self, shape: type[T]) -> None:
        self._item: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)
        self._raw = msgspec.json.Decoder(_RawList)
        self._frame = msgspec.json.Decoder(_Frame)
        self._bookmark = msgspec.json.Decoder(_Bookmark)
        self._status = msgspec.json.Decoder(_Status)

    def page(self, body: bytes) -> Page[T]:
        """Decode a list page. Raises msgspec.DecodeError only when the page as a whole is no list."""
        raw = self._raw.decode(body)
        items: list[T] = []
        skipped = 0
        for one in raw.items or ():
            try:
                items.append(self._item.decode(one))
            except (msgspec.DecodeError, RecursionError):
                skipped += 1
        return Page(tuple(items), raw.metadata.resourceVersion, skipped)

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
                    return Bookmark(self._bookmark.decode(frame.object).metadata.resourceVersion)
                case "ERROR":
                    status = self._status.decode(frame.object)
                    return Failure(status.code, status.message)
                case _:
                    return Garbage(f"unknown event type {frame.type[:40]!r}")
        except (msgspec.DecodeError, RecursionError) as error:
            return Garbage(str(error)[:200])


def points(status: BalancerStatus | None) -> Iterator[Point]:
    """The load balancer's entries, none where there is no status yet."""
    if status is not None and status.loadBalancer is not None:
        yield from status.loadBalancer.ingress or ()
